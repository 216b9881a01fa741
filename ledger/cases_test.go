package ledger_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/journal"
	"concord/money"
)

// The worked cases of BOOKS, "One request, worked".
func TestCase(t *testing.T) {
	t.Run("A_openai_sells_to_acme_on_aws", func(t *testing.T) {
		w := example(t)
		check(t, w, "2026-05-04", sale("acme", "openai", gpt54, "aws", "openai", "0.020", "0.007"), `
openai | receivable:accrued:acme:openai-sales +0.02; revenue:license:openai/gpt-5.4 -0.012; revenue:cloud:aws -0.008; cost:cloud:aws +0.007; payable:accrued:amazon:aws-capacity -0.007; memo:commitment:aws-capacity:used +0.007; memo:commitment:aws-capacity:open -0.007; cost:share:share-openai-to-microsoft +0.004; payable:accrued:microsoft:share-openai-to-microsoft -0.004
acme | cost:usage:openai/gpt-5.4 +0.02; payable:accrued:openai:openai-sales -0.02
amazon | receivable:accrued:openai:aws-capacity +0.007; revenue:infrastructure:aws -0.007
microsoft | receivable:accrued:openai:share-openai-to-microsoft +0.004; revenue:share:share-openai-to-microsoft -0.004
`)
		if got := capUsed(w); got != "0.004" {
			t.Errorf("cap used %s, want 0.004", got)
		}
	})

	onAzure := `
openai | receivable:accrued:acme:openai-sales +0.02; revenue:license:openai/gpt-5.4 -0.012; revenue:cloud:azure -0.008; cost:cloud:azure +0.007; payable:accrued:microsoft:azure-capacity -0.007; memo:commitment:azure-capacity:used +0.007; memo:commitment:azure-capacity:open -0.007; cost:share:share-openai-to-microsoft +0.004; payable:accrued:microsoft:share-openai-to-microsoft -0.004
acme | cost:usage:openai/gpt-5.4 +0.02; payable:accrued:openai:openai-sales -0.02
microsoft | receivable:accrued:openai:azure-capacity +0.007; revenue:infrastructure:azure -0.007; receivable:accrued:openai:share-openai-to-microsoft +0.004; revenue:share:share-openai-to-microsoft -0.004
`
	t.Run("B1_openai_sells_on_azure_before_the_amendment_without_a_cap", func(t *testing.T) {
		w := example(t)
		check(t, w, "2026-04-26", sale("acme", "openai", gpt54, "azure", "openai", "0.020", "0.007"), onAzure)
		if got := capUsed(w); got != "0" {
			t.Errorf("cap used %s, want 0", got)
		}
	})
	t.Run("B1_openai_sells_on_azure_after_the_amendment_and_uses_the_cap", func(t *testing.T) {
		w := example(t)
		check(t, w, "2026-04-27", sale("acme", "openai", gpt54, "azure", "openai", "0.020", "0.007"), onAzure)
		if got := capUsed(w); got != "0.004" {
			t.Errorf("cap used %s, want 0.004", got)
		}
	})

	t.Run("B2_microsoft_sells_on_azure_before_the_amendment_and_owes_a_share", func(t *testing.T) {
		check(t, example(t), "2026-04-26", sale("contoso", "microsoft", gpt54, "azure", "microsoft", "0.020", ""), `
microsoft | receivable:accrued:contoso:microsoft-sales +0.02; revenue:license:openai/gpt-5.4 -0.012; revenue:cloud:azure -0.008; cost:share:share-microsoft-to-openai +0.004; payable:accrued:openai:share-microsoft-to-openai -0.004
contoso | cost:usage:openai/gpt-5.4 +0.02; payable:accrued:microsoft:microsoft-sales -0.02
openai | receivable:accrued:microsoft:share-microsoft-to-openai +0.004; revenue:share:share-microsoft-to-openai -0.004
`)
	})
	t.Run("B2_microsoft_sells_on_azure_after_the_amendment_and_owes_nothing", func(t *testing.T) {
		check(t, example(t), "2026-04-27", sale("contoso", "microsoft", gpt54, "azure", "microsoft", "0.020", ""), `
microsoft | receivable:accrued:contoso:microsoft-sales +0.02; revenue:license:openai/gpt-5.4 -0.012; revenue:cloud:azure -0.008
contoso | cost:usage:openai/gpt-5.4 +0.02; payable:accrued:microsoft:microsoft-sales -0.02
`)
	})

	t.Run("C_amazon_sells_to_globex_and_openai_shares_what_it_gets", func(t *testing.T) {
		check(t, example(t), "2026-05-04", sale("globex", "amazon", gpt54, "aws", "amazon", "0.022", ""), `
amazon | receivable:accrued:globex:amazon-sales +0.022; revenue:license:openai/gpt-5.4 -0.0132; revenue:cloud:aws -0.0088; cost:share:share-amazon-to-openai +0.00396; payable:accrued:openai:share-amazon-to-openai -0.00396
globex | cost:usage:openai/gpt-5.4 +0.022; payable:accrued:amazon:amazon-sales -0.022
openai | receivable:accrued:amazon:share-amazon-to-openai +0.00396; revenue:share:share-amazon-to-openai -0.00396; cost:share:share-openai-to-microsoft +0.000792; payable:accrued:microsoft:share-openai-to-microsoft -0.000792
microsoft | receivable:accrued:openai:share-openai-to-microsoft +0.000792; revenue:share:share-openai-to-microsoft -0.000792
`)
	})
}

