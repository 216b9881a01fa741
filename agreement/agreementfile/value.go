package agreementfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"concord/agreement"
	"concord/money"
)

// A value is a field's content with its place.
type value struct {
	o    *object
	name string
	node ast.Node
	pos  agreement.Pos
}

func (v value) report(rule, remedy, format string, args ...any) {
	v.o.r.report(rule, v.pos, remedy, format, args...)
}

// wrong reports that a field has another form than it should.
func (v value) wrong(want, remedy string) {
	v.report("wrong-type", remedy, "%s of %s should be %s, and is %s", v.name, v.o.what, want, describe(v.node))
}

// text returns the text of a scalar.
func text(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// describe says in the format's words what a node is.
func describe(n ast.Node) string {
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "the number " + short(n.GetToken().Value)
	case *ast.BoolNode:
		return n.GetToken().Value
	case *ast.MappingKeyNode:
		return "a complex key"
	}
	if s, ok := text(n); ok {
		return fmt.Sprintf("the text %q", short(s))
	}
	return "something else"
}

func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "..."
	}
	return s
}

// list joins words for people.
func list[T ~string](words []T) string {
	plain := make([]string, len(words))
	for i, w := range words {
		plain[i] = string(w)
	}
	return strings.Join(plain, ", ")
}

// text reads any scalar as it is written.
func (v value) text() string {
	s, ok := text(v.node)
	if !ok {
		v.wrong("text", "write it on one line, or in quotes")
	}
	return s
}

// id reads the name of something: ids are parts of account names and links, so their letters are few.
func (v value) id() string {
	s, ok := text(v.node)
	if !ok {
		v.wrong("a name", "write one word")
		return ""
	}
	if !validID(s) {
		v.report("bad-id", "use letters, digits and . _ / - only, beginning with a letter or digit",
			"%s of %s is not a name: %q", v.name, v.o.what, short(s))
		return ""
	}
	return s
}

func validID(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || !strings.ContainsRune("._/-", rune(c))) {
			return false
		}
	}
	return true
}

// word reads one of a closed set of words.
func word[T ~string](v value, known ...T) T {
	s, ok := text(v.node)
	if !ok {
		v.wrong("a word", "write one of "+list(known))
		return ""
	}
	if v.o.r.trace != nil {
		v.o.r.trace(v.o.path+"."+v.name, plainWords(known))
	}
	if !slices.Contains(known, T(s)) {
		plain := make([]string, len(known))
		for i, k := range known {
			plain[i] = string(k)
		}
		remedy := "write one of " + list(known)
		if near := nearest(s, plain); near != "" {
			remedy = "write " + near
		}
		v.report("unknown-value", remedy, "%s of %s cannot be %q", v.name, v.o.what, short(s))
		return ""
	}
	v.o.settles(v.name, v.o.path+"."+v.name+"="+s, v.pos)
	return T(s)
}

func (v value) provenance() agreement.Provenance {
	return word(v, agreement.Public, agreement.Reported, agreement.Assumed)
}

func (v value) bool() bool {
	if b, ok := v.node.(*ast.BoolNode); ok {
		return b.Value
	}
	v.wrong("true or false", "write true or false")
	return false
}

// int reads a whole number within bounds.
func (v value) int(low, high int64) int64 {
	if n, ok := v.node.(*ast.IntegerNode); ok {
		i, err := strconv.ParseInt(strings.TrimPrefix(n.GetToken().Value, "+"), 10, 64)
		if err == nil && i >= low && i <= high {
			return i
		}
	}
	v.wrong("a whole number", fmt.Sprintf("write a number from %d to %d", low, high))
	return 0
}

// days reads a number of days, such as 3d.
func (v value) days() int {
	s, ok := text(v.node)
	digits, isDays := strings.CutSuffix(s, "d")
	n, err := strconv.Atoi(digits)
	if !ok || !isDays || err != nil || n < 0 || n > 3650 {
		v.wrong("a number of days", "write days like 30d, up to 3650d")
		return 0
	}
	return n
}

// quoted returns the text of a scalar in quotes.
func (v value) quoted(what, example string) (string, bool) {
	s, ok := v.node.(*ast.StringNode)
	if ok && (s.Token.Type == token.DoubleQuoteType || s.Token.Type == token.SingleQuoteType) {
		return s.Value, true
	}
	if plain, scalar := text(v.node); scalar {
		v.report("unquoted-amount", fmt.Sprintf("write %s: %q", v.name, plain),
			"%s of %s stands without quotes: %s", v.name, v.o.what, plain)
		return "", false
	}
	v.wrong(what, fmt.Sprintf("write it in quotes, such as %q", example))
	return "", false
}

