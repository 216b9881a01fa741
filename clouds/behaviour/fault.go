package behaviour

import (
	"errors"
	"fmt"
)

// Kind is a way in which a cloud fails; the set is closed.
type Kind uint8

// The faults. The first group takes the place of an answer, the second ends a stream early, the third goes with any answer.
const (
	None       Kind = iota
	Down            // 503 for everything, before anything is looked at
	Reset           // the connection is closed without an answer
	Throttle        // 429, with Retry-After if RetryAfter is set
	Quota           // money or capacity is used up
	Status          // the status in Status
	Stall           // accepts and sends nothing
	ErrorBody       // status 200 with an error in place of the answer
	EarlyError      // a stream: its first event, then an error, before any content
	LateError       // a stream: an error after After tokens
	Cut             // a stream: the connection breaks after After tokens
	Truncate        // a stream: ends cleanly after After tokens, without an end
	StallMid        // a stream: sends nothing more after After tokens
	Latency         // the first token comes later, by Delay
	Slow            // each token comes later, by Delay
	NoUsage         // usage is left out
	WrongUsage      // usage is Percent of what was consumed
	numKinds
)

var kindNames = [numKinds]string{"none", "down", "reset", "throttle", "quota", "status", "stall", "error-body", "early-error",
	"late-error", "cut", "truncate", "stall-mid", "latency", "slow", "no-usage", "wrong-usage"}

// String returns the name that fault files use.
func (k Kind) String() string {
	if k < numKinds {
		return kindNames[k]
	}
	return "none"
}

// ParseKind finds a fault by its name.
func ParseKind(name string) (Kind, bool) {
	for k := Down; k < numKinds; k++ {
		if kindNames[k] == name {
			return k, true
		}
	}
	return None, false
}

// Kinds returns the names of all faults, in order.
func Kinds() []string { return kindNames[Down:] }

// A Fault is one thing that goes wrong, in a window of time, of requests, or both. Times are ns.
type Fault struct {
	Kind         Kind
	Status       int   // for Status
	RetryAfter   int64 // for Throttle, Quota, Status and Down: what the cloud asks for; 0 = it does not say
	After        int64 // tokens that come before LateError, Cut, Truncate and StallMid
	Delay        int64 // for Latency and Slow
	From, Until  int64 // since the cloud started; Until 0 = without end
	First, Last  int64 // requests, counted from 1; Last 0 = without end
	Every        int64 // only each n-th request of the window; 0 = all
	Share        int64 // only so many of 100 requests, drawn by Seed; 0 = all
	Seed         uint64
	Percent      int64 // for WrongUsage: of what was consumed; 0 = 50
	Milliseconds bool  // with retry-after-ms, and without Retry-After
}

// Check says what a fault lacks, or nil.
func (f *Fault) Check() error {
	switch {
	case f.Kind == None || f.Kind >= numKinds:
		return errors.New("no kind of fault is given")
	case f.Kind == Status && (f.Status < 400 || f.Status > 599):
		return fmt.Errorf("fault status needs a status between 400 and 599, it has %d", f.Status)
	case (f.Kind == Latency || f.Kind == Slow) && f.Delay <= 0:
		return fmt.Errorf("fault %s needs a delay, such as 500ms", f.Kind)
	case f.Share < 0 || f.Share > 100:
		return fmt.Errorf("fault %s has a share of %d in 100", f.Kind, f.Share)
	case f.Percent == 100 || f.Percent > 0 && f.Kind != WrongUsage:
		return fmt.Errorf("fault %s has a percent of %d: only wrong-usage takes one, and 100 is no fault", f.Kind, f.Percent)
	case f.Milliseconds && f.RetryAfter <= 0:
		return fmt.Errorf("fault %s has no retry_after to tell in milliseconds", f.Kind)
	case f.Until > 0 && f.Until <= f.From:
		return fmt.Errorf("fault %s is over before it begins: until is not after from", f.Kind)
	case f.Last > 0 && f.Last < f.First:
		return fmt.Errorf("fault %s is over before it begins: last is %d, first is %d", f.Kind, f.Last, f.First)
	}
	return nil
}

func (f *Fault) active(elapsed, request int64) bool {
	if elapsed < f.From || f.Until > 0 && elapsed >= f.Until || request < f.First || f.Last > 0 && request > f.Last {
		return false
	}
	if f.Every > 1 && (request-max(f.First, 1))%f.Every != 0 {
		return false
	}
	return f.Share <= 0 || int64(mix(f.Seed^uint64(request)*0xd6e8feb86659fd93)%100) < f.Share
}

// Faults are all that may go wrong with a cloud; of those that end an answer, the first that is active counts.
type Faults []Fault

// An Effect is what the faults do to one request.
type Effect struct {
	Kind                Kind // how the answer goes wrong; None = it does not
	Status              int
	RetryAfter          int64
	After               int64
	Delay, DelayToken   int64
	NoUsage, WrongUsage bool
	Percent             int64 // of WrongUsage
	Milliseconds        bool  // the pause is told by retry-after-ms alone
}

// At gives the effect on the request of that number, which arrives at elapsed since the cloud started.
func (fs Faults) At(elapsed, request int64) Effect {
	var e Effect
	for i := range fs {
		f := &fs[i]
		if !f.active(elapsed, request) {
			continue
		}
		switch f.Kind {
		case Latency:
			e.Delay += f.Delay
		case Slow:
			e.DelayToken += f.Delay
		case NoUsage:
			e.NoUsage = true
		case WrongUsage:
			e.WrongUsage, e.Percent = true, f.Percent
			if e.Percent == 0 {
				e.Percent = 50
			}
		default:
			if e.Kind == None {
				e.Kind, e.Status, e.RetryAfter, e.After, e.Milliseconds = f.Kind, f.Status, f.RetryAfter, f.After, f.Milliseconds
			}
		}
	}
	return e
}
