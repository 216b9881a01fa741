package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/agreement"
	"concord/journal"
	"concord/journal/journaltest"
	"concord/store"
	"concord/store/storetest"
	"concord/usage"
)

// atCost charges nothing and knows every deployment.
func atCost(*journal.Intent, int64, string, *usage.Usage) (journal.Quote, error) {
	return journal.Quote{Cloud: "aws", Seller: "openai", Holder: "openai", Currency: "USD", Charging: agreement.ChargeNone}, nil
}

// abandon ends a committer as a crash would: nothing more is written.
func abandon(t *testing.T, f *faulty, c *store.Committer) {
	t.Helper()
	f.set(true, func(*journal.Block) fault { return before })
	if _, err := c.Append(journaltest.Refused(999)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Close(ctx); !errors.Is(err, journal.ErrUnwell) {
		t.Fatalf("close: %v", err)
	}
	f.set(false, nil)
}

func TestTheNextProcessResolvesWhatADeadOneLeft(t *testing.T) {
	t.Parallel()
	f := &faulty{Journal: journal.NewMemory()}
	first := commit(t, f, 1, store.CommitterOptions{})
	unsent := journaltest.Intent(4)
	unsent.Body.(*journal.Intent).First = ""
	for _, e := range []journal.Entry{journaltest.Intent(1), journaltest.Intent(2), journaltest.Intent(3), unsent, journaltest.Record(2), journaltest.Progress(3, 7)} {
		if err := storetest.Add(t, first, e); err != nil {
			t.Fatal(err)
		}
	}
	abandon(t, f, first)

	second := commit(t, f, 2, store.CommitterOptions{})
	got, err := store.Recover(t.Context(), f, second, store.RecoverOptions{Price: atCost, Now: now()})
	if err != nil {
		t.Fatal(err)
	}

	want := &store.Recovered{Chains: []journal.ChainID{first.Chain()}, Outcomes: map[journal.Outcome]int{journal.Interrupted: 2, journal.Void: 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("recovered (-want +got):\n%s", diff)
	}
	storetest.Close(t, second)
	if r := storetest.Good(t, f); r.Open != 0 {
		t.Errorf("%d intents are open", r.Open)
	}
	third := commit(t, f, 3, store.CommitterOptions{})
	if again, err := store.Recover(t.Context(), f, third, store.RecoverOptions{Price: atCost, Now: now()}); err != nil || len(again.Chains) != 0 {
		t.Errorf("a later process recovered %v, %v, want nothing", again.Chains, err)
	}
	storetest.Close(t, third)
}

func TestARecoveryThatWasCutShortIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	f := &faulty{Journal: journal.NewMemory()}
	first := commit(t, f, 1, store.CommitterOptions{})
	if err := storetest.Add(t, first, journaltest.Intent(1), journaltest.Intent(2)); err != nil {
		t.Fatal(err)
	}
	abandon(t, f, first)
	second := commit(t, f, 2, store.CommitterOptions{})
	if err := f.SealChain(t.Context(), first.Chain()); err != nil {
		t.Fatal(err)
	}
	if err := storetest.Add(t, second, journaltest.Record(1)); err != nil { // and then it died
		t.Fatal(err)
	}
	abandon(t, f, second)

	third := commit(t, f, 3, store.CommitterOptions{})
	got, err := store.Recover(t.Context(), f, third, store.RecoverOptions{Price: atCost, Now: now()})
	if err != nil {
		t.Fatal(err)
	}

	if got.Records() != 1 || len(got.Chains) != 2 {
		t.Errorf("got %d records and %d chains, want 1 and 2", got.Records(), len(got.Chains))
	}
	storetest.Close(t, third)
	if r := storetest.Good(t, f); r.Open != 0 {
		t.Errorf("%d intents are open", r.Open)
	}
}

func TestAPausedProcessThatComesBackIsFenced(t *testing.T) {
	t.Parallel()
	j := journal.NewMemory()
	fenced := make(chan struct{})
	paused := commit(t, j, 1, store.CommitterOptions{OnFenced: func() { close(fenced) }})
	if err := storetest.Add(t, paused, journaltest.Intent(1)); err != nil {
		t.Fatal(err)
	}
	other := commit(t, j, 2, store.CommitterOptions{})
	if _, err := store.Recover(t.Context(), j, other, store.RecoverOptions{Price: atCost, Now: now()}); err != nil {
		t.Fatal(err)
	}

	if err := storetest.Add(t, paused, journaltest.Record(1)); !errors.Is(err, journal.ErrFenced) {
		t.Errorf("got %v, want %v", err, journal.ErrFenced)
	}

	<-fenced
	storetest.Close(t, other)
	if r := storetest.Good(t, j); r.Open != 0 {
		t.Errorf("%d intents are open", r.Open)
	}
}
