package journal_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/journal/journaltest"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// encode returns the bytes of an entry.
func encode(t testing.TB, e journal.Entry) []byte {
	t.Helper()
	b, err := journal.AppendEntry(nil, &e)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// every returns one entry of each kind, with every field set.
func every() map[string]journal.Entry {
	book := journaltest.Document(30)
	prices := *book.Body.(*journal.Document)
	prices.Doc, prices.Name = journal.DocPrices, "openai-list"
	full := journaltest.Record(1)
	record := full.Body.(*journal.Record)
	record.Attempts = append([]journal.Tried{{
		Deployment: "openai-azure-gpt54", Cloud: "azure", Seller: "openai", Holder: "openai", Outcome: delivery.Timeout,
		Started: 10, Ended: 2_000_000_000, CostUnsure: true,
	}}, record.Attempts...)
	record.Served, record.Unpriced, record.Refusal = 1, []usage.Class{usage.OutputAudio}, "none"
	all := map[string]journal.Entry{
		"open": journaltest.Open(journaltest.Chain(1)), "seal": journaltest.Seal(journaltest.Chain(1)),
		"terms": journaltest.Document(40), "prices": {Time: 6, Source: "import", ID: "p", Body: &prices},
		"intent": journaltest.Intent(1), "attempt": journaltest.Attempt(1), "progress": journaltest.Progress(1, 512),
		"record": full, "refused": journaltest.Refused(2),
	}
	for _, e := range journaltest.Dues() {
		all[e.Body.Kind().String()] = e
	}
	return all
}

// objects returns entries that only a later version can say.
func objects() map[string]journal.Entry {
	return map[string]journal.Entry{
		"record-object.v2": journaltest.ObjectRecord(1, "resp_0123", false), "record-pending.v2": journaltest.ObjectRecord(1, "resp_0123", true),
		"intent-claims.v2": journaltest.ClaimingIntent(1), "record-held.v3": journaltest.HeldRecord(1),
	}
}

func TestEntriesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	for name, e := range every() {
		got, err := journal.DecodeEntry(encode(t, e))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(e, got, journaltest.Amounts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// text draws a text of any bytes, long enough now and then for a length of two bytes.
func text() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom([]string{"", "acme", "openai/gpt-5.4", strings.Repeat("x", 127), strings.Repeat("y", 128), "\xff\x00"}),
		rapid.StringN(0, 20, 300))
}

func amount() *rapid.Generator[money.Amount] {
	return rapid.Custom(func(t *rapid.T) money.Amount {
		var b [16]byte
		copy(b[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "amount"))
		return money.FromBytes(b)
	})
}

func tokens() *rapid.Generator[usage.Usage] {
	return rapid.Custom(func(t *rapid.T) usage.Usage {
		u := usage.Usage{Tier: usage.Tier(rapid.Byte().Draw(t, "tier")), Evidence: usage.Evidence(rapid.Byte().Draw(t, "evidence"))}
		for c := 1; c < usage.NumClasses; c++ {
			if rapid.Bool().Draw(t, "used") {
				u.Tokens[c] = rapid.Int64().Draw(t, "tokens")
			}
		}
		return u
	})
}

func priced() *rapid.Generator[[]pricing.Line] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) pricing.Line {
		return pricing.Line{
			Class: usage.Class(rapid.Byte().Draw(t, "class")), Quantity: rapid.Int64().Draw(t, "quantity"),
			Unit: amount().Draw(t, "unit"), Amount: amount().Draw(t, "amount"),
		}
	}), 0, 4)
}

func seen() *rapid.Generator[[]journal.Seen] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) journal.Seen {
		return journal.Seen{Deployment: text().Draw(t, "deployment"), State: delivery.State(rapid.Byte().Draw(t, "state"))}
	}), 0, 4)
}

func claims() *rapid.Generator[[]journal.Claim] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) journal.Claim {
		return journal.Claim{Budget: text().Draw(t, "budget"), Window: text().Draw(t, "window"), Limit: amount().Draw(t, "limit")}
	}), 0, 3)
}

