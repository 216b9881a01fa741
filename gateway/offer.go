package gateway

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"concord/clouds"
	"concord/delivery"
	"concord/journal"
)

// An Offer is what requests are served under: the terms and prices, to whom, and where. Swap exchanges it whole.
type Offer struct {
	Timeline  *delivery.Timeline
	Set       journal.Hash              // of the set document that the timeline was made from
	Keys      map[KeyHash]Key           // by the hash of the key
	Targets   map[string]*clouds.Target // by deployment id
	Budgets   []Budget
	MaxOutput map[string]int64 // tokens that a model can answer with at most, by deployment id; what is not there is not known
	Context   map[string]int64 // tokens that a model can read at most, known in the same way
	MaxSound  map[string]int64 // seconds that a model can hear at most, known in the same way
}

// offer is an Offer made ready. Apart from the view that it remembers it is never written.
type offer struct {
	timeline *delivery.Timeline
	set      journal.Hash
	keys     map[KeyHash]*Key
	targets  map[string]*clouds.Target
	adapters map[string]clouds.Adapter
	limits   limits
	health   *health
	view     atomic.Pointer[view] // the last one
}

// limits are what models can do at most, by deployment id.
type limits struct{ output, context, seconds map[string]int64 }

// Swap exchanges what is offered. Requests that are admitted from now on are served under the new offer; those that were
// admitted before keep the old one to their end. The set document must be durable in the journal: records that name it
// follow at once. An offer that does not fit is refused with everything that is wrong with it, and nothing changes.
//
// A deployment that both offers reach in the same way keeps its breaker. Swap may be called at any time.
func (g *Gateway) Swap(next Offer) error {
	g.swap.Lock()
	defer g.swap.Unlock()
	if err := g.Check(next); err != nil {
		return err
	}
	g.offered.Store(g.prepare(next))
	return nil
}

// Check reports everything for which Swap would refuse an offer.
func (g *Gateway) Check(next Offer) error {
	if errs := next.check(g.config.Adapters, g.config.Now().UnixNano()); len(errs) > 0 {
		return fmt.Errorf("exchange what is offered: %w", errors.Join(errs...))
	}
	return nil
}

// prepare makes an offer ready. The caller holds g.swap.
func (g *Gateway) prepare(next Offer) *offer {
	deployments := next.Timeline.At(g.config.Now().UnixNano()).Catalog().Deployments
	o := &offer{
		timeline: next.Timeline, set: next.Set, keys: make(map[KeyHash]*Key, len(next.Keys)), targets: next.Targets,
		adapters: g.config.Adapters, limits: limits{next.MaxOutput, next.Context, next.MaxSound}, health: g.breakers.health(deployments, next.Targets),
	}
	budgets := make(map[string]*retryBudget)
	for hash, key := range next.Keys {
		if budgets[key.Customer] == nil {
			budgets[key.Customer] = g.budgetOf(key.Customer)
		}
		key.retries, key.budgets = budgets[key.Customer], budgetsOf(&key, next.Budgets)
		o.keys[hash] = &key
	}
	g.retries = budgets
	return o
}

// check holds keys, targets and adapters to the catalog.
func (o *Offer) check(adapters map[string]clouds.Adapter, now int64) []error {
	var errs []error
	if o.Timeline == nil {
		return append(errs, errors.New("field Timeline is missing: make one with delivery.NewTimeline"))
	}
	if len(o.Keys) == 0 {
		errs = append(errs, errors.New("field Keys is empty: nobody could send a request; give at least one key"))
	}
	errs = append(errs, checkBudgets(o.Budgets, o.MaxOutput, o.Context, o.MaxSound)...)
	catalog := o.Timeline.At(now).Catalog()
	for i := range catalog.Deployments {
		d := &catalog.Deployments[i]
		t := o.Targets[d.ID]
		switch {
		case t == nil:
			errs = append(errs, fmt.Errorf("deployment %s has no target: say in the configuration how its account is reached", d.ID))
		case t.Base == nil || t.Base.Host == "":
			errs = append(errs, fmt.Errorf("deployment %s has no endpoint: give its account one, such as https://HOST", d.ID))
		case t.Cloud != d.Cloud:
			errs = append(errs, fmt.Errorf("deployment %s runs on %s, its target on %q: make them agree", d.ID, d.Cloud, t.Cloud))
		}
		if adapters[speaks(d.Cloud, t)] == nil {
			errs = append(errs, fmt.Errorf("deployment %s runs on cloud %q, for which there is no adapter: use one of %v", d.ID, d.Cloud, known(adapters)))
		}
	}
	for hash, key := range o.Keys {
		if key.ID == "" {
			errs = append(errs, fmt.Errorf("the key with hash %x... has no id: give it one, it stands in every record", hash[:4]))
		}
		if !slices.ContainsFunc(catalog.Customers, func(cu customer) bool { return cu.ID == key.Customer }) {
			errs = append(errs, fmt.Errorf("key %s belongs to customer %q, whom the catalog does not list: add the customer or correct the key", key.ID, key.Customer))
		}
		if key.MaxOutput < 0 {
			errs = append(errs, fmt.Errorf("key %s has a max output of %d tokens: use a positive number, or 0 for no bound", key.ID, key.MaxOutput))
		}
	}
	return errs
}

func known(adapters map[string]clouds.Adapter) []string {
	names := make([]string, 0, len(adapters))
	for name := range adapters {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
