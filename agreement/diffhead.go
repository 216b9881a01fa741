package agreement

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// headChange is an agreement whose parties, products or other undated parts differ; nil = it is not there.
type headChange struct {
	name          string
	before, after *Agreement
}

func diffHeads(from, to *Terms) (changes []headChange) {
	find := func(t *Terms, name string) *Agreement {
		i := slices.IndexFunc(t.agreements, func(a *Agreement) bool { return a.Name == name })
		if i < 0 {
			return nil
		}
		return t.agreements[i]
	}
	var names []string
	for _, a := range slices.Concat(from.agreements, to.agreements) {
		names = union(names, []string{a.Name})
	}
	slices.Sort(names)
	for _, name := range names {
		a, b := find(from, name), find(to, name)
		if a == nil || b == nil || !bytes.Equal(encoded(a.canonical), encoded(b.canonical)) {
			changes = append(changes, headChange{name, a, b})
		}
	}
	return changes
}

func applyHeads(agreements []*Agreement, changes []headChange) (next []*Agreement) {
	for _, a := range agreements {
		if !slices.ContainsFunc(changes, func(c headChange) bool { return c.name == a.Name }) {
			next = append(next, a)
		}
	}
	for _, c := range changes {
		if c.after != nil {
			next = append(next, c.after)
		}
	}
	slices.SortStableFunc(next, func(x, y *Agreement) int { return strings.Compare(x.Name, y.Name) })
	return next
}

func encoded(write func(*canonical)) []byte {
	var c canonical
	write(&c)
	return c.buf
}

// A part is one undated part of an agreement: its name, what it says for people, and its canonical bytes.
type part struct {
	title, words string
	bytes        []byte
}

// parts lists the undated parts of an agreement.
func (a *Agreement) parts() (ps []part) {
	if a == nil {
		return nil
	}
	add := func(title, words string, write func(*canonical)) {
		ps = append(ps, part{title + " (" + a.Name + ")", words, encoded(write)})
	}
	general := fmt.Sprintf("%s, days of %s, conflicts %s", a.Currency, zone(a), orInvalid(a.Conflicts))
	if a.Policy != "" {
		general += ", policy of " + a.Policy
	}
	add("Agreement", general, func(c *canonical) { c.str(1, general) })
	for _, p := range a.Parties {
		words := a.called(p.ID)
		if len(p.Operates) > 0 {
			words += ", operates " + andList(p.Operates)
		}
		add("Party "+p.ID, words, func(c *canonical) { list(c, 1, slices.Sorted(slices.Values(p.Operates))) })
	}
	for _, p := range a.Products {
		add("Product "+p.ID, p.describe(), func(c *canonical) {
			c.str(1, p.Owner)
			list(c, 2, slices.Sorted(slices.Values(p.Aliases)))
			list(c, 3, slices.Sorted(slices.Values(p.APIs)))
			c.str(4, p.State)
			c.str(5, p.OpenWeights)
		})
	}
	for _, s := range a.Settlement {
		words := fmt.Sprintf("by the %s, due after %d days, net %t", s.Period, s.DueDays, s.Net)
		add(fmt.Sprintf("Settlement between %s and %s", a.called(s.Between[0]), a.called(s.Between[1])), words, s.canonical)
	}
	for _, o := range a.Openings {
		add("Opening totals of "+o.Clause, fmt.Sprintf("base %s, share %s as of %s", Money(o.Base, a.Currency), Money(o.Capped, a.Currency), day(a, o.AsOf)), o.canonical)
	}
	return ps
}

func orInvalid(c Conflicts) Conflicts {
	if c == "" {
		return Invalid
	}
	return c
}

func (p *Product) describe() string {
	parts := []string{"of " + p.Owner}
	if len(p.Aliases) > 0 {
		parts = append(parts, "also called "+andList(p.Aliases))
	}
	if len(p.APIs) > 0 {
		parts = append(parts, "by "+andList(plain(p.APIs)))
	}
	if p.State != "" {
		parts = append(parts, p.State)
	}
	if p.OpenWeights != "" {
		parts = append(parts, "open weights under "+p.OpenWeights)
	}
	return strings.Join(parts, ", ")
}

// describeFact says what a fact states.
func (f *Fact) describe(a *Agreement) string {
	var s string
	switch f.Kind {
	case Ships, Retires:
		s = fmt.Sprintf("%s %s on %s", f.Product, f.Kind, f.Cloud)
	case CannotSupport, Declines:
		s = strings.TrimSpace(fmt.Sprintf("%s %s %s%s", a.called(f.By), strings.ReplaceAll(string(f.Kind), "-", " "), f.Product, f.Offer))
	case Offers, Accepts:
		s = fmt.Sprintf("%s %s capacity %s", a.called(f.By), f.Kind, f.Offer)
	case Declares, Verifies:
		s = fmt.Sprintf("%s %s %s", a.called(f.By), f.Kind, f.Milestone)
	default:
		s = strings.TrimSpace(fmt.Sprintf("%s %s %s", a.called(f.By), f.Kind, f.Product))
	}
	return s + " (" + day(a, f.On) + ")"
}

func andList(list []string) string { return words(list, "and") }
