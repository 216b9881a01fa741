package journal

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
)

// Problem is the kind of a finding of Verify.
type Problem string

// The problems that Verify finds.
const (
	BadHash      Problem = "hash"          // a block's hash is not that of its bytes
	BadLink      Problem = "link"          // a block does not name the hash of the one before it
	BadNumber    Problem = "number"        // a block is missing, doubled or out of order
	BadSequence  Problem = "sequence"      // sequences have a gap or overlap
	BadCount     Problem = "count"         // a block holds another number of entries than it says
	BadRecorded  Problem = "recorded"      // recorded goes back, or is not what the bytes say
	BadHead      Problem = "head"          // a chain ends before the head that the storage knows, or elsewhere
	BadEntry     Problem = "entry"         // bytes that are no entry
	BadOpen      Problem = "open"          // a chain does not begin with its own open entry, or has a second one
	AfterSeal    Problem = "after-seal"    // entries after a chain ended itself
	BadDocument  Problem = "document"      // a document does not have the hash that it states
	NoRecord     Problem = "no-record"     // an intent of a settled chain without a record
	NoIntent     Problem = "no-intent"     // a record, attempt or progress without an intent, and not imported
	SecondRecord Problem = "second-record" // two records of one intent
	SecondIntent Problem = "second-intent" // two intents of one request
	LaterVersion Problem = "later-version" // bytes of a later version of this program: not judged
)

// A Finding is one thing that is wrong, and where.
type Finding struct {
	Problem Problem `json:"problem"`
	Chain   ChainID `json:"chain"`
	Block   uint64  `json:"block"`
	Offset  int     `json:"offset"`
	Text    string  `json:"text"`
}

// String names problem, place and text.
func (f Finding) String() string {
	return fmt.Sprintf("%s: chain %s, block %d, offset %d: %s", f.Problem, f.Chain, f.Block, f.Offset, f.Text)
}

// A ChainReport is what Verify read of one chain.
type ChainReport struct {
	ID      ChainID `json:"chain"`
	Blocks  uint64  `json:"blocks"`
	Entries uint64  `json:"entries"`
	Head    string  `json:"head"` // hash of the last block, hex
	Sealed  bool    `json:"sealed"`
	Settled bool    `json:"settled"`
	Open    int     `json:"open"` // intents without a record
}

// KindCount is how many entries there are of a kind.
type KindCount struct {
	Kind  Kind   `json:"kind"`
	Count uint64 `json:"count"`
}

// OutcomeCount is how many records there are of an outcome.
type OutcomeCount struct {
	Outcome Outcome `json:"outcome"`
	Count   uint64  `json:"count"`
}

// A Report is the answer of Verify.
type Report struct {
	Chains   []ChainReport  `json:"chains"`
	Blocks   uint64         `json:"blocks"`
	Entries  uint64         `json:"entries"`
	Kinds    []KindCount    `json:"kinds"`
	Outcomes []OutcomeCount `json:"outcomes"`
	// Open counts the intents without a record in chains that are not settled: in flight, or waiting for recovery.
	Open     int       `json:"open"`
	Findings []Finding `json:"findings"`
	More     int       `json:"more_findings"` // beyond the limit
}

// Good reports whether nothing is wrong.
func (r *Report) Good() bool { return len(r.Findings) == 0 }

// VerifyOptions are the options of Verify; the zero value is good.
type VerifyOptions struct {
	Findings int                          // how many are kept; 0 = 100
	Progress func(blocks, entries uint64) // called after each block; nil = not
	// Go runs a function beside the caller: hashing, half of the work, then runs beside the reading of entries. nil = it does not.
	Go func(func())
}

// Verify walks all chains and checks hashes, links, numbers, sequences, that each entry can be read, and that each
// intent has exactly one record. What is in flight is counted apart, so that a journal may be verified beside its writer.
// Memory grows with open intents and findings only. The error says that the storage could not be read.
func Verify(ctx context.Context, j Journal, o VerifyOptions) (*Report, error) {
	states, err := j.Chains(ctx)
	if err != nil {
		return nil, fmt.Errorf("verify journal: %w", err)
	}
	v := verifier{options: o, report: &Report{Findings: []Finding{}}, open: map[RequestID]mark{}, early: map[RequestID]mark{}}
	if v.options.Findings == 0 {
		v.options.Findings = 100
	}
	v.decoder.Reuse = true
	_, merging := AsMerging(j)
	v.merges.wrong = !merging
	for _, s := range states {
		v.chains = append(v.chains, chainCheck{state: s})
	}
	err = j.Blocks(ctx, Cursor{}, func(b *Block) bool {
		v.block(b)
		if o.Progress != nil {
			o.Progress(v.report.Blocks, v.report.Entries)
		}
		return ctx.Err() == nil
	})
	if err = errors.Join(err, ctx.Err()); err != nil {
		return nil, fmt.Errorf("verify journal: %w", err)
	}
	v.heads()
	v.merged()
	if err := v.pairs(ctx, j); err != nil {
		return nil, fmt.Errorf("verify journal: %w", err)
	}
	v.sum()
	return v.report, nil
}

