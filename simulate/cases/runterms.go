package cases

import (
	"slices"
	"strings"
	"time"

	"concord/agreement"
)

// terms looks terms up and holds them to what is expected.
func (r *runner) terms(c *Case) {
	known := r.scene.Known
	if c.Terms.Known.Given() {
		known = r.instant(c.Terms.Known)
	}
	here := r.termsAt(c.Terms.AsOf, known)
	if here == nil {
		return
	}
	e := &c.Expect
	var ids []string
	for _, f := range here.Clauses() {
		ids = append(ids, f.Clause.Head().ID)
	}
	for _, want := range e.InForce {
		if !r.clause(want) {
			continue
		}
		if !slices.Contains(ids, want.Value) {
			r.fail(want, "in_force", want.Value+" in force", "not in force", "in force are: "+strings.Join(ids, ", "))
		}
	}
	for _, want := range e.NotInForce {
		if r.clause(want) && slices.Contains(ids, want.Value) {
			r.fail(want, "not_in_force", want.Value+" not in force", "in force", "")
		}
	}
	for _, at := range e.SameAs {
		if other := r.termsAt(at, known); other != nil && other.Hash() != here.Hash() {
			r.fail(at, "same_as", "the terms of "+at.Value, "other terms", differing(here, other))
		}
	}
	for _, at := range e.DiffersAt {
		if other := r.termsAt(at, known); other != nil && other.Hash() == here.Hash() {
			r.fail(at, "differs_from", "other terms than on "+at.Value, "the same terms", "")
		}
	}
}

func (r *runner) termsAt(at Text, known time.Time) *agreement.Terms {
	before := len(r.findings)
	effective := r.instant(at)
	if len(r.findings) > before {
		return nil
	}
	t, err := r.scene.Set.AsOf(effective, known)
	if err != nil {
		r.invalid(at, "resolve what concord agreement check reports", "%v", err)
		return nil
	}
	return t
}

// clause reports whether any agreement ever has a clause: an expectation of one that nobody wrote is a misspelling.
func (r *runner) clause(want Text) bool {
	var ids []string
	for _, a := range r.scene.Set.Agreements() {
		for i := range a.Amendments {
			for _, c := range slices.Concat(a.Amendments[i].Adds, a.Amendments[i].Replaces) {
				ids = append(ids, c.Head().ID)
			}
		}
	}
	if slices.Contains(ids, want.Value) {
		return true
	}
	slices.Sort(ids)
	r.invalid(want, "use one of: "+strings.Join(slices.Compact(ids), ", "), "no agreement has a clause %q", want.Value)
	return false
}

// differing names the clauses that only one of two terms has, or that say something else.
func differing(here, other *agreement.Terms) string {
	var only []string
	compare := func(a, b *agreement.Terms, how string) {
		for _, f := range a.Clauses() {
			g, ok := b.Clause(f.Ref())
			switch {
			case !ok:
				only = append(only, f.Ref().Clause+how)
			case how == " only here" && g.Amendment != f.Amendment:
				only = append(only, f.Ref().Clause+" of another amendment")
			}
		}
	}
	compare(here, other, " only here")
	compare(other, here, " only there")
	if len(only) == 0 {
		return "the facts differ"
	}
	return strings.Join(only, ", ")
}
