package journal

import (
	"crypto/sha256"
	"fmt"
)

// A Heading is what indexes need of an entry, read without decoding the bodies of usage.
type Heading struct {
	Offset  int // in the block's bytes
	Kind    Kind
	Time    int64
	Request RequestID // Entry.Key
	Also    []RequestID
	Sole    bool    // no second entry may have its Request and Part: records, and what has an identity of its own
	Outcome Outcome // of records
	Part    uint32
	Seal    ChainID   // of seals: the chain that is ended
	Object  ObjectKey // of records: of the object that the cloud made; zero = none
	Pending bool      // of records
}

// An ObjectKey is the beginning of the SHA-256 of an object's id: ids of clouds have any length.
type ObjectKey [16]byte

// KeyOfObject returns the key of an object's id, which is not empty.
func KeyOfObject(object string) ObjectKey {
	sum := sha256.Sum256([]byte(object))
	return ObjectKey(sum[:16])
}

// Key returns what Find finds the entry by: the request of what belongs to one; of an entry of dues.go its identity as Ref.Key
// says, if it has a source; zero for all else.
func (e *Entry) Key() RequestID {
	switch b := e.Body.(type) {
	case *Intent:
		return b.Request
	case *Attempt:
		return b.Request
	case *Progress:
		return b.Request
	case *Record:
		return b.Request
	}
	if d, ok := e.Body.(*Document); ok {
		return d.key()
	}
	if k := e.Body.Kind(); k >= KindFact && k <= KindCorrection {
		return Ref{Kind: k, Source: e.Source, ID: e.ID}.Key()
	}
	return RequestID{}
}

// Sole reports whether no second entry may have its Key and Part: a record, or one with an identity of its own.
func (e *Entry) Sole() bool {
	k := e.Body.Kind()
	return k == KindRecord || (k >= KindFact || k == KindTerms) && !e.Key().IsZero()
}

// Also returns what else Find finds the entry by: the sale that it belongs to, and the statement that it names (StatementKey).
func (e *Entry) Also() (ids []RequestID) {
	add := func(id RequestID) {
		if !id.IsZero() {
			ids = append(ids, id)
		}
	}
	switch b := e.Body.(type) {
	case *Refund:
		add(b.Origin.Sale())
	case *Credit:
		add(b.Origin.Sale())
		add(StatementKey(b.Statement))
	case *Fee:
		add(b.Origin.Sale())
	case *Invoice:
		add(b.Origin.Sale())
	case *Correction:
		add(b.Origin.Sale())
	case *Payment:
		add(StatementKey(b.Statement))
	case *Close:
		add(StatementKey(b.Number))
	case *Acceptance:
		add(StatementKey(b.Statement))
	case *Dispute:
		add(StatementKey(b.Statement))
	}
	return ids
}

// Key returns what Find finds an entry of dues.go by; zero if it has no source. Parts of one object have one key.
func (r Ref) Key() RequestID {
	if r.Source == "" {
		return RequestID{}
	}
	return key(fmt.Sprintf("%s:%d:%s%s", r.Kind, len(r.Source), r.Source, r.ID))
}

// Sale returns what Find finds the sale by, and with it all that was recorded of it later; zero = no single sale.
func (o *Origin) Sale() RequestID {
	if !o.Request.IsZero() {
		return o.Request
	}
	return o.Of.Key()
}

// StatementKey returns what Find finds a closed statement by, with what was accepted, disputed, credited and paid of it; zero
// if the number is empty.
func StatementKey(number string) RequestID {
	if number == "" {
		return RequestID{}
	}
	return key("statement:" + number)
}

func key(text string) RequestID {
	sum := sha256.Sum256([]byte(text))
	return RequestID(sum[:16])
}

// Headings calls yield for each entry of b in order; a heading is valid until yield returns.
func (b *Block) Headings(yield func(h *Heading)) error {
	var h Heading
	var d Decoder
	return b.each(func(offset int, raw []byte, _ int64) (bool, error) {
		if len(raw) < 2 || raw[0] == 0 || raw[0] > lastVersion(Kind(raw[1])) {
			var e Entry
			err := d.Decode(raw, &e)
			return false, err
		}
		h = Heading{Offset: offset, Kind: Kind(raw[1])}
		if h.Kind >= KindFact || h.Kind == KindTerms {
			var e Entry
			if err := d.Decode(raw, &e); err != nil {
				return false, err
			}
			h.Time, h.Part, h.Request, h.Also = e.Time, e.Part, e.Key(), e.Also()
			h.Sole = e.Sole()
			yield(&h)
			return true, nil
		}
		r := reader{b: raw, at: 2}
		h.Time = r.time("time")
		r.field("source")
		r.field("id")
		h.Part = uint32(r.number("part"))
		switch h.Kind {
		case KindIntent, KindAttempt, KindProgress:
			h.Request = r.request("request")
		case KindRecord:
			h.record(&r, raw[0])
		case KindSeal:
			h.Seal = r.chain()
		}
		if r.err != nil {
			return false, r.err
		}
		yield(&h)
		return true, nil
	})
}

func (h *Heading) record(r *reader, version byte) {
	h.Sole = true
	h.Request = r.request("request")
	h.Outcome = Outcome(r.byte("outcome"))
	if version < RecordVersion {
		return
	}
	for range 16 { // from the customer to the instant of the end
		r.field("fields")
	}
	if object := r.text("object"); object != "" {
		h.Object = KeyOfObject(object)
	}
	h.Pending = r.bool("pending")
}
