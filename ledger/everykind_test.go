package ledger_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// A history draws entries of every kind, each of which may point at those before it.
type history struct {
	w       *world
	at      time.Time
	entries []*journal.Entry
	sold    []sold
	closed  []*journal.Close
	refused int
}

// sold is a sale with what can be given back of it.
type sold struct {
	origin journal.Origin
	left   money.Amount
}

// next draws an entry, an hour to two days after the one before.
func (h *history) next(r *rapid.T) *journal.Entry {
	h.at = h.at.Add(time.Duration(rapid.Int64Range(int64(time.Hour), int64(48*time.Hour)).Draw(r, "later")))
	amount := func(label string) money.Amount {
		return money.FromPico(rapid.Int64Range(1, 50_000_000_000_000).Draw(r, label))
	}
	cents := func(label string) money.Amount {
		return money.FromPico(rapid.Int64Range(1, 5000).Draw(r, label) * 10_000_000_000)
	}
	switch rapid.IntRange(0, 13).Draw(r, "kind") {
	case 0, 1, 2:
		return h.record(r)
	case 3:
		return h.invoice(amount("invoiced"))
	case 4, 5:
		return h.back(r)
	case 6:
		return h.correct(r, amount("corrected"))
	case 7:
		name := rapid.SampledFrom([]string{"license-fee", "marketplace-fee", "interest", "shortfall", "guarantee", "guarantee-unearned"}).Draw(r, "fee")
		f := fee(name, "openai-microsoft", toMicrosoft, "openai", "microsoft", cents("fee amount").String())
		if name == "license-fee" {
			f.From, f.Until = h.at.AddDate(0, 0, -rapid.IntRange(1, 40).Draw(r, "days")).UnixNano(), h.at.UnixNano()
		}
		return h.w.written(h.at, f)
	case 8:
		p := paid("openai", "microsoft", cents("paid").String(), "0")
		p.Lines[0].Advance = rapid.Bool().Draw(r, "advance")
		return h.w.written(h.at, p)
	case 9:
		return h.w.written(h.at, &journal.Credit{Agreement: "openai-microsoft", Clause: toMicrosoft, From: "microsoft", To: "openai", Amount: cents("credit"), Currency: "USD"})
	case 10:
		return h.close(cents("stated"))
	case 11:
		return h.opinion(r)
	case 12:
		return h.w.written(h.at, &journal.Rate{Source: "ecb", From: "EUR", To: "USD", At: h.at.UnixNano(), Value: rate("1.1")})
	}
	return h.w.written(h.at, &journal.Fact{Agreement: "openai-microsoft", Text: []byte("{}")})
}

func (h *history) record(r *rapid.T) *journal.Entry {
	d := anyRecord(r)
	d.record.Attempts[0].Cost = lines("0.3") // a correction may point at it
	d.record.Attempts[0].Holder, d.record.Attempts[0].Seller, d.record.Attempts[0].Cloud = "openai", "openai", "azure"
	e := h.w.entry(h.at, d.record)
	if len(d.record.Lines) == 0 {
		return e
	}
	o := h.w.of(h.at.UTC().Format(time.RFC3339Nano), d.record)
	h.sold = append(h.sold, sold{o, o.Charged})
	return e
}

func (h *history) invoice(amount money.Amount) *journal.Entry {
	v := invoice(amount.String())
	v.Origin.At, v.Tax = h.at.UnixNano(), money.FromPico(7)
	e := h.w.written(h.at, v)
	o := v.Origin
	o.Of, o.Charged = journal.Ref{Kind: journal.KindInvoice, Source: e.Source, ID: e.ID}, amount
	h.sold = append(h.sold, sold{o, amount})
	return e
}

// back gives a sale back: a refund or a credit, of a part or of all that is left.
func (h *history) back(r *rapid.T) *journal.Entry {
	if len(h.sold) == 0 {
		return h.invoice(money.FromUnits(1))
	}
	s := &h.sold[rapid.IntRange(0, len(h.sold)-1).Draw(r, "of")]
	amount := s.left
	if rapid.Bool().Draw(r, "part") {
		amount, _ = amount.MulRate(rate("1/3"), money.Down)
	}
	if rapid.IntRange(0, 9).Draw(r, "too much") == 0 {
		amount, _ = s.left.Add(money.FromPico(1))
	}
	if rapid.Bool().Draw(r, "credit") {
		return h.w.written(h.at, &journal.Credit{Origin: s.origin, From: s.origin.Seller, To: s.origin.Customer, Amount: amount, Currency: "USD"})
	}
	return h.w.written(h.at, &journal.Refund{Origin: s.origin, Amount: amount})
}

func (h *history) correct(r *rapid.T, now money.Amount) *journal.Entry {
	if len(h.sold) == 0 {
		return h.invoice(money.FromUnits(1))
	}
	o := h.sold[rapid.IntRange(0, len(h.sold)-1).Draw(r, "of")].origin
	c := &journal.Correction{Origin: o, Attempt: -1, What: rapid.SampledFrom([]string{"price", "usage", "void", "terms", "cost"}).Draw(r, "what"),
		Was: lines(o.Charged.String()), Now: lines(now.String())}
	switch c.What {
	case "void":
		c.Now = nil
	case "cost":
		c.Attempt, c.Holder, c.Origin.Seller, c.Origin.Cloud, c.Was = 0, "openai", "openai", "azure", lines("0.3")
	}
	return h.w.written(h.at, c)
}

// close closes the month after the last one that is closed.
func (h *history) close(stated money.Amount) *journal.Entry {
	from := midnight("2026-04-01").In(losAngeles()).AddDate(0, len(h.closed), 0)
	c := closing("OM-"+from.Format("2006-01"), 1, from.Format("2006-01"), stated.String())
	return h.w.written(h.at, c)
}

