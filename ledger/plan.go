package ledger

import (
	"fmt"
	"math"
	"slices"

	"concord/agreement"
	"concord/journal"
	"concord/money"
	"concord/usage"
)

// termsPlan is terms compiled for posting: what a sale or a cost posts is worked out once for each combination of
// parties, product and cloud.
type termsPlan struct {
	terms       *agreement.Terms
	hash        journal.Hash
	commitments []agreement.InForce
	sales       map[saleKey]*salePlan
	costs       map[costKey]*costPlan
	lastSale    *salePlan
	lastCost    *costPlan
}

type saleKey struct {
	seller, customer, product, cloud string
	currency                         money.Currency
}

type costKey struct {
	holder, seller, cloud, product string
	currency                       money.Currency
}

func newTermsPlan(t *agreement.Terms) *termsPlan {
	p := &termsPlan{terms: t, hash: t.Hash()}
	for _, f := range t.Clauses() {
		if _, ok := f.Clause.(*agreement.Commitment); ok {
			p.commitments = append(p.commitments, f)
		}
	}
	p.forget()
	return p
}

// forget drops what was compiled.
func (p *termsPlan) forget() {
	p.sales, p.costs = map[saleKey]*salePlan{}, map[costKey]*costPlan{}
	p.lastSale, p.lastCost = nil, nil
}

// A salePlan is what a sale posts.
type salePlan struct {
	key      saleKey
	clause   agreement.InForce
	parts    []money.Rate
	tax      money.Rate
	revenue  []spot // by stream
	received spot   // in the seller's book
	taxed    spot   // in the seller's book
	used     spot   // in the customer's book
	owed     spot   // in the customer's book
	draws    []draw
	shares   []sharePlan
	suspense [usage.NumClasses][2]spot // unpriced usage, and its contra
	payees   int                       // of all shares
	zones    []*calendar               // of shares whose days begin at other hours
}

// A costPlan is what a cloud's charge to whoever pays it posts.
type costPlan struct {
	key      costKey
	cost     spot // in the payer's book
	owed     spot // in the payer's book
	received spot // in the operator's book
	revenue  spot // in the operator's book
	draws    []draw
}

// A draw is a commitment that is drawn down.
type draw struct {
	used, open  spot
	from, until int64 // window; until is exclusive, 0 = open
	streams     []int // of a sale; nil = the whole cost
	extends     bool  // what is missing may be bought after the window
	amount      money.Amount
	parts       *counter // what was drawn; nil = nothing falls due
}

// A sharePlan is what a revenue share makes of a sale.
type sharePlan struct {
	share    *share
	clause   clauseKey
	currency money.Currency
	keys     [2]string // of its segments: by its own rate, and by that of favoured peers
	segment  *segment
	from     int64      // the segment holds for instants from here
	until    int64      // to here
	current  money.Rate // of the segment
	rate     money.Rate
	tiers    *tiering // nil = by the rate alone
	parts    []money.Rate
	limits   []*money.Amount // by the share's counters
	streams  []int           // of the flow that count to the base
	off      int             // the group in which they lower it; -1 = they add to it
	feeds    []int           // payees of earlier shares, counted through, whose shares count to the base
	first    int             // of its payees, counted through
	payees   []payeePlan
	above    [2]spot // memo of what is above the cap, and its contra
	groups   []deduction
	retro    bool // amendments are trued up
	terms    journal.Hash
	days     *calendar
	product  string
	cloud    string
	fx       *fxPlan // nil = the sale is in the share's currency
	carries  bool    // a counter carries what is above a cap
	floors   bool    // a period below zero counts as nothing
	keeps    bool    // payees keep what was stated and is no longer owed
	best     bool    // the rate of favoured peers is lower than its own
	favoured money.Rate
	since    int64 // from when on it holds
}

type payeePlan struct {
	payer             string
	totals            *payeeTotals
	cost, owed        spot // in the payer's book
	received, revenue spot // in the payee's book
}

// compiler collects the first error of the many spots that a plan asks for.
type compiler struct {
	state    *State
	terms    journal.Hash
	currency money.Currency
	err      error
}

