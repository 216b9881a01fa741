package journaltest

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// Amounts compares amounts in cmp.
var Amounts = cmp.Comparer(func(a, b money.Amount) bool { return a == b })

// Chain returns the nth chain's id.
func Chain(n int) journal.ChainID {
	return journal.ChainID{Gateway: "gateway-1", Started: 1_777_852_800_000_000_000 + int64(n), Random: 0x0123456789abcd00 + uint64(n)}
}

// Request returns the nth request's id.
func Request(n int) journal.RequestID {
	return journal.NewRequestID(1_777_852_800_000+int64(n), 0xcd00, uint64(n)*0x9e3779b97f4a7c15)
}

// live returns an entry of the nth request.
func live(n int, body journal.Body) journal.Entry {
	id := Request(n)
	return journal.Entry{Time: 1_777_852_800_000_000_000 + int64(n)*1_000_000, ID: string(id[:]), Body: body}
}

// Open returns the entry that begins a chain.
func Open(id journal.ChainID) journal.Entry {
	return journal.Entry{Time: id.Started, ID: id.String(), Body: &journal.Open{Chain: id, Gateway: id.Gateway, Version: "1.2.3"}}
}

// Seal returns the entry that settles a chain.
func Seal(id journal.ChainID) journal.Entry {
	return journal.Entry{Time: id.Started + 1, ID: id.String(), Part: 1, Body: &journal.Seal{Chain: id, Reason: "recovered"}}
}

// Document returns an agreement of n bytes.
func Document(n int) journal.Entry {
	doc := bytes.Repeat([]byte("concord: 1\n"), n/11+1)[:n]
	return journal.Entry{Time: 5, ID: "openai-microsoft", Body: &journal.Document{
		Doc: journal.DocAgreement, Name: "openai-microsoft", Hash: sha256.Sum256(doc), Bytes: doc,
	}}
}

// Intent returns the nth request's intent.
func Intent(n int) journal.Entry {
	return live(n, &journal.Intent{
		Request: Request(n), Key: "key-1", Customer: "acme", Product: "openai/gpt-5.4", API: agreement.Chat, Stream: n%2 == 1,
		Terms: journal.Hash{1, 2, 3}, Set: journal.Hash{4, 5, 6},
		Health:     []journal.Seen{{Deployment: "openai-azure-gpt54", State: delivery.OpenDown}},
		InputBytes: 4096, OutputBound: 1000, Hold: money.MustParse("0.02"), Currency: "USD", First: "openai-aws-gpt54",
	})
}

// Attempt returns the nth request's second attempt.
func Attempt(n int) journal.Entry {
	return live(n, &journal.Attempt{
		Request: Request(n), Number: 2, Deployment: "openai-direct-gpt54", Left: "openai-aws-gpt54", Why: delivery.Throttled,
		Health: []journal.Seen{{Deployment: "openai-aws-gpt54", State: delivery.OpenLimit}},
	})
}

// Progress returns how far the nth request's stream is.
func Progress(n int, units int64) journal.Entry {
	return live(n, &journal.Progress{Request: Request(n), Number: 1, Units: units, Bytes: 5 * units})
}

// Record returns the nth request's record: case A of BOOKS.
func Record(n int) journal.Entry {
	used := usage.Usage{Evidence: usage.Reported}
	used.Tokens[usage.Input], used.Tokens[usage.CacheRead], used.Tokens[usage.Output] = 4000, 4000, 600
	return live(n, &journal.Record{
		Request: Request(n), Outcome: journal.Answered, Customer: "acme", Key: "key-1", Product: "openai/gpt-5.4",
		API: agreement.Chat, Stream: n%2 == 1, Terms: journal.Hash{1, 2, 3}, Set: journal.Hash{4, 5, 6}, Currency: "USD",
		Attempts: []journal.Tried{{
			Deployment: "openai-aws-gpt54", Cloud: "aws", Seller: "openai", Holder: "openai", Outcome: delivery.Answered,
			Status: 200, Started: 40_000, FirstByte: 210_000_000, Ended: 900_000_000, Usage: used,
			Cost: lines("0.000000875", "0.0000000875", "0.00000525"),
		}},
		Usage: used, Lines: lines("0.0000025", "0.00000025", "0.000015"), Delivered: 2400, Ended: 900_100_000,
	})
}

// Refused returns the record of a request that no clause permitted.
func Refused(n int) journal.Entry {
	return live(n, &journal.Record{
		Request: Request(n), Outcome: journal.Refused, Customer: "acme", Key: "key-1", Product: "openai/gpt-5.4",
		API: agreement.Chat, Terms: journal.Hash{1, 2, 3}, Set: journal.Hash{4, 5, 6}, Served: -1, Refusal: "cloud: no clause",
	})
}

// lines prices 4,000 input, 4,000 cached and 600 output tokens.
func lines(input, cached, output string) []pricing.Line {
	var l []pricing.Line
	for _, p := range []struct {
		class usage.Class
		n     int64
		unit  string
	}{{usage.Input, 4000, input}, {usage.CacheRead, 4000, cached}, {usage.Output, 600, output}} {
		unit := money.MustParse(p.unit)
		amount, err := unit.MulInt(p.n)
		if err != nil {
			panic(err) // constants
		}
		l = append(l, pricing.Line{Class: p.class, Quantity: p.n, Unit: unit, Amount: amount})
	}
	return l
}

// A Writer builds the blocks of one chain.
type Writer struct {
	Chain   journal.ChainID
	Blocks  []journal.Block // that were appended, as a reader must see them
	journal journal.Journal
	ordinal uint64
}

// Begin opens a chain and appends its open entry.
func Begin(t testing.TB, j journal.Journal, id journal.ChainID) *Writer {
	t.Helper()
	if err := j.OpenChain(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	chains, err := j.Chains(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := &Writer{Chain: id, journal: j, ordinal: chains[len(chains)-1].Ordinal}
	w.Append(t, Open(id))
	return w
}

// Next builds the block that follows the last one appended; it is recorded at its number.
func (w *Writer) Next(t testing.TB, entries ...journal.Entry) *journal.Block {
	t.Helper()
	b := &journal.Block{Chain: w.Chain, Ordinal: w.ordinal, Count: len(entries), Bytes: journal.BeginBlock(nil)}
	for i := range entries {
		var err error
		if b.Bytes, err = journal.AppendToBlock(b.Bytes, &entries[i]); err != nil {
			t.Fatal(err)
		}
	}
	b.Finish(w.Head(), int64(len(w.Blocks)+1))
	return b
}

// Append appends the next block.
func (w *Writer) Append(t testing.TB, entries ...journal.Entry) {
	t.Helper()
	b := w.Next(t, entries...)
	if err := w.journal.AppendBlock(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	w.Blocks = append(w.Blocks, *b)
}

// Head returns the last block appended; nil = none.
func (w *Writer) Head() *journal.Block {
	if len(w.Blocks) == 0 {
		return nil
	}
	return &w.Blocks[len(w.Blocks)-1]
}
