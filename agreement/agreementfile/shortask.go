package agreementfile

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/money"
)

// ShortRules returns the rules of the article's short form, by id. All of them are errors: each names a point that the full
// form must say, and that the short form contradicts or leaves open. docs/rules.md has a section for each.
func ShortRules() []agreement.Rule {
	rule := func(id, summary string) agreement.Rule {
		return agreement.Rule{ID: id, Severity: agreement.Error, Summary: summary}
	}
	return []agreement.Rule{
		rule("short-customer-choice", "the short form gives the customer a choice and the clouds an order"),
		rule("short-end", "an end of the short form does not say whether its date still counts"),
		rule("short-exclusivity", "the short form does not say one thing about the exclusivity of the license"),
		rule("short-flag", "a flag of the short form has no meaning of its own"),
		rule("short-form", "a document is the article's short form"),
		rule("short-no-group", "a cloud is in no group of the short form"),
		rule("short-others", "the short form licenses others without naming them"),
		rule("short-share-base", "a share of the short form does not say what it is a share of"),
		rule("short-share-cap", "a share of the short form does not say whether it is capped"),
		rule("short-share-rate", "a share of the short form has no rate"),
		rule("short-text", "a text of the short form is no clause"),
		rule("short-tie", "two clouds of the short form have one priority"),
	}
}

// A question is a point that the short form leaves open, with the answers that the full form can have.
type question struct {
	key     string
	rule    string // of its finding; "" = part of short-form
	pos     agreement.Pos
	also    []agreement.Pos // the other places of a contradiction
	why     string
	options []option // the first one is taken where nothing is chosen
	other   string   // what else may be chosen, such as "another rate"; "" = nothing
	accept  func(answer string) bool
}

type option struct{ answer, meaning string }

func (o option) String() string { return fmt.Sprintf("%s (%s)", o.answer, o.meaning) }

func (q *question) accepts(answer string) bool {
	return slices.ContainsFunc(q.options, func(o option) bool { return o.answer == answer }) || q.accept != nil && q.accept(answer)
}

// meaning returns what an answer means, if it is one of the options.
func (q *question) meaning(answer string) string {
	for _, o := range q.options {
		if o.answer == answer {
			return o.String()
		}
	}
	return answer
}

// others lists what may be chosen instead of an answer.
func (q *question) others(answer string) (rest []string) {
	for _, o := range q.options {
		if o.answer != answer {
			rest = append(rest, o.String())
		}
	}
	if q.other != "" {
		rest = append(rest, q.other)
	}
	return rest
}

// or joins alternatives.
func or(words []string) string {
	if n := len(words) - 1; n > 0 {
		return strings.Join(words[:n], ", ") + " or " + words[n]
	}
	return strings.Join(words, "")
}

// ask turns the questions of a short form into findings.
func (r *reader) ask(s *Short) {
	r.report("short-form", s.Pos, fmt.Sprintf("write the full form: concord agreement convert %s", r.source.name),
		"this is the article's short form, which names no parties, products, currency, time zone, start or terms of sale, so that nothing can be in force by it")
	for _, q := range s.questions() {
		if q.rule == "" {
			continue
		}
		before := len(r.findings)
		r.report(q.rule, q.pos, fmt.Sprintf("choose %s=%s", q.key, or(append([]string{q.options[0].String()}, q.others(q.options[0].answer)...))), "%s", q.why)
		if len(r.findings) == before {
			return
		}
		places := append([]agreement.Pos{q.pos}, q.also...)
		slices.SortFunc(places, func(x, y agreement.Pos) int {
			return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
		})
		var lines []string
		for _, p := range places {
			lines = append(lines, r.source.excerpt(p))
		}
		r.findings[len(r.findings)-1].Excerpt = strings.Join(lines, "\n")
	}
}

// at renders a place of the file that is spoken of.
func at(p agreement.Pos) string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// questions lists what the short form leaves open, in the order of the full form.
func (s *Short) questions() (qs []question) {
	qs = append(qs,
		question{key: "currency", why: "the short form names no currency",
			options: []option{{"USD", "that of the public figures"}}, other: "another code", accept: isCurrency},
		question{key: "zone", why: "the short form does not say in which time zone days begin",
			options: []option{{"America/Los_Angeles", "assumed"}}, other: "another zone", accept: isZone},
		question{key: "effective", why: "the short form does not say from when it holds",
			options: []option{{"2026-04-27", "the day of the amendment"}}, other: "another day", accept: isDay})
	if len(s.Clouds) > 0 {
		qs = append(qs, s.orderQuestions()...)
	}
	qs = append(qs, s.licenseQuestions()...)
	for _, share := range s.Shares {
		if share.Owed {
			qs = append(qs, s.shareQuestions(share)...)
		}
	}
	if s.Timeline.Text != "" {
		qs = append(qs, endQuestion("timeline", s.Timeline, publicShareEnd))
	}
	return qs
}

