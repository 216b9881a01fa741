package pricing

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"concord/agreement"
	"concord/money"
	"concord/usage"
)

// The kinds of books.
const (
	Prices = "prices" // what sellers charge customers
	Costs  = "costs"  // what operators charge account holders
)

// A Book is a parsed price book: what sellers charge customers (kind "prices"), or what operators charge account holders
// (kind "costs"). It is immutable and safe for concurrent use.
type Book struct {
	Name     string
	Kind     string // Prices or Costs
	Currency money.Currency
	Hash     agreement.Hash // of the document's bytes
	doc      []byte
	exact    map[string][]*entry // by product, the most specific first
	patterns []*entry            // products with a trailing *, the most specific first
}

// Bytes returns the document that the book was parsed from; Parse of it gives the same book.
func (b *Book) Bytes() []byte { return bytes.Clone(b.doc) }

// A Query asks for prices at an instant.
type Query struct {
	Seller   string // party that charges: the seller, or for costs the operator
	Buyer    string // account holder for costs; "" otherwise
	Product  string
	Cloud    string
	Region   string
	Deploy   string // deployment id
	At       int64  // ns UTC
	Tier     usage.Tier
	PromptLn int64 // prompt tokens, for long-context tiers
}

// Find returns the rate in force, or false if the book has none. It does not allocate.
func (b *Book) Find(q Query) (*Rate, bool) {
	found := firstMatch(b.exact[q.Product], &q)
	if pattern := firstMatch(b.patterns, &q); pattern != nil && (found == nil || bySpecificity(pattern, found) < 0) {
		found = pattern
	}
	if found == nil {
		return nil, false
	}
	if found.long != nil && q.PromptLn > found.above {
		return found.long, true
	}
	return &found.rate, true
}

// entry is one entry of a document, or one cloud of an entry that names several.
type entry struct {
	seller, buyer string
	product       string // without the trailing *
	pattern       bool
	cloud         string // "" = any
	region        string // "" = any
	deployment    string // "" = any
	tier          usage.Tier
	from, until   int64 // ns UTC; until is exclusive
	rate          Rate
	long          *Rate // for prompts of more than above tokens; nil = no such step
	above         int64
}

func firstMatch(entries []*entry, q *Query) *entry {
	for _, e := range entries {
		if e.matches(q) {
			return e
		}
	}
	return nil
}

func (e *entry) matches(q *Query) bool {
	switch {
	case q.At < e.from, q.At >= e.until, q.Tier != e.tier, q.Seller != e.seller, e.buyer != "" && q.Buyer != e.buyer:
		return false
	case e.deployment != "" && e.deployment != q.Deploy, e.region != "" && e.region != q.Region, e.cloud != "" && e.cloud != q.Cloud:
		return false
	case e.pattern:
		return strings.HasPrefix(q.Product, e.product)
	}
	return e.product == q.Product
}

// bySpecificity sorts the more specific entry first. Two entries that match one query and compare as equal name the
// same deployment, region, cloud and product: findOverlaps refuses them.
func bySpecificity(a, b *entry) int {
	for _, more := range [...]int{
		preferTrue(a.deployment != "", b.deployment != ""),
		preferTrue(a.region != "", b.region != ""),
		preferTrue(a.cloud != "", b.cloud != ""),
		preferTrue(!a.pattern, !b.pattern),
	} {
		if more != 0 {
			return more
		}
	}
	return cmp.Compare(len(b.product), len(a.product))
}

func preferTrue(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// index files the entries for Find.
func (b *Book) index(entries []*entry) {
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, bySpecificity)
	b.exact = make(map[string][]*entry)
	for _, e := range entries {
		if e.pattern {
			b.patterns = append(b.patterns, e)
		} else {
			b.exact[e.product] = append(b.exact[e.product], e)
		}
	}
}

// identity is what two entries share that no order can tell apart.
type identity struct {
	seller, buyer, product, cloud, region, deployment string
	pattern                                           bool
	tier                                              usage.Tier
}

func (e *entry) identity() identity {
	return identity{e.seller, e.buyer, e.product, e.cloud, e.region, e.deployment, e.pattern, e.tier}
}

// findOverlaps calls report for every pair of neighbours in time that price the same thing at the same instant.
func findOverlaps(entries []*entry, report func(earlier, later *entry)) {
	same := make(map[identity][]*entry)
	for _, e := range entries {
		same[e.identity()] = append(same[e.identity()], e)
	}
	for _, e := range entries {
		group := same[e.identity()]
		delete(same, e.identity()) // once a group, in the document's order
		slices.SortStableFunc(group, func(a, b *entry) int { return cmp.Compare(a.from, b.from) })
		for i := 1; i < len(group); i++ {
			if group[i].from < group[i-1].until {
				report(group[i-1], group[i])
			}
		}
	}
}
