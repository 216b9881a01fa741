package app_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/examples"
	"concord/internal/app"
	"concord/journal"
)

// awsFirst is an amendment of the example that puts another cloud first.
const awsFirst = `
  - id: 2026-05-01
    effective: 2026-05-01
    title: AWS comes first
    source: {url: "https://example.com", provenance: assumed}
    replaces:
      - id: azure-first
        kind: delivery
        products: {match: [openai/*], except: [openai/gpt-oss-*]}
        order: [[aws], [azure, openai, gcp, alibaba]]
        choice: permitted
        leave_for: [down, throttled, unsupported, region]
        term: perpetual
`

// live is a server that runs on a copy of the examples.
type live struct {
	testing.TB
	dir    string
	server *app.Server
	looks  chan time.Time
	hangup chan os.Signal
	said   chan string // messages of the log
	end    func() error
	stop   func()
}

// start runs a server on the examples in a directory of its own.
func start(t testing.TB) *live { return startOn(t, "") }

// startOn does with more of the configuration.
func startOn(t testing.TB, more string) *live {
	dir, err := os.MkdirTemp("", "live") // its path is short: the admin socket stands in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	err = fs.WalkDir(examples.Files(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(path, "/") || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		content, err := fs.ReadFile(examples.Files(), path)
		if err != nil {
			return err
		}
		text := strings.Replace(string(content), "data: ./concord-data", "data: "+filepath.Join(dir, "data")+more, 1)
		return os.WriteFile(filepath.Join(dir, filepath.Base(path)), []byte(text), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	l := &live{TB: t, dir: dir}
	l.run()
	return l
}

// run starts a server on the directory.
func (l *live) run() {
	l.Helper()
	config, err := app.Load(filepath.Join(l.dir, "concord.yaml"), app.Disk(), time.Now())
	if err != nil {
		l.Fatal(err)
	}
	listener, err := app.Listen(l.Context(), "127.0.0.1:0")
	if err != nil {
		l.Fatal(err)
	}
	l.looks, l.hangup, l.said = make(chan time.Time), make(chan os.Signal), make(chan string, 1000)
	l.server, err = app.Start(l.Context(), config, listener, app.Options{
		Log: slog.New(&messages{to: l.said}), Looks: l.looks, Signals: l.hangup,
	})
	if err != nil {
		l.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.server.Run(ctx) }()
	l.end = sync.OnceValue(func() error { cancel(); return <-ended })
	l.stop = sync.OnceFunc(func() {
		if err := l.end(); err != nil {
			l.Errorf("run: %v", err)
		}
	})
	l.Cleanup(func() { l.stop() })
}

// messages is a log handler that passes on messages.
type messages struct{ to chan string }

func (*messages) Enabled(context.Context, slog.Level) bool { return true }

func (m *messages) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	select {
	case m.to <- text:
	default: // nobody reads that much
	}
	return nil
}

func (m *messages) WithAttrs([]slog.Attr) slog.Handler { return m }

func (m *messages) WithGroup(string) slog.Handler { return m }

// hears waits until the log says something.
func (l *live) hears(what string) string {
	l.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case text := <-l.said:
			if strings.Contains(text, what) {
				return text
			}
		case <-deadline:
			l.Fatalf("the log never said %q", what)
		}
	}
}

// edit replaces text in a file, as editors do: another file takes its name.
func (l *live) edit(file, old, by string) {
	l.Helper()
	path := filepath.Join(l.dir, file)
	content, err := os.ReadFile(path)
	if err != nil {
		l.Fatal(err)
	}
	if !strings.Contains(string(content), old) {
		l.Fatalf("%s has no %q", file, old)
	}
	fresh := path + "~"
	if err := os.WriteFile(fresh, []byte(strings.Replace(string(content), old, by, 1)), 0o600); err != nil {
		l.Fatal(err)
	}
	if err := os.Rename(fresh, path); err != nil {
		l.Fatal(err)
	}
}

// blocks counts what stands in the journal.
func (l *live) blocks() (n int) {
	l.Helper()
	if err := l.server.Reading().Journal.Blocks(l.Context(), journal.Cursor{}, func(*journal.Block) bool { n++; return true }); err != nil {
		l.Fatal(err)
	}
	return n
}

// documents names the documents of the journal, in order.
func (l *live) documents() []string {
	l.Helper()
	var out []string
	for e, err := range app.Entries(l.Context(), l.server.Reading().Journal) {
		if err != nil {
			l.Fatal(err)
		}
		if d, ok := e.Body.(*journal.Document); ok {
			out = append(out, d.Name)
		}
	}
	return out
}

func (l *live) status() *app.Status {
	l.Helper()
	s, err := app.AskStatus(l.Context(), filepath.Join(l.dir, "data"))
	if err != nil {
		l.Fatal(err)
	}
	return s
}

func (l *live) reload() *app.Reload {
	l.Helper()
	r, err := app.AskReload(l.Context(), filepath.Join(l.dir, "data"))
	if err != nil {
		l.Fatal(err)
	}
	return r
}

