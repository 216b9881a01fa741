package agreementfile_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"concord/agreement/agreementfile"
)

// own reports fields whose names are the document's own.
func own(path string) bool {
	return strings.HasPrefix(path, "delivery.within.weighted.") || strings.HasPrefix(path, "revenue-share.payees.")
}

// TestTheSchemaKnowsWhatTheParserReads holds the table of the schema to the parser, field by field and word by word.
func TestTheSchemaKnowsWhatTheParserReads(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("testdata", "everything.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	parser, schema := agreementfile.ParserFields(doc), agreementfile.SchemaFields()

	for path := range parser {
		if own(path) {
			delete(parser, path)
		}
	}
	if diff := cmp.Diff(parser, schema); diff != "" {
		t.Errorf("-parser +schema (a mapping that is missing altogether belongs into testdata/everything.yaml):\n%s", diff)
	}
}

func TestTheStoredSchemaIsTheProgramsOwn(t *testing.T) {
	got, err := agreementfile.Schema()
	if err != nil {
		t.Fatal(err)
	}
	const name = "../../docs/agreement.schema.json"
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("-file +schema:\n%s", diff)
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := agreementfile.Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("agreement.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("agreement.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asJSON is what an editor's YAML parser makes of a document.
func asJSON(t *testing.T, doc []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(doc, &v); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEveryExampleKeepsToTheSchema(t *testing.T) {
	schema := compiled(t)
	names, err := filepath.Glob("../../examples/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, name := range names {
		doc, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if a, _ := agreementfile.Parse(name, doc); a == nil {
			continue // a price book, a configuration, the short form
		}
		checked++
		if err := schema.Validate(asJSON(t, doc)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if checked < 3 {
		t.Errorf("only %d examples are agreements", checked)
	}
}

// TestTheSchemaAcceptsWhatIsRead holds the schema to the cases of the rules: what the parser reads, editors do not mark;
// and much of what it refuses, they do.
func TestTheSchemaAcceptsWhatIsRead(t *testing.T) {
	schema := compiled(t)
	cases, err := filepath.Glob("testdata/form/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range cases {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(asJSON(t, archive.Files[1].Data)); err != nil {
			t.Errorf("%s: the passing case: %v", name, err)
		}
	}
	everything, err := os.ReadFile("../../ledger/testdata/unsettled.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(asJSON(t, everything)); err != nil {
		t.Errorf("an editor marks what is read and not settled yet: %v", err)
	}
	for _, rule := range []string{"bad-amount", "bad-id", "bare-end-date", "missing-field", "unknown-field", "unknown-value", "version", "wrong-type"} {
		archive, err := txtar.ParseFile(filepath.Join("testdata", "form", rule+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(asJSON(t, archive.Files[0].Data)); err == nil {
			t.Errorf("%s: an editor does not mark the failing case", rule)
		}
	}
	if err := schema.Validate(asJSON(t, example(t, "seed.yaml"))); err == nil {
		t.Error("an editor does not mark the short form")
	}
}
