package agreementfile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"concord/agreement"
	"concord/money"
)

// agreement reads the whole document.
func (r *reader) agreement(n ast.Node) *agreement.Agreement {
	a := &agreement.Agreement{Conflicts: agreement.Invalid}
	o := r.object(n, "an agreement")
	if o == nil {
		return a
	}
	a.Pos = o.pos
	if v, ok := o.need("concord", "write concord: 1"); ok {
		if s, _ := text(v.node); s != "1" {
			v.report("version", "write concord: 1", "this program reads version 1 of the format, not %s", describe(v.node))
		}
	}
	if v, ok := o.need("agreement", "write agreement: NAME"); ok {
		a.Name, a.Pos = v.id(), v.pos
	}
	if v, ok := o.take("title"); ok {
		a.Title = v.text()
	}
	if v, ok := o.take("policy"); ok {
		a.Policy = v.id()
	}
	if v, ok := o.need("currency", "write currency: USD"); ok {
		a.Currency = v.currency()
	}
	r.currency, r.zone = a.Currency, time.UTC
	if v, ok := o.need("zone", "write zone: America/Los_Angeles, or the zone in which days begin"); ok {
		a.Zone = v.zone()
		r.zone = a.Zone
	}
	if v, ok := o.take("conflicts"); ok {
		a.Conflicts = word(v, agreement.Invalid, agreement.Permit, agreement.Prohibit)
	}
	if v, ok := o.need("parties", "write parties: {openai: {name: OpenAI, operates: [openai]}}"); ok {
		a.Parties = r.parties(v)
	}
	if v, ok := o.take("products"); ok {
		a.Products = r.products(v)
	}
	o.each("settlement", "a settlement", func(s *object) { a.Settlement = append(a.Settlement, s.settlement()) })
	o.each("opening", "an opening", func(s *object) { a.Openings = append(a.Openings, s.opening()) })
	if _, ok := o.need("amendments", "write amendments: with the agreement's start as the first one"); ok {
		o.each("amendments", "an amendment", func(s *object) { a.Amendments = append(a.Amendments, s.amendment()) })
	}
	if a.Policy != "" {
		r.policyOrder(a)
	}
	o.each("facts", "a fact", func(s *object) { a.Facts = append(a.Facts, s.fact()) })
	o.done()
	return a
}

// policyOrder refuses what is not a customer's to say: a policy narrows, and orders by groups within what is permitted.
func (r *reader) policyOrder(a *agreement.Agreement) {
	for _, m := range a.Amendments {
		for _, c := range slices.Concat(m.Adds, m.Replaces) {
			d, ok := c.(*agreement.Delivery)
			if ok && (d.Within.Rule != "declared" || d.FirstShip != nil || d.Refusal != nil) {
				r.report("policy-field", d.Pos, "write order: [[...], [...]] and leave_for, or clouds: [...], and leave the rest to the agreements",
					"within, first_ship and first_refusal are for agreements, and %s is part of a policy", d.ID)
			}
		}
	}
}

// each reads a list of mappings.
func (o *object) each(name, what string, read func(*object)) {
	v, ok := o.take(name)
	if !ok {
		return
	}
	for _, item := range v.items("{...}") {
		s := o.r.object(item.node, what)
		if s == nil {
			continue
		}
		s.path = name
		read(s)
		s.done()
	}
}

func (v value) currency() money.Currency {
	s, _ := text(v.node)
	if len(s) != 3 || strings.ToUpper(s) != s || !validID(s) {
		v.report("currency", "write a code like USD", "currency is not a currency code: %s", describe(v.node))
		return ""
	}
	return money.Currency(s)
}

// zone reads an IANA zone. "Local" is refused: an agreement means the same on every machine.
func (v value) zone() *time.Location {
	s, _ := text(v.node)
	z, err := time.LoadLocation(s)
	if err != nil || s == "" || s == "Local" {
		v.report("zone", "write a zone like America/Los_Angeles or UTC", "%s of %s is not a time zone: %s", v.name, v.o.what, describe(v.node))
		return time.UTC
	}
	return z
}

func (r *reader) parties(v value) (parties []agreement.Party) {
	r.named(v, "a party", func(id string, o *object) {
		p := agreement.Party{ID: id, Pos: o.pos}
		if v, ok := o.take("name"); ok {
			p.Name = v.text()
		}
		if v, ok := o.take("operates"); ok {
			p.Operates = v.ids()
		}
		parties = append(parties, p)
	})
	return parties
}

