package agreementfile

import (
	"cmp"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"concord/agreement"
)

func (o *object) delivery(d *agreement.Delivery) {
	if v, ok := o.need("products", "write products: [OWNER/MODEL]"); ok {
		d.Products = v.match()
	}
	if v, ok := o.take("customers"); ok {
		d.Customers = v.idsOrAll()
	}
	if v, ok := o.take("apis"); ok && !v.all() {
		d.APIs = wordsOf(v, apis()...)
	}
	if v, ok := o.take("states"); ok && !v.all() {
		d.States = wordsOf(v, "stateless", "stateful")
	}
	d.Mode = agreement.Permitting
	if v, ok := o.take("mode"); ok {
		d.Mode = cmp.Or(word(v, agreement.Permitting, agreement.Exclusive, agreement.Prohibited), agreement.Permitting)
	}
	d.Order = o.order(d.Mode)
	d.Within.Rule = "declared"
	if v, ok := o.take("within"); ok {
		d.Within = v.within()
	}
	d.Choice = "group"
	if v, ok := o.take("choice"); ok {
		d.Choice = cmp.Or(word(v, "none", "group", "permitted"), "group")
	}
	if v, ok := o.take("leave_for"); ok {
		d.LeaveFor = wordsOf(v, agreement.Down, agreement.Throttled, agreement.Unsupported, agreement.RegionRule)
	}
	if v, ok := o.take("first_ship"); ok {
		d.FirstShip = v.firstShip()
	}
	if v, ok := o.take("first_refusal"); ok {
		d.Refusal = v.firstRefusal()
	}
	if v, ok := o.take("territory"); ok {
		d.Territory = v.territory()
	}
}

// order reads the groups of clouds, or clouds: [...] for one group.
func (o *object) order(mode string) (groups [][]string) {
	order, ordered := o.take("order")
	clouds, listed := o.take("clouds")
	switch {
	case ordered && listed:
		clouds.report("said-twice", "keep order, which has groups, or clouds, which is one group", "%s has clouds beside order", o.what)
		return nil
	case listed:
		return [][]string{clouds.ids()}
	case !ordered:
		o.r.report("missing-field", o.pos, "write order: [[azure], [aws, gcp]], or clouds: [azure]", "%s of mode %s names no clouds", o.what, mode)
		return nil
	}
	var seen []string
	for _, item := range order.items("[azure], [aws, gcp]") {
		group := item.ids()
		for _, cloud := range group {
			if slices.Contains(seen, cloud) {
				item.report("duplicate-item", "name it once", "order of %s names %s twice", o.what, cloud)
			}
			seen = append(seen, cloud)
		}
		groups = append(groups, group)
	}
	return groups
}

func (v value) within() agreement.Within {
	if _, ok := text(v.node); ok {
		return agreement.Within{Rule: cmp.Or(word(v, "declared", "cheapest", "fastest"), "declared")}
	}
	w := agreement.Within{Rule: "weighted"}
	o := v.object("an order within groups")
	if o == nil {
		return w
	}
	if v, ok := o.need("weighted", "write declared, cheapest, fastest or {weighted: {aws: 2, gcp: 1}}"); ok {
		weights := v.object("weights")
		if weights == nil {
			return w
		}
		for _, e := range weights.entries {
			if c, ok := weights.take(e.name); ok && e.name != "provenance" {
				w.Weights = append(w.Weights, agreement.Weight{Cloud: e.name, Weight: c.int(1, 1_000_000)})
			}
		}
	}
	o.done()
	return w
}

func (v value) firstShip() *agreement.FirstShip {
	o := v.object("a first-ship rule")
	if o == nil {
		return nil
	}
	s := &agreement.FirstShip{}
	if v, ok := o.need("cloud", "write cloud: azure"); ok {
		s.Cloud = v.id()
	}
	if v, ok := o.take("lead"); ok {
		s.LeadDays = v.days()
	}
	if v, ok := o.take("applies_to"); ok {
		s.AppliesTo = word(v, "all")
	}
	if v, ok := o.take("exception"); ok {
		v.exception(s)
	}
	o.done()
	return s
}

// exception reads {all: [...]} or {any: [...]}. A list without either is read too, so that Lint can ask for the logic.
func (v value) exception(s *agreement.FirstShip) {
	kinds := []agreement.FactKind{agreement.CannotSupport, agreement.Declines}
	if _, ok := v.node.(*ast.SequenceNode); ok {
		s.Exception = wordsOf(v, kinds...)
		return
	}
	o := v.object("an exception")
	if o == nil {
		return
	}
	for _, logic := range []string{"all", "any"} {
		if v, ok := o.take(logic); ok {
			if s.Logic != "" {
				v.report("said-twice", "keep all or any", "an exception holds for all or any of its facts, not both")
			}
			s.Logic, s.Exception = logic, wordsOf(v, kinds...)
		}
	}
	o.done()
}

func (v value) firstRefusal() *agreement.FirstRefusal {
	o := v.object("a right of first refusal")
	if o == nil {
		return nil
	}
	r := &agreement.FirstRefusal{}
	if v, ok := o.need("holder", "write holder: PARTY"); ok {
		r.Holder = v.id()
	}
	if v, ok := o.need("for", "write for: capacity"); ok {
		r.For = word(v, "capacity")
	}
	if v, ok := o.need("window", "write window: 30d"); ok {
		r.Window = v.days()
	}
	if v, ok := o.need("silence", "write silence: refusal, or silence: acceptance"); ok {
		r.Silence = word(v, "refusal", "acceptance")
	}
	o.done()
	return r
}