// rate reads a ratio from zero to one.
func (v value) rate() money.Rate {
	s, ok := v.quoted("a rate", "20%")
	if !ok {
		return money.Rate{}
	}
	r, err := money.ParseRate(s)
	if err != nil {
		v.report("bad-rate", `write "20%", "0.2" or "1/5"`, "%s of %s is not a rate: %q", v.name, v.o.what, short(s))
		return money.Rate{}
	}
	if r.Sign() < 0 || r.Cmp(money.Rate{Num: 1, Den: 1}) > 0 {
		v.report("bad-rate", `write a rate from "0%" to "100%"`, "%s of %s is outside of 0 to 100 %%: %q", v.name, v.o.what, short(s))
		return money.Rate{}
	}
	return r
}

// amount reads an amount in the agreement's currency, such as "38000000000 USD".
func (v value) amount() money.Amount {
	s, ok := v.quoted("an amount", "1000 USD")
	if !ok {
		return money.Amount{}
	}
	number, currency, named := strings.Cut(s, " ")
	remedy := fmt.Sprintf("write %q", "1000 "+string(v.o.r.currency))
	if !named {
		v.report("bad-amount", remedy, "%s of %s has no currency: %q", v.name, v.o.what, short(s))
		return money.Amount{}
	}
	if v.o.r.currency != "" && money.Currency(currency) != v.o.r.currency {
		v.report("currency", remedy, "%s of %s is in %s, and the agreement in %s", v.name, v.o.what, short(currency), v.o.r.currency)
		return money.Amount{}
	}
	return v.parseAmount(number, remedy)
}

func (v value) parseAmount(number, remedy string) money.Amount {
	a, err := money.Parse(number)
	if err != nil || a.Sign() < 0 {
		v.report("bad-amount", remedy, "%s of %s is not an amount: %q", v.name, v.o.what, short(number))
		return money.Amount{}
	}
	return a
}

// items returns the items of a list.
func (v value) items(of string) []value {
	seq, ok := v.node.(*ast.SequenceNode)
	if !ok {
		v.wrong("a list", "write a list, such as ["+of+"]")
		return nil
	}
	var vs []value
	for i, n := range seq.Values {
		item := value{o: v.o, name: fmt.Sprintf("%s[%d]", v.name, i), node: n, pos: v.o.r.at(n)}
		if _, null := n.(*ast.NullNode); n == nil || null {
			item.report("missing-value", "write a value, or leave the item out", "%s of %s has no value", item.name, v.o.what)
			continue
		}
		vs = append(vs, item)
	}
	return vs
}

// ids reads a list of names; the word "all" where allowed is the empty list.
func (v value) ids() []string {
	var ids []string
	for _, item := range v.items("name, name") {
		id := item.id()
		if id != "" && slices.Contains(ids, id) {
			item.report("duplicate-item", "name it once", "%s of %s names %s twice", v.name, v.o.what, id)
			continue
		}
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// all reports whether the value is the word "all".
func (v value) all() bool {
	s, ok := text(v.node)
	return ok && s == "all"
}

// idsOrAll reads a list of names, or "all".
func (v value) idsOrAll() []string {
	if v.all() {
		return nil
	}
	ids := v.ids()
	if seq, ok := v.node.(*ast.SequenceNode); ok && len(seq.Values) == 0 {
		v.report("empty-list", "name at least one, or write all", "%s of %s is an empty list", v.name, v.o.what)
	}
	return ids
}

// wordsOf reads a list of words of a closed set.
func wordsOf[T ~string](v value, known ...T) []T {
	words := []T{}
	for _, item := range v.items(string(known[0])) {
		item.name = v.name
		w := word(item, known...)
		if w != "" && slices.Contains(words, w) {
			item.report("duplicate-item", "name it once", "%s of %s names %s twice", v.name, v.o.what, w)
			continue
		}
		if w != "" {
			words = append(words, w)
		}
	}
	return words
}

// object reads a mapping inside a clause or another object. Its own "provenance" marks it as a field of the clause.
func (v value) object(what string) *object {
	o := v.o.r.object(v.node, what)
	if o == nil {
		return nil
	}
	o.path = v.o.path + "." + strings.TrimRight(v.name, "[]0123456789")
	o.head, o.field = v.o.head, v.name
	if v.o.field != "" {
		o.field = joinField(v.o.field, v.name)
	}
	if o.head != nil {
		if p, ok := o.take("provenance"); ok {
			o.mark("", p.provenance())
		}
	}
	return o
}
