package journal

import (
	"encoding/binary"
	"fmt"

	"concord/money"
)

// reader takes fields from the front of b. Its first error sticks, and every later field reads as zero.
type reader struct {
	b      []byte
	at     int // offset of the next field in b
	base   int // offset of b in the entry, for errors
	err    error
	intern *interner
}

// field takes one length-prefixed field.
func (r *reader) field(name string) []byte {
	if r.err != nil {
		return nil
	}
	b := r.b[r.at:]
	if len(b) > 0 && b[0] < 0x80 && int(b[0]) < len(b) { // the common case: a short field that fits
		n := int(b[0])
		r.at += 1 + n
		return b[1 : 1+n : 1+n]
	}
	return r.longField(name, b)
}

func (r *reader) longField(name string, b []byte) []byte {
	n, w := binary.Uvarint(b)
	switch {
	case w <= 0:
		r.fail(name, "its length is missing or overflows")
		return nil
	case w != uvarintLen(n):
		r.fail(name, "its length is not in its shortest form")
		return nil
	case n > uint64(len(b)-w):
		r.fail(name, fmt.Sprintf("it is said to have %d bytes and %d are left", n, len(b)-w))
		return nil
	}
	r.at += w + int(n)
	return b[w : w+int(n) : w+int(n)]
}

func uvarintLen(n uint64) int {
	w := 1
	for ; n >= 0x80; n >>= 7 {
		w++
	}
	return w
}

func (r *reader) fail(name, why string) {
	if r.err == nil {
		r.err = fmt.Errorf("offset %d, field %s: %s", r.base+r.at, name, why)
	}
}

// fixed takes a field of exactly n bytes.
func (r *reader) fixed(name string, n int) []byte {
	f := r.field(name)
	if r.err == nil && len(f) != n {
		r.fail(name, fmt.Sprintf("it has %d bytes, want %d", len(f), n))
	}
	if r.err != nil {
		return nil
	}
	return f
}

// text takes a text. Texts that recur are shared between entries.
func (r *reader) text(name string) string {
	f := r.field(name)
	if len(f) == 0 {
		return ""
	}
	return r.intern.text(f)
}

// again takes a text that is probably the one that the last entry had here.
func (r *reader) again(name, last string) string {
	f := r.field(name)
	if string(f) == last {
		return last
	}
	if len(f) == 0 {
		return ""
	}
	return r.intern.text(f)
}

// unique takes a text that is not worth sharing.
func (r *reader) unique(name string) string { return string(r.field(name)) }

func (r *reader) byte(name string) byte {
	if f := r.fixed(name, 1); f != nil {
		return f[0]
	}
	return 0
}

func (r *reader) bool(name string) bool {
	v := r.byte(name)
	if v > 1 {
		r.fail(name, fmt.Sprintf("it is %d, want 0 or 1", v))
	}
	return v == 1
}

func (r *reader) time(name string) int64 {
	if f := r.fixed(name, 8); f != nil {
		return int64(binary.BigEndian.Uint64(f))
	}
	return 0
}

func (r *reader) hash(name string) (h Hash) {
	copy(h[:], r.fixed(name, len(h)))
	return h
}

func (r *reader) request(name string) (id RequestID) {
	copy(id[:], r.fixed(name, len(id)))
	return id
}

func (r *reader) amount(name string) money.Amount {
	if f := r.fixed(name, 16); f != nil {
		return money.FromBytes([16]byte(f))
	}
	return money.Amount{}
}

// number takes a whole number: two's complement, in no more bytes than it needs.
func (r *reader) number(name string) int64 {
	f := r.field(name)
	if len(f) == 0 {
		return 0
	}
	if len(f) > 8 {
		r.fail(name, fmt.Sprintf("it has %d bytes, want 8 at most", len(f)))
		return 0
	}
	v := int64(int8(f[0]))
	if len(f) == 1 && v == 0 || len(f) > 1 && v == int64(int8(f[1]))>>7 && (v == 0 || v == -1) {
		r.fail(name, "the number is not in its shortest form")
		return 0
	}
	for _, c := range f[1:] {
		v = v<<8 | int64(c)
	}
	return v
}

// within takes a whole number from low to high.
func (r *reader) within(name string, low, high int64) int64 {
	v := r.number(name)
	if v < low || v > high {
		r.fail(name, fmt.Sprintf("it is %d, want %d to %d", v, low, high))
		return 0
	}
	return v
}

func (r *reader) chain() ChainID {
	id := ChainID{Gateway: r.text("chain.gateway"), Started: r.time("chain.started")}
	if f := r.fixed("chain.random", 8); f != nil {
		id.Random = binary.BigEndian.Uint64(f)
	}
	return id
}

// inside returns a reader of a field's own fields; leave gives its error back.
func (r *reader) inside(name string) reader {
	f := r.field(name)
	return reader{b: f, base: r.base + r.at - len(f), err: r.err, intern: r.intern}
}

// leave ends the reading of a field's own fields, all of which must have been taken.
func (r *reader) leave(name string, in *reader) {
	if r.err != nil {
		return
	}
	in.done(name)
	r.err = in.err
}

func (r *reader) more() bool { return r.err == nil && r.at < len(r.b) }

func (r *reader) done(name string) {
	if r.err == nil && r.at != len(r.b) {
		r.fail(name, fmt.Sprintf("%d bytes are left over", len(r.b)-r.at))
	}
}

// interner shares texts that recur, such as ids of customers and deployments.
type interner struct{ texts map[string]string }

const (
	internMax    = 8192 // texts; beyond it the table starts again
	internLength = 96   // bytes; longer texts do not recur
)

func (t *interner) text(b []byte) string {
	if t == nil || len(b) > internLength {
		return string(b)
	}
	if s, ok := t.texts[string(b)]; ok {
		return s
	}
	if t.texts == nil || len(t.texts) >= internMax {
		t.texts = make(map[string]string, 64)
	}
	s := string(b)
	t.texts[s] = s
	return s
}
