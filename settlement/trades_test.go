package settlement_test

import (
	"strings"
	"testing"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/delivery"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/pricing"
	"concord/settlement"
)

// trade is an example of another trade: its agreements, who offers what, at which prices, and a state that posts.
type trade struct {
	*world
	set      *agreement.Set
	catalog  *agreement.Catalog
	books    delivery.Books
	currency string
}

// newTrade loads examples and holds them to having no finding of their own.
func newTrade(t *testing.T, currency string, catalog *agreement.Catalog, prices string, own string, names ...string) *trade {
	t.Helper()
	w := &trade{world: &world{t: t, state: ledger.NewState()}, catalog: catalog, currency: currency}
	var all []*agreement.Agreement
	for _, name := range names {
		a, found := agreementfile.Parse(name, read(t, name))
		if a == nil {
			t.Fatal(found)
		}
		all = append(all, a)
	}
	w.set = agreement.NewSet(all...)
	for _, f := range w.set.Lint(catalog) {
		if f.Severity == agreement.Error || f.Pos.File == own {
			t.Errorf("%s", f)
		}
	}
	var err error
	if w.history, err = w.set.Timeline(known); err != nil {
		t.Fatal(err)
	}
	books, found := pricing.ParseAll("prices.yaml", []byte(prices))
	if books == nil {
		t.Fatal(found)
	}
	w.books, w.world.books = books, books
	return w
}

// plan returns what would be tried for a customer, in order.
func (w *trade) plan(on, customer, product string) string {
	w.t.Helper()
	at := day(on)
	r, found := delivery.Compile(w.terms(at), w.catalog, w.books, at.UnixNano())
	for _, f := range found {
		if f.Severity == agreement.Error {
			w.t.Errorf("%s", f)
		}
	}
	var p delivery.Plan
	r.Plan(delivery.Facts{Customer: customer, Product: product, API: agreement.Chat, At: at.UnixNano()}, nil, &p)
	var ids []string
	for _, s := range p.Steps {
		ids = append(ids, r.Catalog().Deployments[s.Deployment].ID)
	}
	if v, denied := r.Denial(p.Facts); denied && len(ids) == 0 {
		return "refused: " + v.Reason
	}
	return strings.Join(ids, " ")
}

// sells posts an answered request.
func (w *trade) sells(on, customer, seller, product, cloud, holder, price, cost string) {
	w.t.Helper()
	w.n++
	at := day(on)
	r := &journal.Record{Request: journal.NewRequestID(at.UnixMilli(), 1, uint64(w.n)), Outcome: journal.Answered, Customer: customer,
		Product: product, Lines: lines(price)}
	r.Currency = w.set.Agreements()[0].Currency
	r.Attempts = []journal.Tried{{Deployment: "d", Cloud: cloud, Seller: seller, Holder: holder, Outcome: delivery.Answered, Cost: lines(cost)}}
	if _, err := ledger.PostUnder(w.state, &journal.Entry{Time: at.UnixNano(), ID: string(r.Request[:]), Body: r}, w.terms(at)); err != nil {
		w.t.Fatal(err)
	}
}

