package ledger_test

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"concord/agreement"
	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// An oracle rates the whole history of a share at once, with exact fractions and with windows that are the texts of dates:
// nothing of it is shared with the ledger.
type oracle struct {
	share  *agreement.RevenueShare
	events []happening
}

// A happening is a sale, or what is taken off one.
type happening struct {
	kind   string // "sale", "refund", "credit", "fee"
	at     time.Time
	posted time.Time
	amount *big.Rat // positive
	left   *big.Rat // of a sale: what was not given back yet
	of     int      // the sale
}

func windowText(per string, at time.Time) string {
	at = at.In(losAngeles())
	switch per {
	case "day":
		return at.Format("2006-01-02")
	case "month", "period", "":
		return at.Format("2006-01")
	case "quarter":
		return fmt.Sprintf("%d-%d", at.Year(), (at.Month()-1)/3)
	case "year":
		return at.Format("2006")
	}
	return "ever"
}

func zero() *big.Rat { return new(big.Rat) }

func lesser(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) < 0 {
		return a
	}
	return b
}

func exact(a money.Amount) *big.Rat {
	r, ok := new(big.Rat).SetString(a.String())
	if !ok {
		panic(a)
	}
	return r
}

func fraction(r money.Rate) *big.Rat { return big.NewRat(r.Num, r.Den) }

// shareOf rates a base by the clause's rate or marginal tiers.
func (o *oracle) shareOf(base *big.Rat) *big.Rat {
	if o.share.Tiers == nil {
		return new(big.Rat).Mul(base, fraction(o.share.Rate))
	}
	sum, from := zero(), zero()
	for i, step := range o.share.Tiers.Steps {
		to := base
		if i < len(o.share.Tiers.Steps)-1 {
			to = lesser(base, exact(step.UpTo))
		}
		if i > 0 && base.Cmp(from) <= 0 {
			break
		}
		part := new(big.Rat).Sub(to, from)
		sum.Add(sum, part.Mul(part, fraction(step.Rate)))
		from = to
	}
	return sum
}

// nets returns the base after deductions of each day, by its instant: what a bound lets through counts on the last day of its
// window on which anything happened, which no cap and no tier can tell from another day of it.
func (o *oracle) nets() (base *big.Rat, byDay map[time.Time]*big.Rat) {
	byDay = map[time.Time]*big.Rat{}
	add := func(at time.Time, a *big.Rat) {
		if byDay[at] == nil {
			byDay[at] = zero()
		}
		byDay[at].Add(byDay[at], a)
	}
	type group struct {
		due, base *big.Rat
		at        time.Time
	}
	windows := map[string]*group{}
	deducted := func(what string) int {
		if o.share.Base.Amount == "net" && len(o.share.Deductions) == 0 {
			return -2
		}
		return slices.IndexFunc(o.share.Deductions, func(d agreement.Deduction) bool { return slices.Contains(d.Of, what) })
	}
	for _, e := range o.events {
		signed, what := e.amount, ""
		switch e.kind {
		case "refund":
			signed, what = new(big.Rat).Neg(e.amount), "refunds"
		case "credit":
			signed, what = zero(), "credits"
		case "fee":
			signed, what = zero(), "marketplace-fee"
		}
		g := -1
		if what != "" {
			g = deducted(what)
		}
		if g == -2 || g >= 0 && o.share.Deductions[g].AtMost.IsZero() {
			add(e.at, new(big.Rat).Neg(e.amount))
			continue
		}
		if g < 0 {
			add(e.at, signed)
		}
		for i, d := range o.share.Deductions {
			if d.AtMost.IsZero() {
				continue
			}
			k := fmt.Sprint(i, windowText(d.Per, e.at))
			if windows[k] == nil {
				windows[k] = &group{zero(), zero(), e.at}
			}
			w := windows[k]
			w.at = e.at
			if g == i {
				w.due.Add(w.due, e.amount)
			} else if g < 0 {
				w.base.Add(w.base, signed)
			}
		}
	}
	for k, w := range windows {
		d := o.share.Deductions[k[0]-'0']
		most := new(big.Rat).Mul(w.base, fraction(d.AtMost))
		if most.Sign() < 0 {
			most = zero()
		}
		add(w.at, new(big.Rat).Neg(lesser(w.due, most)))
	}
	base = zero()
	for _, a := range byDay {
		base.Add(base, a)
	}
	return base, byDay
}

