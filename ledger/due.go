package ledger

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"concord/journal"
	"concord/money"
)

// dueKey names what one party owes another under a clause, in one currency.
type dueKey struct {
	clauseKey
	payer, payee string
	currency     money.Currency
}

func (k dueKey) compare(o dueKey) int {
	return cmp.Or(k.clauseKey.compare(o.clauseKey), cmp.Compare(k.payer, o.payer), cmp.Compare(k.payee, o.payee),
		cmp.Compare(k.currency, o.currency))
}

// dueTotals are what became of it so far.
type dueTotals struct {
	stated   money.Amount // by statements
	atOnce   money.Amount // due without a statement: interest, shortfalls, guarantees
	paid     money.Amount // of both; credits count
	advanced money.Amount // given ahead
	earned   money.Amount // accrued since an advance was given; as far as that goes, it is recouped
}

// A due is the running state of what one party owes another under a clause: only where more than usage touched it.
type due struct {
	key dueKey
	dueTotals
	pair int32 // of its accrued accounts
}

// open returns what is due and not paid.
func (t dueTotals) open() (money.Amount, error) {
	due, err := t.stated.Add(t.atOnce)
	if err != nil {
		return due, err
	}
	return due.Sub(t.paid)
}

// recouped returns how much of the advances was earned.
func (t dueTotals) recouped() money.Amount { return clamp(t.earned, t.advanced) }

// dueOf returns the running state of k, a new one if need be. A new one leaves no trace until it is changed.
func (s *State) dueOf(k dueKey) *due {
	d, ok := s.dues[k]
	if !ok {
		d = &due{key: k, pair: intern(s.lines.pairs, pairKey{payer: k.payer, payee: k.payee, subject: k.clause,
			branch: "accrued", agreement: k.agreement, currency: k.currency})}
		s.dues[k] = d
	}
	return d
}

// add raises one of a due's totals, or lowers it.
func (w *work) add(to *money.Amount, amount money.Amount) error {
	sum, err := to.Add(amount)
	if err == nil {
		w.set(to, sum)
	}
	return err
}

// accrues reports whether what an entry posts to payable:accrued is earned or taken back; else it is paid, stated or credited.
func accrues(body journal.Body) bool {
	switch b := body.(type) {
	case *journal.Payment, *journal.Close:
		return false
	case *journal.Credit:
		return b.Origin.Customer != ""
	case *journal.Fee:
		return b.Name != FeeGuarantee && b.Name != FeeUnearned
	}
	return true
}

// recoup pays what this entry accrues out of what was given ahead for it, until that is used up; what shrinks gives it back
// (BOOKS: "guarantee advance, then earned").
func (s *State) recoup() error {
	w := &s.work
	for i := range len(w.posted) {
		p := w.posted[i]
		d, ok := s.advanced[p.line.pair]
		if !ok || d.advanced.IsZero() || p.line.kinds&kindAccrued == 0 || p.line.Book != d.key.payer {
			continue
		}
		before := d.recouped()
		if err := w.add(&d.earned, p.amount.Neg()); err != nil { // a payable is a credit
			return err
		}
		amount, err := d.recouped().Sub(before)
		if err != nil {
			return err
		}
		if err := s.useAdvance(d.key, p.cell.day, amount); err != nil {
			return err
		}
	}
	return nil
}

// useAdvance lowers what is accrued and what was given ahead, on the day of what it pays.
func (s *State) useAdvance(k dueKey, day int32, amount money.Amount) error {
	if amount.IsZero() {
		return nil
	}
	for _, p := range [...]struct {
		book    string
		account Account
		amount  money.Amount
	}{
		{k.payer, AccruedPayable(k.payee, k.clause), amount}, {k.payer, Prepaid(k.payee, k.clause), amount.Neg()},
		{k.payee, Deferred(k.payer, k.clause), amount}, {k.payee, AccruedReceivable(k.payer, k.clause), amount.Neg()},
	} {
		to, err := s.spot(s.agreementOf(k.agreement), Posting{Book: p.book, Account: p.account, Clause: k.clause}, k.currency)
		if err != nil {
			return err
		}
		s.work.posted = append(s.work.posted, posted{to.line, to.line.on(day), p.amount})
	}
	return nil
}

