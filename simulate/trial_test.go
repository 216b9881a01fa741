package simulate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/pricing"
	"concord/simulate"
	"concord/usage"
)

// edited is the scene of the examples with one text of the agreement replaced by another.
func edited(t testing.TB, old, replacement string) *simulate.Scene {
	t.Helper()
	doc := string(file(t, "openai-microsoft.yaml"))
	if !strings.Contains(doc, old) {
		t.Fatalf("the example has no %q", old)
	}
	s := &simulate.Scene{Known: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	var all []*agreement.Agreement
	for name, doc := range map[string]string{"a": strings.ReplaceAll(doc, old, replacement), "b": string(file(t, "openai-clouds.yaml"))} {
		a, found := agreementfile.Parse(name, []byte(doc))
		if a == nil {
			t.Fatal(found)
		}
		all = append(all, a)
	}
	s.Set = agreement.NewSet(all...)
	for _, name := range []string{"prices.yaml", "costs.yaml"} {
		books, found := pricing.ParseAll(name, file(t, name))
		if books == nil {
			t.Fatal(found)
		}
		s.Books = append(s.Books, books...)
	}
	s.Catalog, s.Derived = s.Set.SaleCatalog(""), true
	return s
}

var usageOfA = usage.Usage{Tokens: usage.Tokens{usage.Input: 4000, usage.CacheRead: 4000, usage.Output: 600}, Evidence: usage.Reported}

// plan answers a question, as the ids of the plan's deployments.
func plan(t testing.TB, s *simulate.Scene, at time.Time, home string) (*simulate.Decision, []string) {
	t.Helper()
	d, err := s.Decide(simulate.Question{At: at, Product: gpt, Home: home})
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, step := range d.Plan.Steps {
		ids = append(ids, d.Router.Catalog().Deployments[step.Deployment].ID)
	}
	return d, ids
}

// flowsOf is what one request at a deployment makes parties owe.
func flowsOf(t testing.TB, s *simulate.Scene, d *simulate.Decision, deployment string) []string {
	t.Helper()
	trial := simulate.NewTrial()
	if err := trial.Learn(s.Set, s.Known); err != nil {
		t.Fatal(err)
	}
	posted, err := trial.Post(d.Router, d.Facts, deployment, &usageOfA)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range posted.Flows {
		lines = append(lines, fmt.Sprintf("%s %s to %s %s", f.Clause, f.Payer, f.Payee, f.Amount))
	}
	return lines
}

func TestASupposedRequestOwesWhatARealOneWould(t *testing.T) {
	s := edited(t, "concord: 1", "concord: 1")
	d, _ := plan(t, s, time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC), "")
	want := []string{
		"aws-capacity openai to amazon 0.007", "share-openai-to-microsoft openai to microsoft 0.004", "openai-sales anyone to openai 0.02",
	}
	got := flowsOf(t, s, d, "openai-aws-gpt-5.4")
	if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
		t.Error(diff)
	}
}

func sorted(lines []string) map[string]bool {
	m := map[string]bool{}
	for _, l := range lines {
		m[l] = true
	}
	return m
}

// TestAnotherRateChangesNoDecision and its counterpart hold questions to the central claim: delivery, license and money are
// decoupled.
func TestAnotherRateChangesNoDecision(t *testing.T) {
	base := edited(t, "concord: 1", "concord: 1")
	rapid.Check(t, func(rt *rapid.T) {
		at := time.Date(2023, 6, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.Int64Range(0, 8*365*24).Draw(rt, "hour")) * time.Hour)
		home := rapid.SampledFrom([]string{"", "azure", "aws"}).Draw(rt, "home")
		rate := fmt.Sprintf(`rate: {value: "%d%%", provenance: reported}`, rapid.IntRange(1, 99).Draw(rt, "rate"))
		other := edited(t, `rate: {value: "20%", provenance: reported}`, rate)

		_, before := plan(t, base, at, home)
		_, after := plan(t, other, at, home)

		if diff := cmp.Diff(before, after); diff != "" {
			rt.Error(diff)
		}
	})
}

func TestAnotherOrderChangesNoMoney(t *testing.T) {
	base := edited(t, "concord: 1", "concord: 1")
	const order = "order: {value: [[azure], [aws, openai, gcp, alibaba]], provenance: assumed}"
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	d, before := plan(t, base, at, "")
	rapid.Check(t, func(rt *rapid.T) {
		clouds := rapid.Permutation([]string{"azure", "aws", "openai", "gcp", "alibaba"}).Draw(rt, "clouds")
		cut := rapid.IntRange(1, 4).Draw(rt, "cut")
		other := edited(t, order, fmt.Sprintf("order: {value: [[%s], [%s]], provenance: assumed}", strings.Join(clouds[:cut], ", "), strings.Join(clouds[cut:], ", ")))

		e, after := plan(t, other, at, "")

		if diff := cmp.Diff(sorted(before), sorted(after)); diff != "" {
			rt.Fatalf("another order permits others: %s", diff)
		}
		for _, id := range before {
			if diff := cmp.Diff(flowsOf(t, base, d, id), flowsOf(t, other, e, id)); diff != "" {
				rt.Errorf("%s: %s", id, diff)
			}
		}
	})
}

// TestEveryStepSaysWhyItStandsThere: a reason for each, and each reason is one that the two deployments differ in.
func TestEveryStepSaysWhyItStandsThere(t *testing.T) {
	s := edited(t, "concord: 1", "concord: 1")
	for _, home := range []string{"", "aws"} {
		d, ids := plan(t, s, time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC), home)
		if len(d.Why) != len(ids) {
			t.Fatalf("%d reasons for %d steps", len(d.Why), len(ids))
		}
		for i, why := range d.Why {
			if why.Text == "" || why.By == "" {
				t.Errorf("nothing says why %s is step %d", ids[i], i+1)
			}
		}
	}
}
