package report

import (
	"fmt"
	"strings"
	"time"

	"concord/agreement"
)

// DiffPage lays a difference of two versions of terms out; from and to are what the reader called them, zone is where days
// are read.
func DiffPage(d *agreement.Difference, from, to string, zone *time.Location) *Page {
	p := &Page{Title: fmt.Sprintf("What changes from %s to %s", from, to)}
	p.Lines = []string{version("From", &d.From, zone), version("To", &d.To, zone)}
	if d.Empty() {
		p.Lines = append(p.Lines, "No difference: both say the same, in the same words.")
		return p
	}
	if !d.Effective() {
		p.Lines = append(p.Lines, "No effect: the same terms in other words. No decision and no sum of money comes out differently.")
	} else {
		p.Lines = append(p.Lines, natures(d))
	}
	p.Sections = append(p.Sections, itemSection(d))
	if d.Effective() {
		p.Sections = append(p.Sections, decisionSection(d))
	}
	return p
}

func version(name string, v *agreement.Version, zone *time.Location) string {
	span := "at all times"
	switch {
	case !v.From.IsZero() && !v.Until.IsZero():
		span = "in force from " + dayIn(v.From, zone) + " until " + dayIn(v.Until, zone)
	case !v.From.IsZero():
		span = "in force from " + dayIn(v.From, zone) + " on"
	case !v.Until.IsZero():
		span = "in force until " + dayIn(v.Until, zone)
	}
	return fmt.Sprintf("%s: terms %.12s, %s.", name, v.Hash, span)
}

// dayIn writes an instant in a zone, with its time of day where that is not midnight.
func dayIn(t time.Time, zone *time.Location) string {
	if zone != nil {
		t = t.In(zone)
	}
	if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04:05 MST")
}

// natures counts the changes by what they are about.
func natures(d *agreement.Difference) string {
	counts := map[agreement.Nature]int{}
	coupled := 0
	for i := range d.Items {
		counts[d.Items[i].Nature]++
		if len(d.Items[i].Couplings) > 0 {
			coupled++
		}
	}
	var parts []string
	for _, n := range []agreement.Nature{agreement.OfDelivery, agreement.OfLicense, agreement.OfMoney, agreement.OfRecord, agreement.OfWording} {
		if counts[n] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[n], n))
		}
	}
	s := fmt.Sprintf("%d changes: %s; ", len(d.Items), strings.Join(parts, ", "))
	if coupled == 0 {
		return s + "none is coupled."
	}
	return s + fmt.Sprintf("%d coupled.", coupled)
}

func itemSection(d *agreement.Difference) Section {
	g := &Grid{Columns: []string{"Item", "Before", "After", "In effect", "Kind", "Clauses"}, Blocks: true}
	for i := range d.Items {
		item := &d.Items[i]
		ids := make([]string, len(item.Clauses))
		for n, ref := range item.Clauses {
			ids[n] = ref.Agreement + "/" + ref.Clause
		}
		g.Row(Line(item.Title), Line(item.Before), Line(item.After), item.Effect, Line(item.Kind()), Line(orDash(strings.Join(ids, ", "))))
	}
	return Section{Title: "What changes", Grid: g}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func decisionSection(d *agreement.Difference) Section {
	s := Section{Title: "Requests that would go elsewhere"}
	if d.Derived {
		s.Lines = []string{"Without a configuration: every seller on every cloud that a sale clause names, and customers of one seller each. Health and prices are not looked at."}
	} else {
		s.Lines = []string{"For the customers and deployments of the configuration. Health and prices are not looked at."}
	}
	if len(d.Decisions) == 0 {
		s.Lines = append(s.Lines, "None: every request has the same deployments in the same order.")
		return s
	}
	s.Grid = &Grid{Columns: []string{"Request", "Before", "After", "Through"}, Blocks: true}
	for i := range d.Decisions {
		c := &d.Decisions[i]
		request := few(c.Customers) + ": " + c.Product
		if len(c.APIs) > 0 {
			apis := make([]string, len(c.APIs))
			for n, a := range c.APIs {
				apis[n] = string(a)
			}
			request += " (" + strings.Join(apis, ", ") + ")"
		}
		if c.Only != "" {
			request += ", " + c.Only
		}
		s.Grid.Row(Line(request), order(c.Before, c.RefusedBefore), order(c.After, c.RefusedAfter), reasons(c))
	}
	return s
}

// few joins the first of a list, and counts the rest: the JSON has them all.
func few(list []string) string {
	const shown = 6
	if len(list) <= shown {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:shown], ", ") + fmt.Sprintf(" and %d more", len(list)-shown)
}

func order(tiers []agreement.Tier, refused string) Lines {
	if len(tiers) == 0 {
		return Line("refused: " + refused)
	}
	lines := make(Lines, len(tiers))
	for i, t := range tiers {
		lines[i] = fmt.Sprintf("%d. %s", i+1, strings.Join(t.Deployments, " or "))
		if t.Within != "" {
			lines[i] += " (" + t.Within + ")"
		}
	}
	return lines
}

// reasons names the checks through which deployments moved, those that moved alike on one line.
func reasons(c *agreement.DecisionChange) (lines Lines) {
	var keys []string
	ids := map[string][]string{}
	take := func(sign string, moves []agreement.Move) {
		for _, m := range moves {
			var parts []string
			for _, cause := range m.Causes {
				clauses := make([]string, len(cause.Clauses))
				for i, ref := range cause.Clauses {
					clauses[i] = ref.Clause
				}
				parts = append(parts, fmt.Sprintf("check %d (%s): %s", cause.Check, cause.Check, orDash(strings.Join(clauses, ", "))))
			}
			key := sign + "\x00" + strings.Join(parts, "; ")
			if ids[key] == nil {
				keys = append(keys, key)
			}
			ids[key] = append(ids[key], m.Deployment)
		}
	}
	take("+", c.Gained)
	take("-", c.Lost)
	for _, key := range keys {
		sign, why, _ := strings.Cut(key, "\x00")
		lines = append(lines, fmt.Sprintf("%s %s by %s", sign, strings.Join(ids[key], ", "), orDash(why)))
	}
	if c.Reordered {
		lines = append(lines, "another order")
	}
	return lines
}
