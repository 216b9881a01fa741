package sqlite_test

import (
	"testing"

	"concord/ledger"
	"concord/ledger/ledgertest"
	"concord/store/sqlite"
)

func TestBooksKeepTheContract(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(t *testing.T) ledger.Books {
		b, err := sqlite.OpenBooks(t.TempDir(), sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
}
