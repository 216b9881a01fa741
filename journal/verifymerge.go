package journal

import (
	"maps"
	"slices"
)

// BadMerge is a merge entry that is missing, doubled or does not go on where those before it ended, or an order of posting that
// the merge entries do not give.
const BadMerge Problem = "merge"

// mergeCheck holds the merge entries of a journal to each other and to the order in which its blocks came.
type mergeCheck struct {
	last  uint64               // number of the last one that was checked
	ends  map[ChainID]uint64   // how far each chain is merged
	early map[uint64]heldMerge // read before one with a lower number
	order []Span               // blocks as they came in the order of merges, that no entry has explained yet
	wrong bool                 // there is no order, or it is lost: it is judged no further
}

type heldMerge struct {
	spans []Span
	at    mark
}

// came takes a block that the storage placed in the order of merges.
func (c *mergeCheck) came(b *Block) {
	if n := len(c.order); n > 0 && c.order[n-1].Chain == b.Chain && c.order[n-1].To+1 == b.Number {
		c.order[n-1].To = b.Number
		return
	}
	c.order = append(c.order, Span{Chain: b.Chain, From: b.Number, To: b.Number})
}

// merge takes a merge entry; they are judged by number, which is nearly the order in which they are read.
func (v *verifier) merge(m *Merge, at mark) {
	c := &v.merges
	if c.ends == nil {
		c.ends, c.early = map[ChainID]uint64{}, map[uint64]heldMerge{}
	}
	if _, twice := c.early[m.Number]; twice || m.Number <= c.last {
		v.findAt(BadMerge, at, "a second merge of number %d", m.Number)
		return
	}
	c.early[m.Number] = heldMerge{slices.Clone(m.Spans), at}
	for {
		next, ok := c.early[c.last+1]
		if !ok {
			return
		}
		delete(c.early, c.last+1)
		c.last++
		for _, s := range next.spans {
			v.span(s, next.at)
		}
	}
}

// span judges one span: it goes on where its chain was left, and its blocks came next. That they are there follows.
func (v *verifier) span(s Span, at mark) {
	c := &v.merges
	if s.From != c.ends[s.Chain]+1 || s.To < s.From {
		v.findAt(BadMerge, at, "merge %d takes blocks %d to %d of chain %s, of which %d stand in merges before it", c.last, s.From, s.To, s.Chain, c.ends[s.Chain])
	}
	c.ends[s.Chain] = max(s.To, c.ends[s.Chain])
	for from := s.From; from <= s.To && !c.wrong; {
		if len(c.order) == 0 || c.order[0].Chain != s.Chain || c.order[0].From != from {
			v.findAt(BadMerge, at, "merge %d puts block %d of chain %s next; the storage gives another", c.last, from, s.Chain)
			c.wrong = true
			return
		}
		first := &c.order[0]
		from = min(first.To, s.To) + 1
		if first.From = from; first.From > first.To {
			c.order = c.order[1:]
		}
	}
}

// merged judges what is left when all was read.
func (v *verifier) merged() {
	c := &v.merges
	for _, n := range slices.Sorted(maps.Keys(c.early)) {
		v.findAt(BadMerge, c.early[n].at, "merge %d is there and merge %d is not", n, c.last+1)
	}
	if len(c.order) > 0 && !c.wrong && len(c.early) == 0 {
		s := c.order[0]
		v.find(BadMerge, s.Chain, s.From, 0, "the storage puts it in the order of posting, and no merge entry does")
	}
}
