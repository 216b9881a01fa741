package cases

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"concord/agreement"
	"concord/agreement/agreementfile"
)

// Bounds of a file, so that a hostile one costs little.
const (
	maxBytes   = 1 << 20
	maxNesting = 32
)

// Text is a scalar and its place.
type Text = agreementfile.Text

// Parse reads a file of cases. What is wrong with its form is reported with its place, and nothing is returned then.
func Parse(name string, doc []byte) (*File, []agreement.Finding) {
	p := &parsing{file: name, lines: strings.Split(string(doc), "\n")}
	if len(doc) > maxBytes {
		p.report(Text{Line: 1, Column: 1}, "split the file", "the file has %d bytes, %d are admitted", len(doc), maxBytes)
		return nil, p.findings
	}
	if !p.admit(lexer.Tokenize(string(doc))) {
		return nil, p.findings
	}
	f := &File{Name: name}
	if err := agreementfile.Decode(doc, f); err != nil {
		p.syntax(err)
		return nil, p.findings
	}
	p.check(f)
	if len(p.findings) > 0 {
		return nil, p.findings
	}
	f.lines = p.lines
	return f, nil
}

// parsing collects what is wrong with a file.
type parsing struct {
	file     string
	lines    []string
	findings []agreement.Finding
}

func (p *parsing) report(at Text, remedy, format string, args ...any) {
	f := agreement.Finding{Rule: "test-form", Severity: agreement.Error, Pos: at.Pos(p.file), Message: fmt.Sprintf(format, args...), Remedy: remedy}
	if at.Line >= 1 && at.Line <= len(p.lines) && len(p.lines[at.Line-1]) <= 400 {
		f.Excerpt = p.lines[at.Line-1] + "\n" + strings.Repeat(" ", max(0, at.Column-1)) + "^"
	}
	p.findings = append(p.findings, f)
}

// admit refuses, before anything recursive sees them, what would cost much or hide what is meant.
func (p *parsing) admit(tokens token.Tokens) bool {
	flow, dashes, line := 0, 0, 0
	for _, t := range tokens {
		at := Text{Line: t.Position.Line, Column: t.Position.Column}
		if at.Line != line {
			line, dashes = at.Line, 0
		}
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType, token.DirectiveType:
			p.report(at, "write the values where they are used", "anchors, aliases, tags and directives are no part of the format")
			return false
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow--
		case token.SequenceEntryType:
			dashes++
		}
		if flow > maxNesting || dashes > maxNesting {
			p.report(at, "nest less deep", "values nest more than %d deep", maxNesting)
			return false
		}
	}
	return true
}

func (p *parsing) syntax(err error) {
	at, message := Text{Line: 1, Column: 1}, err.Error()
	if broken, ok := errors.AsType[yaml.Error](err); ok {
		message = broken.GetMessage()
		if t := broken.GetToken(); t != nil && t.Position != nil {
			at.Line, at.Column = t.Position.Line, t.Position.Column
		}
	}
	switch {
	case strings.Contains(message, "unknown field"):
		message = strings.Replace(message, "unknown field", "the format has no field", 1)
	case strings.Contains(message, "cannot unmarshal"), strings.Contains(message, "is expected"):
		message = "this has another form than is expected here: a list, a mapping or one value"
	}
	p.report(at, "see docs/agreement-tests.md for the form", "%s", message)
}

// check holds a file to what its form cannot say.
func (p *parsing) check(f *File) {
	top := Text{Line: 1, Column: 1}
	if f.Version.Value != "1" {
		at := f.Version
		if !at.Given() {
			at = top
		}
		p.report(at, "write concord: 1 at the top", "the version is %q, this program reads version 1", f.Version.Value)
	}
	if len(f.Agreements) == 0 && !f.Config.Given() {
		p.report(top, "write agreements: [FILE, ...], or config: FILE", "no agreement is named")
	}
	if f.Catalog != nil && f.Config.Given() {
		p.report(f.Config, "keep one of them", "both config and catalog say what is offered to whom")
	}
	if len(f.Cases) == 0 {
		p.report(top, "write cases:, a list of case, what is done, and expect", "there is no case")
	}
	seen := map[string]bool{}
	for i := range f.Cases {
		c := &f.Cases[i]
		if c.Name.Value == "" || seen[c.Name.Value] {
			at := c.Name
			if !at.Given() {
				at = top
			}
			p.report(at, "name every case with a sentence of its own: case: ...", "case %d has no name of its own", i+1)
		}
		seen[c.Name.Value] = true
		p.checkCase(c)
	}
}

func (p *parsing) checkCase(c *Case) {
	does := 0
	for _, does1 := range []bool{c.Decide != nil, c.Terms != nil, len(c.Entries) > 0} {
		if does1 {
			does++
		}
	}
	loads := does == 0 && len(c.Agreements) > 0 && (c.Expect.Error.Given() || c.Expect.Says.Given())
	if does != 1 && !loads {
		p.report(c.Name, "write one of decide:, terms: and entries:", "%q does %d things, and a case does one", c.Name.Value, does)
	}
	if d := c.Decide; d != nil {
		p.need(c, "decide", "at", d.At)
		p.need(c, "decide", "product", d.Product)
	}
	if c.Terms != nil {
		p.need(c, "terms", "as_of", c.Terms.AsOf)
	}
	for i := range c.Entries {
		p.checkEntry(c, &c.Entries[i])
	}
	p.fits(c, &c.Expect, "the case", c.Decide != nil, c.Terms != nil)
	if len(c.Entries) > 0 {
		p.ofEntry(c, &c.Expect)
	}
}

func (p *parsing) need(c *Case, what, name string, t Text) {
	if !t.Given() {
		p.report(c.Name, "add "+name+":", "%s of %q has no %s", what, c.Name.Value, name)
	}
}

// fits refuses expectations that what is done cannot meet: nobody would ever look at them.
func (p *parsing) fits(c *Case, e *Expect, what string, decides, looksUp bool) {
	ofDecision := len(e.Plan)+len(e.Clouds)+len(e.Denied)+len(e.Why) > 0 || e.First.Given()
	ofTerms := len(e.InForce)+len(e.NotInForce)+len(e.SameAs)+len(e.DiffersAt) > 0
	ofMoney := len(e.Revenue)+len(e.Owed)+len(e.CapLeft)+len(e.Postings) > 0 || e.Charged.Given() || e.stands()
	remedy := "plan, clouds, first, denied, why and refused belong to decide; in_force, not_in_force, same_as and differs_from to terms; the others to entries"
	switch {
	case (decides || looksUp) && firstGiven(e.Error, e.Says).Given(), ofDecision && !decides, ofTerms && !looksUp, ofMoney && (decides || looksUp), e.Refused != nil && looksUp:
		p.report(c.Name, remedy, "%s %q expects what it does not do", what, c.Name.Value)
	case !ofDecision && !ofTerms && !ofMoney && e.Refused == nil && (decides || looksUp):
		p.report(c.Name, remedy, "%s %q expects nothing", what, c.Name.Value)
	}
}
