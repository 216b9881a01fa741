package agreementfile

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"concord/agreement"
)

// clauses reads the clauses that an amendment adds or replaces.
func (o *object) clauses(name string) (clauses []agreement.Clause) {
	v, ok := o.take(name)
	if !ok {
		return nil
	}
	for _, item := range v.items("{id: ..., kind: delivery, ...}") {
		if o.r.clauses++; o.r.clauses > maxClauses {
			item.report("too-many-clauses", "split the agreement into several files", "the document has more than %d clauses", maxClauses)
			return clauses
		}
		if c := o.r.clause(item); c != nil {
			clauses = append(clauses, c)
		}
	}
	return clauses
}

// clause reads one clause. A kind is one case here, one file beside this one, and one struct in package agreement.
func (r *reader) clause(v value) agreement.Clause {
	o := r.object(v.node, "a clause")
	if o == nil {
		return nil
	}
	k, ok := o.need("kind", "write kind: delivery, license, sale, revenue-share, commitment or milestone")
	if !ok {
		return nil
	}
	kind := word(k, "delivery", "license", "sale", "revenue-share", "commitment", "milestone")
	o.path = kind
	o.what = fmt.Sprintf("a %s clause", kind)
	var c agreement.Clause
	switch kind {
	case "delivery":
		d := &agreement.Delivery{}
		o.head = &d.Common
		c = d
		o.delivery(d)
	case "license":
		l := &agreement.License{}
		o.head = &l.Common
		c = l
		o.license(l)
	case "sale":
		s := &agreement.Sale{}
		o.head = &s.Common
		c = s
		o.sale(s)
	case "revenue-share":
		s := &agreement.RevenueShare{}
		o.head = &s.Common
		c = s
		o.share(s)
	case "commitment":
		m := &agreement.Commitment{}
		o.head = &m.Common
		c = m
		o.commitment(m)
	case "milestone":
		m := &agreement.Milestone{}
		o.head = &m.Common
		c = m
		o.milestone(m)
	default:
		return nil
	}
	o.common()
	o.done()
	return c
}

// common reads what all clauses have.
func (o *object) common() {
	h := o.head
	h.Pos = o.pos
	if v, ok := o.need("id", "name the clause; ids appear in every decision and statement"); ok {
		h.ID = v.id()
		h.Pos = v.pos
	}
	if v, ok := o.take("prose"); ok {
		h.Prose = v.text()
	}
	h.Source = o.source("source")
	if v, ok := o.take("provenance"); ok {
		if h.Source.Provenance != "" {
			v.report("said-twice", "keep one", "%s has a provenance beside that of its source", o.what)
		}
		h.Source.Provenance = v.provenance()
	}
	retro := false
	if v, ok := o.take("retroactive"); ok {
		retro = v.bool()
	}
	if v, ok := o.take("from"); ok {
		switch v.node.(type) {
		case *ast.MappingNode, *ast.MappingValueNode:
			h.Begin = v.begin(retro)
		default:
			h.From = v.instant()
		}
	}
	h.End = o.end(retro)
	if v, ok := o.take("priority"); ok {
		h.Priority = int(v.int(-1000, 1000))
	}
	if v, ok := o.take("when"); ok {
		o.when(v, o.path)
	}
	if v, ok := o.take("retro"); ok {
		h.Retro = word(v, "true_up", "keep")
	}
	if v, ok := o.take("continues"); ok {
		h.Continues = v.id()
	}
	if v, ok := o.take("survives"); ok {
		h.Survives = v.ids()
	}
}

// match reads products: a list of ids and prefixes, or {match: [...], except: [...]}, or all.
func (v value) match() (m agreement.Match) {
	if v.all() {
		return agreement.Match{Match: []string{"*"}}
	}
	if _, ok := v.node.(*ast.SequenceNode); ok {
		m.Match = v.patterns()
		return m
	}
	o := v.object("a choice of products")
	if o == nil {
		return m
	}
	if v, ok := o.need("match", "write match: [OWNER/MODEL, OWNER/PREFIX*]"); ok {
		m.Match = v.patterns()
	}
	if v, ok := o.take("except"); ok {
		m.Except = v.patterns()
	}
	o.done()
	return m
}

// territory reads {customer: [...]} or {processing: [...]}.
func (v value) territory() (t agreement.Territory) {
	o := v.object("a territory")
	if o == nil {
		return t
	}
	if v, ok := o.take("customer"); ok {
		t.Customer = v.ids()
	}
	if v, ok := o.take("processing"); ok {
		t.Processing = v.ids()
	}
	if !o.has("customer") && !o.has("processing") {
		v.report("missing-field", "write {customer: [eu]} for where the buyer is, or {processing: [eu]} for where it runs", "a territory names no place")
	}
	o.done()
	return t
}

// patterns reads product ids and prefixes that end in one *.
func (v value) patterns() (ps []string) {
	for _, item := range v.items("OWNER/MODEL") {
		s, ok := text(item.node)
		if prefix := strings.TrimSuffix(s, "*"); !ok || prefix != "" && !validID(prefix) || s == "" {
			item.report("bad-id", "write a product's id, or its beginning and one * at the end", "%s of %s is not a product or prefix: %s", item.name, v.o.what, describe(item.node))
			continue
		}
		ps = append(ps, s)
	}
	if seq, ok := v.node.(*ast.SequenceNode); ok && len(seq.Values) == 0 {
		v.report("empty-list", "name at least one product", "%s of %s is an empty list", v.name, v.o.what)
	}
	return ps
}
