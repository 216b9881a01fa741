package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/journal"
)

// registry is what the documents of the journal say: agreements by hash, and the terms that records name.
type registry struct {
	known      map[journal.Hash]bool
	agreements map[journal.Hash]*agreement.Agreement
	terms      map[journal.Hash]*termsPlan
	lastTerms  *termsPlan
	roots      map[clauseKey]clauseKey         // of clauses that continue another one's totals
	clauses    map[clauseKey]agreement.InForce // their last versions
	byName     map[string]*agreement.Agreement
	timeline   []agreement.Interval // of the last set
}

func newRegistry() registry {
	return registry{known: map[journal.Hash]bool{}, agreements: map[journal.Hash]*agreement.Agreement{},
		terms: map[journal.Hash]*termsPlan{}, roots: map[clauseKey]clauseKey{},
		clauses: map[clauseKey]agreement.InForce{}, byName: map[string]*agreement.Agreement{}}
}

// document takes in a document. One that is known already changes nothing: every process run brings its own again.
func (s *State) document(at int64, d *journal.Document) error {
	if s.known[d.Hash] {
		return nil
	}
	if err := s.register(d); err != nil {
		return err
	}
	s.known[d.Hash] = true
	s.documents++
	s.fresh = append(s.fresh, encodeDocument(d))
	if d.Doc == journal.DocSet {
		s.work.terms = true
		return s.rerate(at)
	}
	return nil
}

// register parses a document and keeps what it says.
func (s *State) register(d *journal.Document) error {
	if got := journal.Hash(sha256.Sum256(d.Bytes)); got != d.Hash {
		return fmt.Errorf("the bytes have the hash %x, the entry says %x", got[:6], d.Hash[:6])
	}
	switch d.Doc {
	case journal.DocAgreement:
		a, findings := agreementfile.Parse(d.Name, d.Bytes)
		if a == nil {
			return findingsError(findings)
		}
		s.agreements[d.Hash] = a
	case journal.DocSet:
		return s.set(d.Bytes)
	case journal.DocCatalog, journal.DocPrices:
		// Kept for whoever computes decisions and prices again: records carry their priced lines.
	case journal.DocReconciliation:
		// Says what a bill was held against; what follows from it is a correction.
	default:
		return fmt.Errorf("documents of kind %d are unknown to this version", d.Doc)
	}
	return nil
}

// set registers the terms of every interval of a set's history.
func (s *State) set(doc []byte) error {
	var set journal.SetDoc
	if err := json.Unmarshal(doc, &set); err != nil {
		return fmt.Errorf("read set: %w", err)
	}
	agreements := make([]*agreement.Agreement, len(set.Agreements))
	for i, text := range set.Agreements {
		raw, err := hex.DecodeString(text)
		if err != nil || len(raw) != len(journal.Hash{}) {
			return fmt.Errorf("agreement %d of the set: %q is not a SHA-256 in hex", i+1, text)
		}
		h := journal.Hash(raw)
		a, ok := s.agreements[h]
		if !ok {
			return fmt.Errorf("agreement %s of the set is not in the journal before it", text)
		}
		agreements[i] = a
	}
	intervals, err := agreement.NewSet(agreements...).Timeline(time.Unix(0, set.Known).UTC())
	if err != nil {
		return fmt.Errorf("terms of the set: %w", err)
	}
	terms := make([]*agreement.Terms, len(intervals))
	for i, interval := range intervals {
		terms[i] = interval.Terms
	}
	if err := s.learn(terms); err != nil {
		return err
	}
	s.timeline = intervals
	s.observed.relearn()
	return nil
}

// learn registers terms. It checks all of them before it changes anything.
func (s *State) learn(terms []*agreement.Terms) error {
	for _, t := range terms {
		if findings := Check(t); len(findings) > 0 {
			return findingsError(findings)
		}
	}
	next, err := s.continuations(terms)
	if err != nil {
		return err
	}
	if err := s.checkOpenings(terms, next); err != nil {
		return err
	}
	if err := s.checkRetro(terms, next); err != nil {
		return err
	}
	s.roots = next
	for _, t := range terms {
		if _, ok := s.terms[t.Hash()]; !ok {
			s.terms[t.Hash()] = newTermsPlan(t)
		}
		s.openShares(t)
		s.list(t)
	}
	for _, p := range s.terms { // what was compiled may lack a cap that is new
		p.forget()
	}
	s.observed.relearn()
	return nil
}

// plan returns what was compiled for terms.
func (s *State) plan(h journal.Hash) (*termsPlan, error) {
	if s.lastTerms != nil && s.lastTerms.hash == h {
		return s.lastTerms, nil
	}
	p, ok := s.terms[h]
	if !ok {
		return nil, fmt.Errorf("terms %x are not among those of the documents in the journal before it", h[:])
	}
	s.lastTerms = p
	return p, nil
}

// planOf is plan for terms at hand, registering them where they are new.
func (s *State) planOf(t *agreement.Terms) (*termsPlan, error) {
	if s.terms[t.Hash()] == nil {
		if err := s.learn([]*agreement.Terms{t}); err != nil {
			return nil, err
		}
	}
	return s.plan(t.Hash())
}

// findingsError makes one error of the findings that are errors.
func findingsError(findings []agreement.Finding) error {
	var errs []error
	for _, f := range findings {
		if f.Severity == agreement.Error {
			errs = append(errs, fmt.Errorf("%s:%d:%d: %s: %s", f.Pos.File, f.Pos.Line, f.Pos.Column, f.Message, f.Remedy))
		}
	}
	if errs == nil {
		return errors.New("the agreement cannot be read")
	}
	return errors.Join(errs...)
}
