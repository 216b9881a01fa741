package agreement_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/money"
)

// fresh parses the examples anew, so that a test may change them.
func fresh(t *rapid.T, docs [][]byte) []*agreement.Agreement {
	var all []*agreement.Agreement
	for i, doc := range docs {
		a, findings := agreementfile.Parse(fmt.Sprintf("%d.yaml", i), doc)
		if a == nil {
			t.Fatalf("%v", findings)
		}
		all = append(all, a)
	}
	return all
}

func clausesOf[C agreement.Clause](all []*agreement.Agreement) (cs []C) {
	for _, a := range all {
		for _, m := range a.Amendments {
			for _, c := range slices.Concat(m.Adds, m.Replaces) {
				if c, ok := c.(C); ok {
					cs = append(cs, c)
				}
			}
		}
	}
	return cs
}

// ranking tells, for every customer and deployment of the demo, where the deployment stands; "" = not permitted.
func ranking(terms *agreement.Terms) (ranks []string) {
	c := catalog()
	for i := range c.Customers {
		for j := range c.Deployments {
			v := terms.Verdict(&c.Customers[i], &c.Deployments[j], agreement.Chat)
			rank := ""
			if v.Permitted {
				rank = fmt.Sprintf("%s seller %d %s group %d of %v %v %v", c.Deployments[j].ID, v.SellerRank, v.Delivery.ID, v.Group, v.Delivery.Order, v.Delivery.Within, v.Delivery.LeaveFor)
			}
			ranks = append(ranks, rank)
		}
	}
	return ranks
}

// moneyOf tells everything but delivery that terms say.
func moneyOf(terms *agreement.Terms) string {
	var b strings.Builder
	for _, f := range terms.Clauses() {
		if agreement.KindOf(f.Clause) != "delivery" {
			fmt.Fprintln(&b, agreement.Describe(f))
		}
	}
	for _, f := range terms.Shares() {
		fmt.Fprintln(&b, f.Ref())
	}
	return b.String()
}

// TestDeliveryLicenseAndMoneyAreDecoupled holds the article's claim: whatever happens to a license or share changes no
// order among the deployments that stay permitted, and whatever happens to an order changes no rate, cap or term.
func TestDeliveryLicenseAndMoneyAreDecoupled(t *testing.T) {
	var docs [][]byte
	for _, name := range []string{"openai-microsoft.yaml", "openai-clouds.yaml"} {
		doc, err := os.ReadFile("../examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	dates := []string{"2024-01-01", "2025-09-01", "2026-04-26", "2026-04-28", "2030-06-01"}
	terms := func(rt *rapid.T, all []*agreement.Agreement, date string) *agreement.Terms {
		v, err := agreement.NewSet(all...).AsOf(day(t, date), known)
		if err != nil {
			rt.Fatal(err)
		}
		return v
	}

	rapid.Check(t, func(rt *rapid.T) {
		date := rapid.SampledFrom(dates).Draw(rt, "date")
		before := terms(rt, fresh(rt, docs), date)

		changed := fresh(rt, docs)
		for _, c := range clausesOf[*agreement.License](changed) {
			if rapid.Bool().Draw(rt, "license "+c.ID) {
				c.Rights = rapid.SliceOfDistinct(rapid.SampledFrom([]agreement.Right{agreement.Host, agreement.Serve, agreement.FineTune}), func(r agreement.Right) agreement.Right { return r }).Draw(rt, "rights")
				c.Exclusivity = rapid.SampledFrom([]string{agreement.Exclusive, agreement.Sole, agreement.NonExclusive}).Draw(rt, "exclusivity")
			}
		}
		for _, c := range clausesOf[*agreement.RevenueShare](changed) {
			c.Rate = money.Rate{Num: rapid.Int64Range(0, 30).Draw(rt, "rate of "+c.ID), Den: 100}
			c.Caps = c.Caps[:rapid.IntRange(0, len(c.Caps)).Draw(rt, "caps of "+c.ID)]
		}
		was, is := ranking(before), ranking(terms(rt, changed, date))
		for i := range was {
			if was[i] != "" && is[i] != "" && was[i] != is[i] {
				rt.Errorf("a license or share moved %q to %q", was[i], is[i])
			}
		}

		reordered := fresh(rt, docs)
		for _, c := range clausesOf[*agreement.Delivery](reordered) {
			c.Order = rapid.Permutation(c.Order).Draw(rt, "order of "+c.ID)
			c.Choice = rapid.SampledFrom([]string{"none", "group", "permitted"}).Draw(rt, "choice")
			c.Within = agreement.Within{Rule: rapid.SampledFrom([]string{"declared", "cheapest", "fastest"}).Draw(rt, "within")}
		}
		if diff := cmp.Diff(moneyOf(before), moneyOf(terms(rt, reordered, date))); diff != "" {
			rt.Errorf("an order changed money or licenses, -before +after:\n%s", diff)
		}
	})
}

// TestTheOrderOfClausesInAFileMeansNothing shuffles clauses, facts, parties and products.
func TestTheOrderOfClausesInAFileMeansNothing(t *testing.T) {
	doc, err := os.ReadFile("../examples/openai-microsoft.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		date := day(t, rapid.SampledFrom([]string{"2025-09-01", "2026-04-28"}).Draw(rt, "date"))
		hash := func(a *agreement.Agreement) agreement.Hash {
			terms, err := agreement.NewSet(a).AsOf(date, known)
			if err != nil {
				rt.Fatal(err)
			}
			return terms.Hash()
		}
		before := hash(fresh(rt, [][]byte{doc})[0])

		a := fresh(rt, [][]byte{doc})[0]
		a.Parties = rapid.Permutation(a.Parties).Draw(rt, "parties")
		a.Products = rapid.Permutation(a.Products).Draw(rt, "products")
		a.Facts = rapid.Permutation(a.Facts).Draw(rt, "facts")
		a.Amendments = rapid.Permutation(a.Amendments).Draw(rt, "amendments")
		for i := range a.Amendments {
			m := &a.Amendments[i]
			m.Adds = rapid.Permutation(m.Adds).Draw(rt, "adds")
			m.Replaces = rapid.Permutation(m.Replaces).Draw(rt, "replaces")
			m.Ends = rapid.Permutation(m.Ends).Draw(rt, "ends")
		}
		for _, c := range clausesOf[agreement.Clause]([]*agreement.Agreement{a}) {
			h := c.Head()
			h.Prose, h.Pos, h.Places, h.Unsettled = "other words", agreement.Pos{}, nil, nil
		}

		if hash(a) != before {
			rt.Error("the order of a file, or its wording, changes the terms")
		}
	})
}
