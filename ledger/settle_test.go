package ledger_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/journal"
	"concord/ledger"
	"concord/money"
)

func TestFee(t *testing.T) {
	t.Run("is_accrued_by_the_days_over_which_it_is_earned", func(t *testing.T) {
		w := example(t)
		f := fee("license-fee", "openai-microsoft", "model-license", "microsoft", "openai", "100")
		f.From, f.Until = midnight("2026-10-31").UnixNano(), midnight("2026-11-03").UnixNano() // 1 November has 25 hours
		tx := w.bring("2026-11-03", f)
		if wrong := unbalanced(tx); wrong != "" {
			t.Error(wrong)
		}
		got := map[int32]string{}
		for _, p := range tx.Postings {
			if p.Account == ledger.Cost("fee", "model-license") && p.Book == "microsoft" {
				got[p.Day] = p.Amount.String()
			}
		}
		first := int32(midnight("2026-10-31").Add(-7*time.Hour).Unix() / 86400)
		want := map[int32]string{first: "33.333333333334", first + 1: "33.333333333333", first + 2: "33.333333333333"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by day (-want +got):\n%s", diff)
		}
	})

	t.Run("without_days_is_accrued_on_its_own", func(t *testing.T) {
		brings(t, example(t), "2026-05-04", fee("marketplace-fee", "openai-clouds", "aws-capacity", "openai", "amazon", "3"), `
openai | cost:fee:aws-capacity +3; payable:accrued:amazon:aws-capacity -3
amazon | receivable:accrued:openai:aws-capacity +3; revenue:fee:aws-capacity -3
`)
	})

	t.Run("of_a_guarantee_is_due_at_once_and_an_advance", func(t *testing.T) {
		w := example(t)
		brings(t, w, "2026-05-01", fee("guarantee", "openai-microsoft", toMicrosoft, "openai", "microsoft", "1000"), `
openai | prepaid:microsoft:share-openai-to-microsoft +1000; payable:stated:microsoft:share-openai-to-microsoft -1000
microsoft | receivable:stated:openai:share-openai-to-microsoft +1000; deferred:openai:share-openai-to-microsoft -1000
`)
		w.bring("2026-05-04", invoice("1500"))
		brings(t, w, "2026-06-01", fee("guarantee-unearned", "openai-microsoft", toMicrosoft, "openai", "microsoft", "700"), `
openai | cost:fee:share-openai-to-microsoft +700; prepaid:microsoft:share-openai-to-microsoft -700
microsoft | deferred:openai:share-openai-to-microsoft +700; revenue:fee:share-openai-to-microsoft -700
`)
		refused(t, w, "2026-06-01", fee("guarantee-unearned", "openai-microsoft", toMicrosoft, "openai", "microsoft", "1"), "0 of an advance are left")
	})

	t.Run("names_who_owes_it_and_why", func(t *testing.T) {
		w := example(t)
		refused(t, w, "2026-05-04", fee("", "openai-microsoft", "model-license", "microsoft", "openai", "1"), "it has no name")
		refused(t, w, "2026-05-04", fee("license-fee", "openai-microsoft", "model-license", "openai", "openai", "1"), "name payer and payee")
		refused(t, w, "2026-05-04", fee("license-fee", "openai-microsoft", "nothing", "microsoft", "openai", "1"), `no document of the journal has the clause "nothing"`)
		refused(t, w, "2026-05-04", fee("license-fee", "openai-microsoft", "model-license", "microsoft", "openai", "-1"), "what is taken back is a credit")
		backwards := fee("license-fee", "openai-microsoft", "model-license", "microsoft", "openai", "1")
		backwards.From, backwards.Until = 2, 1
		refused(t, w, "2026-05-04", backwards, "does not come after")
		backwards.From, backwards.Until = 1, date("2026-05-04").UnixNano()
		refused(t, w, "2026-05-04", backwards, "over more than 3700 days")
	})
}

