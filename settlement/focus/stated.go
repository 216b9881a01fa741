package focus

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"concord/agreement"
	"concord/settlement"
)

// on puts a row on the statement of a period.
func (k *rowKey) on(x *Exporter, p *Closed) {
	k.billing, k.billed, k.skip = p.From, p.Until, x.outside(p.From+(p.Until-p.From)/2)
	if k.end > p.From && k.start < p.Until { // an hour that the period cuts
		k.start, k.end = max(k.start, p.From), min(k.end, p.Until)
	}
}

// Statement takes a closed statement, under the terms at the end of its period: a row for each of its lines, on it as the invoice,
// of the amounts before anything is netted.
func (x *Exporter) Statement(st *settlement.Statement, t *agreement.Terms) error {
	if x.view != Statements {
		return nil
	}
	p := Closed{From: st.Period.From.UnixNano(), Until: st.Period.Until.UnixNano()}
	for i := range st.Clauses {
		c := &st.Clauses[i]
		k := rowKey{start: p.From, end: p.Until, account: c.Payer, accountName: x.party(t, c.Payer), currency: st.Currency, invoice: st.Number,
			provider: x.party(t, c.Payee), issuer: x.party(t, c.Payee), agreement: st.Agreement, clause: c.ID}
		if len(st.Terms) == 1 {
			k.terms = st.Terms[0].Hash
		}
		k.on(x, &p)
		for j := range c.Lines {
			if err := x.stated(k, st, c, &c.Lines[j], t); err != nil {
				return fmt.Errorf("statement %s, clause %s: %w", st.Number, c.ID, err)
			}
		}
	}
	return nil
}

// stated takes a line of a statement. Usage of earlier periods corrects them; what rounding, advances, payments and losses leave of
// a clause adjusts it; fees are bought.
func (x *Exporter) stated(k rowKey, st *settlement.Statement, c *settlement.Clause, l *settlement.Line, t *agreement.Terms) error {
	if l.Amount.IsZero() {
		return nil
	}
	k.host, k.service = cmp.Or(l.Cloud, "Not Applicable"), x.party(t, c.Payee)
	if l.Product != "" {
		k.service = owner(t, l.Product)
	}
	k.serviceName, k.product, k.stream = cmp.Or(l.Product, "Agreement"), l.Product, l.Stream
	what := lineName(l)
	k.frequency, k.description = "Recurring", c.ID+": "+what
	quantity, list := int64(0), l.Amount
	switch {
	case l.Kind == "" && l.Earlier:
		if err := k.earlier(l, zoneOf(t, st.Agreement)); err != nil {
			return err
		}
		k.category, k.class, k.description = Usage, Correction, fmt.Sprintf("%s: %s of %s", c.ID, what, l.Period)
	case l.Kind == "" && l.Amount.Sign() > 0:
		k.category, k.counts, k.unit, quantity = Usage, "Requests", periodUnit(st), 1
	case l.Kind == settlement.LineFee && l.Amount.Sign() > 0:
		k.category, k.unit, quantity = Purchase, "Fees", 1
	default:
		k.category = Adjustment
	}
	if k.unit != "" {
		k.sku, k.meter, k.list = c.ID+"/"+cmp.Or(l.Kind, c.Kind)+suffix(l.Cloud)+suffix(l.Product)+suffix(l.Stream), cmp.Or(l.Kind, c.Kind), l.Amount
	}
	return x.add(k, quantity, l.Amount, list, l.Count)
}

// earlier dates a row in the period that it corrects.
func (k *rowKey) earlier(l *settlement.Line, zone *time.Location) error {
	p, err := settlement.ParsePeriod(l.Period, zone)
	if err != nil {
		return err
	}
	k.start, k.end = p.From.UnixNano(), p.Until.UnixNano()
	return nil
}

func suffix(s string) string {
	if s == "" {
		return ""
	}
	return "/" + s
}

// lineName says what a line of a statement is.
func lineName(l *settlement.Line) string {
	switch l.Kind {
	case settlement.LineFee:
		return "fee"
	case settlement.LineAdvance:
		return "earned of what was given ahead"
	case settlement.LineOther:
		return "paid or credited before it was stated"
	case settlement.LineRounding:
		return "left by rounding of the statements before"
	case settlement.LineOpening:
		return "from before the journal"
	case settlement.LineLoss:
		return "loss of earlier periods"
	}
	name := "usage"
	for _, part := range []string{l.Product, l.Cloud, l.Stream} {
		if part != "" {
			name += " " + part
		}
	}
	return name
}

// periodUnit is what a statement's line is one of.
func periodUnit(st *settlement.Statement) string {
	switch name := st.Period.Name; {
	case len(name) == len("2026"):
		return "Years"
	case strings.Contains(name, "Q"):
		return "Quarters"
	}
	return "Months"
}

// zoneOf returns the zone in which an agreement's periods begin and end.
func zoneOf(t *agreement.Terms, name string) *time.Location {
	for _, f := range t.Clauses() {
		if f.Agreement.Name == name {
			return f.Agreement.Zone
		}
	}
	return time.UTC
}
