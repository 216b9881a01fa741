package ledger

import (
	"encoding/binary"
	"fmt"
	"slices"

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
	b = binary.AppendUvarint(b, uint64(len(sh.payees)))
	for _, p := range sh.payees {
		b = appendAmount(appendAmount(appendString(b, p.party), p.owed), p.kept)
	}
	return b
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
	for range d.count() {
		p := sh.payee(d.text())
		p.owed, p.kept = d.amount(), d.amount()
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
