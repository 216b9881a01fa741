package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/gateway"
	"concord/internal/app"
	"concord/money"
)

var amounts = cmp.Comparer(func(a, b money.Amount) bool { return a == b })

// withBudgets reads the examples with more settings, and with a limit of output for one key and one deployment.
func withBudgets(t *testing.T, more string) (*app.Config, error) {
	t.Helper()
	text := example(t)
	at := strings.Index(text, `hash: "sha256:`)
	end := at + strings.IndexAny(text[at:], "}\n")
	if text[end] == '}' {
		text = text[:end] + ", max_output: 4096" + text[end:]
	} else {
		indent := at - strings.LastIndex(text[:at], "\n") - 1
		text = text[:end] + "\n" + strings.Repeat(" ", indent) + "max_output: 4096" + text[end:]
	}
	return app.Load("concord.yaml", withConfig(text+"\n"+more, nil), known)
}

func TestBudgets_are_read_with_their_limit_period_and_zone(t *testing.T) {
	c, err := withBudgets(t, `budgets:
  - {id: acme-month, customer: acme, limit: "100 USD", per: month, zone: Europe/Berlin}
  - {id: one-key, key: `+firstKey(t)+`, limit: "0.5 USD", per: total}
`)
	if err != nil {
		t.Fatal(err)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	want := []gateway.Budget{
		{ID: "acme-month", Customer: "acme", Limit: money.FromUnits(100), Currency: "USD", Per: gateway.Month, Zone: berlin},
		{ID: "one-key", Key: firstKey(t), Limit: money.MustParse("0.5"), Currency: "USD", Per: gateway.Total, Zone: time.UTC},
	}
	if diff := cmp.Diff(want, c.Budgets, amounts, cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })); diff != "" {
		t.Error(diff)
	}
	if c.Keys[0].MaxOutput != 4096 {
		t.Errorf("the key's max_output is %d, want 4096", c.Keys[0].MaxOutput)
	}
	if got := c.Budgets[0].Window(time.Date(2026, 10, 31, 23, 30, 0, 0, time.UTC).UnixNano()); got != "2026-11" {
		t.Errorf("half an hour before midnight in UTC it is %s in Berlin, want 2026-11", got)
	}
}

func TestWhat_a_model_can_take_is_read_by_deployment(t *testing.T) {
	given := strings.Replace(example(t), "{id: openai-azure-gpt54,", "{id: openai-azure-gpt54, max_output: 128000, context: 400000, max_seconds: 1500,", 1)
	c, err := app.Load("concord.yaml", withConfig(given, nil), known)
	if err != nil {
		t.Fatal(err)
	}
	got := [3]int64{c.MaxOutput["openai-azure-gpt54"], c.Context["openai-azure-gpt54"], c.MaxSound["openai-azure-gpt54"]}
	if diff := cmp.Diff([3]int64{128_000, 400_000, 1500}, got); diff != "" {
		t.Error(diff)
	}
	_, err = app.Load("concord.yaml", withConfig(strings.Replace(given, "max_seconds: 1500", "max_seconds: long", 1), nil), known)
	invalid, ok := err.(*app.Invalid)
	if !ok || len(invalid.Findings) != 1 || !strings.Contains(invalid.Findings[0].Message, "number of seconds") || invalid.Findings[0].Pos.Line == 0 {
		t.Errorf("got %v, want one finding with a place", err)
	}
}

// firstKey is the id of the first key of the examples.
func firstKey(t *testing.T) string {
	t.Helper()
	c, err := app.Load("concord.yaml", withConfig(example(t), nil), known)
	if err != nil {
		t.Fatal(err)
	}
	return c.Keys[0].ID
}

func TestBudgets_that_are_wrong_are_named_with_their_place(t *testing.T) {
	for name, c := range map[string]struct{ entry, says string }{
		"no id":             {`{customer: acme, limit: "1 USD", per: day}`, "budget id"},
		"an unknown key":    {`{id: b, key: nobody, limit: "1 USD", per: day}`, "which no customer has"},
		"an unknown person": {`{id: b, customer: nobody, limit: "1 USD", per: day}`, "who is not listed"},
		"both":              {`{id: b, customer: acme, key: x, limit: "1 USD", per: day}`, "names a customer and a key"},
		"neither":           {`{id: b, limit: "1 USD", per: day}`, "or neither"},
		"no currency":       {`{id: b, customer: acme, limit: "1", per: day}`, "is no amount of money"},
		"a negative limit":  {`{id: b, customer: acme, limit: "-1 USD", per: day}`, "is no amount of money"},
		"another currency":  {`{id: b, customer: acme, limit: "1 CHF", per: day}`, "in which no price book charges"},
		"another period":    {`{id: b, customer: acme, limit: "1 USD", per: week}`, `per "week"`},
		"another zone":      {`{id: b, customer: acme, limit: "1 USD", per: day, zone: Nowhere}`, "no time zone"},
	} {
		_, err := app.Load("concord.yaml", withConfig(example(t)+"\nbudgets:\n  - "+c.entry+"\n", nil), known)
		invalid, ok := err.(*app.Invalid)
		if !ok || len(invalid.Findings) != 1 || !strings.Contains(invalid.Findings[0].Message, c.says) || invalid.Findings[0].Pos.Line == 0 {
			t.Errorf("%s: got %v, want one finding with a place that says %q", name, err, c.says)
		}
	}
}

func TestCredit_needs_an_amount_and_a_choice(t *testing.T) {
	for settings, says := range map[string]string{
		`journal: {unwell: credit}`:                   "no amount of money above 0",
		`journal: {unwell: credit, credit: "0 USD"}`:  "no amount of money above 0",
		`journal: {credit: "5 USD"}`:                  "refuses while it is unwell",
		`journal: {unwell: perhaps, credit: "5 USD"}`: "nothing can be done",
		`journal: {unwell: credit, credit: "5 USD"}`:  "",
		`journal: {unwell: refuse}`:                   "",
	} {
		config := example(t)
		if i := strings.Index(config, "\njournal:"); i >= 0 {
			rest := config[i+1:]
			end := strings.Index(rest, "\n")
			for strings.HasPrefix(rest[end+1:], " ") {
				end += 1 + strings.Index(rest[end+1:], "\n")
			}
			config = config[:i+1] + rest[end+1:]
		}
		c, err := app.Load("concord.yaml", withConfig(config+"\n"+settings+"\n", nil), known)
		switch {
		case says == "" && err != nil, says != "" && (err == nil || !strings.Contains(err.Error(), says)):
			t.Errorf("%s: got %v, want %q", settings, err, says)
		case err == nil && strings.Contains(settings, "5 USD") && (c.Journal.Credit != money.FromUnits(5) || c.Journal.CreditCurrency != "USD"):
			t.Errorf("%s: got %s %s", settings, c.Journal.Credit, c.Journal.CreditCurrency)
		}
	}
}
