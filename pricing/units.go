package pricing

import (
	"fmt"

	"concord/agreement"
	"concord/money"
	"concord/usage"

	"github.com/goccy/go-yaml/ast"
)

// readRate reads the prices of an entry, and of its long-context step.
func (r *bookReader) readRate(n ast.Node, e *entry, fields map[string]field) {
	pos := position(n)
	e.rate = Rate{Book: r.book.Name, Provenance: r.provenance, Source: r.source, Pos: agreement.Pos{File: r.file, Line: r.shift + pos.Line, Column: pos.Column}}
	if f := fields["provenance"].value; f != nil {
		e.rate.Provenance = r.readProvenance(f)
	} else if r.provenance == "" {
		r.require(n, fields, "an entry", "provenance")
	}
	if f := fields["source"].value; f != nil {
		e.rate.Source, _ = r.text(f, "source")
	}
	if f := fields["footnote"].value; f != nil {
		e.rate.Footnote, _ = r.text(f, "footnote")
	}
	r.readPrices(n, &e.rate, fields)
	fillDefaults(&e.rate)
	if f := fields["above"].value; f != nil {
		r.readLong(f, e, fields)
	}
}

// readPrices reads the price fields of a mapping.
func (r *bookReader) readPrices(n ast.Node, rate *Rate, fields map[string]field) {
	found := false
	for class := usage.Input; class.Valid(); class++ {
		f, ok := fields[class.String()]
		if !ok {
			continue
		}
		found = true
		if unit, ok := r.unitPrice(f.value, class.String(), r.per(class)); ok {
			rate.Unit[class], rate.Priced[class] = unit, true
		}
	}
	if !found {
		r.fault(n, "no-price", "an entry has no price", "add at least one of input, cache_read, output")
	}
}

// per returns how many of a class the book gives a price for. "per" counts tokens and characters; pictures, seconds, and calls of
// a cloud's own tools are priced one by one.
func (r *bookReader) per(class usage.Class) int64 {
	switch class {
	case usage.Images, usage.Seconds, usage.WebSearches, usage.FileSearches, usage.Containers:
		return 1
	}
	return r.tokens
}

// unitPrice reads a price for so many and returns it for one.
func (r *bookReader) unitPrice(n ast.Node, what string, per int64) (money.Amount, bool) {
	text, ok := r.quoted(n, what)
	if !ok {
		return money.Amount{}, false
	}
	price, err := money.Parse(text)
	if err != nil || price.Sign() < 0 {
		r.fault(n, "price", fmt.Sprintf("%s: %q is not a price", what, cut(text)), "write a plain decimal of zero or more with at most 12 places, such as \"2.50\"")
		return money.Amount{}, false
	}
	unit, err := price.MulRate(money.Rate{Num: 1, Den: per}, money.Down)
	if err == nil {
		var back money.Amount
		if back, err = unit.MulInt(per); err == nil && back == price {
			return unit, true
		}
	}
	r.fault(n, "inexact", fmt.Sprintf("%s: %q for %d is not exact at 10^-12 for one", what, cut(text), per),
		fmt.Sprintf("write a price with at most %d decimal places", exactPlaces(per)))
	return money.Amount{}, false
}

// exactPlaces returns how many decimals a price for so many tokens may have.
func exactPlaces(tokens int64) int {
	places := money.Scale
	for ; tokens > 1; tokens /= 10 {
		places--
	}
	return places
}

// fillDefaults lets reasoning and rejected prediction tokens cost what output costs, where the book says nothing else.
// A write to a cache has no such default: clouds differ, so it stays unpriced.
func fillDefaults(rate *Rate) {
	for _, class := range [...]usage.Class{usage.Reasoning, usage.Rejected} {
		if !rate.Priced[class] && rate.Priced[usage.Output] {
			rate.Unit[class], rate.Priced[class] = rate.Unit[usage.Output], true
		}
	}
}

// readLong reads the step "above", which prices every class that the entry prices: nothing is inherited by silence.
func (r *bookReader) readLong(n ast.Node, e *entry, outer map[string]field) {
	fields := r.fields(n, "above", append([]string{"prompt_tokens"}, classNames()...))
	if fields == nil {
		return
	}
	if f := r.require(n, fields, "above", "prompt_tokens"); f != nil {
		e.above, _ = r.number(f, "prompt_tokens")
	}
	long := e.rate
	long.Unit, long.Priced = [usage.NumClasses]money.Amount{}, [usage.NumClasses]bool{}
	r.readPrices(n, &long, fields)
	for class := usage.Input; class.Valid(); class++ {
		_, inside := fields[class.String()]
		_, outside := outer[class.String()]
		if inside != outside {
			r.fault(n, "above", fmt.Sprintf("the entry and its step \"above\" do not both price %s", class), "price the same classes in both")
		}
	}
	fillDefaults(&long)
	e.long = &long
}
