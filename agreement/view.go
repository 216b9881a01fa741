package agreement

import (
	"encoding/hex"
	"time"

	"concord/money"
)

// View is terms in the stable form that commands print as JSON: instants in RFC 3339, amounts and rates as strings.
type View struct {
	Hash    string       `json:"hash"`
	From    string       `json:"from,omitempty"`
	Until   string       `json:"until,omitempty"`
	Clauses []ClauseView `json:"clauses"`
	Facts   []FactView   `json:"facts"`
}

// ClauseView is one clause in force.
type ClauseView struct {
	Agreement   string            `json:"agreement"`
	ID          string            `json:"id"`
	Kind        string            `json:"kind"`
	Amendment   string            `json:"amendment"`
	Since       string            `json:"since"`
	Until       string            `json:"until,omitempty"`
	Ends        string            `json:"ends"`
	Provenance  Provenance        `json:"provenance"`
	Fields      map[string]string `json:"field_provenance,omitempty"`
	Source      string            `json:"source,omitempty"`
	Prose       string            `json:"prose,omitempty"`
	Description string            `json:"description"`
	When        string            `json:"when,omitempty"`
	Terms       any               `json:"terms"`
	Place       string            `json:"place,omitempty"`
	Priority    int               `json:"priority,omitempty"`
	Retro       string            `json:"retro,omitempty"`
	Continues   string            `json:"continues,omitempty"`
	Survives    []string          `json:"survives,omitempty"`
	Unsettled   []GapView         `json:"not_settled_yet,omitempty"`
}

// FactView is a fact that has happened.
type FactView struct {
	Agreement  string     `json:"agreement"`
	ID         string     `json:"id"`
	Kind       FactKind   `json:"kind"`
	Product    string     `json:"product,omitempty"`
	Cloud      string     `json:"cloud,omitempty"`
	Milestone  string     `json:"milestone,omitempty"`
	Offer      string     `json:"offer,omitempty"`
	On         string     `json:"on"`
	By         string     `json:"by"`
	Evidence   string     `json:"evidence,omitempty"`
	Provenance Provenance `json:"provenance"`
}