func isCurrency(s string) bool { return regexp.MustCompile(`^[A-Z]{3}$`).MatchString(s) }

func isZone(s string) bool {
	_, err := time.LoadLocation(s)
	return err == nil && validID(s) && s != "Local"
}

func isDay(s string) bool {
	_, _, day, ok := (&reader{zone: time.UTC}).span(s)
	return ok && day
}

// orderQuestions are those of the deployment strategy.
func (s *Short) orderQuestions() (qs []question) {
	primary := s.Clouds[0]
	if says := primary.Says; says.Text != "" {
		qs = append(qs, question{key: primary.Name + ".rationale", rule: "short-text", pos: says.Pos,
			why: fmt.Sprintf("the rationale of %s is a text and no clause: %q", primary.Name, short(says.Text)),
			options: []option{{"order", "requests go to " + primary.Name + " first"},
				{"first-ship", "and products ship on " + primary.Name + " first"}}})
	}
	if !slices.ContainsFunc(s.Clouds, func(c ShortCloud) bool { return c.Name == "openai" }) {
		p := s.Alternatives
		if p.Line == 0 {
			p = primary.Pos
		}
		qs = append(qs, question{key: "openai.group", rule: "short-no-group", pos: p,
			why: "openai, which owns the products and runs them on a platform of its own, is in no group; what is in no group may not serve",
			options: []option{{"after", "beside the last of the alternatives"}, {"last", "after all of them"},
				{"none", "nothing is served on OpenAI's own platform"}}})
	}
	if f := s.MultiCloud; f != nil {
		qs = append(qs, flagQuestion(f, option{"any", "the clouds of this file that the short form does not name stand beside the last alternatives"},
			option{"listed", "the clouds that the short form names, and no other"}))
	}
	tie := question{key: "tie", why: "clouds of one group have no order among them", pos: primary.Pos,
		options: []option{{"weighted", "in equal parts"}, {"declared", "as they stand"}, {"cheapest", "by price"}}}
	for i := 1; i < len(s.Clouds); i++ {
		if x, y := s.Clouds[i-1], s.Clouds[i]; x.Priority == y.Priority {
			tie.rule, tie.pos, tie.also = "short-tie", y.Pos, []agreement.Pos{x.Pos}
			tie.why = fmt.Sprintf("%s (%s) and %s both have priority %d, and nothing says which comes first", x.Name, at(x.Pos), y.Name, x.Priority)
			break
		}
	}
	qs = append(qs, tie)
	if f := s.Choice; f != nil && f.On {
		qs = append(qs, question{key: "customer_choice", rule: "short-customer-choice", pos: f.Pos, also: []agreement.Pos{primary.Pos},
			why: fmt.Sprintf("the customer has a choice, and %s comes first (%s): one of the two yields", primary.Name, at(primary.Pos)),
			options: []option{{"permitted", "a customer's home cloud may go before " + primary.Name}, {"group", "it may go first among those of its group"},
				{"none", "customers do not choose"}}})
	}
	if f := s.Flexibility; f != nil {
		qs = append(qs, flagQuestion(f, option{"leave", "another cloud is tried when the first is down, throttled or unable, or a region rule forbids it"},
			option{"stay", "another cloud is never tried"}))
	}
	return qs
}

// flagQuestion asks what a flag of hybrid means; the first option is that of a flag that is set.
func flagQuestion(f *ShortFlag, on, off option) question {
	q := question{key: f.Name, rule: "short-flag", pos: f.Pos, options: []option{on, off},
		why: fmt.Sprintf("%s: %v has no meaning of its own; the order says which clouds there are, and a clause when one of them is left", f.Name, f.On)}
	if !f.On {
		slices.Reverse(q.options)
	}
	return q
}

// exclusivity returns the one word that the short form has for the license of the primary cloud's operator, or "" where it
// says none or several, with the places.
func (s *Short) exclusivity() (one string, said []ShortType) {
	if s.Exclusivity.Text != "" {
		said = append(said, ShortType{"exclusivity", s.Exclusivity.Text, s.Exclusivity.Pos})
	}
	for _, t := range s.Types {
		if t.Exclusivity != "" {
			said = append(said, t)
		}
	}
	for _, t := range said {
		foreign := t.Exclusivity == agreement.Exclusive && t.Of != "exclusivity" && (len(s.Clouds) == 0 || t.Of != s.Clouds[0].Name)
		if one != "" && one != t.Exclusivity || foreign {
			return "", said
		}
		one = t.Exclusivity
	}
	return one, said
}