// totals returns base, uncapped and capped share.
func (o *oracle) totals() (base, uncapped, capped *big.Rat) {
	base, byDay := o.nets()
	// Grown is what each window of the narrowest kind that matters comes to, at an instant of it.
	grown := map[time.Time]*big.Rat{}
	if o.share.Tiers == nil {
		for at, a := range byDay {
			grown[at] = o.shareOf(a)
		}
	} else {
		sums, instant := map[string]*big.Rat{}, map[string]time.Time{}
		for at, a := range byDay {
			k := windowText(o.share.Tiers.Reset, at)
			if sums[k] == nil {
				sums[k] = zero()
			}
			sums[k].Add(sums[k], a)
			if at.After(instant[k]) {
				instant[k] = at
			}
		}
		for k, a := range sums {
			if grown[instant[k]] == nil {
				grown[instant[k]] = zero()
			}
			grown[instant[k]].Add(grown[instant[k]], o.shareOf(a))
		}
	}
	uncapped = zero()
	for _, a := range grown {
		uncapped.Add(uncapped, a)
	}
	last := time.Time{}
	for _, e := range o.events {
		counts := e.kind == "sale" || e.kind == "refund" || o.share.Deductions != nil || o.share.Base.Amount == "net"
		if counts && e.at.After(last) {
			last = e.at
		}
	}
	for _, c := range o.share.Caps { // narrow ones first
		grown = capWindows(c, grown, last)
	}
	capped = zero()
	for _, a := range grown {
		capped.Add(capped, a)
	}
	return base, uncapped, capped
}

// capWindows bounds what grew in each window of a cap; what is carried grows at the start of a later window.
func capWindows(c agreement.Cap, grown map[time.Time]*big.Rat, last time.Time) map[time.Time]*big.Rat {
	sums, instant := map[string]*big.Rat{}, map[string]time.Time{}
	for at, a := range grown {
		k := windowText(c.Per, at)
		if sums[k] == nil {
			sums[k] = zero()
		}
		sums[k].Add(sums[k], a)
		instant[k] = at
	}
	out := map[time.Time]*big.Rat{}
	if c.Excess != "carry" {
		for k, a := range sums {
			out[instant[k]] = lesser(a, exact(c.Amount))
		}
		return out
	}
	over := zero()
	for at := date("2026-01-01").In(losAngeles()); !at.After(last.AddDate(0, 0, 1)); at = at.AddDate(0, 0, 1) {
		k := windowText(c.Per, at)
		if windowText(c.Per, at.AddDate(0, 0, -1)) == k || k > windowText(c.Per, last) {
			continue
		}
		have := new(big.Rat).Set(over)
		if sums[k] != nil {
			have.Add(have, sums[k])
		}
		out[at] = lesser(have, exact(c.Amount))
		over = new(big.Rat).Sub(have, out[at])
	}
	return out
}

// anyShare draws what a share says, as YAML.
func anyShare(t *rapid.T) string {
	pick := func(label string, options ...string) string { return rapid.SampledFrom(options).Draw(t, label) }
	s := pick("rate", `rate: "20%"`, `rate: "20%"`, `tiers: {mode: marginal, reset: month, steps: [{up_to: "10", rate: "20%"}, {up_to: "40", rate: "10%"}, {rate: "25%"}]}`,
		`tiers: {mode: marginal, reset: year, steps: [{up_to: "30", rate: "25%"}, {rate: "10%"}]}`)
	tiered, yearly := strings.HasPrefix(s, "tiers"), strings.Contains(s, "year")
	deductions := pick("deductions", "", "", `deductions: [{of: [refunds, marketplace-fee]}, {of: [credits]}]`, `deductions: [{of: [refunds, credits, marketplace-fee], at_most: "15%", per: month}]`, "net")
	var caps []string
	if !tiered && !strings.Contains(deductions, "at_most") && rapid.Bool().Draw(t, "daily") {
		caps = append(caps, `{amount: "3 USD", per: day`+pick("day excess", "", ", excess: carry")+`}`)
	}
	if !yearly && rapid.Bool().Draw(t, "monthly") {
		caps = append(caps, `{amount: "5 USD", per: month`+pick("month excess", "", ", excess: carry")+`}`)
	}
	if rapid.Bool().Draw(t, "yearly") {
		caps = append(caps, `{amount: "12 USD", per: year}`)
	}
	if rapid.Bool().Draw(t, "in total") {
		caps = append(caps, `{amount: "20 USD", per: total}`)
	}
	net := "gross"
	if deductions == "net" {
		net, deductions = "net", ""
	}
	s = fmt.Sprintf("base: {revenue_of: openai, from: [sales], amount: %s}, %s, caps: [%s], %s", net, s, strings.Join(caps, ", "), pick("retro", "retro: keep", "retro: true_up"))
	if deductions != "" {
		s += ", " + deductions
	}
	return s
}

