package agreement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Lint reports everything that is wrong or doubtful in a set and, where a catalog is given, in serving it. It never
// stops at the first finding. Every interval of the set's history is looked at, as all of it is known; each finding is
// reported once, by place.
func (s *Set) Lint(c *Catalog) []Finding { return s.lint(c).findings }

func (s *Set) lint(c *Catalog) *linter {
	l := &linter{set: s, catalog: c, seen: map[string]bool{}, count: map[Severity]int{}}
	l.documents()
	l.names()
	for _, a := range s.agreements {
		l.chain(a)
		l.clauses(a)
		l.facts(a)
		l.provenances(a)
	}
	if c != nil {
		l.offers()
	}
	l.history()
	slices.SortStableFunc(l.findings, func(x, y Finding) int {
		return cmp.Or(strings.Compare(x.Pos.File, y.Pos.File), cmp.Compare(x.Pos.Line, y.Pos.Line),
			cmp.Compare(x.Pos.Column, y.Pos.Column), strings.Compare(x.Rule, y.Rule))
	})
	return l
}

// maxFindings bounds how many errors, and how many warnings, Lint reports; nobody reads more at once.
const maxFindings = 1000

type linter struct {
	set      *Set
	catalog  *Catalog
	findings []Finding
	seen     map[string]bool
	count    map[Severity]int
	work     int // comparisons so far
	sizes    map[*Agreement]int
}

// A problem is a finding in the making.
type problem struct {
	rule    string
	at      Pos
	remedy  string
	related []Ref
}

// full reports whether more errors would only be dropped.
func (l *linter) full() bool { return l.count[Error] >= maxFindings }

func (l *linter) report(p problem, format string, args ...any) {
	rule, ok := ruleByID(p.rule)
	if !ok {
		panic("agreement: finding of unknown rule " + p.rule)
	}
	if l.count[rule.Severity] >= maxFindings {
		return // however many warnings there are, an error is not lost
	}
	f := Finding{Rule: p.rule, Severity: rule.Severity, Pos: p.at, Message: fmt.Sprintf(format, args...), Remedy: p.remedy, Related: p.related}
	key := fmt.Sprintf("%s\x00%s\x00%s", f.Rule, f.Pos, f.Message)
	if !l.seen[key] {
		l.seen[key] = true
		l.count[rule.Severity]++
		l.findings = append(l.findings, f)
	}
}

// everKnown is an instant by which all that a document says is known.
func everKnown() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }

// documents looks at what agreements declare as a whole.
func (l *linter) documents() {
	for i, a := range l.set.agreements {
		for _, b := range l.set.agreements[:i] {
			if a.Name == b.Name {
				l.report(problem{rule: "agreement-twice", at: a.Pos, remedy: "load each agreement once"},
					"the agreement %s is loaded twice, also from %s", a.Name, b.Pos.File)
			}
		}
		for _, s := range a.Settlement {
			for _, party := range s.Between {
				l.party(a, party, s.Pos, "between")
			}
		}
		if a.Policy == "" {
			continue
		}
		for _, c := range a.allClauses() {
			switch c.(type) {
			case *License, *Sale, *RevenueShare:
				l.report(problem{rule: "policy-narrows", at: c.Head().Pos, remedy: "state it in an agreement between parties", related: []Ref{{a.Name, c.Head().ID}}},
					"the policy of %s has a %s clause (%s), and a policy may only narrow what agreements permit", a.Policy, KindOf(c), c.Head().ID)
			case *Delivery, *Commitment, *Milestone:
			}
		}
	}
}

// allClauses returns all versions of all clauses, in the file's order.
func (a *Agreement) allClauses() (cs []Clause) {
	for i := range a.Amendments {
		cs = append(cs, a.Amendments[i].Adds...)
		cs = append(cs, a.Amendments[i].Replaces...)
	}
	return cs
}

// names looks for names that are given twice, in one file or in several.
func (l *linter) names() {
	type owned struct {
		by string
		at Pos
	}
	clouds, names := map[string]owned{}, map[string]owned{}
	products := map[string]*Product{}
	for _, a := range l.set.agreements {
		for _, p := range a.Parties {
			for _, cloud := range p.Operates {
				if o, ok := clouds[cloud]; ok && o.by != p.ID {
					l.report(problem{rule: "cloud-twice", at: p.Pos, remedy: "let one party operate it"}, "%s operates %s, and so does %s (%s)", p.ID, cloud, o.by, o.at)
					continue
				}
				clouds[cloud] = owned{p.ID, p.Pos}
			}
		}
		for i := range a.Products {
			p := &a.Products[i]
			l.party(a, p.Owner, p.Pos, "owner")
			if q, ok := products[p.ID]; ok && (q.State != p.State || q.OpenWeights != p.OpenWeights) {
				l.report(problem{rule: "product-contradiction", at: p.Pos, remedy: "say the same of it in both files"},
					"%s is declared otherwise in %s (%s)", p.ID, q.Pos.File, differing(p, q))
			}
			products[p.ID] = p
			for _, name := range append([]string{p.ID}, p.Aliases...) {
				if o, ok := names[name]; ok && o.by != p.ID {
					l.report(problem{rule: "alias-twice", at: p.Pos, remedy: "give each product names of its own"},
						"%s is a name of %s and of %s (%s)", name, p.ID, o.by, o.at)
					continue
				}
				names[name] = owned{p.ID, p.Pos}
			}
		}
	}
}

func differing(p, q *Product) string {
	var ds []string
	if p.State != q.State {
		ds = append(ds, fmt.Sprintf("state %q, here %q", q.State, p.State))
	}
	if p.OpenWeights != q.OpenWeights {
		ds = append(ds, fmt.Sprintf("open weights %q, here %q", q.OpenWeights, p.OpenWeights))
	}
	return strings.Join(ds, "; ")
}

// provenances reports what rests on reported or assumed terms.
func (l *linter) provenances(a *Agreement) {
	for i := range a.Amendments {
		m := &a.Amendments[i]
		for _, c := range slices.Concat(m.Adds, m.Replaces) {
			f := InForce{Agreement: a, Amendment: m, Clause: c}
			h := c.Head()
			say := func(at Pos, what string, p Provenance) {
				l.report(problem{rule: "not-public", at: at, remedy: "replace it by the agreed term once that is known", related: []Ref{f.Ref()}},
					"%s is %s (amendment %s); what rests on it carries a footnote", what, p, m.ID)
			}
			if p := f.Provenance(""); p != Public {
				say(h.Pos, h.ID, p)
			}
			for _, fp := range h.FieldProv {
				if fp.Provenance != Public {
					say(h.At(fp.Field), fp.Field+" of "+h.ID, fp.Provenance)
				}
			}
		}
	}
}
