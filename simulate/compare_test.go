package simulate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/pricing"
	"concord/simulate"
	"concord/usage"
)

// version routes under the terms of the examples at an instant, whatever the day of the usage.
func version(t testing.TB, at time.Time) simulate.Version {
	t.Helper()
	var books delivery.Books
	for _, name := range []string{"prices.yaml", "costs.yaml"} {
		all, found := pricing.ParseAll(name, file(t, name))
		if all == nil {
			t.Fatal(found)
		}
		books = append(books, all...)
	}
	r := router(t, at)
	offer := *r.Catalog()
	offer.Deployments = append(slices.Clone(offer.Deployments),
		agreement.Deployment{ID: "amazon-aws-gpt54", Product: gpt, Cloud: "aws", Zone: "us", Holder: "amazon", Seller: "amazon"})
	offer.Customers = append(slices.Clone(offer.Customers), agreement.Customer{ID: "globex", Sellers: [][]string{{"amazon"}}})
	return delivery.Always(r.Terms(), &offer, books).At
}

// used is the usage of the worked request of BOOKS: 0.020 at OpenAI's list price, 0.022 at Amazon's.
func used(e *journal.Entry) *journal.Entry {
	u := usage.Usage{Tokens: usage.Tokens{usage.Input: 4000, usage.CacheRead: 4000, usage.Output: 600}, Evidence: usage.Reported}
	r := e.Body.(*journal.Record)
	r.Usage = u
	for i := range r.Attempts {
		r.Attempts[i].Usage = u
	}
	return e
}

// intent is what was journaled before a record, with the deployments that were not well.
func intent(e *journal.Entry, down ...string) *journal.Entry {
	r := e.Body.(*journal.Record)
	in := &journal.Intent{Request: r.Request, Customer: r.Customer, Product: r.Product, API: r.API}
	for _, id := range down {
		in.Health = append(in.Health, journal.Seen{Deployment: id, State: delivery.OpenDown})
	}
	return &journal.Entry{Time: e.Time, ID: e.ID, Body: in}
}

