package ledger_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/agreement"
	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// demands are the worked examples of docs/money.md of what falls due by the calendar: "sale" earns a share of it, "cost" is
// what a cloud charges, "due" lists what has fallen due by a day and posts it.
var demands = []struct {
	name       string
	guarantee  *agreement.Guarantee
	commitment *agreement.Commitment
	steps      []step
}{
	{"shortfall of each year", nil, committed("year", "invoice", false, false), []step{
		{on: "2026-03-01", what: "cost", amount: "70"}, {on: "2026-12-31", what: "due", posts: "nothing"},
		{on: "2027-01-01", what: "due", posts: "shortfall 30"}, {on: "2027-01-02", what: "due", posts: "nothing"},
		{on: "2027-03-01", what: "cost", amount: "150"}, {on: "2028-01-01", what: "due", posts: "nothing"},
		{on: "2028-03-01", what: "cost", amount: "20"}, {on: "2029-01-01", what: "due", posts: "shortfall 80"},
	}},
	{"shortfall with carry-over", nil, committed("year", "invoice", true, false), []step{
		{on: "2026-03-01", what: "cost", amount: "130"}, {on: "2027-03-01", what: "cost", amount: "60"},
		{on: "2028-01-01", what: "due", posts: "shortfall 10"},
	}},
	{"shortfall that extends", nil, committed("year", "extend", false, false), []step{
		{on: "2026-03-01", what: "cost", amount: "70"}, {on: "2027-03-01", what: "cost", amount: "100"}, {on: "2028-03-01", what: "cost", amount: "100"},
		{on: "2029-03-01", what: "cost", amount: "20"}, {on: "2029-04-01", what: "cost", amount: "20"}, {on: "2029-05-01", what: "due", posts: "nothing"},
	}},
	{"prepaid", nil, committed("year", "forfeit", false, true), []step{
		{on: "2026-01-01", what: "due", posts: "guarantee 100"}, {on: "2026-03-01", what: "cost", amount: "70"},
		{on: "2027-01-01", what: "due", posts: "guarantee-unearned 30, guarantee 100"},
		{on: "2027-03-01", what: "cost", amount: "120"}, {on: "2027-04-01", what: "due", posts: "nothing"},
	}},
	{"guarantee recouped across years", &agreement.Guarantee{Amount: money.FromUnits(10), Per: "year", Due: "start", Recoupable: true, CrossPeriod: true}, nil, []step{
		{on: "2026-01-01", what: "due", posts: "guarantee 10"}, {on: "2026-05-01", what: "sale", amount: "30", owed: "0"},
		{on: "2027-01-01", what: "due", posts: "guarantee 10"}, {on: "2027-05-01", what: "sale", amount: "50", owed: "0"},
		{on: "2027-06-01", what: "sale", amount: "50", owed: "6"},
	}},
	{"guarantee recouped within its year", &agreement.Guarantee{Amount: money.FromUnits(10), Per: "year", Due: "start", Recoupable: true}, nil, []step{
		{on: "2026-01-01", what: "due", posts: "guarantee 10"}, {on: "2026-05-01", what: "sale", amount: "30", owed: "0"},
		{on: "2027-01-01", what: "due", posts: "guarantee-unearned 4, guarantee 10"}, {on: "2027-05-01", what: "sale", amount: "60", owed: "2"},
	}},
	{"guarantee at the end", &agreement.Guarantee{Amount: money.FromUnits(10), Per: "year", Due: "end", Recoupable: true}, nil, []step{
		{on: "2026-05-01", what: "sale", amount: "30", owed: "6"}, {on: "2027-01-01", what: "due", posts: "guarantee 4"},
		{on: "2027-01-02", what: "due", posts: "guarantee-unearned 4"}, {on: "2027-05-01", what: "sale", amount: "60", owed: "18"}, {on: "2028-01-01", what: "due", posts: "nothing"},
	}},
	{"guarantee that is not recouped", &agreement.Guarantee{Amount: money.FromUnits(10), Per: "year", Due: "start"}, nil, []step{
		{on: "2026-01-01", what: "due", posts: "guarantee 10"}, {on: "2026-05-01", what: "sale", amount: "30", owed: "6"}, {on: "2026-12-31", what: "due", posts: "nothing"},
	}},
}

// committed is a commitment of openai to buy for 300 of amazon in three years.
func committed(parts, shortfall string, carry, prepaid bool) *agreement.Commitment {
	return &agreement.Commitment{Common: head("aws-capacity"), Buyer: "openai", Seller: "amazon", Amount: money.FromUnits(300), WindowFrom: midnight("2026-01-01"), WindowUntil: midnight("2029-01-01"),
		SubWindows: parts, Shortfall: shortfall, CarryOver: carry, Prepaid: prepaid, Counts: agreement.Counts{Amount: "cost"}}
}

