package ledger_test

import (
	"testing"

	"concord/agreement"
	"concord/journal"
	"concord/ledger"
	"concord/pricing"
	"concord/usage"
)

func TestRefund(t *testing.T) {
	t.Run("of_a_part_splits_as_the_sale_did_and_leaves_the_rest_to_be_given_back", func(t *testing.T) {
		w := example(t)
		o := caseA(w)
		brings(t, w, "2026-06-10", &journal.Refund{Origin: o, Amount: amount("0.005")}, `
openai | receivable:accrued:acme:openai-sales -0.005; revenue:license:openai/gpt-5.4 +0.003; revenue:cloud:aws +0.002; cost:share:share-openai-to-microsoft -0.001; payable:accrued:microsoft:share-openai-to-microsoft +0.001
acme | cost:usage:openai/gpt-5.4 -0.005; payable:accrued:openai:openai-sales +0.005
microsoft | receivable:accrued:openai:share-openai-to-microsoft -0.001; revenue:share:share-openai-to-microsoft +0.001
`)
		refused(t, w, "2026-06-11", &journal.Refund{Origin: o, Amount: amount("0.015000000001")}, "0.015000000001 USD would be given back of a sale of 0.02, of which 0.005 was given back already")
		w.bring("2026-06-11", &journal.Refund{Origin: o, Amount: amount("0.015")})
		refused(t, w, "2026-06-12", &journal.Refund{Origin: o, Amount: amount("0.000000000001")}, "give back what is left")
	})

	t.Run("splits_as_it_is_told", func(t *testing.T) {
		w := example(t)
		o := caseA(w)
		split := []journal.StreamAmount{{Stream: "cloud", Amount: amount("0.005")}}
		brings(t, w, "2026-06-10", &journal.Refund{Origin: o, Amount: amount("0.005"), Streams: split}, `
openai | receivable:accrued:acme:openai-sales -0.005; revenue:cloud:aws +0.005; cost:share:share-openai-to-microsoft -0.001; payable:accrued:microsoft:share-openai-to-microsoft +0.001
acme | cost:usage:openai/gpt-5.4 -0.005; payable:accrued:openai:openai-sales +0.005
microsoft | receivable:accrued:openai:share-openai-to-microsoft -0.001; revenue:share:share-openai-to-microsoft +0.001
`)
		refused(t, w, "2026-06-10", &journal.Refund{Origin: o, Amount: amount("0.006"), Streams: split}, "its streams sum to 0.005, not to 0.006")
		refused(t, w, "2026-06-10", &journal.Refund{Origin: o, Amount: amount("0.005"), Streams: []journal.StreamAmount{{Stream: "gold", Amount: amount("0.005")}}},
			`no stream "gold": it has license, cloud`)
	})

	t.Run("gives_tax_back_beside_the_amount", func(t *testing.T) {
		w := taxed(t)
		r := sale("acme", "openai", gpt54, "openai", "openai", "0.020", "")
		w.post("2026-05-04", r)
		brings(t, w, "2026-06-10", &journal.Refund{Origin: w.of("2026-05-04", r), Amount: amount("0.020"), Tax: amount("0.0016")}, `
openai | receivable:accrued:acme:openai-sales -0.0216; revenue:license:openai/gpt-5.4 +0.012; revenue:cloud:openai +0.008; tax:collected +0.0016; cost:share:share-openai-to-microsoft -0.004; payable:accrued:microsoft:share-openai-to-microsoft +0.004
acme | cost:usage:openai/gpt-5.4 -0.0216; payable:accrued:openai:openai-sales +0.0216
microsoft | receivable:accrued:openai:share-openai-to-microsoft -0.004; revenue:share:share-openai-to-microsoft +0.004
`)
	})

	t.Run("reverses_under_the_terms_of_the_sale", func(t *testing.T) {
		w := example(t)
		r := sale("contoso", "microsoft", gpt54, "azure", "microsoft", "0.020", "")
		w.post("2026-04-26", r) // Microsoft owed a share until the day after
		brings(t, w, "2026-06-10", &journal.Refund{Origin: w.of("2026-04-26", r), Amount: amount("0.020")}, `
microsoft | receivable:accrued:contoso:microsoft-sales -0.02; revenue:license:openai/gpt-5.4 +0.012; revenue:cloud:azure +0.008; cost:share:share-microsoft-to-openai -0.004; payable:accrued:openai:share-microsoft-to-openai +0.004
contoso | cost:usage:openai/gpt-5.4 -0.02; payable:accrued:microsoft:microsoft-sales +0.02
openai | receivable:accrued:microsoft:share-microsoft-to-openai -0.004; revenue:share:share-microsoft-to-openai +0.004
`)
	})

	t.Run("without_a_sale_is_negative_base_at_its_own_instant", func(t *testing.T) {
		w := example(t)
		caseA(w)
		o := journal.Origin{Customer: "acme", Seller: "openai", Product: gpt54, Cloud: "aws", Currency: "USD"}
		w.bring("2026-06-10", &journal.Refund{Origin: o, Amount: amount("0.05")})
		if a, _ := w.state.Accrual("openai-microsoft", toMicrosoft); a.Base.String() != "-0.03" {
			t.Errorf("base %s, want -0.03", a.Base)
		}
	})

	t.Run("is_more_than_zero", func(t *testing.T) {
		w := example(t)
		o := caseA(w)
		refused(t, w, "2026-06-10", &journal.Refund{Origin: o, Amount: amount("-1")}, "a refund of -1: its amount is more than zero")
		refused(t, w, "2026-06-10", &journal.Refund{Origin: o, Amount: amount("0.01"), Tax: amount("-1")}, "tax is zero or more")
	})
}

