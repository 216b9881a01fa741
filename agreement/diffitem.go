package agreement

import (
	"fmt"
	"slices"
	"strings"
)

// Nature says what a change is about.
type Nature string

// The natures of a change.
const (
	OfDelivery Nature = "delivery"
	OfLicense  Nature = "license"
	OfMoney    Nature = "money"
	OfRecord   Nature = "record" // milestones, facts, parties: what clauses refer to
	OfWording  Nature = "wording"
)

// An Item is one change as a reader of the agreement would tell it.
type Item struct {
	Title         string
	Before, After string
	Effect        []string
	Nature        Nature
	Couplings     []Coupling // empty: it moves nothing of another nature
	Clauses       []Ref
}

// A Coupling is how a change of one nature moves something of another.
type Coupling struct {
	To      Nature
	Through string // "check 3 (license) of amazon-aws-gpt54"
}

// Kind says what a change is about and what it moves beside that: "license", "coupled: license -> delivery, through check 3
// (license) of amazon-aws-gpt54".
func (i *Item) Kind() string {
	if len(i.Couplings) == 0 {
		return string(i.Nature)
	}
	parts := make([]string, len(i.Couplings))
	for n, c := range i.Couplings {
		parts[n] = fmt.Sprintf("%s -> %s, through %s", i.Nature, c.To, c.Through)
	}
	return "coupled: " + strings.Join(parts, "; ")
}

// noEffect is what a change that moves nothing says.
const noEffect = "no effect"

// telling turns changes into items.
type telling struct {
	from, to *Terms
	d        *Difference
	items    []Item
	told     map[Ref]bool // clauses that an item speaks of
}

func (w *telling) tell() {
	w.told = map[Ref]bool{}
	w.deliveries()
	for _, kind := range []string{"delivery", "license", "revenue-share", "commitment", "sale", "milestone"} {
		for i := range w.d.Clauses {
			c := &w.d.Clauses[i]
			if c.Kind == kind && c.How != Reworded && (!w.told[c.Ref] || c.beside()) {
				w.items = append(w.items, w.clause(c))
			}
		}
	}
	w.factItems()
	w.headItems()
	for i := range w.d.Clauses {
		if c := &w.d.Clauses[i]; c.How == Reworded {
			w.reworded(c)
		}
	}
}

// beside reports whether a delivery clause changed in more than the items about its products tell.
func (c *ClauseChange) beside() bool {
	told := []string{"order", "mode", "within", "choice", "leave_for", "first_ship", "first_refusal", "end", "since", "provenance"}
	return c.How == Changed && slices.ContainsFunc(c.Fields, func(f FieldChange) bool { return !slices.Contains(told, f.Field) })
}

// some joins a list for people, and counts what is beyond its first few.
func some(list []string) string {
	const shown = 6
	if len(list) <= shown {
		return andList(list)
	}
	return strings.Join(list[:shown], ", ") + fmt.Sprintf(" and %d more", len(list)-shown)
}