// due posts what has fallen due by the start of a day as fees, and says what that was.
func (w *world) due(on string) string {
	w.t.Helper()
	all, err := w.state.DueAt(midnight(on))
	if err != nil {
		w.t.Fatal(err)
	}
	var said []string
	for _, d := range all {
		said = append(said, fmt.Sprintf("%s %s", d.Name, d.Amount))
		w.do(on, d.Fee())
	}
	if said == nil {
		return "nothing"
	}
	return strings.Join(said, ", ")
}

// accrued is what openai owes a party, accrued.
func (w *world) accrued(party string) string {
	w.t.Helper()
	cells, _, err := w.state.Changes()
	if err != nil {
		w.t.Fatal(err)
	}
	var sum money.Amount
	for _, c := range cells {
		if c.Book == "openai" && strings.HasPrefix(string(c.Account), "payable:accrued:"+party+":") {
			sum, _ = sum.Sub(c.Amount)
		}
	}
	return sum.String()
}

func TestWhatFallsDueByTheCalendar(t *testing.T) {
	page, err := os.ReadFile("../docs/money.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range demands {
		t.Run(e.name, func(t *testing.T) {
			w := newWorld(t, simple(func(s *agreement.RevenueShare, a *agreement.Agreement) {
				s.Guarantee = e.guarantee
				if e.commitment != nil {
					a.Amendments[0].Adds = append(a.Amendments[0].Adds, e.commitment)
				}
			})...)
			w.learn()
			table := []string{"| on | what | amount |", "|---|---|---|"}
			for _, s := range e.steps {
				switch s.what {
				case "due":
					if got := w.due(s.on); got != s.posts {
						t.Errorf("by %s falls due: %s, want %s", s.on, got, s.posts)
					}
					table = append(table, fmt.Sprintf("| %s | falls due | %s |", s.on, s.posts))
				case "cost":
					r := sale("acme", "openai", gpt54, "aws", "openai", "", s.amount)
					r.Outcome, r.Served = journal.Failed, -1
					w.post(s.on, r)
					table = append(table, fmt.Sprintf("| %s | the cloud charges | %s |", s.on, s.amount))
				default:
					w.do(s.on, s.body(w))
					if got := w.accrued("microsoft"); got != s.owed {
						t.Errorf("after a sale of %s on %s openai owes %s, want %s", s.amount, s.on, got, s.owed)
					}
					table = append(table, fmt.Sprintf("| %s | sale of %s: openai owes in all | %s |", s.on, s.amount, s.owed))
				}
			}
			if text := strings.Join(table, "\n") + "\n"; !strings.Contains(string(page), text) {
				t.Errorf("docs/money.md lacks, for %s:\n%s", e.name, text)
			}
		})
	}
}

func TestALicenseFeeIsEarnedByTheDayAndDueByTheMonth(t *testing.T) {
	for _, c := range []struct {
		prorate string
		want    []string
	}{
		// Of the 366 days of 2028 the license is in force for the last 184; 31 of them are in July, 31 in August.
		{"day", []string{"license-fee 31", "license-fee 31", "license-fee 30, license-fee 31, license-fee 30, license-fee 31"}},
		{"none", []string{"license-fee 366", "nothing", "nothing"}},
	} {
		doc := oracleDoc(`base: {revenue_of: openai, from: [sales]}, rate: "20%"`)
		doc = fmt.Appendf(doc, `      - {id: paid, kind: license, licensor: openai, licensee: microsoft, products: all, rights: [serve], exclusivity: non-exclusive, from: 2028-07-01, until: 2029-01-01,
         fee: {amount: "366 USD", per: year, prorate: %s}}
`, c.prorate)
		w := newWorld(t, parseText(t, doc))
		w.deal("2028-01-01", "deal.yaml", doc)
		var got []string
		for _, on := range []string{"2028-08-01", "2028-09-01", "2029-02-01"} {
			got = append(got, w.due(on))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("prorate %s (-want +got):\n%s", c.prorate, diff)
		}
		if got := w.due("2029-03-01"); got != "nothing" {
			t.Errorf("after the license has ended %s is due", got)
		}
	}
}

func TestWhatFellDueBeforeAnAmendmentStaysAsItWas(t *testing.T) {
	license := `{id: paid, kind: license, licensor: openai, licensee: microsoft, products: all, rights: [serve], exclusivity: non-exclusive, term: perpetual, fee: {amount: "%s USD", per: month}}`
	doc := fmt.Appendf(oracleDoc(`base: {revenue_of: openai, from: [sales]}, rate: "20%"`), "      - "+license+"\n", "10")
	doc = fmt.Appendf(doc, "  - {id: raise, effective: 2026-03-01, source: {provenance: public}, replaces: ["+license+"]}\n", "20")
	w := newWorld(t, parseText(t, doc))
	w.deal("2026-01-01", "deal.yaml", doc)
	if got, want := w.due("2026-04-01"), "license-fee 10, license-fee 10, license-fee 20"; got != want {
		t.Errorf("falls due: %s, want %s", got, want)
	}
}

