package store_test

import (
	"testing"
	"time"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/ledger/ledgertest"
)

// world is the agreements of examples/ and the terms of 2026-05-04, noon in UTC.
type world struct {
	documents []journal.Entry
	at        time.Time
	terms     journal.Hash
}

func example(t testing.TB) *world {
	t.Helper()
	w := &world{at: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)}
	x := ledgertest.ReadExamples(t, "../examples", ledgertest.Names()...)
	for _, d := range x.Documents {
		w.documents = append(w.documents, journal.Entry{Time: w.at.UnixNano(), ID: d.Name, Body: d})
	}
	w.terms = x.History.Terms(t, w.at).Hash()
	return w
}

// request returns the intent and the record of the nth request: case A of BOOKS, OpenAI to Acme on AWS.
func (w *world) request(n int) (intent, record journal.Entry) {
	intent, record = journaltest.Intent(n), journaltest.Record(n)
	intent.Time = w.at.UnixNano() + int64(n)*1_000_000
	record.Time = intent.Time
	intent.Body.(*journal.Intent).Terms = w.terms
	record.Body.(*journal.Record).Terms = w.terms
	return intent, record
}
