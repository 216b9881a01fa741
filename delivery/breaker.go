package delivery

// Settings of a breaker; all durations in ns.
type Settings struct {
	Failures int   // consecutive failures that open it
	Cooldown int64 // how long it stays open before a probe
	Longest  int64 // bound of the growing cooldown and of what a cloud may ask for
	Quota    int64 // how long quota and credential outcomes keep it open
}

// A Breaker is the health of one deployment as a pure state machine; the zero value is closed. Whoever shares it locks it.
type Breaker struct {
	failures  int
	openUntil int64
	opened    int
	limit     bool
	probing   bool
}

// State returns the state at now.
func (b *Breaker) State(now int64) State { panic("stub") }

// Acquire claims the probe of an open breaker whose cooldown is over; true if the caller may send.
func (b *Breaker) Acquire(now int64) bool { panic("stub") }

// Observe takes in an outcome; retryAfter is what the cloud asked for (ns, 0 = nothing). It reports whether the state changed.
func (b *Breaker) Observe(s *Settings, now int64, o Outcome, retryAfter int64) bool { panic("stub") }
