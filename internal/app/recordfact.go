package app

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/journal"
	"concord/ledger"
)

// A recorded fact comes into the terms as every other change of them does: the agreement, with the fact after it, is a new
// document, and a new set names it. So the books need nothing but documents, and whoever reads the journal finds the fact in
// force from the instant on at which it was recorded.

// fact checks a fact, and makes the documents in which it is in force.
func (c *recorder) fact(e *journal.Entry) error {
	fact := e.Body.(*journal.Fact)
	documents, set, err := c.history.withFact(e, c.now)
	if err != nil {
		return err
	}
	if _, err := ledger.Post(c.state, e); err != nil {
		return fmt.Errorf("it cannot be recorded: %w", err)
	}
	all := []journal.Entry{*e}
	for i := range documents {
		entry := journal.Entry{Time: c.now, ID: fmt.Sprintf("%s:%x", documents[i].Name, documents[i].Hash), Body: &documents[i]}
		if _, err := ledger.Post(c.state, &entry); err != nil {
			return fmt.Errorf("the books cannot follow agreement %s with this fact: %w", fact.Agreement, err)
		}
		all = append(all, entry)
	}
	c.facts = append(c.facts, *e)
	for i := range documents {
		c.history.documents[documents[i].Hash] = documents[i]
	}
	c.history.last = set
	c.fresh = append(c.fresh, all...)
	return nil
}

// withFact returns the latest documents with one more fact, and their set.
func (h *History) withFact(e *journal.Entry, known int64) (documents []journal.Document, set journal.Hash, err error) {
	fact := e.Body.(*journal.Fact)
	last, ok := h.documents[h.last]
	if !ok {
		return nil, set, errors.New("the journal holds no agreements: start a server once, which writes them")
	}
	var doc journal.SetDoc
	if err := json.Unmarshal(last.Bytes, &doc); err != nil {
		return nil, set, fmt.Errorf("read set document %x: %w", h.last[:6], err)
	}
	var names []string
	for i, text := range doc.Agreements {
		d, err := h.document(text)
		if err != nil {
			return nil, set, err
		}
		names = append(names, d.Name)
		if d.Name != fact.Agreement {
			continue
		}
		before, findings := agreementfile.Parse(d.Name, d.Bytes)
		if before == nil {
			return nil, set, &Invalid{"agreement", findings}
		}
		d.Bytes = withFacts(before, d.Bytes, []journal.Entry{*e})
		if d.Hash = sum(d.Bytes); hex.EncodeToString(d.Hash[:]) == text {
			return nil, set, fmt.Errorf("agreement %s has a fact of this id already: give the new one an id of its own", d.Name)
		}
		documents = append(documents, d)
		doc.Agreements[i] = hex.EncodeToString(d.Hash[:])
	}
	if len(documents) == 0 {
		return nil, set, fmt.Errorf("there is no agreement %q: the agreements are %s", fact.Agreement, strings.Join(names, ", "))
	}
	doc.Known = known
	if h.order.shared {
		doc.Follows = hex.EncodeToString(h.last[:])
	}
	written, err := json.Marshal(doc)
	if err != nil {
		return nil, set, fmt.Errorf("write the set as JSON: %w", err)
	}
	set = sum(written)
	documents = append(documents, journal.Document{Doc: journal.DocSet, Name: "set", Hash: set, Bytes: written})
	trial := &History{documents: maps.Clone(h.documents), sets: map[journal.Hash]*PastSet{}}
	for _, d := range documents {
		trial.documents[d.Hash] = d
	}
	compiled, err := trial.Set(set)
	if err != nil {
		return nil, set, err
	}
	if found := compiled.Set.Lint(compiled.Catalog); HasErrors(found) {
		return nil, set, &Invalid{"agreement", found}
	}
	return documents, set, nil
}