func TestAnAdvanceIsRecoupedByWhatAccruesAfterItAndGivenBackByRefunds(t *testing.T) {
	w := example(t)
	w.bring("2026-05-02", invoice("50")) // 10 are accrued before
	ahead := paid("openai", "microsoft", "100", "0")
	ahead.Lines[0].Advance = true
	w.bring("2026-05-03", ahead)
	prepaid := func(want string) {
		t.Helper()
		if got := w.balance(t, "openai", ledger.Prepaid("microsoft", toMicrosoft)); got != want {
			t.Errorf("prepaid is %s, want %s", got, want)
		}
		if got := w.balance(t, "microsoft", ledger.Deferred("openai", toMicrosoft)); got != amount(want).Neg().String() {
			t.Errorf("deferred is %s, want -%s", got, want)
		}
	}
	prepaid("100")
	w.bring("2026-05-04", invoice("300"))
	prepaid("40")
	w.bring("2026-05-05", invoice("400"))
	prepaid("0")
	refund := &journal.Refund{Origin: invoice("1").Origin, Amount: amount("300")}
	w.bring("2026-05-06", refund) // 80 were earned; 140 less 60
	prepaid("20")
}

func TestAPrepaidCommitmentIsUsedUpByWhatTheCloudCharges(t *testing.T) {
	w := example(t)
	ahead := paid("openai", "amazon", "0.01", "0")
	ahead.Lines[0] = journal.Paid{Agreement: "openai-clouds", Clause: "aws-capacity", Amount: amount("0.01"), Advance: true}
	w.bring("2026-05-01", ahead)
	check(t, w, "2026-05-04", sale("acme", "openai", gpt54, "aws", "openai", "", "0.007"), `
openai | cost:cloud:aws +0.007; payable:accrued:amazon:aws-capacity -0.007; memo:commitment:aws-capacity:used +0.007; memo:commitment:aws-capacity:open -0.007; payable:accrued:amazon:aws-capacity +0.007; prepaid:amazon:aws-capacity -0.007
amazon | receivable:accrued:openai:aws-capacity +0.007; revenue:infrastructure:aws -0.007; deferred:openai:aws-capacity +0.007; receivable:accrued:openai:aws-capacity -0.007
`)
	w.post("2026-05-05", sale("acme", "openai", gpt54, "aws", "openai", "", "0.007"))
	if got := w.balance(t, "openai", ledger.AccruedPayable("amazon", "aws-capacity")); got != "-0.004" {
		t.Errorf("accrued is %s, want -0.004", got)
	}
}

