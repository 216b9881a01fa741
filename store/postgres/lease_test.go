package postgres_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/store"
	"concord/store/postgres"
	"concord/store/storetest"
	"concord/usage"
)

// expire lets the lease of every chain run out.
func expire(t testing.TB, url string) {
	t.Helper()
	servers.plain.Exec(t, url, "UPDATE concord.chain SET lease = clock_timestamp() - interval '1 second'")
}

// settleIn makes chains appear to be alive for long.
func settleIn(t testing.TB, url string, chains ...*store.Committer) {
	t.Helper()
	for _, c := range chains {
		servers.plain.Exec(t, url, "UPDATE concord.chain SET lease = clock_timestamp() + interval '10 seconds', since = clock_timestamp() - interval '1 minute' WHERE name = '"+c.Chain().String()+"'")
	}
}

func TestAfterTheDatabaseWasAwayNobodyIsTakenForDead(t *testing.T) {
	t.Parallel()
	url := database(t)
	j := openJournal(t, url)
	defer j.Close()
	first, second := commit(t, j, 1), commit(t, j, 2)
	settleIn(t, url, first, second)

	expire(t, url) // as long as nobody can reach the database
	if err := j.Renew(t.Context(), first.Chain()); err != nil {
		t.Fatal(err)
	}

	if got, err := j.Claim(t.Context(), second.Chain(), first.Chain()); got || err != nil {
		t.Errorf("the first to come back took the other one for dead: %v, %v", got, err)
	}
	if err := storetest.Add(t, second, postable(1)...); err != nil {
		t.Errorf("the other one: %v", err)
	}
	storetest.Close(t, first)
	storetest.Close(t, second)
}

func TestOnlyAChainWhoseLeaseRanOutIsSealedAndResolvedOnce(t *testing.T) {
	t.Parallel()
	url := database(t)
	j := openJournal(t, url)
	defer j.Close()
	dead := commit(t, j, 1)
	const open = 40
	for n := range open {
		if err := storetest.Add(t, dead, journaltest.Intent(n)); err != nil {
			t.Fatal(err)
		}
	}
	survivors := []*store.Committer{commit(t, j, 2), commit(t, j, 3)}
	price := func(*journal.Intent, int64, string, *usage.Usage) (journal.Quote, error) {
		return journal.Quote{}, journal.ErrNotFound
	}
	recover := func(c *store.Committer) int {
		r, err := store.Recover(background(), j, c, store.RecoverOptions{Price: price, Now: wallClock})
		if err != nil {
			t.Error(err)
		}
		return r.Records()
	}
	if n := recover(survivors[0]); n != 0 {
		t.Fatalf("%d intents of a living chain were resolved", n)
	}

	expire(t, url)
	settleIn(t, url, survivors...)
	var resolved atomic.Int64
	var both sync.WaitGroup
	for _, c := range survivors {
		both.Go(func() { resolved.Add(int64(recover(c))) })
	}
	both.Wait()

	if resolved.Load() != open {
		t.Errorf("%d intents were resolved, want %d", resolved.Load(), open)
	}
	if err := storetest.Add(t, dead, journaltest.Record(1)); !errors.Is(err, journal.ErrFenced) {
		t.Errorf("the one that was taken for dead: %v, want %v", err, journal.ErrFenced)
	}
	if err := j.Renew(t.Context(), dead.Chain()); !errors.Is(err, journal.ErrFenced) {
		t.Errorf("its heartbeat: %v, want %v", err, journal.ErrFenced)
	}
	if r := storetest.Good(t, j); r.Open != 0 {
		t.Errorf("%d requests are open", r.Open)
	}
	for _, c := range append(survivors, dead) {
		storetest.Close(t, c)
	}
}

func TestARecoveryThatLostItsClaimWritesNoSecondRecord(t *testing.T) {
	t.Parallel()
	url := database(t)
	j := openJournal(t, url)
	defer j.Close()
	dead := commit(t, j, 1)
	if err := storetest.Add(t, dead, journaltest.Intent(1), journaltest.Intent(2)); err != nil {
		t.Fatal(err)
	}
	expire(t, url)
	slow, other := commit(t, j, 2), commit(t, j, 3)
	settleIn(t, url, slow, other)
	if got, err := j.Claim(t.Context(), dead.Chain(), slow.Chain()); !got || err != nil {
		t.Fatal(got, err)
	}
	if err := storetest.Add(t, slow, journaltest.Record(1)); err != nil { // and there it hangs
		t.Fatal(err)
	}
	price := func(*journal.Intent, int64, string, *usage.Usage) (journal.Quote, error) {
		return journal.Quote{}, journal.ErrNotFound
	}
	o := store.RecoverOptions{Price: price, Now: wallClock}
	if r, err := store.Recover(t.Context(), j, other, o); err != nil || r.Records() != 0 {
		t.Fatalf("what another one resolves: %d, %v", r.Records(), err)
	}

	servers.plain.Exec(t, url, "UPDATE concord.chain SET resolving = clock_timestamp() - interval '1 second' WHERE resolving IS NOT NULL")

	if r, err := store.Recover(t.Context(), j, other, o); err != nil || r.Records() != 1 {
		t.Errorf("%d intents were resolved, %v; want the one that was left", r.Records(), err)
	}
	storetest.Good(t, j)
	for _, c := range []*store.Committer{dead, slow, other} {
		storetest.Close(t, c)
	}
}

func TestAHeartbeatKeepsAQuietChainAndEndsWithASealedOne(t *testing.T) {
	t.Parallel()
	j := openJournal(t, database(t))
	defer j.Close()
	c := commit(t, j, 1)
	lost := make(chan error, 1)
	go store.KeepAlive(t.Context(), j, c.Chain(), slog.New(slog.DiscardHandler), func(err error) { lost <- err })
	if err := j.SealChain(t.Context(), c.Chain()); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-lost:
		if !errors.Is(err, journal.ErrFenced) {
			t.Errorf("got %v, want %v", err, journal.ErrFenced)
		}
	case <-time.After(slowest):
		t.Error("nobody said that the chain is lost")
	}
	storetest.Close(t, c)
}

func TestAProcessThatStandsStillInATransactionHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	url := database(t)
	j := openJournal(t, url)
	defer j.Close()
	paused, other := commit(t, j, 1), commit(t, j, 2)
	expire(t, url)
	settleIn(t, url, other)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(background())
	tx, err := conn.BeginTx(t.Context(), postgres.Writing)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "UPDATE concord.chain SET blocks = blocks WHERE name = '"+paused.Chain().String()+"'"); err != nil {
		t.Fatal(err)
	} // and there it stands

	ctx, cancel := context.WithTimeout(t.Context(), slowest)
	defer cancel()
	if got, err := j.Claim(ctx, paused.Chain(), other.Chain()); !got || err != nil {
		t.Errorf("its chain could not be claimed: %v, %v", got, err)
	}
	storetest.Close(t, paused)
	storetest.Close(t, other)
}
