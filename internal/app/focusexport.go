package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"concord/agreement"
	"concord/journal"
	"concord/pricing"
	"concord/settlement"
	"concord/settlement/focus"
)

// A FocusExport says what of the journal is written as FOCUS.
type FocusExport struct {
	View        focus.View
	From, Until int64 // ns UTC; 0 = open
	Compress    bool
}

// WriteFocus writes what was billed between two instants as rows of FOCUS, and returns how many.
func (r *Reading) WriteFocus(ctx context.Context, w io.Writer, o FocusExport) (int, error) {
	if o.View == focus.Commitments {
		return r.writeCommitments(ctx, w, o)
	}
	b := &focusBuilder{ctx: ctx, r: r, o: o, revisions: map[correctedCall][]revision{}, names: map[string]string{}}
	var err error
	if b.calls, err = newCalls(ctx, r, ""); err != nil {
		return 0, err
	}
	if b.history, err = r.History(ctx); err != nil {
		return 0, err
	}
	if b.out, err = focus.NewExporter(o.View, b.name); err != nil {
		return 0, fmt.Errorf("--view: %w", err)
	}
	b.out.From, b.out.Until, b.out.Closings = o.From, o.Until, &b.closings
	if err := b.learn(); err != nil {
		return 0, err
	}
	if err := EachEntry(ctx, r.Journal, journal.Cursor{}, func(block *journal.Block, e *journal.Entry) bool {
		err = b.take(e, block.At())
		return err == nil
	}); err != nil {
		return 0, err
	}
	if err != nil {
		return 0, fmt.Errorf("export the journal as FOCUS: %w", err)
	}
	rows, err := b.out.Rows()
	if err != nil {
		return 0, fmt.Errorf("export the journal as FOCUS: %w", err)
	}
	return len(rows), written(w, o.Compress, func(w io.Writer) error { return focus.WriteCSV(w, rows) })
}

// focusBuilder reads the journal for an export.
type focusBuilder struct {
	ctx       context.Context
	r         *Reading
	o         FocusExport
	history   *History
	calls     *calls
	out       *focus.Exporter
	revisions map[correctedCall][]revision
	names     map[string]string // of customers
	closings  focus.Closings
	extends   bool // some commitment goes on after its window, so that what was drawn of it before counts
}

// A revision is a correction of a sale or a cost, and when it was recorded.
type revision struct {
	time int64
	now  []pricing.Line
}

func (b *focusBuilder) name(customer string) string {
	if name := b.names[customer]; name != "" {
		return name
	}
	return customer
}

// learn takes in corrections, which count in the month of their record if they are of the same one, what was closed, and the
// customers' names.
func (b *focusBuilder) learn() error {
	wanted := func(h *journal.Heading) bool { return h.Kind == journal.KindCorrection || h.Kind == journal.KindClose }
	err := eachIn(b.ctx, b.r.Journal, wanted, func(block *journal.Block, e *journal.Entry) error {
		switch c := e.Body.(type) {
		case *journal.Correction:
			if c.What != "terms" {
				k := revised(c)
				b.revisions[k] = append(b.revisions[k], revision{e.Time, slices.Clone(c.Now)})
			}
		case *journal.Close:
			b.closings.Add(focus.Closed{Agreement: strings.Clone(c.Agreement), Between: [2]string{strings.Clone(c.Between[0]), strings.Clone(c.Between[1])},
				From: c.From, Until: c.Until, Number: strings.Clone(c.Number), At: c.At, Posted: block.At()})
		}
		return nil
	})
	if err != nil || b.history.last == (journal.Hash{}) {
		return err
	}
	latest, err := b.history.Latest()
	if err != nil {
		return err
	}
	for i := range latest.Catalog.Customers {
		b.names[latest.Catalog.Customers[i].ID] = latest.Catalog.Customers[i].Name
	}
	commitments, err := latest.commitments()
	if err != nil {
		return err
	}
	for _, c := range commitments {
		b.extends = b.extends || c.Clause.Shortfall == "extend"
	}
	return nil
}

// revised names what a correction corrects; attempt -1 is the sale.
func revised(c *journal.Correction) correctedCall {
	k := correctedCall{c.Origin.Sale(), c.Origin.Of.Part, -1}
	if c.What == "cost" {
		k.attempt = c.Attempt
	}
	return k
}

// passes reports whether an entry has nothing to say to the export. What came after its period was closed is billed later than it
// is dated; of commitments that extend their window all counts.
func (b *focusBuilder) passes(at int64, came journal.Cursor) bool {
	inside := at >= b.o.From && (b.o.Until == 0 || at < b.o.Until)
	return !inside && !b.extends && !b.closings.Late(at, came)
}

