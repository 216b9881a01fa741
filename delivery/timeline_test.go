package delivery_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/agreement"
	"concord/delivery"
	"concord/pricing"
	"concord/usage"
)

func timeline(t testing.TB, b delivery.Books) (*delivery.Timeline, []agreement.Finding) {
	t.Helper()
	line, found := delivery.NewTimeline(agreement.NewSet(partnership(), licensees()), catalog(), b, after)
	if line == nil {
		t.Fatal(found)
	}
	return line, found
}

func TestATimelineDecidesByTheTermsOfTheAdmittedInstant(t *testing.T) {
	line, found := timeline(t, books(t))
	if len(found) != 0 {
		t.Errorf("findings: %v", found)
	}
	for _, c := range []struct {
		name string
		at   time.Time
		want int
	}{
		{"before everything", start.Add(-1), 0},
		{"at the start", start, 1},
		{"a nanosecond before the amendment", multi.Add(-1), 1},
		{"at the amendment", multi, 1},
		{"a day later", multi.AddDate(0, 0, 1), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := facts("contoso", gpt)
			if got := plan(line.At(c.at.UnixNano()), f); len(got) != c.want {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestATimelineFollowsThePrices(t *testing.T) {
	b := books(t)
	later := strings.ReplaceAll(prices, "list", "late") + strings.ReplaceAll(strings.ReplaceAll(listed, "SELLER", "openai"), "2020-01-01", "2026-06-01")
	b = append(b, book(t, later))
	line, _ := timeline(t, b)

	first, june := line.At(after.UnixNano()), line.At(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	if first == june {
		t.Error("one router for two prices")
	}
	if first.Terms().Hash() != june.Terms().Hash() {
		t.Error("a price changed the terms")
	}
}

func TestOneRouterIsCompiledForAll(t *testing.T) {
	line, _ := timeline(t, books(t))
	routers := make([]*delivery.Router, 8)
	var group sync.WaitGroup
	for i := range routers {
		group.Go(func() { routers[i] = line.At(before.UnixNano()) })
	}
	group.Wait()
	for _, r := range routers {
		if r != routers[0] {
			t.Fatal("two routers for one span")
		}
	}
	if n := testing.AllocsPerRun(100, func() { line.At(before.UnixNano()) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWhatIsWrongWithACatalogIsFoundAtLoad(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(*agreement.Catalog, *agreement.Agreement, *delivery.Books)
		rule     string
		severity agreement.Severity
		says     string
	}{
		{"unknown seller", func(c *agreement.Catalog, _ *agreement.Agreement, _ *delivery.Books) {
			c.Deployments[0].Seller = "oracle"
		},
			"unknown-party", agreement.Error, `seller "oracle" of deployment openai-aws-gpt54`},
		{"unknown cloud", func(c *agreement.Catalog, _ *agreement.Agreement, _ *delivery.Books) { c.Deployments[0].Cloud = "oci" },
			"unknown-cloud", agreement.Error, `runs on "oci"`},
		{"unknown product", func(c *agreement.Catalog, _ *agreement.Agreement, _ *delivery.Books) {
			c.Deployments[0].Product = "a/b"
		},
			"unknown-product", agreement.Error, `serves "a/b"`},
		{"same id twice", func(c *agreement.Catalog, _ *agreement.Agreement, _ *delivery.Books) {
			c.Deployments[1].ID = "openai-aws-gpt54"
		},
			"duplicate-deployment", agreement.Error, "twice"},
		{"same customer twice", func(c *agreement.Catalog, _ *agreement.Agreement, _ *delivery.Books) { c.Customers[1].ID = "acme" },
			"duplicate-customer", agreement.Error, "twice"},
		{"customer of nobody", func(c *agreement.Catalog, _ *agreement.Agreement, _ *delivery.Books) { c.Customers[1].Sellers = nil },
			"no-seller", agreement.Error, "contoso"},
		{"no price book", func(_ *agreement.Catalog, _ *agreement.Agreement, b *delivery.Books) { *b = (*b)[1:] },
			"no-price", agreement.Error, `price book "list" of openai-sales is not loaded`},
		{"no cost", func(_ *agreement.Catalog, _ *agreement.Agreement, b *delivery.Books) { *b = (*b)[:1] },
			"no-price", agreement.Error, "what amazon charges openai for input, cache_read, output"},
		{"sound without any price", func(c *agreement.Catalog, _ *agreement.Agreement, _ *delivery.Books) {
			c.Deployments[0].APIs = []agreement.API{agreement.Chat, agreement.Audio}
		}, "no-price", agreement.Error, "for input_audio, output_audio, seconds, characters of"},
		{"no sale clause", func(_ *agreement.Catalog, a *agreement.Agreement, _ *delivery.Books) {
			a.Amendments[1].Ends = append(a.Amendments[1].Ends, agreement.EndedClause{ID: "openai-sales"})
		}, "no-price", agreement.Error, "no single sale clause says on which terms openai bills openai/gpt-5.4 on aws"},
		{"fastest", func(_ *agreement.Catalog, a *agreement.Agreement, _ *delivery.Books) {
			a.Amendments[1].Adds[0].(*agreement.Delivery).Within.Rule = "fastest"
		}, "within-fastest", agreement.Error, "azure-first orders by fastest"},
		{"serves nobody", func(c *agreement.Catalog, _ *agreement.Agreement, _ *delivery.Books) { c.Customers = c.Customers[1:] },
			"unused-deployment", agreement.Warning, "openai-aws-gpt54 may serve no customer: contoso does not buy from openai"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cat, a, b := catalog(), partnership(), books(t)
			c.change(cat, a, &b)
			_, found := router(t, after, cat, b, a, licensees())
			for _, f := range found {
				if f.Rule == c.rule && f.Severity == c.severity && strings.Contains(f.Message, c.says) {
					return
				}
			}
			t.Errorf("not found among %v", found)
		})
	}
}

func TestWhatWillGoWrongLaterIsAWarningWithItsDay(t *testing.T) {
	a := partnership()
	a.Amendments = append(a.Amendments, agreement.Amendment{ID: "later", Effective: after.AddDate(1, 0, 0), Recorded: start,
		Ends: []agreement.EndedClause{{ID: "openai-sales"}}})
	_, found := delivery.NewTimeline(agreement.NewSet(a, licensees()), catalog(), books(t), after)
	if len(found) != 3 {
		t.Fatalf("%d findings: %v", len(found), found)
	}
	for _, f := range found {
		if f.Severity != agreement.Warning || !strings.HasPrefix(f.Message, "from 2027-05-04T12:00:00Z on: deployment openai-") {
			t.Errorf("%s: %s", f.Severity, f.Message)
		}
	}
}

func TestPriceAndCostOfTheWorkedCase(t *testing.T) {
	r := sound(t, after, catalog())
	u := usage.Usage{Tokens: usage.Tokens{usage.Input: 4000, usage.CacheRead: 4000, usage.Output: 600}}
	for _, c := range []struct {
		on          string
		price, cost string
	}{
		{"openai-aws-gpt54", "0.01 0.001 0.009", "0.0035 0.00035 0.00315"},
		{"microsoft-azure-gpt54", "0.01 0.001 0.009", ""},
	} {
		t.Run(c.on, func(t *testing.T) {
			i, _ := r.Deployment(c.on)
			lines, unpriced, err := r.Charge(i, after.UnixNano(), &u, nil)
			if err != nil || unpriced != nil {
				t.Fatal(unpriced, err)
			}
			cost, err := r.Cost(i, after.UnixNano(), &u, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{c.price, c.cost}, []string{amounts(lines), amounts(cost)}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatHasNoPriceIsToldNotDropped(t *testing.T) {
	r := sound(t, after, catalog())
	i, _ := r.Deployment("openai-aws-gpt54")
	u := usage.Usage{Tier: usage.Priority, Tokens: usage.Tokens{usage.Input: 1, usage.Output: 2}}

	lines, unpriced, err := r.Charge(i, after.UnixNano(), &u, nil)
	_, costErr := r.Cost(i, after.UnixNano(), &u, nil)

	if len(lines) != 0 || err != nil || costErr == nil {
		t.Errorf("lines %v, error %v, cost error %v", lines, err, costErr)
	}
	if diff := cmp.Diff([]usage.Class{usage.Input, usage.Output}, unpriced); diff != "" {
		t.Error(diff)
	}
}

func amounts(lines []pricing.Line) string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Amount.String())
	}
	return strings.Join(out, " ")
}
