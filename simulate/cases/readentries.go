package cases

import (
	"path"
	"strings"

	"concord/agreement"
)

// Beside returns the path of a file that this one names.
func (f *File) Beside(name string) string {
	if name == "" || path.IsAbs(name) {
		return name
	}
	return path.Join(path.Dir(f.Name), name)
}

// Inline returns a document that is written into the file, by its path as Beside gives it.
func (f *File) Inline(at string) ([]byte, bool) {
	for name, text := range f.Files {
		if f.Beside(name) == at {
			return []byte(text.Value), true
		}
	}
	return nil, false
}

// Place shows what is wrong with documents that are written into the file where they stand in it.
func (f *File) Place(findings []agreement.Finding) []agreement.Finding {
	for i := range findings {
		for name, text := range f.Files {
			if p := &findings[i].Pos; p.File == f.Beside(name) {
				p.File, p.Line, p.Column = f.Name, p.Line+text.Line, p.Column+f.indent(text)
				break
			}
		}
	}
	return findings
}

// indent is how far the lines of a text are indented in the file.
func (f *File) indent(text Text) int {
	if text.Line >= len(f.lines) {
		return 0
	}
	return len(f.lines[text.Line]) - len(strings.TrimLeft(f.lines[text.Line], " "))
}

func (r *runner) placed(findings []agreement.Finding) []agreement.Finding {
	return r.file.Place(findings)
}

// read reads a file that the cases name, or a document that is written into them.
func (r *runner) read(at string) ([]byte, error) {
	if text, ok := r.file.Inline(at); ok {
		return text, nil
	}
	return r.library(at)
}

// does lists what an entry says, by name.
func (e *Entry) does() (all []string) {
	for _, one := range []struct {
		name string
		has  bool
	}{
		{"usage", e.Usage != nil}, {"invoice", e.Invoice != nil}, {"refund", e.Refund != nil}, {"credit", e.Credit != nil}, {"correction", e.Correction != nil},
		{"fee", e.Fee != nil}, {"payment", e.Payment != nil}, {"rate", e.Rate != nil}, {"fact", e.Fact != nil}, {"amendment", e.Amendment != nil},
		{"hold", e.Hold != nil}, {"post", e.Post != nil}, {"void", e.Void != nil}, {"draft", e.Draft != nil}, {"close", e.Close != nil},
		{"acceptance", e.Acceptance != nil}, {"dispute", e.Dispute != nil}, {"clock", e.Clock != nil},
	} {
		if one.has {
			all = append(all, one.name)
		}
	}
	return all
}

// checkEntry holds an entry to what its kind needs.
func (p *parsing) checkEntry(c *Case, e *Entry) {
	p.need(c, "an entry", "time", e.Time)
	p.fits(c, &e.Expect, "an entry", false, false)
	does := e.does()
	switch {
	case len(does) == 0:
		p.report(e.Time, "write usage: {customer, product, deployment, tokens}, or another kind of docs/agreement-tests.md", "the entry says nothing that is posted")
		return
	case len(does) > 1:
		p.report(e.Time, "write an entry for each", "the entry says %s: it says one thing", strings.Join(does, " and "))
		return
	}
	for _, n := range e.needs() {
		if !n.text.Given() {
			p.report(e.Time, "add "+n.name+":", "%s of %q has no %s", does[0], c.Name.Value, n.name)
		}
	}
	for _, cl := range []*Close{e.Draft, e.Close} {
		if cl != nil && len(cl.Between) != 0 && len(cl.Between) != 2 {
			p.report(e.Time, "write between: [openai, microsoft]", "%s of %q names %d parties, not two", does[0], c.Name.Value, len(cl.Between))
		}
		if cl != nil && cl.Again.Given() && cl.Again.Value != "true" && cl.Again.Value != "false" {
			p.report(cl.Again, "write true or false", "again: %q is neither true nor false", cl.Again.Value)
		}
		if cl != nil && (cl == e.Draft && cl.Again.Given() || len(cl.Because) > 0 && cl.Again.Value != "true") {
			p.report(e.Time, "write close: {again: true, because: [...]}", "%s of %q: only a close issues a further version, for a reason", does[0], c.Name.Value)
		}
	}
	if pay := e.Payment; pay != nil && !pay.Clause.Given() && len(pay.Lines) == 0 {
		p.report(e.Time, "add clause: and amount:, or lines:", "payment of %q says no clause that it pays", c.Name.Value)
	}
	p.paid(c, e)
	if (e.Expect.Statement != nil) && e.Draft == nil && e.Close == nil {
		p.report(e.Time, "expect it under a draft or a close", "statement is expected of an entry that makes none")
	}
	if len(e.Expect.Due) > 0 && e.Clock == nil && e.Close == nil {
		p.report(e.Time, "expect it under a clock or a close", "due is expected of an entry under which nothing falls due by the calendar")
	}
	if len(e.Expect.Plan)+len(e.Expect.Clouds) > 0 {
		p.report(e.Time, "decide in a case of its own", "a plan is expected of an entry")
	}
}