func (r *reader) products(v value) (products []agreement.Product) {
	r.named(v, "a product", func(id string, o *object) {
		p := agreement.Product{ID: id, Pos: o.pos}
		owner, _, ok := strings.Cut(id, "/")
		if !ok {
			r.report("bad-id", o.pos, "write OWNER/MODEL", "a product is named by its owner and its model, and %q has no owner", id)
		}
		p.Owner = owner
		if v, ok := o.take("owner"); ok {
			if p.Owner = v.id(); p.Owner != owner && p.Owner != "" {
				v.report("bad-id", "write owner: "+owner+", or name the product "+p.Owner+"/...", "the owner of %s is %s by its name and %s by its field", id, owner, p.Owner)
			}
		}
		if v, ok := o.take("aliases"); ok {
			p.Aliases = v.ids()
		}
		if v, ok := o.take("apis"); ok {
			p.APIs = wordsOf(v, apis()...)
		}
		if v, ok := o.take("state"); ok {
			p.State = word(v, "stateless", "stateful")
		}
		if v, ok := o.take("open_weights"); ok {
			p.OpenWeights = v.id()
		}
		products = append(products, p)
	})
	return products
}

func apis() []agreement.API {
	return []agreement.API{agreement.Chat, agreement.Responses, agreement.Embeddings, agreement.Completions,
		agreement.Images, agreement.Audio, agreement.Moderations}
}

// named reads a mapping from ids to mappings.
func (r *reader) named(v value, what string, read func(id string, o *object)) {
	names := v.o.r.object(v.node, v.name)
	if names == nil {
		return
	}
	for _, e := range names.entries {
		o := r.object(e.node, what)
		if o == nil {
			continue
		}
		o.pos, o.path = e.pos, v.name
		if !validID(e.name) {
			r.report("bad-id", e.pos, "use letters, digits and . _ / - only, beginning with a letter or digit", "%s cannot be named %q", what, short(e.name))
		}
		read(e.name, o)
		o.done()
	}
}

func (o *object) settlement() agreement.Settlement {
	s := agreement.Settlement{Pos: o.pos, Zone: o.r.zone, RoundScale: 2}
	if v, ok := o.need("between", "write between: [PARTY, PARTY]"); ok {
		ids := v.ids()
		if len(ids) != 2 {
			v.report("wrong-type", "name two parties", "a settlement is between two parties, not %d", len(ids))
		} else {
			s.Between = [2]string(ids)
		}
	}
	if v, ok := o.need("period", "write period: month"); ok {
		s.Period = word(v, "month", "quarter", "year")
	}
	if v, ok := o.take("zone"); ok {
		s.Zone = v.zone()
	}
	for name, days := range map[string]*int{"grace": &s.GraceDays, "due": &s.DueDays, "deemed_accepted": &s.DeemedAccepted} {
		if v, ok := o.take(name); ok {
			*days = v.days()
		}
	}
	if v, ok := o.take("net"); ok {
		s.Net = v.bool()
	}
	if v, ok := o.take("minimum"); ok {
		s.Minimum = v.amount()
	}
	if v, ok := o.take("rounding"); ok {
		v.rounding(&s)
	}
	if v, ok := o.take("interest"); ok {
		v.interest(&s)
	}
	return s
}

func (v value) rounding(s *agreement.Settlement) {
	o := v.object("a rounding")
	if o == nil {
		return
	}
	if v, ok := o.take("scale"); ok {
		s.RoundScale = int(v.int(0, money.Scale))
	}
	if v, ok := o.take("mode"); ok {
		switch word(v, "half-even", "half-up", "down") {
		case "half-up":
			s.RoundMode = money.HalfUp
		case "down":
			s.RoundMode = money.Down
		}
	}
	o.done()
}

func (v value) interest(s *agreement.Settlement) {
	o := v.object("an interest")
	if o == nil {
		return
	}
	if v, ok := o.need("rate", `write rate: "10%"`); ok {
		s.InterestRate = v.rate()
	}
	if v, ok := o.need("day_count", "write day_count: actual/365"); ok {
		s.InterestBasis = word(v, "actual/365", "actual/360", "30/360")
	}
	o.done()
}

