package delivery_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/delivery"
)

const second = int64(1e9)

func settings() *delivery.Settings {
	return &delivery.Settings{Failures: 3, Cooldown: second, Longest: 60 * second, Quota: 300 * second}
}

func TestABreakerOpensAfterConsecutiveFailuresOnly(t *testing.T) {
	var b delivery.Breaker
	s := settings()

	b.Observe(s, 1, delivery.ServerError, 0)
	b.Observe(s, 2, delivery.Timeout, 0)
	b.Observe(s, 3, delivery.Answered, 0)
	b.Observe(s, 4, delivery.Unreachable, 0)
	if changed := b.Observe(s, 5, delivery.ContentStalled, 0); changed || b.State(5) != delivery.Closed {
		t.Fatalf("two failures in a row opened it: %v", b.State(5))
	}

	if changed := b.Observe(s, 6, delivery.ServerError, 0); !changed || b.State(6) != delivery.OpenDown {
		t.Fatalf("three failures in a row: state %v, changed %v", b.State(6), changed)
	}
}

func TestABreakerWaitsAsLongAsTheCloudAsksButNeverADay(t *testing.T) {
	for _, c := range []struct {
		name   string
		asked  int64
		opened int64
	}{
		{"nothing asked", 0, second},
		{"two seconds", 2 * second, 2 * second},
		{"a day", 86400 * second, 60 * second},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b delivery.Breaker
			b.Observe(settings(), 0, delivery.Throttled, c.asked)

			got := []delivery.State{b.State(c.opened - 1), b.State(c.opened)}
			if diff := cmp.Diff([]delivery.State{delivery.OpenLimit, delivery.Probing}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestABreakerKeepsSpentQuotaAndBadCredentialsOut(t *testing.T) {
	for outcome, want := range map[delivery.Outcome]delivery.State{
		delivery.Quota: delivery.OpenLimit, delivery.Credential: delivery.OpenDown,
	} {
		var b delivery.Breaker
		b.Observe(settings(), 0, outcome, second)

		if got := b.State(299 * second); got != want {
			t.Errorf("%v: state %v, want %v", outcome, got, want)
		}
	}
}

func TestABreakerGrowsItsCooldownOnFailedProbes(t *testing.T) {
	var b delivery.Breaker
	s := settings()
	for range 3 {
		b.Observe(s, 0, delivery.ServerError, 0)
	}

	now, waits := int64(0), []int64(nil)
	for range 8 {
		wait := int64(0)
		for b.State(now+wait) != delivery.Probing {
			wait += second
		}
		waits = append(waits, wait/second)
		now += wait
		if !b.Acquire(now) {
			t.Fatal("nobody may probe")
		}
		b.Observe(s, now, delivery.ServerError, 0)
	}

	if diff := cmp.Diff([]int64{1, 2, 4, 8, 16, 32, 60, 60}, waits); diff != "" {
		t.Error(diff)
	}
}

func TestABreakerAdmitsOneProbeWhoseClaimExpires(t *testing.T) {
	var b delivery.Breaker
	s := settings()
	s.Claim = 10 * second
	b.Observe(s, 0, delivery.Throttled, second)

	at := []int64{second - 1, second, second, 11*second - 1, 11 * second}
	var got []bool
	for _, now := range at {
		got = append(got, b.Acquire(now))
	}

	if diff := cmp.Diff([]bool{false, true, false, false, true}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnAnswerThatWasUnderWayDoesNotUndoAThrottle(t *testing.T) {
	var b delivery.Breaker
	s := settings()
	b.Observe(s, 0, delivery.Throttled, 30*second)

	b.Observe(s, second, delivery.Answered, 0)

	if got := b.State(2 * second); got != delivery.OpenLimit {
		t.Errorf("state %v, want open by limit", got)
	}
}

func TestAProbeThatProvesNothingLetsTheNextOneGo(t *testing.T) {
	var b delivery.Breaker
	s := settings()
	b.Observe(s, 0, delivery.Throttled, second)
	b.Acquire(second)

	b.Observe(s, second+1, delivery.ClientGone, 0)

	if !b.Acquire(second + 2) {
		t.Error("the claim of a client that left still stands")
	}
}

// naive is the breaker as its documentation tells it, with a history instead of counters.
type naive struct {
	open    bool
	limit   bool
	until   int64
	waited  int // openings in a row
	row     int
	probeBy int64 // expiry of the probe under way
}

func (n *naive) state(now int64) delivery.State {
	if !n.open {
		return delivery.Closed
	}
	if now >= n.until && now >= n.probeBy {
		return delivery.Probing
	}
	if n.limit {
		return delivery.OpenLimit
	}
	return delivery.OpenDown
}

func (n *naive) reopen(now, wait int64, limit bool) {
	if n.open && now < n.until {
		if now+wait > n.until {
			n.until, n.limit, n.probeBy = now+wait, limit, 0
		}
		return
	}
	n.open, n.limit, n.until, n.probeBy = true, limit, now+wait, 0
	n.waited++
}

func (n *naive) grown(s *delivery.Settings) int64 {
	wait := s.Cooldown
	for range n.waited {
		if wait < s.Longest {
			wait *= 2
		}
	}
	return min(wait, s.Longest)
}

func (n *naive) observe(s *delivery.Settings, now int64, o delivery.Outcome, after int64) {
	switch o {
	case delivery.Answered, delivery.Policy:
		if !n.open {
			n.row = 0
		} else if now >= n.until {
			*n = naive{}
		}
	case delivery.Throttled:
		if after > 0 {
			n.reopen(now, min(after, s.Longest), true)
		} else {
			n.reopen(now, n.grown(s), true)
		}
	case delivery.Quota, delivery.Credential:
		n.reopen(now, s.Quota, o == delivery.Quota)
	case delivery.Unsupported, delivery.ClientFault, delivery.ClientGone:
		n.probeBy = 0
	case delivery.Skipped:
	default:
		n.row++
		if n.open && now >= n.until || !n.open && n.row >= s.Failures {
			n.reopen(now, max(n.grown(s), min(after, s.Longest)), false)
		}
	}
}

func TestABreakerDoesWhatANaiveModelDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := settings()
		s.Claim = 5 * second
		var b delivery.Breaker
		var n naive
		now := int64(0)
		t.Repeat(map[string]func(*rapid.T){
			"time passes": func(t *rapid.T) {
				now += rapid.Int64Range(0, 20*second).Draw(t, "passes")
			},
			"somebody wants to send": func(t *rapid.T) {
				want := n.state(now) == delivery.Closed || n.state(now) == delivery.Probing
				if n.state(now) == delivery.Probing {
					n.probeBy = now + s.Claim
				}
				if got := b.Acquire(now); got != want {
					t.Fatalf("acquire: %v, want %v", got, want)
				}
			},
			"an outcome arrives": func(t *rapid.T) {
				o := delivery.Outcome(rapid.IntRange(int(delivery.Answered), int(delivery.Skipped)).Draw(t, "outcome"))
				after := rapid.SampledFrom([]int64{0, 0, second / 2, 7 * second, 86400 * second}).Draw(t, "retry after")
				before := n
				n.observe(s, now, o, after)
				changed := before.open != n.open || before.until != n.until
				if got := b.Observe(s, now, o, after); got != changed {
					t.Fatalf("%v: changed %v, want %v", o, got, changed)
				}
			},
			"": func(t *rapid.T) {
				if got, want := b.State(now), n.state(now); got != want {
					t.Fatalf("state %v, want %v", got, want)
				}
			},
		})
	})
}
