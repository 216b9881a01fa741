package pricing

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"concord/agreement"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a document. They keep the YAML parser, which recurses and compares keys pairwise, within linear work.
const (
	maxDocument = 1 << 20 // bytes
	maxNesting  = 16      // a book nests four deep
	maxFields   = 64      // in one mapping
	maxFindings = 100
	maxText     = 4096 // bytes of one value
)

// reader walks one YAML document and collects what is wrong with it.
type reader struct {
	file     string
	shift    int // lines of the file before the document
	lines    [][]byte
	findings []agreement.Finding
}

// read parses a document into its root; nil if it has none that is worth looking at.
func (r *reader) read(doc []byte) ast.Node {
	r.lines = bytes.Split(doc, []byte("\n"))
	if len(doc) > maxDocument {
		r.report(1, 1, "too-large", fmt.Sprintf("the document has %d bytes", len(doc)), fmt.Sprintf("keep a price book below %d bytes: split it into several", maxDocument))
		return nil
	}
	if !utf8.Valid(doc) {
		r.report(1, 1, "not-text", "the document is not UTF-8 text", "save the price book as UTF-8")
		return nil
	}
	tokens := lexer.Tokenize(string(doc))
	if bad := firstForbidden(tokens); bad != nil {
		r.report(bad.at.Position.Line, bad.at.Position.Column, bad.rule, bad.message, bad.remedy)
		return nil
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		r.syntax(err)
		return nil
	}
	var root ast.Node
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		if root != nil {
			r.fault(d.Body, "second-document", "a second document begins here", "give each price book a file, or load the file with several")
			return nil
		}
		root = d.Body
	}
	if root == nil {
		r.report(1, 1, "empty", "the document is empty", "write a price book: concord: 1, prices: NAME, currency, per and entries")
	}
	return root
}

// forbidden is a token that strict reading refuses.
type forbidden struct {
	at                    *token.Token
	rule, message, remedy string
}

// firstForbidden looks at the tokens before anything recurses over them.
func firstForbidden(tokens token.Tokens) *forbidden {
	flow, dashes, colons, line := 0, 0, 0, 0
	fields := make(map[int]int) // keys so far, by column; flow mappings count below zero by depth
	for _, t := range tokens {
		if t.Position.Line != line {
			line, dashes, colons = t.Position.Line, 0, 0
		}
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			return &forbidden{t, "anchor", fmt.Sprintf("anchors, aliases and merge keys are not allowed (%s)", cut(t.Value)), "write the value out: a price must stand where it is read"}
		case token.TagType:
			return &forbidden{t, "tag", fmt.Sprintf("tags are not allowed (%s)", cut(t.Value)), "remove the tag"}
		case token.DirectiveType:
			return &forbidden{t, "directive", "directives are not allowed (%)", "remove the line"}
		case token.MappingStartType, token.SequenceStartType:
			flow++
			delete(fields, -flow)
		case token.MappingEndType, token.SequenceEndType:
			flow = max(flow-1, 0)
		case token.SequenceEntryType:
			dashes++
			dropDeeper(fields, t.Position.Column)
		case token.MappingValueType:
			colons++
			if countField(fields, flow, t) > maxFields || colons > maxFields {
				return &forbidden{t, "too-many-fields", fmt.Sprintf("a mapping or a line has more than %d fields", maxFields), "look for a missing \"-\" before the entries"}
			}
		}
		if flow > maxNesting || dashes > maxNesting {
			return &forbidden{t, "too-deep", fmt.Sprintf("values nest more than %d deep", maxNesting), "a price book nests four deep: remove the brackets or dashes"}
		}
	}
	return nil
}

// countField counts a key with those of its mapping.
func countField(fields map[int]int, flow int, colon *token.Token) int {
	place := -flow
	if flow == 0 {
		place = colon.Position.Column
		if colon.Prev != nil {
			place = colon.Prev.Position.Column
		}
		dropDeeper(fields, place)
	}
	fields[place]++
	return fields[place]
}

// dropDeeper forgets block mappings that ended because something began further left.
func dropDeeper(fields map[int]int, column int) {
	for place := range fields {
		if place > column {
			delete(fields, place)
		}
	}
}

// syntax reports what the parser refused, without the parser's own drawing.
func (r *reader) syntax(err error) {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		r.report(1, 1, "syntax", "this is not YAML: "+cut(err.Error()), "correct the document")
		return
	}
	pos := at.GetToken().Position
	if strings.Contains(at.GetMessage(), "already defined") {
		r.report(pos.Line, pos.Column, "duplicate-field", fmt.Sprintf("the field %q is there twice", cut(at.GetToken().Value)), "remove one of them")
		return
	}
	r.report(pos.Line, pos.Column, "syntax", "this is not YAML: "+cut(at.GetMessage()), "correct the line: check quotes, colons and indentation")
}

// fault reports a finding at a node.
func (r *reader) fault(n ast.Node, rule, message, remedy string) {
	pos := position(n)
	r.report(pos.Line, pos.Column, rule, message, remedy)
}

func (r *reader) report(line, column int, rule, message, remedy string) {
	if len(r.findings) >= maxFindings {
		return // a reader mends the first hundred first
	}
	r.findings = append(r.findings, agreement.Finding{
		Rule: "prices-" + rule, Severity: agreement.Error, Message: message, Remedy: remedy,
		Pos:     agreement.Pos{File: r.file, Line: r.shift + line, Column: column},
		Excerpt: r.excerpt(line, column),
	})
}

