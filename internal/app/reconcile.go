package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"concord/agreement"
	"concord/journal"
	"concord/money"
	"concord/settlement"
	"concord/settlement/focus"
)

// A ReconcileQuery says which export is held against the journal.
type ReconcileQuery struct {
	Cloud    string
	File     string // FOCUS 1.0 to 1.4, CSV or gzip
	Period   string
	Account  string            // whose bill it is; "" = of every account at the cloud
	Numbers  map[string]string // what billing account numbers of the export stand for
	Map      string            // file of rules; "" = none
	Invoices map[string]money.Amount
	Keep     bool          // keep the export and what came of it
	Accept   []focus.Class // post corrections for differences of these classes; keeps too
}

// A Reconciliation is what came of it.
type Reconciliation struct {
	Cloud    string
	Account  string
	Period   settlement.Period
	File     string
	Hash     string // SHA-256 of the export's bytes
	Bytes    int64
	Result   *focus.Result
	Empty    bool  // it has no rows of the period: all of ours is ours only
	Others   int64 // rows of other billing periods, which are left out
	Invoices []InvoiceCheck
	Kept     *KeptReconciliation // nil = not kept
	Posted   int                 // corrections
	Left     []focus.Difference  // that were to be accepted, and no correction says

	OtherLine   int    // of the first row of another billing period
	OtherPeriod string // when that one begins

	reconciler *focus.Reconciler
	calls      *calls
}

// An InvoiceCheck holds an invoice's total against the rows that name it.
type InvoiceCheck struct {
	ID     string
	Stated money.Amount
	Rows   money.Amount
}

// Good reports whether everything is matched, or explained by rounding.
func (d *Reconciliation) Good() bool {
	return d.Result.Good() && !slices.ContainsFunc(d.Invoices, func(i InvoiceCheck) bool { return i.Stated != i.Rows })
}

// Reconcile holds a provider's export against the journal of a data directory. Nothing is written before the whole export was
// read; then, if that is asked for, the export and the result are kept, and corrections are posted.
func Reconcile(ctx context.Context, dir string, q ReconcileQuery) (*Reconciliation, error) {
	done, accepted, err := reconcile(ctx, dir, q)
	if err != nil || !q.Keep && len(q.Accept) == 0 {
		return done, err
	}
	if done.Kept, err = keepReconciliation(ctx, dir, q, done); err != nil {
		return nil, err
	}
	if err := postAccepted(ctx, dir, done, accepted); err != nil {
		return nil, err
	}
	return done, nil
}