// The events of BOOKS' second table that a record can bring.
func TestEvent(t *testing.T) {
	t.Run("failed_attempt_that_the_cloud_bills", func(t *testing.T) {
		r := sale("acme", "openai", gpt54, "azure", "openai", "", "0.001")
		r.Outcome, r.Served = journal.Failed, -1
		check(t, example(t), "2026-05-04", r, `
openai | cost:cloud:azure +0.001; payable:accrued:microsoft:azure-capacity -0.001; memo:commitment:azure-capacity:used +0.001; memo:commitment:azure-capacity:open -0.001
microsoft | receivable:accrued:openai:azure-capacity +0.001; revenue:infrastructure:azure -0.001
`)
	})

	t.Run("cap_reached_inside_an_event", func(t *testing.T) {
		w := nearTheCap(t)
		check(t, w, "2026-05-04", sale("contoso", "openai", gpt54, "openai", "openai", "0.020", ""), `
openai | receivable:accrued:contoso:openai-sales +0.02; revenue:license:openai/gpt-5.4 -0.012; revenue:cloud:openai -0.008; cost:share:share-openai-to-microsoft +0.001; payable:accrued:microsoft:share-openai-to-microsoft -0.001; memo:above-cap:share-openai-to-microsoft +0.003; memo:above-cap:share-openai-to-microsoft:contra -0.003
contoso | cost:usage:openai/gpt-5.4 +0.02; payable:accrued:openai:openai-sales -0.02
microsoft | receivable:accrued:openai:share-openai-to-microsoft +0.001; revenue:share:share-openai-to-microsoft -0.001
`)
		check(t, w, "2026-05-05", sale("contoso", "openai", gpt54, "openai", "openai", "0.020", ""), `
openai | receivable:accrued:contoso:openai-sales +0.02; revenue:license:openai/gpt-5.4 -0.012; revenue:cloud:openai -0.008; memo:above-cap:share-openai-to-microsoft +0.004; memo:above-cap:share-openai-to-microsoft:contra -0.004
contoso | cost:usage:openai/gpt-5.4 +0.02; payable:accrued:openai:openai-sales -0.02
`)
	})
}

func capUsed(w *world) string {
	for _, u := range w.state.CapUses() {
		if u.Clause == "share-openai-to-microsoft" && !u.CountsFrom.IsZero() {
			return u.Capped.String()
		}
	}
	return money.Amount{}.String()
}

func check(t *testing.T, w *world, at string, r *journal.Record, want string) {
	t.Helper()
	if diff := cmp.Diff(want[1:], table(w.post(at, r))); diff != "" {
		t.Errorf("postings (-want +got):\n%s", diff)
	}
}