// take takes an entry.
func (b *focusBuilder) take(e *journal.Entry, came journal.Cursor) error {
	switch body := e.Body.(type) {
	case *journal.Record:
		if b.passes(e.Time, came) {
			return nil
		}
		sold, err := b.sold(e, body)
		if err == nil && sold != nil {
			sold.Came = came
			err = b.out.Record(sold)
		}
		if err != nil {
			return fmt.Errorf("request %s: %w", body.Request, err)
		}
		return nil
	case *journal.Correction:
		if b.passes(e.Time, came) {
			return nil
		}
		return b.correction(e, body, came)
	case *journal.Close:
		return b.closed(body)
	}
	origin := originOf(e.Body)
	if origin == nil || b.o.View != focus.Statements && b.passes(e.Time, came) { // a statement may show what is dated elsewhere
		return nil
	}
	set, at := origin.Set, origin.At
	if at == 0 {
		at = e.Time
	}
	terms, err := b.terms(set, at)
	if err == nil {
		err = b.out.Due(e, terms, came)
	}
	if err != nil {
		return fmt.Errorf("%s %s of source %s: %w", e.Body.Kind(), e.ID, e.Source, err)
	}
	return nil
}

// closed takes a closed statement.
func (b *focusBuilder) closed(c *journal.Close) error {
	if b.o.View != focus.Statements || !b.closings.Stands(c.Number) {
		return nil
	}
	st, err := settlement.ReadStatement(c.Statement)
	if err != nil {
		return err
	}
	terms, err := b.terms(journal.Hash{}, c.Until-1)
	if err != nil {
		return err
	}
	return b.out.Statement(st, terms)
}

// terms returns the terms of an instant: of a set of documents, else of the latest one.
func (b *focusBuilder) terms(set journal.Hash, at int64) (*agreement.Terms, error) {
	if set == (journal.Hash{}) {
		latest, err := b.history.Latest()
		if err != nil {
			return nil, err
		}
		return latest.Timeline.At(at).Terms(), nil
	}
	past, err := b.history.Set(set)
	if err != nil {
		return nil, err
	}
	return past.Timeline.At(at).Terms(), nil
}

// sold is a record as its own month bills it; nil if it bills nothing.
func (b *focusBuilder) sold(e *journal.Entry, r *journal.Record) (*focus.Sold, error) {
	billed := len(r.Lines) > 0
	for i := range r.Attempts {
		billed = billed || len(r.Attempts[i].Cost) > 0
		_, revised := b.revisions[correctedCall{r.Request, e.Part, i}]
		billed = billed || revised
	}
	_, revised := b.revisions[correctedCall{r.Request, e.Part, -1}]
	if !billed && !revised {
		return nil, nil
	}
	terms, err := b.terms(r.Set, e.Time)
	if err != nil {
		return nil, err
	}
	s := &focus.Sold{Entry: e, Record: r, Terms: terms, Lines: b.standing(correctedCall{r.Request, e.Part, -1}, e.Time, r.Lines)}
	deployments, err := b.calls.deployments(r.Set)
	if err != nil {
		return nil, err
	}
	for i := range r.Attempts {
		s.Costs = append(s.Costs, b.standing(correctedCall{r.Request, e.Part, i}, e.Time, r.Attempts[i].Cost))
		p := focus.Place{Model: r.Product}
		if d, ok := deployments[r.Attempts[i].Deployment]; ok {
			p = focus.Place{Account: d.Account, Region: d.Region, Model: d.Model}
		}
		s.Places = append(s.Places, p)
	}
	return s, nil
}

// standing is what lines are at the end of the month that bills them.
func (b *focusBuilder) standing(k correctedCall, at int64, lines []pricing.Line) []pricing.Line {
	for _, v := range b.revisions[k] {
		if focus.SameMonth(at, v.time) {
			lines = v.now
		}
	}
	return lines
}

// correction writes what a later month says of a record.
func (b *focusBuilder) correction(e *journal.Entry, c *journal.Correction, came journal.Cursor) error {
	if c.What == "terms" || focus.SameMonth(c.Origin.At, e.Time) {
		return nil
	}
	entries, err := b.r.Journal.Find(b.ctx, c.Origin.Sale())
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return fmt.Errorf("find request %s: %w", c.Origin.Sale(), err)
	}
	for i := range entries {
		r, ok := entries[i].Body.(*journal.Record)
		if !ok || entries[i].Part != c.Origin.Of.Part || entries[i].Key() != c.Origin.Sale() {
			continue
		}
		sold, err := b.sold(&entries[i], r)
		if err != nil || sold == nil {
			return err
		}
		return b.out.Correct(&focus.Revision{Sold: *sold, Entry: e, Came: came, Attempt: revised(c).attempt, Was: c.Was, Now: c.Now})
	}
	return fmt.Errorf("correction %s: its record %s is not in the journal", e.ID, c.Origin.Sale())
}

// CheckFocus checks a file of FOCUS.
func CheckFocus(path string) (_ *focus.Checked, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return focus.Check(path, file)
}
