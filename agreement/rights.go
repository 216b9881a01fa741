package agreement

import (
	"fmt"
	"slices"
)

// maxSubLicenses bounds how far a right is followed from licensee to owner.
const maxSubLicenses = 8

// holds reports by an empty reason that a party has a right to the deployment's product there: as its owner, as anybody
// has to open weights, or under a license, which ref then names. Otherwise ref names the clause that takes the right away,
// if one does.
func (t *Terms) holds(party string, right Right, q question) (ref Ref, reason string) {
	if q.product.OpenWeights != "" {
		return Ref{}, ""
	}
	return t.licensed(party, right, q, maxSubLicenses)
}

func (t *Terms) licensed(party string, right Right, q question, depth int) (Ref, string) {
	if excluding := t.excluding(party, right, q); excluding != nil {
		return excluding.Ref(), fmt.Sprintf("%s may not %s %s on %s: %s has the %s license (%s)",
			party, right, q.product.ID, q.deployment.Cloud, excluding.Licensee, excluding.Exclusivity, excluding.ID)
	}
	if party == q.product.Owner {
		return Ref{}, ""
	}
	for i := range t.licenses {
		l := &t.licenses[i]
		if l.Licensee != party || !l.grants(right, q) {
			continue
		}
		if l.Licensor == q.product.Owner {
			return l.Ref(), ""
		}
		if depth > 0 {
			if _, reason := t.licensed(l.Licensor, SubLicense, q, depth-1); reason == "" {
				return l.Ref(), ""
			}
		}
	}
	return Ref{}, fmt.Sprintf("%s has no license to %s %s on %s", party, right, q.product.ID, q.deployment.Cloud)
}

// grants reports whether a license in force gives its licensee a right to the deployment's product, there and for this request.
func (l *inForceLicense) grants(right Right, q question) bool {
	holds, _ := l.when(q)
	return holds && l.covers(right, q)
}

// excludes reports whether a license takes the right from others: also where its condition may hold.
func (l *inForceLicense) excludes(right Right, q question) bool {
	_, possibly := l.when(q)
	return possibly && l.covers(right, q)
}

// covers is grants apart from the condition.
func (l *License) covers(right Right, q question) bool {
	inside, _ := l.Territory.holds(q)
	return inside && slices.Contains(l.Rights, right) && l.Products.Matches(q.product.ID) && admits(l.Clouds, q.deployment.Cloud)
}

// excluding returns a license of another party that takes the right from this one: an exclusive license takes it from all
// but the licensee, who may sub-license it, and from the licensor unless it is reserved; a sole license leaves it to the
// licensor.
func (t *Terms) excluding(party string, right Right, q question) *inForceLicense {
	for i := range t.licenses {
		l := &t.licenses[i]
		if l.Exclusivity != Exclusive && l.Exclusivity != Sole || l.Licensee == party || !l.excludes(right, q) {
			continue
		}
		keeps := l.Licensor == party && (l.Exclusivity == Sole || slices.Contains(l.Reserved, right))
		if !keeps && !t.licensedBy(party, l.Licensee, right, q) {
			return l
		}
	}
	return nil
}

// licensedBy reports whether a party has a right from one particular licensor.
func (t *Terms) licensedBy(party, licensor string, right Right, q question) bool {
	return slices.ContainsFunc(t.licenses, func(l inForceLicense) bool {
		return l.Licensor == licensor && l.Licensee == party && l.grants(right, q)
	})
}
