package gateway

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"concord/clouds"
	"concord/delivery"
	"concord/journal"
	"concord/money"
)

// A KeyHash is the SHA-256 of a key: what the gateway keeps of it.
type KeyHash [sha256.Size]byte

// HashKey returns what the gateway keeps of a key.
func HashKey(key string) KeyHash { return sha256.Sum256([]byte(key)) }

// A Key is what a key stands for.
type Key struct {
	ID        string
	Customer  string
	MaxOutput int64 // tokens a request may ask for at most; 0 = no bound

	retries *retryBudget // of the customer
	budgets *budgets     // that its requests count against; nil = none
}

// Durability says what an answer waits for.
type Durability uint8

// The durabilities.
const (
	Strict  Durability = iota // no byte before the intent is durable, no end before the record is
	Relaxed                   // entries are taken, not awaited: a power cut may lose the last group
)

// IntentOrder says when the intent is durable.
type IntentOrder uint8

// The orders.
const (
	Beside IntentOrder = iota // the commit runs beside the upstream call
	Before                    // the upstream call waits for the commit
)

// Timeouts bound what a request waits for; zero fields take the defaults. Config.Speed divides all but CommitWait.
type Timeouts struct {
	FirstByte  time.Duration // until the first byte of an answer's body (default 60 s)
	Idle       time.Duration // between two reads from a cloud, and for a client that does not read (default 60 s)
	Request    time.Duration // the whole of a request, with all attempts (default 10 min)
	Tail       time.Duration // for usage and [DONE] after the last finish event (default 5 s)
	Hold       time.Duration // hold_prelude: how long what comes before content is held back (default 15 s)
	CommitWait time.Duration // for an entry to become durable (default 2 s)
}

// Config is what a gateway is made of. Timeline, Keys, Adapters, Targets and Journal must be given. Timeline, Set, Keys,
// Targets, Budgets, MaxOutput, Context and MaxSound are what it offers at first; Gateway.Swap exchanges them.
type Config struct {
	Timeline  *delivery.Timeline
	Set       journal.Hash              // of the set document that the timeline was made from
	Keys      map[KeyHash]Key           // by the hash of the key
	Adapters  map[string]clouds.Adapter // by cloud
	Targets   map[string]*clouds.Target // by deployment id
	Budgets   []Budget
	MaxOutput map[string]int64 // tokens that a model can answer with at most, by deployment id; what is not there is not known
	Context   map[string]int64 // tokens that a model can read at most, known in the same way
	MaxSound  map[string]int64 // seconds that a model can hear at most, known in the same way
	Journal   journal.Appender // of this process's chain
	Chain     journal.ChainID  // whose tag stands in request ids
	Now       func() time.Time // the wall clock; nil = time.Now
	Random    func() uint64    // for request ids; nil = a generator that cannot be guessed
	Currency  money.Currency   // of records that charge nothing, where no price says it; "" = USD

	Durability  Durability
	Intent      IntentOrder
	Credit      Credit // what is served while the journal takes no entries; the zero value serves nothing then
	Timeouts    Timeouts
	Breaker     delivery.Settings // zero fields take the defaults: 3 failures, 10 s, 2 min, quota 1 min, a ramp of 8 answers
	Retries     Retries           // zero fields take the defaults
	Hedge       Hedge             // the zero value asks no second deployment
	Probe       time.Duration     // how often every deployment is asked for its models, which costs nothing; 0 = never
	Objects     Objects           // finds what clouds keep for customers; nil = what this process remembers
	Past        Past              // terms that are no longer offered; nil = what is on offer speaks for the past
	MaxObjects  int               // kept objects remembered in memory (default 10,000)
	MaxBody     int64             // of a request, bytes (default 32 MiB)
	MaxAnswer   int64             // of an answer that is not streamed, bytes (default 64 MiB)
	HoldPrelude int               // bytes held back before content (default 64 KiB)
	Speed       float64           // divides breaker durations and time-outs; 0 = 1. Clouds that are emulated faster say shorter Retry-Afters themselves
	Transport   http.RoundTripper // nil = NewTransport(TransportSettings{})
	// Count says how many tokens a text is, where a cloud reports no usage; nil = by size. Safe for concurrent use.
	Count   func(text []byte) (int64, error)
	Log     *slog.Logger   // nil = no log
	Observe func(Finished) // called once for every request that ended; must not block
	Well    func() error   // asks the journal whether it admits requests, for /readyz; nil = what requests met tells
	Fenced  func(error)    // called once when another process has taken the chain over; the process must end
}

// minScaled is the least to which Speed shortens a time-out: a busy machine does not get faster with the replay.
const minScaled = time.Second

