package agreement_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/agreement/agreementfile"
)

// A clauseCase is one file of testdata/clauses: documents, who asks (catalog.json), what is asked (ask) and the answers
// (want). A line of ask is an instant, in the zone of the first document, and may go on with "known" and the instant as of
// which it is asked what was known. # begins a comment.
type clauseCase struct {
	archive *txtar.Archive
	docs    map[string][]byte
	names   []string
	catalog *agreement.Catalog
	ask     []string
	kind    string // of the clauses that answers describe: the file's name; a file of another name describes deliveries
}

func readCase(t *testing.T, file string) *clauseCase {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := &clauseCase{archive: archive, docs: map[string][]byte{}, catalog: &agreement.Catalog{}, kind: strings.TrimSuffix(filepath.Base(file), ".txtar")}
	if strings.HasPrefix(c.kind, "milestone") {
		c.kind = "license" // what begins and ends with it
	}
	if !slices.Contains([]string{"delivery", "license", "sale", "revenue-share", "commitment"}, c.kind) {
		c.kind = "delivery"
	}
	for _, f := range archive.Files {
		switch {
		case strings.HasSuffix(f.Name, ".yaml"):
			c.docs[f.Name] = f.Data
			c.names = append(c.names, f.Name)
		case f.Name == "catalog.json":
			if err := json.Unmarshal(f.Data, c.catalog); err != nil {
				t.Fatal(err)
			}
		case f.Name == "ask":
			c.ask = strings.Split(strings.TrimSpace(string(f.Data)), "\n")
		}
	}
	return c
}

// load parses the documents anew, so that a test may change them.
func (c *clauseCase) load(t testing.TB) (all []*agreement.Agreement) {
	t.Helper()
	for _, name := range c.names {
		a, findings := agreementfile.Parse(name, c.docs[name])
		if a == nil {
			t.Fatal(findings)
		}
		all = append(all, a)
	}
	return all
}