// licenseQuestions are those of the licensing model.
func (s *Short) licenseQuestions() (qs []question) {
	if one, said := s.exclusivity(); one == "" {
		q := question{key: "exclusivity", rule: "short-exclusivity", pos: s.Duration.Pos, why: "nothing says whether the license is exclusive",
			options: []option{{agreement.NonExclusive, "the public text"}, {agreement.Exclusive, "nobody but the licensee and OpenAI itself"}}}
		var words []string
		for i, t := range said {
			words = append(words, fmt.Sprintf("%s is %s (%s)", t.Of, t.Exclusivity, at(t.Pos)))
			if t.Exclusivity == agreement.Exclusive || i == len(said)-1 && q.rule == "" {
				q.pos = t.Pos
			}
		}
		for _, t := range said {
			if t.Pos != q.pos {
				q.also = append(q.also, t.Pos)
			}
		}
		if len(said) > 0 {
			q.why = fmt.Sprintf("the license is exclusive and not exclusive at once: %s", strings.Join(words, ", "))
		}
		qs = append(qs, q)
	}
	if s.Duration.Text != "" {
		qs = append(qs, endQuestion("duration", s.Duration, publicLicenseEnd))
	}
	for _, c := range s.alternatives() {
		if c.Says.Text != "" {
			qs = append(qs, question{key: c.Name + ".capability", rule: "short-text", pos: c.Says.Pos,
				why: fmt.Sprintf("the capability of %s is a text and no clause: %q", c.Name, short(c.Says.Text)),
				options: []option{{"license", operatorOf(c.Name).party + " holds a non-exclusive license"},
					{"none", "it holds none, and runs what OpenAI itself sells there"}}})
		}
	}
	for _, t := range s.Types {
		if t.Of == "others" {
			qs = append(qs, question{key: "others", rule: "short-others", pos: t.Pos, why: "others hold licenses, and nothing says who they are",
				options: []option{{"any", "the other operators of this file"}, {"none", "nobody else"}}})
		}
	}
	return qs
}

func (s *Short) alternatives() []ShortCloud {
	if len(s.Clouds) == 0 {
		return nil
	}
	return s.Clouds[1:]
}

func (s *Short) shareQuestions(share ShortShare) []question {
	payer, cloud := "", ""
	for _, op := range operators() {
		if op.party == share.Payer {
			payer = op.name
		}
		if op.party == share.Payee {
			cloud = op.cloud
		}
	}
	if share.Payee == "openai" { // what Microsoft paid was a share of its own cloud's sales
		cloud = "azure"
	}
	caps := []option{{"38000000000 USD", "in total; reported on 11 May 2026"}, {"none", "no cap"}}
	if share.Payer != "openai" {
		caps = []option{{"none", "no cap"}}
	}
	q := func(what, why string, other string, accept func(string) bool, options ...option) question {
		return question{key: share.Name + "." + what, rule: "short-share-" + what, pos: share.Pos, why: share.Name + " is owed, and " + why,
			options: options, other: other, accept: accept}
	}
	return []question{
		q("rate", "nothing says how much: it has no rate", "another rate", isShareRate, option{"20%", "reported"}),
		q("base", "nothing says of what: it has no base", "", nil,
			option{"everywhere", "all sales of " + payer + ", on every cloud"}, option{cloud, "its sales on " + cloud}),
		q("cap", "nothing says up to how much: it has no cap", "another amount", isShareCap, caps...),
	}
}

func isShareRate(s string) bool {
	r, err := money.ParseRate(s)
	return err == nil && r.Sign() >= 0 && r.Cmp(money.Rate{Num: 1, Den: 1}) <= 0 && !strings.ContainsAny(s, "\"\\\n")
}

func isShareCap(s string) bool {
	number, currency, ok := strings.Cut(s, " ")
	a, err := money.Parse(number)
	return ok && err == nil && a.Sign() > 0 && isCurrency(currency)
}

// endQuestion asks what a bare end date means. Where the date and the public text agree on the year, the public text is first.
func endQuestion(key string, date ShortText, public string) question {
	through, until := option{"through " + date.Text, "the day itself still counts"}, option{"until " + date.Text, "the day itself no longer counts"}
	q := question{key: key, rule: "short-end", pos: date.Pos, options: []option{through, until},
		other: "through or until another date", accept: isEnd}
	why := ""
	switch date.Text {
	case public + "-01-01":
		q.options = []option{{"through " + public, "the public text"}, until, through}
		why = fmt.Sprintf("; the public text says through %s, a year more than until %s", public, date.Text)
	case public + "-12-31":
		q.options[0].meaning = "the public text says through " + public
		q.options[1].meaning = "a day less"
		why = fmt.Sprintf("; the public text says through %s", public)
	}
	q.why = fmt.Sprintf("%s does not say whether the date itself still counts: %s%s", key, date.Text, why)
	return q
}

func isEnd(s string) bool {
	word, date, _ := strings.Cut(s, " ")
	_, _, day, ok := (&reader{zone: time.UTC}).span(date)
	return ok && (word == "through" || word == "until" && day)
}
