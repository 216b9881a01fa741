package postgres_test

import (
	"testing"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/ledger"
	"concord/ledger/ledgertest"
	"concord/store/postgres"
)

func openJournal(t testing.TB, url string) *postgres.Journal {
	t.Helper()
	j, err := postgres.OpenJournal(background(), url, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func openBooks(t testing.TB, url string) *postgres.Books {
	t.Helper()
	b, err := postgres.OpenBooks(background(), url, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestJournalKeepsTheContract(t *testing.T) {
	journaltest.Run(t, func(t *testing.T) journal.Journal { return openJournal(t, database(t)) })
}

func TestJournalKeepsTheContractBehindAPooler(t *testing.T) {
	journaltest.Run(t, func(t *testing.T) journal.Journal { return openJournal(t, pooled(t)) })
}

func TestBooksKeepTheContract(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) ledger.Books { return openBooks(t, database(t)) })
}

func TestBooksKeepTheContractBehindAPooler(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) ledger.Books { return openBooks(t, pooled(t)) })
}
