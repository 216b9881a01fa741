package focus

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"time"

	"concord/agreement"
)

// A Commitment is what a party is bound to buy of another one, as it was in force last.
type Commitment struct {
	Agreement *agreement.Agreement
	Clause    *agreement.Commitment
	Since     time.Time // when its first version came into force
	Until     time.Time // when it went out of force; zero = it has not
	Buyer     string    // names
	Seller    string
}

// CommitmentsOf collects the commitments of a history of terms, by agreement and clause.
func CommitmentsOf(history []agreement.Interval) []Commitment {
	found := map[string]*Commitment{}
	for _, in := range history {
		for _, f := range in.Terms.Clauses() {
			if c, ok := f.Clause.(*agreement.Commitment); ok {
				found[commitmentID(f.Agreement.Name, c.ID)] = &Commitment{f.Agreement, c, f.Since, in.Until, partyName(in.Terms, c.Buyer), partyName(in.Terms, c.Seller)}
			}
		}
	}
	var all []Commitment
	for _, c := range found {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Commitment) int {
		return cmp.Or(cmp.Compare(a.Agreement.Name, b.Agreement.Name), cmp.Compare(a.Clause.ID, b.Clause.ID))
	})
	return all
}

// noEnd stands for the end of what has none: the column must not be null.
func noEnd() time.Time { return time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC) }

// Window returns when a commitment begins, and from when on nothing counts to it.
func (c *Commitment) Window() (from, until time.Time) {
	if from, until = c.Clause.WindowFrom, c.Clause.WindowUntil; from.IsZero() {
		from = c.Since
	}
	for _, end := range []time.Time{c.Clause.End.Until, c.Until} {
		if !end.IsZero() && (until.IsZero() || end.Before(until)) {
			until = end
		}
	}
	if until.IsZero() {
		until = noEnd()
	}
	return from, until
}

// begins is when the agreement does: with its first amendment.
func (c *Commitment) begins() time.Time {
	first := c.Since
	for i := range c.Agreement.Amendments {
		if at := c.Agreement.Amendments[i].Effective; at.Before(first) {
			first = at
		}
	}
	return first
}

// commitmentColumns are those that the dataset of contract commitments has, whatever it is about.
func commitmentColumns() []string {
	return []string{"BillingCurrency", "ContractCommitmentCategory", "ContractCommitmentCost", "ContractCommitmentDescription", "ContractCommitmentId",
		"ContractCommitmentPeriodEnd", "ContractCommitmentPeriodStart", "ContractCommitmentQuantity", "ContractCommitmentType", "ContractCommitmentUnit",
		"ContractId", "ContractPeriodEnd", "ContractPeriodStart"}
}

// WriteCommitments writes the dataset of contract commitments of FOCUS 1.3. Every commitment is one to spend.
func WriteCommitments(w io.Writer, all []Commitment) error {
	out := csv.NewWriter(bufio.NewWriterSize(w, 1<<16))
	if err := out.Write(append(commitmentColumns(), "x_BuyerName", "x_SellerName", "x_Shortfall", "x_Parts")); err != nil {
		return fmt.Errorf("write the names of the columns: %w", err)
	}
	for i := range all {
		c := &all[i]
		from, until := c.Window()
		err := out.Write([]string{string(c.Agreement.Currency), "Spend", c.Clause.Amount.String(), cmp.Or(c.Clause.Prose, c.Clause.ID), commitmentID(c.Agreement.Name, c.Clause.ID),
			until.UTC().Format(time.RFC3339), from.UTC().Format(time.RFC3339), "", c.kind(), "",
			c.Agreement.Name, noEnd().Format(time.RFC3339), c.begins().UTC().Format(time.RFC3339), c.Buyer, c.Seller, c.Clause.Shortfall, c.Clause.SubWindows})
		if err != nil {
			return fmt.Errorf("write commitment %s: %w", c.Clause.ID, err)
		}
	}
	out.Flush()
	return out.Error()
}

// kind is what sort of commitment it is, for people.
func (c *Commitment) kind() string {
	name := "Spend Commitment by Cost"
	if c.Clause.Counts.Amount == "charged" {
		name = "Spend Commitment by Charge"
	}
	if c.Clause.Prepaid {
		name = "Prepaid " + name
	}
	return name
}