func hash(t *rapid.T) (h journal.Hash) {
	copy(h[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
	return h
}

func request(t *rapid.T) (id journal.RequestID) {
	copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "request"))
	return id
}

func body() *rapid.Generator[journal.Body] {
	return rapid.Custom(func(t *rapid.T) journal.Body {
		s := func(name string) string { return text().Draw(t, name) }
		n := func(name string) int64 {
			return rapid.OneOf(rapid.Int64(), rapid.Int64Range(-300, 300)).Draw(t, name)
		}
		small := func(name string) int { return int(rapid.Int32().Draw(t, name)) }
		chain := journal.ChainID{Gateway: s("gateway"), Started: n("started"), Random: rapid.Uint64().Draw(t, "random")}
		switch rapid.IntRange(0, 7).Draw(t, "kind") {
		case 0:
			return &journal.Open{Chain: chain, Gateway: s("gateway"), Version: s("version")}
		case 1:
			return &journal.Seal{Chain: chain, Reason: s("reason")}
		case 2:
			return &journal.Document{Doc: journal.DocKind(rapid.Byte().Draw(t, "doc")), Name: s("name"), Hash: hash(t), Bytes: []byte(s("bytes"))}
		case 3:
			return &journal.Attempt{Request: request(t), Number: small("number"), Deployment: s("deployment"), Left: s("left"),
				Why: delivery.Outcome(rapid.Byte().Draw(t, "why")), Health: seen().Draw(t, "health")}
		case 4:
			return &journal.Progress{Request: request(t), Number: small("number"), Units: n("units"), Bytes: n("bytes")}
		case 5:
			return &journal.Intent{Request: request(t), Key: s("key"), Customer: s("customer"), Product: s("product"),
				API: agreement.API(s("api")), Stream: rapid.Bool().Draw(t, "stream"), Terms: hash(t), Set: hash(t),
				Health: seen().Draw(t, "health"), InputBytes: n("input"), OutputBound: n("bound"), Hold: amount().Draw(t, "hold"),
				Currency: money.Currency(s("currency")), First: s("first"), Claims: claims().Draw(t, "claims")}
		case 6:
			return due().Draw(t, "due")
		}
		r := &journal.Record{Request: request(t), Outcome: journal.Outcome(rapid.Byte().Draw(t, "outcome")), Customer: s("customer"),
			Key: s("key"), Product: s("product"), API: agreement.API(s("api")), Stream: rapid.Bool().Draw(t, "stream"),
			Terms: hash(t), Set: hash(t), Currency: money.Currency(s("currency")), Served: small("served"),
			Usage: tokens().Draw(t, "usage"), Lines: priced().Draw(t, "lines"), Refusal: s("refusal"),
			Delivered: n("delivered"), Ended: n("ended"), Object: s("object"), Pending: rapid.Bool().Draw(t, "pending"), About: s("about")}
		if rapid.Bool().Draw(t, "holds") {
			r.Held, r.Above = amount().Draw(t, "held"), amount().Draw(t, "above")
		}
		for range rapid.IntRange(0, 3).Draw(t, "attempts") {
			r.Attempts = append(r.Attempts, journal.Tried{Deployment: s("deployment"), Cloud: s("cloud"), Seller: s("seller"),
				Holder: s("holder"), Outcome: delivery.Outcome(rapid.Byte().Draw(t, "outcome")), Status: small("status"),
				Started: n("started"), FirstByte: n("first"), Ended: n("ended"), Usage: tokens().Draw(t, "usage"),
				Cost: priced().Draw(t, "cost"), CostUnsure: rapid.Bool().Draw(t, "unsure")})
		}
		for range rapid.IntRange(0, 3).Draw(t, "unpriced") {
			r.Unpriced = append(r.Unpriced, usage.Class(rapid.Byte().Draw(t, "class")))
		}
		return r
	})
}