type verifier struct {
	options  VerifyOptions
	report   *Report
	decoder  Decoder
	chains   []chainCheck // by ordinal
	kinds    [256]uint64
	outcomes [256]uint64
	open     map[RequestID]mark // intents without a record so far
	early    map[RequestID]mark // records without an intent so far
	merges   mergeCheck
}

// chainCheck is what is known of a chain while it is walked.
type chainCheck struct {
	state    ChainState
	blocks   uint64
	entries  uint64
	head     Hash
	recorded int64
	sealed   bool // by an entry of its own
}

// mark is a place in the journal, small: there may be many.
type mark struct {
	chain, block uint64
	offset       int
}

func (v *verifier) find(p Problem, chain ChainID, block uint64, offset int, format string, args ...any) {
	if len(v.report.Findings) >= v.options.Findings {
		v.report.More++
		return
	}
	v.report.Findings = append(v.report.Findings, Finding{p, chain, block, offset, fmt.Sprintf(format, args...)})
}

func (v *verifier) findAt(p Problem, m mark, format string, args ...any) {
	v.find(p, v.chains[m.chain-1].state.ID, m.block, m.offset, format, args...)
}

func (v *verifier) block(b *Block) {
	if b.Merged > 0 {
		v.merges.came(b)
	}
	if b.Ordinal == 0 || b.Ordinal > uint64(len(v.chains)) {
		return // a chain that was opened after Verify began
	}
	c := &v.chains[b.Ordinal-1]
	v.report.Blocks++
	bad := func(p Problem, format string, args ...any) { v.find(p, b.Chain, b.Number, 0, format, args...) }
	if b.Number != c.blocks+1 {
		bad(BadNumber, "the block after %d has number %d", c.blocks, b.Number)
	}
	if b.Prev != c.head {
		bad(BadLink, "it follows a block of hash %x, the one before it has %x", b.Prev, c.head)
	}
	if b.First != c.entries+1 {
		bad(BadSequence, "its first sequence is %d after %d entries", b.First, c.entries)
	}
	hashed := v.hash(b)
	if b.Recorded < c.recorded {
		bad(BadRecorded, "it was recorded at %d, before the block before it at %d", b.Recorded, c.recorded)
	}
	count := 0
	err := b.Entries(&v.decoder, func(offset int, e *Entry) bool {
		if count == 0 && e.Recorded != b.Recorded {
			bad(BadRecorded, "its bytes say that it was recorded at %d, its row says %d", e.Recorded, b.Recorded)
		}
		count++
		v.entry(c, b, offset, e)
		return true
	})
	if sum := hashed(); sum != b.Hash {
		bad(BadHash, "its bytes have the hash %x, it states %x", sum, b.Hash)
	}
	switch {
	case errors.Is(err, ErrFuture):
		bad(LaterVersion, "%v", err)
	case err != nil:
		bad(BadEntry, "%v", err)
	case count != b.Count:
		bad(BadCount, "it holds %d entries and says %d", count, b.Count)
	}
	if b.Number == c.state.Blocks && b.Hash != c.state.Head {
		bad(BadHead, "its hash is %s, the chain's head is %s", b.Hash, c.state.Head)
	}
	v.report.Entries += uint64(count)
	c.blocks, c.head, c.recorded = b.Number, b.Hash, b.Recorded
	c.entries = b.First - 1 + uint64(b.Count)
}

// hash begins to hash a block and returns what waits for the hash.
func (v *verifier) hash(b *Block) func() Hash {
	if v.options.Go == nil {
		return b.Sum
	}
	done := make(chan Hash, 1)
	v.options.Go(func() { done <- b.Sum() })
	return func() Hash { return <-done }
}

