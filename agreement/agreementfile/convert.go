package agreementfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"concord/agreement"
)

// A writer writes the full form of a short form.
type writer struct {
	short     *Short
	questions []question
	answers   map[string]Choice // what was chosen, by key
	document  agreement.Hash
	out       bytes.Buffer
}

// width is how long a line of comment may be.
const width = 120

// line writes a line at an indentation.
func (w *writer) line(indent int, format string, args ...any) {
	w.out.WriteString(strings.Repeat(" ", indent))
	fmt.Fprintf(&w.out, format, args...)
	w.out.WriteByte('\n')
}

// comment writes a comment, filled to the width.
func (w *writer) comment(indent int, s string) {
	line, next := "#", "#"
	if strings.HasPrefix(s, "CHOICE ") {
		next = "#  " // choices stand out
	}
	for _, word := range strings.Fields(s) {
		if indent+utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			w.line(indent, "%s", line)
			line = next
		}
		line += " " + word
	}
	w.line(indent, "%s", line)
}

// choice writes the mark of a question and returns its answer.
func (w *writer) choice(indent int, key string) string {
	i := slices.IndexFunc(w.questions, func(q question) bool { return q.key == key })
	if i < 0 {
		return ""
	}
	q, answer, how := w.questions[i], w.answer(key), "taken"
	if _, ok := w.answers[key]; ok {
		how = "chosen"
	}
	w.comment(indent, fmt.Sprintf("CHOICE %s: %s; %s: %s. Other: %s.", key, q.why, how, q.meaning(answer), or(q.others(answer))))
	return answer
}

// assumed writes a value that the short form does not say.
func assumed(v string) string { return fmt.Sprintf("{value: %s, provenance: assumed}", v) }

// closed selects the products that need a license.
const closed = "{match: [openai/*], except: [openai/gpt-oss-*]}"

func (w *writer) agreement() []byte {
	w.comment(0, fmt.Sprintf("Written by concord agreement convert from the article's short form (sha256 %x).", w.document[:6]))
	w.line(0, "#")
	w.comment(0, "The short form contradicts itself and leaves open what a program must know. Each CHOICE names one such point, what was "+
		`chosen ("taken" where nobody chose), and what else could be: concord agreement convert --set KEY=ANSWER. What the article does `+
		"not say at all is assumed, and marked so; figures that rest on it carry a footnote.")
	w.line(0, "concord: 1")
	w.line(0, "agreement: article")
	w.line(0, "title: OpenAI and Microsoft, as the article has it")
	w.line(0, "currency: %s", w.choice(0, "currency"))
	w.line(0, "zone: %s", w.choice(0, "zone"))
	w.line(0, "conflicts: invalid")
	w.line(0, "")
	w.line(0, "parties:")
	for _, op := range operators() {
		w.line(2, "%s: {name: %s, operates: [%s]}", op.party, op.name, op.cloud)
	}
	w.line(0, "")
	w.comment(0, "Assumed: the article names no product. These are the products of the other examples.")
	w.line(0, "products:")
	w.line(2, "openai/gpt-5.4: {owner: openai, aliases: [gpt-5.4], apis: [chat, responses], state: stateless}")
	w.line(2, "openai/gpt-oss-120b: {owner: openai, aliases: [gpt-oss-120b], apis: [chat], open_weights: Apache-2.0}")
	w.line(0, "")
	w.comment(0, "Assumed: how OpenAI settles with the others.")
	w.line(0, "settlement:")
	for _, op := range operators()[1:] {
		w.line(2, `- {between: [openai, %s], period: month, grace: 3d, due: 45d, net: true, rounding: {scale: 2, mode: half-even}}`, op.party)
	}
	w.line(0, "")
	w.line(0, "amendments:")
	effective := w.choice(2, "effective")
	w.line(2, "- id: %s", effective)
	w.line(4, "effective: %s", effective)
	w.line(4, "title: What the article says")
	w.line(4, `source: {url: "the article on the amendment of 27 April 2026", provenance: reported}`)
	w.line(4, "adds:")
	w.delivery()
	w.licenses()
	for _, s := range w.short.Shares {
		w.share(s)
	}
	w.sales()
	if w.answer(w.primary()+".rationale") == "first-ship" {
		w.ships(effective)
	}
	return w.out.Bytes()
}

