package agreement

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An aspect is one thing that the delivery clauses in force together say of a product.
type aspect struct {
	title   string // with %s for the products
	words   string
	clauses []Ref // that say it
}

// deliveries tells where products may run, product by product, from all clauses in force together; products of which the
// same is said share their items.
func (w *telling) deliveries() {
	type told struct {
		before, after []aspect
		products      []string
	}
	var groups []*told
	for _, id := range w.products() {
		before, after := w.from.aspects(id), w.to.aspects(id)
		key := func(t *told) bool { return fmt.Sprint(t.before, t.after) == fmt.Sprint(before, after) }
		if i := slices.IndexFunc(groups, key); i >= 0 {
			groups[i].products = append(groups[i].products, id)
		} else {
			groups = append(groups, &told{before, after, []string{id}})
		}
	}
	for _, g := range groups {
		for i := range g.before {
			w.aspect(g.products, g.before[i], g.after[i])
		}
	}
}

func (w *telling) products() (ids []string) {
	for _, t := range []*Terms{w.from, w.to} {
		for _, p := range t.Products() {
			ids = union(ids, []string{p.ID})
		}
	}
	slices.Sort(ids)
	return ids
}

func (w *telling) aspect(products []string, before, after aspect) {
	if before.words == after.words {
		return
	}
	item := Item{Title: fmt.Sprintf(before.title, andList(products)), Before: before.words, After: after.words, Nature: OfDelivery}
	for _, ref := range slices.Concat(before.clauses, after.clauses) {
		if w.differs(ref) {
			item.Clauses = union(item.Clauses, []Ref{ref})
			w.told[ref] = true
		}
	}
	item.Effect = w.aspectEffect(products, before, after)
	w.items = append(w.items, item)
}

func (w *telling) differs(ref Ref) bool {
	return slices.ContainsFunc(w.d.Clauses, func(c ClauseChange) bool { return c.Ref == ref && c.How != Reworded })
}

// The aspects, in their order. A title tells its aspect.
const (
	whereTitle  = "Where %s may run"
	whoseTitle  = "Whose clouds may run %s"
	insideTitle = "Order inside a group for %s"
	choiceTitle = "What customers of %s may choose"
	leaveTitle  = "When a request for %s may move on"
	launchTitle = "Launch of %s"
	firstTitle  = "First refusal of capacity for %s"
	untilTitle  = "How long the order of clouds for %s holds"
)

func (t *Terms) aspects(product string) []aspect {
	v := t.stands(product)
	a := []aspect{
		{whereTitle, v.where(t), v.clauses},
		{whoseTitle, v.whose(t), v.clauses},
		{title: insideTitle, words: "one cloud a group"}, {title: choiceTitle, words: "nothing: there is one cloud"},
		{title: leaveTitle, words: "never: there is no other cloud"},
		{title: launchTitle, words: "no rule"}, {title: firstTitle, words: "none"}, {title: untilTitle, words: "no clause orders them"},
	}
	if len(v.clouds) == 0 {
		a[3].words, a[4].words = "nothing: there is no cloud", "never: there is no cloud"
	}
	if v.order == nil {
		return a
	}
	d, from := v.order.Delivery, []Ref{v.order.Ref()}
	for i := 2; i < len(a); i++ {
		a[i].clauses = from
	}
	if slices.ContainsFunc(v.groups, func(g []string) bool { return len(g) > 1 }) {
		a[2].words = v.order.marked(d.Within.words(), "within")
	}
	if len(v.clouds) > 1 {
		a[3].words = v.order.marked(choiceWords(d.Choice), "choice")
	}
	if len(v.groups) > 1 {
		a[4].words = v.order.marked(d.leaveWords(), "leave_for")
	} else if len(v.clouds) > 1 {
		a[4].words = "for any reason: the clouds rank alike"
	}
	if d.FirstShip != nil {
		a[5].words = v.order.marked(d.FirstShip.words(), "first_ship")
	}
	if d.Refusal != nil {
		a[6].words = v.order.marked(d.Refusal.words(v.order.Agreement), "first_refusal")
	}
	a[7].words = v.order.marked(d.End.words(v.order.Agreement), "end")
	return a
}

func choiceWords(choice string) string {
	switch choice {
	case "permitted":
		return "their home cloud first of all"
	case "none":
		return "nothing: the order holds"
	}
	return "their home cloud first inside its group"
}

// marked adds how well a field is known, where it is not public.
func (f InForce) marked(words, field string) string {
	if m := f.mark(field); m != "" {
		return words + " (" + m + ")"
	}
	return words
}

// stands is where a product may run and in which order, for a customer of whom nothing is known.
type stands struct {
	order   *inForceDelivery
	clouds  []string   // permitted
	groups  [][]string // of them
	clauses []Ref      // that permit, prohibit or order
}

