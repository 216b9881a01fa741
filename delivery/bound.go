package delivery

import (
	"errors"
	"fmt"
	"math"

	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// The classes that a prompt and an answer can be billed as, where tokens are counted.
var (
	promptClasses = [...]usage.Class{usage.Input, usage.CacheRead, usage.CacheWrite, usage.InputAudio, usage.InputImage}
	answerClasses = [...]usage.Class{usage.Output, usage.Reasoning, usage.OutputAudio, usage.Rejected, usage.OutputImage}
	callClasses   = [...]usage.Class{usage.WebSearches, usage.FileSearches, usage.Containers}
	tiers         = [...]usage.Tier{usage.Standard, usage.Batch, usage.Flex, usage.Priority}
)

// Unknown stands in a Ceiling for what nothing bounds.
const Unknown = -1

// A Ceiling is the most that one answer can use, each part Unknown where nothing bounds it. A cloud reports tokens, or what is
// no token is counted in their place: never both.
type Ceiling struct {
	Prompt, Answer int64 // tokens, of any class of a prompt or of an answer
	Images         int64
	Seconds        int64
	Characters     int64
	Calls          int64 // of the cloud's own tools, beside the tokens
}

// An UnboundedError says that a price book charges for what nothing bounds.
type UnboundedError struct {
	Deployment string
	Of         usage.Class // Input of all of a prompt, Output of all of an answer, WebSearches of all calls of tools
}

// Error names the deployment and what is not bounded.
func (e *UnboundedError) Error() string {
	return fmt.Sprintf("nothing bounds the %s of deployment %s, which is charged for", e.Of, e.Deployment)
}

// Bound returns the most that a customer can be charged at a deployment for an answer under a ceiling: the dearest class of
// prompt and answer, or what is counted in place of tokens, of the dearest tier, with or without a long context. What has no
// price is never charged and counts nothing. An *UnboundedError says that there is no such amount.
//
// Example: 1,000 bytes of prompt and 200 tokens of answer at 2.50 and 15 a million are 0.0025 + 0.003 = 0.0055 at most.
func (r *Router) Bound(dep int, at int64, ceiling Ceiling) (most money.Amount, err error) {
	p := &r.places[dep]
	if p.sale == nil || p.book == nil {
		return most, nil
	}
	for _, tier := range tiers {
		for _, prompt := range [...]int64{0, longest(ceiling.Prompt)} {
			q := r.query(dep, p.sale.Seller, "", at, &usage.Usage{Tier: tier})
			q.PromptLn = prompt
			rate, ok := p.book.Find(q)
			if !ok {
				continue
			}
			id := r.catalog.Deployments[dep].ID
			cost, err := bound(rate, &ceiling, p.sale.Discount)
			if open, ok := errors.AsType[*UnboundedError](err); ok {
				open.Deployment = id
				return most, open
			}
			if err != nil {
				return most, fmt.Errorf("bound the price of %s by book %s: %w", id, p.book.Name, err)
			}
			if cost.Cmp(most) > 0 {
				most = cost
			}
		}
	}
	return most, nil
}

// longest is a prompt that long steps of prices are looked up with.
func longest(prompt int64) int64 {
	if prompt == Unknown {
		return math.MaxInt64
	}
	return prompt
}

func bound(rate *pricing.Rate, c *Ceiling, discount money.Rate) (money.Amount, error) {
	tokens, err := sum(
		part{dearest(rate, promptClasses[:]), c.Prompt, usage.Input},
		part{dearest(rate, answerClasses[:]), c.Answer, usage.Output},
	)
	if err != nil {
		return tokens, err
	}
	most, err := sum(
		part{dearest(rate, []usage.Class{usage.Images}), c.Images, usage.Images},
		part{dearest(rate, []usage.Class{usage.Seconds}), c.Seconds, usage.Seconds},
		part{dearest(rate, []usage.Class{usage.Characters}), c.Characters, usage.Characters},
	)
	if tokens.Cmp(most) > 0 {
		most = tokens
	}
	if err != nil {
		return most, err
	}
	calls, err := sum(part{dearest(rate, callClasses[:]), c.Calls, usage.WebSearches})
	if err == nil {
		most, err = most.Add(calls)
	}
	if err != nil || discount.IsZero() {
		return most, err
	}
	off, err := most.MulRate(discount, money.Down)
	if err != nil {
		return most, err
	}
	if most, err = most.Sub(off); err != nil {
		return most, err
	}
	return most.Add(money.FromPico(int64(usage.NumClasses))) // the discount is rounded line by line
}

// A part is so many of a price.
type part struct {
	unit  money.Amount
	count int64
	of    usage.Class
}

// sum adds up parts; one that is charged for has to be bounded.
func sum(parts ...part) (total money.Amount, err error) {
	for _, p := range parts {
		if p.unit.IsZero() {
			continue
		}
		if p.count == Unknown {
			return total, &UnboundedError{Of: p.of}
		}
		cost, err := p.unit.MulInt(p.count)
		if err != nil {
			return total, err
		}
		if total, err = total.Add(cost); err != nil {
			return total, err
		}
	}
	return total, nil
}

func dearest(rate *pricing.Rate, classes []usage.Class) (most money.Amount) {
	for _, c := range classes {
		if rate.Priced[c] && rate.Unit[c].Cmp(most) > 0 {
			most = rate.Unit[c]
		}
	}
	return most
}
