package export

import (
	"fmt"
	"io"
	"strings"

	"concord/ledger"
	"concord/money"
)

// hledger writes what `hledger check --strict ordereddates` accepts. It balances a transaction to the decimals that the
// commodity declares, so all twelve are declared: an error of 10^-12 is found.
type hledger struct{}

func (hledger) account(book string, a ledger.Account) (string, error) {
	return name(book, a, [5]string{"assets", "liabilities", "revenues", "expenses", "equity"}, hledgerPart)
}

// Head implements Renderer.
func (h hledger) Head(w io.Writer, b *Books) error {
	commodities, err := b.commodities()
	if err != nil {
		return err
	}
	var out strings.Builder
	fmt.Fprintf(&out, "; Books of Concord at chain %d, block %d of the journal. Check: hledger -f FILE check --strict ordereddates\n", b.At.Chain, b.At.Block)
	out.WriteString("decimal-mark .\n")
	for _, c := range commodities {
		fmt.Fprintf(&out, "commodity %s 1000.%s\n", c, strings.Repeat("0", money.Scale))
	}
	for _, tag := range []string{"agreement", "customer", "entry", "part", "instant", "clause", "cloud", "product", "stream", "transactions"} {
		fmt.Fprintf(&out, "tag %s\n", tag)
	}
	last := ""
	for i := range b.balances {
		account, err := h.account(b.balances[i].Book, b.balances[i].Account)
		if err != nil {
			return err
		}
		if account != last { // once, whatever it holds
			fmt.Fprintf(&out, "account %s\n", account)
		}
		last = account
	}
	_, err = io.WriteString(w, out.String())
	return err
}

// Transaction implements Renderer.
func (h hledger) Transaction(w io.Writer, t *Transaction) error {
	out := append([]byte{'\n'}, date(t.Day)...)
	out = append(out, " * "...)
	if t.Entry != "" {
		out = fmt.Appendf(out, "(%s) ", tagValue(t.Entry))
	}
	out = fmt.Appendf(out, "%s | %s", tagValue(t.Book), tagValue(t.title()))
	out = tags(out, "agreement", t.Agreement, "customer", t.Customer, "entry", t.Entry, "part", t.part(), "instant", t.instant())
	for i := range t.Postings {
		p := &t.Postings[i]
		account, err := h.account(t.Book, p.Account)
		if err != nil {
			return err
		}
		out = fmt.Appendf(out, "    %s  %s ", account, t.Currency)
		if out, err = p.Amount.AppendText(out); err != nil {
			return err
		}
		out = tags(out, "clause", p.Clause, "cloud", p.Cloud, "product", p.Product, "stream", p.Stream, "transactions", p.count())
	}
	_, err := w.Write(out)
	return err
}

// Foot implements Renderer. One transaction of each book asserts what its accounts come to.
func (h hledger) Foot(w io.Writer, b *Books) error {
	var out strings.Builder
	book := ""
	for i := range b.balances {
		x := &b.balances[i]
		if i == 0 || x.Book != book {
			book = x.Book
			fmt.Fprintf(&out, "\n%s * %s | what every account comes to\n", date(b.last), tagValue(book))
		}
		account, err := h.account(x.Book, x.Account)
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "    %s  %s 0 = %s %s\n", account, x.Currency, x.Currency, x.Amount)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// tags ends a line with a comment of the tags that have a value.
func tags(out []byte, pairs ...string) []byte {
	before := "  ; "
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(append(append(append(out, before...), pairs[i]...), ':'), tagValue(pairs[i+1])...)
			before = ", "
		}
	}
	return append(out, '\n')
}