func (h *history) opinion(r *rapid.T) *journal.Entry {
	if len(h.closed) == 0 {
		return h.invoice(money.FromUnits(1))
	}
	c := h.closed[rapid.IntRange(0, len(h.closed)-1).Draw(r, "statement")]
	switch rapid.IntRange(0, 2).Draw(r, "opinion") {
	case 0:
		return h.w.written(h.at, &journal.Acceptance{Statement: c.Number, Hash: c.Hash, By: "openai"})
	case 1:
		return h.w.written(h.at, &journal.Dispute{Statement: c.Number, Hash: c.Hash, By: "microsoft", Clause: toMicrosoft, Currency: "USD"})
	}
	p := paid("openai", "microsoft", c.Lines[0].Amount.String(), "0")
	p.Statement = c.Number
	return h.w.written(h.at, p)
}

// post posts an entry live, and holds one that is refused to leaving no trace.
func (h *history) post(r *rapid.T, e *journal.Entry) {
	before, hash := string(h.w.state.Encode()), h.w.state.Hash()
	tx, err := ledger.Post(h.w.state, e)
	if err != nil {
		h.refused++
		if string(h.w.state.Encode()) != before || h.w.state.Hash() != hash {
			r.Fatalf("%s was refused and changed the state: %v", e.Body.Kind(), err)
		}
		return
	}
	if wrong := unbalanced(tx); wrong != "" {
		r.Fatalf("%s: %s\n%s", e.Body.Kind(), wrong, table(tx))
	}
	if err := tx.Check(); err != nil {
		r.Fatalf("%s: %v\n%s", e.Body.Kind(), err, table(tx))
	}
	h.entries = append(h.entries, e)
	switch b := e.Body.(type) {
	case *journal.Close:
		h.closed = append(h.closed, b)
	case *journal.Refund:
		h.less(b.Origin.Of, b.Amount)
	case *journal.Credit:
		h.less(b.Origin.Of, b.Amount)
	case *journal.Correction:
		h.corrected(b)
	}
}

func (h *history) less(of journal.Ref, amount money.Amount) {
	for i := range h.sold {
		if h.sold[i].origin.Of == of {
			h.sold[i].left, _ = h.sold[i].left.Sub(amount)
		}
	}
}

func (h *history) corrected(c *journal.Correction) {
	if c.What == "cost" || c.What == "terms" {
		return
	}
	for i := range h.sold {
		s := &h.sold[i]
		if s.origin.Of != c.Origin.Of {
			continue
		}
		now := money.Amount{}
		if len(c.Now) > 0 {
			now = c.Now[0].Amount
		}
		back, _ := s.origin.Charged.Sub(s.left)
		s.origin.Charged = now
		s.left, _ = now.Sub(back)
	}
}

// drawHistory posts a history of every kind live.
func drawHistory(t *testing.T, r *rapid.T, least, most int) *history {
	h := &history{w: example(t), at: midnight("2026-05-01")}
	for range rapid.IntRange(least, most).Draw(r, "entries") {
		h.post(r, h.next(r))
	}
	return h
}

func TestBooksOfEveryKindAreTheSameHoweverTheyArePosted(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		h := drawHistory(t, r, 1, 60)
		j := fill(t, h.entries, rapid.IntRange(1, 7).Draw(r, "block"), documents(t, "openai-microsoft.yaml", "openai-clouds.yaml"))
		whole := ledger.NewMemory()
		replayed := saveAll(t, j, whole, func() bool { return false })
		if replayed.Hash() != h.w.state.Hash() {
			r.Fatal("posting the journal gives other transactions than posting live")
		}

		split := ledger.NewMemory()
		seed := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 1))
		for range seed.IntN(3) { // each run stops after its first save
			saveOnce(t, j, split)
		}
		saveAll(t, j, split, func() bool { return seed.IntN(3) == 0 })
		if digest(t, split) != digest(t, whole) {
			r.Fatal("books saved in parts differ from books saved at once")
		}
		report, err := ledger.Verify(t.Context(), split, j)
		if err != nil {
			r.Fatal(err)
		}
		if !report.Balanced() || !report.Replayed {
			r.Fatalf("verify: %+v", report.Faults)
		}
	})
}

func TestGivingEverySaleBackLeavesNoRevenueAndNoShare(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		h := &history{w: example(t), at: midnight("2026-05-01")}
		for range rapid.IntRange(1, 25).Draw(r, "sales") {
			h.at = h.at.Add(time.Hour)
			switch rapid.IntRange(0, 2).Draw(r, "kind") {
			case 0:
				h.post(r, h.record(r))
			case 1:
				h.post(r, h.invoice(money.FromPico(rapid.Int64Range(1, 1e15).Draw(r, "invoiced"))))
			case 2:
				h.post(r, h.correct(r, money.FromPico(rapid.Int64Range(1, 1e15).Draw(r, "corrected"))))
			}
		}
		for _, s := range h.sold {
			h.at = h.at.Add(time.Hour)
			if s.left.IsZero() {
				continue
			}
			h.post(r, h.w.written(h.at, &journal.Refund{Origin: s.origin, Amount: s.left}))
		}
		if h.refused > 0 {
			r.Fatalf("%d entries were refused", h.refused)
		}
		for k, sum := range sums(t, h.w.state) {
			_, account, _ := strings.Cut(k, " ")
			p, err := ledger.Account(account).Parse()
			if err != nil {
				r.Fatal(err)
			}
			stays := p.Branch == "infrastructure" || p.Root == "cost" && (p.Branch == "cloud" || p.Branch == "usage") // what clouds charged, and tax
			if (p.Root == "revenue" || p.Root == "cost") && !stays {
				r.Errorf("%s is %s", k, sum)
			}
		}
	})
}