func (w *writer) primary() string { return w.short.Clouds[0].Name }

// groups returns the clouds in their order.
func (w *writer) groups() [][]string {
	var groups [][]string
	priority := 0
	for _, c := range w.short.Clouds {
		if c.Priority != priority {
			groups, priority = append(groups, nil), c.Priority
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], c.Name)
	}
	beside := func(cloud string) {
		if len(groups) == 1 {
			groups = append(groups, nil) // nothing stands beside the primary cloud
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], cloud)
	}
	if w.answer("multi_cloud") == "any" {
		for _, op := range operators() {
			if op.cloud != "openai" && !slices.Contains(slices.Concat(groups...), op.cloud) {
				beside(op.cloud)
			}
		}
	}
	switch w.answer("openai.group") {
	case "after":
		beside("openai")
	case "last":
		groups = append(groups, []string{"openai"})
	}
	return groups
}

func (w *writer) delivery() {
	primary := w.primary()
	w.line(6, "- id: %s-first", primary)
	w.line(8, "kind: delivery")
	w.line(8, "products: [openai/*]")
	w.choice(8, "multi_cloud")
	w.choice(8, "openai.group")
	groups := w.groups()
	var order, weights []string
	for _, g := range groups {
		order = append(order, "["+strings.Join(g, ", ")+"]")
		if len(g) > 1 {
			for _, cloud := range g {
				weights = append(weights, cloud+": 1")
			}
		}
	}
	w.line(8, "order: %s", assumed("["+strings.Join(order, ", ")+"]"))
	switch within := w.choice(8, "tie"); {
	case within != "weighted":
		w.line(8, "within: %s", assumed(within))
	case len(weights) > 0:
		w.line(8, "within: {weighted: {%s}, provenance: assumed}", strings.Join(weights, ", "))
	}
	switch c := w.short.Choice; {
	case c != nil && c.On:
		w.line(8, "choice: %s", assumed(w.choice(8, "customer_choice")))
	case c != nil:
		w.line(8, "choice: none")
	}
	switch w.choice(8, "flexibility") {
	case "leave":
		w.line(8, "leave_for: %s", assumed("[down, throttled, unsupported, region]"))
	case "stay":
		w.line(8, "leave_for: %s", assumed("[]"))
	}
	if w.choice(8, primary+".rationale") == "first-ship" {
		w.line(8, "first_ship: {cloud: %s, exception: {all: [cannot-support, declines]}, provenance: assumed}", primary)
	}
	w.comment(8, "Assumed: the article gives the order no end.")
	w.line(8, "term: %s", assumed("perpetual"))
}

// licenses writes that of the primary cloud's operator, and those of others.
func (w *writer) licenses() {
	one, _ := w.short.exclusivity()
	main := operatorOf(w.primary())
	w.line(0, "")
	w.line(6, "- id: %s-license", main.party)
	w.line(8, "kind: license")
	w.line(8, "licensor: openai")
	w.line(8, "licensee: %s", main.party)
	w.line(8, "products: %s", assumed(closed))
	w.line(8, "rights: %s", assumed("[host, serve, fine-tune]"))
	exclusivity := one
	if one == "" {
		exclusivity = assumed(w.choice(8, "exclusivity"))
	}
	w.line(8, "exclusivity: %s", exclusivity)
	if w.exclusive() {
		w.comment(8, "Assumed: what OpenAI keeps; without it OpenAI itself could not serve.")
		w.line(8, "reserved: %s", assumed("[host, serve, fine-tune]"))
	}
	w.end("duration")
	licensed := []string{"openai", main.cloud}
	for _, c := range w.short.alternatives() {
		key := c.Name + ".capability"
		named := slices.ContainsFunc(w.short.Types, func(t ShortType) bool { return t.Of == c.Name })
		if c.Name == "openai" || c.Says.Text == "" && !named {
			continue
		}
		licensed = append(licensed, c.Name)
		w.license(operatorOf(c.Name), named && c.Says.Text == "" || w.answer(key) == "license", key)
	}
	if w.answer("others") != "" {
		w.line(0, "")
	}
	if w.choice(6, "others") == "any" {
		for _, op := range operators() {
			if !slices.Contains(licensed, op.cloud) {
				w.license(op, true, "")
			}
		}
	}
}

