package app

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/agreement/agreementfile"
)

// A VersionQuery names one side of a difference of terms.
type VersionQuery struct {
	Text  string // amendment id, date or RFC 3339 instant; "" = Now
	Now   time.Time
	Known time.Time // zero = as known at Now, or when the named amendment was recorded if that is later
}

// TermsOf finds the terms that a query names: those that came into force with an amendment, or in force at an instant.
func TermsOf(set *agreement.Set, q VersionQuery) (*agreement.Terms, error) {
	known := q.Known
	if known.IsZero() {
		known = q.Now
	}
	at := q.Now
	if q.Text != "" {
		var err error
		var recorded time.Time
		if at, recorded, err = effectiveInstant(set, q.Text); err != nil {
			return nil, err
		}
		if q.Known.IsZero() && recorded.After(known) {
			known = recorded
		}
	}
	terms, err := set.AsOf(at, known)
	if err != nil {
		return nil, fmt.Errorf("find the terms of %s: %w", q.Text, err)
	}
	return terms, nil
}

// effectiveInstant reads the id of an amendment, a date in the zone of the first agreement, or RFC 3339.
func effectiveInstant(set *agreement.Set, text string) (at, recorded time.Time, err error) {
	var found []*agreement.Amendment
	var ids []string
	for _, a := range set.Agreements() {
		for i := range a.Amendments {
			m := &a.Amendments[i]
			if m.ID == text {
				found = append(found, m)
			}
			if !slices.Contains(ids, m.ID) {
				ids = append(ids, m.ID)
			}
		}
	}
	same := len(found) > 0 && !slices.ContainsFunc(found, func(m *agreement.Amendment) bool { return !m.Effective.Equal(found[0].Effective) })
	if same {
		for _, m := range found {
			if m.Recorded.After(recorded) {
				recorded = m.Recorded
			}
		}
		return found[0].Effective, recorded, nil
	}
	zone := time.UTC
	if all := set.Agreements(); len(all) > 0 && all[0].Zone != nil {
		zone = all[0].Zone
	}
	if at, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return at, recorded, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, recorded, nil
	}
	if len(found) > 0 {
		return at, recorded, fmt.Errorf("amendments %q of several agreements take effect at different instants\n  name the instant: %s", text, found[0].Effective.Format(time.RFC3339))
	}
	return at, recorded, fmt.Errorf("%q is neither a date nor the id of an amendment\n  write 2026-04-27, 2026-04-27T09:00:00Z, or one of: %s", text, strings.Join(ids, ", "))
}

// Redraft returns a set in which the agreements of some files stand in for those of the same name, beside the others.
func Redraft(set *agreement.Set, files []string, src Source) (*agreement.Set, error) {
	var all []*agreement.Agreement
	var findings []agreement.Finding
	sources := map[string][]byte{}
	for _, path := range files {
		content, err := src.Read(path)
		if err != nil {
			return nil, unreadable("agreement-file", agreement.Pos{File: path}, "the agreement", path, err)
		}
		sources[path] = content
		parsed, found := agreementfile.Parse(path, content)
		findings = append(findings, found...)
		if parsed != nil {
			all = append(all, parsed)
		}
	}
	for _, a := range set.Agreements() {
		if !slices.ContainsFunc(all, func(b *agreement.Agreement) bool { return b.Name == a.Name }) {
			all = append(all, a)
		}
	}
	next := agreement.NewSet(all...)
	if !HasErrors(findings) {
		findings = append(findings, next.Lint(nil)...)
	}
	if HasErrors(findings) {
		agreementfile.Annotate(findings, sources)
		return nil, &Invalid{"agreement", findings}
	}
	return next, nil
}

// LastNew returns the amendment that takes effect last of those that a draft has and a set has not; nil = none.
func LastNew(set, draft *agreement.Set) (last *agreement.Amendment) {
	type key struct{ agreement, amendment string }
	have := map[key]bool{}
	for _, a := range set.Agreements() {
		for i := range a.Amendments {
			have[key{a.Name, a.Amendments[i].ID}] = true
		}
	}
	for _, a := range draft.Agreements() {
		for i := range a.Amendments {
			m := &a.Amendments[i]
			if !have[key{a.Name, m.ID}] && (last == nil || m.Effective.After(last.Effective)) {
				last = m
			}
		}
	}
	return last
}