// taxed is the partnership with a tax of 8 per cent on OpenAI's sales.
func taxed(t testing.TB) *world {
	a := partnership()
	for _, c := range a.Amendments[0].Adds {
		if s, ok := c.(*agreement.Sale); ok && s.Seller == "openai" {
			s.Tax = rate("8%")
		}
	}
	return newWorld(t, a, clouds())
}

func TestAnInvoiceIsASaleOfAPlainAmount(t *testing.T) {
	w := example(t)
	v := invoice("0.020")
	v.Streams, v.Tax = []journal.StreamAmount{{Stream: "license", Amount: amount("0.012")}, {Stream: "cloud", Amount: amount("0.008")}}, amount("0.0016")
	brings(t, w, "2026-06-01", v, `
openai | receivable:accrued:acme:openai-sales +0.0216; revenue:license:openai/gpt-5.4 -0.012; revenue:cloud:aws -0.008; tax:collected -0.0016; cost:share:share-openai-to-microsoft +0.004; payable:accrued:microsoft:share-openai-to-microsoft -0.004
acme | cost:usage:openai/gpt-5.4 +0.0216; payable:accrued:openai:openai-sales -0.0216
microsoft | receivable:accrued:openai:share-openai-to-microsoft +0.004; revenue:share:share-openai-to-microsoft -0.004
`)
	refused(t, w, "2026-06-01", invoice("-1"), "what is given back is a refund or a credit")
	w2 := invoice("1")
	w2.Origin.Seller = "google"
	refused(t, w, "2026-06-01", w2, "no sale clause says on which terms google sells")
}

