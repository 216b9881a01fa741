package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/gateway"
	"concord/money"
)

// budgetDocument is one entry of `budgets:`.
type budgetDocument struct {
	ID       text `yaml:"id"`
	Customer text `yaml:"customer"`
	Key      text `yaml:"key"`
	Limit    text `yaml:"limit"` // an amount and its currency
	Per      text `yaml:"per"`   // day, month or total
	Zone     text `yaml:"zone"`  // of days and months
}

// budgets reads what customers and keys may spend.
func (l *loader) budgets() {
	seen := map[string]bool{}
	for i := range l.doc.Budgets {
		d := &l.doc.Budgets[i]
		if d.ID.Value == "" || seen[d.ID.Value] {
			l.reject("config-budget", placed(d.ID, d.Customer, d.Key, d.Limit), "give every budget an id of its own", "budget id %q is missing or used twice", d.ID.Value)
			continue
		}
		seen[d.ID.Value] = true
		if b, ok := l.budget(d); ok {
			l.config.Budgets = append(l.config.Budgets, b)
		}
	}
	for _, d := range l.doc.Deployments {
		l.limit(&l.config.MaxOutput, d.ID.Value, d.MaxOutput, "tokens")
		l.limit(&l.config.Context, d.ID.Value, d.Context, "tokens")
		l.limit(&l.config.MaxSound, d.ID.Value, d.MaxSound, "seconds")
	}
}

func (l *loader) budget(d *budgetDocument) (b gateway.Budget, ok bool) {
	before := len(l.findings)
	b = gateway.Budget{ID: d.ID.Value, Customer: d.Customer.Value, Key: d.Key.Value}
	switch {
	case d.Customer.Given() == d.Key.Given():
		l.reject("config-budget", d.ID, "name one of them", "budget %s names a customer and a key, or neither", b.ID)
	case d.Key.Given() && !slices.ContainsFunc(l.config.Keys, func(k Key) bool { return k.ID == b.Key }):
		l.reject("config-budget", d.Key, "use the id of a key under customers:", "budget %s is of key %q, which no customer has", b.ID, b.Key)
	case d.Customer.Given() && !slices.ContainsFunc(l.config.Catalog.Customers, func(c agreement.Customer) bool { return c.ID == b.Customer }):
		l.reject("config-budget", d.Customer, "use the id of a customer under customers:", "budget %s is of customer %q, who is not listed", b.ID, b.Customer)
	}
	amount, currency, good := parseLimit(d.Limit.Value)
	b.Limit, b.Currency = amount, currency
	if !good {
		l.reject("config-budget", placed(d.Limit, d.ID), `write an amount and its currency, such as "100 USD"`, "budget %s has the limit %q, which is no amount of money of 0 or more", b.ID, d.Limit.Value)
	} else if !l.priced(currency) {
		l.reject("config-budget", d.Limit, "use a currency of the price books that bill these customers", "budget %s is in %s, in which no price book charges", b.ID, currency)
	}
	switch d.Per.Value {
	case "day":
		b.Per = gateway.Day
	case "month":
		b.Per = gateway.Month
	case "total":
		b.Per = gateway.Total
	default:
		l.reject("config-budget", placed(d.Per, d.ID), "write day, month or total", "budget %s is per %q", b.ID, d.Per.Value)
	}
	zone, err := time.LoadLocation(or(d.Zone, "UTC"))
	if err != nil || d.Zone.Value == "Local" {
		l.reject("config-budget", d.Zone, "write a zone such as UTC or Europe/Berlin", "budget %s counts its days in %q, which is no time zone", b.ID, d.Zone.Value)
	}
	b.Zone = zone
	return b, len(l.findings) == before
}

// priced reports whether some price book charges in a currency; books that could not be read might.
func (l *loader) priced(c money.Currency) bool {
	for _, book := range l.config.Books {
		if book.Kind == "prices" && book.Currency == c {
			return true
		}
	}
	return len(l.config.Books) == 0
}

// parseLimit reads "100 USD".
func parseLimit(s string) (a money.Amount, c money.Currency, ok bool) {
	amount, currency, _ := strings.Cut(strings.TrimSpace(s), " ")
	currency = strings.TrimSpace(currency)
	a, err := money.Parse(amount)
	ok = err == nil && a.Sign() >= 0 && len(currency) == 3 && strings.Trim(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	return a, money.Currency(currency), ok
}

// tokens reads a number of tokens; false where none is given, or it is none.
func (l *loader) tokens(t text) (int64, bool) { return l.countOf(t, "tokens") }

func (l *loader) countOf(t text, of string) (int64, bool) {
	if !t.Given() {
		return 0, false
	}
	n, ok := parseCount(t.Value)
	if !ok {
		l.reject("config-number", t, "write a whole number above 0", "%q is not a number of %s", t.Value, of)
	}
	return int64(n), ok
}

// limit reads what a deployment's model can do at most.
func (l *loader) limit(to *map[string]int64, deployment string, t text, of string) {
	n, ok := l.countOf(t, of)
	if !ok {
		return
	}
	if *to == nil {
		*to = map[string]int64{}
	}
	(*to)[deployment] = n
}

// sameBudgets reports whether requests are held to the same budgets and bounds.
func sameBudgets(a, b *Config) bool {
	return slices.EqualFunc(a.Budgets, b.Budgets, sameBudget) && maps.Equal(a.MaxOutput, b.MaxOutput) &&
		maps.Equal(a.Context, b.Context) && maps.Equal(a.MaxSound, b.MaxSound)
}

func sameBudget(a, b gateway.Budget) bool {
	zones := a.Zone.String() == b.Zone.String()
	a.Zone, b.Zone = nil, nil
	return a == b && zones
}

// budgetChanges says in words what differs between the budgets of two configurations.
func budgetChanges(a, b *Config) []string {
	was := map[string]gateway.Budget{}
	for _, x := range a.Budgets {
		was[x.ID] = x
	}
	var out []string
	for _, y := range b.Budgets {
		x, known := was[y.ID]
		delete(was, y.ID)
		switch {
		case !known:
			out = append(out, fmt.Sprintf("budget %s: added, %s %s per %s", y.ID, y.Limit, y.Currency, y.Per))
		case x.Limit != y.Limit || x.Currency != y.Currency:
			out = append(out, fmt.Sprintf("budget %s: limit %s %s, was %s %s", y.ID, y.Limit, y.Currency, x.Limit, x.Currency))
		case !sameBudget(x, y):
			out = append(out, fmt.Sprintf("budget %s: changed", y.ID))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(was)) {
		out = append(out, fmt.Sprintf("budget %s: removed, its requests are not held to it any more", id))
	}
	for _, limit := range []struct {
		name string
		a, b map[string]int64
	}{{"max_output", a.MaxOutput, b.MaxOutput}, {"context", a.Context, b.Context}, {"max_seconds", a.MaxSound, b.MaxSound}} {
		if !maps.Equal(limit.a, limit.b) {
			out = append(out, "deployments: "+limit.name+" changed")
		}
	}
	return out
}

// placed returns the first text that stands somewhere.
func placed(texts ...text) text {
	for _, t := range texts {
		if t.Given() {
			return t
		}
	}
	return text{}
}
