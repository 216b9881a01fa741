package ledger_test

import (
	"strings"
	"testing"

	"concord/agreement"
	"concord/ledger"
)

// underCondition is the example world with a condition on OpenAI's share to Microsoft.
func underCondition(t *testing.T, when string) *world {
	a := parse(t, "openai-microsoft.yaml")
	for _, m := range a.Amendments {
		for _, c := range append(m.Adds, m.Replaces...) {
			if c.Head().ID == "share-openai-to-microsoft" {
				c.Head().When = when
			}
		}
	}
	return newWorld(t, a, parse(t, "openai-clouds.yaml"))
}

func TestAShareIsTakenOfWhatItsConditionLetsCount(t *testing.T) {
	for when, want := range map[string]string{
		`cloud != "azure"`:                          "0.004",
		`cloud == "azure" || product == "x/y"`:      "0",
		`state == "stateless" && owner == "openai"`: "0.004",
		`product.startsWith("openai/gpt-oss")`:      "0",
	} {
		w := underCondition(t, when)
		w.post("2026-05-04", sale("acme", "openai", gpt54, "aws", "openai", "0.020", "0.007"))
		if got := capUsed(w); got != want {
			t.Errorf("%s: the share is %s, want %s", when, got, want)
		}
	}
}

func TestTermsWhoseMoneyDependsOnWhatTheBooksDoNotTellApartAreNotPosted(t *testing.T) {
	terms := underCondition(t, `cloud != "azure" && !stream`).terms(date("2026-05-04"))

	var found []agreement.Finding
	for _, f := range ledger.Check(terms) {
		if strings.Contains(f.Message, "does not post when") {
			found = append(found, f)
		}
	}

	if len(found) != 1 || !strings.HasPrefix(found[0].Remedy, "ask for product, owner, state and cloud only") {
		t.Errorf("got %v", found)
	}
}
