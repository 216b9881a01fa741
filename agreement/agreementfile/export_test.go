package agreementfile

import (
	"regexp"
	"slices"
	"strings"
)

// ParserFields parses a document and returns the fields that the parser asked for, by path, with the words that each can have.
func ParserFields(doc []byte) map[string]string {
	fields := map[string]string{}
	r := &reader{source: newSource("deal.yaml", doc)}
	r.trace = func(path string, words []string) {
		path = canonical(path)
		if strings.HasSuffix(path, ".provenance") {
			words = nil // every mapping of a clause can have one
		}
		if fields[path] == "" {
			fields[path] = strings.Join(words, " ")
		}
	}
	r.agreement(r.document(doc))
	for _, kind := range clauseKinds() {
		fields[kind+".kind"] = fields["kind"] // read before the clause's other fields are known
	}
	delete(fields, "kind")
	return fields
}

var (
	byCondition = regexp.MustCompile(`^.*\.until\.`)
	several     = regexp.MustCompile(`^.*\.until\.(.*\.)?first_of\.`)
	beginning   = regexp.MustCompile(`^(delivery|license|sale|revenue-share|commitment|milestone)\.from\.`)
	match       = regexp.MustCompile(`^.*\.products\.`)
)

// canonical gives mappings that stand in several places one path.
func canonical(path string) string {
	path = several.ReplaceAllString(path, "end.first_of.")
	path = byCondition.ReplaceAllString(path, "end.")
	path = beginning.ReplaceAllString(path, "begin.")
	path = match.ReplaceAllString(path, "products.match.")
	return strings.TrimPrefix(path, ".")
}

// SchemaFields returns the fields of the schema in the same way. Mappings with names of the document's own have none.
func SchemaFields() map[string]string {
	fields := map[string]string{}
	for _, o := range schemaObjects() {
		list, kind := o.fields, strings.SplitN(o.path, ".", 2)[0]
		if slices.Contains(clauseKinds(), o.path) {
			list = append(headFields(), list...)
		} else if slices.Contains(clauseKinds(), kind) || kind == "end" || kind == "begin" || o.path == "products.match" {
			list = append(list, schemaField{"provenance", "provenance", ""})
		}
		for _, f := range list {
			path := strings.TrimPrefix(o.path+"."+strings.TrimSuffix(f.name, "!"), ".")
			fields[path] = ""
			form, words, _ := strings.Cut(f.form, ": ")
			switch form {
			case "words", "list", "listorall":
				fields[path] = words
			case "within":
				fields[path] = "declared cheapest fastest"
			case "kind":
				fields[path] = strings.Join(clauseKinds(), " ")
			case "exception":
				fields[path] = "cannot-support declines"
			}
		}
	}
	return fields
}
