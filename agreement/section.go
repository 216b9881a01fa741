package agreement

import (
	"slices"
	"time"
)

// Section is what a clause is about, for whoever reads terms: delivery, license and money are decoupled, and are read apart.
type Section string

// The sections, in the order in which terms are read.
const (
	AboutDelivery   Section = "delivery"
	AboutLicense    Section = "license"
	AboutMoney      Section = "money"
	AboutMilestones Section = "milestones"
)

// Sections lists the sections in order.
func Sections() []Section {
	return []Section{AboutDelivery, AboutLicense, AboutMoney, AboutMilestones}
}

// SectionOf returns the section of a clause.
func SectionOf(c Clause) Section {
	switch c.(type) {
	case *Delivery:
		return AboutDelivery
	case *License:
		return AboutLicense
	case *Sale, *RevenueShare, *Commitment:
		return AboutMoney
	case *Milestone:
		return AboutMilestones
	}
	panic("agreement: clause of no known kind")
}

// Of returns the clauses of a section, kind by kind, each kind in the order in which they come.
func (s Section) Of(clauses []InForce) []InForce {
	var own []InForce
	for _, f := range clauses {
		if SectionOf(f.Clause) == s {
			own = append(own, f)
		}
	}
	// Who sells comes before who shares, and both before who is committed.
	kinds := []string{"sale", "revenue-share", "commitment"}
	slices.SortStableFunc(own, func(x, y InForce) int {
		return slices.Index(kinds, KindOf(x.Clause)) - slices.Index(kinds, KindOf(y.Clause))
	})
	return own
}

// Title says what a section holds.
func (s Section) Title() string {
	switch s {
	case AboutDelivery:
		return "Delivery: what may run where, and in which order"
	case AboutLicense:
		return "License: who may use what"
	case AboutMoney:
		return "Money: who sells, who shares, who is committed"
	case AboutMilestones:
		return "Milestones"
	}
	return string(s)
}

// Next lists what changes the terms when their span is over, and what has no date and may change them before. Nothing is
// listed that changes no terms.
func (s *Set) Next(t *Terms, known time.Time) (dated, undated []Event, err error) {
	from, until := t.Span()
	if until.IsZero() {
		until = from
	}
	// The span's own beginning decides which clauses are in force, its end what comes.
	all, err := s.Calendar(from, until.Add(1), known)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range all {
		switch e.Kind {
		case AmendmentBegins, ClauseBegins, ClauseEnds, FactOn, AnswerDue:
			if e.At.Equal(until) && !until.Equal(from) {
				dated = append(dated, e)
			}
		case Condition:
			if !slices.ContainsFunc(undated, func(o Event) bool { return o.Title == e.Title }) {
				undated = append(undated, e)
			}
		case WindowBegins, CommitmentMoves, PeriodEnds, StatementDue, PaymentDue, Acceptance, OpenEnded:
		}
	}
	return dated, undated, nil
}
