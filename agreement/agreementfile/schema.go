package agreementfile

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Schema returns the format as a JSON schema (2020-12) for editors, from the table in schemafields.go. What an agreement
// means is checked by Parse and Lint; the schema knows its form.
func Schema() ([]byte, error) {
	s := &schema{objects: map[string]schemaObject{}, defs: schemaForms()}
	for _, o := range schemaObjects() {
		s.objects[o.path] = o
	}
	for _, kind := range clauseKinds() {
		o := s.objects[kind]
		o.fields = append(headFields(), o.fields...)
		s.objects[kind] = o
		s.defs[kind] = s.object(kind)
	}
	s.defs["clause"] = clauseForm()
	s.defs["source"] = s.object("source")
	s.defs["begin"] = s.object("begin")
	s.defs["end"] = s.object("end")
	s.defs["end-of-several"] = s.object("end.first_of")
	s.defs["choice-of-products"] = form{"anyOf": []form{{"const": "all"}, ref("patterns"), s.object("products.match")}}
	root := s.object("")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Concord agreement"
	root["$defs"] = s.defs
	doc, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return append(doc, '\n'), nil
}

// A form is a part of the schema.
type form map[string]any

func ref(def string) form { return form{"$ref": "#/$defs/" + def} }

// schema composes the parts.
type schema struct {
	objects map[string]schemaObject
	defs    map[string]form
}

func clauseKinds() []string {
	return []string{"delivery", "license", "sale", "revenue-share", "commitment", "milestone"}
}

// schemaForms are the forms that fields name.
func schemaForms() map[string]form {
	text := func(pattern, about string, example string) form {
		return form{"type": "string", "pattern": pattern, "description": about, "examples": []string{example}}
	}
	id := form{"type": []string{"string", "integer", "number", "boolean"}, "pattern": `^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$`}
	ids := form{"type": "array", "items": ref("id"), "uniqueItems": true}
	return map[string]form{
		"version":    {"enum": []any{1, "1"}},
		"id":         id,
		"ids":        ids,
		"names":      {"anyOf": []form{{"const": "all"}, {"type": "array", "items": ref("id"), "uniqueItems": true, "minItems": 1}}},
		"text":       {"type": []string{"string", "integer", "number", "boolean"}},
		"bool":       {"type": "boolean"},
		"int":        {"type": "integer"},
		"currency":   {"type": "string", "pattern": "^[A-Z]{3}$"},
		"provenance": {"enum": []string{"public", "reported", "assumed"}, "description": "public: said by a party; reported: press or leak; assumed: filled in"},
		"instant":    text(`^\d{4}-\d{2}-\d{2}`, "a day, which begins in the agreement's zone, or an instant with its offset", "2026-04-27"),
		"days":       text(`^\d{1,4}d$`, "a number of days", "30d"),
		"amount":     text(`^\d+(\.\d+)? [A-Z]{3}$`, "an amount and its currency, in quotes", "1000 USD"),
		"number":     text(`^\d+(\.\d+)?$`, "an amount in the agreement's currency, in quotes", "1000"),
		"rate":       text(`^\d+(\.\d+)?%?$|^\d+/\d+$`, "a ratio from 0 to 1, in quotes", "20%"),
		"pattern":    text(`^[A-Za-z0-9._/-]*\*?$`, "a product's id, or its beginning and one *", "openai/*"),
		"patterns":   {"type": "array", "items": ref("pattern"), "minItems": 1},
		"groups":     {"type": "array", "items": ids},
		"from":       {"anyOf": []form{ref("instant"), ref("begin")}},
		"until":      {"anyOf": []form{ref("instant"), ref("end")}},
		"through": {"anyOf": []form{text(`^\d{4}(-\d{2}(-\d{2})?)?$`, "the last day, month or year that still counts", "2032"),
			{"type": "integer", "minimum": firstYear, "maximum": lastYear}}},
		"ends":    {"type": "array", "items": ref("end-of-several"), "minItems": 2},
		"clauses": {"type": "array", "items": ref("clause")},
		"kind":    {"enum": clauseKinds()},

		"perpetual": {"const": "perpetual"},
	}
}

