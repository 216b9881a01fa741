package agreement

import "strings"

// Provenance returns how well a field of a clause is known; field "" is the clause as a whole. A list field counts as
// known no better than the worst of its items; an item ("caps[0]") no better than its list.
func (f InForce) Provenance(field string) Provenance {
	h := f.Clause.Head()
	if field != "" {
		list, _, item := strings.Cut(field, "[")
		var worst Provenance
		for _, p := range h.FieldProv {
			of := p.Field == field || item && p.Field == list || !item && strings.HasPrefix(p.Field, field+"[")
			if of {
				worst = worse(worst, p.Provenance)
			}
		}
		if worst != "" {
			return worst
		}
	}
	return orAssumed(h.Source.Provenance, f.Amendment.Source.Provenance)
}

// Source returns where a clause comes from: its own source, or that of its amendment.
func (f InForce) Source() Source {
	s := f.Clause.Head().Source
	if s.URL == "" {
		s.URL = f.Amendment.Source.URL
	}
	s.Provenance = f.Provenance("")
	return s
}

func orAssumed(ps ...Provenance) Provenance {
	for _, p := range ps {
		if p != "" {
			return p
		}
	}
	return Assumed
}

func worse(a, b Provenance) Provenance {
	if rank(b) > rank(a) {
		return b
	}
	return a
}

func rank(p Provenance) int {
	switch p {
	case Public:
		return 1
	case Reported:
		return 2
	case Assumed:
		return 3
	}
	return 0
}
