package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"concord/journal/journaltest"
	"concord/store/postgres"
	"concord/store/postgres/postgretest"
)

func TestADatabaseThatWouldLoseCommitsIsRefused(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			url := postgretest.Start(t, setting+"=off").Database(t)

			_, err := postgres.OpenJournal(t.Context(), url, postgres.Options{})

			if !errors.Is(err, postgres.ErrUnsafe) || !strings.Contains(err.Error(), setting+" is off") {
				t.Errorf("got %v, want it refused because %s is off", err, setting)
			}
			j, err := postgres.OpenJournal(t.Context(), url, postgres.Options{Relaxed: true})
			if err != nil {
				t.Fatalf("relaxed: %v", err)
			}
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatCannotBeOpenedIsNamedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	later := database(t)
	closedNow := func(j *postgres.Journal) { _ = j.Close() }
	closedNow(openJournal(t, later))
	servers.plain.Exec(t, later, "UPDATE concord.format SET version = 99 WHERE part = 'journal'")
	for name, c := range map[string]struct {
		url  string
		o    postgres.Options
		is   error
		text string
	}{
		"nobody there":    {url: "postgres://me:hunter2@127.0.0.1:1/x?connect_timeout=2", is: postgres.ErrUnreachable, text: "127.0.0.1:1/x"},
		"no URL":          {url: "postgres://me:hunter2@127.0.0.1:notaport/x", text: "write postgres://USER"},
		"a later version": {url: later, is: postgres.ErrFuture, text: "format 99, this program knows up to"},
		"nothing to read": {url: database(t), o: postgres.Options{ReadOnly: true}, is: postgres.ErrMissing},
	} {
		_, err := postgres.OpenJournal(t.Context(), c.url, c.o)
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestManyProcessesMakeTheTablesAtOnce(t *testing.T) {
	t.Parallel()
	url := pooled(t)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			j, err := postgres.OpenJournal(background(), url, postgres.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			b, err := postgres.OpenBooks(background(), url, postgres.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if err := j.OpenChain(background(), journaltest.Chain(n)); err != nil {
				t.Error(err)
			}
			if err := errors.Join(b.Close(), j.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	j := openJournal(t, url)
	defer j.Close()
	chains, err := j.Chains(t.Context())
	if err != nil || len(chains) != 8 {
		t.Errorf("%d chains, %v; want 8", len(chains), err)
	}
	for i, c := range chains {
		if c.Ordinal != uint64(i+1) {
			t.Error(fmt.Sprint("chain ", i, " has ordinal ", c.Ordinal))
		}
	}
}
