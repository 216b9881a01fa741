package ledger

// Check holds a transaction to the rules of the books by itself: every account is one of the table and stands with its own
// subject; what each clause posted to each book sums to zero; only allowed accounts meet; and what one party owes another
// stands in both books, equal and opposite. Whatever Post returns passes.
func (t *Transaction) Check() error {
	s := State{lines: newLines()}
	for _, p := range t.Postings {
		ln, err := s.lines.get(p, t.CurrencyOf(&p))
		if err != nil {
			return err
		}
		s.work.posted = append(s.work.posted, posted{ln, ln.on(p.Day), p.Amount})
	}
	return s.check()
}