func (w *telling) reworded(c *ClauseChange) {
	for _, f := range c.Fields {
		w.items = append(w.items, Item{
			Title: strings.ToUpper(f.Field[:1]) + f.Field[1:] + " of " + c.Ref.Clause, Before: orNothing(f.Before), After: orNothing(f.After),
			Effect: []string{noEffect}, Nature: OfWording, Clauses: []Ref{c.Ref},
		})
	}
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// clause tells the change of one clause.
func (w *telling) clause(c *ClauseChange) Item {
	f := c.After
	if f == nil {
		f = c.Before
	}
	item := Item{Title: title(*f), Clauses: []Ref{c.Ref}, Nature: natureOf(f.Clause)}
	item.Before, item.After = "nothing", "nothing"
	if c.Before != nil {
		item.Before = summary(*c.Before, c)
	}
	if c.After != nil {
		item.After = summary(*c.After, c)
	}
	if item.Before == item.After {
		item.Before, item.After = changedWords(c)
	}
	w.moves(c, &item)
	item.Effect = append(item.Effect, w.meaning(c)...)
	if len(item.Effect) == 0 {
		item.Effect = []string{noEffect}
	}
	return item
}

// changedWords lists the fields that differ, where the summaries of both sides read alike.
func changedWords(c *ClauseChange) (before, after string) {
	var x, y []string
	for _, f := range c.Fields {
		x, y = append(x, f.Field+" "+orNothing(f.Before)), append(y, f.Field+" "+orNothing(f.After))
	}
	return strings.Join(x, ", "), strings.Join(y, ", ")
}

func natureOf(c Clause) Nature {
	switch c.(type) {
	case *Delivery:
		return OfDelivery
	case *License:
		return OfLicense
	case *Sale, *RevenueShare, *Commitment:
		return OfMoney
	case *Milestone:
		return OfRecord
	}
	return OfRecord
}

func title(f InForce) string {
	a, id := f.Agreement, f.Clause.Head().ID
	switch c := f.Clause.(type) {
	case *Delivery:
		return "Delivery of " + c.Products.words() + c.covers() + " (" + id + ")"
	case *License:
		return fmt.Sprintf("License of %s from %s", a.called(c.Licensee), a.called(c.Licensor))
	case *Sale:
		return fmt.Sprintf("%s sells %s", a.called(c.Seller), c.Products.words())
	case *RevenueShare:
		return fmt.Sprintf("%s pays %s", a.called(c.Payer), c.payeeWords(a))
	case *Commitment:
		return fmt.Sprintf("%s commits to buy from %s", a.called(c.Buyer), a.called(c.Seller))
	case *Milestone:
		return "Milestone " + c.Name
	}
	return id
}

// always are the fields that a summary of a clause names whether they changed or not.
func always(c Clause) []string {
	switch c.(type) {
	case *Delivery:
		return []string{"order", "end"}
	case *License:
		return []string{"exclusivity", "end"}
	case *Sale:
		return []string{"book", "streams"}
	case *RevenueShare:
		return []string{"rate", "tiers", "caps", "end"}
	case *Commitment:
		return []string{"amount", "window"}
	case *Milestone:
		return []string{"declares", "verifies"}
	}
	return nil
}

// unsaid are the fields that a summary leaves out even if they changed: they stand in the title, or mean nothing to a reader.
var unsaid = []string{"payer", "payees", "licensor", "licensee", "buyer", "seller", "name", "since", "provenance", "mode"}

// summary says a clause in its main fields and those that changed, each with how well it is known.
func summary(f InForce, c *ClauseChange) string {
	names := always(f.Clause)
	if c.How == Changed {
		for _, x := range c.Fields {
			if !slices.Contains(unsaid, x.Field) {
				names = union(names, []string{x.Field})
			}
		}
	}
	if l, ok := f.Clause.(*License); ok && c.How != Changed {
		names = append([]string{"exclusivity", "rights", "clouds"}, "end")
		if len(l.Reserved) > 0 {
			names = append(names, "reserved")
		}
	}
	var parts, marks []string
	for _, name := range names {
		for _, t := range f.terms() {
			if t.field == name && t.words != "" {
				parts = append(parts, labelled(name, t.words))
				marks = append(marks, f.mark(name))
			}
		}
	}
	alike := !slices.ContainsFunc(marks, func(m string) bool { return m != marks[0] })
	for i := range parts {
		if marks[i] != "" && (!alike || i+1 == len(parts)) {
			parts[i] += " (" + marks[i] + ")"
		}
	}
	return strings.Join(parts, ", ")
}

// labelled puts the field's name before words that do not explain themselves.
func labelled(field, words string) string {
	switch field {
	case "reserved", "when", "choice", "territory", "shortfall", "negative", "overpaid", "within", "retro", "continues", "survives", "customers", "apis", "states":
		return strings.ReplaceAll(field, "_", " ") + " " + words
	case "leave_for":
		return "left " + words
	case "stack", "carry_over", "prepaid":
		return strings.ReplaceAll(field, "_", " ")
	case "rights":
		return "to " + words
	case "clouds":
		return "on " + words
	}
	return words
}

// mark says how well a field is known, where it is not public.
func (f InForce) mark(field string) string {
	p := f.Provenance(field)
	for _, name := range aliases(field) {
		for _, known := range f.Clause.Head().FieldProv {
			if known.Field == name {
				p = known.Provenance
			}
		}
	}
	if field == "caps" {
		if s, ok := f.Clause.(*RevenueShare); ok && len(s.Caps) == 0 {
			return ""
		}
	}
	if p == Public {
		return ""
	}
	return string(p)
}

// aliases are the names under which a file gives a field.
func aliases(field string) []string {
	switch field {
	case "end":
		return endFields
	case "order":
		return []string{"clouds"}
	case "book":
		return []string{"price", "price.book"}
	}
	return nil
}

// moves tells which deployments a clause's change lets serve or keeps from it, and what that couples.
func (w *telling) moves(c *ClauseChange, item *Item) {
	checks := checksOf(c.Kind)
	for i := range w.d.Decisions {
		dec := &w.d.Decisions[i]
		for _, side := range []struct {
			moves []Move
			words string
		}{{dec.Gained, "may serve"}, {dec.Lost, "may no longer serve"}} {
			for _, check := range checks {
				ids := through(side.moves, check, c.Ref)
				if len(ids) == 0 {
					continue
				}
				item.Effect = append(item.Effect, fmt.Sprintf("%s: %s %s %s", some(dec.Customers), some(ids), side.words, dec.Product))
				if item.Nature != OfDelivery {
					item.couple(OfDelivery, check, ids)
				}
			}
		}
	}
}

func (i *Item) couple(to Nature, check Check, ids []string) {
	text := fmt.Sprintf("check %d (%s) of ", check, check)
	for n := range i.Couplings {
		if rest, same := strings.CutPrefix(i.Couplings[n].Through, text); same && i.Couplings[n].To == to {
			i.Couplings[n].Through = text + strings.Join(union(strings.Split(rest, ", "), ids), ", ")
			return
		}
	}
	i.Couplings = append(i.Couplings, Coupling{to, text + strings.Join(ids, ", ")})
}

// checksOf are the checks of who may serve that a clause of a kind answers.
func checksOf(kind string) []Check {
	switch kind {
	case "delivery":
		return []Check{CheckCloud}
	case "license":
		return []Check{CheckLicense, CheckHost}
	case "sale":
		return []Check{CheckPrice}
	}
	return nil
}

// through lists the deployments that moved through one check by one of these clauses.
func through(moves []Move, check Check, clauses ...Ref) (ids []string) {
	for _, m := range moves {
		for _, c := range m.Causes {
			if c.Check == check && slices.ContainsFunc(c.Clauses, func(r Ref) bool { return slices.Contains(clauses, r) }) {
				ids = union(ids, []string{m.Deployment})
			}
		}
	}
	return ids
}

func (w *telling) factItems() {
	for _, side := range []struct {
		t, other *Terms
		before   bool
	}{{w.from, w.to, true}, {w.to, w.from, false}} {
		for _, f := range side.t.facts {
			if slices.ContainsFunc(side.other.facts, func(o inForceFact) bool {
				return o.agreement.Name == f.agreement.Name && string(encoded(o.canonical)) == string(encoded(f.canonical))
			}) {
				continue
			}
			words := f.describe(f.agreement)
			item := Item{Title: "Fact " + f.ID, Before: "not stated", After: words, Nature: OfRecord}
			if side.before {
				item.Before, item.After = words, "not stated"
			}
			item.Effect = w.factMeaning(f)
			w.items = append(w.items, item)
		}
	}
	if len(w.from.elapsed) != len(w.to.elapsed) {
		w.items = append(w.items, Item{Title: "Leads and windows that run from facts", Before: fmt.Sprintf("%d are over", len(w.from.elapsed)),
			After: fmt.Sprintf("%d are over", len(w.to.elapsed)), Nature: OfRecord, Effect: []string{"what it opens stands under the items of delivery"}})
	}
}

// factMeaning names the clauses that ask for a fact.
func (w *telling) factMeaning(f inForceFact) []string {
	var by []string
	for _, d := range w.to.deliveries {
		if d.Agreement.Name != f.agreement.Name {
			continue
		}
		ships := d.FirstShip != nil && d.Products.Matches(f.Product) && (f.Kind == Ships || slices.Contains(d.FirstShip.Exception, f.Kind))
		if ships || d.Refusal != nil && f.Offer != "" {
			by = append(by, d.ID)
		}
	}
	if len(by) == 0 {
		return []string{noEffect + " by itself: no clause in force asks for it"}
	}
	return []string{"asked for by " + andList(by)}
}

func (w *telling) headItems() {
	for _, h := range w.d.heads {
		before, after := h.before.parts(), h.after.parts()
		for _, p := range before {
			i := slices.IndexFunc(after, func(q part) bool { return q.title == p.title })
			switch {
			case i < 0:
				w.head(p.title, p.words, "nothing")
			case string(after[i].bytes) != string(p.bytes):
				w.head(p.title, p.words, after[i].words)
			}
		}
		for _, p := range after {
			if !slices.ContainsFunc(before, func(q part) bool { return q.title == p.title }) {
				w.head(p.title, "nothing", p.words)
			}
		}
	}
}

func (w *telling) head(title, before, after string) {
	w.items = append(w.items, Item{Title: title, Before: before, After: after, Nature: OfRecord,
		Effect: []string{"what follows from it for requests stands under the decisions"}})
}