// excerpt draws the line with a caret below the column.
func (r *reader) excerpt(line, column int) string {
	if line < 1 || line > len(r.lines) || column < 1 || column > 120 {
		return ""
	}
	text := []rune(strings.Map(printable, string(bytes.TrimRight(r.lines[line-1], "\r"))))
	return string(text[:min(len(text), 120)]) + "\n" + strings.Repeat(" ", column-1) + "^"
}

func printable(c rune) rune {
	if unicode.IsPrint(c) {
		return c
	}
	return ' '
}

// field is one key of a mapping with its value.
type field struct {
	key, value ast.Node
}

// fields reads a mapping with known keys only; nil if n is none.
func (r *reader) fields(n ast.Node, what string, known []string) map[string]field {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		r.fault(n, "type", fmt.Sprintf("%s must be a mapping, not %s", what, describe(n)), "write fields: "+strings.Join(known, ", "))
		return nil
	}
	found := make(map[string]field, len(pairs))
	for _, p := range pairs {
		key, plain := p.Key.(*ast.StringNode)
		switch {
		case !plain || !slices.Contains(known, key.Value):
			r.fault(p.Key, "unknown-field", fmt.Sprintf("%s has no field %s", what, describe(p.Key)), "use one of: "+strings.Join(known, ", "))
			continue
		case found[key.Value].key != nil:
			r.fault(p.Key, "duplicate-field", fmt.Sprintf("the field %q is there twice", key.Value), "remove one of them")
			continue
		}
		found[key.Value] = field{p.Key, p.Value}
	}
	return found
}

// items reads a sequence.
func (r *reader) items(n ast.Node, what string) ([]ast.Node, bool) {
	list, ok := n.(*ast.SequenceNode)
	if !ok || len(list.Values) == 0 {
		r.fault(n, "type", fmt.Sprintf("%s must be a list with at least one item, not %s", what, describe(n)), "write the items one below the other, each after a \"-\"")
		return nil, false
	}
	return list.Values, true
}

// text reads a scalar that is a string, quoted or not, on one line.
func (r *reader) text(n ast.Node, what string) (string, bool) {
	var value string
	switch n := n.(type) {
	case *ast.StringNode:
		value = n.Value
	case *ast.LiteralNode:
		value = n.Value.Value
	default:
		r.fault(n, "type", fmt.Sprintf("%s must be text, not %s", what, describe(n)), "write a text, in quotes if it looks like a number")
		return "", false
	}
	value = strings.Join(strings.Fields(value), " ")
	if value == "" || len(value) > maxText || strings.ContainsFunc(value, unicode.IsControl) {
		r.fault(n, "text", fmt.Sprintf("%s is %s", what, describe(n)), fmt.Sprintf("write a text of 1 to %d bytes without control characters, or leave the field out", maxText))
		return "", false
	}
	return value, true
}

// name reads an id: text without spaces.
func (r *reader) name(n ast.Node, what string) (string, bool) {
	value, ok := r.text(n, what)
	if ok && (len(value) > 200 || strings.ContainsAny(value, " *\"'")) {
		r.fault(n, "name", fmt.Sprintf("%s %s is not an id", what, describe(n)), "write an id of at most 200 bytes without spaces, quotes and stars")
		return "", false
	}
	return value, ok
}

// quoted reads a scalar that must stand in quotes, so that no reader takes it for a binary fraction.
func (r *reader) quoted(n ast.Node, what string) (string, bool) {
	if s, ok := n.(*ast.StringNode); ok {
		if t := s.GetToken().Type; t == token.DoubleQuoteType || t == token.SingleQuoteType {
			return s.Value, true
		}
	}
	r.fault(n, "unquoted", fmt.Sprintf("%s is %s without quotes", what, describe(n)), "write it in quotes, such as \"2.50\"")
	return "", false
}

// number reads a whole number from 1 on.
func (r *reader) number(n ast.Node, what string) (int64, bool) {
	if i, ok := n.(*ast.IntegerNode); ok {
		if v, err := strconv.ParseInt(i.GetToken().Value, 10, 64); err == nil && v > 0 {
			return v, true
		}
	}
	r.fault(n, "number", fmt.Sprintf("%s is %s", what, describe(n)), "write a whole number from 1 on, in plain digits")
	return 0, false
}

// position returns where a node begins; the parser gives a block mapping the place of its first colon.
func position(n ast.Node) token.Position {
	switch m := n.(type) {
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			n = m.Values[0].Key
		}
	case *ast.MappingValueNode:
		n = m.Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return *t.Position
	}
	return token.Position{Line: 1, Column: 1}
}

// describe shows a node in a message.
func describe(n ast.Node) string {
	switch n := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.StringNode:
		return strconv.Quote(cut(n.Value))
	case *ast.LiteralNode:
		return strconv.Quote(cut(n.Value.Value))
	}
	if t := n.GetToken(); t != nil {
		return strconv.Quote(cut(t.Value))
	}
	return "this"
}

// cut keeps an absurdly long value out of messages.
func cut(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "..."
	}
	return s
}
