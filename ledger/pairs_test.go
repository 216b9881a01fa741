package ledger_test

import (
	"strings"
	"testing"

	"concord/ledger"
)

// transaction reads "book account amount" lines of one clause.
func transaction(t *testing.T, text string) *ledger.Transaction {
	t.Helper()
	tx := &ledger.Transaction{Currency: "USD"}
	for line := range strings.Lines(strings.TrimSpace(text)) {
		f := strings.Fields(line)
		if len(f) != 3 {
			t.Fatalf("not a posting: %q", line)
		}
		tx.Postings = append(tx.Postings, ledger.Posting{Book: f[0], Account: ledger.Account(f[1]), Amount: amount(f[2]), Agreement: "a", Clause: "c", Cloud: "k", Product: "p"})
	}
	return tx
}

// Each pair that BOOKS allows, balanced and mirrored.
func TestAllowedAccountsMeet(t *testing.T) {
	for name, text := range map[string]string{
		"revenue_and_accrued": "x receivable:accrued:y:c 1\nx revenue:fee:c -1\ny payable:accrued:x:c -1\ny cost:fee:c 1",
		"revenue_and_stated":  "x receivable:stated:y:c 1\nx revenue:interest -1\ny payable:stated:x:c -1\ny cost:interest 1",
		"revenue_and_prepaid": "x deferred:y:c 1\nx revenue:fee:c -1\ny prepaid:x:c -1\ny cost:fee:c 1",
		"sale_with_tax":       "x receivable:accrued:y:c 3\nx revenue:license:p -2\nx tax:collected -1\ny payable:accrued:x:c -3\ny cost:usage:p 3",
		"stated_and_accrued":  "x receivable:stated:y:c 1\nx receivable:accrued:y:c -1\ny payable:accrued:x:c 1\ny payable:stated:x:c -1",
		"stated_and_cash":     "x receivable:stated:y:c -1\nx cash 1\ny payable:stated:x:c 1\ny cash -1",
		"stated_and_prepaid":  "x receivable:stated:y:c 1\nx deferred:y:c -1\ny payable:stated:x:c -1\ny prepaid:x:c 1",
		"prepaid_and_cash":    "x deferred:y:c -1\nx cash 1\ny prepaid:x:c 1\ny cash -1",
		"prepaid_and_accrued": "x deferred:y:c 1\nx receivable:accrued:y:c -1\ny prepaid:x:c -1\ny payable:accrued:x:c 1",
		"withheld_tax":        "x receivable:stated:y:c -3\nx cash 2\nx tax:recoverable 1\ny payable:stated:x:c 3\ny cash -2\ny tax:withheld -1",
		"accrued_and_cash":    "x receivable:accrued:y:c -1\nx cash 1\ny payable:accrued:x:c 1\ny cash -1", // of what no statement closes
		"a_share_of_two":      "x cost:share:c 2\nx payable:accrued:y:c -1\nx payable:accrued:z:c -1\ny receivable:accrued:x:c 1\ny revenue:share:c -1\nz receivable:accrued:x:c 1\nz revenue:share:c -1",
		"memo_and_memo":       "x memo:hold:k 1\nx memo:hold:k:contra -1",
	} {
		if err := transaction(t, text).Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Transactions that balance in each book, and that are refused all the same.
func TestABalancedTransactionOutsideTheAllowedPairsIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"revenue_and_cash":            {"x cash 1\nx revenue:fee:c -1\ny cash -1\ny cost:fee:c 1", "meets cash"},
		"revenue_and_cost":            {"x cost:fee:c 1\nx revenue:fee:c -1", "revenue meets cost"},
		"revenue_cost_and_owed":       {"x cost:fee:c 1\nx revenue:share:c -1\nx payable:accrued:y:c -1\nx payable:accrued:y:c 1", "revenue meets cost"},
		"revenue_and_revenue":         {"x revenue:fee:c 1\nx revenue:share:c -1", "meets no receivable, payable or prepaid"},
		"revenue_and_withheld_tax":    {"x tax:recoverable 1\nx revenue:fee:c -1\ny tax:withheld -1\ny cost:fee:c 1", "meets tax that was withheld"},
		"another_counterparty":        {"x receivable:accrued:y:c 1\nx receivable:accrued:z:c 1\nx revenue:fee:c -2\ny payable:accrued:x:c -1\ny cost:fee:c 1\nz payable:accrued:x:c -1\nz cost:fee:c 1", "its own counterparty"},
		"collected_tax_and_cash":      {"x cash 1\nx tax:collected -1\ny cash -1\ny tax:collected 1", "tax of a sale meets other than its receivable"},
		"collected_tax_alone":         {"x tax:collected 1\nx tax:collected -1", "tax of a sale meets no receivable"},
		"withheld_tax_alone":          {"x tax:withheld -1\nx tax:recoverable 1", "neither what is owed nor prepaid"},
		"cash_and_cash":               {"x cash 1\nx cash -1", "cash meets neither"},
		"money_and_memo":              {"x receivable:accrued:y:c 1\nx memo:hold:k -1\ny payable:accrued:x:c -1\ny memo:hold:k 1", "not to zero"},
		"two_memos_unlike_each_other": {"x memo:hold:k 1\nx memo:suspense:input -1", "not to zero"},
		"an_accrual_nobody_mirrors":   {"x receivable:accrued:y:c 1\nx revenue:fee:c -1", "the other book differs by 1"},
		"a_statement_nobody_mirrors":  {"x receivable:stated:y:c 1\nx receivable:accrued:y:c -1", "the other book differs"},
		"an_advance_nobody_mirrors":   {"x prepaid:y:c 1\nx cash -1\nz cash 1\nz deferred:w:c -1", "the other book differs by 1"},
		"cash_that_nobody_got":        {"x receivable:stated:y:c -1\nx cash 1\ny payable:stated:x:c 1\ny payable:accrued:x:c -1\nx receivable:accrued:y:c 1\nx receivable:accrued:y:c -1\ny payable:accrued:x:c 1\ny payable:accrued:x:c -1\n", "differs by"},
		"tax_that_nobody_recovers":    {"x receivable:stated:y:c -3\nx cash 3\ny payable:stated:x:c 3\ny cash -3\ny tax:withheld -1\ny payable:accrued:x:c 1\nx receivable:accrued:y:c -1\nx receivable:accrued:y:c 1", "differs by"},
		"a_book_that_does_not_sum":    {"x receivable:accrued:y:c 2\nx revenue:fee:c -1\ny payable:accrued:x:c -2\ny cost:fee:c 1", "not to zero"},
		"a_subject_of_another":        {"x receivable:accrued:y:d 1\nx revenue:fee:d -1", "its subject is another"},
		"an_account_of_nobody":        {"x equity 1\nx equity -1", "not one of the books'"},
	} {
		if err := transaction(t, c.text).Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
	}
}