func TestWhatNobodyPromisedBeforeAnAmendmentIsNotDue(t *testing.T) {
	license := `{id: paid, kind: license, licensor: openai, licensee: microsoft, products: all, rights: [serve], exclusivity: non-exclusive, term: perpetual%s}`
	share := `{id: share, kind: revenue-share, payer: openai, payee: microsoft, base: {revenue_of: openai, from: [sales]}, rate: "20%", guarantee: {amount: "7 USD", per: year, due: start}, term: perpetual}`
	doc := fmt.Appendf(oracleDoc(`base: {revenue_of: openai, from: [sales]}, rate: "20%"`), "      - "+license+"\n", "")
	doc = fmt.Appendf(doc, "  - {id: paid, effective: 2026-07-01, source: {provenance: public}, replaces: ["+license+"]}\n", `, fee: {amount: "365 USD", per: year}`)
	doc = append(doc, "  - {id: guaranteed, effective: 2027-01-01, source: {provenance: public}, replaces: ["+share+"]}\n"...)
	w := newWorld(t, parseText(t, doc))
	w.deal("2026-01-01", "deal.yaml", doc)
	// 31 days of July, then the guarantee of the first year that has one, beside the 153 days from August on.
	if got, want := w.due("2026-08-01"), "license-fee 31"; got != want {
		t.Errorf("in August 2026 falls due: %s, want %s", got, want)
	}
	got, want := w.due("2027-01-01"), "license-fee 31, license-fee 30, license-fee 31, license-fee 30, license-fee 31, guarantee 7"
	if got != want {
		t.Errorf("in January 2027 falls due: %s, want %s", got, want)
	}
}

func TestACommitmentThatExtendsIsDrawnUntilItIsBought(t *testing.T) {
	i := slices.IndexFunc(demands, func(d struct {
		name       string
		guarantee  *agreement.Guarantee
		commitment *agreement.Commitment
		steps      []step
	}) bool {
		return d.name == "shortfall that extends"
	})
	w := newWorld(t, simple(func(_ *agreement.RevenueShare, a *agreement.Agreement) {
		a.Amendments[0].Adds = append(a.Amendments[0].Adds, demands[i].commitment)
	})...)
	for _, s := range demands[i].steps {
		if s.what == "cost" {
			r := sale("acme", "openai", gpt54, "aws", "openai", "", s.amount)
			r.Outcome, r.Served = journal.Failed, -1
			w.post(s.on, r)
		}
	}
	if got := sums(t, w.state)["openai memo:commitment:aws-capacity:used"]; got != "300" {
		t.Errorf("drawn %s of 300: what is bought after the window counts until all is", got)
	}
}

func TestWhatIsDrawnAndDemandedSurvivesARestart(t *testing.T) {
	doc := dealOf("deal", `      - {id: share, kind: revenue-share, payer: openai, payee: microsoft, base: {revenue_of: openai, from: [sales]}, rate: "20%",
         guarantee: {amount: "10 USD", per: year, due: end, recoupable: true}, negative: floor, term: perpetual}
      - {id: aws-capacity, kind: commitment, buyer: openai, seller: amazon, amount: "300 USD", window: {from: 2026-01-01, through: 2028}, sub_windows: year,
         counts: {amount: cost, clouds: [aws]}, shortfall: invoice, term: perpetual}
`)
	w := newWorld(t, parseText(t, doc))
	w.documents = true
	w.deal("2026-01-01", "deal.yaml", doc)
	r := sale("acme", "openai", gpt54, "aws", "openai", "30", "70")
	w.post("2026-03-01", r)
	if got, want := w.due("2027-01-01"), "shortfall 30, guarantee 4"; got != want {
		t.Errorf("falls due: %s, want %s", got, want)
	}
	_, docs, err := w.state.Changes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ledger.DecodeState(&ledger.Saved{State: w.state.Encode(), Documents: docs})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(w.state.Encode(), again.Encode()) {
		t.Error("what was decoded encodes otherwise")
	}
	live, again2 := dueOf(t, w.state), dueOf(t, again)
	if diff := cmp.Diff(live, again2); diff != "" || len(live) == 0 {
		t.Errorf("falls due: %v (-live +restarted)\n%s", live, diff)
	}
}

func dueOf(t *testing.T, s *ledger.State) (said []string) {
	t.Helper()
	all, err := s.DueAt(midnight("2028-01-01"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		said = append(said, fmt.Sprintf("%s %s of %s", d.Name, d.Amount, d.Clause))
	}
	return said
}
