package ledger_test

import (
	"testing"

	"concord/ledger"
	"concord/ledger/ledgertest"
)

func TestBooksInMemory(t *testing.T) {
	ledgertest.Run(t, func(*testing.T) ledger.Books { return ledger.NewMemory() })
}
