package credential_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"concord/clouds/credential"
)

// issuer gives out numbered tokens that hold for an hour and take a second to get.
type issuer struct {
	issued atomic.Int64
	fail   atomic.Bool
}

func (i *issuer) fetch(context.Context) (credential.Token, error) {
	time.Sleep(time.Second) // virtual: every test runs in a bubble
	if i.fail.Load() {
		return credential.Token{}, errors.New("authority is away")
	}
	return credential.Token{Value: fmt.Sprint("token-", i.issued.Add(1)), Expires: time.Now().Add(time.Hour)}, nil
}

func want(t *testing.T, s *credential.Source, value string) {
	t.Helper()
	if got, err := s.Credential(t.Context()); got != value || err != nil {
		t.Errorf("%q, %v; want %q", got, err, value)
	}
}

func TestACredentialIsFetchedOnceForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var i issuer
		s := credential.NewSource(i.fetch, time.Now)
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() { want(t, s, "token-1") })
		}
		callers.Wait()
		if n := i.issued.Load(); n != 1 {
			t.Errorf("%d tokens issued, want 1", n)
		}
	})
}

func TestItIsRenewedAheadOfItsEndWithoutAnyoneWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var i issuer
		s := credential.NewSource(i.fetch, time.Now)
		want(t, s, "token-1")
		time.Sleep(55*time.Minute + time.Second)
		began := time.Now()
		want(t, s, "token-1") // begins the renewal
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %s for a token while the last one held", waited)
		}
		time.Sleep(2 * time.Second)
		want(t, s, "token-2")
	})
}

func TestAFailedRenewalIsTriedAgainAndTheOldOneServesUntilItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var i issuer
		s := credential.NewSource(i.fetch, time.Now)
		want(t, s, "token-1")
		i.fail.Store(true)
		time.Sleep(56 * time.Minute)
		want(t, s, "token-1")
		time.Sleep(2 * time.Second)
		want(t, s, "token-1")
		i.fail.Store(false)
		time.Sleep(11 * time.Second)
		want(t, s, "token-1")
		time.Sleep(2 * time.Second)
		want(t, s, "token-2")
	})
}

func TestWithoutACredentialTheErrorSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var i issuer
		i.fail.Store(true)
		s := credential.NewSource(i.fetch, time.Now)
		if _, err := s.Credential(t.Context()); !errors.Is(err, credential.ErrNone) || err.Error() != "no credential: authority is away" {
			t.Error(err)
		}
	})
}

func TestACallerThatLeavesDoesNotEndTheRenewalOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var i issuer
		s := credential.NewSource(i.fetch, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		callers.Go(func() {
			if _, err := s.Credential(ctx); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		callers.Go(func() { want(t, s, "token-1") })
		cancel()
		callers.Wait()
	})
}