func compare(t *testing.T, entries ...*journal.Entry) *simulate.Comparison {
	t.Helper()
	c, err := simulate.Compare(each(entries...), simulate.Span{}, version(t, april), version(t, may))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func moves(c *simulate.Comparison) (lines []string) {
	for _, m := range c.Moves {
		lines = append(lines, fmt.Sprintf("%d: %s (%s) -> %s (%s)", m.Count, m.Before, m.ChargedBefore, m.After, m.ChargedAfter))
	}
	return lines
}

// flows tells who would have owed whom under both versions, where anything is.
func flows(c *simulate.Comparison) (lines []string) {
	for _, m := range c.Money {
		if !m.Before.IsZero() || !m.After.IsZero() {
			lines = append(lines, fmt.Sprintf("%s to %s under %s: %s -> %s", m.Payer, m.Payee, m.Clause, m.Before, m.After))
		}
	}
	return lines
}

func TestWhatTheAmendmentWouldHaveMovedAndCost(t *testing.T) {
	down := used(caseA(1))
	failover := used(caseA(2))
	r := failover.Body.(*journal.Record)
	r.Attempts = append([]journal.Tried{{Deployment: "openai-azure-gpt54", Cloud: "azure", Seller: "openai", Holder: "openai",
		Outcome: delivery.ServerError, Cost: lines("0.001")}}, r.Attempts...)
	r.Served = 1
	refused := record(3, "globex", "", "", "", "", "")
	rr := refused.Body.(*journal.Record)
	rr.Outcome, rr.Attempts, rr.Served, rr.Lines = journal.Refused, nil, -1, nil

	for _, c := range []struct {
		name         string
		entries      []*journal.Entry
		moves, flows []string
	}{
		{"A: served on aws while azure was down", []*journal.Entry{intent(down, "openai-azure-gpt54"), down},
			[]string{"1: failed: none was well (0) -> openai-aws-gpt54 (0.02)"},
			[]string{"openai to amazon under aws-capacity: 0 -> 0.007", "customers to openai under openai-sales: 0 -> 0.02",
				"openai to microsoft under share-openai-to-microsoft: 0 -> 0.004"}},
		{"A: azure failed, aws answered", []*journal.Entry{intent(failover), failover},
			[]string{"1: failed at openai-azure-gpt54 (0) -> openai-aws-gpt54 (0.02)"},
			[]string{"openai to amazon under aws-capacity: 0 -> 0.007", "openai to microsoft under azure-capacity: 0.001 -> 0.001",
				"customers to openai under openai-sales: 0 -> 0.02", "openai to microsoft under share-openai-to-microsoft: 0 -> 0.004"}},
		{"B1: openai sells on azure", []*journal.Entry{used(caseB1(1))}, nil,
			[]string{"openai to microsoft under azure-capacity: 0.007 -> 0.007", "customers to openai under openai-sales: 0.02 -> 0.02",
				"openai to microsoft under share-openai-to-microsoft: 0.004 -> 0.004"}},
		{"B2: microsoft sells on azure", []*journal.Entry{used(caseB2(1))}, nil,
			[]string{"customers to microsoft under microsoft-sales: 0.02 -> 0.02", "microsoft to openai under share-microsoft-to-openai: 0.004 -> 0"}},
		{"C: refused before, licensed now", []*journal.Entry{refused},
			[]string{"1: refused by api-exclusivity (0) -> amazon-aws-gpt54 (0)"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := compare(t, c.entries...)

			if diff := cmp.Diff(c.moves, moves(got)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.flows, flows(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestADeploymentThatWasNotTriedIsPricedAsIfItHadBeen(t *testing.T) {
	c := used(record(1, "globex", "amazon-aws-gpt54", "amazon", "aws", "amazon", ""))
	got := compare(t, c)
	want := []string{"customers to amazon under amazon-sales: 0 -> 0.022", "amazon to openai under share-amazon-to-openai: 0 -> 0.00396",
		"openai to microsoft under share-openai-to-microsoft: 0 -> 0.000792"}
	if diff := cmp.Diff(want, flows(got)); diff != "" {
		t.Error(diff)
	}

	// Azure was well, and nobody knows the health that led to aws: both versions send it to azure, with the recorded usage.
	a := compare(t, used(caseA(1)))
	want = []string{"openai to microsoft under azure-capacity: 0.007 -> 0.007", "customers to openai under openai-sales: 0.02 -> 0.02",
		"openai to microsoft under share-openai-to-microsoft: 0.004 -> 0.004"}
	if diff := cmp.Diff(want, flows(a)); diff != "" {
		t.Error(diff)
	}
	if a.UsageSupposed != 1 || a.HealthAssumed != 1 || a.HealthJournaled != 0 || a.Same != 1 {
		t.Errorf("%+v", a)
	}
}

func TestTheSameTermsTwiceMoveNothingAndCostWhatWasPosted(t *testing.T) {
	down := used(caseA(1))
	entries := []*journal.Entry{intent(down, "openai-azure-gpt54"), down, used(caseB1(2)), used(caseB2(3))}
	now := version(t, may)
	got, err := simulate.Compare(each(entries...), simulate.Span{}, now, now)
	if err != nil {
		t.Fatal(err)
	}
	posted, err := simulate.Under(each(entries...), router(t, may))
	if err != nil {
		t.Fatal(err)
	}

	if got.Requests != 3 || got.Same != 3 || got.Moved+got.FirstMoved != 0 {
		t.Errorf("%+v", got)
	}
	for _, m := range got.Money {
		if !m.Change.IsZero() {
			t.Errorf("%+v", m)
		}
		for _, d := range posted.Owed {
			if d.Clause == m.Clause && d.Amount != m.After {
				t.Errorf("%s: %s was posted, %s is compared", d.Clause, d.Amount, m.After)
			}
		}
	}
	for _, p := range got.Parties {
		if p.Party == "openai" && p.After.String() != "0.018" { // two sales of 0.02, twice 0.007 and 0.004
			t.Errorf("openai is left with %s", p.After)
		}
	}
}

func TestOnlyTheUsageOfTheSpanIsCompared(t *testing.T) {
	first, second := used(caseB1(1)), used(caseB1(2))
	got, err := simulate.Compare(each(first, second), simulate.Span{From: second.Time, Until: second.Time + 1}, version(t, april), version(t, may))
	if err != nil {
		t.Fatal(err)
	}
	if got.Requests != 1 {
		t.Errorf("%d requests", got.Requests)
	}
}

func TestTheSameUsageGivesTheSameComparison(t *testing.T) {
	var texts []string
	for range 3 {
		down := used(caseA(1))
		text, err := json.Marshal(compare(t, intent(down, "openai-azure-gpt54"), down, used(caseB1(2)), used(caseB2(3)), used(caseA(4))))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if texts[0] != texts[1] || texts[1] != texts[2] {
		t.Error(strings.Join(texts, "\n"))
	}
}

func TestAComparisonOfAJournalThatCannotBeReadIsAnError(t *testing.T) {
	broken := func(yield func(*journal.Entry, error) bool) { yield(nil, errors.New("torn")) }
	if _, err := simulate.Compare(broken, simulate.Span{}, version(t, april), version(t, may)); err == nil || !strings.Contains(err.Error(), "torn") {
		t.Errorf("error %v", err)
	}
}

// TestTheDifferenceSaysWhatTheRouterDoes lays the decisions of a difference beside the plans of the routers.
func TestTheDifferenceSaysWhatTheRouterDoes(t *testing.T) {
	before, after := version(t, april)(may.UnixNano()), version(t, may)(may.UnixNano())
	d := agreement.Diff(before.Terms(), after.Terms(), before.Catalog())

	for _, c := range before.Catalog().Customers {
		f := delivery.Facts{At: may.UnixNano(), Customer: c.ID, Product: gpt, API: agreement.Chat}
		served := func(r *delivery.Router) (ids []string) {
			var p delivery.Plan
			r.Plan(f, nil, &p)
			for _, s := range p.Steps {
				ids = append(ids, r.Catalog().Deployments[s.Deployment].ID)
			}
			return ids
		}
		x, y := served(before), served(after)
		i := slices.IndexFunc(d.Decisions, func(dc agreement.DecisionChange) bool { return slices.Contains(dc.Customers, c.ID) })
		if i < 0 {
			if !slices.Equal(x, y) {
				t.Errorf("%s: the difference is silent, the plans are %v and %v", c.ID, x, y)
			}
			continue
		}
		if x, y = without(x, d.Decisions[i].Before), without(y, d.Decisions[i].After); len(x)+len(y) > 0 {
			t.Errorf("%s: the difference differs from the plans by %v and %v", c.ID, x, y)
		}
	}
}

// without takes the tiers off the front of a plan, each in whatever order.
func without(plan []string, tiers []agreement.Tier) []string {
	for _, tier := range tiers {
		n := min(len(tier.Deployments), len(plan))
		head := slices.Sorted(slices.Values(plan[:n]))
		if !slices.Equal(head, slices.Sorted(slices.Values(tier.Deployments))) {
			return append(plan, fmt.Sprint(tier))
		}
		plan = plan[n:]
	}
	return plan
}
