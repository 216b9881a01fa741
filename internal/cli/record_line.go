package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// recordLine writes the event that flags describe.
func recordLine(kind, id, when string, flags []recordFlag, values []string) ([]byte, error) {
	data := recordData{}
	given := map[string]string{}
	for i, f := range flags {
		if values[i] != "" {
			given[f.name] = values[i]
			if err := data.take(kind, f, values[i]); err != nil {
				return nil, err
			}
		}
	}
	if len(given) == 0 {
		return nil, fmt.Errorf("say what to record, with flags or --file: concord record %s --help", kind)
	}
	if err := data.finish(kind, given); err != nil {
		return nil, err
	}
	ev := map[string]any{"data": data}
	if id != "" {
		ev["id"] = id
	}
	if when != "" {
		at, err := instantOf("time", when)
		if err != nil {
			return nil, err
		}
		ev["time"] = at
	}
	return json.Marshal(ev)
}

// yesNo is a flag that is given or not, and may be said in words; "" = not given.
type yesNo string

// String returns the flag as it was said.
func (y *yesNo) String() string { return string(*y) }

// Type names the flag's type in help: it needs no value.
func (y *yesNo) Type() string { return "bool" }

// Set accepts yes and no, and what other flags of this kind accept.
func (y *yesNo) Set(s string) error {
	given, err := strconv.ParseBool(s)
	switch {
	case s == "yes" || err == nil && given:
		*y = "yes"
	case s == "no" || err == nil:
		*y = "no"
	default:
		return errors.New("write --advance, --advance=yes or --advance=no")
	}
	return nil
}

// recordData is the data of an event.
type recordData map[string]any

// set puts a value at a field, "origin.request".
func (d recordData) set(field string, value any) {
	head, rest, nested := strings.Cut(field, ".")
	if !nested {
		d[head] = value
		return
	}
	inner, ok := d[head].(recordData)
	if !ok {
		inner = recordData{}
		d[head] = inner
	}
	inner.set(rest, value)
}

// take puts the value of a flag where it belongs.
func (d recordData) take(kind string, f recordFlag, value string) error {
	switch f.name {
	case "amount", "tax", "withheld":
		number, currency, ok := strings.Cut(value, " ")
		if !ok {
			return fmt.Errorf("--%s %q has no currency: write it as \"0.01 USD\"", f.name, value)
		}
		d.set(f.field, number)
		return d.currency(kind, f.name, strings.TrimSpace(currency))
	case "earned", "earned-from", "earned-until", "at":
		at, err := instantOf(f.name, value)
		d.set(f.field, at)
		return err
	case "advance":
		d.set(f.field, value == "yes")
		return nil
	case "attempt":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return fmt.Errorf("--attempt %q: write its number, from 1", value)
		}
		d.set(f.field, n)
		return nil
	case "tokens":
		tokens := map[string]int64{}
		for part := range strings.SplitSeq(value, ",") {
			class, count, _ := strings.Cut(part, "=")
			n, err := strconv.ParseInt(count, 10, 64)
			if err != nil || n < 1 {
				return fmt.Errorf("--tokens %q: write what was used as input=4000,output=600", part)
			}
			tokens[class] = n
		}
		d["usage"] = map[string]any{"tokens": tokens, "tier": "standard", "evidence": "reported"}
		return nil
	}
	d.set(f.field, value)
	return nil
}

// currency notes the currency of an amount; all amounts of an entry have one.
func (d recordData) currency(kind, flag, currency string) error {
	field := "currency"
	if kind == "refund" || kind == "invoice" {
		field = "origin.currency"
		if inner, ok := d["origin"].(recordData); ok && inner["currency"] != nil && inner["currency"] != currency {
			return fmt.Errorf("--%s is in %s, and another amount in %s: one entry has one currency", flag, currency, inner["currency"])
		}
	} else if d["currency"] != nil && d["currency"] != currency {
		return fmt.Errorf("--%s is in %s, and another amount in %s: one entry has one currency", flag, currency, d["currency"])
	}
	d.set(field, currency)
	return nil
}

// finish brings the data into the form of its kind.
func (d recordData) finish(kind string, given map[string]string) error {
	clause, named := d["clause"].(string)
	if named && kind != "dispute" {
		agreement, id, ok := strings.Cut(clause, "/")
		if !ok {
			return fmt.Errorf("--clause %q: write it with its agreement, as AGREEMENT/CLAUSE", clause)
		}
		d["agreement"], d["clause"] = agreement, id
	}
	switch kind {
	case "payment":
		if !named {
			return fmt.Errorf("say which clause it pays: --clause AGREEMENT/CLAUSE; a payment of several clauses is written with --file")
		}
		line := recordData{"agreement": d["agreement"], "clause": d["clause"], "amount": d["amount"]}
		for _, name := range []string{"withheld", "advance"} {
			if v, ok := d[name]; ok {
				line[name] = v
			}
		}
		d["lines"] = []recordData{line}
		delete(d, "agreement")
		delete(d, "clause")
		delete(d, "advance")
	case "correction":
		if given["what"] == "" {
			return fmt.Errorf("say what it corrects: --what price, usage, cost, void or terms")
		}
		if d["attempt"] == nil {
			d["attempt"] = 0
		}
	}
	return nil
}

// instantOf reads a date or an instant and writes it as events do.
func instantOf(flag, text string) (string, error) {
	at, err := parseInstant(flag, text, time.UTC)
	return at.UTC().Format(time.RFC3339Nano), err
}
