package agreementfile

import (
	"slices"
	"strings"
	"unicode"

	"concord/agreement"
	"concord/agreement/condition"
)

// when reads a clause's condition. What is wrong in it is reported where it stands, inside the text.
func (o *object) when(v value, kind string) {
	o.head.When = v.text()
	if o.head.When == "" {
		return
	}
	if o.r.language == nil {
		language, err := condition.NewLanguage()
		if err != nil {
			v.report("bad-condition", "report this", "conditions cannot be read: %v", err)
			return
		}
		o.r.language = language
	}
	c, problems := o.r.language.Compile(o.head.When)
	for _, p := range problems {
		o.r.report("bad-condition", v.inside(p.Offset), p.Remedy, "%s", p.Message)
	}
	if c == nil {
		return
	}
	o.head.Condition = c
	for _, l := range c.Literals() {
		at := v.inside(l.Offset)
		o.head.Places = append(o.head.Places, agreement.Place{Field: agreement.WhenField(l.Offset), Pos: at})
		switch {
		case l.Prefix || l.Ordered:
		case l.Fact == condition.API:
			o.r.conditionWord(at, l, plainWords(apis()))
		case l.Fact == condition.State:
			o.r.conditionWord(at, l, []string{"stateless", "stateful"})
		}
	}
	o.conditionFacts(v, kind, c)
}

// conditionFacts refuses conditions on facts that are not known where a clause of this kind is applied.
func (o *object) conditionFacts(v value, kind string, c *condition.Condition) {
	known, remedy := agreement.ConditionFacts(kind)
	for _, u := range c.Uses() {
		if slices.Contains(known, u.Fact) {
			continue
		}
		write := remedy
		if len(known) > 0 {
			write = "use " + list(known) + "; " + remedy
		}
		o.r.report("condition-fact", v.inside(u.Offset), write, "a %s clause cannot depend on %s", kind, u.Fact)
	}
	if len(known) == 0 && len(c.Uses()) == 0 {
		o.r.report("condition-fact", v.pos, remedy, "a %s clause cannot have a condition", kind)
	}
}

// conditionWord reports a text that a fact of few values never is.
func (r *reader) conditionWord(at agreement.Pos, l condition.Literal, known []string) {
	if slices.Contains(known, l.Value) {
		return
	}
	remedy := "write one of " + list(known)
	if near := nearest(l.Value, known); near != "" {
		remedy = "write " + near
	}
	r.report("unknown-value", at, remedy, "%s of a condition is never %q", l.Fact, short(l.Value))
}

func plainWords[T ~string](words []T) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = string(w)
	}
	return out
}

// inside returns the place of a character of a scalar's text. The text may stand in quotes, with escapes, or on several
// lines: what is not white stands in the file in the order of the text, so the two are read side by side.
func (v value) inside(offset int) agreement.Pos {
	lines := v.o.r.source.lines
	decoded, ok := text(v.node)
	if !ok || v.pos.Line < 1 || v.pos.Line > len(lines) {
		return v.pos
	}
	at := agreement.Pos{File: v.pos.File, Line: v.pos.Line, Column: v.pos.Column}
	raw := []rune(lines[at.Line-1])
	last := min(len(lines), at.Line+condition.MaxLength) // no condition has more lines than characters
	next := func() (rune, bool) {
		for at.Column > len(raw) {
			if at.Line >= last {
				return 0, false
			}
			at.Line, at.Column = at.Line+1, 1
			raw = []rune(lines[at.Line-1])
		}
		return raw[at.Column-1], true
	}
	if r, ok := next(); ok && strings.ContainsRune(`"'`, r) {
		at.Column++
	}
	for i, want := range []rune(decoded) {
		if unicode.IsSpace(want) {
			continue
		}
		for {
			r, ok := next()
			if !ok {
				return v.pos
			}
			if r == want {
				break
			}
			at.Column++
		}
		if i >= offset {
			return at
		}
		at.Column++
	}
	return at
}
