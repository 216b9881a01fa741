package delivery_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"concord/agreement"
	"concord/delivery"
	"concord/money"
)

// drawnTerms are terms of a lab that is delivered on four clouds in a drawn order, and a policy of one customer.
func drawnTerms(t *rapid.T) *agreement.Terms {
	clouds := []string{"a", "b", "c", "d"}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	head := func(id string) agreement.Common {
		return agreement.Common{ID: id, End: agreement.End{Perpetual: true}}
	}
	groups := func(name string) [][]string {
		all := rapid.Permutation(clouds).Draw(t, name)[:rapid.IntRange(1, 4).Draw(t, name+" clouds")]
		cut := rapid.IntRange(0, len(all)).Draw(t, name+" cut")
		return slices.DeleteFunc([][]string{all[:cut], all[cut:]}, func(g []string) bool { return len(g) == 0 })
	}
	deal := &agreement.Agreement{Name: "deal", Currency: "USD", Products: []agreement.Product{{ID: "lab/m", Owner: "lab", APIs: []agreement.API{agreement.Chat}}},
		Parties: []agreement.Party{{ID: "lab", Operates: clouds[:2]}, {ID: "north", Operates: clouds[2:]}}}
	run := &agreement.Delivery{Common: head("run"), Order: groups("order"), Mode: rapid.SampledFrom([]string{agreement.Permitting, agreement.Exclusive}).Draw(t, "mode"),
		Choice: rapid.SampledFrom([]string{"none", "group", "permitted"}).Draw(t, "choice"),
		Within: rapid.SampledFrom([]agreement.Within{{Rule: "declared"}, {Rule: "weighted", Weights: []agreement.Weight{{Cloud: "a", Weight: 1}, {Cloud: "b", Weight: 2}, {Cloud: "c", Weight: 1}}}}).Draw(t, "within")}
	adds := []agreement.Clause{run}
	for _, seller := range []string{"lab", "north"} {
		adds = append(adds, &agreement.Sale{Common: head(seller + "-sales"), Seller: seller, Book: "list", Streams: []agreement.Stream{{Name: "cloud", Part: money.Rate{Num: 1, Den: 1}}}})
	}
	if rapid.Bool().Draw(t, "license") {
		adds = append(adds, &agreement.License{Common: head("lic"), Licensor: "lab", Licensee: "north", Rights: []agreement.Right{agreement.Serve, agreement.Host}, Exclusivity: agreement.NonExclusive})
	}
	deal.Amendments = []agreement.Amendment{{ID: "start", Effective: start, Adds: adds}}
	policy := &agreement.Agreement{Name: "policy", Policy: "anna", Currency: "USD", Parties: []agreement.Party{{ID: "anna"}},
		Amendments: []agreement.Amendment{{ID: "start", Effective: start}}}
	if rapid.Bool().Draw(t, "policy") {
		policy.Amendments[0].Adds = []agreement.Clause{&agreement.Delivery{Common: head("own"), Order: groups("own order")}}
	}
	terms, err := agreement.NewSet(deal, policy).AsOf(start.AddDate(0, 1, 0), start.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return terms
}

// TestADifferenceSaysWhatPlansDo holds agreement.Diff, which asks the terms, to the plans of routers compiled from them.
func TestADifferenceSaysWhatPlansDo(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		offer := &agreement.Catalog{Customers: []agreement.Customer{
			{ID: "anna", Sellers: [][]string{{"lab", "north"}}, Home: rapid.SampledFrom([]string{"", "b", "d"}).Draw(rt, "home of anna")},
			{ID: "bert", Sellers: [][]string{{"north"}, {"lab"}}, Home: rapid.SampledFrom([]string{"", "c"}).Draw(rt, "home of bert")},
		}}
		for _, seller := range []string{"lab", "north"} {
			for _, cloud := range []string{"a", "b", "c", "d"} {
				offer.Deployments = append(offer.Deployments, agreement.Deployment{ID: seller + "-" + cloud, Product: "lab/m", Cloud: cloud, Seller: seller, Holder: seller})
			}
		}
		from, to := drawnTerms(rt), drawnTerms(rt)
		d := agreement.Diff(from, to, offer)
		before, _ := delivery.CompileUnpriced(from, offer, 0)
		after, _ := delivery.CompileUnpriced(to, offer, 0)
		for _, c := range offer.Customers {
			x, y := planned(before, c.ID), planned(after, c.ID)
			i := slices.IndexFunc(d.Decisions, func(dc agreement.DecisionChange) bool { return slices.Contains(dc.Customers, c.ID) })
			if i < 0 {
				if !slices.Equal(x, y) {
					rt.Fatalf("%s: the difference is silent, the plans are %v and %v", c.ID, x, y)
				}
				continue
			}
			inTiers(rt, c.ID, x, d.Decisions[i].Before)
			inTiers(rt, c.ID, y, d.Decisions[i].After)
		}
	})
}

func planned(r *delivery.Router, customer string) (ids []string) {
	var p delivery.Plan
	r.Plan(delivery.Facts{Request: [16]byte{7, 1, 9}, Customer: customer, Product: "lab/m", API: agreement.Chat}, nil, &p)
	for _, s := range p.Steps {
		ids = append(ids, r.Catalog().Deployments[s.Deployment].ID)
	}
	return ids
}

// inTiers checks that a plan goes through tiers one after another.
func inTiers(t *rapid.T, customer string, plan []string, tiers []agreement.Tier) {
	rest := plan
	for _, tier := range tiers {
		n := min(len(tier.Deployments), len(rest))
		if fmt.Sprint(slices.Sorted(slices.Values(rest[:n]))) != fmt.Sprint(slices.Sorted(slices.Values(tier.Deployments))) {
			t.Fatalf("%s: the plan %v does not go through %v", customer, plan, tiers)
		}
		rest = rest[n:]
	}
	if len(rest) > 0 {
		t.Fatalf("%s: the plan %v goes on after %v", customer, plan, tiers)
	}
}
