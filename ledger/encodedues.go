package ledger

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"maps"
	"slices"

	"concord/journal"
	"concord/money"
)

// encodeMoney appends what entries that are not usage made of the state.
func (s *State) encodeMoney(b []byte) []byte {
	dues := s.sortedDues()
	b = binary.AppendUvarint(b, uint64(len(dues)))
	for _, d := range dues {
		for _, text := range []string{d.key.agreement, d.key.clause, d.key.payer, d.key.payee, string(d.key.currency)} {
			b = appendString(b, text)
		}
		for _, a := range []money.Amount{d.stated, d.atOnce, d.paid, d.advanced, d.earned} {
			b = appendAmount(b, a)
		}
	}
	refs := slices.SortedFunc(maps.Keys(s.given), compareRefs)
	b = binary.AppendUvarint(b, uint64(len(refs)))
	for _, r := range refs {
		b = append(b, byte(r.Kind))
		b = appendString(appendString(b, r.Source), r.ID)
		b = binary.AppendUvarint(b, uint64(r.Part))
		g := s.given[r]
		b = appendAmount(appendAmount(appendAmount(b, g.charged), g.back), g.tax)
	}
	series := slices.SortedFunc(maps.Keys(s.rates), rateKey.compare)
	b = binary.AppendUvarint(b, uint64(len(series)))
	for _, k := range series {
		b = appendString(appendString(appendString(b, k.source), string(k.from)), string(k.to))
		b = binary.AppendUvarint(b, uint64(len(s.rates[k])))
		for _, f := range s.rates[k] {
			b = appendInt64(b, f.at, f.value.Num, f.value.Den)
		}
	}
	statements := s.sortedStatements()
	b = binary.AppendUvarint(b, uint64(len(statements)))
	for _, st := range statements {
		b = st.encode(b)
	}
	return b
}

func (st *Standing) encode(b []byte) []byte {
	for _, text := range []string{st.Number, st.Agreement, st.Between[0], st.Between[1], st.Period, st.State, string(st.Currency)} {
		b = appendString(b, text)
	}
	b = appendInt64(b, int64(st.Version), st.From, st.Until, st.Issued, st.Due)
	b = append(b, st.Hash[:]...)
	b = binary.AppendUvarint(b, uint64(len(st.Lines)))
	for i := range st.Lines {
		l := &st.Lines[i]
		b = appendString(appendString(appendString(b, l.Clause), l.Payer), l.Payee)
		b = appendAmount(appendAmount(appendAmount(b, l.Amount), l.Paid), l.Disputed)
	}
	b = binary.AppendUvarint(b, uint64(len(st.Accepted)))
	for _, by := range st.Accepted {
		b = appendString(b, by)
	}
	return b
}

func appendInt64(b []byte, all ...int64) []byte {
	for _, n := range all {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return b
}

func compareRefs(a, b journal.Ref) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Source, b.Source), bytes.Compare([]byte(a.ID), []byte(b.ID)), cmp.Compare(a.Part, b.Part))
}

// money reads what encodeMoney wrote.
func (d *decoder) money(s *State) {
	for range d.count() {
		k := dueKey{clauseKey{d.text(), d.text()}, d.text(), d.text(), money.Currency(d.text())}
		due := s.dueOf(k)
		due.dueTotals = dueTotals{d.amount(), d.amount(), d.amount(), d.amount(), d.amount()}
		if !due.advanced.IsZero() {
			s.advanced[due.pair] = due
		}
	}
	for range d.count() {
		r := journal.Ref{Kind: journal.Kind(d.take(1)[0]), Source: d.text(), ID: d.text(), Part: uint32(d.uvarint())}
		s.given[r] = given{d.amount(), d.amount(), d.amount()}
	}
	for range d.count() {
		k := rateKey{d.text(), money.Currency(d.text()), money.Currency(d.text())}
		for range d.count() {
			s.rates[k] = append(s.rates[k], fixing{d.int64(), money.Rate{Num: d.int64(), Den: d.int64()}})
		}
	}
	for range d.count() {
		st := d.standing()
		s.statements[st.Number] = st
	}
}

func (d *decoder) standing() *Standing {
	st := &Standing{Number: d.text(), Agreement: d.text(), Between: [2]string{d.text(), d.text()}, Period: d.text(), State: d.text(),
		Currency: money.Currency(d.text())}
	st.Version, st.From, st.Until, st.Issued, st.Due = int(d.int64()), d.int64(), d.int64(), d.int64(), d.int64()
	st.Hash = journal.Hash(d.take(32))
	for range d.count() {
		st.Lines = append(st.Lines, StandingLine{d.text(), d.text(), d.text(), d.amount(), d.amount(), d.amount()})
	}
	for range d.count() {
		st.Accepted = append(st.Accepted, d.text())
	}
	return st
}
