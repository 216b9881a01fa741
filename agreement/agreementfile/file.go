// Package agreementfile turns YAML documents into agreements, with the position of everything that is wrong. It knows the
// form of a document only: what its names and numbers mean together is the business of agreement.Set.Lint.
package agreementfile

import (
	"cmp"
	"crypto/sha256"
	"slices"

	"concord/agreement"
)

// Bounds of a document. They keep a hostile file from taking time or memory that nobody meant to give.
const (
	maxBytes    = 1 << 20 // what the YAML parser reads in about a second
	maxDepth    = 32
	maxClauses  = 3_000
	maxFindings = 1_000
)

// Parse reads one agreement document; name is used in positions. The findings are those of the document's form; an
// agreement is returned only if none of them is an error.
func Parse(name string, doc []byte) (*agreement.Agreement, []agreement.Finding) {
	r := &reader{source: newSource(name, doc), register: true}
	body := r.document(doc)
	if body == nil {
		return nil, r.findings
	}
	if isShort(body) {
		r.ask(r.shortForm(body))
		r.sort()
		return nil, r.findings
	}
	a := r.agreement(body)
	r.registered(a)
	a.Hash = sha256.Sum256(doc)
	r.sort()
	for _, f := range r.findings {
		if f.Severity == agreement.Error {
			return nil, r.findings
		}
	}
	return a, r.findings
}

func (r *reader) sort() {
	slices.SortStableFunc(r.findings, func(x, y agreement.Finding) int {
		return cmp.Or(cmp.Compare(x.Pos.Line, y.Pos.Line), cmp.Compare(x.Pos.Column, y.Pos.Column))
	})
}
