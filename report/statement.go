package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"concord/money"
	"concord/settlement"
)

// WriteStatement lays a statement out for people: what is owed under each clause, the bridge of each from opening to
// close, usage under licenses, both gross amounts beside the net, and what the figures rest on. Exact figures stand in its
// JSON.
func WriteStatement(w io.Writer, s *settlement.Statement) error {
	p := statementPrinter{out: bufio.NewWriter(w), s: s}
	p.head()
	p.owed()
	p.bridges()
	p.limits()
	p.licensed()
	p.notes()
	p.foot()
	if p.err != nil {
		return fmt.Errorf("write statement: %w", p.err)
	}
	if err := p.out.Flush(); err != nil {
		return fmt.Errorf("write statement: %w", err)
	}
	return nil
}

// exactPlaces is to how many decimals exact amounts are shown.
const exactPlaces = 6

type statementPrinter struct {
	out *bufio.Writer
	s   *settlement.Statement
	err error
}

func (p *statementPrinter) printf(format string, args ...any) {
	for i, a := range args {
		if text, ok := a.(string); ok {
			args[i] = Clean(text)
		}
	}
	fmt.Fprintf(p.out, format, args...) // bufio keeps the first error for Flush
}

func (p *statementPrinter) table(t *Table) {
	if t.Len() > 0 && p.err == nil {
		p.err = t.Write(p.out)
	}
}

func (p *statementPrinter) exact(a money.Amount) string   { return Money(a, exactPlaces) }
func (p *statementPrinter) rounded(a money.Amount) string { return Money(a, p.s.Rounding.Scale) }

func (p *statementPrinter) head() {
	s := p.s
	p.printf("Statement (%s) of %s between %s and %s\n", s.State, s.Agreement, s.Between[0], s.Between[1])
	p.printf("Period %s: from %s until %s, %s", s.Period.Name, s.Period.From.Format("2006-01-02"), s.Period.Until.Format("2006-01-02"), s.Period.Zone)
	p.printf(" (%s until %s)\n", s.Period.FromUTC.Format("2006-01-02T15:04Z07:00"), s.Period.UntilUTC.Format("2006-01-02T15:04Z07:00"))
	if s.Issued != "" {
		p.printf("Cut %s", s.Issued)
		if s.Due != "" {
			p.printf("; if issued then, due %s", s.Due)
		}
		p.printf("\n")
	}
	p.printf("In %s, rounded to %d decimals (%s), once, on the cumulative amount of a clause\n", string(s.Currency), s.Rounding.Scale, s.Rounding.Mode)
	for _, t := range s.Terms {
		p.printf("Terms %.12s", t.Hash)
		if t.From != "" {
			p.printf(" from %s", t.From)
		}
		if t.Until != "" {
			p.printf(" until %s", t.Until)
		}
		p.printf("\n")
	}
}

func (p *statementPrinter) owed() {
	t := NewTable("clause", "from", "to", ">base", ">accrued", ">amount", "notes")
	for i := range p.s.Clauses {
		c := &p.s.Clauses[i]
		t.Row(c.ID, c.Payer, c.Payee, p.exact(c.Bridge.Period.Base), p.exact(c.Accrued), p.rounded(c.Amount), marks(c.Notes))
		for _, l := range c.Lines {
			t.Row("  "+lineName(l), "", "", p.exact(l.Base), p.exact(l.Accrued), p.rounded(l.Amount))
		}
	}
	t.Rule()
	for _, g := range p.s.Gross {
		t.Row("gross", g.Payer, g.Payee, "", p.exact(g.Accrued), p.rounded(g.Amount))
	}
	n := p.s.Net
	t.Row("net", n.Payer, n.Payee, "", p.exact(n.Accrued), p.rounded(n.Amount))
	p.printf("\n")
	p.table(t)
}

func (p *statementPrinter) bridges() {
	t := NewTable("from opening to close", "of", ">opening", ">period", ">closing")
	for i := range p.s.Clauses {
		c := &p.s.Clauses[i]
		b := &c.Bridge
		if c.Kind == "revenue-share" {
			t.Row(c.ID, "base", p.exact(b.Opening.Base), p.exact(b.Period.Base), p.exact(b.Closing.Base))
			t.Row("", "share, uncapped", p.exact(b.Opening.Uncapped), p.exact(b.Period.Uncapped), p.exact(b.Closing.Uncapped))
			t.Row("", "share, capped", p.exact(b.Opening.Capped), p.exact(b.Period.Capped), p.exact(b.Closing.Capped))
		} else {
			t.Row(c.ID, "owed", "", p.exact(c.Accrued), p.exact(b.Owed))
		}
		t.Row("", "stated before", "", "", p.rounded(b.Stated))
		t.Row("", "paid", "", "", p.rounded(b.Paid))
		t.Row("", "residue after this", "", "", p.exact(b.Residue))
	}
	if t.Len() > 0 {
		p.printf("\n")
	}
	p.table(t)
}

