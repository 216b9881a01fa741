package journal

import (
	"fmt"
	"math"

	"concord/money"
)

// appendDue appends the fields of a body of dues.go, in the order of their declaration; false if it is none.
func appendDue(b []byte, body Body) ([]byte, bool) {
	switch d := body.(type) {
	case *Refund:
		b = appendOrigin(b, &d.Origin)
		b = appendAmount(b, d.Amount)
		b = appendStreams(b, d.Streams)
		b = appendAmount(b, d.Tax)
		b = appendText(b, d.Reason)
	case *Credit:
		b = appendOrigin(b, &d.Origin)
		b = appendTexts(b, d.Agreement, d.Clause, d.From, d.To)
		b = appendAmount(b, d.Amount)
		b = appendTexts(b, string(d.Currency), d.Statement, d.Reason)
	case *Fee:
		b = appendFee(b, d)
	case *Payment:
		b = appendPayment(b, d)
	case *Invoice:
		b = appendOrigin(b, &d.Origin)
		b = appendAmount(b, d.Amount)
		b = appendStreams(b, d.Streams)
		b = appendAmount(b, d.Tax)
		b = appendText(b, d.Number)
	case *Rate:
		b = appendTexts(b, d.Source, string(d.From), string(d.To))
		b = appendTime(b, d.At)
		b = appendRatio(b, d.Value)
	case *Fact:
		b = appendText(b, d.Agreement)
		b = appendBytes(b, d.Text)
	case *Close:
		b = appendClose(b, d)
	case *Acceptance:
		b = appendText(b, d.Statement)
		b = appendBytes(b, d.Hash[:])
		b = appendText(b, d.By)
		b = appendBool(b, d.Deemed)
		b = appendText(b, d.Note)
	case *Dispute:
		b = appendText(b, d.Statement)
		b = appendBytes(b, d.Hash[:])
		b = appendTexts(b, d.By, d.Clause)
		b = appendAmount(b, d.Amount)
		b = appendTexts(b, string(d.Currency), d.Reason)
	case *Correction:
		b = appendOrigin(b, &d.Origin)
		b = appendNumber(b, int64(d.Attempt))
		b = appendText(b, d.What)
		b = appendLines(b, d.Was)
		b = appendLines(b, d.Now)
		b = appendUsage(b, &d.Usage)
		b = appendTexts(b, d.Holder, d.Reason, d.Cites)
	case *Merge:
		b = appendMerge(b, d)
	default:
		return b, false
	}
	return b, true
}

// checkDue refuses numbers that a reader would refuse.
func checkDue(b Body) error {
	switch b := b.(type) {
	case *Close:
		if err := checkCount("posted chain", b.At.Chain, "posted block", b.At.Block); err != nil {
			return err
		}
		return checkSmall("version of the statement", b.Version)
	case *Correction:
		return checkSmall("attempt", b.Attempt)
	case *Merge:
		for _, s := range b.Spans {
			if err := checkCount("first block", s.From, "last block", s.To); err != nil {
				return err
			}
		}
		return checkCount("merge", b.Number, "merge", 0)
	}
	return nil
}

func checkCount(one string, a uint64, other string, b uint64) error {
	if a > math.MaxInt64 {
		return fmt.Errorf("%s %d does not fit 63 bits", one, a)
	}
	if b > math.MaxInt64 {
		return fmt.Errorf("%s %d does not fit 63 bits", other, b)
	}
	return nil
}

func appendFee(b []byte, f *Fee) []byte {
	b = appendTexts(b, f.Name, f.Agreement, f.Clause, f.Payer, f.Payee)
	b = appendOrigin(b, &f.Origin)
	b = appendAmount(b, f.Amount)
	b = appendText(b, string(f.Currency))
	b = appendTime(b, f.From)
	b = appendTime(b, f.Until)
	return appendText(b, f.Reason)
}

func appendPayment(b []byte, p *Payment) []byte {
	b = appendTexts(b, p.From, p.To)
	b = appendAmount(b, p.Amount)
	b = appendAmount(b, p.Withheld)
	b = appendText(b, string(p.Currency))
	b, list := begin(b)
	for i := range p.Lines {
		l := &p.Lines[i]
		var item int
		b, item = begin(b)
		b = appendTexts(b, l.Agreement, l.Clause)
		b = appendAmount(b, l.Amount)
		b = appendAmount(b, l.Withheld)
		b = appendBool(b, l.Advance)
		b = end(b, item)
	}
	b = end(b, list)
	return appendTexts(b, p.Statement, p.Reference)
}

func appendClose(b []byte, c *Close) []byte {
	b = appendTexts(b, c.Agreement, c.Between[0], c.Between[1], c.Period)
	b = appendTime(b, c.From)
	b = appendTime(b, c.Until)
	b = appendText(b, c.Number)
	b = appendNumber(b, int64(c.Version))
	b, at := begin(b)
	b = appendNumber(b, int64(c.At.Chain))
	b = appendNumber(b, int64(c.At.Block))
	b = end(b, at)
	b = appendBytes(b, c.AtHash[:])
	b = appendText(b, string(c.Currency))
	b, list := begin(b)
	for i := range c.Lines {
		l := &c.Lines[i]
		var item int
		b, item = begin(b)
		b = appendTexts(b, l.Clause, l.Payer, l.Payee)
		b = appendAmount(b, l.Amount)
		b = end(b, item)
	}
	b = end(b, list)
	b = appendBytes(b, c.Statement)
	b = appendBytes(b, c.Hash[:])
	b, list = begin(b)
	for i := range c.Forms {
		var item int
		b, item = begin(b)
		b = appendText(b, c.Forms[i].Name)
		b = appendBytes(b, c.Forms[i].Hash[:])
		b = appendBytes(b, c.Forms[i].Bytes)
		b = end(b, item)
	}
	return end(b, list)
}

func appendMerge(b []byte, m *Merge) []byte {
	b = appendNumber(b, int64(m.Number))
	b, list := begin(b)
	for i := range m.Spans {
		s := &m.Spans[i]
		var item int
		b, item = begin(b)
		b = appendChain(b, s.Chain)
		b = appendNumber(b, int64(s.From))
		b = appendNumber(b, int64(s.To))
		b = end(b, item)
	}
	return end(b, list)
}

func appendOrigin(b []byte, o *Origin) []byte {
	b, group := begin(b)
	b, of := begin(b)
	b = appendByte(b, byte(o.Of.Kind))
	b = appendTexts(b, o.Of.Source, o.Of.ID)
	b = appendNumber(b, int64(o.Of.Part))
	b = end(b, of)
	b = appendBytes(b, o.Request[:])
	b = appendTime(b, o.At)
	b = appendBytes(b, o.Terms[:])
	b = appendBytes(b, o.Set[:])
	b = appendTexts(b, o.Customer, o.Seller, o.Product, o.Cloud)
	b = appendAmount(b, o.Charged)
	b = appendText(b, string(o.Currency))
	return end(b, group)
}

func appendStreams(b []byte, streams []StreamAmount) []byte {
	b, list := begin(b)
	for i := range streams {
		var item int
		b, item = begin(b)
		b = appendText(b, streams[i].Stream)
		b = appendAmount(b, streams[i].Amount)
		b = end(b, item)
	}
	return end(b, list)
}

func appendRatio(b []byte, r money.Rate) []byte {
	b, group := begin(b)
	b = appendNumber(b, r.Num)
	b = appendNumber(b, r.Den)
	return end(b, group)
}

func appendTexts(b []byte, texts ...string) []byte {
	for _, s := range texts {
		b = appendText(b, s)
	}
	return b
}
