package delivery_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/agreement/condition"
	"concord/delivery"
)

// on makes azureFirst hold under a condition, and a second clause under another.
func on(when string, others ...*agreement.Delivery) *agreement.Agreement {
	a := partnership(func(d *agreement.Delivery) { d.When = when })
	for _, d := range others {
		a.Amendments[1].Adds = append(a.Amendments[1].Adds, d)
	}
	return a
}

// awsFirst is another order, for what a condition selects.
func awsFirst(when string) *agreement.Delivery {
	d := azureFirst()
	d.ID, d.When, d.Order = "aws-first", when, [][]string{{"aws"}, {"azure"}}
	return d
}

func TestAConditionSelectsTheClauseOfARequest(t *testing.T) {
	r := sound(t, after, catalog(), on("!stream", awsFirst("stream")), licensees())
	f := facts("acme", gpt)

	whole := plan(r, f)
	f.Stream = true
	streamed := plan(r, f)

	if diff := cmp.Diff([]string{"openai-azure-gpt54", "openai-aws-gpt54", "openai-direct-gpt54"}, whole[:3]); diff != "" {
		t.Errorf("an answer in one piece, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"openai-aws-gpt54", "openai-azure-gpt54", "amazon-aws-gpt54"}, streamed[:3]); diff != "" {
		t.Errorf("a stream, -want +got:\n%s", diff)
	}
}

func TestCustomersDifferByTheAttributesThatConditionsAskFor(t *testing.T) {
	c := catalog()
	gov := c.Customers[0]
	gov.ID, gov.Attributes = "bureau", []condition.Attribute{{Name: "class", Value: "gov"}}
	c = customer(c, gov)
	r := sound(t, after, c, on(`attributes.class == "gov"`, awsFirst(`!has(attributes.class)`)), licensees())

	if got := plan(r, facts("bureau", gpt))[0]; got != "openai-azure-gpt54" {
		t.Errorf("the bureau's first deployment is %s", got)
	}
	if got := plan(r, facts("acme", gpt))[0]; got != "openai-aws-gpt54" {
		t.Errorf("acme's first deployment is %s", got)
	}
}

func TestAConditionOnTheDeploymentPermitsIt(t *testing.T) {
	c := catalog()
	c.Deployments[0].Region = "us-gov-west-1"
	r := sound(t, after, c, on(`cloud == "azure" || region.startsWith("us-gov-")`), licensees())

	got := plan(r, facts("acme", gpt))

	if diff := cmp.Diff([]string{"openai-azure-gpt54", "openai-aws-gpt54", "microsoft-azure-gpt54"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, v := range r.Explain(facts("acme", gpt)) {
		if v.Permitted && v.Clause.Clause != "azure-first" {
			t.Errorf("permitted by %s", v.Clause)
		}
	}
}

func TestALicenseHoldsUnderItsCondition(t *testing.T) {
	a := partnership()
	for _, c := range a.Amendments[0].Adds {
		if l, ok := c.(*agreement.License); ok {
			l.When = `api == "chat" && !stream`
		}
	}
	r := sound(t, after, catalog(), a, licensees())
	f := facts("contoso", gpt)

	if got := plan(r, f); got[0] != "microsoft-azure-gpt54" {
		t.Errorf("an answer in one piece goes to %v", got)
	}
	f.Stream = true
	if got := plan(r, f); got[0] != "amazon-aws-gpt54" {
		t.Errorf("a stream goes to %v", got)
	}
	f.API = agreement.Responses
	f.Stream = false
	if got := plan(r, f); got[0] != "amazon-aws-gpt54" {
		t.Errorf("a response goes to %v", got)
	}
}

func TestAConditionThatIsNoneKeepsTermsFromBeingMade(t *testing.T) {
	_, err := agreement.NewSet(on(`clod == "azure"`)).AsOf(after, after)

	want := `terms as of 2026-05-04T12:00:00Z: agreement openai-microsoft: the condition of azure-first, at character 1: there is no fact "clod": use one of product, owner, state, cloud, region, zone, account, seller, customer, territory, api, stream, attributes`
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// conditional gives every clause of the synthetic world a condition, half of them on what only the request says.
func conditional(t testing.TB) *delivery.Router {
	n := 0
	return synthetic(t, "declared", func(h *agreement.Head) {
		h.When = `product.startsWith("openai/") && cloud in ["azure", "aws", "openai", "gcp"] && customer != "c9" && api == "chat"`
		if n++; n%2 == 0 {
			h.When += ` && !stream`
		}
	})
}

func TestADecisionUnderConditionsDoesNotAllocate(t *testing.T) {
	r := conditional(t)
	var p delivery.Plan
	f := facts("c7", "openai/m3")
	r.Plan(f, nil, &p)
	if len(p.Steps) == 0 {
		t.Fatal("nobody serves")
	}
	if n := testing.AllocsPerRun(200, func() { f.Stream = !f.Stream; r.Plan(f, nil, &p); p.First() }); n != 0 {
		t.Errorf("%v allocations a decision", n)
	}
}

// TestCustomersWhoShareRoutesDoNotDiffer holds the routes that customers share against verdicts that are made for each alone.
func TestCustomersWhoShareRoutesDoNotDiffer(t *testing.T) {
	conditions := []string{
		"", `stream`, `customer != "c1"`, `attributes.class == "gov" || !stream`, `has(attributes.team) && api == "chat"`, `territory == "eu"`,
		`zone == "us" && seller == "openai"`, `!(attributes.team < "m")`, `cloud in ["aws", "azure"]`, `customer < "c3" && stream`,
	}
	rapid.Check(t, func(rt *rapid.T) {
		when := func(name string) string { return rapid.SampledFrom(conditions).Draw(rt, name) }
		a := on(when("order"), awsFirst(when("other order")))
		for _, c := range a.Amendments[0].Adds {
			if l, ok := c.(*agreement.License); ok {
				l.When = when("license")
			}
		}
		c := catalog()
		c.Customers = nil
		for i := range 6 {
			one := agreement.Customer{ID: fmt.Sprintf("c%d", i), Sellers: [][]string{{"openai"}, {"microsoft", "amazon"}}}
			one.Territory = rapid.SampledFrom([]string{"", "eu", "us"}).Draw(rt, "territory")
			for _, name := range []string{"class", "team"} {
				if v := rapid.SampledFrom([]string{"", "gov", "zeta"}).Draw(rt, name); v != "" {
					one.Attributes = append(one.Attributes, condition.Attribute{Name: name, Value: v})
				}
			}
			c.Customers = append(c.Customers, one)
		}
		r, _ := router(t, after, c, books(t), a, licensees())

		for i := range c.Customers {
			for _, stream := range []bool{false, true} {
				f := facts(c.Customers[i].ID, gpt)
				f.Stream = stream
				var want []string
				for d, v := range r.Explain(f) {
					if v.Permitted {
						want = append(want, c.Deployments[d].ID)
					}
				}
				got := plan(r, f)
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					rt.Fatalf("%+v, streamed %v: the plan has %v, the verdicts permit %v", c.Customers[i], stream, got, want)
				}
			}
		}
	})
}