func TestCredit(t *testing.T) {
	t.Run("to_a_customer_takes_a_part_of_a_sale_back", func(t *testing.T) {
		w := example(t)
		o := caseA(w)
		tx := w.bring("2026-06-10", &journal.Credit{Origin: o, From: "openai", To: "acme", Amount: amount("0.01"), Currency: "USD"})
		if wrong := unbalanced(tx); wrong != "" {
			t.Error(wrong)
		}
		if got := w.balance(t, "acme", ledger.Cost("usage", gpt54)); got != "0.01" {
			t.Errorf("acme's cost is %s, want 0.01", got)
		}
		refused(t, w, "2026-06-11", &journal.Refund{Origin: o, Amount: amount("0.011")}, "of which 0.01 was given back already")
		refused(t, w, "2026-06-11", &journal.Credit{Origin: o, From: "microsoft", To: "acme", Amount: amount("0.001"), Currency: "USD"}, "a customer's credit comes from its seller")
	})

	credit := func(text, statement string) *journal.Credit {
		return &journal.Credit{Agreement: "openai-microsoft", Clause: toMicrosoft, From: "microsoft", To: "openai", Amount: amount(text), Currency: "USD", Statement: statement}
	}
	t.Run("under_a_clause_lowers_what_is_accrued", func(t *testing.T) {
		brings(t, accrued(t), "2026-05-20", credit("34.567", ""), `
openai | payable:accrued:microsoft:share-openai-to-microsoft +34.567; cost:share:share-openai-to-microsoft -34.567
microsoft | revenue:share:share-openai-to-microsoft +34.567; receivable:accrued:openai:share-openai-to-microsoft -34.567
`)
	})
	t.Run("under_a_clause_lowers_what_is_stated_first", func(t *testing.T) {
		w := accrued(t)
		w.bring("2026-06-04", closing("OM-2026-05", 1, "2026-05", "1234.57"))
		w.bring("2026-06-05", invoice("100"))
		brings(t, w, "2026-06-20", credit("1240", ""), `
openai | payable:stated:microsoft:share-openai-to-microsoft +1234.57; cost:share:share-openai-to-microsoft -1234.57; payable:accrued:microsoft:share-openai-to-microsoft +5.43; cost:share:share-openai-to-microsoft -5.43
microsoft | revenue:share:share-openai-to-microsoft +1234.57; receivable:stated:openai:share-openai-to-microsoft -1234.57; revenue:share:share-openai-to-microsoft +5.43; receivable:accrued:openai:share-openai-to-microsoft -5.43
`)
	})
	t.Run("for_capacity_is_less_cost_of_the_cloud", func(t *testing.T) {
		w := example(t)
		caseA(w)
		c := &journal.Credit{Agreement: "openai-clouds", Clause: "aws-capacity", From: "amazon", To: "openai", Amount: amount("0.001"), Currency: "USD", Reason: "an outage"}
		brings(t, w, "2026-05-20", c, `
openai | payable:accrued:amazon:aws-capacity +0.001; cost:cloud:aws -0.001
amazon | revenue:infrastructure:aws +0.001; receivable:accrued:openai:aws-capacity -0.001
`)
	})
	t.Run("names_what_it_lowers", func(t *testing.T) {
		w := accrued(t)
		unknown := credit("1", "")
		unknown.Clause = "share"
		refused(t, w, "2026-05-20", unknown, `no document of the journal has the clause "share" of the agreement "openai-microsoft"`)
		refused(t, w, "2026-05-20", credit("1", "OM-9"), `no statement "OM-9" is closed`)
		self := credit("1", "")
		self.From = "openai"
		refused(t, w, "2026-05-20", self, "openai gives it to itself")
		euro := credit("1", "")
		euro.Currency = "EUR"
		refused(t, w, "2026-05-20", euro, `is in USD, this is in "EUR"`)
	})
}