func TestPayment(t *testing.T) {
	t.Run("of_a_customer_pays_what_no_statement_closes", func(t *testing.T) {
		w := example(t)
		caseA(w)
		p := &journal.Payment{From: "acme", To: "openai", Amount: amount("0.02"), Currency: "USD", Lines: []journal.Paid{
			{Agreement: "openai-microsoft", Clause: "openai-sales", Amount: amount("0.02")}}}
		brings(t, w, "2026-06-01", p, `
acme | payable:accrued:openai:openai-sales +0.02; cash -0.02
openai | receivable:accrued:acme:openai-sales -0.02; cash +0.02
`)
	})

	t.Run("sets_off_what_the_payee_owes_and_keeps_both_lines", func(t *testing.T) {
		w := accrued(t)
		w.bring("2026-06-04", closing("OM-2026-05", 1, "2026-05", "1234.57"))
		w.bring("2026-06-05", fee("interest", "openai-microsoft", "azure-capacity", "microsoft", "openai", "34.57"))
		p := paid("openai", "microsoft", "1200", "0")
		p.Lines = []journal.Paid{{Agreement: "openai-microsoft", Clause: toMicrosoft, Amount: amount("1234.57")},
			{Agreement: "openai-microsoft", Clause: "azure-capacity", Amount: amount("-34.57")}}
		brings(t, w, "2026-07-01", p, `
openai | payable:stated:microsoft:share-openai-to-microsoft +1234.57; cash -1234.57; receivable:stated:microsoft:azure-capacity -34.57; cash +34.57
microsoft | receivable:stated:openai:share-openai-to-microsoft -1234.57; cash +1234.57; payable:stated:openai:azure-capacity +34.57; cash -34.57
`)
	})

	t.Run("adds_up_and_names_clauses_and_statements", func(t *testing.T) {
		w := accrued(t)
		w.bring("2026-06-04", closing("OM-2026-05", 1, "2026-05", "1234.57"))
		refused(t, w, "2026-07-01", &journal.Payment{From: "openai", To: "microsoft", Amount: amount("1"), Currency: "USD"}, "it names no clause")
		short := paid("openai", "microsoft", "10", "1")
		short.Amount = amount("11")
		refused(t, w, "2026-07-01", short, "its lines sum to 10 with 1 withheld, not to 11 with 1")
		refused(t, w, "2026-07-01", paid("openai", "microsoft", "1", "2"), "2 of 1 are withheld")
		refused(t, w, "2026-07-01", paid("openai", "openai", "1", "0"), "name the two parties")
		cited := paid("openai", "microsoft", "10", "0")
		cited.Statement = "OM-9"
		refused(t, w, "2026-07-01", cited, `no statement "OM-9" is closed`)
		cited.Statement, cited.From, cited.To = "OM-2026-05", "microsoft", "openai"
		refused(t, w, "2026-07-01", cited, "does not state what microsoft owes openai")
		negative := paid("openai", "microsoft", "10", "0")
		negative.Lines = []journal.Paid{{Agreement: "openai-microsoft", Clause: toMicrosoft, Amount: amount("-10"), Advance: true}}
		refused(t, w, "2026-07-01", negative, "what is set off is neither an advance")
	})
}

// standing returns what the books know of a statement, as a text.
func standing(w *world, number string) string {
	st, ok := w.state.Statement(number)
	if !ok {
		return "none"
	}
	text := st.State
	for i := range st.Lines {
		open, err := st.Lines[i].Open()
		if err != nil {
			return err.Error()
		}
		text += ", open " + open.String() + ", disputed " + st.Lines[i].Disputed.String()
	}
	return text
}

func TestStatementsStand(t *testing.T) {
	w := accrued(t)
	c := closing("OM-2026-05", 1, "2026-05", "1234.57")
	w.bring("2026-06-04", c)
	expect := func(want string) {
		t.Helper()
		if got := standing(w, "OM-2026-05"); got != want {
			t.Errorf("the statement is %s, want %s", got, want)
		}
	}
	expect("issued, open 1234.57, disputed 0")
	if st, _ := w.state.Statement("OM-2026-05"); st.Due != date("2026-07-19").UnixNano() {
		t.Errorf("due %s, want 45 days later", time.Unix(0, st.Due))
	}

	moves := func(at string, body journal.Body) {
		t.Helper()
		if tx := w.bring(at, body); len(tx.Postings) > 0 {
			t.Errorf("%s moved money:\n%s", body.Kind(), table(tx))
		}
	}
	moves("2026-06-10", &journal.Dispute{Statement: "OM-2026-05", Hash: c.Hash, By: "openai", Clause: toMicrosoft, Amount: amount("34.57"), Currency: "USD", Reason: "double"})
	expect("disputed, open 1234.57, disputed 34.57")
	part := paid("openai", "microsoft", "1200", "0")
	part.Statement = "OM-2026-05"
	w.bring("2026-06-20", part) // what is not disputed is payable
	expect("disputed, open 34.57, disputed 34.57")
	moves("2026-06-25", &journal.Acceptance{Statement: "OM-2026-05", Hash: c.Hash, By: "openai"})
	expect("accepted, open 34.57, disputed 0")
	rest := paid("openai", "microsoft", "34.57", "0")
	rest.Statement = "OM-2026-05"
	w.bring("2026-07-01", rest)
	expect("settled, open 0, disputed 0")

	refused(t, w, "2026-07-01", &journal.Acceptance{Statement: "OM-2026-05", Hash: journal.Hash{1}, By: "openai"}, "it speaks of another one")
	refused(t, w, "2026-07-01", &journal.Acceptance{Statement: "OM-2026-05", Hash: c.Hash, By: "acme"}, `"acme" is neither`)
	refused(t, w, "2026-07-01", &journal.Dispute{Statement: "OM-2026-05", Hash: c.Hash, By: "openai", Clause: "x"}, `has no clause "x"`)
	refused(t, w, "2026-07-01", &journal.Dispute{Statement: "OM-2026-05", Hash: c.Hash, By: "openai", Clause: toMicrosoft, Amount: amount("5000")}, "5000 of statement OM-2026-05 are disputed")
}