func (c *compiler) spot(a *agreement.Agreement, p Posting) spot {
	sp, err := c.state.spot(a, p, c.currency)
	if err != nil && c.err == nil {
		c.err = err
	}
	return sp
}

// sale returns what a sale posts under these terms.
func (s *State) sale(t *termsPlan, k saleKey) (*salePlan, error) {
	if t.lastSale != nil && t.lastSale.key == k {
		return t.lastSale, nil
	}
	p, ok := t.sales[k]
	if !ok {
		var err error
		if p, err = s.compileSale(t, k); err != nil {
			return nil, err
		}
		t.sales[k] = p
	}
	t.lastSale = p
	return p, nil
}

func (s *State) compileSale(t *termsPlan, k saleKey) (*salePlan, error) {
	f, clause, ok := t.terms.Sale(k.seller, k.product, k.cloud)
	if !ok {
		return nil, fmt.Errorf("no sale clause says on which terms %s sells %s on %s", k.seller, k.product, k.cloud)
	}
	if f.Agreement.Currency != k.currency {
		return nil, fmt.Errorf("sale clause %s is in %s, the record in %s", clause.ID, f.Agreement.Currency, k.currency)
	}
	c := compiler{state: s, currency: k.currency, terms: t.hash}
	at := Posting{Clause: clause.ID, Cloud: k.cloud, Product: k.product}
	account := func(book string, a Account, stream string) spot {
		p := at
		p.Book, p.Account, p.Stream = book, a, stream
		return c.spot(f.Agreement, p)
	}
	p := &salePlan{
		key: k, clause: f, tax: clause.Tax,
		received: account(k.seller, AccruedReceivable(k.customer, clause.ID), ""),
		used:     account(k.customer, Cost("usage", k.product), ""),
		owed:     account(k.customer, AccruedPayable(k.seller, clause.ID), ""),
	}
	if clause.Tax.Sign() != 0 {
		p.taxed = account(k.seller, "tax:collected", "")
	}
	for _, stream := range clause.Streams {
		subject := k.cloud
		if stream.Name == "license" {
			subject = k.product
		}
		p.parts = append(p.parts, stream.Part)
		p.revenue = append(p.revenue, account(k.seller, Revenue(stream.Name, subject), stream.Name))
	}
	for class := usage.Input; class.Valid(); class++ {
		p.suspense[class] = [2]spot{
			account(k.seller, MemoAccount("suspense", class.String(), ""), ""),
			account(k.seller, MemoAccount("suspense", class.String(), "contra"), ""),
		}
	}
	p.draws = c.draws(t, k.customer, k.seller, k.cloud, k.product, clause.Streams)
	p.shares = c.shares(t, p, &source{sale: true}, clause.Streams)
	p.zones = p.zonesOf()
	return p, c.err
}

// cost returns what a cloud's charge posts under these terms.
func (s *State) cost(t *termsPlan, k costKey) (*costPlan, error) {
	if t.lastCost != nil && t.lastCost.key == k {
		return t.lastCost, nil
	}
	p, ok := t.costs[k]
	if !ok {
		var err error
		if p, err = s.compileCost(t, k); err != nil {
			return nil, err
		}
		t.costs[k] = p
	}
	t.lastCost = p
	return p, nil
}

