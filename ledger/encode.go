package ledger

import (
	"encoding/binary"
	"fmt"
	"slices"

	"concord/journal"
	"concord/money"
)

// encodeRunning appends what a share keeps beside its segments and caps.
func (sh *share) encodeRunning(b []byte) []byte {
	b = appendAmount(appendAmount(b, sh.deducted), sh.lifted)
	b = binary.AppendUvarint(b, uint64(len(sh.groups)))
	for _, g := range sh.groups {
		b = g.encodeWindows(appendString(b, g.key))
	}
	if sh.periods == nil {
		b = append(b, 0)
	} else {
		b = sh.periods.encodeWindows(append(b, 1))
	}
	if sh.earned == nil {
		b = append(b, 0)
	} else {
		b = sh.earned.encodeWindows(append(b, 1))
	}
	b = binary.AppendUvarint(b, uint64(len(sh.payees)))
	for _, p := range sh.payees {
		b = appendAmount(appendAmount(appendString(b, p.party), p.owed), p.kept)
	}
	foreign := slices.DeleteFunc(slices.Clone(sh.foreign), func(e *converted) bool { return e.source.IsZero() && e.sum.IsZero() })
	b = binary.AppendUvarint(b, uint64(len(foreign)))
	for _, e := range foreign {
		b = e.encode(b)
	}
	history := slices.DeleteFunc(slices.Clone(sh.history), func(e *booked) bool { return e.amount.IsZero() })
	b = binary.AppendUvarint(b, uint64(len(history)))
	for _, e := range history {
		b = binary.AppendVarint(b, int64(e.day))
		b = appendString(appendString(appendString(b, e.product), e.cloud), e.what)
		b = binary.BigEndian.AppendUint64(append(b, e.terms[:]...), uint64(e.at))
		b = appendAmount(b, e.amount)
	}
	b = binary.AppendUvarint(b, uint64(len(sh.trueUps)))
	for _, u := range sh.trueUps {
		b = appendString(binary.BigEndian.AppendUint64(b, uint64(u.Posted)), u.Amendment)
		b = appendAmount(b, u.Amount)
	}
	return b
}

func (e *converted) encode(b []byte) []byte {
	b = append(appendString(b, string(e.from)), e.terms[:]...)
	b = appendString(appendString(b, e.product), e.cloud)
	b = binary.AppendVarint(binary.AppendVarint(b, int64(e.group)), int64(e.day))
	b = binary.BigEndian.AppendUint64(b, uint64(e.at))
	b = appendAmount(appendAmount(b, e.source), e.sum)
	if !e.final {
		return append(b, 0)
	}
	return binary.AppendVarint(binary.AppendVarint(append(b, 1), e.rate.Num), e.rate.Den)
}

func (d *decoder) converted() *converted {
	e := &converted{}
	e.from, e.terms = money.Currency(d.text()), journal.Hash(d.take(32))
	e.product, e.cloud = d.text(), d.text()
	e.group, e.day = int(d.varint()), int32(d.varint())
	e.at, e.source, e.sum = d.int64(), d.amount(), d.amount()
	if e.final = d.take(1)[0] == 1; e.final {
		e.rate = money.Rate{Num: d.varint(), Den: d.varint()}
	}
	return e
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.take(len(d.b) + 1)
		return 0
	}
	d.b = d.b[n:]
	return v
}

// encodeWindows appends the windows of a counter that hold something.
func (c *counter) encodeWindows(b []byte) []byte {
	windows := c.sorted()
	b = binary.AppendUvarint(b, uint64(len(windows)))
	for _, w := range windows {
		b = binary.BigEndian.AppendUint64(b, uint64(w.start))
		b = binary.BigEndian.AppendUint64(b, uint64(w.end))
		for _, a := range []money.Amount{w.in, w.out, w.base, w.over} {
			b = appendAmount(b, a)
		}
	}
	return b
}

// running reads what encodeRunning wrote into the share that the documents made.
func (d *decoder) running(sh *share) {
	sh.deducted, sh.lifted = d.amount(), d.amount()
	for range d.count() {
		key := d.text()
		i := slices.IndexFunc(sh.groups, func(g deductionGroup) bool { return g.key == key })
		if i < 0 {
			d.fail(fmt.Errorf("no document has the deduction %q of clause %s", key, sh.key.clause))
			return
		}
		d.windows(sh.groups[i].counter)
	}
	if d.take(1)[0] == 1 {
		if sh.periods == nil {
			d.fail(fmt.Errorf("no document has periods of clause %s that count as nothing below zero", sh.key.clause))
			return
		}
		d.windows(sh.periods)
	}
	if d.take(1)[0] == 1 {
		if sh.earned == nil {
			d.fail(fmt.Errorf("no document has a guarantee of clause %s", sh.key.clause))
			return
		}
		d.windows(sh.earned)
	}
	for range d.count() {
		p := sh.payee(d.text())
		p.owed, p.kept = d.amount(), d.amount()
	}
	for range d.count() {
		sh.foreign = append(sh.foreign, d.converted())
	}
	for range d.count() {
		e := &booked{}
		e.day, e.product, e.cloud, e.what = int32(d.varint()), d.text(), d.text(), d.text()
		e.terms, e.at, e.amount = journal.Hash(d.take(32)), d.int64(), d.amount()
		sh.history = append(sh.history, e)
	}
	for range d.count() {
		sh.trueUps = append(sh.trueUps, TrueUp{d.int64(), d.text(), d.amount()})
	}
}

func (d *decoder) windows(c *counter) {
	clear(c.windows)
	c.last = nil
	for range d.count() {
		w := &window{start: d.int64(), end: d.int64(), in: d.amount(), out: d.amount(), base: d.amount(), over: d.amount()}
		c.windows[w.start] = w
	}
}
