package agreement

import (
	"cmp"
	"fmt"
	"strings"
)

// A Gap is a field of a clause that is read, shown and compared, and that nobody settles yet. Terms with a gap are not
// posted: their money would leave the field out. Gaps are no part of the terms, for a later version has fewer of them.
type Gap struct {
	Field  string // among the fields of its clause, such as "caps[0].excess"
	Lacks  string // what is missing to settle it
	Remedy string // what to write meanwhile
	Pos    Pos
}

// GapView is a gap in the form that commands print as JSON.
type GapView struct {
	Field  string `json:"field"`
	Lacks  string `json:"lacks"`
	Remedy string `json:"remedy"`
	Place  string `json:"place,omitempty"`
}

func (h *Head) gapViews() (views []GapView) {
	for _, g := range h.Unsettled {
		views = append(views, GapView{g.Field, g.Lacks, g.Remedy, g.Pos.String()})
	}
	return views
}

// unsettled is a line that names what of the clause nobody settles yet; "" if all of it is settled.
func (f InForce) unsettled() string {
	var names []string
	for _, g := range f.Clause.Head().Unsettled {
		names = union(names, []string{g.Field})
	}
	if len(names) == 0 {
		return ""
	}
	return "\nNot settled yet: " + strings.Join(names, ", ") + "."
}

// retroWords says what becomes of earlier statements when an amendment reaches back.
func retroWords(retro string) string {
	switch retro {
	case "true_up":
		return "; what an amendment changes backwards is trued up"
	case "keep":
		return "; what an amendment changes backwards stays as it was stated"
	}
	return ""
}

// corrections says what lowers, converts and corrects a share.
func (c *RevenueShare) corrections(a *Agreement) string {
	var s strings.Builder
	if len(c.Deductions) > 0 {
		s.WriteString("; the base counts " + deductionWords(c.Deductions))
	}
	if c.Favoured != nil {
		s.WriteString("; never worse than " + c.Favoured.words(a))
	}
	if c.FX != nil {
		s.WriteString("; other currencies are converted by " + c.FX.words())
	}
	switch c.Negative {
	case "floor":
		s.WriteString("; a negative base counts as zero")
	case "pay_back":
		s.WriteString("; of a negative base the share is paid back")
	}
	switch c.Overpaid {
	case "credit":
		s.WriteString("; what was paid too much is credited")
	case "keep":
		s.WriteString("; what was paid too much is kept")
	}
	return s.String()
}

func (c *RevenueShare) viewCorrections(m fields) {
	if len(c.Deductions) > 0 {
		ds := make([]fields, len(c.Deductions))
		for i, d := range c.Deductions {
			ds[i] = fields{"of": d.Of, "at_most": optional(d.AtMost), "per": d.Per}.set()
		}
		m["deductions"] = ds
	}
	if f := c.Favoured; f != nil {
		m["favoured"] = fields{"peers": f.Peers, "from": stamp(f.From)}.set()
	}
	if x := c.FX; x != nil {
		m["fx"] = fields{"source": x.Source, "moment": x.Moment}.set()
	}
	m["overpaid"] = c.Overpaid
}

// words says what draws a commitment down.
func (c *Counts) words() string {
	s := fmt.Sprintf("what counts: %s on %s of %s", cmp.Or(c.Amount, "cost"), orAll(c.Clouds, "all clouds"), c.Products.words())
	if len(c.Streams) > 0 {
		s += ", of the streams " + words(c.Streams, "and")
	}
	return s
}

// remainder says how the window is divided, and what becomes of what was bought too little or too much.
func (c *Commitment) remainder() string {
	var s strings.Builder
	if c.SubWindows != "" {
		s.WriteString("; a part of it is due each " + c.SubWindows)
	}
	switch c.Shortfall {
	case "invoice":
		s.WriteString("; what is not bought is invoiced")
	case "extend":
		s.WriteString("; what is not bought extends the window")
	case "forfeit":
		s.WriteString("; what is not bought is forfeit")
	}
	if c.CarryOver {
		s.WriteString("; what is bought too much counts to the next part")
	}
	if c.Prepaid {
		s.WriteString("; paid beforehand")
	}
	return s.String()
}