func (o *object) opening() agreement.Opening {
	p := agreement.Opening{Pos: o.pos, Provenance: agreement.Assumed}
	if v, ok := o.need("clause", "name the clause whose totals these are"); ok {
		p.Clause = v.id()
	}
	if v, ok := o.need("as_of", "write the instant at which the totals stood so"); ok {
		p.AsOf = v.instant()
	}
	amounts := []struct {
		name string
		to   *money.Amount
	}{{"base", &p.Base}, {"uncapped", &p.Uncapped}, {"capped", &p.Capped}, {"stated", &p.Stated}, {"paid", &p.Paid}}
	for _, a := range amounts {
		if v, ok := o.take(a.name); ok {
			*a.to = v.amount()
		}
	}
	if v, ok := o.take("provenance"); ok {
		p.Provenance = v.provenance()
	}
	return p
}

func (o *object) source(name string) (s agreement.Source) {
	v, ok := o.take(name)
	if !ok {
		return s
	}
	src := o.r.object(v.node, "a source")
	if src == nil {
		return s
	}
	src.path = name
	if v, ok := src.take("url"); ok {
		s.URL = v.text()
	}
	if v, ok := src.take("provenance"); ok {
		s.Provenance = v.provenance()
	}
	src.done()
	return s
}

func (o *object) amendment() agreement.Amendment {
	m := agreement.Amendment{Pos: o.pos}
	if v, ok := o.need("id", "name the amendment, for instance by its date"); ok {
		m.ID = v.id()
	}
	if v, ok := o.take("title"); ok {
		m.Title = v.text()
	}
	if v, ok := o.need("effective", "write the day on which it takes effect"); ok {
		m.Effective = v.instant()
	}
	if v, ok := o.take("recorded"); ok {
		m.Recorded = v.instant()
	}
	if v, ok := o.take("after"); ok {
		m.After = v.id()
	}
	m.Source = o.source("source")
	m.Adds = o.clauses("adds")
	m.Replaces = o.clauses("replaces")
	if v, ok := o.take("ends"); ok {
		for _, item := range v.items("CLAUSE-ID") {
			m.Ends = append(m.Ends, agreement.EndedClause{ID: item.id(), Pos: item.pos})
		}
	}
	return m
}

func (o *object) fact() agreement.Fact {
	f := agreement.Fact{Pos: o.pos, Provenance: agreement.Assumed}
	names := []struct {
		name string
		to   *string
	}{{"id", &f.ID}, {"product", &f.Product}, {"cloud", &f.Cloud}, {"milestone", &f.Milestone}, {"offer", &f.Offer}, {"by", &f.By}}
	for _, n := range names {
		if v, ok := o.take(n.name); ok {
			*n.to = v.id()
		}
	}
	if v, ok := o.need("kind", "write kind: ships"); ok {
		f.Kind = word(v, agreement.Ships, agreement.Retires, agreement.CannotSupport, agreement.Declines, agreement.Offers,
			agreement.Accepts, agreement.Grants, agreement.Declares, agreement.Verifies, agreement.Revokes)
	}
	if v, ok := o.need("on", "write the day on which it happened"); ok {
		f.On = v.instant()
	}
	if v, ok := o.take("recorded"); ok {
		f.Recorded = v.instant()
	}
	if v, ok := o.take("withdrawn"); ok {
		f.Withdrawn = v.instant()
	}
	if v, ok := o.take("evidence"); ok {
		f.Evidence = v.text()
	}
	if v, ok := o.take("provenance"); ok {
		f.Provenance = v.provenance()
	}
	for _, name := range factNeeds(f.Kind) {
		if !o.has(name) {
			o.r.report("missing-field", o.pos, fmt.Sprintf("write %s: ...", name), "a fact of kind %s has no %q", f.Kind, name)
		}
	}
	return f
}

// factNeeds lists the fields without which a fact of a kind says nothing.
func factNeeds(kind agreement.FactKind) []string {
	switch kind {
	case agreement.Ships, agreement.Retires, agreement.CannotSupport:
		return []string{"id", "by", "product", "cloud"}
	case agreement.Offers, agreement.Accepts:
		return []string{"id", "by", "offer"}
	case agreement.Declares, agreement.Verifies:
		return []string{"id", "by", "milestone"}
	}
	return []string{"id", "by"}
}
