package export_test

import (
	"testing"
	"time"

	"concord/journal"
	"concord/ledger"
	"concord/ledger/export"
	"concord/ledger/ledgertest"
	"concord/usage"
)

const (
	gpt54 = "openai/gpt-5.4"
	oss   = "openai/gpt-oss-120b"
)

// world is the agreements of examples/ with a state that posts under them and everything that it posted.
type world struct {
	state   *ledger.State
	history ledgertest.History
	posted  []*ledger.Transaction
	n       uint64
}

func newWorld(t testing.TB) *world {
	t.Helper()
	x := ledgertest.ReadExamples(t, "../../examples", ledgertest.Names()...)
	w := &world{state: ledger.NewState(), history: x.History}
	for _, d := range x.Documents {
		if _, err := ledger.Post(w.state, &journal.Entry{ID: d.Name, Body: d}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// post posts a record of an instant.
func (w *world) post(t testing.TB, at time.Time, r *journal.Record) {
	t.Helper()
	w.n++
	r.Request = journal.NewRequestID(at.UnixMilli(), 1, w.n)
	r.Terms = w.history.Terms(t, at).Hash()
	tx, err := ledger.Post(w.state, &journal.Entry{Time: at.UnixNano(), ID: string(r.Request[:]), Body: r})
	if err != nil {
		t.Fatal(err)
	}
	w.posted = append(w.posted, tx.Clone())
}

// books collects what was posted.
func (w *world) books(t testing.TB, s export.Selection) *export.Books {
	t.Helper()
	b, err := export.Collect(journal.Cursor{Chain: 1, Block: w.n}, w.cells(t), s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (w *world) cells(t testing.TB) []ledger.Cell {
	t.Helper()
	cells, _, err := w.state.Changes()
	if err != nil {
		t.Fatal(err)
	}
	return cells
}

// transactions are those of an export that tells each one, in the order of posting.
func (w *world) transactions(t testing.TB, s export.Selection) []export.Transaction {
	t.Helper()
	var all []export.Transaction
	for _, tx := range w.posted {
		err := export.Split(tx, s, func(part *export.Transaction) error { all = append(all, *part); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func sale(customer, seller, product, cloud, holder, price, cost string) *journal.Record {
	return ledgertest.Sale(customer, seller, product, cloud, holder, price, cost)
}

// strange is a customer whose name means something to both tools.
const strange = `Söhne & Co., "(a)" [2026-01-01]; x|y%`

// days is a few requests of BOOKS' kinds over three days: some fall on different days in Los Angeles and in UTC, one ends
// after a later one, two are alike but for their ids, one has usage without a price, one is of a customer with a strange name.
func days(t testing.TB) *world {
	w := newWorld(t)
	at := func(text string) time.Time {
		instant, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return instant
	}
	w.post(t, at("2026-05-04T18:00:00Z"), sale("acme", "openai", gpt54, "aws", "openai", "0.020", "0.007"))
	w.post(t, at("2026-05-04T18:00:01.5Z"), sale("acme", "openai", gpt54, "azure", "openai", "0.020", "0.007"))
	w.post(t, at("2026-05-04T18:00:01.5Z"), sale("acme", "openai", gpt54, "azure", "openai", "0.020", "0.007"))
	w.post(t, at("2026-05-06T03:00:00Z"), sale("acme", "openai", gpt54, "gcp", "openai", "0.010000000001", "0.0041")) // no clause for gcp's capacity: UTC's day
	w.post(t, at("2026-05-05T19:00:00Z"), sale("globex", "amazon", gpt54, "aws", "amazon", "0.022", ""))
	w.post(t, at("2026-05-05T20:00:00Z"), sale(strange, "microsoft", oss, "azure", "microsoft", "38000000000.000000000001", ""))
	silent := sale("acme", "openai", gpt54, "openai", "openai", "0.5", "")
	silent.Usage.Tokens[usage.OutputAudio], silent.Unpriced = 1234, []usage.Class{usage.OutputAudio}
	w.post(t, at("2026-05-06T20:00:00Z"), silent)
	return w
}
