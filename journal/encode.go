package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// The version bytes of entries. An entry is written with the lowest that can say it, so that bytes stay what they were; every
// version is read.
const (
	EntryVersion  = 1
	RecordVersion = 2 // of a record that names an object
	HoldVersion   = 3 // of a record that ends a hold
	AboutVersion  = 4 // of a record of a request about an object
	ClaimVersion  = 2 // of an intent that claims budgets
)

// versionOf returns the version that a body is written with.
func versionOf(b Body) byte {
	switch b := b.(type) {
	case *Record:
		switch {
		case b.About != "":
			return AboutVersion
		case b.holds():
			return HoldVersion
		case b.objects():
			return RecordVersion
		}
	case *Intent:
		if len(b.Claims) > 0 {
			return ClaimVersion
		}
	}
	return EntryVersion
}

// lastVersion returns the highest version of a kind that this program reads.
func lastVersion(k Kind) byte {
	switch k {
	case KindRecord:
		return AboutVersion
	case KindIntent:
		return ClaimVersion
	default:
		return EntryVersion
	}
}

// MaxEntry is the longest entry, in bytes: an agreement or price book stands whole in one.
const MaxEntry = 16 << 20

// ErrTooLong says that an entry is longer than MaxEntry.
var ErrTooLong = errors.New("journal: entry is too long")

// AppendEntry appends the bytes of e to dst, without a length before them, and allocates nothing else. Recorded is no
// part of them: it stands once in the block. On an error dst is returned as it came.
func AppendEntry(dst []byte, e *Entry) ([]byte, error) {
	start := len(dst)
	if e.Body == nil {
		return dst, fmt.Errorf("encode entry %q: has no body", e.ID)
	}
	if err := checkBody(e.Body); err != nil {
		return dst, fmt.Errorf("encode %s entry %q: %w", e.Body.Kind(), e.ID, err)
	}
	out := append(dst, versionOf(e.Body), byte(e.Body.Kind()))
	out = appendTime(out, e.Time)
	out = appendText(out, e.Source)
	out = appendText(out, e.ID)
	out = appendNumber(out, int64(e.Part))
	switch b := e.Body.(type) {
	case *Open:
		out = appendChain(out, b.Chain)
		out = appendText(out, b.Gateway)
		out = appendText(out, b.Version)
	case *Seal:
		out = appendChain(out, b.Chain)
		out = appendText(out, b.Reason)
	case *Document:
		out = appendByte(out, byte(b.Doc))
		out = appendText(out, b.Name)
		out = appendBytes(out, b.Hash[:])
		out = appendBytes(out, b.Bytes)
	case *Intent:
		out = appendIntent(out, b)
	case *Attempt:
		out = appendAttempt(out, b)
	case *Progress:
		out = appendBytes(out, b.Request[:])
		out = appendNumber(out, int64(b.Number))
		out = appendNumber(out, b.Units)
		out = appendNumber(out, b.Bytes)
	case *Record:
		out = appendRecord(out, b)
	default:
		var known bool
		if out, known = appendDue(out, b); !known {
			return dst, fmt.Errorf("encode entry %q: no bytes are laid down for %T", e.ID, e.Body)
		}
	}
	if n := len(out) - start; n > MaxEntry {
		return dst, fmt.Errorf("encode %s entry of %d bytes, more than %d: %w", e.Body.Kind(), n, MaxEntry, ErrTooLong)
	}
	return out, nil
}

// checkBody refuses what a reader would refuse: an entry that cannot be read must never enter a chain.
func checkBody(b Body) error {
	switch b := b.(type) {
	case *Attempt:
		return checkSmall("attempt number", b.Number)
	case *Progress:
		return checkSmall("attempt number", b.Number)
	case *Record:
		for i := range b.Attempts {
			if err := checkSmall("status", b.Attempts[i].Status); err != nil {
				return err
			}
		}
		return checkSmall("index of the attempt served", b.Served)
	}
	return checkDue(b)
}

func checkSmall(what string, n int) error {
	if int64(n) != int64(int32(n)) {
		return fmt.Errorf("%s %d does not fit 32 bits", what, n)
	}
	return nil
}

func appendIntent(b []byte, i *Intent) []byte {
	b = appendBytes(b, i.Request[:])
	b = appendText(b, i.Key)
	b = appendText(b, i.Customer)
	b = appendText(b, i.Product)
	b = appendText(b, string(i.API))
	b = appendBool(b, i.Stream)
	b = appendBytes(b, i.Terms[:])
	b = appendBytes(b, i.Set[:])
	b = appendHealth(b, i.Health)
	b = appendNumber(b, i.InputBytes)
	b = appendNumber(b, i.OutputBound)
	b = appendAmount(b, i.Hold)
	b = appendText(b, string(i.Currency))
	b = appendText(b, i.First)
	if len(i.Claims) == 0 {
		return b
	}
	b, list := begin(b)
	for _, c := range i.Claims {
		var item int
		b, item = begin(b)
		b = appendText(b, c.Budget)
		b = appendText(b, c.Window)
		b = appendAmount(b, c.Limit)
		b = end(b, item)
	}
	return end(b, list)
}

func appendAttempt(b []byte, a *Attempt) []byte {
	b = appendBytes(b, a.Request[:])
	b = appendNumber(b, int64(a.Number))
	b = appendText(b, a.Deployment)
	b = appendText(b, a.Left)
	b = appendByte(b, byte(a.Why))
	return appendHealth(b, a.Health)
}

