package agreementfile

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"concord/agreement"
	"concord/agreement/condition"
	"concord/money"
)

// reader collects findings while it reads one document.
type reader struct {
	source   *Source
	findings []agreement.Finding
	zone     *time.Location
	currency money.Currency
	clauses  int
	trace    func(path string, words []string) // for tests: which fields are asked for, and which words they can have
	language *condition.Language               // made for the first condition
	register bool                              // documents that hold facts alone may follow
	later    []ast.Node                        // those
}

func (r *reader) report(rule string, pos agreement.Pos, remedy, format string, args ...any) {
	r.find(agreement.Error, rule, pos, remedy, format, args...)
}

func (r *reader) find(severity agreement.Severity, rule string, pos agreement.Pos, remedy, format string, args ...any) {
	if !isRule(rule) {
		panic("agreementfile: finding of unknown rule " + rule)
	}
	if len(r.findings) > maxFindings {
		return
	}
	f := agreement.Finding{Rule: rule, Severity: severity, Pos: pos, Message: fmt.Sprintf(format, args...), Remedy: remedy}
	if len(r.findings) == maxFindings {
		f.Severity = agreement.Error // what is left out may be one
		f.Rule, f.Message, f.Remedy = "too-many-findings", fmt.Sprintf("more than %d findings; the rest is left out", maxFindings), "correct these first"
	}
	f.Excerpt = r.source.excerpt(pos)
	r.findings = append(r.findings, f)
}

func (r *reader) pos(t *token.Token) agreement.Pos {
	if t == nil || t.Position == nil {
		return agreement.Pos{File: r.source.name, Line: 1, Column: 1}
	}
	return agreement.Pos{File: r.source.name, Line: t.Position.Line, Column: t.Position.Column}
}

// at returns where a node begins. A mapping in block style begins at its first key, not at its first colon.
func (r *reader) at(n ast.Node) agreement.Pos {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return r.at(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return r.at(n.Key)
	case nil:
		return r.pos(nil)
	}
	return r.pos(n.GetToken())
}

// document parses the one mapping that a document holds, or reports why it cannot be read.
func (r *reader) document(doc []byte) ast.Node {
	start := r.pos(nil)
	if len(doc) > maxBytes {
		r.report("too-large", start, "split the agreement into several files", "the document has %d bytes; %d are admitted", len(doc), maxBytes)
		return nil
	}
	tokens := lexer.Tokenize(string(doc))
	if !r.admit(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return nil
	}
	var bodies []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil {
			bodies = append(bodies, d.Body)
		}
	}
	switch {
	case len(bodies) == 0:
		r.report("yaml", start, `begin with "concord: 1" and "agreement: NAME"`, "the document is empty")
		return nil
	case len(bodies) > 1 && !(r.register && isRegister(bodies[1:])):
		r.report("yaml", r.at(bodies[1]), "put each agreement into a file of its own", "a file holds one document, and a second one begins here")
		return nil
	}
	r.later = bodies[1:]
	return bodies[0]
}

func (r *reader) syntax(err error) {
	var located interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if errors.As(err, &located) {
		r.report("yaml", r.pos(located.GetToken()), "correct the YAML here", "%s", located.GetMessage())
		return
	}
	r.report("yaml", r.pos(nil), "correct the YAML", "%v", err)
}

// admit refuses, before anything recursive sees them, documents that nest too deep and features that a contract has no
// use for: anchors and aliases (a reader would have to look elsewhere for what is agreed), merges, tags, directives.
func (r *reader) admit(tokens token.Tokens) bool {
	flow := 0
	var columns []int
	line := 0
	var seen census
	for _, t := range tokens {
		remedy := "write the values where they are used"
		switch t.Type {
		case token.AnchorType, token.AliasType:
			r.report("anchor", r.pos(t), remedy, "anchors and aliases are not part of the format")
			return false
		case token.MergeKeyType:
			r.report("anchor", r.pos(t), remedy, "merge keys are not part of the format")
			return false
		case token.TagType, token.DirectiveType:
			r.report("anchor", r.pos(t), "leave it out", "tags and directives are not part of the format")
			return false
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow = max(flow-1, 0)
		case token.InvalidType:
			r.report("yaml", r.pos(t), "correct the YAML here", "%s", t.Error)
			return false
		}
		facts := r.register && t.Type == token.DocumentHeaderType && t.Next != nil && t.Next.Value == "facts"
		if !seen.documents(t) && !facts {
			r.report("yaml", r.pos(t), "put each agreement into a file of its own", "a file holds one document, and a second one begins here")
			return false
		}
		switch n, ok := seen.count(t, flow); {
		case !ok:
			r.report("wrong-type", r.pos(t), "write a plain word", "a field's name is a word, not a list or mapping")
			return false
		case n > maxFields:
			r.report("too-many-fields", r.pos(t), "split the agreement into several files", "a mapping has more than %d fields", maxFields)
			return false
		}
		if opens := t.Type == token.SequenceEntryType || t.Type == token.MappingKeyType; flow == 0 && (opens || t.Position.Line != line) {
			line = t.Position.Line
			for len(columns) > 0 && columns[len(columns)-1] >= t.Position.Column {
				columns = columns[:len(columns)-1]
			}
			columns = append(columns, t.Position.Column)
		}
		if flow+len(columns) > maxDepth {
			r.report("too-deep", r.pos(t), "nest less deep", "the document nests deeper than %d levels", maxDepth)
			return false
		}
	}
	return true
}

