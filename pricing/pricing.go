// Package pricing turns usage into priced lines by dated price books. It reads no clock and no file: the instant is an
// argument, and a book is parsed from bytes.
//
// A book says what sellers charge customers (kind "prices") or what operators charge account holders (kind "costs"):
//
//	concord: 1
//	prices: openai-list
//	currency: USD
//	per: 1M tokens
//	entries:
//	  - product: openai/gpt-5.4     # exact, or a prefix and one trailing *
//	    seller: openai              # costs: operator and buyer instead
//	    clouds: [openai, azure]     # optional, like region and deployment
//	    tier: standard              # optional
//	    from: 2023-01-01            # a day (its start in UTC) or an RFC 3339 instant
//	    until: 2027-01-01           # optional, exclusive
//	    input: "2.50"
//	    cache_read: "0.25"
//	    output: "15"
//	    images: "0.04"              # for one; so are seconds. Characters count as tokens do: by "per"
//	    provenance: reported        # public | reported | assumed
//	    source: where the figures come from
//	    footnote: what a reader of a statement should know
//	    above: {prompt_tokens: 272000, input: "5", cache_read: "0.50", output: "22.50"}
//
// Every price is exact at 10^-12 for one, or the book is refused. Where several entries apply, the more specific one
// wins: by deployment, then region, then cloud, then exact product, then the longer pattern. Two entries that are
// equally specific and in force at the same instant are refused. An entry prices its own tier only. docs/prices.md has
// the whole form.
package pricing

import (
	"fmt"

	"concord/agreement"
	"concord/money"
	"concord/usage"
)

// A Line is one priced quantity: Amount = Quantity x Unit, exactly (less the sale clause's discount).
type Line struct {
	Class    usage.Class
	Quantity int64
	Unit     money.Amount // price of one token, picture, second or character
	Amount   money.Amount
}

// A Rate is what a book charges for each class at an instant. Rates belong to their book and are never changed.
type Rate struct {
	Book       string
	Unit       [usage.NumClasses]money.Amount // price of one token, picture, second or character
	Priced     [usage.NumClasses]bool
	Provenance agreement.Provenance
	Source     string
	Footnote   string
	Pos        agreement.Pos // of the entry
}

// Price appends the lines of what was used to dst and returns them with their sum; discount is taken off each line, and
// is itself rounded towards zero at 10^-12. Classes with usage but without price are returned in unpriced, never
// dropped; a nil Rate prices nothing. On an error lines is dst.
//
// Example: 4,000 input at 2.50 a million, 4,000 cached at 0.25 and 600 output at 15 are 0.01 + 0.001 + 0.009 = 0.02.
func (r *Rate) Price(dst []Line, t *usage.Tokens, discount money.Rate) (lines []Line, total money.Amount, unpriced []usage.Class, err error) {
	if discount.Sign() < 0 || discount.Cmp(money.Rate{Num: 1, Den: 1}) > 0 {
		return dst, money.Amount{}, nil, fmt.Errorf("pricing: discount %s: it must lie between 0%% and 100%%", discount)
	}
	if class, negative := t.Negative(); negative {
		return dst, money.Amount{}, nil, fmt.Errorf("pricing: %d of %s: a count cannot be negative", t[class], class)
	}
	lines = dst
	for class := usage.Input; class.Valid(); class++ {
		if t[class] == 0 {
			continue
		}
		if r == nil || !r.Priced[class] {
			unpriced = append(unpriced, class)
			continue
		}
		line := Line{Class: class, Quantity: t[class], Unit: r.Unit[class]}
		if line.Amount, err = charge(line.Unit, line.Quantity, discount); err == nil {
			total, err = total.Add(line.Amount)
		}
		if err != nil {
			return dst, money.Amount{}, nil, fmt.Errorf("price %d of %s by %s: %w", t[class], class, r.Book, err)
		}
		lines = append(lines, line)
	}
	return lines, total, unpriced, nil
}

func charge(unit money.Amount, quantity int64, discount money.Rate) (money.Amount, error) {
	amount, err := unit.MulInt(quantity)
	if err != nil || discount.IsZero() {
		return amount, err
	}
	off, err := amount.MulRate(discount, money.Down)
	if err != nil {
		return money.Amount{}, err
	}
	return amount.Sub(off)
}

// Lacks returns the classes that every chat answer can report (input, cache_read, output) and r does not price: a
// deployment with such a rate is refused at load. A nil Rate lacks them all.
func (r *Rate) Lacks() []usage.Class {
	var missing []usage.Class
	for _, class := range [...]usage.Class{usage.Input, usage.CacheRead, usage.Output} {
		if r == nil || !r.Priced[class] {
			missing = append(missing, class)
		}
	}
	return missing
}
