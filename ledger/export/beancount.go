package export

import (
	"fmt"
	"io"
	"strings"

	"concord/ledger"
)

// beancount writes what `bean-check` accepts. Its tolerance is half of the last digit used unless the multiplier is 0, so it
// is set to 0 and every assertion asks for 0: an error of 10^-12 is found. The plugin finds a transaction that stands twice;
// it does not look at metadata, so a link names the entry.
type beancount struct{}

func (beancount) account(book string, a ledger.Account) (string, error) {
	return name(book, a, [5]string{"Assets", "Liabilities", "Income", "Expenses", "Equity"}, beancountPart)
}

// Head implements Renderer.
func (bc beancount) Head(w io.Writer, b *Books) error {
	commodities, err := b.commodities()
	if err != nil {
		return err
	}
	var out strings.Builder
	fmt.Fprintf(&out, "; Books of Concord at chain %d, block %d of the journal. Check: bean-check FILE\n", b.At.Chain, b.At.Block)
	for _, c := range commodities {
		if c != string(TokenUnits) {
			fmt.Fprintf(&out, "option \"operating_currency\" \"%s\"\n", c)
		}
	}
	out.WriteString("option \"inferred_tolerance_multiplier\" \"0\"\nplugin \"beancount.plugins.noduplicates\"\n")
	last := ""
	for i := range b.balances {
		x := &b.balances[i]
		account, err := bc.account(x.Book, x.Account)
		if err != nil {
			return err
		}
		if account != last { // once, whatever it holds
			fmt.Fprintf(&out, "%s open %s\n", date(b.first), account)
			fmt.Fprintf(&out, "  book: \"%s\"\n  account: \"%s\"\n", tagValue(x.Book), tagValue(string(x.Account)))
		}
		last = account
	}
	_, err = io.WriteString(w, out.String())
	return err
}

// Transaction implements Renderer.
func (bc beancount) Transaction(w io.Writer, t *Transaction) error {
	out := append([]byte{'\n'}, date(t.Day)...)
	out = fmt.Appendf(out, " * \"%s\" \"%s\"", tagValue(t.Book), tagValue(t.title()))
	if t.Entry != "" {
		out = append(append(out, " ^"...), link(t.Entry, t.Part)...)
	}
	out = metadata(append(out, '\n'), "  ", "agreement", t.Agreement, "customer", t.Customer, "entry", t.Entry, "part", t.part(), "instant", t.instant())
	for i := range t.Postings {
		p := &t.Postings[i]
		account, err := bc.account(t.Book, p.Account)
		if err != nil {
			return err
		}
		out = fmt.Appendf(out, "  %s  ", account)
		if out, err = p.Amount.AppendText(out); err != nil {
			return err
		}
		out = append(fmt.Appendf(out, " %s", t.Currency), '\n')
		out = metadata(out, "    ", "clause", p.Clause, "cloud", p.Cloud, "product", p.Product, "stream", p.Stream, "transactions", p.count())
	}
	_, err := w.Write(out)
	return err
}

// Foot implements Renderer. A balance holds at the start of its day: the one after the last.
func (bc beancount) Foot(w io.Writer, b *Books) error {
	var out strings.Builder
	out.WriteByte('\n')
	for i := range b.balances {
		x := &b.balances[i]
		account, err := bc.account(x.Book, x.Account)
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "%s balance %s  %s ~ 0 %s\n", date(b.last+1), account, x.Amount, x.Currency)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// metadata writes a line for each key that has a value.
func metadata(out []byte, indent string, pairs ...string) []byte {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = fmt.Appendf(out, "%s%s: \"%s\"\n", indent, pairs[i], tagValue(pairs[i+1]))
		}
	}
	return out
}
