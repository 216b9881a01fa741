package app_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"concord/internal/app"
	"concord/journal"
)

// emulate starts the emulated clouds that the example's requests for gpt-5.4 come to, and has the configuration point there.
func (l *live) emulate() {
	l.Helper()
	config, err := app.Load(filepath.Join(l.dir, "concord.yaml"), app.Disk(), time.Now())
	if err != nil {
		l.Fatal(err)
	}
	for cloud, port := range map[string]string{"azure": "9101", "aws": "9102"} {
		e, err := app.NewEmulator(config, cloud, app.EmulatorOptions{})
		if err != nil {
			l.Fatal(err)
		}
		s := httptest.NewServer(e)
		l.Cleanup(s.Close)
		for range 2 { // two accounts on each
			l.edit("concord.yaml", "http://127.0.0.1:"+port, s.URL)
		}
	}
}

// chat asks for an answer; it returns the status and the terms that the answer names.
func (l *live) chat(stream bool) (status int, terms string, body []byte) {
	words := `{"model":"gpt-5.4","messages":[{"role":"user","content":"talk [reply 20 tokens]"}]}`
	if stream {
		words = `{"model":"gpt-5.4","stream":true,"messages":[{"role":"user","content":"talk [reply 20 tokens]"}]}`
	}
	r, err := http.NewRequestWithContext(l.Context(), http.MethodPost, "http://"+l.server.Address()+"/v1/chat/completions", bytes.NewBufferString(words))
	if err != nil {
		l.Error(err)
		return 0, "", nil
	}
	r.Header.Set("Authorization", "Bearer sk-example-acme")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		l.Error(err)
		return 0, "", nil
	}
	defer response.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(response.Body); err != nil {
		l.Error(err)
	}
	return response.StatusCode, response.Header.Get("X-Concord-Terms"), b.Bytes()
}

func TestReloads_under_load_fail_no_request_and_the_journal_has_each_document_before_what_rests_on_it(t *testing.T) {
	l := start(t)
	l.stop()
	l.emulate()
	l.run()
	const workers, each, reloads = 8, 25, 6
	var work, change sync.WaitGroup
	seen := make(chan string, workers*each)
	for range workers {
		work.Go(func() {
			for i := range each {
				stream := i%2 == 0
				status, terms, body := l.chat(stream)
				if status != http.StatusOK || stream && !bytes.Contains(body, []byte("[DONE]")) {
					t.Errorf("status %d: %s", status, body)
				}
				seen <- terms
			}
		})
	}
	change.Go(func() {
		for i := range reloads {
			<-seen
			if i%2 == 0 {
				l.edit("openai-microsoft.yaml", "\nfacts:\n", awsFirst+"\nfacts:\n")
			} else {
				l.edit("openai-microsoft.yaml", awsFirst, "")
			}
			if r := l.server.Reload(t.Context(), "signal"); r.Outcome != app.Taken {
				t.Errorf("%s: %s", r.Outcome, r.Error)
			}
		}
	})
	work.Wait()
	change.Wait()
	l.stop()

	r, err := app.OpenReading(t.Context(), filepath.Join(l.dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	sets, records := restsOnDocuments(t, r)
	if records != workers*each || sets < 2 {
		t.Errorf("%d records under %d sets, want %d under several", records, sets, workers*each)
	}
	rebuilt, err := r.Rebuild(t.Context())
	if err != nil || !rebuilt.Equal {
		t.Errorf("%+v, %v", rebuilt, err)
	}
}

// restsOnDocuments holds every intent and record to the set document that it names: it stands in an earlier block, and its
// terms are those that the set has at the entry's instant.
func restsOnDocuments(t *testing.T, r *app.Reading) (sets, records int) {
	t.Helper()
	history, err := r.History(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	durable, used := map[journal.Hash]bool{}, map[journal.Hash]bool{}
	err = r.Journal.Blocks(t.Context(), journal.Cursor{}, func(b *journal.Block) bool {
		var came []journal.Hash
		if err := b.Entries(new(journal.Decoder), func(_ int, e *journal.Entry) bool {
			var set, terms journal.Hash
			switch body := e.Body.(type) {
			case *journal.Document:
				came = append(came, body.Hash)
				return true
			case *journal.Intent:
				set, terms = body.Set, body.Terms
			case *journal.Record:
				set, terms = body.Set, body.Terms
				records++
			default:
				return true
			}
			used[set] = true
			past, err := history.Set(set)
			if !durable[set] || err != nil || past.Timeline.At(e.Time).Terms().Hash() != terms {
				t.Errorf("an entry rests on set %x (durable before it: %v, %v) and terms %x", set[:6], durable[set], err, terms[:6])
			}
			return true
		}); err != nil {
			t.Error(err)
		}
		for _, h := range came {
			durable[h] = true
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(used), records
}