// clauseForm is a clause, whose kind decides the rest.
func clauseForm() form {
	var cases []form
	for _, kind := range clauseKinds() {
		cases = append(cases, form{
			"if":   form{"properties": form{"kind": form{"const": kind}}, "required": []string{"kind"}},
			"then": ref(kind),
		})
	}
	return form{"type": "object", "required": []string{"id", "kind"}, "properties": form{"kind": ref("kind")}, "allOf": cases}
}

// object is the mapping of a path.
func (s *schema) object(path string) form {
	o, ok := s.objects[path]
	if !ok {
		panic("agreementfile: the schema has no object " + path)
	}
	kind, _, _ := strings.Cut(path, ".")
	inClause := slices.Contains(clauseKinds(), kind) || path == "products.match" || kind == "end" || kind == "begin"
	properties := form{}
	var required []string
	for _, f := range o.fields {
		name, must := strings.CutSuffix(f.name, "!")
		if must {
			required = append(required, name)
		}
		properties[name] = s.field(path, name, f, inClause)
	}
	if _, own := properties["provenance"]; inClause && !own {
		properties["provenance"] = ref("provenance")
	}
	out := form{"type": "object", "description": o.about, "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	var either []form
	for _, name := range o.either {
		either = append(either, form{"required": []string{name}})
	}
	if len(either) > 0 {
		out["oneOf"] = either
	}
	return out
}

// field is the form of one field, with what it means. Fields of clauses may say how well they are known.
func (s *schema) field(path, name string, f schemaField, inClause bool) form {
	at := name
	if path != "" {
		at = path + "." + name
	}
	v := s.form(at, f.form)
	plain := name == "id" || name == "kind" || name == "prose" || name == "source" || name == "provenance"
	out := maps.Clone(v)
	if inClause && !plain {
		out = s.known(v)
	}
	out["description"] = f.about
	if note := unsettledNote(at, f.form); note != "" {
		out["description"] = f.about + "; " + note
	}
	return out
}

// known is a value, or {value: V, provenance: P}.
func (s *schema) known(v form) form {
	def, named := v["$ref"].(string)
	either := form{"anyOf": []form{v, {
		"type": "object", "additionalProperties": false, "required": []string{"value", "provenance"},
		"properties": form{"value": v, "provenance": ref("provenance")},
	}}}
	if !named {
		return either
	}
	name := strings.TrimPrefix(def, "#/$defs/") + "-known"
	s.defs[name] = either
	return ref(name)
}

// form is what a field's value looks like.
func (s *schema) form(at, name string) form {
	name, of, _ := strings.Cut(name, ": ")
	switch name {
	case "object", "exception":
		return s.define(at)
	case "objects":
		return form{"type": "array", "items": s.define(at)}
	case "map":
		if of == "object" {
			return form{"type": "object", "additionalProperties": s.define(at)}
		}
		return form{"type": "object", "additionalProperties": form{"anyOf": []form{ref(of), ref("provenance")}}}
	case "words":
		return form{"enum": strings.Fields(of)}
	case "list":
		return form{"type": "array", "items": form{"enum": strings.Fields(of)}, "uniqueItems": true}
	case "listorall":
		return form{"anyOf": []form{{"const": "all"}, s.form(at, "list: "+of)}}
	case "within":
		return form{"anyOf": []form{{"enum": []string{"declared", "cheapest", "fastest"}}, s.define(at)}}
	}
	if _, known := s.defs[name]; !known && name != "source" && name != "choice-of-products" {
		panic("agreementfile: the schema has no form " + name)
	}
	return ref(name)
}

// define puts the mapping of a path among the parts that have a name.
func (s *schema) define(path string) form {
	if _, known := s.defs[path]; !known {
		s.defs[path] = s.object(path)
	}
	return ref(path)
}

// unsettledNote says what of a field is read and not settled yet; "" if all of it is.
func unsettledNote(at, name string) string {
	if g, ok := notYet[at]; ok {
		return "not settled yet, and refused by serve: " + g.lacks
	}
	var words []string
	_, of, _ := strings.Cut(name, ": ")
	for w := range strings.FieldsSeq(of) {
		if _, ok := notYet[at+"="+w]; ok {
			words = append(words, w)
		}
	}
	switch {
	case len(words) == 0:
		return ""
	case strings.HasPrefix(at, "facts."):
		return list(words) + " without effect yet"
	}
	return "not settled yet, and refused by serve: " + list(words)
}
