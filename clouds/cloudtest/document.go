package cloudtest

import (
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// A Document is OpenAI's own description of its answers. It is not safe for concurrent use.
type Document struct{ compiler *jsonschema.Compiler }

// LoadDocument reads the description from a file, clouds/emulator/testdata/openapi.json.gz.
func LoadDocument(t testing.TB, path string) *Document {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	in, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(in)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return &Document{c}
}

// Holds checks a JSON text against a schema.
func (d *Document) Holds(t testing.TB, schema, text string) {
	t.Helper()
	if err := d.Validate(schema, text); err != nil {
		t.Errorf("%s is not as OpenAI describes it:\n%s\n%v", schema, text, err)
	}
}

// Validate says what is wrong with a JSON text by a schema, or nil.
func (d *Document) Validate(schema, text string) error {
	s, err := d.compiler.Compile("openapi.json#/components/schemas/" + schema)
	if err != nil {
		return fmt.Errorf("read OpenAI's schema %s: %w", schema, err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return fmt.Errorf("read the answer as JSON: %w", err)
	}
	if err := s.Validate(v); err != nil && !onlyNulls(err) {
		return err
	}
	return nil
}

// onlyNulls reports whether all that is wrong are members that are null where the document knows a type only: recorded answers
// of OpenAI have system_fingerprint, logprobs, finish_reason and usage so.
func onlyNulls(err error) bool {
	e, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return false
	}
	if t, leaf := e.ErrorKind.(*kind.Type); leaf {
		return t.Got == "null"
	}
	ignored := 0
	for _, cause := range e.Causes {
		if onlyNulls(cause) {
			ignored++
		}
	}
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		return ignored > 0
	}
	return ignored > 0 && ignored == len(e.Causes)
}
