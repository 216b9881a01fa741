package focus

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"concord/agreement"
	"concord/money"
)

// An Applied is what of a charge counts to a commitment.
type Applied struct {
	Contract   string // agreement
	Commitment string // agreement and clause
	Cost       money.Amount
}

// commitmentID names a commitment: clauses are unique in their agreement only.
func commitmentID(agreement, clause string) string { return agreement + "/" + clause }

// appliedText writes the column ContractApplied: a JSON object whose amounts are numbers, to the last digit.
func appliedText(all []Applied) string {
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(`{"Elements":[`)
	for i, a := range all {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(`{"ContractId":` + quoted(a.Contract) + `,"ContractCommitmentId":` + quoted(a.Commitment) + `,"ContractCommitmentAppliedCost":` + a.Cost.String() + `}`)
	}
	b.WriteString(`]}`)
	return b.String()
}

func quoted(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return strconv.Quote(s) // a text is always JSON
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// A draw is a commitment that a charge counts to.
type draw struct {
	contract string
	clause   *agreement.Commitment
}

// draws returns the commitments that what a seller charges a customer counts to, or, with no streams, what an operator charges an
// account holder.
func (x *Exporter) draws(t *agreement.Terms, buyer, seller, cloud, product string, charged bool) (out []draw) {
	all, ok := x.commitments[t]
	if !ok {
		for _, f := range t.Clauses() {
			if c, ok := f.Clause.(*agreement.Commitment); ok {
				all = append(all, draw{f.Agreement.Name, c})
			}
		}
		x.commitments[t] = all
	}
	for _, d := range all {
		c := d.clause
		if c.Buyer == buyer && c.Seller == seller && charged == (c.Counts.Amount == "charged") && admits(c.Counts.Clouds, cloud) && c.Counts.Products.Matches(product) {
			out = append(out, d)
		}
	}
	return out
}

func admits(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }

// apply says what of a charge dated at an instant counts to commitments, as the ledger draws them down. One that extends its window
// takes what comes after it until the rest is bought, so that what was drawn of it is counted.
func (x *Exporter) apply(draws []draw, at int64, stream string, cost money.Amount) (out []Applied, err error) {
	for _, d := range draws {
		c := d.clause
		if stream != "" && !admits(c.Counts.Streams, stream) || !c.WindowFrom.IsZero() && at < c.WindowFrom.UnixNano() {
			continue
		}
		id, part := commitmentID(d.contract, c.ID), cost
		if c.Shortfall == "extend" {
			if !c.WindowUntil.IsZero() && at >= c.WindowUntil.UnixNano() {
				if part, err = restOf(c.Amount, x.drawn[id], cost); err != nil {
					return nil, err
				}
			}
			if x.drawn[id], err = x.drawn[id].Add(part); err != nil {
				return nil, err
			}
		} else if !c.WindowUntil.IsZero() && at >= c.WindowUntil.UnixNano() {
			continue
		}
		if !part.IsZero() {
			out = append(out, Applied{d.contract, id, part})
		}
	}
	return out, nil
}

// restOf is what of a cost is still needed to buy an amount.
func restOf(amount, drawn, cost money.Amount) (money.Amount, error) {
	left, err := amount.Sub(drawn)
	switch {
	case err != nil:
		return left, err
	case left.Sign() <= 0 && cost.Sign() > 0:
		return money.Amount{}, nil
	case cost.Cmp(left) > 0:
		return left, nil
	}
	return cost, nil
}

// plus adds what counts to commitments to a row.
func (s *rowSum) plus(all []Applied) (err error) {
	for _, a := range all {
		i := slices.IndexFunc(s.applied, func(b Applied) bool { return b.Commitment == a.Commitment })
		if i < 0 {
			s.applied = append(s.applied, a)
			continue
		}
		if s.applied[i].Cost, err = s.applied[i].Cost.Add(a.Cost); err != nil {
			return err
		}
	}
	return nil
}

// applied divides what counts to commitments between a row and the row of its remainder: where all of the cost counts, each has
// its own.
func (s *rowSum) split(row, rest money.Amount) (ofRow, ofRest []Applied) {
	slices.SortFunc(s.applied, func(a, b Applied) int { return strings.Compare(a.Commitment, b.Commitment) })
	for _, a := range s.applied {
		if a.Cost != s.cost {
			ofRow = append(ofRow, a)
			continue
		}
		for _, p := range []struct {
			to   *[]Applied
			cost money.Amount
		}{{&ofRow, row}, {&ofRest, rest}} {
			if !p.cost.IsZero() {
				*p.to = append(*p.to, Applied{a.Contract, a.Commitment, p.cost})
			}
		}
	}
	return ofRow, ofRest
}
