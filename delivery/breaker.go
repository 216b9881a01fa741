package delivery

// Settings of a breaker; all durations in ns.
type Settings struct {
	Failures int   // consecutive failures that open it
	Cooldown int64 // how long it stays open before a probe
	Longest  int64 // bound of the growing cooldown and of what a cloud may ask for
	Quota    int64 // how long quota and credential outcomes keep it open
	Claim    int64 // how long a probe may take before another may go; 0 = Longest
	Ramp     int   // good answers after which a deployment that was out has all its traffic back; 0 or 1 = the first one
}

// A Breaker is the health of one deployment as a pure state machine; the zero value is closed. Whoever shares it locks it.
//
// Closed, it opens after Settings.Failures failures in a row, or at once when the cloud says that a limit, a quota or a
// credential stands in the way. Open, it lets nothing through and takes in nothing but a longer wait: an answer that was
// under way when it opened does not undo what the cloud asked for. After the cooldown one probe at a time may go; its
// failure opens the breaker again for twice as long, up to Settings.Longest. Its success lets two requests go at a time, and
// each further one another, until Settings.Ramp good answers have closed the breaker: a cloud that comes back is not flattened.
type Breaker struct {
	failures  int
	openUntil int64 // meaningful while opened > 0
	opened    int   // how often it opened since it was last closed; 0 = closed
	limit     bool  // opened by a limit or a quota, not by failures
	claimed   int64 // until when probes are somebody's; 0 = nobody's
	probes    int   // under way, at most one more than good
	good      int   // answers since the cooldown was over
	claim     int64 // how long a claim lasts
}

// State returns the state at now.
func (b *Breaker) State(now int64) State {
	switch {
	case b.opened == 0:
		return Closed
	case now >= b.openUntil && (now >= b.claimed || b.probes <= b.good):
		return Probing
	case b.limit:
		return OpenLimit
	default:
		return OpenDown
	}
}

// Acquire claims the probe of an open breaker whose cooldown is over; true if the caller may send. A claim whose outcome
// never arrives expires, so that a lost request cannot keep a healthy cloud out for ever.
func (b *Breaker) Acquire(now int64) bool {
	switch b.State(now) {
	case Closed:
		return true
	case Probing:
		if now >= b.claimed {
			b.probes = 0 // what was claimed before is lost
		}
		b.probes++
		b.claimed = now + b.claim
		return true
	default:
		return false
	}
}

// Observe takes in an outcome; retryAfter is what the cloud asked for (ns, 0 = nothing). It reports whether the breaker
// opened, closed, or stays open for longer.
func (b *Breaker) Observe(s *Settings, now int64, o Outcome, retryAfter int64) bool {
	over := b.opened > 0 && now >= b.openUntil
	switch o {
	case Answered, Policy:
		return b.succeed(s, over)
	case Throttled:
		wait := s.cooldown(b.opened + 1)
		if retryAfter > 0 {
			wait = min(retryAfter, s.Longest)
		}
		return b.open(s, now, wait, true)
	case Quota, Credential:
		return b.open(s, now, s.Quota, o == Quota)
	case Timeout, Unreachable, ServerError, ContentStalled, CutShort:
		b.failures++
		if over || b.opened == 0 && b.failures >= max(s.Failures, 1) {
			wait := s.cooldown(b.opened + 1)
			if retryAfter > wait {
				wait = min(retryAfter, s.Longest)
			}
			return b.open(s, now, wait, false)
		}
	case Unsupported, ClientFault, ClientGone, Superseded:
		// They say nothing about health: whoever comes next may probe.
		b.release()
	case Skipped:
	}
	return false
}

// release ends a probe.
func (b *Breaker) release() {
	if b.probes = max(b.probes-1, 0); b.probes == 0 {
		b.claimed = 0
	}
}

func (b *Breaker) succeed(s *Settings, over bool) bool {
	switch {
	case b.opened == 0:
		b.failures = 0
		return false
	case over && b.good+1 < s.Ramp:
		b.good++
		b.release()
		return false
	case over:
		*b = Breaker{}
		return true
	default:
		return false
	}
}

// open opens the breaker, or keeps it open for longer; the wait never gets shorter.
func (b *Breaker) open(s *Settings, now, wait int64, limit bool) bool {
	until := now + max(wait, 1)
	if b.opened > 0 && now < b.openUntil {
		if until <= b.openUntil {
			return false
		}
	} else {
		b.opened++
	}
	b.openUntil, b.limit, b.claimed, b.probes, b.good = until, limit, 0, 0, 0
	b.claim = s.Claim
	if b.claim <= 0 {
		b.claim = max(s.Longest, 1)
	}
	return true
}

// cooldown is how long the nth opening in a row lasts: Cooldown, twice that, and so on up to Longest.
func (s *Settings) cooldown(nth int) int64 {
	wait := s.Cooldown
	for ; nth > 1 && wait < s.Longest; nth-- {
		wait *= 2
	}
	return min(wait, s.Longest)
}
