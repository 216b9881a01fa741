package ledger_test

import (
	"os"
	"strings"
	"testing"

	"concord/agreement"
	"concord/journal"
	"concord/money"
)

func TestTheMoneyPageShowsWhatIsPosted(t *testing.T) {
	page, err := os.ReadFile("../docs/money.md")
	if err != nil {
		t.Fatal(err)
	}
	shows := func(w *world, at string, r *journal.Record, books int) {
		t.Helper()
		rows := strings.Split(strings.TrimSpace(table(w.post(at, r))), "\n")
		for _, row := range rows[:books] {
			if !strings.Contains(string(page), "\n| "+row+" |\n") {
				t.Errorf("docs/money.md lacks the row\n| %s |", row)
			}
		}
	}
	shows(example(t), "2026-05-04", sale("acme", "openai", gpt54, "aws", "openai", "0.020", "0.007"), 4)
	shows(example(t), "2026-05-04", sale("globex", "amazon", gpt54, "aws", "amazon", "0.022", ""), 4)
	shows(nearTheCap(t), "2026-05-04", sale("contoso", "openai", gpt54, "openai", "openai", "0.020", ""), 1)
}

// nearTheCap is the partnership with 0.001 left of the cap of its share.
func nearTheCap(t testing.TB) *world {
	a := partnership()
	a.Openings = []agreement.Opening{{Clause: "share-openai-to-microsoft", AsOf: midnight("2026-05-01"), Base: money.MustParse("189999999999.995"),
		Uncapped: money.MustParse("37999999999.999"), Capped: money.MustParse("37999999999.999")}}
	return newWorld(t, a, clouds())
}
