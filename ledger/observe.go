package ledger

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"concord/journal"
	"concord/money"
)

// observed is the activity of a state: all rows where its cells were loaded, else what came since.
type observed struct {
	rows   map[ActivityKey]*seen
	dirty  []*seen
	now    stretch // that the last entry was in
	sold   stretch // that the last sale of what was recorded later was in
	tried  map[string]string
	scrap  []byte
	key    ActivityKey // of the entry in work
	add    Activity
	counts bool     // the entry in work counts
	row    *seen    // what it counts to; nil = a row of its own
	sum    Activity // what that row then is
}

type seen struct {
	Activity
	dirty bool
}

// A stretch is the time between two neighbouring midnights or changes of terms.
type stretch struct{ from, until int64 }

func newObserved() observed {
	return observed{rows: map[ActivityKey]*seen{}, tried: map[string]string{}}
}

// stretchAt returns the stretch that an instant is in; it looks only where the last one does not hold it.
func (s *State) stretchAt(last *stretch, at int64) int64 {
	if at >= last.from && at < last.until {
		return last.from
	}
	*last = stretch{math.MinInt64, math.MaxInt64}
	cut := func(zone *time.Location) {
		y, m, d := time.Unix(0, at).In(zone).Date()
		last.from, last.until = max(last.from, startOfDay(y, m, d, zone)), min(last.until, startOfDay(y, m, d+1, zone))
	}
	for _, a := range s.byName {
		cut(cmp.Or(a.Zone, time.UTC))
	}
	if len(s.byName) == 0 {
		cut(time.UTC)
	}
	for i := range s.timeline {
		switch from := s.timeline[i].From; {
		case from.IsZero():
		case from.UnixNano() <= at:
			last.from = max(last.from, from.UnixNano())
		default:
			last.until = min(last.until, from.UnixNano())
		}
	}
	return last.from
}

// observe works out what an entry counts; it stands once the entry is posted.
func (s *State) observe(e *journal.Entry) error {
	o := &s.observed
	o.counts, o.row = false, nil
	if err := s.note(e); err != nil || !o.counts {
		return err
	}
	row, ok := o.rows[o.key]
	if !ok {
		return nil
	}
	o.row, o.sum = row, row.Activity
	if err := o.sum.Plus(&o.add); err != nil {
		return fmt.Errorf("add up the activity of %s: %w", o.key.Seller, err)
	}
	return nil
}

// note puts down what an entry counts, and under which key.
func (s *State) note(e *journal.Entry) error {
	o := &s.observed
	switch b := e.Body.(type) {
	case *journal.Record:
		if b.Outcome == journal.Void {
			return nil
		}
		if err := o.request(b); err != nil {
			return err
		}
		o.key.Since = s.stretchAt(&o.now, e.Time)
		o.add.First, o.add.Last, o.counts = e.Time, e.Time, true
	case *journal.Refund:
		s.afterwards(e, &b.Origin, b.Amount.Neg(), "")
	case *journal.Credit:
		if b.Origin.Customer != "" {
			s.afterwards(e, &b.Origin, b.Amount.Neg(), "")
		}
	case *journal.Correction:
		was, err1 := sum(b.Was)
		now, err2 := sum(b.Now)
		more, err3 := now.Sub(was)
		if err := cmp.Or(err1, err2, err3); err != nil {
			return fmt.Errorf("what a correction changes: %w", err)
		}
		if b.Attempt < 0 {
			s.afterwards(e, &b.Origin, more, b.Cites)
		}
	}
	return nil
}

// afterwards notes what belongs to a sale that was before.
func (s *State) afterwards(e *journal.Entry, o *journal.Origin, amount money.Amount, cites string) {
	if o.At == 0 {
		return
	}
	to := &s.observed
	to.key = ActivityKey{Since: s.stretchAt(&to.now, e.Time), Sold: s.stretchAt(&to.sold, o.At), Kind: e.Body.Kind(), Seller: o.Seller,
		Product: o.Product, Cloud: o.Cloud, Currency: o.Currency, Detail: cites}
	to.add = Activity{First: e.Time, Last: e.Time, SoldFirst: o.At, SoldLast: o.At, Count: 1, Amount: amount}
	to.counts = true
}

