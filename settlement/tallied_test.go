package settlement_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/settlement"
	"concord/usage"
)

// learn posts the documents, as a journal has them.
func (w *world) learn() {
	w.t.Helper()
	set := journal.SetDoc{Known: known.UnixNano()}
	post := func(kind journal.DocKind, name string, content []byte) {
		d := &journal.Document{Doc: kind, Name: name, Hash: sha256.Sum256(content), Bytes: content}
		set.Agreements = append(set.Agreements, hex.EncodeToString(d.Hash[:]))
		if _, err := ledger.Post(w.state, &journal.Entry{ID: name, Body: d}); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, name := range []string{"openai-microsoft.yaml", "openai-clouds.yaml"} {
		post(journal.DocAgreement, name, read(w.t, name))
	}
	content, err := json.Marshal(set)
	if err != nil {
		w.t.Fatal(err)
	}
	post(journal.DocSet, "set", content)
}

// drawActivity draws a request or a refund, near the bounds of days and periods, and posts it.
func drawActivity(t *rapid.T, w *world, n int) journal.Entry {
	at := rapid.SampledFrom([]time.Time{day("2026-04-26"), day("2026-04-27"), day("2026-05-01"), day("2026-05-31"), day("2026-06-01")}).Draw(t, "near").
		Add(time.Duration(rapid.Int64Range(-30*3600, 30*3600).Draw(t, "seconds")) * time.Second)
	terms := w.terms(at)
	if rapid.IntRange(0, 5).Draw(t, "refund") == 0 {
		sold := at.Add(-time.Duration(rapid.IntRange(0, 40).Draw(t, "days before")) * 24 * time.Hour)
		was := w.terms(sold)
		e := journal.Entry{Time: at.UnixNano(), Source: "test", ID: string(rune('a' + n)), Body: &journal.Refund{Amount: money.MustParse("0.001"),
			Origin: journal.Origin{At: sold.UnixNano(), Terms: was.Hash(), Customer: "contoso", Seller: "microsoft", Product: gpt, Cloud: "azure",
				Charged: money.MustParse("0.020"), Currency: "USD"}}}
		if _, err := ledger.PostUnder(w.state, &journal.Entry{Time: sold.UnixNano(), ID: "learn", Body: &journal.Record{Outcome: journal.Void, Served: -1}}, was); err != nil {
			t.Fatal(err)
		}
		if _, err := ledger.Post(w.state, &e); err == nil {
			return e
		}
	}
	r := &journal.Record{Request: journal.NewRequestID(at.UnixMilli(), 1, uint64(n)), Customer: "contoso", Product: gpt, Currency: "USD", Served: -1,
		Outcome: rapid.SampledFrom([]journal.Outcome{journal.Answered, journal.Failed, journal.Refused, journal.Void}).Draw(t, "outcome")}
	for _, cloud := range rapid.SliceOfN(rapid.SampledFrom([]string{"azure", "aws"}), 0, 3).Draw(t, "clouds") {
		r.Attempts = append(r.Attempts, journal.Tried{Deployment: "d-" + cloud, Cloud: cloud, Seller: "microsoft", Holder: "microsoft",
			Outcome: rapid.SampledFrom([]delivery.Outcome{delivery.Answered, delivery.Throttled, delivery.Timeout}).Draw(t, "attempt")})
	}
	if n := len(r.Attempts); n > 0 && r.Outcome == journal.Answered && r.Attempts[n-1].Cloud == "azure" {
		r.Served, r.Lines = n-1, lines(rapid.SampledFrom([]string{"0.020", "1"}).Draw(t, "price"))
		r.Usage.Evidence = rapid.SampledFrom([]usage.Evidence{usage.Reported, usage.Counted}).Draw(t, "evidence")
		if rapid.Bool().Draw(t, "unpriced") {
			r.Unpriced = []usage.Class{usage.OutputAudio, usage.InputImage}
		}
	} else if r.Outcome == journal.Refused {
		r.Attempts, r.Refusal = nil, rapid.SampledFrom([]string{"", "budget", "no-license"}).Draw(t, "refusal")
	}
	e := journal.Entry{Time: at.UnixNano(), ID: string(r.Request[:]), Body: r}
	if _, err := ledger.PostUnder(w.state, &e, terms); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestActivityIsTheSameFromTheBooksAsFromTheRecords(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		w.learn()
		var entries []journal.Entry
		for n := range rapid.IntRange(1, 25).Draw(r, "entries") {
			entries = append(entries, drawActivity(r, w, n))
		}
		for _, period := range []string{"2026-04", "2026-05", "2026-06", "2026-Q2"} {
			c := &settlement.Closing{Agreement: "openai-microsoft", Period: period}
			c.History, c.Catalog = w.history, &agreement.Catalog{Customers: []agreement.Customer{{ID: "contoso", Territory: "DE"}}}
			fromBooks, fromRecords := tally(t, c), tally(t, c)
			whole, err := fromBooks.Add(w.state.Observed())
			if err != nil || !whole {
				t.Fatalf("counted from the books: %v, %v", whole, err)
			}
			for i := range entries {
				if err := fromRecords.Take(&entries[i]); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(activity(t, fromRecords), activity(t, fromBooks), cmp.AllowUnexported(money.Amount{})); diff != "" {
				r.Fatalf("%s, from the records (-), from the books (+):\n%s", period, diff)
			}
		}
	})
}

func TestRowsOfActivityThatSpanNewTermsAreNotUsed(t *testing.T) {
	w := newWorld(t)
	w.caseB2("2026-05-04")
	c := &settlement.Closing{Agreement: "openai-microsoft", Period: "2026-05"}
	c.History, c.Catalog = w.history, &agreement.Catalog{}
	noon := day("2026-05-04").Add(time.Minute)
	w.n++
	w.post("2026-05-04", "contoso", "microsoft", gpt, "azure", "microsoft", "0.020", "")
	rows := w.state.Observed()
	a, err := rows[0].Read()
	if err != nil || len(rows) != 1 || a.Count != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	a.Last = noon.UnixNano()
	last := c.History[len(c.History)-1]
	c.History = append(c.History, agreement.Interval{From: day("2026-05-04").Add(time.Second), Terms: w.history[0].Terms})

	whole, err := tally(t, c).Add([]ledger.ActivityRow{a.Row()})

	if err != nil || whole {
		t.Errorf("a row of two versions of the terms is used: %v, %v; the last known from %s", whole, err, last.From)
	}
}

func tally(t testing.TB, c *settlement.Closing) *settlement.Tally {
	t.Helper()
	out, err := c.Tally()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func activity(t testing.TB, of *settlement.Tally) *settlement.Activity {
	t.Helper()
	a, err := of.Of([2]string{"openai", "microsoft"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}