// models asks for the models with a key and returns the status.
func (l *live) models(key string) int {
	l.Helper()
	r, err := http.NewRequestWithContext(l.Context(), http.MethodGet, "http://"+l.server.Address()+"/v1/models", nil)
	if err != nil {
		l.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		l.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

func TestReload_takes_an_amendment_and_writes_only_what_is_new(t *testing.T) {
	l := start(t)
	before, had := l.status(), l.documents()
	l.edit("openai-microsoft.yaml", "\nfacts:\n", awsFirst+"\nfacts:\n")

	r := l.reload()

	after := l.status()
	if r.Outcome != app.Taken || r.Error != "" || before.Terms == after.Terms || r.Terms != after.Terms || r.Set != after.Set {
		t.Fatalf("%s (%s), terms %s -> %s", r.Outcome, r.Error, before.Terms, after.Terms)
	}
	want := []string{
		"openai-microsoft: amendment 2026-05-01, in force since 2026-05-01T00:00:00-07:00: replaces azure-first",
		"openai-microsoft: delivery azure-first is changed now",
	}
	for i := range r.Changes {
		r.Changes[i], _, _ = strings.Cut(r.Changes[i], " (")
	}
	if d := cmp.Diff(want, r.Changes); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"openai-microsoft", "set"}, l.documents()[len(had):]); d != "" {
		t.Errorf("written: %s", d)
	}
}

func TestReload_of_what_is_in_force_already_writes_nothing(t *testing.T) {
	l := start(t)
	l.edit("concord.yaml", "# Customers, the sellers", "# A word more.\n# Customers, the sellers")
	before, blocks := l.status(), l.blocks()

	r := l.reload()

	after := l.status()
	if r.Outcome != app.Unchanged || len(r.Changes) != 0 || before.Set != after.Set || l.blocks() != blocks {
		t.Errorf("%s %v, set %s -> %s, blocks %d -> %d", r.Outcome, r.Changes, before.Set, after.Set, blocks, l.blocks())
	}
}

func TestReload_refuses_what_is_wrong_by_its_place_and_the_terms_stay(t *testing.T) {
	l := start(t)
	before, blocks := l.status(), l.blocks()
	l.edit("openai-microsoft.yaml", "ends: [api-exclusivity, stateful-delivery, share-microsoft-to-openai]", "ends: [api-exclusivitee]")
	l.edit("openai-clouds.yaml", "through: 2033", "through: soon")

	r := l.reload()

	after := l.status()
	if r.Outcome != app.Refused || before.Terms != after.Terms || before.Set != after.Set || l.blocks() != blocks {
		t.Fatalf("%s, terms %s -> %s, blocks %d -> %d", r.Outcome, before.Terms, after.Terms, blocks, l.blocks())
	}
	wrong := map[string]bool{}
	for _, f := range r.Findings {
		if f.Severity == "error" {
			wrong[filepath.Base(f.File)] = f.Line > 0 && f.Column > 0 && f.Excerpt != ""
		}
	}
	if len(wrong) == 0 || slices.Contains(slices.Collect(maps.Values(wrong)), false) {
		t.Errorf("findings %+v", r.Findings)
	}
	if d := cmp.Diff(r, after.LastReload); d != "" {
		t.Errorf("the status tells another story: %s", d)
	}
	if says := l.hears("configuration refused"); !strings.Contains(says, ".yaml:") {
		t.Errorf("the log has no place: %s", says)
	}
	if got := metric(t, l, "concord_reload_errors"); got == "0" || got == "" {
		t.Errorf("the metric says %q", got)
	}

	l.edit("openai-microsoft.yaml", "ends: [api-exclusivitee]", "ends: [api-exclusivity, stateful-delivery, share-microsoft-to-openai]")
	l.edit("openai-clouds.yaml", "through: soon", "through: 2033")
	if r := l.reload(); r.Outcome != app.Unchanged {
		t.Errorf("mended, the files are %s: %+v", r.Outcome, r.Findings)
	}
	if got := metric(t, l, "concord_reload_errors"); got != "0" {
		t.Errorf("mended, the metric says %q", got)
	}
}

func TestReload_by_the_files_themselves_and_by_a_signal(t *testing.T) {
	l := start(t)
	l.looks <- time.Now()
	before := l.status()
	l.edit("openai-microsoft.yaml", "\nfacts:\n", awsFirst+"\nfacts:\n")

	l.looks <- time.Now() // it sees the change
	l.looks <- time.Now() // and that the file is still

	l.hears("new configuration in force cause=files")
	middle := l.status()
	l.edit("openai-microsoft.yaml", awsFirst, "")
	l.hangup <- os.Interrupt
	l.hears("new configuration in force cause=signal")
	after := l.status()
	if before.Terms == middle.Terms || before.Terms != after.Terms || before.Set == after.Set {
		t.Errorf("terms %s -> %s -> %s, set %s -> %s", before.Terms, middle.Terms, after.Terms, before.Set, after.Set)
	}
}

