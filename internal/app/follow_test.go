package app_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"concord/internal/app"
	"concord/journal"
	"concord/ledger"
	"concord/store/postgres"
	"concord/store/postgres/postgretest"
)

// document is the hash of an agreement as a gateway has it in force.
func (l *live) document(name string) string {
	l.Helper()
	s, err := app.AskStatus(l.Context(), filepath.Join(l.dir, "data"))
	if err != nil {
		l.Fatal(err)
	}
	for _, a := range s.Agreements {
		if a.Name == name {
			return a.Document
		}
	}
	l.Fatalf("no agreement %s", name)
	return ""
}

func factNote(id string) app.Note {
	line := fmt.Sprintf(`{"data": {"agreement": "openai-microsoft", "fact": "{id: %s, kind: retires, product: openai/gpt-5.4, cloud: azure, on: 2026-05-02, by: openai}"}}`, id)
	return app.Note{Kind: "fact", Source: "test", Lines: []byte(line)}
}

// factsOf returns the ids of the facts of the set that is in force, as the journal tells it.
func factsOf(t *testing.T, j journal.Journal) (ids []string) {
	t.Helper()
	h, err := app.ReadHistory(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	set, err := h.Latest()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range set.Set.Agreements() {
		if a.Name == "openai-microsoft" {
			for _, f := range a.Facts {
				ids = append(ids, f.ID)
			}
		}
	}
	return ids
}

func TestFactsRecordedThroughTwoGatewaysAtOnceAreAllInForceOnBoth(t *testing.T) {
	url := postgretest.Start(t).Database(t)
	store := fmt.Sprintf("\nstore: {postgres: {url: {inline: %q}}}", url)
	gateways := []*live{startOn(t, store), startOn(t, store)}
	before := gateways[0].document("openai-microsoft")

	var all sync.WaitGroup
	for i := range 6 {
		l := gateways[i%2]
		all.Go(func() {
			if _, err := app.Record(t.Context(), filepath.Join(l.dir, "concord.yaml"), factNote(fmt.Sprint("gone-", i))); err != nil {
				t.Errorf("record fact %d: %v", i, err)
			}
		})
	}
	all.Wait()

	j, err := postgres.OpenJournal(t.Context(), url, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	for i := range 6 {
		if ids := factsOf(t, j); !slices.Contains(ids, fmt.Sprint("gone-", i)) {
			t.Errorf("the set in force has the facts %v, without gone-%d", ids, i)
		}
	}
	want := inForce(t, j)
	if want == before {
		t.Error("no fact is in force")
	}
	for _, l := range gateways {
		for l.document("openai-microsoft") != want {
			l.hears("cause=journal")
		}
	}
	for _, l := range gateways {
		l.stop()
	}
	b, err := postgres.OpenBooks(t.Context(), url, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	if report, err := ledger.Verify(t.Context(), b, j); err != nil || !report.Balanced() {
		t.Errorf("the books: %v, %v", report, err)
	}
	followed := map[string]int{}
	err = journal.Documents(t.Context(), j, journal.Cursor{}, func(b *journal.Block) bool {
		return b.Entries(new(journal.Decoder), func(_ int, e *journal.Entry) bool {
			if d, ok := e.Body.(*journal.Document); ok && d.Doc == journal.DocSet {
				followed[d.Follows()]++
			}
			return true
		}) == nil
	})
	if err != nil || len(followed) < 7 {
		t.Errorf("%d sets follow others, %v", len(followed), err)
	}
	for set, n := range followed {
		if n > 1 || set == "" {
			t.Errorf("%d sets follow %q", n, set)
		}
	}
}

// inForce is the hash of the agreement in the set that is in force.
func inForce(t *testing.T, j journal.Journal) string {
	t.Helper()
	h, err := app.ReadHistory(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return h.DocumentOf("openai-microsoft")
}