func (s *State) compileCost(t *termsPlan, k costKey) (*costPlan, error) {
	operator, ok := t.terms.Operator(k.cloud)
	if !ok {
		return nil, fmt.Errorf("no party operates the cloud %s, which charges %s", k.cloud, k.holder)
	}
	payer := agreement.CostPayer(operator, k.holder, k.seller)
	if payer == "" {
		return nil, fmt.Errorf("%s operates %s itself: the cloud cannot charge it", k.holder, k.cloud)
	}
	// Without a commitment the subject of what is owed is the cloud's capacity as such, of no agreement.
	var in *agreement.Agreement
	subject := "capacity:" + k.cloud
	if f, clause, ok := t.terms.Capacity(payer, operator, k.cloud); ok {
		in, subject = f.Agreement, clause.ID
		if in.Currency != k.currency {
			return nil, fmt.Errorf("clause %s is in %s, the cost in %s", clause.ID, in.Currency, k.currency)
		}
	}
	c := compiler{state: s, currency: k.currency, terms: t.hash}
	account := func(book string, a Account) spot {
		return c.spot(in, Posting{Book: book, Account: a, Clause: subject, Cloud: k.cloud, Product: k.product})
	}
	p := &costPlan{
		key:      k,
		cost:     account(payer, Cost("cloud", k.cloud)),
		owed:     account(payer, AccruedPayable(operator, subject)),
		received: account(operator, AccruedReceivable(payer, subject)),
		revenue:  account(operator, Revenue("infrastructure", k.cloud)),
	}
	p.draws = c.draws(t, payer, operator, k.cloud, k.product, nil)
	return p, c.err
}

// draws returns the commitments that a sale with these streams draws down, or a cost where there are none: what the seller
// charges its customer counts to commitments by charge, what an operator charges an account holder to those by cost.
func (c *compiler) draws(t *termsPlan, buyer, seller, cloud, product string, streams []agreement.Stream) []draw {
	var all []draw
	for _, f := range t.commitments {
		clause := f.Clause.(*agreement.Commitment)
		charged := clause.Counts.Amount == "charged"
		if clause.Buyer != buyer || clause.Seller != seller || charged != (streams != nil) ||
			!admits(clause.Counts.Clouds, cloud) || !clause.Counts.Products.Matches(product) {
			continue
		}
		if f.Agreement.Currency != c.currency && c.err == nil {
			c.err = fmt.Errorf("commitment %s is in %s, what counts to it in %s", clause.ID, f.Agreement.Currency, c.currency)
		}
		d := draw{streams: admitted(clause.Counts.Streams, streams), extends: clause.Shortfall == "extend", amount: clause.Amount, parts: c.state.drawnOf(f)}
		if !clause.WindowFrom.IsZero() {
			d.from = clause.WindowFrom.UnixNano()
		}
		if !clause.WindowUntil.IsZero() {
			d.until = clause.WindowUntil.UnixNano()
		}
		at := Posting{Book: buyer, Clause: clause.ID, Cloud: cloud, Product: product}
		at.Account = MemoAccount("commitment", clause.ID, "used")
		d.used = c.spot(f.Agreement, at)
		at.Account = MemoAccount("commitment", clause.ID, "open")
		d.open = c.spot(f.Agreement, at)
		all = append(all, d)
	}
	return all
}

// A receiver is a payee of a share that others may rest on.
type receiver struct {
	payer, payee string
	currency     money.Currency
}

// shares returns the shares in force that a source moves, those that others rest on first.
func (c *compiler) shares(t *termsPlan, sale *salePlan, from *source, streams []agreement.Stream) []sharePlan {
	var all []sharePlan
	var receivers []receiver // every payee so far, counted through
	for _, f := range t.terms.Shares() {
		clause := f.Clause.(*agreement.RevenueShare)
		p := sharePlan{rate: clause.Rate, first: len(receivers)}
		base := &clause.Base
		again := from.primary == clauseKey{f.Agreement.Name, clause.ID}
		if !again && (!admits(base.Clouds, sale.key.cloud) || !base.Products.Matches(sale.key.product) || !t.terms.Counts(f, sale.key.product, sale.key.cloud)) {
			continue
		}
		p.share = c.state.shares[c.state.root(clauseKey{f.Agreement.Name, clause.ID})]
		p.groups = p.share.deductions(f)
		if p.streams, p.off = from.base(f, sale, streams, p.groups); c.outranked(t, f, sale, from, streams) {
			continue
		}
		if slices.Contains(base.From, "shares") {
			for i, r := range receivers {
				if r.payee == base.RevenueOf && !slices.Contains(base.ExceptFrom, r.payer) {
					p.feeds = append(p.feeds, i)
					if r.currency != f.Agreement.Currency {
						c.fail(fmt.Errorf("share %s is in %s and rests on one in %s: only sales and fees are converted", clause.ID, f.Agreement.Currency, r.currency))
					}
				}
			}
		}
		if len(p.streams)+len(p.feeds) == 0 {
			continue
		}
		for _, payee := range clause.Payees {
			receivers = append(receivers, receiver{clause.Payer, payee.Party, f.Agreement.Currency})
		}
		if lower, ok := favoured(t, f, sale.key.product); ok {
			p.favoured, p.since = lower, clause.Favoured.From.UnixNano()
			if clause.Favoured.From.IsZero() {
				p.since = math.MinInt64
			}
			p.best = true
		}
		c.finish(&p, f, sale.key)
		all = append(all, p)
	}
	sale.payees = len(receivers)
	return all
}

