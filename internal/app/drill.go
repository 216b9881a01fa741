package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/settlement"
)

// A DrillQuery names a figure of a statement.
type DrillQuery struct {
	StatementQuery
	Clause  string
	Cloud   string // "" = all
	Product string
	Day     string // "2026-05-04"; "" = all of the period
	Dated   string // earlier period whose late entries are meant: those that the statement of Period shows; "" = Period
	Limit   int    // how many entries are listed; all are added up
}

// A Drilled figure is the entries of the journal that it consists of.
type Drilled struct {
	Agreement string         `json:"agreement"`
	Period    string         `json:"period"`
	Dated     string         `json:"dated"`
	Clause    string         `json:"clause"`
	Statement string         `json:"statement,omitempty"` // that shows the figure; "" = a draft
	Currency  money.Currency `json:"currency"`
	Entries   []DrilledEntry `json:"entries"`
	Count     int            `json:"count"`
	Accrued   money.Amount   `json:"accrued"`            // by all of them, exact
	Charged   money.Amount   `json:"charged"`            // by all of them, of the clause's payer, or of the licensee
	Licensed  bool           `json:"licensed,omitempty"` // the clause is a license: its entries are usage under it, owed for or not
}

// DrilledEntry is what one entry of the journal made owed under the clause.
type DrilledEntry struct {
	ID       string       `json:"id"` // request, or source and id
	Kind     string       `json:"kind"`
	Time     string       `json:"time"`
	Customer string       `json:"customer,omitempty"`
	Cloud    string       `json:"cloud,omitempty"`
	Product  string       `json:"product,omitempty"`
	Charged  money.Amount `json:"charged"` // revenue of the sale, all streams, of the clause's payer
	Accrued  money.Amount `json:"accrued"`
}