// request notes a record.
func (o *observed) request(r *journal.Record) (err error) {
	o.key = ActivityKey{Kind: journal.KindRecord, Product: r.Product}
	o.add = Activity{Count: 1}
	if n := len(r.Attempts); n > 0 {
		o.key.Seller = r.Attempts[n-1].Seller
	}
	served := r.Served >= 0 && r.Served < len(r.Attempts)
	if served {
		o.key.Seller = r.Attempts[r.Served].Seller
	}
	if r.Outcome == journal.Refused {
		o.key.Refused, o.key.Detail = true, r.Refusal
		return nil
	}
	if served {
		o.key.Deployment, o.key.Cloud = r.Attempts[r.Served].Deployment, r.Attempts[r.Served].Cloud
		o.key.Tried = o.attempts(r.Attempts)
	}
	if len(r.Unpriced) > 0 {
		o.scrap = o.scrap[:0]
		for i, class := range r.Unpriced {
			if i > 0 {
				o.scrap = append(o.scrap, ',')
			}
			o.scrap = append(o.scrap, class.String()...)
		}
		o.key.Unpriced = o.intern(o.scrap)
	}
	if len(r.Lines) > 0 {
		o.key.Charged, o.key.Customer, o.key.Currency, o.key.Evidence = true, r.Customer, r.Currency, r.Usage.Evidence.String()
		o.add.Amount, err = sum(r.Lines)
	}
	return err
}

// attempts writes what became of the last attempt at each cloud, in the order of these.
func (o *observed) attempts(all []journal.Tried) string {
	o.scrap = o.scrap[:0]
	for i := range all {
		if slices.ContainsFunc(all[i+1:], func(later journal.Tried) bool { return later.Cloud == all[i].Cloud }) {
			continue
		}
		if len(o.scrap) > 0 {
			o.scrap = append(o.scrap, ',')
		}
		o.scrap = append(append(append(o.scrap, all[i].Cloud...), '='), all[i].Outcome.String()...)
	}
	return o.intern(o.scrap)
}

func (o *observed) intern(b []byte) string {
	text, ok := o.tried[string(b)]
	if !ok {
		text = string(b)
		o.tried[text] = text
	}
	return text
}

// counted counts the entry that was posted.
func (s *State) counted() {
	o := &s.observed
	if !o.counts {
		return
	}
	row := o.row
	if row == nil {
		row = &seen{Activity: o.add}
		row.ActivityKey = o.key
		for _, text := range row.texts() { // a decoder may write over them
			*text = strings.Clone(*text)
		}
		o.rows[row.ActivityKey] = row
	} else {
		row.Activity = o.sum
	}
	if !row.dirty {
		row.dirty = true
		o.dirty = append(o.dirty, row)
	}
}

// Observed returns the rows of activity that changed since the last Clean, in the order of their keys: with their new values
// where the state was loaded with its cells, else what was added to them.
func (s *State) Observed() []ActivityRow {
	rows := make([]ActivityRow, len(s.observed.dirty))
	for i, row := range s.observed.dirty {
		rows[i] = row.Row()
	}
	slices.SortFunc(rows, compareRows)
	return rows
}

func (o *observed) clean() {
	for _, row := range o.dirty {
		row.dirty = false
	}
	o.dirty = o.dirty[:0]
}

// resume takes in a stored row.
func (o *observed) resume(r ActivityRow) error {
	a, err := r.Read()
	if err == nil {
		o.rows[a.ActivityKey] = &seen{Activity: a}
	}
	return err
}

// relearn forgets what depended on the terms that were known.
func (o *observed) relearn() { o.now, o.sold = stretch{}, stretch{} }
