package gateway

import (
	"sync/atomic"

	"concord/delivery"
)

// Retries bound how many attempts beyond the first a customer's requests may make together, so that a failing cloud cannot
// multiply the load on the others. A deployment whose breaker is open is passed over without an attempt and costs nothing.
type Retries struct {
	Percent int // extra attempts that each 100 requests bring (default 100)
	Burst   int // extra attempts that may be saved up, and that a customer begins with (default 1,000); -1 = no bound at all
}

// The defaults of Retries.
const (
	retriesPercent = 100
	retriesBurst   = 1000
)

// retryCost is what an extra attempt takes out of a budget; a request brings Percent.
const retryCost = 100

// A retryBudget is a customer's bucket of extra attempts, in hundredths. Safe for concurrent use. nil has no bound.
type retryBudget struct {
	level atomic.Int64
	brings,
	most int64
}

func (r *Retries) budget() *retryBudget {
	if r.Burst < 0 {
		return nil
	}
	b := &retryBudget{brings: int64(r.Percent), most: int64(r.Burst) * retryCost}
	b.level.Store(b.most)
	return b
}

// admit takes in what a request brings. While the bucket is full it writes nothing.
func (b *retryBudget) admit() {
	if b == nil {
		return
	}
	for {
		level := b.level.Load()
		if level >= b.most || b.level.CompareAndSwap(level, min(level+b.brings, b.most)) {
			return
		}
	}
}

// take pays for an extra attempt; false if the budget is spent.
func (b *retryBudget) take() bool {
	if b == nil {
		return true
	}
	for {
		level := b.level.Load()
		if level < retryCost {
			return false
		}
		if b.level.CompareAndSwap(level, level-retryCost) {
			return true
		}
	}
}

// burdens reports whether an attempt that ended so was load for a cloud: what was never sent did not cost anybody anything.
func burdens(o delivery.Outcome) bool { return o != delivery.Skipped && o != delivery.Unsupported }

// budgetOf returns the budget that a customer has, or a new one. The caller holds g.swap.
func (g *Gateway) budgetOf(customer string) *retryBudget {
	if b := g.retries[customer]; b != nil {
		return b
	}
	return g.config.Retries.budget()
}
