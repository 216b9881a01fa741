package focus

import (
	"cmp"
	"fmt"

	"concord/agreement"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/pricing"
	"concord/settlement"
)

// Due takes an entry that is not usage, and came at a position of the journal: a refund, a credit, an invoice or a fee, under the
// terms of its instant. Other entries are left alone.
func (x *Exporter) Due(e *journal.Entry, t *agreement.Terms, came journal.Cursor) error {
	switch b := e.Body.(type) {
	case *journal.Refund:
		if x.view == Sales {
			return x.refund(e, b, t, came)
		}
	case *journal.Invoice:
		if x.view == Sales {
			return x.invoiced(e, b, t, came)
		}
	case *journal.Credit:
		if sold := b.Origin.Customer != "" && b.Clause == ""; sold && x.view == Sales || !sold && x.view == Fees {
			return x.credit(e, b, t, came)
		}
	case *journal.Fee:
		if x.view == Fees || x.view == Statements && atOnce(b) {
			return x.fee(e, b, t, came)
		}
	}
	return nil
}

// originKey is what all rows of an entry that belongs to a sale have in common.
func (x *Exporter) originKey(e *journal.Entry, o *journal.Origin, t *agreement.Terms) rowKey {
	at := o.At
	if at == 0 {
		at = e.Time
	}
	at = start(at, hour)
	return rowKey{billing: month(e.Time), start: at, end: at + hour, account: o.Customer, accountName: x.name(o.Customer), currency: o.Currency, frequency: "One-Time",
		host: cmp.Or(o.Cloud, "Not Applicable"), service: owner(t, o.Product), provider: partyName(t, o.Seller), issuer: partyName(t, o.Seller),
		serviceName: cmp.Or(o.Product, "Agreement"), terms: t.Hash().String(), product: o.Product, entry: e.ID, skip: x.outside(e.Time)}
}

// streamsOf takes an amount apart by stream: as it says, else as the clause says.
func streamsOf(amount money.Amount, given []journal.StreamAmount, sale *agreement.Sale) ([]journal.StreamAmount, error) {
	if len(given) > 0 {
		return given, nil
	}
	var out []journal.StreamAmount
	err := split([]pricing.Line{{Quantity: 1, Unit: amount, Amount: amount}}, sale.Streams, func(_ *pricing.Line, stream string, cost, _ money.Amount) error {
		out = append(out, journal.StreamAmount{Stream: stream, Amount: cost})
		return nil
	})
	return out, err
}

// refund gives money back: as a Correction of an earlier month, as an Adjustment of its own.
func (x *Exporter) refund(e *journal.Entry, b *journal.Refund, t *agreement.Terms, came journal.Cursor) error {
	k, sale, err := x.soldKey(e, &b.Origin, t, came)
	if err != nil {
		return err
	}
	streams, err := streamsOf(b.Amount, b.Streams, sale)
	if err != nil {
		return err
	}
	draws := x.draws(t, b.Origin.Customer, b.Origin.Seller, b.Origin.Cloud, b.Origin.Product, true)
	if k.category = Adjustment; k.billing != month(k.start) {
		k.category, k.class = Usage, Correction
	}
	for _, s := range streams {
		k := k
		k.stream, k.sku = s.Stream, k.product+"/refund/"+s.Stream
		k.description = reasoned("Refund of "+k.product+", "+s.Stream+" part", b.Reason)
		applied, err := x.apply(draws, cmp.Or(b.Origin.At, e.Time), s.Stream, s.Amount.Neg())
		if err != nil {
			return err
		}
		if err := x.add(k, 0, s.Amount.Neg(), s.Amount.Neg(), 0, applied...); err != nil {
			return err
		}
	}
	if b.Tax.IsZero() {
		return nil
	}
	k.taxed()
	k.frequency = "One-Time"
	return x.add(k, 0, b.Tax.Neg(), b.Tax.Neg(), 0)
}

// soldKey finds the sale clause of an origin.
func (x *Exporter) soldKey(e *journal.Entry, o *journal.Origin, t *agreement.Terms, came journal.Cursor) (rowKey, *agreement.Sale, error) {
	in, sale, ok := t.Sale(o.Seller, o.Product, o.Cloud)
	if !ok {
		return rowKey{}, nil, fmt.Errorf("no sale clause lets %s sell %s on %s", o.Seller, o.Product, o.Cloud)
	}
	k := x.originKey(e, o, t)
	k.agreement, k.clause = in.Agreement.Name, sale.ID
	k.invoice = x.Closings.stand(k.agreement, o.Seller, o.Customer, e.Time, came, false).invoice
	return k, sale, nil
}