// String returns the hash in hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// View returns the terms for printing.
func (t *Terms) View() View {
	v := View{Hash: t.hash.String(), From: stamp(t.from), Until: stamp(t.until), Clauses: []ClauseView{}, Facts: []FactView{}}
	for _, f := range t.clauses {
		v.Clauses = append(v.Clauses, f.view())
	}
	for _, f := range t.facts {
		v.Facts = append(v.Facts, FactView{f.agreement.Name, f.ID, f.Kind, f.Product, f.Cloud, f.Milestone, f.Offer, stamp(f.On), f.By, f.Evidence, f.Provenance})
	}
	return v
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func (f InForce) view() ClauseView {
	h := f.Clause.Head()
	v := ClauseView{
		Agreement: f.Agreement.Name, ID: h.ID, Kind: KindOf(f.Clause), Amendment: f.Amendment.ID, Since: stamp(f.begins()),
		Until: stamp(h.End.Until), Ends: h.End.words(f.Agreement), Provenance: f.Provenance(""), Source: f.Source().URL, Prose: h.Prose,
		Description: Describe(f), When: h.When, Place: h.Pos.String(),
		Priority: h.Priority, Retro: h.Retro, Continues: h.Continues, Survives: h.Survives, Unsettled: h.gapViews(),
	}
	for _, p := range h.FieldProv {
		if v.Fields == nil {
			v.Fields = map[string]string{}
		}
		v.Fields[p.Field] = string(p.Provenance)
	}
	switch c := f.Clause.(type) {
	case *Delivery:
		v.Terms = c.view()
	case *License:
		v.Terms = c.view()
	case *Sale:
		v.Terms = c.view()
	case *RevenueShare:
		v.Terms = c.view()
	case *Commitment:
		v.Terms = c.view()
	case *Milestone:
		v.Terms = fields{"name": c.Name, "declares": c.Declares, "verifies": c.Verifies}.set()
	}
	return v
}

// fields are the terms of a clause under the names that the file gives them; set drops those that say nothing.
type fields map[string]any

func (m fields) set() fields {
	for name, v := range m {
		switch v := v.(type) {
		case string:
			if v == "" {
				delete(m, name)
			}
		case []string:
			if len(v) == 0 {
				delete(m, name)
			}
		case fields:
			if len(v) == 0 {
				delete(m, name)
			}
		case nil:
			delete(m, name)
		}
	}
	return m
}

func (m *Match) view() fields { return fields{"match": m.Match, "except": m.Except}.set() }

func (t *Territory) view() fields {
	return fields{"customer": t.Customer, "processing": t.Processing}.set()
}

func (d *Delivery) view() fields {
	m := fields{"products": d.Products.view(), "customers": d.Customers, "apis": plain(d.APIs), "states": d.States, "mode": d.Mode, "order": d.Order,
		"within": d.Within.Rule, "choice": d.Choice, "territory": d.Territory.view()}
	if len(d.Within.Weights) > 0 {
		weights := fields{}
		for _, w := range d.Within.Weights {
			weights[w.Cloud] = w.Weight
		}
		m["weights"] = weights
	}
	if f := d.FirstShip; f != nil {
		m["first_ship"] = fields{"cloud": f.Cloud, "lead_days": f.LeadDays, "logic": f.Logic, "exception": plain(f.Exception), "applies_to": f.AppliesTo}.set()
	}
	if r := d.Refusal; r != nil {
		m["first_refusal"] = fields{"holder": r.Holder, "for": r.For, "window_days": r.Window, "silence": r.Silence}
	}
	m.set()
	if d.LeaveFor != nil {
		m["leave_for"] = plain(d.LeaveFor)
	}
	return m
}

func (l *License) view() fields {
	m := fields{"licensor": l.Licensor, "licensee": l.Licensee, "products": l.Products.view(), "rights": plain(l.Rights), "clouds": l.Clouds,
		"territory": l.Territory.view(), "exclusivity": l.Exclusivity, "reserved": plain(l.Reserved)}
	if l.Fee != nil {
		m["fee"] = fields{"amount": l.Fee.Amount.String(), "per": l.Fee.Per, "stream": l.Fee.Stream, "prorate": l.Fee.Prorate}.set()
	}
	return m.set()
}

func (c *Sale) view() fields {
	streams := fields{}
	for _, s := range c.Streams {
		streams[s.Name] = s.Part.String()
	}
	return fields{"seller": c.Seller, "products": c.Products.view(), "clouds": c.Clouds, "book": c.Book, "discount": optional(c.Discount), "tax": optional(c.Tax),
		"streams": streams, "charge": fields{"cut": string(c.Charge.Cut), "cancelled": string(c.Charge.Cancelled), "refused": string(c.Charge.Refused),
			"failed": string(c.Charge.Failed), "interrupted": string(c.Charge.Interrupted)}}.set()
}

func optional(r money.Rate) string {
	if r.Sign() == 0 {
		return ""
	}
	return r.String()
}

func (c *RevenueShare) view() fields {
	payees := fields{}
	for _, p := range c.Payees {
		payees[p.Party] = p.Part.String()
	}
	b := &c.Base
	m := fields{"payer": c.Payer, "payees": payees, "rate": optional(c.Rate), "negative": c.Negative,
		"base": fields{"revenue_of": b.RevenueOf, "from": b.From, "except_from": b.ExceptFrom, "streams": b.Streams, "clouds": b.Clouds,
			"products": b.Products.view(), "amount": b.Amount}.set()}
	if len(c.Caps) > 0 {
		caps := make([]fields, len(c.Caps))
		for i, k := range c.Caps {
			caps[i] = fields{"amount": k.Amount.String(), "per": k.Per, "counts_from": stamp(k.CountsFrom), "excess": k.Excess}.set()
		}
		m["caps"] = caps
	}
	if t := c.Tiers; t != nil {
		steps := make([]fields, len(t.Steps))
		for i, s := range t.Steps {
			steps[i] = fields{"rate": s.Rate.String()}
			if i < len(t.Steps)-1 {
				steps[i]["up_to"] = s.UpTo.String()
			}
		}
		m["tiers"] = fields{"mode": t.Mode, "reset": t.Reset, "steps": steps}
	}
	if g := c.Guarantee; g != nil {
		m["guarantee"] = fields{"amount": g.Amount.String(), "per": g.Per, "due": g.Due, "recoupable": g.Recoupable, "cross_period": g.CrossPeriod}.set()
	}
	if c.Stack {
		m["stack"] = true
	}
	c.viewCorrections(m)
	return m.set()
}

func (c *Commitment) view() fields {
	m := fields{"buyer": c.Buyer, "seller": c.Seller, "amount": c.Amount.String(), "window_from": stamp(c.WindowFrom), "window_until": stamp(c.WindowUntil),
		"counts":      fields{"amount": c.Counts.Amount, "streams": c.Counts.Streams, "clouds": c.Counts.Clouds, "products": c.Counts.Products.view()}.set(),
		"sub_windows": c.SubWindows, "shortfall": c.Shortfall}
	if c.CarryOver {
		m["carry_over"] = true
	}
	if c.Prepaid {
		m["prepaid"] = true
	}
	return m.set()
}