// finish adds a share's running state, bounds and places.
func (c *compiler) finish(p *sharePlan, f agreement.InForce, k saleKey) {
	clause := f.Clause.(*agreement.RevenueShare)
	p.fx = c.conversion(f, k)
	p.retro, p.terms, p.days, p.product, p.cloud = clause.Retro == "true_up", c.terms, c.state.calendar(f.Agreement.Zone), k.product, k.cloud
	p.keys[0], p.tiers = segmentKey(clause, clause.Rate), newTiering(f, p.share.opening)
	if p.best {
		p.keys[1] = segmentKey(clause, p.favoured)
	}
	p.clause, p.currency = clauseKey{f.Agreement.Name, clause.ID}, f.Agreement.Currency
	p.floors, p.keeps = clause.Negative == "floor", clause.Overpaid == "keep"
	p.limits = make([]*money.Amount, len(p.share.counters))
	for i, counter := range p.share.counters {
		p.carries = p.carries || counter.carry
		for _, limit := range clause.Caps {
			if counter.is(limit) && (p.limits[i] == nil || limit.Amount.Cmp(*p.limits[i]) < 0) {
				amount := limit.Amount
				p.limits[i] = &amount
			}
		}
	}
	account := func(book string, a Account) spot {
		sp, err := c.state.spot(f.Agreement, Posting{Book: book, Account: a, Clause: clause.ID, Cloud: k.cloud, Product: k.product}, f.Agreement.Currency)
		if err != nil {
			c.fail(err)
		}
		return sp
	}
	for _, payee := range clause.Payees {
		p.parts = append(p.parts, payee.Part)
		p.payees = append(p.payees, payeePlan{
			payer:    clause.Payer,
			totals:   p.share.payee(payee.Party),
			cost:     account(clause.Payer, Cost("share", clause.ID)),
			owed:     account(clause.Payer, AccruedPayable(payee.Party, clause.ID)),
			received: account(payee.Party, AccruedReceivable(clause.Payer, clause.ID)),
			revenue:  account(payee.Party, Revenue("share", clause.ID)),
		})
	}
	p.above = [2]spot{
		account(clause.Payer, MemoAccount("above-cap", clause.ID, "")),
		account(clause.Payer, MemoAccount("above-cap", clause.ID, "contra")),
	}
}

// at returns the share's segment at an instant.
func (p *sharePlan) at(at int64) *segment {
	if p.segment == nil || at < p.from || at >= p.until {
		if p.tiers != nil {
			p.from, p.until = p.tiers.window.bounds(at)
		} else {
			p.from, p.until = p.share.span(at)
		}
		start, key := p.from, p.keys[0]
		p.current = p.rate
		switch {
		case p.best && at >= p.since:
			p.from, key, p.current = max(p.from, p.since), p.keys[1], p.favoured
		case p.best:
			p.until = min(p.until, p.since)
		}
		p.segment = p.share.segment(key, start, len(p.payees))
	}
	return p.segment
}

// admits reports whether a list of a clause admits a name; an empty one admits all.
func admits(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }

// admitted returns the indexes of the streams that a list admits.
func admitted(list []string, streams []agreement.Stream) []int {
	var all []int
	for i, s := range streams {
		if admits(list, s.Name) {
			all = append(all, i)
		}
	}
	return all
}