func (v *verifier) entry(c *chainCheck, b *Block, offset int, e *Entry) {
	v.kinds[e.Body.Kind()]++
	at := mark{b.Ordinal, b.Number, offset}
	bad := func(p Problem, format string, args ...any) { v.find(p, b.Chain, b.Number, offset, format, args...) }
	if c.sealed {
		bad(AfterSeal, "a %s entry after the chain's own seal", e.Body.Kind())
	}
	first := b.Number == 1 && offset == blockHeader
	open, isOpen := e.Body.(*Open)
	if first != isOpen || isOpen && open.Chain != b.Chain {
		bad(BadOpen, "want an open entry of this chain first and nowhere else, got a %s entry", e.Body.Kind())
	}
	switch body := e.Body.(type) {
	case *Seal:
		c.sealed = c.sealed || body.Chain == b.Chain
	case *Document:
		if sum := sha256.Sum256(body.Bytes); sum != body.Hash {
			bad(BadDocument, "document %q has the hash %x, it states %x", body.Name, sum, body.Hash)
		}
	case *Intent:
		if _, ok := v.open[body.Request]; ok {
			bad(SecondIntent, "a second intent of %s", body.Request)
		}
		if _, ok := v.early[body.Request]; ok {
			delete(v.early, body.Request)
			break
		}
		v.open[body.Request] = at
	case *Attempt:
		v.within(body.Request, at, "an attempt")
	case *Progress:
		v.within(body.Request, at, "progress")
	case *Record:
		v.outcomes[body.Outcome]++
		v.record(body, e, at)
	case *Merge:
		v.merge(body, at)
	}
}

func (v *verifier) within(request RequestID, at mark, what string) {
	if _, ok := v.open[request]; !ok {
		v.findAt(NoIntent, at, "%s of %s, which has no open intent", what, request)
	}
}

func (v *verifier) record(r *Record, e *Entry, at mark) {
	_, open := v.open[r.Request]
	switch {
	case open && e.Part == 0:
		delete(v.open, r.Request)
	case e.Part != 0 || r.Outcome == Refused || e.Source != "": // later usage of an object; a refusal or an import has no intent
	default:
		if _, ok := v.early[r.Request]; ok {
			v.findAt(SecondRecord, at, "a second record of %s", r.Request)
			return
		}
		v.early[r.Request] = at
	}
}

// heads compares the ends of the chains with what the storage knows.
func (v *verifier) heads() {
	for i := range v.chains {
		if c := &v.chains[i]; c.blocks < c.state.Blocks {
			v.find(BadHead, c.state.ID, c.blocks, 0, "the chain ends here; its head is block %d with hash %s", c.state.Blocks, c.state.Head)
		}
	}
}

// pairs judges the intents without records and the records without intents that are left.
func (v *verifier) pairs(ctx context.Context, j Journal) error {
	for _, id := range sortedKeys(v.early) {
		at := v.early[id]
		entries, err := j.Find(ctx, id)
		if damaged := len(v.report.Findings) > 0; err != nil && !errors.Is(err, ErrNotFound) && !damaged { // else what is found says why
			return err
		}
		records := 0
		for i := range entries {
			if r, ok := entries[i].Body.(*Record); ok && entries[i].Part == 0 && r.Outcome != Refused {
				records++
			}
		}
		if records > 1 {
			v.findAt(SecondRecord, at, "one of %d records of %s", records, id)
		} else {
			v.findAt(NoIntent, at, "a record of %s, which has no intent", id)
		}
	}
	opened := make([]int, len(v.chains))
	for _, id := range sortedKeys(v.open) {
		at := v.open[id]
		opened[at.chain-1]++
		if v.chains[at.chain-1].state.Settled {
			v.findAt(NoRecord, at, "the intent of %s has no record, though its chain is settled", id)
			continue
		}
		v.report.Open++
	}
	for i, c := range v.chains {
		v.report.Chains = append(v.report.Chains, ChainReport{
			ID: c.state.ID, Blocks: c.blocks, Entries: c.entries, Head: c.head.String(),
			Sealed: c.state.Sealed, Settled: c.state.Settled, Open: opened[i],
		})
	}
	return nil
}

func sortedKeys(m map[RequestID]mark) []RequestID {
	keys := make([]RequestID, 0, len(m))
	for id := range m {
		keys = append(keys, id)
	}
	slices.SortFunc(keys, func(a, b RequestID) int { return slices.Compare(a[:], b[:]) })
	return keys
}

func (v *verifier) sum() {
	for k, n := range v.kinds {
		if n > 0 {
			v.report.Kinds = append(v.report.Kinds, KindCount{Kind(k), n})
		}
	}
	for o, n := range v.outcomes {
		if n > 0 {
			v.report.Outcomes = append(v.report.Outcomes, OutcomeCount{Outcome(o), n})
		}
	}
}
