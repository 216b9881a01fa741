package ledger

import (
	"errors"
	"strings"
	"time"

	"concord/agreement"
	"concord/journal"
)

// list keeps the clauses of terms by name, for entries that name a clause and no terms.
func (s *State) list(t *agreement.Terms) {
	for _, f := range t.Clauses() {
		s.clauses[clauseKey{f.Agreement.Name, f.Clause.Head().ID}] = f
		s.byName[f.Agreement.Name] = f.Agreement
	}
}

// agreementOf returns the agreement of a name; nil is none.
func (s *State) agreementOf(name string) *agreement.Agreement { return s.byName[name] }

// inForce returns the terms of an instant, by the documents that are known now.
func (s *State) inForce(at int64) (*termsPlan, error) {
	instant := time.Unix(0, at)
	for _, v := range s.timeline {
		if !instant.Before(v.From) && (v.Until.IsZero() || instant.Before(v.Until)) {
			return s.plan(v.Terms.Hash())
		}
	}
	return nil, errors.New("no document of the journal says which terms are in force")
}

// origin returns the terms of a sale that an entry points at and what the sale posted: under the terms that it names, or
// those in force at its instant where it names none.
func (s *State) origin(o *journal.Origin, at int64) (*termsPlan, *salePlan, error) {
	s.work.tx.Currency, s.work.tx.Customer = o.Currency, o.Customer
	plan, err := s.termsOf(o, at)
	if err != nil {
		return nil, nil, err
	}
	sold, err := s.sale(plan, saleKey{o.Seller, o.Customer, o.Product, o.Cloud, o.Currency})
	return plan, sold, err
}

// termsOf returns the terms of a sale that an entry points at.
func (s *State) termsOf(o *journal.Origin, at int64) (*termsPlan, error) {
	if o.Terms == (journal.Hash{}) {
		return s.inForce(at)
	}
	return s.plan(o.Terms)
}

// instantOf returns the instant that chooses terms and windows: the sale's, or the entry's own where it names none.
func instantOf(o *journal.Origin, own int64) int64 {
	if o.At == 0 {
		return own
	}
	return o.At
}

// capacityPrefix begins the subject of what a cloud's capacity costs where no commitment is meant.
const capacityPrefix = "capacity:"

// capacityCloud returns the cloud of such a subject.
func capacityCloud(subject string) (cloud string, ok bool) {
	return strings.CutPrefix(subject, capacityPrefix)
}