// Drill lists what a figure of a statement consists of: by posting the journal again from the last checkpoint before the
// period, up to the position of the statement where it is closed.
func (r *Reading) Drill(ctx context.Context, q DrillQuery) (*Drilled, error) {
	at, err := snapshot(ctx, r.Journal, r.Books)
	if err != nil {
		return nil, err
	}
	a, err := agreementIn(at, q.Agreement)
	if err != nil {
		return nil, err
	}
	period, err := settlement.ParsePeriod(q.Period, a.Zone)
	if err != nil {
		return nil, err
	}
	license, known := clauseOf(at, a.Name, q.Clause)
	d := &driller{query: q, agreement: a, license: license, out: &Drilled{Agreement: a.Name, Period: q.Period, Dated: q.Period, Clause: q.Clause, Currency: a.Currency,
		Entries: []DrilledEntry{}, Licensed: license != nil}}
	dated := period
	if q.Dated != "" && q.Dated != q.Period {
		if dated, err = settlement.ParsePeriod(q.Dated, a.Zone); err != nil {
			return nil, err
		}
		if !dated.From.Before(period.From) {
			return nil, fmt.Errorf("--dated %s does not lie before %s", q.Dated, q.Period)
		}
		d.out.Dated = q.Dated
	}
	if err := d.days(dated); err != nil {
		return nil, err
	}
	after, upTo, err := r.spans(ctx, at, d, period, dated)
	if err != nil {
		return nil, err
	}
	from, err := firstSince(ctx, r.Journal, dated.From)
	if err != nil {
		return nil, err
	}
	if after.Compare(from) > 0 {
		from = after
	}
	saved, err := r.Books.Checkpoint(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	state, err := ledger.DecodeState(saved)
	if err != nil {
		return nil, err
	}
	_, err = ledger.Replay(ctx, r.Journal, state, saved.Cursor, upTo, func(e *journal.Entry, tx *ledger.Transaction) error {
		if e.At.Compare(after) <= 0 && after != (journal.Cursor{}) {
			return nil
		}
		return d.take(e, tx)
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("post the journal again: %w", err)
	}
	if !known && d.out.Count == 0 {
		return nil, fmt.Errorf("%s has no clause %q, and nothing is owed under one\n  write it as the statement does: concord statement --agreement %s --period %s", a.Name, q.Clause, a.Name, q.Period)
	}
	return d.out, nil
}

// clauseOf reports whether an agreement has a clause, and which license it is, if it is one.
func clauseOf(at *settlement.Snapshot, name, id string) (license *agreement.License, known bool) {
	for _, iv := range at.History {
		for _, f := range iv.Terms.Clauses() {
			if f.Agreement.Name == name && f.Clause.Head().ID == id {
				known = true
				license, _ = f.Clause.(*agreement.License)
			}
		}
	}
	return license, known
}

// driller collects entries.
type driller struct {
	query       DrillQuery
	agreement   *agreement.Agreement
	license     *agreement.License // that the clause is; nil = another one
	first, last int32
	out         *Drilled
}

// days limits what counts to the days of a period, or to one of them.
func (d *driller) days(p settlement.Period) error {
	number := func(t time.Time) int32 {
		y, m, n := t.Date()
		return int32(time.Date(y, m, n, 0, 0, 0, 0, time.UTC).Unix() / 86400)
	}
	d.first, d.last = number(p.From), number(p.Until)
	if d.query.Day == "" {
		return nil
	}
	day, err := time.Parse(time.DateOnly, d.query.Day)
	if err != nil {
		return fmt.Errorf("--day %q: a day is written as 2026-05-31", d.query.Day)
	}
	n := number(day)
	if n < d.first || n >= d.last {
		return fmt.Errorf("--day %s does not lie in %s", d.query.Day, p.Name)
	}
	d.first, d.last = n, n+1
	return nil
}

// spans returns between which positions the entries of a figure stand: after the statement that closed the period that they
// are dated in, where they came late, and up to the position of the one that shows them.
func (r *Reading) spans(ctx context.Context, at *settlement.Snapshot, d *driller, period, dated settlement.Period) (after, upTo journal.Cursor, err error) {
	known := false
	for _, st := range at.State.Statements() {
		stands := st.State != ledger.Replaced
		if st.Agreement != d.agreement.Name || !concerns(&st, d) {
			continue
		}
		if d.query.Version > 0 && st.From == period.From.UnixNano() && st.Until == period.Until.UnixNano() {
			stands = st.Version == d.query.Version
		}
		if !stands {
			continue
		}
		shows := st.From == period.From.UnixNano() && st.Until == period.Until.UnixNano()
		closed := dated.Name != period.Name && st.From == dated.From.UnixNano() && st.Until == dated.Until.UnixNano()
		if !shows && !closed {
			continue
		}
		_, c, err := closeOf(ctx, r.Journal, st.Number)
		if err != nil {
			return after, upTo, err
		}
		known = true
		if shows {
			upTo, d.out.Statement = c.At, c.Number
		} else {
			after = c.At
		}
	}
	if !known && d.query.Dated != "" && dated.Name != period.Name {
		return after, upTo, errors.New("no statement has closed " + dated.Name + ": nothing of it came late")
	}
	return after, upTo, nil
}

// concerns reports whether a statement is one of the figure's clause.
func concerns(st *ledger.Standing, d *driller) bool {
	if b := d.query.Between; b != ([2]string{}) {
		return b == st.Between || b == [2]string{st.Between[1], st.Between[0]}
	}
	if l := d.license; l != nil && (st.Between == [2]string{l.Licensor, l.Licensee} || st.Between == [2]string{l.Licensee, l.Licensor}) {
		return true // usage under it stands there though nothing is owed
	}
	for _, l := range st.Lines {
		if l.Clause == d.query.Clause {
			return true
		}
	}
	return false
}

// take lists an entry if it made anything owed under the clause.
func (d *driller) take(e *journal.Entry, tx *ledger.Transaction) error {
	var one DrilledEntry
	payer, found := "", false
	for i := range tx.Postings {
		p := &tx.Postings[i]
		if p.Agreement != d.agreement.Name || p.Clause != d.query.Clause || p.Day < d.first || p.Day >= d.last || !strings.HasPrefix(string(p.Account), "payable:accrued:") ||
			d.query.Cloud != "" && p.Cloud != d.query.Cloud || d.query.Product != "" && p.Product != d.query.Product {
			continue
		}
		found, payer, one.Cloud, one.Product = true, p.Book, p.Cloud, p.Product
		var err error
		if one.Accrued, err = one.Accrued.Sub(p.Amount); err != nil {
			return err
		}
	}
	if e.Body.Kind() == journal.KindClose || e.Body.Kind() == journal.KindPayment {
		return nil
	}
	if d.license != nil && !found {
		payer, found = d.license.Licensee, d.licensed(tx, &one)
	}
	if !found {
		return nil
	}
	seller := ""
	for i := range tx.Postings {
		p := &tx.Postings[i]
		account := string(p.Account)
		if strings.HasPrefix(account, "revenue:cloud:") || strings.HasPrefix(account, "revenue:license:") {
			seller = p.Book
			if p.Book == payer {
				var err error
				if one.Charged, err = one.Charged.Sub(p.Amount); err != nil {
					return err
				}
			}
		}
	}
	one.ID, one.Kind, one.Time = tx.Entry, e.Body.Kind().String(), instantText(e.Time)
	one.Customer = d.customer(tx.Customer, seller)
	d.out.Count++
	var err error
	if d.out.Accrued, err = d.out.Accrued.Add(one.Accrued); err != nil {
		return err
	}
	if d.out.Charged, err = d.out.Charged.Add(one.Charged); err != nil {
		return err
	}
	if d.query.Limit <= 0 || len(d.out.Entries) < d.query.Limit {
		d.out.Entries = append(d.out.Entries, one)
	}
	return nil
}

// licensed reports whether a transaction is usage under the license.
func (d *driller) licensed(tx *ledger.Transaction, one *DrilledEntry) (found bool) {
	for i := range tx.Postings {
		p := &tx.Postings[i]
		revenue := strings.HasPrefix(string(p.Account), "revenue:cloud:") || strings.HasPrefix(string(p.Account), "revenue:license:")
		if !revenue || p.Book != d.license.Licensee || p.Day < d.first || p.Day >= d.last || !d.license.Products.Matches(p.Product) ||
			len(d.license.Clouds) > 0 && !slices.Contains(d.license.Clouds, p.Cloud) ||
			d.query.Cloud != "" && p.Cloud != d.query.Cloud || d.query.Product != "" && p.Product != d.query.Product {
			continue
		}
		found, one.Cloud, one.Product = true, p.Cloud, p.Product
	}
	return found
}

// customer names a customer to a party: by a pseudonym, the same everywhere, where it is another party's.
func (d *driller) customer(name, seller string) string {
	if name == "" || d.query.Party == "" || d.query.Party == seller {
		return name
	}
	return Pseudonym(d.agreement.Name, name)
}

// Pseudonym stands for a customer before parties that it does not buy from. It is the same in all instances.
func Pseudonym(agreementName, customer string) string {
	sum := sha256.Sum256([]byte("concord customer\x00" + agreementName + "\x00" + customer))
	return "customer-" + hex.EncodeToString(sum[:5])
}
