package agreementfile

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"concord/agreement"
)

// A Choice answers a question that a short form leaves open.
type Choice struct {
	Key    string
	Answer string
	Pos    agreement.Pos // where it was made; a file name alone for a flag
}

// ParseChoices reads a file of choices: a mapping from keys to answers.
func ParseChoices(name string, doc []byte) ([]Choice, []agreement.Finding) {
	r := &reader{source: newSource(name, doc)}
	body := r.document(doc)
	if body == nil {
		return nil, r.findings
	}
	o := r.object(body, "a file of choices")
	if o == nil {
		return nil, r.findings
	}
	var choices []Choice
	for _, e := range o.entries {
		if v, ok := o.take(e.name); ok {
			choices = append(choices, Choice{Key: e.name, Answer: v.text(), Pos: v.pos})
		}
	}
	return choices, r.findings
}

// Convert writes the full form of the article's short form, with a marked choice for every question that it leaves open.
// The same document and choices give the same bytes. It returns findings instead where the document is not the short form
// or has mistakes of form, and where choices do not fit.
func Convert(name string, doc []byte, choices []Choice) ([]byte, []agreement.Finding) {
	r := &reader{source: newSource(name, doc)}
	body := r.document(doc)
	if body == nil {
		return nil, r.findings
	}
	if !isShort(body) {
		r.report("wrong-type", r.at(body), "give a file with "+strategyBlock+" and "+licenseBlock, "the document is not the article's short form")
		return nil, r.findings
	}
	s := r.shortForm(body)
	if len(r.findings) > 0 {
		r.sort()
		return nil, r.findings
	}
	w := &writer{short: s, questions: s.questions(), answers: map[string]Choice{}, document: sha256.Sum256(doc)}
	r.choose(w, choices)
	if len(r.findings) > 0 {
		return nil, r.findings
	}
	return w.agreement(), nil
}

// choose takes what was chosen. A later choice of a key stands for an earlier one, so that a flag overrides a file.
func (r *reader) choose(w *writer, choices []Choice) {
	var keys []string
	for _, q := range w.questions {
		keys = append(keys, q.key)
	}
	for _, c := range choices {
		i := slices.Index(keys, c.Key)
		if i < 0 {
			remedy := "choose among " + strings.Join(keys, ", ")
			if near := nearest(c.Key, keys); near != "" {
				remedy = "write " + near
			}
			r.report("unknown-field", c.Pos, remedy, "the short form leaves no %q open", short(c.Key))
			continue
		}
		if q := &w.questions[i]; !q.accepts(c.Answer) {
			r.report("unknown-value", c.Pos, "choose "+or(q.others("")), "%s cannot be %q", c.Key, short(c.Answer))
			continue
		}
		w.answers[c.Key] = c
	}
	if w.exclusive() {
		for _, q := range w.questions {
			if c, ok := w.answers[q.key]; ok && (c.Answer == "license" || c.Key == "others" && c.Answer == "any") {
				r.report("said-twice", c.Pos, "choose "+q.key+"=none, or exclusivity=non-exclusive",
					"%s=%s gives another license for what is licensed exclusively", c.Key, c.Answer)
			}
		}
	}
	if c, ok := w.answers["currency"]; ok {
		for _, q := range w.questions {
			if k, said := w.answers[q.key]; strings.HasSuffix(q.key, ".cap") && said && k.Answer != "none" && !strings.HasSuffix(k.Answer, " "+c.Answer) {
				r.report("currency", k.Pos, fmt.Sprintf("write an amount in %s, or choose %s=none", c.Answer, q.key), "%s is in another currency than the agreement, %s", q.key, c.Answer)
			}
		}
	}
	// The excerpts of r are those of the short form, and choices stand elsewhere.
	for i := range r.findings {
		r.findings[i].Excerpt = ""
	}
}

// answer returns what was chosen, or is taken: the first option; "" if the short form leaves no such question open.
func (w *writer) answer(key string) string {
	if c, ok := w.answers[key]; ok {
		return c.Answer
	}
	for _, q := range w.questions {
		if q.key == key {
			return w.standard(q)
		}
	}
	return ""
}

// standard is the answer where none was chosen. Where the license is exclusive, nobody else has one; an amount in another
// currency than the one that was chosen is no answer.
func (w *writer) standard(q question) string {
	first := q.options[0].answer
	switch {
	case (first == "license" || q.key == "others") && w.exclusive():
		return "none"
	case strings.HasSuffix(q.key, ".cap") && first != "none" && !strings.HasSuffix(first, " "+w.answer("currency")):
		return "none"
	}
	return first
}

// exclusive reports whether the license is.
func (w *writer) exclusive() bool {
	one, _ := w.short.exclusivity()
	if one == "" {
		one = w.answer("exclusivity")
	}
	return one == agreement.Exclusive
}
