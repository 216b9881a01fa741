package agreement

import (
	"strings"
	"time"

	"concord/agreement/condition"
)

// A Clause is one term of an agreement. The set is closed: *Delivery, *License, *Sale, *RevenueShare, *Commitment and
// *Milestone.
type Clause interface {
	// Head returns what all clauses have in common.
	Head() *Head
	isClause()
}

// Head is what all clauses have in common.
type Head struct {
	ID        string
	Prose     string // the sentence or section that the clause implements
	Source    Source
	FieldProv []FieldProvenance // fields known less well than the clause, such as "rate"
	From      time.Time         // zero = from the amendment's effective instant
	Begin     Begin             // of a clause that waits for a milestone
	End       End
	Priority  int                  // higher wins where the file declares priorities
	When      string               // CEL condition over the request's facts; "" = always
	Condition *condition.Condition // When as the loader compiled it; may be nil
	Retro     string               // "true_up" or "keep"; "" = does not apply
	Continues string               // id of the clause whose running totals carry on
	Survives  []string
	Pos       Pos
	Places    []Place // where its fields stand
	Unsettled []Gap   // fields that are read and that nobody settles yet; no part of the terms
}

// Place is where a field of a clause stands in its file.
type Place struct {
	Field string
	Pos   Pos
}

// At returns where a field stands, or where the clause does if that is not known.
func (h *Head) At(field string) Pos {
	for _, p := range h.Places {
		if p.Field == field {
			return p.Pos
		}
	}
	return h.Pos
}

// FieldProvenance marks one field, or one item of a list field, as reported or assumed.
type FieldProvenance struct {
	Field      string
	Provenance Provenance
}

// Common is the name under which every clause embeds its Head: a field named Head would hide the method.
type Common = Head

// Head returns h, so that every clause that embeds it is a Clause.
func (h *Head) Head() *Head { return h }
func (h *Head) isClause()   {}

// End says when a clause ends. Exactly one of Until, Milestone, FirstOf and Perpetual is set; the zero End is "not
// said", which Lint reports. A file's through: D is compiled to the exclusive Until and kept as Through for display.
type End struct {
	Until     time.Time // exclusive
	Through   string    // as the file has it: a day, month or year; "" = the file said until
	Milestone string
	State     string // milestone state that ends the clause: "declared" or "verified"
	FirstOf   []End
	Perpetual bool
	Retro     bool // a milestone may take effect before it was recorded
	Pos       Pos
}

// Begin says what a clause waits for before it begins; the zero Begin is nothing.
type Begin struct {
	Milestone string
	State     string // milestone state that begins the clause: "declared" or "verified"
	Retro     bool   // it may take effect before it was recorded
	Pos       Pos
}

// Match selects products by pattern: exact ids, or a prefix before one trailing "*".
type Match struct {
	Match  []string
	Except []string
}

// Matches reports whether a product is selected; the zero Match selects all.
func (m Match) Matches(product string) bool {
	return (len(m.Match) == 0 || anyPattern(m.Match, product)) && !anyPattern(m.Except, product)
}

func anyPattern(patterns []string, product string) bool {
	for _, p := range patterns {
		if prefix, open := strings.CutSuffix(p, "*"); p == product || open && strings.HasPrefix(product, prefix) {
			return true
		}
	}
	return false
}

var (
	_ Clause = (*Delivery)(nil)
	_ Clause = (*License)(nil)
	_ Clause = (*Sale)(nil)
	_ Clause = (*RevenueShare)(nil)
	_ Clause = (*Commitment)(nil)
	_ Clause = (*Milestone)(nil)
)

// KindOf returns the word that the file uses for a clause's kind.
func KindOf(c Clause) string {
	switch c.(type) {
	case *Delivery:
		return "delivery"
	case *License:
		return "license"
	case *Sale:
		return "sale"
	case *RevenueShare:
		return "revenue-share"
	case *Commitment:
		return "commitment"
	case *Milestone:
		return "milestone"
	}
	panic("agreement: clause of no known kind")
}