func TestReload_of_a_file_that_a_broken_configuration_does_not_name_mends_it(t *testing.T) {
	l := start(t)
	l.edit("concord.yaml", "agreements: [openai-microsoft.yaml, openai-clouds.yaml]", "agreements: [openai-microsoft.yaml, new.yaml]")
	l.looks <- time.Now()
	l.looks <- time.Now()
	l.hears("new.yaml cannot be read")
	content, err := os.ReadFile(filepath.Join(l.dir, "openai-clouds.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.dir, "new.yaml"), content, 0o600); err != nil {
		t.Fatal(err)
	}

	l.looks <- time.Now()
	l.looks <- time.Now()

	l.hears("nothing changed")
}

func TestReload_of_keys_writes_nothing_into_the_journal(t *testing.T) {
	l := start(t)
	blocks := l.blocks()
	old, fresh := sha256.Sum256([]byte("sk-example-acme")), sha256.Sum256([]byte("sk-fresh"))
	l.edit("concord.yaml", hex.EncodeToString(old[:]), hex.EncodeToString(fresh[:]))

	r := l.reload()

	got := fmt.Sprint(r.Outcome, r.Changes, l.models("sk-example-acme"), l.models("sk-fresh"), l.blocks()-blocks)
	if d := cmp.Diff("taken[key acme-1: changed] 401 200 0", got); d != "" {
		t.Error(d)
	}
}

func TestReload_warns_of_what_needs_a_restart(t *testing.T) {
	l := start(t)
	l.edit("concord.yaml", "listen: 127.0.0.1:8080", "listen: 127.0.0.1:8081")

	r := l.reload()

	if r.Outcome != app.Unchanged || len(r.Findings) != 1 || r.Findings[0].Rule != "needs-restart" || r.Findings[0].Line == 0 {
		t.Errorf("%s: %+v", r.Outcome, r.Findings)
	}
}

func TestReload_refuses_what_the_books_could_not_follow(t *testing.T) {
	l := start(t)
	opening := func(amount string) string {
		return "\nopening:\n  - {clause: share-openai-to-microsoft, as_of: 2026-05-01, base: \"" + amount + " USD\", uncapped: \"" +
			amount + " USD\", capped: \"" + amount + " USD\"}\n\nfacts:\n"
	}
	l.edit("openai-microsoft.yaml", "\nfacts:\n", opening("100"))
	if r := l.reload(); r.Outcome != app.Taken {
		t.Fatalf("%s %s: %+v", r.Outcome, r.Error, r.Findings)
	}
	if err := l.server.Reading().CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.edit("openai-microsoft.yaml", opening("100"), opening("200"))

	r := l.reload()

	if r.Outcome != app.Refused || len(r.Findings) == 0 || r.Findings[0].Rule != "not-postable" {
		t.Errorf("%s %s: %+v", r.Outcome, r.Error, r.Findings)
	}
}

func TestBooks_posted_over_reloads_are_rebuilt_to_the_same_bytes(t *testing.T) {
	l := start(t)
	for range 3 { // there and back again
		l.edit("openai-microsoft.yaml", "\nfacts:\n", awsFirst+"\nfacts:\n")
		if r := l.reload(); r.Outcome != app.Taken {
			t.Fatalf("%s %s", r.Outcome, r.Error)
		}
		l.edit("openai-microsoft.yaml", awsFirst, "")
		if r := l.reload(); r.Outcome != app.Taken {
			t.Fatalf("%s %s", r.Outcome, r.Error)
		}
	}
	l.stop()

	r, err := app.OpenReading(t.Context(), filepath.Join(l.dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rebuilt, err := r.Rebuild(t.Context())
	if err != nil || !rebuilt.Equal {
		t.Errorf("%+v, %v", rebuilt, err)
	}
}

func metric(t *testing.T, l *live, name string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.server.Address()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var b strings.Builder
	if err := response.Write(&b); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func TestReload_refuses_a_share_that_begins_to_continue_another(t *testing.T) {
	l := start(t)
	before := l.status()
	l.edit("openai-microsoft.yaml", "        rate: {value: \"20%\", provenance: reported}\n        # The cap was",
		"        rate: {value: \"20%\", provenance: reported}\n        continues: share-microsoft-to-openai\n        # The cap was")

	r := l.reload()

	if r.Outcome != app.Refused || l.status().Set != before.Set {
		t.Errorf("%s %s: %+v", r.Outcome, r.Error, r.Findings)
	}
	if !slices.ContainsFunc(r.Findings, func(f app.FindingView) bool { return f.Rule == "continues-changed" && f.Line > 0 }) {
		t.Errorf("findings %+v", r.Findings)
	}
}

func TestReload_fails_where_nothing_can_be_written_and_the_terms_stay(t *testing.T) {
	l := start(t)
	before := l.status()
	l.stop()
	l.edit("openai-microsoft.yaml", "\nfacts:\n", awsFirst+"\nfacts:\n")

	r := l.server.Reload(t.Context(), "signal")

	if r.Outcome != app.Failed || r.Error == "" || r.Terms != before.Terms || r.Set != before.Set {
		t.Errorf("%s %q, terms %s -> %s", r.Outcome, r.Error, before.Terms, r.Terms)
	}
}
