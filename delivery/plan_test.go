package delivery_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/delivery"
)

func TestTheAmendmentOpensTheCloudsInItsOrder(t *testing.T) {
	for _, c := range []struct {
		name, customer, product string
		at                      time.Time
		want                    []string
	}{
		{"before it OpenAI's API runs on azure only", "acme", gpt, before,
			[]string{"openai-azure-gpt54", "microsoft-azure-gpt54"}},
		{"after it azure is first, of the first seller", "acme", gpt, after,
			[]string{"openai-azure-gpt54", "openai-aws-gpt54", "openai-direct-gpt54", "microsoft-azure-gpt54", "amazon-aws-gpt54"}},
		{"a customer of Microsoft goes on to its second seller", "contoso", gpt, after,
			[]string{"microsoft-azure-gpt54", "amazon-aws-gpt54"}},
		{"before it that seller has no license", "contoso", gpt, before,
			[]string{"microsoft-azure-gpt54"}},
		{"before the first agreement nobody may", "contoso", gpt, start.AddDate(0, 0, -1), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := router(t, c.at, catalog(), books(t))
			if diff := cmp.Diff(c.want, plan(r, facts(c.customer, c.product))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEveryCheckKeepsADeploymentOut(t *testing.T) {
	eu := agreement.Customer{ID: "eu", Sellers: [][]string{{"microsoft", "google"}}, Zones: []string{"eu"}}
	hosted := agreement.Deployment{ID: "on-gcp", Product: gpt, Cloud: "gcp", Holder: "google", Seller: "openai"}
	c := customer(catalog(), eu)
	c.Deployments = append(c.Deployments, hosted)
	r, _ := router(t, after, c, books(t))
	unpriced, _ := router(t, after, c, books(t)[:1])

	for _, tc := range []struct {
		router                        *delivery.Router
		customer, product, on, clause string
		want                          agreement.Check
	}{
		{r, "contoso", gpt, "openai-azure-gpt54", "", agreement.CheckSeller},
		{r, "acme", gpt, "on-gcp", "", agreement.CheckHost},
		{r, "eu", oss, "microsoft-azure-oss", "", agreement.CheckRegion},
		{unpriced, "acme", gpt, "openai-aws-gpt54", "openai-sales", agreement.CheckPrice},
	} {
		t.Run(tc.want.String(), func(t *testing.T) {
			i, _ := tc.router.Deployment(tc.on)
			v := tc.router.Explain(facts(tc.customer, tc.product))[i]
			if v.Permitted || v.Failed != tc.want || v.Clause.Clause != tc.clause {
				t.Errorf("failed %v by %q: %s", v.Failed, v.Clause.Clause, v.Reason)
			}
		})
	}

	t.Run("cloud", func(t *testing.T) {
		r, _ := router(t, before, c, books(t))
		i, _ := r.Deployment("openai-aws-gpt54")
		v := r.Explain(facts("acme", gpt))[i]
		if v.Failed != agreement.CheckCloud || v.Clause != (agreement.Ref{Agreement: "openai-microsoft", Clause: "api-exclusivity"}) {
			t.Errorf("failed %v by %v: %s", v.Failed, v.Clause, v.Reason)
		}
	})
	t.Run("api", func(t *testing.T) {
		f := facts("acme", gpt)
		f.API = agreement.Audio
		if v, denied := r.Denial(f); !denied || v.Failed != agreement.CheckAPI {
			t.Errorf("failed %v: %s", v.Failed, v.Reason)
		}
	})
}

func TestARefusalTellsNobodyMayFromAnUnknownProduct(t *testing.T) {
	r := sound(t, after, catalog())
	nobody, _ := router(t, start.AddDate(0, 0, -1), catalog(), books(t))
	for _, c := range []struct {
		name   string
		router *delivery.Router
		facts  delivery.Facts
		want   delivery.Cause
	}{
		{"served", r, facts("acme", gpt), delivery.Served},
		{"nobody may", nobody, facts("acme", gpt), delivery.NobodyMay},
		{"unknown product", r, facts("acme", "openai/gpt-1"), delivery.UnknownProduct},
		{"unknown customer", r, facts("initech", gpt), delivery.UnknownCustomer},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p delivery.Plan
			c.router.Plan(c.facts, nil, &p)
			if p.Cause != c.want || p.Refused != (c.want != delivery.Served) || p.Refused && p.First().Kind != delivery.End {
				t.Errorf("cause %v, refused %v", p.Cause, p.Refused)
			}
		})
	}
}

func TestChoiceMovesTheHomeCloudAsFarAsTheClauseLetsIt(t *testing.T) {
	for _, c := range []struct {
		choice, home string
		want         []string
	}{
		{"none", "openai", []string{"openai-azure-gpt54", "openai-aws-gpt54", "openai-direct-gpt54"}},
		{"group", "openai", []string{"openai-azure-gpt54", "*openai-direct-gpt54", "openai-aws-gpt54"}},
		{"permitted", "openai", []string{"*openai-direct-gpt54", "openai-azure-gpt54", "openai-aws-gpt54"}},
		{"permitted", "azure", []string{"*openai-azure-gpt54", "openai-aws-gpt54", "openai-direct-gpt54"}},
		{"group", "azure", []string{"openai-azure-gpt54", "openai-aws-gpt54", "openai-direct-gpt54"}},
	} {
		t.Run(c.choice+" "+c.home, func(t *testing.T) {
			with := customer(catalog(), agreement.Customer{ID: "initech", Sellers: [][]string{{"openai"}}, Home: c.home})
			r := sound(t, after, with, partnership(func(d *agreement.Delivery) { d.Choice = c.choice }), licensees())

			var p delivery.Plan
			r.Plan(facts("initech", gpt), nil, &p)
			got := ids(r, &p)
			for i := range p.Steps {
				if p.Steps[i].Choice {
					got[i] = "*" + got[i]
				}
			}

			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCheapestGoesByTheCustomersPriceThenByCost(t *testing.T) {
	cheaper := strings.ReplaceAll(prices, "list", "amazon-list") + strings.ReplaceAll(listed, "SELLER", "amazon")
	for _, c := range []struct {
		name, price string
		want        []string
	}{
		{"price", "2.00", []string{"amazon-aws-gpt54", "openai-direct-gpt54", "openai-aws-gpt54"}},
		{"then cost", "2.50", []string{"amazon-aws-gpt54", "openai-direct-gpt54", "openai-aws-gpt54"}},
		{"dearer", "3.00", []string{"openai-direct-gpt54", "openai-aws-gpt54", "amazon-aws-gpt54"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			with := customer(catalog(), agreement.Customer{ID: "initech", Sellers: [][]string{{"openai", "amazon"}}})
			clouds := licensees()
			for _, clause := range clouds.Amendments[0].Adds {
				if s, ok := clause.(*agreement.Sale); ok && s.ID == "amazon-sales" {
					s.Book = "amazon-list"
				}
			}
			first := func(d *agreement.Delivery) { d.Within.Rule = "cheapest" }
			b := append(books(t), book(t, strings.ReplaceAll(cheaper, "2.50", c.price)))

			r, _ := router(t, after, with, b, partnership(first), clouds)

			if diff := cmp.Diff(append([]string{"openai-azure-gpt54"}, c.want...), plan(r, facts("initech", gpt))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestMoneyDoesNotOrder is the central claim, decoupling, as far as it concerns orders: whoever may serve, and at
// whatever share, the others keep their order.
func TestALicenseThatEndsLeavesTheOthersInOrder(t *testing.T) {
	weights := func(d *agreement.Delivery) {
		d.Within = agreement.Within{Rule: "weighted", Weights: []agreement.Weight{{Cloud: "aws", Weight: 2}, {Cloud: "openai", Weight: 1}}}
	}
	one := agreement.Customer{ID: "one", Sellers: [][]string{{"openai", "microsoft", "amazon"}}}
	full := sound(t, after, customer(catalog(), one), partnership(weights), licensees())
	ended := licensees()
	ended.Amendments[0].Adds = slices.DeleteFunc(ended.Amendments[0].Adds, func(c agreement.Clause) bool { return c.Head().ID == "amazon-license" })
	less := sound(t, after, customer(catalog(), one), partnership(weights), ended)

	rapid.Check(t, func(t *rapid.T) {
		f := facts("one", gpt)
		copy(f.Request[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "request"))
		want := slices.DeleteFunc(plan(full, f), func(id string) bool { return id == "amazon-aws-gpt54" })
		if diff := cmp.Diff(want, plan(less, f)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTheOrderDoesNotDependOnHowFilesAreOrdered(t *testing.T) {
	var want []string
	for i := range 4 {
		p, l, c := partnership(), licensees(), catalog()
		agreements := []*agreement.Agreement{p, l}
		if i&1 != 0 {
			slices.Reverse(agreements)
			slices.Reverse(c.Customers)
		}
		if i&2 != 0 {
			slices.Reverse(p.Amendments[0].Adds)
			slices.Reverse(l.Amendments[0].Adds)
			slices.Reverse(c.Deployments)
			slices.Reverse(openWeights().Within.Weights)
		}
		r := sound(t, after, c, agreements...)
		var got []string
		for n := range 64 {
			for _, f := range []delivery.Facts{facts("acme", gpt), facts("acme", oss), facts("contoso", gpt)} {
				f.Request[15] = byte(n)
				got = append(got, strings.Join(plan(r, f), " "))
			}
		}
		if i == 0 {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("order %d: %s", i, diff)
		}
	}
}

func TestAWeightedDrawHasTheProportionsOfItsWeights(t *testing.T) {
	weights := func(d *agreement.Delivery) {
		d.Within = agreement.Within{Rule: "weighted", Weights: []agreement.Weight{{Cloud: "aws", Weight: 2}, {Cloud: "openai", Weight: 1}}}
	}
	r := sound(t, after, catalog(), partnership(weights), licensees())

	second, third := map[string]int{}, map[string]int{}
	const n = 30000
	for i := range n {
		f := facts("acme", gpt)
		f.Request[14], f.Request[15], f.Request[2] = byte(i>>8), byte(i), byte(i>>4)
		steps := plan(r, f)
		second[steps[1]]++
		f.Product = oss
		third[strings.Join(plan(r, f)[1:], " ")]++
	}

	within := func(what string, got, want int) {
		t.Helper()
		if d := got - want; d < -n/100 || d > n/100 {
			t.Errorf("%s: %d of %d, want about %d", what, got, n, want)
		}
	}
	within("aws has two of three", second["openai-aws-gpt54"], n*2/3)
	within("openai has one of three", second["openai-direct-gpt54"], n/3)
	for order, count := range third {
		within("each of six orders alike: "+order, count, n/6)
	}
	if len(third) != 6 {
		t.Errorf("%d orders of three clouds", len(third))
	}
}

func TestARecomputedDecisionIsTheLiveOne(t *testing.T) {
	r := sound(t, after, catalog())
	deployments := r.Catalog().Deployments
	rapid.Check(t, func(t *rapid.T) {
		f := facts(rapid.SampledFrom([]string{"acme", "contoso"}).Draw(t, "customer"), rapid.SampledFrom([]string{gpt, oss}).Draw(t, "product"))
		copy(f.Request[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "request"))
		seen := make([]delivery.State, len(deployments))
		for i := range seen {
			seen[i] = delivery.State(rapid.IntRange(0, 3).Draw(t, "state"))
		}
		var live, again delivery.Plan
		r.Plan(f, seen, &live)

		// The journal keeps what was not closed, by id, in any order.
		journaled := func(yield func(string, delivery.State) bool) {
			for i, state := range slices.Backward(seen) {
				if state != delivery.Closed && !yield(deployments[i].ID, state) {
					return
				}
			}
		}
		if err := r.Recompute(f, journaled, &again); err != nil {
			t.Fatal(err)
		}

		if diff := cmp.Diff(live.Steps, again.Steps); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(live.First(), again.First()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestRecomputingRefusesAForeignDeployment(t *testing.T) {
	r := sound(t, after, catalog())
	var p delivery.Plan
	err := r.Recompute(facts("acme", gpt), func(yield func(string, delivery.State) bool) { yield("oracle", delivery.OpenDown) }, &p)
	if err == nil || !strings.Contains(err.Error(), `"oracle"`) {
		t.Errorf("error %v", err)
	}
}

func TestExplainAndPlanAgreeOnEveryDeployment(t *testing.T) {
	for _, at := range []time.Time{before, after} {
		r, _ := router(t, at, catalog(), books(t))
		for _, c := range r.Catalog().Customers {
			for _, product := range []string{gpt, oss} {
				f := facts(c.ID, product)
				var want []string
				for i, v := range r.Explain(f) {
					if v.Permitted {
						want = append(want, r.Catalog().Deployments[i].ID)
					} else if v.Reason == "" {
						t.Errorf("%s: no reason why %s may not", c.ID, r.Catalog().Deployments[i].ID)
					}
				}
				got := plan(r, f)
				slices.Sort(got)
				slices.Sort(want)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			}
		}
	}
}

func TestADecisionAllocatesNothing(t *testing.T) {
	r := sound(t, after, catalog())
	var p delivery.Plan
	f := facts("acme", oss)
	seen := health(r, map[string]delivery.State{"microsoft-azure-oss": delivery.OpenDown})
	if n := testing.AllocsPerRun(200, func() {
		r.Plan(f, seen, &p)
		m := p.First()
		p.Next(m.Step, delivery.ServerError, 0, second, seen)
	}); n != 0 {
		t.Errorf("%v allocations a decision", n)
	}
}

// BenchmarkDecision is the target of DESIGN: 100 clauses, 40 deployments, no condition.
func BenchmarkDecision(b *testing.B) {
	for _, rule := range []string{"declared", "weighted"} {
		b.Run(rule, func(b *testing.B) {
			r := synthetic(b, rule)
			var p delivery.Plan
			f := facts("c7", "openai/m3")
			seen := make([]delivery.State, len(r.Catalog().Deployments))
			b.ReportAllocs()
			n := uint64(0)
			for b.Loop() {
				n++
				f.Request[15], f.Request[14] = byte(n), byte(n>>8)
				r.Plan(f, seen, &p)
				p.First()
			}
			b.ReportMetric(float64(len(p.Steps)), "steps")
		})
	}
	b.Run("conditions", func(b *testing.B) {
		r := conditional(b)
		var p delivery.Plan
		f := facts("c7", "openai/m3")
		seen := make([]delivery.State, len(r.Catalog().Deployments))
		b.ReportAllocs()
		for b.Loop() {
			f.Stream = !f.Stream
			r.Plan(f, seen, &p)
			p.First()
		}
	})
}

// synthetic is 10 products on 4 clouds each, by 100 clauses; vary changes the clauses that may have a condition.
func synthetic(t testing.TB, rule string, vary ...func(*agreement.Head)) *delivery.Router {
	a := partnership()
	adds := a.Amendments[0].Adds[:0:0]
	for i := range 10 {
		id := fmt.Sprintf("openai/m%d", i)
		a.Products = append(a.Products, agreement.Product{ID: id, Owner: "openai", APIs: []agreement.API{agreement.Chat}})
		only := agreement.Match{Match: []string{id}}
		d := azureFirst()
		d.ID, d.Products = "order-"+id, only
		d.Order = [][]string{{"azure", "aws", "openai", "gcp"}}
		d.Within = agreement.Within{Rule: rule, Weights: []agreement.Weight{
			{Cloud: "azure", Weight: 4}, {Cloud: "aws", Weight: 3}, {Cloud: "openai", Weight: 2}, {Cloud: "gcp", Weight: 1}}}
		adds = append(adds, d, sale("sale-"+id, "openai", "list", only))
		for n := range 8 {
			l := license(fmt.Sprintf("license-%s-%d", id, n), "microsoft", "azure")
			l.Products = only
			adds = append(adds, l)
		}
	}
	for _, c := range adds {
		if _, sale := c.(*agreement.Sale); !sale {
			for _, v := range vary {
				v(c.Head())
			}
		}
	}
	a.Amendments[0].Adds = adds
	c := &agreement.Catalog{}
	for i := range 10 {
		for _, cloud := range []string{"azure", "aws", "openai", "gcp"} {
			c.Deployments = append(c.Deployments, agreement.Deployment{
				ID: fmt.Sprintf("%s-m%d", cloud, i), Product: fmt.Sprintf("openai/m%d", i), Cloud: cloud, Holder: "openai", Seller: "openai"})
		}
		c.Customers = append(c.Customers, agreement.Customer{ID: fmt.Sprintf("c%d", i), Sellers: [][]string{{"openai"}}})
	}
	doc := prices + strings.ReplaceAll(strings.ReplaceAll(listed, "SELLER", "openai"), "openai/gpt-5.4", "openai/m*")
	cost := costs + strings.ReplaceAll("  - {product: openai/m*, operator: WHO, buyer: openai, from: 2020-01-01, input: \"1\", cache_read: \"1\", output: \"1\", provenance: assumed, source: t}\n", "WHO", "microsoft")
	for _, who := range []string{"amazon", "google"} {
		cost += fmt.Sprintf("  - {product: openai/m*, operator: %s, buyer: openai, from: 2020-01-01, input: \"1\", cache_read: \"1\", output: \"1\", provenance: assumed, source: t}\n", who)
	}
	r, found := router(t, after, c, delivery.Books{book(t, doc), book(t, cost)}, a, licensees())
	for _, f := range found {
		if f.Severity == agreement.Error {
			t.Fatal(f.Message)
		}
	}
	return r
}
