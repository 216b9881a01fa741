package settlement

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"concord/journal"
	"concord/ledger"
	"concord/money"
)

// A Replacement is what a further version of a statement says of the one that it replaces: which one, why, and what changed.
type Replacement struct {
	Number  string   `json:"number"`
	Version int      `json:"version"`
	Hash    string   `json:"hash"`
	Issued  string   `json:"issued"`
	State   string   `json:"state"` // in which it was replaced
	Cites   []Cited  `json:"cites"`
	Changes []Change `json:"changes"`
}

// Cited is an entry of the journal that is a reason for a further version.
type Cited struct {
	Kind      string         `json:"kind"`
	ID        string         `json:"id"` // SOURCE/ID, or of a request
	Time      string         `json:"time"`
	By        string         `json:"by,omitempty"` // who disputes
	Clause    string         `json:"clause,omitempty"`
	Amount    money.Amount   `json:"amount,omitzero"`
	Currency  money.Currency `json:"currency,omitempty"`
	Reason    string         `json:"reason,omitempty"`
	Statement string         `json:"statement,omitempty"` // that it names
}

// A Change is a line that two versions state otherwise. Of usage under a license, the amounts are what was charged.
type Change struct {
	Clause     string       `json:"clause"`
	Payer      string       `json:"payer"`
	Payee      string       `json:"payee"`
	Licensed   bool         `json:"licensed,omitempty"` // usage under a license: nothing is owed by the line
	Kind       string       `json:"kind,omitempty"`     // as Line has it
	Earlier    bool         `json:"earlier,omitempty"`
	Period     string       `json:"period,omitempty"`
	Cloud      string       `json:"cloud,omitempty"`
	Product    string       `json:"product,omitempty"`
	Stream     string       `json:"stream,omitempty"`
	Was        money.Amount `json:"was"`
	Now        money.Amount `json:"now"`
	Difference money.Amount `json:"difference"`
}

// replacing is a statement that is replaced: as the books know it, and as it was closed.
type replacing struct {
	standing ledger.Standing
	state    string
	paid     []OpenAt
	closed   *Statement
	because  []Cited
}

// NotReplaceable says that a statement stands, and that no further version can be issued.
type NotReplaceable struct{ Number, State, Why string }

// Error says why, and where late truth goes.
func (e *NotReplaceable) Error() string {
	return fmt.Sprintf("statement %s is not replaced: %s; what is known by now stands in the statement of the next open period", e.Number, e.Why)
}

// mayReplace finds the statement of a pair that is replaced, and refuses one that stands: an accepted or settled one, and one that
// a later period was built on.
func (c *Closing) mayReplace(pair [2]string) (*replacing, error) {
	if err := c.fits(pair); err != nil {
		return nil, err
	}
	r, last := c.sameAndLast(pair)
	if r == nil {
		return nil, fmt.Errorf("no statement between %s and %s has closed %s: close it for the first time, without --again", pair[0], pair[1], c.Period)
	}
	if last.Number != r.standing.Number {
		return nil, &NotReplaceable{r.standing.Number, "", fmt.Sprintf("statement %s begins where it ends", last.Number)}
	}
	if c.Issued.UnixNano() < r.standing.Issued {
		return nil, fmt.Errorf("a further version cannot be issued at %s: version %d was issued at %s", instant(c.Issued), r.standing.Version, instant(time.Unix(0, r.standing.Issued)))
	}
	var err error
	if r.paid, err = OpenOf(c.State.Statements(), c.State.Dues(), &r.standing, c.Issued, c.agreement.Zone); err != nil {
		return nil, err
	}
	switch r.state = StateOf(&r.standing, r.paid, c.agreement, c.Issued); r.state {
	case ledger.Accepted:
		by := "by the silence of both"
		if len(r.standing.Accepted) > 0 {
			by = "by " + strings.Join(r.standing.Accepted, " and ")
		}
		return nil, &NotReplaceable{r.standing.Number, r.state, "it is accepted, " + by}
	case ledger.Settled:
		return nil, &NotReplaceable{r.standing.Number, r.state, "it is settled, all of it is paid"}
	}
	return r, c.final()
}

// sameAndLast returns the statement that closed the period of a pair, and the last one between them.
func (c *Closing) sameAndLast(pair [2]string) (*replacing, *ledger.Standing) {
	var same *replacing
	var last *ledger.Standing
	for _, st := range c.State.Statements() {
		if st.Agreement != c.Agreement || !samePair(st.Between, pair) || st.State == ledger.Replaced {
			continue
		}
		if st.From == c.period.From.UnixNano() && st.Until == c.period.Until.UnixNano() {
			same = &replacing{standing: st}
		}
		last = &st
	}
	return same, last
}

