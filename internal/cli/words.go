package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"concord/agreement"
)

// clauseWords says in one line what a clause comes to.
func clauseWords(c agreement.Clause) string {
	switch c := c.(type) {
	case *agreement.Delivery:
		return deliveryWords(c)
	case *agreement.License:
		words := fmt.Sprintf("%s lets %s use %s (%s)", c.Licensor, c.Licensee, matchWords(c.Products), join(c.Rights))
		if len(c.Clouds) > 0 {
			words += " on " + join(c.Clouds)
		}
		if c.Exclusivity != "" {
			words += ", " + c.Exclusivity
		}
		return words
	case *agreement.Sale:
		var streams []string
		for _, s := range c.Streams {
			streams = append(streams, s.Name+" "+s.Part.String())
		}
		words := fmt.Sprintf("%s sells %s at %s, streams %s", c.Seller, matchWords(c.Products), c.Book, strings.Join(streams, ", "))
		if len(c.Clouds) > 0 {
			words += " on " + join(c.Clouds)
		}
		return words
	case *agreement.RevenueShare:
		return shareWords(c)
	case *agreement.Commitment:
		return fmt.Sprintf("%s commits to buy for %s from %s", c.Buyer, c.Amount, c.Seller)
	case *agreement.Milestone:
		return fmt.Sprintf("%s: declared by %s, verified by %s", c.Name, c.Declares, c.Verifies)
	}
	return ""
}

func deliveryWords(c *agreement.Delivery) string {
	var groups []string
	for _, g := range c.Order {
		groups = append(groups, join(g))
	}
	words := fmt.Sprintf("%s on %s", matchWords(c.Products), strings.Join(groups, ", then "))
	if c.Mode != "" && c.Mode != "permit" {
		words = c.Mode + ": " + words
	}
	if c.LeaveFor != nil && len(c.Order) > 1 {
		words += "; leaves a group for " + join(c.LeaveFor)
	}
	if c.FirstShip != nil {
		words += "; ships first on " + c.FirstShip.Cloud
	}
	return words
}

func shareWords(c *agreement.RevenueShare) string {
	var payees []string
	for _, p := range c.Payees {
		payees = append(payees, p.Party)
	}
	rate := c.Rate.String()
	if c.Tiers != nil {
		rate = "a tiered part"
	}
	streams := "revenue"
	if len(c.Base.Streams) > 0 {
		streams = join(c.Base.Streams) + " revenue"
	}
	words := fmt.Sprintf("%s owes %s %s of its %s", c.Payer, join(payees), rate, streams)
	if c.Base.RevenueOf != "" && c.Base.RevenueOf != c.Payer {
		words = fmt.Sprintf("%s owes %s %s of the %s of %s", c.Payer, join(payees), rate, streams, c.Base.RevenueOf)
	}
	for _, limit := range c.Caps {
		words += fmt.Sprintf(", at most %s (%s)", limit.Amount, limit.Per)
	}
	return words
}

func matchWords(m agreement.Match) string {
	words := join(m.Match)
	if len(m.Match) == 0 {
		words = "everything"
	}
	if len(m.Except) > 0 {
		words += " except " + join(m.Except)
	}
	return words
}

func join[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return strings.Join(out, ", ")
}

func endWords(e agreement.End) string {
	switch {
	case len(e.FirstOf) > 0:
		var all []string
		for _, one := range e.FirstOf {
			all = append(all, endWords(one))
		}
		return "the first of " + strings.Join(all, ", ")
	case e.Milestone != "":
		return e.Milestone + " is " + e.State
	case e.Through != "":
		return "through " + e.Through
	case !e.Until.IsZero():
		return e.Until.Format("2006-01-02 15:04 MST")
	case e.Perpetual:
		return "perpetual"
	}
	return "open"
}

func sortedFields(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