// LoadRecorded reads agreement files as LoadAgreements does, with the facts that the journal of a data directory holds of them.
// recorded says when the journal took each of these, by AGREEMENT/ID.
func LoadRecorded(ctx context.Context, dir string, paths []string, src Source) (set *agreement.Set, findings []agreement.Finding, recorded map[string]string, err error) {
	r, err := OpenReading(ctx, dir)
	if err != nil {
		return nil, nil, nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	h, err := r.History(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	recorded = map[string]string{}
	read := src.Read
	src.Read = func(path string) ([]byte, error) {
		content, err := read(path)
		if err != nil {
			return nil, err
		}
		a, _ := agreementfile.Parse(path, content)
		if a == nil {
			return content, nil // loading says what is wrong with it
		}
		for i := range h.facts {
			fact, ok := h.facts[i].Body.(*journal.Fact)
			if !ok || fact.Agreement != a.Name {
				continue
			}
			id := factID(fact.Text)
			if !slices.ContainsFunc(a.Facts, func(f agreement.Fact) bool { return f.ID == id }) {
				recorded[a.Name+"/"+id] = instantText(h.facts[i].Time)
			}
		}
		return withFacts(a, content, h.facts), nil
	}
	set, findings, err = LoadAgreements(paths, src)
	return set, findings, recorded, err
}

// withFacts appends the recorded facts of an agreement to its document. One whose id the agreement has is left out: somebody
// has written it into the file since.
func withFacts(a *agreement.Agreement, doc []byte, facts []journal.Entry) []byte {
	had := map[string]bool{}
	for i := range a.Facts {
		had[a.Facts[i].ID] = true
	}
	for i := range facts {
		fact, ok := facts[i].Body.(*journal.Fact)
		if !ok || fact.Agreement != a.Name {
			continue
		}
		id := factID(fact.Text)
		if had[id] {
			continue
		}
		had[id] = true
		line := bytes.TrimSuffix(bytes.TrimSpace(fact.Text), []byte("}"))
		doc = agreementfile.WithFact(doc, fmt.Sprintf("%s, recorded: %q}", line, instantText(facts[i].Time)))
	}
	return doc
}

// plainFact writes a fact as one line, {id: "f1", ...}, however it was written.
func plainFact(raw []byte) ([]byte, error) {
	var fields yaml.MapSlice
	if err := yaml.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("the fact is no YAML: %w\n  write it as an item of facts: of an agreement, {id: f1, kind: ships, ...}", err)
	}
	var parts []string
	for _, f := range fields {
		name, value := fmt.Sprint(f.Key), fmt.Sprint(f.Value)
		if name == "recorded" {
			return nil, fmt.Errorf("recorded: %s: a fact counts from when the journal takes it: leave recorded out", value)
		}
		quoted, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		parts = append(parts, name+": "+string(quoted))
	}
	if factID(raw) == "" {
		return nil, errors.New("the fact has no id: write {id: f1, kind: ships, ...}")
	}
	return []byte("{" + strings.Join(parts, ", ") + "}"), nil
}

func factID(raw []byte) string {
	var fields struct {
		ID string `yaml:"id"`
	}
	if err := yaml.Unmarshal(raw, &fields); err != nil {
		return ""
	}
	return fields.ID
}

// withRecorded returns a configuration with the facts that the journal holds of its agreements.
func (s *Server) withRecorded(config *Config, h *History) (*Config, error) {
	s.facts = slices.Clone(h.facts)
	if len(s.facts) == 0 {
		return config, nil
	}
	next, err := load(config.File, config.source, config.Known, s.facts)
	if err != nil {
		return nil, fmt.Errorf("with the facts that the journal in %s holds: %w", config.Data, err)
	}
	with := *config // who started the server may have changed what the files say of it
	with.Set, with.Documents, with.timeline, with.intervals, with.Findings = next.Set, next.Documents, next.timeline, next.intervals, next.Findings
	s.config = &with
	return &with, nil
}