func (p *statementPrinter) limits() {
	for i := range p.s.Clauses {
		c := &p.s.Clauses[i]
		for _, limit := range c.Caps {
			p.printf("\nCap of %s, %s %s (%s):\n  %s used at the opening, %s at the close, %s left\n", c.ID, Money(limit.Amount, 0),
				string(p.s.Currency), limit.Per, p.exact(limit.Opening), p.exact(limit.Used), p.exact(limit.Left))
		}
		p.tiers(c)
		if d := c.Commitment; d != nil {
			p.printf("\nCommitment %s, %s %s:\n  %s drawn at the opening, %s at the close, %s left\n", c.ID, Money(d.Amount, 0),
				string(p.s.Currency), p.exact(d.Opening), p.exact(d.Closing), p.exact(d.Left))
		}
	}
}

// tiers says where the base of a share stands in its tiers, and what its guarantee would come to.
func (p *statementPrinter) tiers(c *settlement.Clause) {
	if t := c.Tiers; t != nil {
		p.printf("\nTiers of %s (%s):\n", c.ID, t.Window)
		p.wrapped(t.Words)
		p.printf("  base %s at the opening, %s at the close: step %d, %s", p.exact(t.Opening), p.exact(t.Base), t.Step, t.Rate)
		if !t.Left.IsZero() {
			p.printf(", %s left in it", p.exact(t.Left))
		}
		p.printf("\n")
	}
	if g := c.Guarantee; g != nil {
		p.printf("\nGuarantee of %s (%s):\n", c.ID, g.Window)
		p.wrapped(g.Words)
		p.printf("  %s earned so far; if the window ended now, it would be topped up by %s\n", p.exact(g.Earned), p.exact(g.TopUp))
		p.wrapped(g.Posted)
	}
}

// wrapped prints a sentence, indented.
func (p *statementPrinter) wrapped(text string) {
	for _, line := range Wrap(Clean(text), Width-2) {
		p.printf("  %s\n", line)
	}
}

func (p *statementPrinter) licensed() {
	for i := range p.s.Licensed {
		l := &p.s.Licensed[i]
		p.printf("\nUsage under %s (%s to %s), owed for or not%s\n  %s charged its customers %s %s\n", l.Clause, l.Licensor, l.Licensee,
			spaced(marks(l.Notes)), l.Licensee, p.exact(l.Total), string(p.s.Currency))
		if l.Fee != nil {
			p.wrapped(fmt.Sprintf("given %s: %s earned in the period; %s", l.Fee.Words, p.exact(l.Fee.Earned), l.Fee.Posted))
		}
		t := NewTable("cloud", "product", "stream", ">charged", ">requests")
		t.Indent = 2
		for _, line := range l.Lines {
			t.Row(line.Cloud, line.Product, line.Stream, p.exact(line.Charged), Count(line.Count))
		}
		p.table(t)
	}
}

func (p *statementPrinter) notes() {
	if len(p.s.Footnotes) > 0 {
		p.printf("\n")
	}
	for _, n := range p.s.Footnotes {
		first := fmt.Sprintf("[%d] ", n.Number)
		for i, line := range Wrap(Clean(fmt.Sprintf("%s: %s", n.Provenance, n.Text)), Width-len(first)) {
			if i > 0 {
				first = strings.Repeat(" ", len(first))
			}
			p.printf("%s%s\n", first, line)
		}
	}
}

func (p *statementPrinter) foot() {
	p.printf("\nCut at chain %d, block %d of the journal", int64(p.s.Journal.Chain), int64(p.s.Journal.Block))
	if p.s.Journal.Hash != "" {
		p.printf(" (%.12s)", p.s.Journal.Hash)
	}
	agreed := 0
	for _, c := range p.s.Controls {
		if c.Agrees {
			agreed++
			continue
		}
		p.printf("\nDISAGREES: %s: the statement has %s, the books have %s", c.Name, c.Stated.String(), c.Books.String())
	}
	p.printf("\n%s rows; %d of %d control totals agree.", Count(int64(p.s.Rows)), agreed, len(p.s.Controls))
	if p.s.State == settlement.Draft {
		p.printf(" A draft binds nobody.")
	}
	p.printf("\n")
}

func marks(notes []int) string {
	out := ""
	for _, n := range notes {
		out += mark(n)
	}
	return out
}

func spaced(marks string) string {
	if marks == "" {
		return ""
	}
	return " " + marks
}

// lineName names a line of a statement by where its amount comes from.
func lineName(l settlement.Line) string {
	if l.Earlier {
		return "before the period, not stated yet"
	}
	var parts []string
	for _, part := range []string{l.Cloud, l.Product, l.Stream} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}
