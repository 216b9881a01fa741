package ledger_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/ledger"
)

func TestAnAccountIsTakenApart(t *testing.T) {
	for account, want := range map[ledger.Account]ledger.Parts{
		ledger.AccruedReceivable("acme", "openai-sales"):      {Type: ledger.Asset, Root: "receivable", Branch: "accrued", Counterparty: "acme", Subject: "openai-sales"},
		ledger.AccruedPayable("google", "capacity:gcp"):       {Type: ledger.Liability, Root: "payable", Branch: "accrued", Counterparty: "google", Subject: "capacity:gcp"},
		"payable:stated:microsoft:share":                      {Type: ledger.Liability, Root: "payable", Branch: "stated", Counterparty: "microsoft", Subject: "share"},
		"prepaid:microsoft:share":                             {Type: ledger.Asset, Root: "prepaid", Counterparty: "microsoft", Subject: "share"},
		"deferred:openai:share":                               {Type: ledger.Liability, Root: "deferred", Counterparty: "openai", Subject: "share"},
		"cash":                                                {Type: ledger.Asset, Root: "cash"},
		"tax:collected":                                       {Type: ledger.Liability, Root: "tax", Branch: "collected"},
		ledger.Revenue("license", "openai/gpt-5.4"):           {Type: ledger.Income, Root: "revenue", Branch: "license", Subject: "openai/gpt-5.4"},
		"revenue:interest":                                    {Type: ledger.Income, Root: "revenue", Branch: "interest"},
		ledger.Cost("usage", "openai/gpt-5.4"):                {Type: ledger.Expense, Root: "cost", Branch: "usage", Subject: "openai/gpt-5.4"},
		"cost:bad-debt":                                       {Type: ledger.Expense, Root: "cost", Branch: "bad-debt"},
		ledger.MemoAccount("commitment", "aws", "used"):       {Type: ledger.Memo, Root: "memo", Branch: "commitment", Subject: "aws", Side: "used"},
		ledger.MemoAccount("above-cap", "share", ""):          {Type: ledger.Memo, Root: "memo", Branch: "above-cap", Subject: "share"},
		ledger.MemoAccount("suspense", "reasoning", "contra"): {Type: ledger.Memo, Root: "memo", Branch: "suspense", Subject: "reasoning", Side: "contra"},
	} {
		got, err := account.Parse()
		if err != nil {
			t.Errorf("%s: %v", account, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", account, diff)
		}
	}
}

func TestAnAccountOutsideTheTableIsRefused(t *testing.T) {
	for _, account := range []ledger.Account{
		"", "cash:usd", "revenue", "revenue:cloud", "revenue:interest:x", "cost:license:x", "payable:accrued", "payable:accrued:x",
		"receivable:soon:x:y", "prepaid:x", "tax:due", "memo:commitment:x", "memo:other:x", "equity",
	} {
		if _, err := account.Parse(); err == nil {
			t.Errorf("%q is accepted", account)
		}
	}
}