// pairsAnew returns the pairs whose statements are replaced: those that are named, or the one that has closed the period.
func (c *Closing) pairsAnew() ([][2]string, error) {
	pairs := c.Pairs
	if len(pairs) == 0 {
		for _, pair := range c.all("") {
			if same, _ := c.sameAndLast(pair); same != nil {
				pairs = append(pairs, pair)
			}
		}
	}
	switch {
	case len(pairs) == 0:
		return nil, fmt.Errorf("no statement of %s has closed %s: close it for the first time, without --again", c.Agreement, c.Period)
	case len(pairs) > 1:
		var named []string
		for _, pair := range pairs {
			named = append(named, pair[0]+","+pair[1])
		}
		return nil, fmt.Errorf("%d statements have closed it: say which one is replaced, with --between %s", len(pairs), strings.Join(named, " or "))
	}
	var err error
	c.replacing[pairs[0]], err = c.replaced(pairs[0], c.Because)
	return pairs, err
}

// replaced reads all that a further version says of the one before it. names are the entries that are its reasons.
func (c *Closing) replaced(pair [2]string, names []string) (r *replacing, err error) {
	if r, err = c.mayReplace(pair); err != nil {
		return nil, err
	}
	if r.closed, err = c.before(r.standing.Number); err != nil {
		return nil, err
	}
	if len(names) == 0 && r.state != ledger.Disputed {
		return nil, fmt.Errorf("statement %s is not disputed: name what makes it wrong with --because SOURCE/ID: a correction, a refund, a credit or usage that came late", r.standing.Number)
	}
	entries, err := c.Reasons(r.standing.Number, names)
	if err != nil {
		return nil, fmt.Errorf("find the reason for a further version of statement %s: %w", r.standing.Number, err)
	}
	for i := range entries {
		cited := cite(&entries[i])
		if cited.Statement != "" && cited.Statement != r.standing.Number {
			return nil, fmt.Errorf("%s %s is of statement %s, not of %s", cited.Kind, cited.ID, cited.Statement, r.standing.Number)
		}
		r.because = append(r.because, cited)
	}
	return r, nil
}

// cite says what a reason says.
func cite(e *journal.Entry) Cited {
	out := Cited{Kind: e.Body.Kind().String(), ID: e.Source + "/" + e.ID, Time: instant(time.Unix(0, e.Time))}
	switch b := e.Body.(type) {
	case *journal.Record:
		if e.Source == "" { // of a gateway: its id is the request's
			out.ID = b.Request.String()
		}
	case *journal.Dispute:
		out.By, out.Clause, out.Amount, out.Currency, out.Reason, out.Statement = b.By, b.Clause, b.Amount, b.Currency, b.Reason, b.Statement
	case *journal.Correction:
		out.Currency, out.Reason = b.Origin.Currency, b.Reason
		was, err1 := total(b.Was)
		now, err2 := total(b.Now)
		if more, err := now.Sub(was); cmp.Or(err1, err2, err) == nil {
			out.Amount = more
		}
	case *journal.Refund:
		out.Amount, out.Currency, out.Reason = b.Amount.Neg(), b.Origin.Currency, b.Reason
	case *journal.Credit:
		out.Clause, out.Amount, out.Currency, out.Reason = b.Clause, b.Amount.Neg(), b.Currency, b.Reason
	case *journal.Fee:
		out.Clause, out.Amount, out.Currency, out.Reason = b.Clause, b.Amount, b.Currency, b.Reason
	case *journal.Invoice:
		out.Amount, out.Currency = b.Amount, b.Origin.Currency
	}
	return out
}

// without takes out of what the books hold what the replaced version stated and what was paid of it: a further version is cut as
// if it were the first one, and says what it takes over.
func (r *replacing) without(dues []ledger.Due) ([]ledger.Due, error) {
	out := slices.Clone(dues)
	for _, l := range r.paid {
		for i := range out {
			d := &out[i]
			if d.Agreement != r.standing.Agreement || d.Clause != l.Clause || d.Payer != l.Payer || d.Payee != l.Payee || d.Currency != r.standing.Currency {
				continue
			}
			var err1, err2 error
			d.Stated, err1 = d.Stated.Sub(l.Amount)
			d.Paid, err2 = d.Paid.Sub(l.Paid)
			if err := errors.Join(err1, err2); err != nil {
				return nil, fmt.Errorf("what statement %s stated: %w", r.standing.Number, err)
			}
		}
	}
	return out, nil
}