func TestCorrection(t *testing.T) {
	corrects := func(o journal.Origin, what, was, now string) *journal.Correction {
		return &journal.Correction{Origin: o, Attempt: -1, What: what, Was: lines(was), Now: lines(now)}
	}
	t.Run("of_a_price_posts_the_difference", func(t *testing.T) {
		w := example(t)
		o := caseA(w)
		brings(t, w, "2026-06-10", corrects(o, "price", "0.020", "0.015"), `
openai | receivable:accrued:acme:openai-sales -0.005; revenue:license:openai/gpt-5.4 +0.003; revenue:cloud:aws +0.002; cost:share:share-openai-to-microsoft -0.001; payable:accrued:microsoft:share-openai-to-microsoft +0.001
acme | cost:usage:openai/gpt-5.4 -0.005; payable:accrued:openai:openai-sales +0.005
microsoft | receivable:accrued:openai:share-openai-to-microsoft -0.001; revenue:share:share-openai-to-microsoft +0.001
`)
		refused(t, w, "2026-06-11", &journal.Refund{Origin: o, Amount: amount("0.016")}, "of a sale of 0.015")
		w.bring("2026-06-11", &journal.Refund{Origin: o, Amount: amount("0.01")})
		o.Charged = amount("0.015")
		refused(t, w, "2026-06-12", corrects(o, "void", "0.015", ""), "0.01 of it were given back")
	})

	t.Run("of_a_cost_posts_the_difference_and_draws_the_commitment", func(t *testing.T) {
		w := example(t)
		c := corrects(caseA(w), "cost", "0.007", "0.0075")
		c.Attempt, c.Holder = 0, "openai"
		brings(t, w, "2026-06-10", c, `
openai | cost:cloud:aws +0.0005; payable:accrued:amazon:aws-capacity -0.0005; memo:commitment:aws-capacity:used +0.0005; memo:commitment:aws-capacity:open -0.0005
amazon | receivable:accrued:openai:aws-capacity +0.0005; revenue:infrastructure:aws -0.0005
`)
	})

	t.Run("that_voids_a_sale_leaves_zero", func(t *testing.T) {
		w := example(t)
		w.bring("2026-06-10", corrects(caseA(w), "void", "0.020", ""))
		for _, account := range []ledger.Account{ledger.Revenue("license", gpt54), ledger.Revenue("cloud", "aws"), ledger.Cost("share", toMicrosoft)} {
			if got := w.balance(t, "openai", account); got != "0" {
				t.Errorf("%s is %s", account, got)
			}
		}
	})

	t.Run("that_finds_a_price_releases_the_suspense", func(t *testing.T) {
		w := example(t)
		r := sale("acme", "openai", gpt54, "aws", "openai", "0.020", "")
		r.Usage.Tokens[usage.OutputAudio], r.Unpriced = 100, []usage.Class{usage.OutputAudio}
		w.post("2026-05-04", r)
		c := corrects(w.of("2026-05-04", r), "price", "0.020", "0.020")
		c.Now = append(c.Now, pricing.Line{Class: usage.OutputAudio, Quantity: 100, Unit: amount("0.0001"), Amount: amount("0.01")})
		brings(t, w, "2026-06-10", c, `
openai | memo:suspense:output_audio -100; memo:suspense:output_audio:contra +100; receivable:accrued:acme:openai-sales +0.01; revenue:license:openai/gpt-5.4 -0.006; revenue:cloud:aws -0.004; cost:share:share-openai-to-microsoft +0.002; payable:accrued:microsoft:share-openai-to-microsoft -0.002
acme | cost:usage:openai/gpt-5.4 +0.01; payable:accrued:openai:openai-sales -0.01
microsoft | receivable:accrued:openai:share-openai-to-microsoft +0.002; revenue:share:share-openai-to-microsoft -0.002
`)
		if got := w.balance(t, "openai", ledger.MemoAccount("suspense", "output_audio", "")); got != "0" {
			t.Errorf("%s tokens are in suspense still", got)
		}
	})

	t.Run("says_what_it_corrects", func(t *testing.T) {
		w := example(t)
		o := caseA(w)
		refused(t, w, "2026-06-10", corrects(o, "colour", "0.020", "0.015"), `it corrects "colour"`)
		refused(t, w, "2026-06-10", corrects(o, "void", "0.020", "0.015"), "what is void has no price now")
		refused(t, w, "2026-06-10", corrects(o, "cost", "0.007", "0.008"), "does not name the account's holder")
		o.Of = journal.Ref{}
		refused(t, w, "2026-06-10", corrects(o, "price", "0.020", "0.015"), "which record it corrects")
	})
}