func (t *Terms) stands(product string) (v stands) {
	p, known := t.Product(product)
	if !known {
		return v
	}
	for _, cloud := range slices.Sorted(maps.Keys(t.registry.operators)) {
		verdict := t.cloud(question{customer: &Customer{}, deployment: &Deployment{Cloud: cloud, Product: product}, product: p})
		if verdict.Clause != (Ref{}) {
			v.clauses = union(v.clauses, []Ref{verdict.Clause})
		}
		if verdict.Failed != CheckNone {
			continue
		}
		v.clouds = append(v.clouds, cloud)
		for i := range t.deliveries {
			if d := &t.deliveries[i]; verdict.Delivery == d.Delivery {
				v.order = d
				v.clauses = union(v.clauses, []Ref{d.Ref()})
			}
		}
	}
	if v.order == nil {
		if len(v.clouds) > 0 {
			v.groups = [][]string{v.clouds}
		}
		return v
	}
	for _, group := range append(slices.Clone(v.order.Order), without(slices.Clone(v.clouds), "")) {
		var in []string
		for _, cloud := range group {
			if slices.Contains(v.clouds, cloud) && !slices.Contains(slices.Concat(v.groups...), cloud) {
				in = append(in, cloud)
			}
		}
		if len(in) > 0 {
			v.groups = append(v.groups, in)
		}
	}
	return v
}

func (v *stands) where(t *Terms) string {
	switch {
	case len(v.clouds) == 0:
		return "nowhere"
	case len(v.clouds) == 1:
		return v.mark(t, v.clouds[0]+" only")
	}
	return v.mark(t, (&Delivery{Order: v.groups}).orderWords())
}

func (v *stands) mark(t *Terms, words string) string {
	if v.order != nil {
		return v.order.marked(words, "order")
	}
	if len(v.clauses) > 0 {
		if f, ok := t.Clause(v.clauses[0]); ok {
			return f.marked(words, "order")
		}
	}
	return words
}

// operators are the parties on whose clouds a product may run, in the order of the clouds.
func (v *stands) operators(t *Terms) (names []string) {
	for _, cloud := range slices.Concat(v.groups...) {
		name := cloud
		if id, ok := t.Operator(cloud); ok {
			name = id
			if p, ok := t.Party(id); ok {
				name = cmp.Or(p.Name, id)
			}
		}
		names = union(names, []string{name})
	}
	return names
}

func (v *stands) whose(t *Terms) string {
	names := v.operators(t)
	switch len(names) {
	case 0:
		return "nobody's"
	case 1:
		return names[0] + "'s alone"
	}
	return andList(names)
}

// aspectEffect says what an aspect's change does.
func (w *telling) aspectEffect(products []string, before, after aspect) []string {
	switch before.title {
	case whereTitle:
		return w.elsewhere(products, slices.Concat(before.clauses, after.clauses))
	case whoseTitle:
		was, is := w.from.stands(products[0]), w.to.stands(products[0])
		x, y := was.operators(w.from), is.operators(w.to)
		switch {
		case len(x) == 1 && len(y) > 1:
			return []string{"an outage of " + x[0] + " no longer stops it wherever requests may move on"}
		case len(y) == 1 && len(x) > 1:
			return []string{"it stands and falls with " + y[0]}
		}
		return []string{fmt.Sprintf("%d operators instead of %d", len(y), len(x))}
	case choiceTitle, insideTitle:
		return []string{w.reorderedBy(products)}
	case leaveTitle:
		return []string{"which attempt comes after a failed one; the first attempt stays where the order puts it"}
	case untilTitle:
		return []string{"from then on only what other clauses say holds"}
	case launchTitle:
		return []string{"a product that it covers runs on other clouds only as it says; see the facts"}
	}
	return []string{"deployments on capacity that was offered"}
}

// elsewhere tells which requests for products go elsewhere through delivery clauses.
func (w *telling) elsewhere(products []string, clauses []Ref) (lines []string) {
	for i := range w.d.Decisions {
		dec := &w.d.Decisions[i]
		if !slices.Contains(products, dec.Product) {
			continue
		}
		gained, lost := through(dec.Gained, CheckCloud, clauses...), through(dec.Lost, CheckCloud, clauses...)
		who := some(dec.Customers)
		if len(gained) > 0 {
			lines = append(lines, fmt.Sprintf("%s: %s may serve too", who, some(gained)))
		}
		if len(lost) > 0 {
			lines = append(lines, fmt.Sprintf("%s: %s may no longer serve", who, some(lost)))
		}
		if len(gained)+len(lost) == 0 && !dec.Reordered {
			continue
		}
		lines = append(lines, who+": "+dec.firstWords())
	}
	if len(lines) == 0 {
		return []string{"no request goes elsewhere"}
	}
	return lines
}

func (w *telling) reorderedBy(products []string) string {
	var who []string
	for i := range w.d.Decisions {
		if dec := &w.d.Decisions[i]; dec.Reordered && slices.Contains(products, dec.Product) {
			who = union(who, dec.Customers)
		}
	}
	if len(who) == 0 {
		return "among deployments permitted under both, no order changes"
	}
	return "another order among the deployments permitted under both, for " + some(who)
}

// firstWords says where requests go first.
func (c *DecisionChange) firstWords() string {
	before, after := first(c.Before), first(c.After)
	switch {
	case len(before) == 0 && len(after) == 0:
		return "still refused"
	case len(before) == 0:
		return "requests were refused and go to " + strings.Join(after, " or ")
	case len(after) == 0:
		return "requests are refused: " + c.RefusedAfter
	case slices.Equal(before, after):
		return "requests still go first to " + strings.Join(after, " or ")
	}
	return fmt.Sprintf("requests go first to %s, not to %s", strings.Join(after, " or "), strings.Join(before, " or "))
}