func (p *parsing) paid(c *Case, e *Entry) {
	if e.Payment == nil {
		return
	}
	for _, l := range e.Payment.Lines {
		if !l.Clause.Given() || !l.Amount.Given() {
			p.report(e.Time, "write {clause, amount}", "a line of a payment of %q has no clause or no amount", c.Name.Value)
		}
	}
	if e.Payment.Clause.Given() && !e.Payment.Amount.Given() {
		p.report(e.Time, "add amount:", "payment of %q has no amount", c.Name.Value)
	}
}

type needed struct {
	name string
	text Text
}

// needs are the fields without which an entry of its kind says nothing.
func (e *Entry) needs() []needed {
	switch {
	case e.Usage != nil:
		return []needed{{"product", e.Usage.Product}}
	case e.Invoice != nil:
		i := e.Invoice
		return []needed{{"amount", i.Amount}, {"customer", i.Customer}, {"seller", i.Seller}, {"product", i.Product}, {"cloud", i.Cloud}}
	case e.Refund != nil && !e.Refund.Of.Given():
		b := e.Refund
		return []needed{{"amount", b.Amount}, {"of", b.Customer}, {"seller", b.Seller}, {"product", b.Product}, {"cloud", b.Cloud}}
	case e.Refund != nil:
		return []needed{{"amount", e.Refund.Amount}}
	case e.Credit != nil:
		return []needed{{"amount", e.Credit.Amount}}
	case e.Correction != nil:
		return []needed{{"of", e.Correction.Of}, {"what", e.Correction.What}}
	case e.Fee != nil:
		return []needed{{"name", e.Fee.Name}, {"payer", e.Fee.Payer}, {"payee", e.Fee.Payee}, {"amount", e.Fee.Amount}}
	case e.Payment != nil:
		return []needed{{"from", e.Payment.From}, {"to", e.Payment.To}}
	case e.Rate != nil:
		return []needed{{"source", e.Rate.Source}, {"from", e.Rate.From}, {"to", e.Rate.To}, {"value", e.Rate.Value}}
	}
	return e.needsMore()
}

func (e *Entry) needsMore() []needed {
	switch {
	case e.Fact != nil:
		return []needed{{"text", e.Fact.Text}}
	case e.Amendment != nil:
		return []needed{{"text", firstGiven(e.Amendment.Text, e.Amendment.Document)}}
	case e.Hold != nil:
		return []needed{{"id", e.ID}, {"budget", e.Hold.Budget}, {"limit", e.Hold.Limit}, {"amount", e.Hold.Amount}, {"product", e.Hold.Product}}
	case e.Post != nil:
		return []needed{{"of", e.Post.Of}, {"amount", e.Post.Amount}}
	case e.Void != nil:
		return []needed{{"of", e.Void.Of}}
	case e.Draft != nil:
		return []needed{{"period", e.Draft.Period}}
	case e.Close != nil:
		return []needed{{"period", e.Close.Period}}
	case e.Acceptance != nil:
		return []needed{{"statement", e.Acceptance.Statement}, {"by", e.Acceptance.By}}
	case e.Dispute != nil:
		return []needed{{"statement", e.Dispute.Statement}, {"by", e.Dispute.By}}
	}
	return nil
}

// ofEntry refuses what is expected of a case and can only be of an entry.
func (p *parsing) ofEntry(c *Case, e *Expect) {
	if e.Statement != nil || len(e.Due) > 0 || e.Error.Given() || e.Says.Given() {
		p.report(c.Name, "write it under expect: of the entry", "%q expects at its end what only an entry can show: statement, due, error or says", c.Name.Value)
	}
}

// stands reports whether anything is expected of what stands.
func (e *Expect) stands() bool {
	return len(e.Accrued)+len(e.Payable)+len(e.Base)+len(e.Uncapped)+len(e.Capped)+len(e.Balances)+len(e.Statements)+len(e.Unchanged)+len(e.Budgets)+len(e.Due) > 0 ||
		e.Statement != nil
}
