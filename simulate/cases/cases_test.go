package cases_test

import (
	"os"
	"strings"
	"testing"
	_ "time/tzdata"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/pricing"
	"concord/simulate"
	"concord/simulate/cases"
)

const examples = "../../examples/"

func read(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// document reads a file, or what stands in the file of cases.
func document(t testing.TB, f *cases.File, path string) []byte {
	t.Helper()
	if text, ok := f.Inline(path); ok {
		return text
	}
	return read(t, path)
}

// scene loads what a file of cases names, beside the examples' tests.
func scene(t testing.TB, f *cases.File) *simulate.Scene {
	t.Helper()
	s := &simulate.Scene{Known: cases.Everything()}
	var all []*agreement.Agreement
	for _, name := range f.Agreements {
		path := f.Beside(name.Value)
		a, findings := agreementfile.Parse(path, document(t, f, path))
		if a == nil {
			t.Fatal(findings)
		}
		all = append(all, a)
	}
	s.Set = agreement.NewSet(all...)
	for _, name := range f.Prices {
		path := f.Beside(name.Value)
		books, findings := pricing.ParseAll(path, read(t, path))
		if books == nil {
			t.Fatal(findings)
		}
		s.Books = append(s.Books, books...)
	}
	s.Catalog, s.Derived = s.Set.SaleCatalog(""), true
	f.Offer(s)
	return s
}

func run(t testing.TB, doc string) ([]cases.Result, []agreement.Finding) {
	t.Helper()
	f, findings := cases.Parse(examples+"tests/x.test.yaml", []byte(doc))
	if f == nil {
		t.Fatal(findings)
	}
	return cases.Run(scene(t, f), f, os.ReadFile)
}

// TestThePageOnCasesTellsTheTruth runs the files that docs/agreement-tests.md shows.
func TestThePageOnCasesTellsTheTruth(t *testing.T) {
	page := string(read(t, "../../docs/agreement-tests.md"))
	n := 0
	for _, part := range strings.Split(page, "```yaml\n")[1:] {
		doc, _, ok := strings.Cut(part, "```")
		if !ok {
			t.Fatal("a file on the page does not end")
		}
		results, findings := run(t, doc)
		for _, f := range findings {
			t.Error(f)
		}
		for _, r := range results {
			if !r.OK {
				t.Errorf("%+v", r)
			}
		}
		n += len(results)
	}
	if n != 4 {
		t.Errorf("%d cases", n)
	}
}

const head = "concord: 1\nagreements: [../openai-microsoft.yaml]\ncases:\n"

func TestAFailureShowsItsPlaceAndBothSides(t *testing.T) {
	results, _ := run(t, head+`  - case: nobody pays
    entries:
      - time: 2026-05-04
        usage: {product: gpt-5.4, deployment: openai-azure-gpt-5.4, tokens: {input: 1000000}}
    expect:
      owed: [{payee: microsoft, amount: "7"}]
prices: [../prices.yaml, ../costs.yaml]
`)
	f := results[0].Failures
	if len(f) != 1 || f[0].Place != examples+"tests/x.test.yaml:9:41" || f[0].Expected != "7" || f[0].Got != "1.375" || !strings.Contains(f[0].Because, "openai to microsoft 0.5 (share-openai-to-microsoft)") {
		t.Errorf("%+v", results)
	}
}

func TestWhatIsPostedAddsUp(t *testing.T) {
	doc := head + `  - case: seven requests
    entries: [{time: 2026-05-04, usage: {product: gpt-5.4, deployment: openai-azure-gpt-5.4, tokens: {input: 1000000}, times: 7}}]
    expect:
      charged: "17.5"
      owed: [{clause: share-openai-to-microsoft, amount: "3.5"}]
      postings: [{book: openai, account: "revenue:cloud:azure", amount: "-7"}]
      cap_left: [{clause: share-openai-to-microsoft, amount: "37999999996.5"}]
prices: [../prices.yaml, ../costs.yaml]
`
	results, findings := run(t, doc)
	if len(findings) > 0 || !results[0].OK {
		t.Errorf("%v %+v", findings, results)
	}
}

func TestWhatCannotBeDoneIsAFindingWithItsPlace(t *testing.T) {
	for name, c := range map[string]struct{ doc, want string }{
		"a date":       {"  - case: x\n    decide: {at: yesterday, product: gpt-5.4}\n    expect: {first: a}\n", `5:18: error: "yesterday" is not an instant`},
		"a product":    {"  - case: x\n    decide: {at: 2026-05-04, product: gpt-9}\n    expect: {first: a}\n", `no agreement knows the product "gpt-9"`},
		"a clause":     {"  - case: x\n    terms: {as_of: 2026-05-04}\n    expect: {in_force: [azure-frist]}\n", `no agreement has a clause "azure-frist"`},
		"a deployment": {"  - case: x\n    decide: {at: 2026-05-04, product: gpt-5.4}\n    expect: {denied: [{deployment: nowhere}]}\n", `no deployment "nowhere"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := run(t, head+c.doc)
			if len(findings) != 1 || !strings.Contains(findings[0].String(), c.want) {
				t.Errorf("%v", findings)
			}
		})
	}
}

func TestTheFormIsStrict(t *testing.T) {
	for name, c := range map[string]struct{ doc, want string }{
		"another version":        {"concord: 2\nagreements: [a]\ncases: [{case: x, terms: {as_of: 2026-01-01}, expect: {in_force: [a]}}]", "this program reads version 1"},
		"an unknown field":       {head + "  - case: x\n    decied: {at: 2026-05-04}\n", `the format has no field "decied"`},
		"an anchor":              {head + "  - &a {case: x}\n", "anchors, aliases"},
		"two things at once":     {head + "  - case: x\n    decide: {at: 2026-05-04, product: p}\n    terms: {as_of: 2026-05-04}\n    expect: {first: a}\n", "does 2 things"},
		"nothing is expected":    {head + "  - case: x\n    decide: {at: 2026-05-04, product: p}\n", "expects nothing"},
		"the wrong expectation":  {head + "  - case: x\n    terms: {as_of: 2026-05-04}\n    expect: {first: a}\n", "expects what it does not do"},
		"two cases of one name":  {head + "  - case: x\n    terms: {as_of: 2026-05-04}\n    expect: {in_force: [a]}\n  - case: x\n    terms: {as_of: 2026-05-04}\n    expect: {in_force: [a]}\n", "case 2 has no name of its own"},
		"a list for one value":   {head + "  - case: [x]\n", "is expected here"},
		"no agreement":           {"concord: 1\ncases: [{case: x, terms: {as_of: 2026-01-01}, expect: {in_force: [a]}}]", "no agreement is named"},
		"an entry without a use": {head + "  - case: x\n    entries: [{time: 2026-05-04}]\n", "says nothing that is posted"},
		"nesting":                {head + "  - " + strings.Repeat("[", 100), "nest more than"},
	} {
		t.Run(name, func(t *testing.T) {
			f, findings := cases.Parse("x.test.yaml", []byte(c.doc))
			if f != nil || len(findings) == 0 || !strings.Contains(findings[0].String(), c.want) {
				t.Errorf("%v, want %s", findings, c.want)
			}
		})
	}
}

// FuzzParse: no file of cases makes the reader panic, and one that it takes has cases.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"enterprise-policy", "seed-resolved", "budgets", "statements", "calendar"} {
		f.Add(read(f, examples+"tests/"+name+".test.yaml"))
	}
	f.Add([]byte("concord: 1\ncases: [{}]"))
	f.Add([]byte("- - - - -"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		file, findings := cases.Parse("fuzz", doc)
		if (file == nil) != (len(findings) > 0) || file != nil && len(file.Cases) == 0 {
			t.Fatalf("%v %v", file, findings)
		}
	})
}
