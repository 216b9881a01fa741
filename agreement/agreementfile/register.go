package agreementfile

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"concord/agreement"
)

// WithFact returns a document with one more fact: what was recorded after an agreement was written follows it as a YAML document
// of its own that holds facts and nothing else, so that no byte of the agreement changes. fact is one line of YAML, {...}.
func WithFact(doc []byte, fact string) []byte {
	out := slices.Clone(doc)
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out, '\n')
	}
	return append(out, "---\nfacts:\n  - "+strings.TrimSpace(fact)+"\n"...)
}

// isRegister reports whether documents hold facts and nothing else.
func isRegister(bodies []ast.Node) bool {
	for _, b := range bodies {
		var keys []string
		switch m := b.(type) {
		case *ast.MappingNode:
			for _, v := range m.Values {
				keys = append(keys, v.Key.GetToken().Value)
			}
		case *ast.MappingValueNode:
			keys = append(keys, m.Key.GetToken().Value)
		}
		if len(keys) != 1 || keys[0] != "facts" {
			return false
		}
	}
	return true
}

// registered reads the facts that follow an agreement.
func (r *reader) registered(a *agreement.Agreement) {
	for _, body := range r.later {
		if o := r.object(body, "a register of facts"); o != nil {
			o.each("facts", "a fact", func(s *object) { a.Facts = append(a.Facts, s.fact()) })
			o.done()
		}
	}
}
