package cases

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/journal"
)

// amend makes a later version of an agreement known: from now on the terms are what it says, also of the time before.
func (s *story) amend(e *Entry) (*tally, *problem) {
	m := e.Amendment
	if m.Document.Given() {
		path := s.r.file.Beside(m.Document.Value)
		text, err := s.r.read(path)
		if err != nil {
			s.r.invalid(m.Document, "name a file beside this one, or one under files:", "%v", err)
			return nil, nil
		}
		a, findings := agreementfile.Parse(path, text)
		if a == nil {
			return nil, &problem{findings: s.r.placed(findings)}
		}
		return s.replace(a.Name, document{name: path, bytes: text})
	}
	a := s.agreement(m.Agreement)
	if a == nil {
		return nil, nil
	}
	d := s.documents[s.indexOf(a.Name)]
	text, more, err := withAmendment(string(d.bytes), m.Text)
	if err != nil {
		s.r.invalid(m.Text, "write the whole agreement: document: FILE", "%v", err)
		return nil, nil
	}
	return s.replace(a.Name, document{d.name, []byte(text), append(slices.Clip(d.added), more)})
}

// withAmendment adds an item to the list of an agreement's amendments, however far that is indented.
func withAmendment(doc string, item Text) (string, added, error) {
	lines := strings.SplitAfter(doc, "\n")
	start := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "amendments:") })
	if start < 0 || strings.TrimSpace(strings.TrimPrefix(lines[start], "amendments:")) != "" {
		return "", added{}, errors.New("the agreement has no list of amendments that begins on a line of its own")
	}
	end, indent := start+1, ""
	for ; end < len(lines); end++ {
		rest := strings.TrimLeft(lines[end], " ")
		if end == start+1 {
			indent = lines[end][:len(lines[end])-len(rest)]
		}
		if lead := len(lines[end]) - len(rest); lead == 0 && rest != "" && rest != "\n" && !strings.HasPrefix(rest, "- ") && rest[0] != '#' {
			break
		}
	}
	more := added{after: end, indent: len(indent), text: item}
	var out strings.Builder
	out.WriteString(strings.Join(lines[:end], ""))
	if !strings.HasSuffix(out.String(), "\n") {
		out.WriteString("\n")
	}
	for l := range strings.SplitSeq(strings.TrimRight(item.Value, "\n"), "\n") {
		out.WriteString(indent + l + "\n")
		more.lines++
	}
	out.WriteString(strings.Join(lines[end:], ""))
	return out.String(), more, nil
}

// placed shows what is wrong with lines that the file of cases adds where they stand in it.
func (d *document) placed(r *runner, findings []agreement.Finding) []agreement.Finding {
	for i := range findings {
		p := &findings[i].Pos
		for _, a := range d.added {
			if p.File != d.name || p.Line <= a.after || p.Line > a.after+a.lines {
				continue
			}
			p.File, p.Line = r.file.Name, p.Line-a.after+a.text.Line-1
			if a.lines > 1 { // a text of several lines begins below its name
				p.Line++
				p.Column += r.file.indent(a.text) - a.indent
			}
			break
		}
	}
	return r.placed(findings)
}

// fact makes a fact known from when it was recorded.
func (s *story) fact(e *Entry) (*tally, *problem) {
	a := s.agreement(e.Fact.Agreement)
	if a == nil {
		return nil, nil
	}
	text := strings.TrimSuffix(strings.TrimSpace(e.Fact.Text.Value), "}")
	if !strings.HasPrefix(text, "{") || strings.Contains(text, "\n") {
		s.r.invalid(e.Fact.Text, "write text: '{id: f1, kind: ships, ...}'", "the fact is not written as one mapping on one line")
		return nil, nil
	}
	recorded := time.Unix(0, s.recorded).UTC().Format(time.RFC3339Nano)
	d := s.documents[s.indexOf(a.Name)]
	d.bytes = agreementfile.WithFact(d.bytes, fmt.Sprintf("%s, recorded: %s}", text, recorded))
	return s.replace(a.Name, d, &journal.Fact{Agreement: a.Name, Text: []byte(e.Fact.Text.Value)})
}

func (s *story) indexOf(name string) int {
	return slices.IndexFunc(s.scene.Set.Agreements(), func(a *agreement.Agreement) bool { return a.Name == name })
}

// replace puts a later version of an agreement in the place of the one that is known, and posts what that brings.
func (s *story) replace(name string, d document, also ...journal.Body) (*tally, *problem) {
	i := s.indexOf(name)
	if i < 0 {
		return nil, refusal("refused", fmt.Errorf("there is no agreement %q that it could be a later version of", name))
	}
	a, findings := agreementfile.Parse(d.name, d.bytes)
	if a == nil || hasErrors(findings) {
		return nil, &problem{findings: d.placed(s.r, findings)}
	}
	all := slices.Clone(s.scene.Set.Agreements())
	all[i] = a
	set := agreement.NewSet(all...)
	if findings := set.Lint(nil); hasErrors(findings) {
		return nil, &problem{findings: d.placed(s.r, findings)}
	}
	for _, body := range also {
		s.n++
		if _, p := s.post(&journal.Entry{Time: s.recorded, Source: "case", ID: fmt.Sprint(s.n), Body: body}); p != nil {
			return nil, p
		}
	}
	documents := slices.Clone(s.documents)
	documents[i] = d
	sum, p := s.learn(documents)
	if p != nil {
		return nil, p
	}
	s.documents, s.scene.Set = documents, set
	if s.scene.Derived {
		s.scene.Catalog = set.SaleCatalog("")
	}
	return sum, nil
}
