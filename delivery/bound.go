package delivery

import (
	"fmt"

	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// The classes that a prompt and an answer can be billed as, where tokens are counted.
var (
	promptClasses = [...]usage.Class{usage.Input, usage.CacheRead, usage.CacheWrite, usage.InputAudio, usage.InputImage}
	answerClasses = [...]usage.Class{usage.Output, usage.Reasoning, usage.OutputAudio, usage.Rejected, usage.OutputImage}
	tiers         = [...]usage.Tier{usage.Standard, usage.Batch, usage.Flex, usage.Priority}
)

// Bound returns the most that a customer can be charged at a deployment for at most input tokens of prompt and output tokens
// of answer: the dearest class on either side, of the dearest tier, with or without a long context. What has no price is
// never charged and counts nothing.
//
// Example: 1,000 bytes of prompt and 200 tokens of answer at 2.50 and 15 a million are 0.0025 + 0.003 = 0.0055 at most.
func (r *Router) Bound(dep int, at, input, output int64) (most money.Amount, err error) {
	p := &r.places[dep]
	if p.sale == nil || p.book == nil {
		return most, nil
	}
	for _, tier := range tiers {
		for _, prompt := range [...]int64{0, input} {
			q := r.query(dep, p.sale.Seller, "", at, &usage.Usage{Tier: tier})
			q.PromptLn = prompt
			rate, ok := p.book.Find(q)
			if !ok {
				continue
			}
			cost, err := bound(rate, input, output, p.sale.Discount)
			if err != nil {
				return most, fmt.Errorf("bound the price of %s by book %s: %w", r.catalog.Deployments[dep].ID, p.book.Name, err)
			}
			if cost.Cmp(most) > 0 {
				most = cost
			}
		}
	}
	return most, nil
}

func bound(rate *pricing.Rate, input, output int64, discount money.Rate) (money.Amount, error) {
	in, err := dearest(rate, promptClasses[:]).MulInt(input)
	if err != nil {
		return in, err
	}
	out, err := dearest(rate, answerClasses[:]).MulInt(output)
	if err != nil {
		return out, err
	}
	sum, err := in.Add(out)
	if err != nil || discount.IsZero() {
		return sum, err
	}
	off, err := sum.MulRate(discount, money.Down)
	if err != nil {
		return sum, err
	}
	if sum, err = sum.Sub(off); err != nil {
		return sum, err
	}
	return sum.Add(money.FromPico(int64(usage.NumClasses))) // the discount is rounded line by line
}

func dearest(rate *pricing.Rate, classes []usage.Class) (most money.Amount) {
	for _, c := range classes {
		if rate.Priced[c] && rate.Unit[c].Cmp(most) > 0 {
			most = rate.Unit[c]
		}
	}
	return most
}