func TestClosing(t *testing.T) {
	w := accrued(t)
	w.bring("2026-06-04", closing("OM-2026-05", 1, "2026-05", "1234.57"))
	for name, c := range map[string]struct {
		at   string
		body *journal.Close
		want string
	}{
		"twice":                       {"2026-06-05", closing("OM-2026-05", 1, "2026-05", "1"), "is closed already"},
		"twice_by_another_number":     {"2026-06-05", closing("OM-2", 1, "2026-05", "1"), "is closed by statement OM-2026-05, version 1"},
		"the_future":                  {"2026-06-29", closing("OM-2026-06", 1, "2026-06", "1"), "is not over"},
		"with_a_gap":                  {"2026-08-05", closing("OM-2026-07", 1, "2026-07", "1"), "close what lies between first"},
		"a_version_of_nothing":        {"2026-07-05", closing("OM-2026-06", 2, "2026-06", "1"), "version 2 of a period of which none was closed"},
		"a_version_that_skips_one":    {"2026-07-05", closing("OM-2026-05", 3, "2026-05", "1"), "a corrected one has version 2"},
		"in_fractions_of_a_cent":      {"2026-07-05", closing("OM-2026-06", 1, "2026-06", "0.001"), "a statement has 2 decimals"},
		"with_bytes_of_another_hash":  {"2026-07-05", change(closing("OM-2026-06", 1, "2026-06", "1"), func(c *journal.Close) { c.Statement = nil }), "another hash"},
		"overlapping":                 {"2026-07-05", change(closing("OM-X", 1, "2026-05", "1"), func(c *journal.Close) { c.Until++ }), "overlaps that of statement OM-2026-05"},
		"of_others_than_the_parties":  {"2026-07-05", change(closing("OM-2026-06", 1, "2026-06", "1"), func(c *journal.Close) { c.Lines[0].Payee = "amazon" }), "openai owes amazon, and the statement is between"},
		"of_an_agreement_of_nobody":   {"2026-07-05", change(closing("OM-2026-06", 1, "2026-06", "1"), func(c *journal.Close) { c.Agreement = "x" }), `the agreement "x"`},
		"with_a_line_that_is_there":   {"2026-07-05", change(closing("OM-2026-06", 1, "2026-06", "1"), func(c *journal.Close) { c.Lines = append(c.Lines, c.Lines[0]) }), "stands in it twice"},
		"of_a_period_without_a_span":  {"2026-07-05", change(closing("OM-2026-06", 1, "2026-06", "1"), func(c *journal.Close) { c.Until = c.From }), "ends before it begins"},
		"without_a_number_to_quote":   {"2026-07-05", closing("", 1, "2026-06", "1"), "no number"},
		"under_a_clause_of_no_clause": {"2026-07-05", change(closing("OM-2026-06", 1, "2026-06", "1"), func(c *journal.Close) { c.Lines[0].Clause = "x" }), `the clause "x"`},
	} {
		t.Run(name+"_is_refused", func(t *testing.T) { refused(t, w, c.at, c.body, c.want) })
	}

	t.Run("anew_moves_the_difference", func(t *testing.T) {
		brings(t, w, "2026-07-05", closing("OM-2026-05", 2, "2026-05", "1200.00"), `
openai | payable:accrued:microsoft:share-openai-to-microsoft -34.57; payable:stated:microsoft:share-openai-to-microsoft +34.57
microsoft | receivable:stated:openai:share-openai-to-microsoft -34.57; receivable:accrued:openai:share-openai-to-microsoft +34.57
`)
		brings(t, w, "2026-07-06", closing("OM-2026-05-b", 3, "2026-05", ""), `
openai | payable:accrued:microsoft:share-openai-to-microsoft -1200; payable:stated:microsoft:share-openai-to-microsoft +1200
microsoft | receivable:stated:openai:share-openai-to-microsoft -1200; receivable:accrued:openai:share-openai-to-microsoft +1200
`)
		if got := standing(w, "OM-2026-05"); got != "replaced, open 1200, disputed 0" {
			t.Errorf("the statement before is %s", got)
		}
		refused(t, w, "2026-07-07", &journal.Acceptance{Statement: "OM-2026-05", By: "openai"}, "was replaced by a later version")
	})
}

