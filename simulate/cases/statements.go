package cases

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"concord/money"
	"concord/settlement"
)

// statement holds a statement to what is expected of it.
func (r *runner) statement(what string, want *Statement, got *settlement.Statement) {
	for i, w := range want.Clauses {
		at := fmt.Sprintf("%s.clauses[%d]", what, i)
		found := false
		for j := range got.Clauses {
			c := &got.Clauses[j]
			if !matches(w.Clause, c.ID) || !matches(w.Payer, c.Payer) || !matches(w.Payee, c.Payee) {
				continue
			}
			found = true
			r.maybe(at+".base", w.Base, c.Bridge.Period.Base)
			r.maybe(at+".accrued", w.Accrued, c.Accrued)
			r.maybe(at+".amount", w.Amount, c.Amount)
			r.maybe(at+".stated", w.Stated, c.Bridge.Stated)
			r.maybe(at+".residue", w.Residue, c.Bridge.Residue)
		}
		if !found {
			r.fail(firstGiven(w.Clause, w.Payer, w.Payee), at, w.Clause.Value, "no such clause in the statement", clausesText(got))
		}
	}
	for i, w := range want.Lines {
		r.statedLine(fmt.Sprintf("%s.lines[%d]", what, i), w, got)
	}
	for i, w := range want.Gross {
		var sum money.Amount
		for _, g := range got.Gross {
			if matches(w.Payer, g.Payer) && matches(w.Payee, g.Payee) {
				sum = r.plus(sum, g.Amount, w.Amount)
			}
		}
		r.same(fmt.Sprintf("%s.gross[%d]", what, i), w.Amount, sum, clausesText(got))
	}
	if want.Net != nil {
		r.text(what+".net.payer", want.Net.Payer, got.Net.Payer)
		r.text(what+".net.payee", want.Net.Payee, got.Net.Payee)
		r.same(what+".net", want.Net.Amount, got.Net.Amount, clausesText(got))
	}
	for i, w := range want.Payable {
		r.payable(fmt.Sprintf("%s.payable[%d]", what, i), w, got)
	}
	r.text(what+".due", want.Due, got.Due)
}

// payable holds what is to be paid after a statement to what is expected.
func (r *runner) payable(what string, w Payable, got *settlement.Statement) {
	for i := range got.Payable {
		p := &got.Payable[i]
		if !matches(w.Payer, p.Payer) || !matches(w.Payee, p.Payee) {
			continue
		}
		r.maybe(what+".amount", w.Amount, p.Amount)
		r.maybe(what+".earlier", w.Earlier, p.Earlier)
		r.maybe(what+".at_once", w.AtOnce, p.AtOnce)
		r.maybe(what+".disputed", w.Disputed, p.Dispute)
		r.text(what+".carries", w.Carries, strconv.FormatBool(p.Carries))
		r.text(what+".due", w.Due, p.Due)
		return
	}
	r.fail(firstGiven(w.Payer, w.Payee, w.Amount), what, "a balance of these parties", "none", clausesText(got))
}

func (r *runner) statedLine(what string, w StatedLine, got *settlement.Statement) {
	var base, accrued, amount money.Amount
	for i := range got.Clauses {
		c := &got.Clauses[i]
		for j := range c.Lines {
			l := &c.Lines[j]
			if matches(w.Clause, c.ID) && matches(w.Cloud, l.Cloud) && matches(w.Product, l.Product) && matches(w.Stream, l.Stream) &&
				matches(w.Kind, cmp.Or(l.Kind, "usage")) && matches(w.Period, l.Period) && (!w.Earlier.Given() || (w.Earlier.Value == "true") == l.Earlier) {
				base, accrued, amount = r.plus(base, l.Base, w.Clause), r.plus(accrued, l.Accrued, w.Clause), r.plus(amount, l.Amount, w.Clause)
			}
		}
	}
	r.maybe(what+".base", w.Base, base)
	r.maybe(what+".accrued", w.Accrued, accrued)
	r.maybe(what+".amount", w.Amount, amount)
}

func clausesText(got *settlement.Statement) string {
	var parts []string
	for i := range got.Clauses {
		c := &got.Clauses[i]
		parts = append(parts, fmt.Sprintf("%s to %s %s (%s)", c.Payer, c.Payee, c.Amount, c.ID))
	}
	return "it states: " + strings.Join(parts, "; ")
}