// replaces completes a further version with what it replaces.
func (r *replacing) replaces(st *Statement) error {
	st.Format, st.Version = Format, r.standing.Version+1
	st.Number = fmt.Sprintf("%s/v%d", strings.TrimSuffix(r.standing.Number, fmt.Sprintf("/v%d", r.standing.Version)), st.Version)
	changes, err := changed(r.closed, st)
	if err != nil {
		return fmt.Errorf("compare it with statement %s: %w", r.standing.Number, err)
	}
	if len(changes) == 0 {
		return fmt.Errorf("it would state what statement %s states: nothing that is dated in %s or before was recorded since\n"+
			"  date what corrects it in the period (concord record correction --time ..., a credit or a refund), or leave it to the next statement", r.standing.Number, r.standing.Period)
	}
	st.Replaces = &Replacement{Number: r.standing.Number, Version: r.standing.Version, Hash: hex.EncodeToString(r.standing.Hash[:]),
		Issued: instant(time.Unix(0, r.standing.Issued)), State: r.state, Cites: r.because, Changes: changes}
	return nil
}

// changed lists the lines that two versions state otherwise, in the order of the later one; what only the earlier one has follows.
func changed(was, now *Statement) ([]Change, error) {
	olds, news := lineAmounts(was), lineAmounts(now)
	order := slices.Clone(news.order)
	for _, k := range olds.order {
		if _, ok := news.amounts[k]; !ok {
			order = append(order, k)
		}
	}
	out := []Change{}
	for _, k := range order {
		c := k
		c.Was, c.Now = olds.amounts[k], news.amounts[k]
		var err error
		if c.Difference, err = c.Now.Sub(c.Was); err != nil {
			return nil, err
		}
		if !c.Difference.IsZero() {
			out = append(out, c)
		}
	}
	return out, cmp.Or(olds.err, news.err)
}

// amountsOf are the lines of a statement, by all that a Change says but its amounts.
type amountsOf struct {
	order   []Change
	amounts map[Change]money.Amount
	err     error
}

func (a *amountsOf) add(k Change, amount money.Amount) {
	had, ok := a.amounts[k]
	if !ok {
		a.order = append(a.order, k)
	}
	sum, err := had.Add(amount)
	a.amounts[k], a.err = sum, cmp.Or(a.err, err)
}

func lineAmounts(st *Statement) *amountsOf {
	a := &amountsOf{amounts: map[Change]money.Amount{}}
	for i := range st.Clauses {
		c := &st.Clauses[i]
		for _, l := range c.Lines {
			a.add(Change{Clause: c.ID, Payer: c.Payer, Payee: c.Payee, Kind: l.Kind, Earlier: l.Earlier, Period: l.Period, Cloud: l.Cloud,
				Product: l.Product, Stream: l.Stream}, l.Amount)
		}
	}
	for i := range st.Licensed {
		l := &st.Licensed[i]
		for _, k := range l.Lines {
			a.add(Change{Clause: l.Clause, Payer: l.Licensee, Payee: l.Licensor, Licensed: true, Cloud: k.Cloud, Product: k.Product, Stream: k.Stream}, k.Charged)
		}
	}
	return a
}

// paidBefore adds what was paid of the replaced version to what is paid of a clause.
func (c *cutter) paidBefore(cl *Clause) (err error) {
	for _, l := range c.in.Replacing {
		if err == nil && l.Clause == cl.ID && l.Payer == cl.Payer && l.Payee == cl.Payee {
			cl.Bridge.Paid, err = cl.Bridge.Paid.Add(l.Paid)
		}
	}
	return err
}

// Versions lists the statements of one period between two parties, by version.
func Versions(all []ledger.Standing, agreement string, between [2]string, period string) []ledger.Standing {
	byVersion := map[int]ledger.Standing{}
	for _, st := range all {
		if st.Agreement == agreement && samePair(st.Between, between) && st.Period == period {
			byVersion[st.Version] = st
		}
	}
	var out []ledger.Standing
	for _, n := range slices.Sorted(maps.Keys(byVersion)) {
		out = append(out, byVersion[n])
	}
	return out
}
