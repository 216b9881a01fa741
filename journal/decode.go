package journal

import (
	"errors"
	"fmt"
	"math"

	"concord/agreement"
	"concord/delivery"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// ErrFuture says that bytes were written by a later version of this program.
var ErrFuture = errors.New("journal: written by a later version of Concord: read it with that version")

// A Decoder reads entries. Its zero value is ready; it is not safe for concurrent use.
type Decoder struct {
	// Reuse makes Decode give intents, attempts, progress and records in memory that the next call overwrites: for
	// readers of millions that keep nothing.
	Reuse bool
	// Books, beside Reuse, makes Decode give only what the books need: of intents without claims, attempts and progress that is
	// the request, and the rest of their bytes is not looked at. Verify is who looks at all of them.
	Books bool

	intern   interner
	intent   Intent
	attempt  Attempt
	progress Progress
	record   Record
	lines    []pricing.Line
}

// DecodeEntry reads the bytes of one entry. Nothing in the result refers to b.
func DecodeEntry(b []byte) (Entry, error) {
	var d Decoder
	var e Entry
	err := d.decode(b, &e, nil)
	return e, err
}

// Decode reads the bytes of one entry, as AppendEntry wrote them, into e; it leaves e.Recorded and e.At alone. It takes
// any bytes: what it accepts is exactly what AppendEntry writes, and what it allocates is bounded by a small multiple of
// len(b). An unknown kind or a later version is named and wraps ErrFuture.
func (d *Decoder) Decode(b []byte, e *Entry) error { return d.decode(b, e, &d.intern) }

func (d *Decoder) decode(b []byte, e *Entry, intern *interner) error {
	if len(b) < 2 {
		return fmt.Errorf("an entry of %d bytes has no version and kind", len(b))
	}
	version, kind := b[0], Kind(b[1])
	if version == 0 {
		return errors.New("entry version 0 does not exist")
	}
	if last := lastVersion(kind); version > last {
		return fmt.Errorf("entry version %d (kind %s), this program reads up to %d: %w", version, kind, last, ErrFuture)
	}
	r := reader{b: b, at: 2, intern: intern}
	e.Body = nil
	e.Time = r.time("time")
	e.Source = r.text("source")
	e.ID = r.unique("id")
	e.Part = uint32(r.within("part", 0, math.MaxUint32))
	if d.Books && d.brief(&r, e, version, kind) {
		return nil
	}
	switch kind {
	case KindOpen:
		e.Body = &Open{Chain: r.chain(), Gateway: r.text("gateway"), Version: r.text("version")}
	case KindSeal:
		e.Body = &Seal{Chain: r.chain(), Reason: r.text("reason")}
	case KindTerms, KindPrices:
		e.Body = decodeDocument(&r, kind)
	case KindIntent:
		e.Body = d.decodeIntent(&r, version)
	case KindAttempt:
		e.Body = d.decodeAttempt(&r)
	case KindProgress:
		e.Body = d.decodeProgress(&r)
	case KindRecord:
		e.Body = d.decodeRecord(&r, version)
	default:
		if e.Body = decodeDue(&r, kind); e.Body != nil {
			break
		}
		return fmt.Errorf("entry of %s, version %d: %w", kind, version, ErrFuture)
	}
	r.done("end")
	if r.err != nil {
		e.Body = nil
		return fmt.Errorf("%s entry: %w", kind, r.err)
	}
	return nil
}

// brief reads the front of what moves nothing in the books, if the entry is of that kind.
func (d *Decoder) brief(r *reader, e *Entry, version byte, kind Kind) bool {
	switch {
	case kind == KindIntent && version < ClaimVersion:
		d.intent.Hold, d.intent.Claims = money.Amount{}, nil
		d.intent.Request = r.request("request")
		e.Body = &d.intent
	case kind == KindAttempt:
		d.attempt.Request = r.request("request")
		e.Body = &d.attempt
	case kind == KindProgress:
		d.progress.Request = r.request("request")
		e.Body = &d.progress
	}
	return e.Body != nil && r.err == nil
}

func decodeDocument(r *reader, kind Kind) *Document {
	doc := &Document{Doc: DocKind(r.byte("doc"))}
	if doc.Kind() != kind {
		r.fail("doc", fmt.Sprintf("a document of kind %d does not stand in a %s entry", doc.Doc, kind))
	}
	doc.Name = r.text("name")
	doc.Hash = r.hash("hash")
	doc.Bytes = append([]byte(nil), r.field("bytes")...)
	return doc
}

func (d *Decoder) decodeIntent(r *reader, version byte) *Intent {
	i := &d.intent
	if !d.Reuse {
		i = new(Intent)
	}
	i.Request = r.request("request")
	i.Key = r.again("key", i.Key)
	i.Customer = r.again("customer", i.Customer)
	i.Product = r.again("product", i.Product)
	i.API = agreement.API(r.again("api", string(i.API)))
	i.Stream = r.bool("stream")
	i.Terms = r.hash("terms")
	i.Set = r.hash("set")
	i.Health = decodeHealth(r, i.Health[:0])
	i.InputBytes = r.number("input bytes")
	i.OutputBound = r.number("output bound")
	i.Hold = r.amount("hold")
	i.Currency = money.Currency(r.again("currency", string(i.Currency)))
	i.First = r.again("first", i.First)
	i.Claims = decodeClaims(r, version, i.Claims[:0])
	return i
}

func (d *Decoder) decodeAttempt(r *reader) *Attempt {
	a := &d.attempt
	if !d.Reuse {
		a = new(Attempt)
	}
	a.Request = r.request("request")
	a.Number = int(r.within("number", math.MinInt32, math.MaxInt32))
	a.Deployment = r.text("deployment")
	a.Left = r.text("left")
	a.Why = delivery.Outcome(r.byte("why"))
	a.Health = decodeHealth(r, a.Health[:0])
	return a
}

func (d *Decoder) decodeProgress(r *reader) *Progress {
	p := &d.progress
	if !d.Reuse {
		p = new(Progress)
	}
	p.Request = r.request("request")
	p.Number = int(r.within("number", math.MinInt32, math.MaxInt32))
	p.Units = r.number("units")
	p.Bytes = r.number("bytes")
	return p
}

func (d *Decoder) decodeRecord(r *reader, version byte) *Record {
	rec, lines := &d.record, d.lines[:0]
	if !d.Reuse {
		rec, lines = new(Record), nil
	}
	rec.Request = r.request("request")
	rec.Outcome = Outcome(r.byte("outcome"))
	rec.Customer = r.again("customer", rec.Customer)
	rec.Key = r.again("key", rec.Key)
	rec.Product = r.again("product", rec.Product)
	rec.API = agreement.API(r.again("api", string(rec.API)))
	rec.Stream = r.bool("stream")
	rec.Terms = r.hash("terms")
	rec.Set = r.hash("set")
	rec.Currency = money.Currency(r.again("currency", string(rec.Currency)))
	attempts := r.inside("attempts")
	rec.Attempts = rec.Attempts[:0]
	for attempts.more() {
		item := attempts.inside("attempt")
		n := len(rec.Attempts)
		if n < cap(rec.Attempts) {
			rec.Attempts = rec.Attempts[:n+1]
		} else {
			rec.Attempts = append(rec.Attempts, Tried{})
		}
		lines = decodeTried(&item, &rec.Attempts[n], lines)
		attempts.leave("attempt", &item)
	}
	r.leave("attempts", &attempts)
	rec.Served = int(r.within("served", math.MinInt32, math.MaxInt32))
	rec.Usage = decodeUsage(r)
	rec.Lines, lines = decodeLines(r, "lines", lines)
	rec.Unpriced = rec.Unpriced[:0]
	for _, c := range r.field("unpriced") {
		rec.Unpriced = append(rec.Unpriced, usage.Class(c))
	}
	rec.Refusal = r.again("refusal", rec.Refusal)
	rec.Delivered = r.number("delivered")
	rec.Ended = r.number("ended")
	rec.Object, rec.Pending = "", false
	if version >= RecordVersion {
		rec.Object, rec.Pending = r.unique("object"), r.bool("pending")
		if version == RecordVersion && !rec.objects() {
			r.fail("pending", fmt.Sprintf("it has neither an object nor is it pending: version %d says this", EntryVersion))
		}
	}
	rec.Held, rec.Above = money.Amount{}, money.Amount{}
	if version >= HoldVersion {
		if rec.Held, rec.Above = r.amount("held"), r.amount("above"); version == HoldVersion && !rec.holds() {
			r.fail("held", "it ends no hold: an earlier version says this")
		}
	}
	rec.About = ""
	if version >= AboutVersion {
		if rec.About = r.unique("about"); rec.About == "" {
			r.fail("about", "it is about no object: an earlier version says this")
		}
	}
	if d.Reuse {
		d.lines = lines
	}
	return rec
}

// decodeTried overwrites t, whose texts are those of the last entry if its memory was used before.
func decodeTried(r *reader, t *Tried, lines []pricing.Line) []pricing.Line {
	t.Deployment = r.again("deployment", t.Deployment)
	t.Cloud = r.again("cloud", t.Cloud)
	t.Seller = r.again("seller", t.Seller)
	t.Holder = r.again("holder", t.Holder)
	t.Outcome = delivery.Outcome(r.byte("outcome"))
	t.Status = int(r.within("status", math.MinInt32, math.MaxInt32))
	t.Started = r.number("started")
	t.FirstByte = r.number("first byte")
	t.Ended = r.number("ended")
	t.Usage = decodeUsage(r)
	t.Cost, lines = decodeLines(r, "cost", lines)
	t.CostUnsure = r.bool("cost unsure")
	return lines
}

// decodeClaims appends to dst, which is empty; an intent without claims is of EntryVersion.
func decodeClaims(r *reader, version byte, dst []Claim) []Claim {
	if version < ClaimVersion {
		return dst
	}
	list := r.inside("claims")
	for list.more() {
		item := list.inside("claim")
		c := Claim{Budget: item.text("budget"), Window: item.text("window"), Limit: item.amount("limit")}
		list.leave("claim", &item)
		dst = append(dst, c)
	}
	r.leave("claims", &list)
	if len(dst) == 0 {
		r.fail("claims", "there are none: an earlier version says this")
	}
	return dst
}

// decodeHealth appends to dst, which is empty; an empty list stays nil in fresh memory.
func decodeHealth(r *reader, dst []Seen) []Seen {
	list := r.inside("health")
	for list.more() {
		item := list.inside("seen")
		s := Seen{Deployment: item.text("deployment"), State: delivery.State(item.byte("state"))}
		list.leave("seen", &item)
		dst = append(dst, s)
	}
	r.leave("health", &list)
	return dst
}

func decodeUsage(r *reader) (u usage.Usage) {
	group := r.inside("usage")
	tokens := group.inside("tokens")
	last := 0
	for tokens.more() {
		class := int(tokens.b[tokens.at])
		if class <= last || class >= usage.NumClasses {
			tokens.fail("class", fmt.Sprintf("class %d after class %d, want ascending classes below %d", class, last, usage.NumClasses))
			break
		}
		tokens.at++
		u.Tokens[class] = tokens.number("count")
		if u.Tokens[class] == 0 {
			tokens.fail("count", "a class that was not used is listed")
		}
		last = class
	}
	group.leave("tokens", &tokens)
	u.Tier = usage.Tier(group.byte("tier"))
	u.Evidence = usage.Evidence(group.byte("evidence"))
	r.leave("usage", &group)
	return u
}

// decodeLines appends a list of priced lines to buf and returns them with the grown buf: all lines of a record share one
// array.
func decodeLines(r *reader, name string, buf []pricing.Line) (lines, grown []pricing.Line) {
	list := r.inside(name)
	start := len(buf)
	for list.more() {
		item := list.inside("line")
		l := pricing.Line{Class: usage.Class(item.byte("class")), Quantity: item.number("quantity")}
		l.Unit = item.amount("unit")
		l.Amount = item.amount("amount")
		list.leave("line", &item)
		buf = append(buf, l)
	}
	r.leave(name, &list)
	if len(buf) == start {
		return nil, buf
	}
	return buf[start:len(buf):len(buf)], buf
}
