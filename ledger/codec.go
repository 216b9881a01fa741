package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"concord/journal"
	"concord/money"
)

// stateVersion is the first byte of an encoded state, documentVersion that of an encoded document.
const (
	stateVersion    = 3
	documentVersion = 1
)

// Encode returns the state in canonical bytes, without documents and cells.
func (s *State) Encode() []byte {
	b := []byte{stateVersion}
	b = binary.AppendUvarint(b, uint64(s.entries))
	b = binary.AppendUvarint(b, uint64(s.transactions))
	b = binary.AppendUvarint(b, uint64(s.documents))
	b = binary.AppendUvarint(b, uint64(s.checkpointed))
	b = append(b, s.hash[:]...)
	shares := s.sortedShares()
	b = binary.AppendUvarint(b, uint64(len(shares)))
	for _, sh := range shares {
		b = sh.encode(b)
	}
	return s.encodeAside(s.encodeMoney(s.encodeDemands(b)))
}

func (sh *share) encode(b []byte) []byte {
	b = appendString(b, sh.key.agreement)
	b = appendString(b, sh.key.clause)
	opened := byte(0)
	if sh.opened {
		opened = 1
	}
	b = append(b, opened)
	b = sh.opening.encode(b)
	b = sh.life.encode(b)
	var used []*segment // others were only compiled, which leaves no trace
	for _, g := range sh.segments {
		if g.totals != (totals{}) || !g.lift.IsZero() {
			used = append(used, g)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(used)))
	for _, g := range used {
		b = binary.BigEndian.AppendUint64(appendString(b, g.key), uint64(g.start))
		b = appendAmount(appendAmount(g.totals.encode(b), g.lift), g.due)
		b = binary.AppendUvarint(b, uint64(len(g.paid)))
		for _, a := range g.paid {
			b = appendAmount(b, a)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(sh.counters)))
	for _, c := range sh.counters {
		b = append(b, byte(c.per))
		carry := byte(0)
		if c.carry {
			carry = 1
		}
		b = binary.BigEndian.AppendUint64(append(b, carry), uint64(c.from))
		b = c.encodeWindows(b)
	}
	return sh.encodeAside(sh.encodeRunning(b))
}

func (t totals) encode(b []byte) []byte {
	return appendAmount(appendAmount(appendAmount(b, t.base), t.uncapped), t.capped)
}

func appendAmount(b []byte, a money.Amount) []byte {
	raw := a.Bytes()
	return append(b, raw[:]...)
}

// DecodeState rebuilds a state from what was saved: documents first, then the encoded state. Its cells are not loaded, so
// it can post and derive again, but Changes refuses; a poster uses Resume.
func DecodeState(saved *Saved) (*State, error) {
	s := NewState()
	if len(saved.State) == 0 {
		return s, nil
	}
	switch version := saved.State[0]; {
	case version < stateVersion:
		return nil, fmt.Errorf("the books' state has version %d of an older program, this one writes version %d: %w", version, stateVersion, ErrUnreadable)
	case version > stateVersion:
		return nil, fmt.Errorf("the books' state has version %d, this program reads up to version %d: use the program that wrote them", version, stateVersion)
	}
	for i, raw := range saved.Documents {
		d, err := decodeDocument(raw)
		if err != nil {
			return nil, fmt.Errorf("read document %d of the books: %w: %w", i+1, err, ErrUnreadable)
		}
		if err := s.register(d); err != nil {
			return nil, fmt.Errorf("document %d of the books, %q: %w: %w", i+1, d.Name, err, ErrUnreadable)
		}
		s.known[d.Hash] = true
	}
	d := decoder{b: saved.State[1:]}
	d.state(s)
	if d.err == nil && len(d.b) > 0 {
		d.err = fmt.Errorf("%d bytes are left over", len(d.b))
	}
	if d.err == nil && s.documents != len(saved.Documents) {
		d.err = fmt.Errorf("it was made after %d documents, %d are here", s.documents, len(saved.Documents))
	}
	if d.err != nil {
		return nil, fmt.Errorf("read the books' state: %w: %w", d.err, ErrUnreadable)
	}
	s.partial = true
	return s, nil
}

// decoder reads encoded bytes; after an error it returns zeros.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

func (d *decoder) take(n int) []byte {
	if d.err != nil || n < 0 || n > len(d.b) {
		d.fail(errors.New("it ends too early"))
		return make([]byte, min(max(n, 0), 64))
	}
	taken := d.b[:n]
	d.b = d.b[n:]
	return taken
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.take(len(d.b) + 1)
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count reads how many items follow; each takes at least one byte.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.take(len(d.b) + 1)
		return 0
	}
	return int(n)
}

func (d *decoder) text() string         { return string(d.take(d.count())) }
func (d *decoder) int64() int64         { return int64(binary.BigEndian.Uint64(d.take(8))) }
func (d *decoder) amount() money.Amount { return money.FromBytes([16]byte(d.take(16))) }
func (d *decoder) totals() totals       { return totals{d.amount(), d.amount(), d.amount()} }

func (d *decoder) state(s *State) {
	s.entries = int64(d.uvarint())
	s.transactions = int64(d.uvarint())
	s.documents = int(d.uvarint())
	s.checkpointed = int64(d.uvarint())
	s.hash = journal.Hash(d.take(32))
	for range d.count() {
		d.share(s)
		if d.err != nil {
			return
		}
	}
	d.demands(s)
	d.money(s)
	d.cellsAside(s)
}

// share reads the running state of a share into the one that the documents made.
func (d *decoder) share(s *State) {
	key := clauseKey{d.text(), d.text()}
	sh, ok := s.shares[key]
	if !ok {
		d.fail(fmt.Errorf("no document has the clause %s of %s", key.clause, key.agreement))
		return
	}
	sh.opened = d.take(1)[0] == 1
	sh.opening, sh.life = d.totals(), d.totals()
	for range d.count() {
		key, start, sums, lift, due := d.text(), d.int64(), d.totals(), d.amount(), d.amount()
		paid := make([]money.Amount, d.count())
		for i := range paid {
			paid[i] = d.amount()
		}
		g := sh.segment(key, start, len(paid))
		g.totals, g.lift, g.due, g.paid = sums, lift, due, paid
	}
	for range d.count() {
		d.counter(sh)
		if d.err != nil {
			return
		}
	}
	d.running(sh)
	d.shareAside(sh)
}

func (d *decoder) counter(sh *share) {
	per, carry, from := width(d.take(1)[0]), d.take(1)[0] == 1, d.int64()
	i := slices.IndexFunc(sh.counters, func(c *counter) bool { return c.per == per && c.carry == carry && c.from == from })
	if i < 0 {
		d.fail(fmt.Errorf("no document has the cap of clause %s that it counts to", sh.key.clause))
		return
	}
	d.windows(sh.counters[i])
}

// encodeDocument gives a document the bytes in which the books keep it.
func encodeDocument(d *journal.Document) []byte {
	b := []byte{documentVersion, byte(d.Doc)}
	b = appendString(b, d.Name)
	b = append(b, d.Hash[:]...)
	return append(b, d.Bytes...)
}

// decodeDocument is the inverse of encodeDocument.
func decodeDocument(raw []byte) (*journal.Document, error) {
	if len(raw) < 2 || raw[0] != documentVersion {
		return nil, errors.New("it is not a document of this version")
	}
	d := decoder{b: raw[2:]}
	doc := &journal.Document{Doc: journal.DocKind(raw[1]), Name: d.text(), Hash: journal.Hash(d.take(32))}
	doc.Bytes = d.b
	return doc, d.err
}
