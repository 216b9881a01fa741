package agreementfile

import (
	"regexp"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"

	"concord/agreement"
)

// Instants lie within the years that int64 nanoseconds since 1970 hold.
const (
	firstYear = 1970
	lastYear  = 2261
)

var dateForm = regexp.MustCompile(`^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$`)

// span reads a year, month or day in the agreement's zone: when it begins, and when the next one does.
func (r *reader) span(s string) (from, until time.Time, day, ok bool) {
	m := dateForm.FindStringSubmatch(s)
	if m == nil {
		return from, until, false, false
	}
	year, _ := strconv.Atoi(m[1])
	if year < firstYear || year > lastYear {
		return from, until, false, false
	}
	at := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, r.zone) }
	month, _ := strconv.Atoi(m[2])
	date, _ := strconv.Atoi(m[3])
	switch {
	case m[2] == "":
		return at(year, 1, 1), at(year+1, 1, 1), false, true
	case month < 1 || month > 12:
		return from, until, false, false
	case m[3] == "":
		return at(year, month, 1), at(year, month+1, 1), false, true
	case date < 1 || date > time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day():
		return from, until, false, false
	}
	return at(year, month, date), at(year, month, date+1), true, true
}

// instant reads a day, which begins in the agreement's zone, or an instant with its offset.
func (v value) instant() time.Time {
	s, _ := text(v.node)
	if from, _, day, ok := v.o.r.span(s); ok && day {
		return from
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil && t.Year() >= firstYear && t.Year() <= lastYear {
		return t
	}
	v.report("bad-date", "write a day like 2026-04-27, or an instant like 2026-04-27T15:00:00Z",
		"%s of %s is not a date: %s", v.name, v.o.what, describe(v.node))
	return time.Time{}
}

// through reads the last day, month or year that still counts.
func (v value) through() (time.Time, string) {
	s, _ := text(v.node)
	if _, until, _, ok := v.o.r.span(s); ok {
		return until, s
	}
	v.report("bad-date", "write a day (2030-12-31), a month (2030-12) or a year (2030)",
		"%s of %s is not a day, month or year: %s", v.name, v.o.what, describe(v.node))
	return time.Time{}, ""
}

// bareEnds are names under which people write an end without saying whether it still counts.
var bareEnds = []string{"end", "ends", "end_date", "expires", "expiry", "duration", "timeline", "to"}

// end reads when a clause ends.
func (o *object) end(retro bool) agreement.End {
	end, given := o.oneEnd(retro)
	if t, ok := o.take("term"); ok {
		given++
		if s, _ := text(t.node); s == "perpetual" {
			end = agreement.End{Perpetual: true, Pos: t.pos}
		} else {
			t.report("bare-end-date", "write term: perpetual, or until: (the first instant that no longer counts) or through: (the last day that does)",
				"term of %s is %s", o.what, describe(t.node))
		}
	}
	for _, name := range bareEnds {
		if !o.has(name) {
			continue
		}
		given++
		v, ok := o.take(name)
		o.known = o.known[:len(o.known)-1] // it is no field of the format
		if ok {
			v.report("bare-end-date", "write until: (the first instant that no longer counts) or through: (the last day that does)",
				"%s of %s does not say whether the date itself still counts: %s", name, o.what, describe(v.node))
			end.Pos = v.pos
		}
	}
	if given > 1 {
		o.r.report("said-twice", end.Pos, "keep one; several ends stand in until: {first_of: [...]}", "%s says more than once when it ends", o.what)
	}
	return end
}

// oneEnd reads until or through.
func (o *object) oneEnd(retro bool) (end agreement.End, given int) {
	if v, ok := o.take("through"); ok {
		given++
		end.Pos = v.pos
		end.Until, end.Through = v.through()
	}
	v, ok := o.take("until")
	if !ok {
		return end, given
	}
	given++
	switch v.node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		end = v.condition(retro)
	default:
		end = agreement.End{Until: v.instant()}
	}
	end.Pos = v.pos
	return end, given
}

// condition reads {milestone: M, state: S} or {first_of: [...]}.
func (v value) condition(retro bool) (end agreement.End) {
	c := v.object("an end")
	if c == nil {
		return end
	}
	defer c.done()
	end.Retro = retro
	if m, ok := c.take("milestone"); ok {
		end.Milestone = m.id()
		end.State = agreement.MilestoneVerified
		if s, ok := c.take("state"); ok {
			end.State = word(s, agreement.MilestoneDeclared, agreement.MilestoneVerified)
		}
	} else {
		c.known = append(c.known, "state")
	}
	first, ok := c.take("first_of")
	if !ok {
		if end.Milestone == "" && !c.has("milestone") {
			v.report("missing-field", "write {milestone: NAME, state: verified} or {first_of: [...]}", "an end by condition names no milestone and no first_of")
		}
		return end
	}
	if end.Milestone != "" {
		first.report("said-twice", "put the milestone into first_of", "an end has a milestone beside first_of")
	}
	for _, item := range first.items("{until: 2030-01-01}, {milestone: agi}") {
		end.FirstOf = append(end.FirstOf, item.alternative(retro))
	}
	if len(end.FirstOf) < 2 {
		first.report("empty-list", "list two ends or more", "first_of has %d ends", len(end.FirstOf))
	}
	return end
}

// begin reads {milestone: M, state: S} of a clause that waits for it.
func (v value) begin(retro bool) (b agreement.Begin) {
	c := v.object("a beginning")
	if c == nil {
		return b
	}
	defer c.done()
	m, ok := c.need("milestone", "write {milestone: NAME, state: verified}, or a day")
	if !ok {
		return b
	}
	b = agreement.Begin{Milestone: m.id(), State: agreement.MilestoneVerified, Retro: retro, Pos: v.pos}
	if s, ok := c.take("state"); ok {
		b.State = word(s, agreement.MilestoneDeclared, agreement.MilestoneVerified)
	}
	return b
}

// alternative reads one item of first_of: {until: T}, {through: D} or {milestone: M, state: S}.
func (v value) alternative(retro bool) (end agreement.End) {
	o := v.object("an end of first_of")
	if o == nil {
		return end
	}
	if o.has("milestone") {
		return v.condition(retro)
	}
	end, given := o.oneEnd(retro)
	if given != 1 {
		v.report("missing-field", "write {until: T}, {through: D} or {milestone: NAME, state: verified}", "an end of first_of says %d times when it is", given)
	}
	o.done()
	return end
}
