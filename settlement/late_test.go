package settlement_test

import (
	"strings"
	"testing"

	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/settlement"
)

// pays pays what OpenAI owes under its share.
func (o *office) pays(on, amount string) {
	o.t.Helper()
	a := money.MustParse(amount)
	o.post(at(on+"T19:00:00Z"), &journal.Payment{From: "openai", To: "microsoft", Amount: a, Currency: "USD",
		Lines: []journal.Paid{{Agreement: "pair", Clause: "there", Amount: a}}})
}

// fees are what a closing wrote of a name, by clause.
func fees(entries []journal.Entry, name string) map[string]string {
	out := map[string]string{}
	for i := range entries {
		if f, ok := entries[i].Body.(*journal.Fee); ok && f.Name == name {
			out[f.Clause] += f.Amount.String()
		}
	}
	return out
}

// A share of 200 is stated on 5 May and due ten days later, on 15 May, at 10 % a year by actual days of 365.
func TestLateInterestRunsFromTheDayAfterTheDueDateOnWhatIsNotPaid(t *testing.T) {
	for name, c := range map[string]struct {
		pay      map[string]string // by day
		dispute  string
		interest string
	}{
		"nothing is paid: 16 days of 200":                            {nil, "", "0.88"},
		"half is paid on the 20th: 4 days of 200, 12 of 100":         {map[string]string{"2026-05-20": "100"}, "", "0.55"},
		"paid on the due date":                                       {map[string]string{"2026-05-15": "200"}, "", ""},
		"paid before, and once too much":                             {map[string]string{"2026-05-10": "260"}, "", ""},
		"what is in dispute bears none: 16 days of 150":              {nil, "50", "0.66"},
		"a part is paid after the period: it counts in the next one": {map[string]string{"2026-06-02": "200"}, "", "0.88"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, small)
			o.sells(day("2026-04-10"), "acme", "openai", gpt, "azure", "openai", "1000", "")
			april := o.close("pair", "2026-04", at("2026-05-05T12:00:00Z"))[0]
			for on, amount := range c.pay {
				o.pays(on, amount)
			}
			if c.dispute != "" {
				st, _ := o.state.Statement(april.Number)
				o.post(at("2026-05-12T00:00:00Z"), &journal.Dispute{Statement: april.Number, Hash: st.Hash, By: "openai", Clause: "there",
					Amount: money.MustParse(c.dispute), Currency: "USD"})
			}
			closed, err := o.closing("pair", "2026-05", at("2026-06-05T12:00:00Z")).Close()
			if err != nil {
				t.Fatal(err)
			}
			if got := fees(closed.Entries, ledger.FeeInterest)["there"]; got != c.interest {
				t.Errorf("interest of %q, want %q", got, c.interest)
			}
		})
	}
}

func TestSilenceAcceptsAndAMinimumCarries(t *testing.T) {
	text := strings.Replace(small, `minimum: "1 USD"`, `minimum: "1000 USD"`, 1)
	o := newOffice(t, text)
	o.sells(day("2026-04-10"), "acme", "openai", gpt, "azure", "openai", "1000", "")
	april := o.close("pair", "2026-04", at("2026-05-05T12:00:00Z"))[0]
	if b := april.Payable[0]; !b.Carries || b.Due != "" || b.Payer != "openai" {
		t.Errorf("nothing is due below the minimum: %+v", b)
	}
	closed, err := o.closing("pair", "2026-05", at("2026-06-05T12:00:00Z")).Close()
	if err != nil {
		t.Fatal(err)
	}
	if got := fees(closed.Entries, ledger.FeeInterest); len(got) > 0 {
		t.Errorf("a balance that carries is not late: %v", got)
	}
	silent := []string{}
	for i := range closed.Entries {
		if a, ok := closed.Entries[i].Body.(*journal.Acceptance); ok && a.Deemed && a.Statement == april.Number {
			silent = append(silent, a.By)
		}
	}
	if len(silent) != 2 {
		t.Errorf("30 days of silence accept for both: %v", silent)
	}
	if o := closed.Statements[0].Open; len(o) == 0 || o[0].Statement != april.Number {
		t.Errorf("what carries is open: %+v", o)
	}
}

func TestWhatTheCalendarBringsIsPostedOnceAndStandsUnderItsClause(t *testing.T) {
	o := newOffice(t, small)
	april, err := o.closing("pair", "2026-04", at("2026-05-05T12:00:00Z")).Close()
	if err != nil {
		t.Fatal(err)
	}
	if got := fees(april.Entries, ledger.FeeLicense)["license"]; got == "" {
		t.Fatal("the license's fee of the months so far falls due")
	}
	var st *settlement.Clause
	for i := range april.Statements[0].Clauses {
		if c := &april.Statements[0].Clauses[i]; c.ID == "license" {
			st = c
		}
	}
	// January to April of 365 USD a year: 120 days.
	if st == nil || st.Amount.String() != "120" || st.Payer != "microsoft" {
		t.Errorf("the statement of April: %+v", st)
	}
	o.close("pair", "2026-04", at("2026-05-05T12:00:00Z"))
	may := o.close("pair", "2026-05", at("2026-06-05T12:00:00Z"))[0]
	for _, c := range may.Clauses {
		if c.ID == "license" && c.Amount.String() != "31" {
			t.Errorf("31 days of May: %s", c.Amount)
		}
	}
}

// Interest that a close posts is an item of its own, payable with the statement of its period; payments pay the oldest first.
func TestInterestIsAnItemOfTheStatementThatItFallsDueWith(t *testing.T) {
	o := newOffice(t, small)
	o.sells(day("2026-04-10"), "acme", "openai", gpt, "azure", "openai", "1000", "")
	o.close("pair", "2026-04", at("2026-05-05T12:00:00Z"))
	may := o.close("pair", "2026-05", at("2026-06-05T12:00:00Z"))[0]
	interest := func(st *settlement.Statement) string {
		var all []string
		for _, l := range st.Open {
			if l.Kind == settlement.OpenInterest && l.Clause == "there" {
				all = append(all, l.Period+" "+l.Open.String()+" of "+l.Amount.String()+" due "+l.Due+" with "+l.Statement)
			}
		}
		return strings.Join(all, "; ")
	}
	if got := interest(may); got != "2026-05 0.88 of 0.88 due 2026-06-15 with " {
		t.Errorf("on the statement of May: %q", got)
	}
	o.pays("2026-06-15", "200.50") // the share of April, and a part of the interest
	june := o.close("pair", "2026-06", at("2026-07-05T12:00:00Z"))[0]
	// 14 days of 200 in June came to 0.77.
	if got := interest(june); got != "2026-05 0.38 of 0.88 due 2026-06-15 with pair/openai-microsoft/2026-05; 2026-06 0.77 of 0.77 due 2026-07-15 with " {
		t.Errorf("on the statement of June: %q", got)
	}
}