// answer says what is in force and who may serve whom, for one line of ask.
func (c *clauseCase) answer(t testing.TB, all []*agreement.Agreement, ask string) string {
	t.Helper()
	effective, known, _ := strings.Cut(strings.TrimSpace(strings.Split(ask, "#")[0]), " known ")
	at := func(text string) time.Time {
		if v, err := time.Parse(time.RFC3339, text); err == nil {
			return v
		}
		v, err := time.ParseInLocation(time.DateOnly, text, all[0].Zone)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	knownAt := time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
	if known != "" {
		knownAt = at(known)
	}
	terms, err := agreement.NewSet(all...).AsOf(at(effective), knownAt)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range terms.Clauses() {
		if agreement.KindOf(f.Clause) != c.kind {
			continue
		}
		says, rest, _ := strings.Cut(agreement.Describe(f), "\n")
		window, _, _ := strings.Cut(rest, "\n")
		fmt.Fprintf(&b, "  %s: %s\n    %s\n", f.Ref().Clause, says, window)
	}
	b.WriteString(c.serves(terms))
	if b.Len() == 0 {
		return "  no clause of the kind is in force\n"
	}
	return b.String()
}

// serves says for every customer and deployment whether it may serve.
func (c *clauseCase) serves(terms *agreement.Terms) string {
	var b strings.Builder
	for i := range c.catalog.Customers {
		for j := range c.catalog.Deployments {
			customer, d := &c.catalog.Customers[i], &c.catalog.Deployments[j]
			v := terms.Verdict(customer, d, "")
			if !v.Permitted {
				fmt.Fprintf(&b, "  %s at %s: no (%s): %s\n", customer.ID, d.ID, v.Failed, v.Reason)
				continue
			}
			fmt.Fprintf(&b, "  %s at %s: yes, by %s", customer.ID, d.ID, v.Clause)
			if v.Delivery != nil {
				fmt.Fprintf(&b, ", group %d", v.Group+1)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func (c *clauseCase) answers(t testing.TB, all []*agreement.Agreement) string {
	var b strings.Builder
	for _, ask := range c.ask {
		fmt.Fprintf(&b, "%s\n%s", ask, c.answer(t, all, ask))
	}
	return b.String()
}

// TestClauses runs testdata/clauses: what each clause means, by cases.
func TestClauses(t *testing.T) {
	files, err := filepath.Glob("testdata/clauses/*.txtar")
	if err != nil || len(files) < 6 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			c := readCase(t, file)
			got := c.answers(t, c.load(t))
			want := &c.archive.Files[len(c.archive.Files)-1]
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(c.archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			rapid.Check(t, func(rt *rapid.T) { c.holds(t, rt, got) })
		})
	}
}

// holds checks what is true of all clauses: their order in a file, a layer that comes later, and an amendment that repeats
// what is in force change no answer.
func (c *clauseCase) holds(t *testing.T, rt *rapid.T, want string) {
	shuffled := c.load(t)
	for _, a := range shuffled {
		for i := range a.Amendments {
			a.Amendments[i].Adds = rapid.Permutation(a.Amendments[i].Adds).Draw(rt, "adds")
			a.Amendments[i].Replaces = rapid.Permutation(a.Amendments[i].Replaces).Draw(rt, "replaces")
		}
	}
	if got := c.answers(t, shuffled); got != want {
		rt.Errorf("the order of clauses in the file changes the answers: -before +after:\n%s", cmp.Diff(want, got))
	}

	later := c.load(t)
	for _, a := range later {
		m := agreement.Amendment{ID: "later", Effective: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)}
		for _, c := range clausesOf[agreement.Clause]([]*agreement.Agreement{a}) {
			if !slices.ContainsFunc(m.Ends, func(e agreement.EndedClause) bool { return e.ID == c.Head().ID }) && rapid.Bool().Draw(rt, "ends "+c.Head().ID) {
				m.Ends = append(m.Ends, agreement.EndedClause{ID: c.Head().ID})
			}
		}
		a.Amendments = append(a.Amendments, m)
	}
	if got := c.answers(t, later); got != want {
		rt.Errorf("a later layer changes the answers: -before +after:\n%s", cmp.Diff(want, got))
	}

	ask := rapid.SampledFrom(c.ask).Draw(rt, "ask")
	before := c.load(t)
	repeated := c.load(t)
	for _, a := range repeated {
		for i := range a.Amendments {
			m := a.Amendments[i]
			again := agreement.Amendment{ID: m.ID + "-again", Effective: m.Effective, Recorded: m.Recorded, After: m.ID, Source: m.Source}
			again.Replaces = slices.Concat(m.Adds, m.Replaces)
			if len(m.Ends) == 0 && i == len(a.Amendments)-1 {
				a.Amendments = append(a.Amendments, again)
			}
		}
	}
	if was, is := c.hash(t, before, ask), c.hash(t, repeated, ask); was != is {
		rt.Errorf("an amendment that repeats what is in force changes the terms at %s", ask)
	}
}

// hash identifies the terms that an ask is about.
func (c *clauseCase) hash(t *testing.T, all []*agreement.Agreement, ask string) agreement.Hash {
	t.Helper()
	date, _, _ := strings.Cut(strings.TrimSpace(strings.Split(ask, "#")[0]), " ")
	at, err := time.ParseInLocation(time.DateOnly, date[:10], all[0].Zone)
	if err != nil {
		t.Fatal(err)
	}
	terms, err := agreement.NewSet(all...).AsOf(at, time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return terms.Hash()
}

// TestEndingALicenseRemovesExactlyTheDeploymentsThatNeedIt ends one license of the examples at a time: what may no longer
// serve is what rested on it, and nothing else moves.
func TestEndingALicenseRemovesExactlyTheDeploymentsThatNeedIt(t *testing.T) {
	for _, date := range []string{"2026-04-26", "2026-04-28"} {
		before := asOf(t, example(t), date)
		was := ranking(before)
		for _, f := range before.Clauses() {
			lic, ok := f.Clause.(*agreement.License)
			if !ok {
				continue
			}
			s := example(t)
			for _, a := range s.Agreements() {
				if a.Name == f.Agreement.Name {
					a.Amendments = append(a.Amendments, agreement.Amendment{ID: "end", Effective: day(t, date).Add(-time.Hour), Ends: []agreement.EndedClause{{ID: lic.ID}}})
				}
			}
			after, err := s.AsOf(day(t, date), known)
			if err != nil {
				t.Fatal(err)
			}
			is := ranking(after)
			c := catalog()
			for i := range was {
				d := &c.Deployments[i%len(c.Deployments)]
				v := before.Verdict(&c.Customers[i/len(c.Deployments)], d, agreement.Chat)
				operator, _ := before.Operator(d.Cloud)
				needs := v.License == f.Ref() || d.Holder != d.Seller && operator == lic.Licensee && lic.Products.Matches(d.Product)
				switch {
				case was[i] == is[i] && was[i] != "" && needs:
					t.Errorf("%s: %s serves on without %s, on which it rested", date, d.ID, lic.ID)
				case was[i] != is[i] && !needs:
					t.Errorf("%s: the end of %s moved %q to %q", date, lic.ID, was[i], is[i])
				}
			}
		}
	}
}
