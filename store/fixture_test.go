package store_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/journal"
	"concord/journal/journaltest"
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
	known := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	set := journal.SetDoc{Known: known.UnixNano()}
	var agreements []*agreement.Agreement
	for _, name := range []string{"openai-microsoft.yaml", "openai-clouds.yaml"} {
		raw, err := os.ReadFile(filepath.Join("..", "examples", name))
		if err != nil {
			t.Fatal(err)
		}
		a, findings := agreementfile.Parse(name, raw)
		if a == nil {
			t.Fatalf("%s: %v", name, findings)
		}
		agreements = append(agreements, a)
		sum := w.document(journal.DocAgreement, name, raw)
		set.Agreements = append(set.Agreements, hex.EncodeToString(sum[:]))
	}
	raw, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	w.document(journal.DocSet, "set", raw)
	intervals, err := agreement.NewSet(agreements...).Timeline(known)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range intervals {
		if !w.at.Before(i.From) && (i.Until.IsZero() || w.at.Before(i.Until)) {
			w.terms = i.Terms.Hash()
		}
	}
	return w
}

func (w *world) document(kind journal.DocKind, name string, raw []byte) journal.Hash {
	sum := journal.Hash(sha256.Sum256(raw))
	w.documents = append(w.documents, journal.Entry{
		Time: w.at.UnixNano(), ID: name, Body: &journal.Document{Doc: kind, Name: name, Hash: sum, Bytes: raw},
	})
	return sum
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