// anyHappening draws what happens next.
func (o *oracle) anyHappening(t *rapid.T) happening {
	at := date("2026-05-01").Add(time.Duration(rapid.IntRange(0, 70*24).Draw(t, "hour")) * time.Hour)
	micros := func(most int64) *big.Rat { return big.NewRat(rapid.Int64Range(1, most).Draw(t, "micros"), 1_000_000) }
	e := happening{kind: rapid.SampledFrom([]string{"sale", "sale", "sale", "refund", "credit", "fee"}).Draw(t, "kind"), at: at, posted: at, of: -1}
	var open []int
	for i := range o.events {
		if s := &o.events[i]; s.kind == "sale" && s.left.Sign() > 0 {
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		e.kind = "sale"
	}
	switch e.kind {
	case "sale":
		e.amount = micros(30_000_000)
		e.left = new(big.Rat).Set(e.amount)
	case "fee":
		e.amount = micros(3_000_000)
	default:
		e.of = rapid.SampledFrom(open).Draw(t, "of")
		sale := &o.events[e.of]
		e.at, e.amount = sale.at, new(big.Rat).Set(sale.left)
		if most := new(big.Int).Quo(new(big.Int).Mul(sale.left.Num(), big.NewInt(1_000_000)), sale.left.Denom()).Int64(); rapid.Bool().Draw(t, "in part") {
			e.amount = micros(most)
		}
		sale.left.Sub(sale.left, e.amount)
	}
	return e
}

// entry makes the entry of what happens.
func (o *oracle) entry(w *world, i int) *journal.Entry {
	e := &o.events[i]
	amount := money.MustParse(e.amount.FloatString(6))
	origin := journal.Origin{At: e.at.UnixNano(), Customer: "acme", Seller: "openai", Product: gpt54, Cloud: "openai", Currency: "USD"}
	out := &journal.Entry{Time: e.posted.UnixNano(), ID: fmt.Sprintf("%d %d", w.n, i)}
	if e.of >= 0 {
		origin.Of = journal.Ref{Kind: journal.KindInvoice, ID: fmt.Sprint(e.of)}
		origin.Charged = money.MustParse(o.events[e.of].amount.FloatString(6))
	}
	switch e.kind {
	case "sale":
		out.Body = &journal.Invoice{Origin: origin, Amount: amount}
	case "refund":
		out.Body = &journal.Refund{Origin: origin, Amount: amount}
	case "credit":
		out.Body = &journal.Credit{Origin: origin, From: "openai", To: "acme", Amount: amount, Currency: "USD"}
	case "fee":
		out.Body = &journal.Fee{Name: "marketplace-fee", Clause: "marketplace", Payer: "openai", Payee: "shop", Origin: origin, Amount: amount, Currency: "USD"}
	}
	return out
}

// newOracle makes the documents of a share known to a new state.
func newOracle(t *testing.T, doc []byte) (*oracle, *world) {
	t.Helper()
	a := parseText(t, doc)
	w := newWorld(t, a)
	w.documents = true
	w.deal("2026-01-01", "deal.yaml", doc)
	return &oracle{share: a.Amendments[0].Adds[2].(*agreement.RevenueShare)}, w
}

func oracleDoc(share string) []byte {
	return fmt.Appendf(nil, `
concord: 1
agreement: deal
currency: USD
zone: America/Los_Angeles
parties: {openai: {operates: [openai]}, microsoft: {operates: [azure]}}
products: {openai/gpt-5.4: {}}
amendments:
  - id: start
    effective: 2026-01-01
    source: {provenance: public}
    adds:
      - {id: run, kind: delivery, products: all, clouds: [openai], term: perpetual}
      - {id: openai-sales, kind: sale, seller: openai, products: all, price: {book: list}, streams: {license: "60%%", cloud: "40%%"}, term: perpetual}
      - {id: share, kind: revenue-share, payer: openai, payee: microsoft, %s, term: perpetual}
`, share)
}

func (o *oracle) differs(s *ledger.State) string {
	a, _ := s.Accrual("deal", "share")
	base, uncapped, capped := o.totals()
	for _, c := range []struct {
		name string
		got  money.Amount
		want *big.Rat
	}{{"base", a.Base, base}, {"uncapped", a.Uncapped, uncapped}, {"capped", a.Capped, capped}, {"owed", a.Owed[0].Owed, capped}} {
		if exact(c.got).Cmp(c.want) != 0 {
			return fmt.Sprintf("%s is %s, the oracle says %s", c.name, c.got, c.want.FloatString(12))
		}
	}
	return ""
}

func TestEveryShareIsWhatAnOracleSaysOfItsWholeHistory(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		doc := oracleDoc(anyShare(r))
		o, w := newOracle(t, doc)
		for i := range rapid.IntRange(1, 15).Draw(r, "events") {
			o.events = append(o.events, o.anyHappening(r))
			if _, err := ledger.Post(w.state, o.entry(w, i)); err != nil {
				r.Fatal(err)
			}
			if wrong := o.differs(w.state); wrong != "" {
				r.Fatalf("after %d events under\n%s\n%s\n%v", i+1, doc[strings.Index(string(doc), "id: share"):], wrong, o.events)
			}
		}

		_, docs, err := w.state.Changes()
		if err != nil {
			r.Fatal(err)
		}
		again, err := ledger.DecodeState(&ledger.Saved{State: w.state.Encode(), Documents: docs})
		if err != nil {
			r.Fatal(err)
		}
		if !bytes.Equal(again.Encode(), w.state.Encode()) {
			r.Fatal("a decoded state encodes otherwise")
		}
		o.events = append(o.events, happening{kind: "sale", at: date("2026-07-20"), posted: date("2026-07-20"), amount: big.NewRat(7, 1), left: zero(), of: -1})
		for _, s := range []*ledger.State{w.state, again} {
			if _, err := ledger.Post(s, o.entry(w, len(o.events)-1)); err != nil {
				r.Fatal(err)
			}
		}
		if again.Hash() != w.state.Hash() || !bytes.Equal(again.Encode(), w.state.Encode()) {
			r.Fatal("a decoded state posts otherwise")
		}
	})
}