func change[T any](of *T, how func(*T)) *T {
	how(of)
	return of
}

func TestRatesAreKeptAndMoveNothing(t *testing.T) {
	w := example(t)
	fix := func(at, value string) *journal.Rate {
		return &journal.Rate{Source: "ecb", From: "EUR", To: "USD", At: date(at).UnixNano(), Value: rate(value)}
	}
	for _, r := range []*journal.Rate{fix("2026-05-04", "1.1"), fix("2026-05-01", "1.2"), fix("2026-05-04", "1.1")} {
		if tx := w.bring("2026-05-10", r); len(tx.Postings) > 0 {
			t.Errorf("it moved money:\n%s", table(tx))
		}
	}
	refused(t, w, "2026-05-11", fix("2026-05-04", "1.3"), "a rate never changes")
	refused(t, w, "2026-05-11", fix("2026-05-04", "-1"), "it is more than zero")
	refused(t, w, "2026-05-11", &journal.Rate{From: "USD", To: "USD", Value: rate("1")}, "name two currencies")
	for at, want := range map[string]string{"2026-05-03": "1.2", "2026-05-04": "1.1", "2027-01-01": "1.1"} {
		got, _, ok := w.state.RateAt("ecb", "EUR", "USD", date(at).UnixNano())
		if !ok || got != rate(want) {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
	if _, _, ok := w.state.RateAt("ecb", "EUR", "USD", date("2026-04-30").UnixNano()); ok {
		t.Error("there is a rate before the first one")
	}
	if got := w.state.RatesWithin("ecb", "EUR", "USD", date("2026-05-01").UnixNano(), date("2026-05-04").UnixNano()); len(got) != 1 || got[0] != rate("1.2") {
		t.Errorf("within: %v", got)
	}
}

func TestFactsAndMergesMoveNothing(t *testing.T) {
	w := example(t)
	for _, body := range []journal.Body{&journal.Fact{Agreement: "openai-microsoft", Text: []byte("{}")}, &journal.Merge{Number: 1}} {
		if tx := w.bring("2026-05-04", body); len(tx.Postings) > 0 {
			t.Errorf("%s moved money:\n%s", body.Kind(), table(tx))
		}
	}
}

func TestDuesAddUp(t *testing.T) {
	w := accrued(t)
	w.bring("2026-06-04", closing("OM-2026-05", 1, "2026-05", "1234.57"))
	w.bring("2026-06-05", fee("interest", "openai-microsoft", toMicrosoft, "openai", "microsoft", "20"))
	w.bring("2026-07-01", paid("openai", "microsoft", "1000", "0"))
	want := []ledger.Due{{Agreement: "openai-microsoft", Clause: toMicrosoft, Payer: "openai", Payee: "microsoft", Currency: "USD",
		Stated: amount("1234.57"), AtOnce: amount("20"), Paid: amount("1000")}}
	if diff := cmp.Diff(want, w.state.Dues(), cmp.Comparer(func(a, b money.Amount) bool { return a == b })); diff != "" {
		t.Errorf("dues (-want +got):\n%s", diff)
	}
}