// reconcile reads both sides.
func reconcile(ctx context.Context, dir string, q ReconcileQuery) (_ *Reconciliation, _ []acceptedCall, err error) {
	r, err := OpenReading(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	period, err := settlement.ParsePeriod(q.Period, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("--period: %w", err)
	}
	if period.Until.After(period.From.AddDate(0, 1, 0)) {
		return nil, nil, fmt.Errorf("--period %s: a bill is of a month of UTC: write one, such as %s", q.Period, period.From.Format("2006-01"))
	}
	done := &Reconciliation{Cloud: q.Cloud, Account: q.Account, Period: period, File: q.File}
	if done.calls, err = newCalls(ctx, r, q.Cloud); err != nil {
		return nil, nil, err
	}
	mapping, owned, err := done.mapping(q)
	if err != nil {
		return nil, nil, err
	}
	from, until := period.From.UnixNano(), period.Until.UnixNano()
	done.reconciler = focus.NewReconciler(mapping, from, until)
	done.reconciler.Owned = owned
	err = done.calls.each(ctx, r.Journal, from, until, func(a *attemptAt) error {
		if owned[a.Account] {
			return nil
		}
		return done.reconciler.Ours(&a.Call)
	})
	if err != nil {
		return nil, nil, err
	}
	if err := done.read(q, from, until); err != nil {
		return nil, nil, err
	}
	if done.Result, err = done.reconciler.Result(); err != nil {
		return nil, nil, fmt.Errorf("add up what differs: %w", err)
	}
	done.checkInvoices(q)
	if len(q.Accept) == 0 {
		return done, nil, nil
	}
	accepted, err := done.accept(ctx, r.Journal, q, from, until)
	return done, accepted, err
}

// mapping says what the export's rows are about, and which accounts are left out: others than the one that is asked for, and
// those that the cloud's operator holds and sells from itself.
func (d *Reconciliation) mapping(q ReconcileQuery) (*focus.Mapping, map[string]bool, error) {
	latest, err := d.calls.history.Latest()
	if err != nil {
		return nil, nil, err
	}
	m, charged, owned := &focus.Mapping{Accounts: map[string]string{}}, map[string]bool{}, map[string]bool{}
	operator, known := latest.Timeline.At(d.Period.From.UnixNano()).Terms().Operator(q.Cloud)
	var clouds []string
	for _, dep := range latest.Catalog.Deployments {
		if !slices.Contains(clouds, dep.Cloud) {
			clouds = append(clouds, dep.Cloud)
		}
		if dep.Cloud != q.Cloud {
			continue
		}
		m.Places = append(m.Places, focus.Place{Account: dep.Account, Region: dep.Region, Model: dep.Model})
		charged[dep.Account] = charged[dep.Account] || !known || agreement.CostPayer(operator, dep.Holder, dep.Seller) != ""
	}
	if len(m.Places) == 0 {
		return nil, nil, fmt.Errorf("there is no deployment on %q: the clouds are %s", q.Cloud, strings.Join(clouds, ", "))
	}
	for account, pays := range charged {
		owned[account] = !pays || q.Account != "" && account != q.Account
	}
	if q.Account != "" {
		if owned[q.Account] && !charged[q.Account] {
			return nil, nil, fmt.Errorf("account %s: the operator of %s holds it and sells from it, so that nobody is charged for it", q.Account, q.Cloud)
		}
		for account := range charged {
			m.Accounts[account] = account
		}
		m.Accounts[""] = q.Account
	}
	for number, name := range q.Numbers {
		m.Accounts[number] = name
	}
	if err := m.Check(); err != nil {
		return nil, nil, err
	}
	if q.Map == "" {
		return m, owned, nil
	}
	file, err := os.Open(q.Map)
	if err != nil {
		return nil, nil, fmt.Errorf("open the map: %w", err)
	}
	defer file.Close()
	m.Rules, err = focus.ParseRules(q.Map, file)
	return m, owned, err
}

// read reads the export, row by row.
func (d *Reconciliation) read(q ReconcileQuery, from, until int64) (err error) {
	file, err := os.Open(q.File)
	if err != nil {
		return fmt.Errorf("open the export: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sum := sha256.New()
	counted := &countingReader{r: io.TeeReader(file, sum)}
	bill, err := focus.OpenBill(q.File, counted, from, until)
	if err != nil {
		return err
	}
	bill.Cloud, bill.Currency = q.Cloud, d.reconciler.Currency()
	var c focus.Charge
	for {
		if err := bill.Next(&c); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if err := d.reconciler.Theirs(&c); err != nil {
			return fmt.Errorf("%s: %w", q.File, err)
		}
	}
	if _, err := io.Copy(io.Discard, counted); err != nil {
		return fmt.Errorf("read %s to its end: %w", q.File, err)
	}
	d.Empty, d.Others, d.OtherLine, d.OtherPeriod = bill.Rows == 0, bill.Others, bill.OtherLine, bill.OtherPeriod
	if d.Empty && len(q.Accept) > 0 {
		return &focus.Error{File: q.File, What: "it has no rows of " + d.Period.Name + ": there is nothing to accept", Remedy: "fetch the export of the period again, or leave --accept out"}
	}
	d.Hash, d.Bytes = hex.EncodeToString(sum.Sum(nil)), counted.n
	return nil
}

type countingReader struct {
	r io.Reader
	n int64
}

// Read reads and counts.
func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// checkInvoices holds the totals of invoices against the rows that name them.
func (d *Reconciliation) checkInvoices(q ReconcileQuery) {
	for id, stated := range q.Invoices {
		check := InvoiceCheck{ID: id, Stated: stated}
		for _, i := range d.Result.Invoices {
			if i.ID == id {
				check.Rows = i.Cost
			}
		}
		d.Invoices = append(d.Invoices, check)
	}
	slices.SortFunc(d.Invoices, func(a, b InvoiceCheck) int { return strings.Compare(a.ID, b.ID) })
}

// acceptedCall is an attempt and what it costs now.
type acceptedCall struct {
	attemptAt
	change focus.Change
}

// accept finds the calls that take differences over.
func (d *Reconciliation) accept(ctx context.Context, j journal.Journal, q ReconcileQuery, from, until int64) ([]acceptedCall, error) {
	plan := d.reconciler.Accept(d.Result, q.Accept)
	var found []attemptAt
	var calls []focus.Call
	err := d.calls.each(ctx, j, from, until, func(a *attemptAt) error {
		if plan.Wants(&a.Call) {
			kept := *a
			kept.Lines = slices.Clone(a.Lines)
			found, calls = append(found, kept), append(calls, kept.Call)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	changes, left, err := plan.Changes(calls)
	if err != nil {
		return nil, err
	}
	d.Left = left
	out := make([]acceptedCall, len(changes))
	for i, c := range changes {
		out[i] = acceptedCall{found[c.Call], c}
	}
	return out, nil
}