// The forms in which something is owed or given ahead.
const (
	accruedBranch = iota
	statedBranch
	prepaidBranch
)

// side returns the accounts of payer and payee of a form.
func (k dueKey) side(branch int) (payer, payee Account) {
	switch branch {
	case statedBranch:
		return StatedPayable(k.payee, k.clause), StatedReceivable(k.payer, k.clause)
	case prepaidBranch:
		return Prepaid(k.payee, k.clause), Deferred(k.payer, k.clause)
	}
	return AccruedPayable(k.payee, k.clause), AccruedReceivable(k.payer, k.clause)
}

// settle lowers what is owed in one form and raises it in another, in both books.
func (s *State) settle(posted int64, k dueKey, from, to int, amount money.Amount) error {
	payerFrom, payeeFrom := k.side(from)
	payerTo, payeeTo := k.side(to)
	return s.move(posted, k, place{}, amount, payerFrom, payerTo, payeeTo, payeeFrom)
}

// place is what else a posting says of where it belongs.
type place struct{ cloud, product, stream string }

// move posts an amount to the debit of one account of the payer and to the credit of another, and the same in the payee's
// book.
func (s *State) move(posted int64, k dueKey, at place, amount money.Amount, debit, credit, payeeDebit, payeeCredit Account) error {
	for _, p := range []struct {
		book    string
		account Account
		amount  money.Amount
	}{{k.payer, debit, amount}, {k.payer, credit, amount.Neg()}, {k.payee, payeeDebit, amount}, {k.payee, payeeCredit, amount.Neg()}} {
		if err := s.putAt(posted, k, at, p.book, p.account, p.amount); err != nil {
			return err
		}
	}
	return nil
}

// putAt adds a posting of a clause to the transaction.
func (s *State) putAt(posted int64, k dueKey, at place, book string, a Account, amount money.Amount) error {
	to, err := s.spot(s.agreementOf(k.agreement), Posting{Book: book, Account: a, Clause: k.clause, Cloud: at.cloud,
		Product: at.product, Stream: at.stream}, k.currency)
	if err != nil {
		return err
	}
	s.put(posted, to, amount)
	if to.line.kinds&kindShare == 0 {
		return nil
	}
	return s.noteAside(posted, to, amount)
}

// A Due is what one party owes another under a clause, as far as more than usage touched it.
type Due struct {
	Agreement, Clause string
	Payer, Payee      string
	Currency          money.Currency
	Stated            money.Amount // by statements
	AtOnce            money.Amount // due without a statement: interest, shortfalls, guarantees
	Paid              money.Amount // of both; credits count
	Advanced          money.Amount // given ahead
	Recouped          money.Amount // of what was given ahead: earned since
}

// Dues returns what is stated, paid and given ahead, in canonical order.
func (s *State) Dues() []Due {
	var all []Due
	for _, d := range s.sortedDues() {
		all = append(all, Due{d.key.agreement, d.key.clause, d.key.payer, d.key.payee, d.key.currency, d.stated, d.atOnce, d.paid,
			d.advanced, d.recouped()})
	}
	return all
}

// sortedDues returns the dues that hold something.
func (s *State) sortedDues() []*due {
	all := slices.DeleteFunc(slices.Collect(maps.Values(s.dues)), func(d *due) bool { return d.dueTotals == dueTotals{} })
	slices.SortFunc(all, func(a, b *due) int { return a.key.compare(b.key) })
	return all
}

// hasClause checks that a clause stands in a document; a cloud's capacity as such is of no agreement.
func (s *State) hasClause(k clauseKey, c money.Currency) error {
	f, ok := s.clauses[k]
	switch {
	case k.agreement == "" && k.clause != "":
		return nil
	case !ok:
		return fmt.Errorf("no document of the journal has the clause %q of the agreement %q", k.clause, k.agreement)
	case f.Agreement.Currency != c:
		return fmt.Errorf("clause %s of %s is in %s, this is in %q", k.clause, k.agreement, f.Agreement.Currency, c)
	}
	return nil
}
