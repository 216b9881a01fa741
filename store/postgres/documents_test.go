package postgres_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"concord/journal"
	"concord/journal/journaltest"
)

func TestDocumentsOfChainsThatWereNotIndexedAreFoundToo(t *testing.T) {
	url := database(t)
	j := openJournal(t, url)
	defer j.Close()
	old := journaltest.Begin(t, j, journaltest.Chain(1))
	old.Append(t, journaltest.Intent(1))
	old.Append(t, journaltest.Document(1))
	live := journaltest.Begin(t, j, journaltest.Chain(2))
	live.Append(t, journaltest.Document(2))
	all := journaltest.Documented(t, j, journal.Cursor{})
	forget := func() int {
		db, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close(t.Context())
		var known int
		if err := db.QueryRow(t.Context(), "SELECT count(*) FROM concord.document_chain").Scan(&known); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(t.Context(), "DELETE FROM concord.document_block; DELETE FROM concord.document_chain", pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
		return known
	}
	forget()
	if err := j.SealChain(t.Context(), journaltest.Chain(1)); err != nil {
		t.Fatal(err)
	}

	again := openJournal(t, url)
	defer again.Close()

	if got := journaltest.Documented(t, again, journal.Cursor{}); !slices.Equal(got, all) || len(got) != 2 {
		t.Errorf("the documents stand in %v, want %v", got, all)
	}
	if known := forget(); known != 1 {
		t.Errorf("%d chains are indexed, want the one that has ended", known)
	}
}