// An object is a mapping of the document that is read field by field; what is left over is unknown.
type object struct {
	r       *reader
	what    string // "a delivery clause"
	path    string // "revenue-share.base", for the table of what is not settled yet
	field   string // name of the object among the fields of its clause, such as "caps[0]"
	pos     agreement.Pos
	entries []entry
	known   []string
	head    *agreement.Head // clause whose fields are marked reported or assumed; nil outside of clauses
}

type entry struct {
	name string
	pos  agreement.Pos
	node ast.Node
	used bool
}

// object begins to read a mapping.
func (r *reader) object(n ast.Node, what string) *object {
	o := &object{r: r, what: what, pos: r.at(n)}
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		r.report("wrong-type", o.pos, "write fields, such as name: value", "%s should be a mapping of fields, and is %s", what, describe(n))
		return nil
	}
	for _, pair := range pairs {
		name, ok := text(pair.Key)
		if !ok {
			r.report("wrong-type", r.at(pair.Key), "write a plain word", "a field's name is a word, not %s", describe(pair.Key))
			continue
		}
		if i := slices.IndexFunc(o.entries, func(e entry) bool { return e.name == name }); i >= 0 {
			r.report("duplicate-key", r.at(pair.Key), "leave one of them", "%s has %q twice, first in line %d", what, name, o.entries[i].pos.Line)
			continue
		}
		o.entries = append(o.entries, entry{name: name, pos: r.at(pair.Key), node: pair.Value})
	}
	return o
}

// take returns a field's value, if it is there.
func (o *object) take(name string) (value, bool) {
	o.known = append(o.known, name)
	if o.r.trace != nil {
		o.r.trace(o.path+"."+name, nil)
	}
	for i := range o.entries {
		e := &o.entries[i]
		if e.name != name {
			continue
		}
		e.used = true
		v := value{o: o, name: name, node: e.node, pos: o.r.at(e.node)}
		if _, null := e.node.(*ast.NullNode); null || e.node == nil {
			o.r.report("missing-value", e.pos, "write a value, or leave the field out", "%s of %s has no value", name, o.what)
			return value{}, false
		}
		o.settles(name, o.path+"."+name, v.pos)
		o.unwrap(&v)
		o.place(v)
		return v, true
	}
	return value{}, false
}

// need is take for a field that must be there.
func (o *object) need(name, remedy string) (value, bool) {
	has := slices.ContainsFunc(o.entries, func(e entry) bool { return e.name == name })
	v, ok := o.take(name)
	misspelled := slices.ContainsFunc(o.entries, func(e entry) bool { return !e.used && nearest(e.name, []string{name}) == name })
	if !has && !misspelled { // done reports the other name
		o.r.report("missing-field", o.pos, remedy, "%s has no %q", o.what, name)
	}
	return v, ok
}

func (o *object) has(name string) bool {
	return slices.ContainsFunc(o.entries, func(e entry) bool { return e.name == name })
}

// unwrap takes {value: V, provenance: P} apart: any field of a clause may say how well it is known.
func (o *object) unwrap(v *value) {
	m, ok := v.node.(*ast.MappingNode)
	if !ok || o.head == nil {
		return
	}
	var inner, provenance ast.Node
	for _, pair := range m.Values {
		switch name, _ := text(pair.Key); name {
		case "value":
			inner = pair.Value
		case "provenance":
			provenance = pair.Value
		default:
			return
		}
	}
	if inner == nil || provenance == nil {
		return
	}
	wrapper := value{o: o, name: "provenance", node: provenance, pos: o.r.at(provenance)}
	o.mark(v.name, wrapper.provenance())
	v.node, v.pos = inner, o.r.at(inner)
}

// mark notes how well a field of the clause is known.
func (o *object) mark(name string, p agreement.Provenance) {
	if o.head == nil || p == "" {
		return
	}
	if o.field != "" {
		name = joinField(o.field, name)
	}
	o.head.FieldProv = append(o.head.FieldProv, agreement.FieldProvenance{Field: name, Provenance: p})
}

func (o *object) place(v value) {
	if o.head == nil {
		return
	}
	name := v.name
	if o.field != "" {
		name = joinField(o.field, name)
	}
	o.head.Places = append(o.head.Places, agreement.Place{Field: name, Pos: v.pos})
}

func joinField(field, name string) string {
	if name == "" {
		return field
	}
	return field + "." + name
}

// done reports the fields that nobody asked for.
func (o *object) done() {
	for _, e := range o.entries {
		if e.used {
			continue
		}
		remedy := fmt.Sprintf("leave it out; %s has the fields %s", o.what, list(o.known))
		if near := nearest(e.name, o.known); near != "" {
			remedy = fmt.Sprintf("write %s", near)
		}
		o.r.report("unknown-field", e.pos, remedy, "%s has no field %q", o.what, e.name)
	}
}