// invoiced is a sale of a plain amount: one of each of its streams.
func (x *Exporter) invoiced(e *journal.Entry, b *journal.Invoice, t *agreement.Terms, came journal.Cursor) error {
	k, sale, err := x.soldKey(e, &b.Origin, t, came)
	if err != nil {
		return err
	}
	streams, err := streamsOf(b.Amount, b.Streams, sale)
	if err != nil {
		return err
	}
	draws := x.draws(t, b.Origin.Customer, b.Origin.Seller, b.Origin.Cloud, b.Origin.Product, true)
	if k.category, k.invoice = Usage, cmp.Or(b.Number, k.invoice); k.billing != month(k.start) {
		k.class = Correction
	}
	for _, s := range streams {
		k := k
		k.stream, k.meter, k.unit, k.list = s.Stream, "invoice", "Invoices", s.Amount
		k.sku = k.product + "/invoice/" + s.Stream
		k.description = "Sale of " + k.product + ", " + s.Stream + " part"
		applied, err := x.apply(draws, cmp.Or(b.Origin.At, e.Time), s.Stream, s.Amount)
		if err != nil {
			return err
		}
		if err := x.add(k, 1, s.Amount, s.Amount, 0, applied...); err != nil {
			return err
		}
	}
	if b.Tax.IsZero() {
		return nil
	}
	k.taxed()
	k.frequency = "One-Time"
	return x.add(k, 0, b.Tax, b.Tax, 0)
}

// credit lowers what a customer or a party owes.
func (x *Exporter) credit(e *journal.Entry, b *journal.Credit, t *agreement.Terms, came journal.Cursor) error {
	k := x.originKey(e, &b.Origin, t)
	k.category, k.currency, k.account, k.accountName = Credit, b.Currency, b.To, x.party(t, b.To)
	k.provider, k.issuer, k.agreement, k.clause = partyName(t, b.From), partyName(t, b.From), b.Agreement, b.Clause
	k.description = reasoned("Credit", b.Reason)
	k.invoice = cmp.Or(b.Statement, x.Closings.stand(b.Agreement, b.From, b.To, e.Time, came, false).invoice)
	if k.billing != month(k.start) {
		k.class = Correction
	}
	return x.add(k, 0, b.Amount.Neg(), b.Amount.Neg(), 0)
}

// atOnce reports whether a fee is due without a statement: all others stand in the lines of one.
func atOnce(f *journal.Fee) bool {
	switch f.Name {
	case ledger.FeeShortfall, ledger.FeeInterest, ledger.FeeGuarantee:
		return true
	}
	return false
}

// fee is bought, unless it is interest. In the view of statements it stands on the statement that shows it.
func (x *Exporter) fee(e *journal.Entry, b *journal.Fee, t *agreement.Terms, came journal.Cursor) error {
	k := x.originKey(e, &b.Origin, t)
	k.category, k.currency, k.account, k.accountName = Purchase, b.Currency, b.Payer, x.party(t, b.Payer)
	k.provider, k.issuer, k.agreement, k.clause = partyName(t, b.Payee), partyName(t, b.Payee), b.Agreement, b.Clause
	k.description = reasoned("Fee "+b.Name, b.Reason)
	stands := x.Closings.stand(b.Agreement, b.Payer, b.Payee, e.Time, came, e.Source == settlement.Source)
	if k.invoice = stands.invoice; x.view == Statements {
		if k.invoice == "" {
			return nil
		}
		k.on(x, &stands.period)
	} else if stands.late {
		k.billing, k.skip = month(stands.shown), x.outside(stands.shown)
	}
	ends := cmp.Or(k.billed, nextMonth(k.billing))
	if b.From != 0 && b.Until > b.From && b.From >= k.billing && b.Until <= ends {
		k.start, k.end = b.From, b.Until
	}
	if k.start < k.billing || k.end > ends {
		k.class = Correction
	}
	if b.Name == ledger.FeeInterest || b.Amount.Sign() < 0 {
		k.category = Adjustment
		return x.add(k, 0, b.Amount, b.Amount, 0)
	}
	k.sku, k.meter, k.unit, k.list = b.Name+"/"+cmp.Or(b.Clause, b.Payee), b.Name, "Fees", b.Amount
	return x.add(k, 1, b.Amount, b.Amount, 0)
}

// party names a party, or a customer.
func (x *Exporter) party(t *agreement.Terms, id string) string {
	if _, ok := t.Party(id); ok {
		return partyName(t, id)
	}
	return x.name(id)
}

func reasoned(what, reason string) string {
	if reason == "" {
		return what
	}
	return what + ": " + reason
}