// license writes the license of an alternative cloud's operator, or only the choice of none.
func (w *writer) license(op operator, holds bool, key string) {
	if key != "" {
		w.line(0, "")
		w.choice(6, key)
	}
	if !holds {
		return
	}
	w.line(6, "- id: %s-license", op.party)
	w.line(8, "kind: license")
	w.line(8, "licensor: openai")
	w.line(8, "licensee: %s", op.party)
	w.line(8, "products: %s", assumed(closed))
	w.line(8, "rights: %s", assumed("[host, serve]"))
	w.line(8, "clouds: %s", assumed("["+op.cloud+"]"))
	w.line(8, "exclusivity: non-exclusive")
	w.comment(8, "Assumed: that it ends with that of the primary cloud.")
	w.line(8, "%s", w.assumedEnd("duration"))
}

// end writes the end of a clause.
func (w *writer) end(key string) {
	w.choice(8, key)
	w.line(8, "%s", w.assumedEnd(key))
}

func (w *writer) assumedEnd(key string) string {
	word, date, _ := strings.Cut(w.answer(key), " ")
	return fmt.Sprintf("%s: %s", word, assumed(date))
}

func (w *writer) share(s ShortShare) {
	w.line(0, "")
	if !s.Owed {
		w.comment(6, fmt.Sprintf("%s: false, so there is no such clause.", s.Name))
		return
	}
	w.line(6, "- id: share-%s", strings.ReplaceAll(s.Name, "_", "-"))
	w.line(8, "kind: revenue-share")
	w.line(8, "payer: %s", s.Payer)
	w.line(8, "payee: %s", s.Payee)
	clouds := "all"
	if base := w.choice(8, s.Name+".base"); base != "everywhere" {
		clouds = "[" + base + "]"
	}
	w.line(8, "base: {revenue_of: %s, from: [sales], streams: [cloud, license], clouds: %s, amount: gross, provenance: assumed}", s.Payer, clouds)
	w.line(8, "rate: %s", assumed(fmt.Sprintf("%q", w.choice(8, s.Name+".rate"))))
	if limit := w.choice(8, s.Name+".cap"); limit != "none" {
		w.line(8, "caps: [{amount: %q, per: total, provenance: assumed}]", limit)
	}
	w.end("timeline")
}

// sales writes on which terms each seller bills. The article has nothing of it, and nothing is served without.
func (w *writer) sales() {
	w.line(0, "")
	w.comment(6, "Assumed throughout, for nothing can be sold without it: that each seller bills its list prices (examples/prices.yaml), and that "+
		"sixty parts in a hundred pay for the right to use a model.")
	for i, op := range operators() {
		if i == 0 {
			w.sale(op, "sales", closed, "all", `{license: "60%", cloud: "40%"}`)
			continue
		}
		cloud := "[" + op.cloud + "]"
		w.sale(op, "sales", closed, cloud, `{license: "60%", cloud: "40%"}`)
		w.sale(op, "oss-sales", "[openai/gpt-oss-*]", cloud, `{cloud: "100%"}`)
	}
}

func (w *writer) sale(op operator, id, products, clouds, streams string) {
	w.line(6, "- {id: %s-%s, kind: sale, provenance: assumed, seller: %s, products: %s, clouds: %s,", op.party, id, op.party, products, clouds)
	w.line(9, "price: {book: %s-list}, streams: %s, term: perpetual}", op.party, streams)
}

// ships writes the facts on which a rule of first ship rests.
func (w *writer) ships(on string) {
	w.line(0, "")
	w.comment(0, "Assumed: that both products were there when the agreement began.")
	w.line(0, "facts:")
	for _, model := range []string{"gpt-5.4", "gpt-oss-120b"} {
		w.line(2, "- {id: ship-%s, kind: ships, product: openai/%s, cloud: %s, on: %s, by: openai, provenance: assumed}", model, model, w.primary(), on)
	}
}