func entry() *rapid.Generator[journal.Entry] {
	return rapid.Custom(func(t *rapid.T) journal.Entry {
		return journal.Entry{Time: rapid.Int64().Draw(t, "time"), Source: text().Draw(t, "source"), ID: text().Draw(t, "id"),
			Part: rapid.Uint32().Draw(t, "part"), Body: body().Draw(t, "body")}
	})
}

func TestAnyEntryComesBackAsItWas(t *testing.T) {
	t.Parallel()
	reused := journal.Decoder{Reuse: true}
	rapid.Check(t, func(t *rapid.T) {
		want := entry().Draw(t, "entry")
		b, err := journal.AppendEntry(nil, &want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := journal.DecodeEntry(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, journaltest.Amounts, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("fresh (-want +got):\n%s", diff)
		}
		var again journal.Entry
		if err := reused.Decode(b, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, again, journaltest.Amounts, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("in memory used before (-want +got):\n%s", diff)
		}
	})
}

func TestEncodingAllocatesNothingBeyondTheDestination(t *testing.T) {
	for name, e := range every() {
		dst := make([]byte, 0, 1<<16)
		if n := testing.AllocsPerRun(100, func() { _, _ = journal.AppendEntry(dst, &e) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestAnEntryThatCouldNotBeReadIsNotWritten(t *testing.T) {
	t.Parallel()
	attempt := journaltest.Attempt(1)
	attempt.Body.(*journal.Attempt).Number = math.MaxInt32 + 1
	for name, e := range map[string]journal.Entry{
		"no body":        {ID: "x"},
		"number too big": attempt,
		"too long":       journaltest.Document(journal.MaxEntry),
	} {
		kept := []byte("kept")
		b, err := journal.AppendEntry(kept, &e)
		if err == nil || string(b) != "kept" {
			t.Errorf("%s: got %d bytes and %v, want an error and what was there", name, len(b), err)
		}
	}
}

func TestErrorsNameWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	good := encode(t, journaltest.Record(1))
	change := func(at int, to byte) []byte {
		b := bytes.Clone(good)
		b[at] = to
		return b
	}
	for name, c := range map[string]struct {
		b      []byte
		want   string
		future bool
	}{
		"nothing":                     {nil, "an entry of 0 bytes has no version and kind", false},
		"version 0":                   {change(0, 0), "entry version 0 does not exist", false},
		"a later version":             {change(0, 7), "entry version 7 (kind record), this program reads up to 4", true},
		"a version of later":          {append([]byte{7}, encode(t, journaltest.Open(journaltest.Chain(1)))[1:]...), "entry version 7 (kind open), this program reads up to 1", true},
		"a version that says no more": {change(0, 2), "field object: its length is missing", false},
		"a kind of later":             {change(1, 77), "entry of kind 77, version 1", true},
		"a short time":                {change(2, 7), "record entry: offset 10, field time: it has 7 bytes, want 8", false},
		"a cut":                       {good[:len(good)-1], "field ended: it is said to have 4 bytes and 3 are left", false},
		"something behind":            {append(bytes.Clone(good), 0), "field end: 1 bytes are left over", false},
	} {
		_, err := journal.DecodeEntry(c.b)
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, journal.ErrFuture) != c.future {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestHostileLengthsAllocateLittle(t *testing.T) {
	hostile := append([]byte{1, byte(journal.KindTerms), 8, 0, 0, 0, 0, 0, 0, 0, 0}, 0xff, 0xff, 0xff, 0xff, 0x7f)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		if _, err := journal.DecodeEntry(hostile); err == nil {
			t.Fatal("a field longer than the entry was accepted")
		}
	}
	runtime.ReadMemStats(&after)
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<20 {
		t.Errorf("%d bytes were allocated", spent)
	}
}

func FuzzDecodeEntry(f *testing.F) {
	for _, all := range []map[string]journal.Entry{every(), objects()} {
		for _, e := range all {
			b := encode(f, e)
			f.Add(b)
			f.Add(b[:len(b)/2])
		}
	}
	reused := journal.Decoder{Reuse: true}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := journal.DecodeEntry(b)
		var other journal.Entry
		if again := reused.Decode(b, &other); (again == nil) != (err == nil) {
			t.Fatalf("fresh memory says %v, used memory %v", err, again)
		}
		if err != nil {
			return
		}
		for _, e := range []*journal.Entry{&e, &other} {
			out, err := journal.AppendEntry(nil, e)
			if err != nil || !bytes.Equal(out, b) {
				t.Fatalf("%x was read and written again as %x, %v", b, out, err)
			}
		}
	})
}

func FuzzBlock(f *testing.F) {
	b := &journal.Block{Bytes: journal.BeginBlock(nil)}
	for _, e := range every() {
		b.Bytes, _ = journal.AppendToBlock(b.Bytes, &e)
	}
	f.Add(b.Bytes)
	f.Fuzz(func(t *testing.T, raw []byte) {
		b := &journal.Block{Chain: journaltest.Chain(1), Number: 1, Bytes: raw}
		var offsets []int
		heads := b.Headings(func(h *journal.Heading) { offsets = append(offsets, h.Offset) })
		count := 0
		err := b.Entries(new(journal.Decoder), func(at int, e *journal.Entry) bool {
			if count >= len(offsets) || offsets[count] != at {
				t.Fatalf("entry %d stands at %d, the headings say %v", count, at, offsets)
			}
			count++
			if single, err := b.EntryAt(at); err != nil || single.Body.Kind() != e.Body.Kind() {
				t.Fatalf("entry at %d: %v", at, err)
			}
			return true
		})
		if err == nil && heads != nil {
			t.Fatalf("a block that can be read cannot be indexed: %v", heads)
		}
	})
}

// golden compares bytes with a file of the first version. It has no -update: these bytes are frozen.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (got %x)", err, got)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s has changed; the journal's bytes are frozen\n got %x\nwant %x", path, got, want)
	}
}

func TestBytesAreThoseOfTheFirstVersion(t *testing.T) {
	t.Parallel()
	for name, e := range every() {
		golden(t, name+".v1", encode(t, e))
	}
	for name, e := range objects() {
		golden(t, name, encode(t, e))
	}
}

func TestABlockAndItsHashAreThoseOfTheFirstVersion(t *testing.T) {
	t.Parallel()
	b := &journal.Block{Chain: journaltest.Chain(1), Count: 3, Bytes: journal.BeginBlock(nil)}
	for _, e := range []journal.Entry{journaltest.Intent(1), journaltest.Progress(1, 512), journaltest.Record(1)} {
		var err error
		if b.Bytes, err = journal.AppendToBlock(b.Bytes, &e); err != nil {
			t.Fatal(err)
		}
	}
	b.Finish(&journal.Block{Number: 7, First: 40, Count: 5, Hash: journal.Hash{0xaa, 0xbb}}, 1_777_852_801_000_000_000)
	if b.Number != 8 || b.First != 45 {
		t.Errorf("block %d begins at %d, want 8 at 45", b.Number, b.First)
	}
	golden(t, "block.v1", b.Bytes)
	golden(t, "block-hash.v1", b.Hash[:])
}

func TestFilesOfEveryVersionAreStillRead(t *testing.T) {
	t.Parallel()
	all := objects()
	for name, e := range every() {
		all[name+".v1"] = e
	}
	for name, want := range all {
		b, err := os.ReadFile(filepath.Join("testdata", "golden", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := journal.DecodeEntry(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got, journaltest.Amounts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func BenchmarkEncodeRecord(b *testing.B) {
	e := journaltest.Record(1)
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		out, err := journal.AppendEntry(dst, &e)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(out)))
	}
}

func BenchmarkDecodeRecord(b *testing.B) {
	raw := encode(b, journaltest.Record(1))
	d := journal.Decoder{Reuse: true}
	var e journal.Entry
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Decode(raw, &e); err != nil {
			b.Fatal(err)
		}
	}
}