func TestTheOrderOfEventsChangesNoTotal(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		o, w := newOracle(t, oracleDoc(anyShare(r)))
		var sales []int
		for i := range rapid.IntRange(2, 12).Draw(r, "events") {
			o.events = append(o.events, o.anyHappening(r))
			sales = append(sales, i)
		}
		for _, i := range rapid.Permutation(sales).Draw(r, "order") {
			if _, err := ledger.Post(w.state, o.entry(w, i)); err != nil {
				r.Fatal(err)
			}
		}
		if wrong := o.differs(w.state); wrong != "" {
			r.Fatal(wrong)
		}
	})
}

func TestARefundOfEverythingLeavesNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		o, w := newOracle(t, oracleDoc(anyShare(r)))
		n := rapid.IntRange(1, 8).Draw(r, "sales")
		for i := range n {
			e := o.anyHappening(r)
			for e.kind != "sale" {
				e = happening{kind: "sale", at: date("2026-06-01"), posted: date("2026-06-01"), amount: big.NewRat(31, 3*1_000_000), left: zero(), of: -1}
			}
			e.left = zero()
			o.events = append(o.events, e)
			if _, err := ledger.Post(w.state, o.entry(w, i)); err != nil {
				r.Fatal(err)
			}
		}
		for i := range n {
			s := o.events[i]
			o.events = append(o.events, happening{kind: "refund", at: s.at, posted: date("2026-08-01"), amount: s.amount, of: i})
			if _, err := ledger.Post(w.state, o.entry(w, n+i)); err != nil {
				r.Fatal(err)
			}
		}
		a, _ := w.state.Accrual("deal", "share")
		if o.share.Deductions == nil && (!a.Base.IsZero() || !a.Uncapped.IsZero() || !a.Capped.IsZero() || !a.Owed[0].Owed.IsZero()) {
			r.Fatalf("base %s, uncapped %s, capped %s, owed %s are left", a.Base, a.Uncapped, a.Capped, a.Owed[0].Owed)
		}
		for book, left := range sums(t, w.state) {
			if o.share.Deductions == nil && strings.HasPrefix(book, "openai") {
				r.Fatalf("%s: %s is left", book, left)
			}
		}
	})
}