func appendRecord(b []byte, r *Record) []byte {
	b = appendBytes(b, r.Request[:])
	b = appendByte(b, byte(r.Outcome))
	b = appendText(b, r.Customer)
	b = appendText(b, r.Key)
	b = appendText(b, r.Product)
	b = appendText(b, string(r.API))
	b = appendBool(b, r.Stream)
	b = appendBytes(b, r.Terms[:])
	b = appendBytes(b, r.Set[:])
	b = appendText(b, string(r.Currency))
	b, list := begin(b)
	for i := range r.Attempts {
		var item int
		b, item = begin(b)
		b = end(appendTried(b, &r.Attempts[i]), item)
	}
	b = end(b, list)
	b = appendNumber(b, int64(r.Served))
	b = appendUsage(b, &r.Usage)
	b = appendLines(b, r.Lines)
	b, list = begin(b)
	for _, c := range r.Unpriced {
		b = append(b, byte(c))
	}
	b = end(b, list)
	b = appendText(b, r.Refusal)
	b = appendNumber(b, r.Delivered)
	b = appendNumber(b, r.Ended)
	version := versionOf(r)
	if version >= RecordVersion {
		b = appendText(b, r.Object)
		b = appendBool(b, r.Pending)
	}
	if version >= HoldVersion {
		b = appendAmount(b, r.Held)
		b = appendAmount(b, r.Above)
	}
	if version >= AboutVersion {
		b = appendText(b, r.About)
	}
	return b
}

func appendTried(b []byte, t *Tried) []byte {
	b = appendText(b, t.Deployment)
	b = appendText(b, t.Cloud)
	b = appendText(b, t.Seller)
	b = appendText(b, t.Holder)
	b = appendByte(b, byte(t.Outcome))
	b = appendNumber(b, int64(t.Status))
	b = appendNumber(b, t.Started)
	b = appendNumber(b, t.FirstByte)
	b = appendNumber(b, t.Ended)
	b = appendUsage(b, &t.Usage)
	b = appendLines(b, t.Cost)
	return appendBool(b, t.CostUnsure)
}

func appendHealth(b []byte, seen []Seen) []byte {
	b, list := begin(b)
	for i := range seen {
		var item int
		b, item = begin(b)
		b = appendText(b, seen[i].Deployment)
		b = appendByte(b, byte(seen[i].State))
		b = end(b, item)
	}
	return end(b, list)
}

// appendUsage writes only classes that were used, in ascending order, so that one usage has one form.
func appendUsage(b []byte, u *usage.Usage) []byte {
	b, group := begin(b)
	b, tokens := begin(b)
	for class := 1; class < usage.NumClasses; class++ {
		if n := u.Tokens[class]; n != 0 {
			b = append(b, byte(class))
			b = appendNumber(b, n)
		}
	}
	b = end(b, tokens)
	b = appendByte(b, byte(u.Tier))
	b = appendByte(b, byte(u.Evidence))
	return end(b, group)
}

func appendLines(b []byte, lines []pricing.Line) []byte {
	b, list := begin(b)
	for i := range lines {
		l := &lines[i]
		var item int
		b, item = begin(b)
		b = appendByte(b, byte(l.Class))
		b = appendNumber(b, l.Quantity)
		b = appendAmount(b, l.Unit)
		b = appendAmount(b, l.Amount)
		b = end(b, item)
	}
	return end(b, list)
}

func appendChain(b []byte, id ChainID) []byte {
	b = appendText(b, id.Gateway)
	b = appendTime(b, id.Started)
	b = append(b, 8)
	return binary.BigEndian.AppendUint64(b, id.Random)
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendBytes(b, s []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendByte(b []byte, v byte) []byte { return append(b, 1, v) }

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1, 1)
	}
	return append(b, 1, 0)
}

func appendTime(b []byte, ns int64) []byte {
	b = append(b, 8)
	return binary.BigEndian.AppendUint64(b, uint64(ns))
}

func appendAmount(b []byte, a money.Amount) []byte {
	v := a.Bytes()
	b = append(b, 16)
	return append(b, v[:]...)
}

// appendNumber writes a whole number in as few bytes of two's complement as hold it, none for zero.
func appendNumber(b []byte, v int64) []byte {
	if v == 0 {
		return append(b, 0)
	}
	n := bits.Len64(uint64(v^(v>>63)))/8 + 1
	b = append(b, byte(n))
	for i := n - 1; i >= 0; i-- {
		b = append(b, byte(v>>(8*i)))
	}
	return b
}

// begin leaves one byte for the length of a field whose end is not known yet.
func begin(b []byte) ([]byte, int) { return append(b, 0), len(b) }

// end writes the length of the field that began at; it moves the field up where the length needs more than the byte.
func end(b []byte, at int) []byte {
	n := len(b) - at - 1
	if n < 0x80 {
		b[at] = byte(n)
		return b
	}
	var length [binary.MaxVarintLen64]byte
	w := binary.PutUvarint(length[:], uint64(n))
	b = append(b, length[1:w]...) // room only; overwritten by the move
	copy(b[at+w:], b[at+1:at+1+n])
	copy(b[at:], length[:w])
	return b
}