// TestAModelLabSellsThroughThreeClouds runs examples/model-lab.yaml.
func TestAModelLabSellsThroughThreeClouds(t *testing.T) {
	const wren, small = "halcyon/wren", "halcyon/wren-small"
	d := func(id, product, cloud, zone string) agreement.Deployment {
		return agreement.Deployment{ID: id, Product: product, Cloud: cloud, Zone: zone, Seller: cloud, Holder: cloud}
	}
	w := newTrade(t, "EUR", &agreement.Catalog{
		Deployments: []agreement.Deployment{d("cirrus-wren", wren, "cirrus", "de"), d("cirrus-small", small, "cirrus", "de"), d("stratus-small", small, "stratus", "de"),
			d("stratus-small-us", small, "stratus", "us"), d("nimbus-wren", wren, "nimbus", "us"), d("nimbus-small", small, "nimbus", "us")},
		Customers: []agreement.Customer{{ID: "globex", Sellers: [][]string{{"cirrus", "stratus", "nimbus"}}}},
	}, `concord: 1
prices: cirrus-list
currency: EUR
per: 1M tokens
entries:
  - {product: halcyon/*, seller: cirrus, from: 2020-01-01, input: "3", cache_read: "3", output: "9", provenance: public, source: test}
---
concord: 1
prices: stratus-list
currency: EUR
per: 1M tokens
entries:
  - {product: halcyon/*, seller: stratus, from: 2020-01-01, input: "2", cache_read: "2", output: "6", provenance: public, source: test}
---
concord: 1
prices: nimbus-list
currency: EUR
per: 1M tokens
entries:
  - {product: halcyon/*, seller: nimbus, from: 2020-01-01, input: "4", cache_read: "4", output: "12", provenance: public, source: test}
`, "model-lab.yaml", "model-lab.yaml")

	for _, c := range []struct{ on, product, want string }{
		{"2025-12-31", wren, "refused: no clause permits halcyon/wren on cirrus"},
		{"2026-02-01", wren, "cirrus-wren"},                              // Nimbus has not signed
		{"2026-03-15", small, "cirrus-small"},                            // shipped on Cirrus 13 days ago
		{"2026-04-02", small, "stratus-small cirrus-small"},              // 30 days are over; the cheapest first, within the territory
		{"2026-08-01", small, "stratus-small cirrus-small nimbus-small"}, // all three
		{"2029-01-02", small, "refused: no clause permits halcyon/wren-small on cirrus"},
	} {
		if got := w.plan(c.on, "globex", c.product); got != c.want {
			t.Errorf("%s on %s: %s, want %s", c.product, c.on, got, c.want)
		}
	}

	// Cirrus charges 1,400,000 in March: 980,000 for the license, all in the first step; 50,000 more in August fill it and
	// go on in the second one.
	w.sells("2026-03-20", "globex", "cirrus", wren, "cirrus", "cirrus", "1400000", "")
	w.sells("2026-08-03", "globex", "cirrus", wren, "cirrus", "cirrus", "50000", "")
	s := w.draft("model-lab", "2026-Q3", "halcyon", "cirrus")
	cl := s.Clauses[0]
	if got := cl.Amount.String(); got != "405250" { // 1,000,000 at 40 % and 15,000 at 35 %; nothing was stated yet
		t.Errorf("share %s", got)
	}
	want := settlement.TierBridge{Words: "40% up to 1,000,000 EUR, then 35% up to 5,000,000 EUR, then 30% (each step rates its own part of the base, which begins anew each year)",
		Window: "2026", Opening: money.MustParse("980000"), Base: money.MustParse("1015000"), Step: 2, Rate: "35%", Left: money.MustParse("3985000")}
	if *cl.Tiers != want {
		t.Errorf("tiers %+v, want %+v", *cl.Tiers, want)
	}
	if g := cl.Guarantee; g.Earned.String() != "405250" || !g.TopUp.IsZero() || g.Window != "2026" {
		t.Errorf("guarantee: %+v", g)
	}
	if g := w.draft("model-lab", "2026-Q1", "halcyon", "stratus").Clauses[0]; g.Guarantee != nil || g.Tiers == nil {
		t.Errorf("stratus guarantees nothing and has tiers: %+v", g)
	}

	// Stratus: one cent above 100,000 of license revenue rates the whole quarter at 40 %.
	w.sells("2026-05-04", "globex", "stratus", small, "stratus", "stratus", "166666.65", "")
	if got := w.accrued("stratus-share"); got != "29999.997" {
		t.Errorf("up to 100,000: %s", got)
	}
	w.sells("2026-05-05", "globex", "stratus", small, "stratus", "stratus", "0.05", "")
	if got := w.accrued("stratus-share"); got != "40000.008" {
		t.Errorf("above 100,000: %s", got)
	}

	// Nimbus: the fee is earned day by day, and what is due of it is posted when the month closes.
	n := w.draft("model-lab", "2026-07", "halcyon", "nimbus")
	if fee := n.Licensed[0].Fee; fee.Earned.String() != "6200" || !n.Net.Amount.IsZero() {
		t.Errorf("31 of 365 days of 73,000: %+v, net %s", fee, n.Net.Amount)
	}
}

func (w *trade) accrued(clause string) string {
	a, _ := w.state.Accrual("model-lab", clause)
	return a.Capped.String()
}

// TestAnEnterpriseWantsAzureFirstInTheEU runs examples/enterprise-policy.yaml beside the agreements that it narrows.
func TestAnEnterpriseWantsAzureFirstInTheEU(t *testing.T) {
	d := func(id, cloud, zone string) agreement.Deployment {
		return agreement.Deployment{ID: id, Product: gpt, Cloud: cloud, Zone: zone, Seller: "openai", Holder: "openai"}
	}
	w := newTrade(t, "USD", &agreement.Catalog{
		Deployments: []agreement.Deployment{d("azure-us", "azure", "us"), d("azure-eu", "azure", "eu"), d("aws-eu", "aws", "eu"), d("openai-eu", "openai", "eu"), d("aws-nowhere", "aws", "")},
		Customers:   []agreement.Customer{{ID: "acme", Sellers: [][]string{{"openai"}}}, {ID: "contoso", Sellers: [][]string{{"openai"}}}},
	}, string(read(t, "prices.yaml"))+"---\n"+string(read(t, "costs.yaml")), "enterprise-policy.yaml",
		"openai-microsoft.yaml", "openai-clouds.yaml", "enterprise-policy.yaml")

	for _, c := range []struct{ on, customer, want string }{
		{"2026-04-26", "acme", "azure-eu azure-us"}, // neither the amendment nor the policy is in force
		{"2026-05-04", "acme", "azure-eu aws-eu"},   // Azure first, EU only, AWS when Azure fails
	} {
		if got := w.plan(c.on, c.customer, gpt); got != c.want {
			t.Errorf("%s on %s: %s, want %s", c.customer, c.on, got, c.want)
		}
	}
	if got := w.plan("2026-05-04", "contoso", gpt); !strings.Contains(got, "azure-us") || !strings.Contains(got, "openai-eu") {
		t.Errorf("the policy narrows for others too: %s", got)
	}

	w.sells("2026-04-26", "acme", "openai", gpt, "azure", "openai", "5", "1")
	w.sells("2026-05-04", "acme", "openai", gpt, "azure", "openai", "100", "35")
	w.sells("2026-05-05", "acme", "openai", gpt, "aws", "openai", "20", "7")
	w.sells("2026-05-05", "contoso", "openai", gpt, "aws", "openai", "1000", "350")
	s := w.draft("acme-policy", "2026-05", "acme", "openai")
	want := settlement.Drawdown{Amount: money.MustParse("1200000"), Closing: money.MustParse("120"), Left: money.MustParse("1199880")}
	if got := *s.Clauses[0].Commitment; got != want {
		t.Errorf("purchase %+v, want %+v", got, want)
	}
}