func (c *Config) setDefaults() {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.Timeouts.FirstByte, time.Minute)
	def(&c.Timeouts.Idle, time.Minute)
	def(&c.Timeouts.Request, 10*time.Minute)
	def(&c.Timeouts.Tail, 5*time.Second)
	def(&c.Timeouts.Hold, 15*time.Second)
	def(&c.Timeouts.CommitWait, 2*time.Second)
	ns := func(d *int64, v time.Duration) {
		if *d == 0 {
			*d = int64(v)
		}
	}
	if c.Breaker.Failures == 0 {
		c.Breaker.Failures = 3
	}
	ns(&c.Breaker.Cooldown, 10*time.Second)
	ns(&c.Breaker.Longest, 2*time.Minute)
	ns(&c.Breaker.Quota, time.Minute)
	if c.Breaker.Ramp == 0 {
		c.Breaker.Ramp = 8
	}
	if c.Retries.Percent == 0 {
		c.Retries.Percent = retriesPercent
	}
	if c.Retries.Burst == 0 {
		c.Retries.Burst = retriesBurst
	}
	if c.MaxObjects == 0 {
		c.MaxObjects = 10_000
	}
	ns(&c.MaxBody, 32<<20)
	ns(&c.MaxAnswer, 64<<20)
	if c.HoldPrelude == 0 {
		c.HoldPrelude = 64 << 10
	}
	if c.Speed == 0 {
		c.Speed = 1
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Uint64
	}
	if c.Currency == "" {
		c.Currency = "USD"
	}
	if c.Transport == nil {
		c.Transport = NewTransport(TransportSettings{})
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// scale divides the durations by Speed, after validation.
func (c *Config) scale() {
	if c.Speed == 1 {
		return
	}
	for _, d := range []*time.Duration{&c.Timeouts.FirstByte, &c.Timeouts.Idle, &c.Timeouts.Request, &c.Timeouts.Tail, &c.Timeouts.Hold} {
		*d = min(*d, max(minScaled, time.Duration(float64(*d)/c.Speed)))
	}
	for _, d := range []*int64{&c.Breaker.Cooldown, &c.Breaker.Longest, &c.Breaker.Quota, &c.Breaker.Claim} {
		*d = int64(float64(*d) / c.Speed)
	}
}

// check reports everything that is wrong with the configuration at once.
func (c *Config) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Journal == nil {
		bad("Journal is missing: what is not metered is not served")
	}
	if c.Durability > Relaxed {
		bad("Durability is %d: use Strict or Relaxed", c.Durability)
	}
	if c.Intent > Before {
		bad("Intent is %d: use Beside or Before", c.Intent)
	}
	if c.Credit.Limit.Sign() < 0 || !c.Credit.Limit.IsZero() && c.Credit.Currency == "" {
		bad("Credit is %s %s: use an amount above 0 with its currency, or none", c.Credit.Limit, c.Credit.Currency)
	}
	if c.Speed < 0 || c.Speed != c.Speed {
		bad("Speed is %v: use 1 for real time, more to replay faster", c.Speed)
	}
	for _, d := range []struct {
		name  string
		value int64
	}{
		{"Timeouts.FirstByte", int64(c.Timeouts.FirstByte)}, {"Timeouts.Idle", int64(c.Timeouts.Idle)},
		{"Timeouts.Request", int64(c.Timeouts.Request)}, {"Timeouts.Tail", int64(c.Timeouts.Tail)},
		{"Timeouts.Hold", int64(c.Timeouts.Hold)}, {"Timeouts.CommitWait", int64(c.Timeouts.CommitWait)},
		{"Breaker.Failures", int64(c.Breaker.Failures)}, {"Breaker.Cooldown", c.Breaker.Cooldown},
		{"Breaker.Ramp", int64(c.Breaker.Ramp)}, {"Retries.Percent", int64(c.Retries.Percent)},
		{"Hedge.After", int64(c.Hedge.After)}, {"Probe", int64(c.Probe)}, {"MaxObjects", int64(c.MaxObjects)},
		{"Breaker.Longest", c.Breaker.Longest}, {"Breaker.Quota", c.Breaker.Quota}, {"Breaker.Claim", c.Breaker.Claim},
		{"MaxBody", c.MaxBody}, {"MaxAnswer", c.MaxAnswer}, {"HoldPrelude", int64(c.HoldPrelude)},
	} {
		if d.value < 0 {
			bad("%s is %d: it must not be negative; 0 takes the default", d.name, d.value)
		}
	}
	offer := c.offer()
	return errors.Join(append(errs, offer.check(c.Adapters, c.Now().UnixNano())...)...)
}

// offer is what the gateway begins with.
func (c *Config) offer() Offer {
	return Offer{Timeline: c.Timeline, Set: c.Set, Keys: c.Keys, Targets: c.Targets, Budgets: c.Budgets,
		MaxOutput: c.MaxOutput, Context: c.Context, MaxSound: c.MaxSound}
}
