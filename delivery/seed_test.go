package delivery_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/delivery"
	"concord/pricing"
)

// seed compiles examples/seed-resolved.yaml with the prices and deployments of the demo.
func seed(t *testing.T) *delivery.Router {
	t.Helper()
	read := func(name string) []byte {
		doc, err := os.ReadFile(filepath.Join("..", "examples", name))
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	a, found := agreementfile.Parse("seed-resolved.yaml", read("seed-resolved.yaml"))
	if a == nil {
		t.Fatal(found)
	}
	var b delivery.Books
	for _, name := range []string{"prices.yaml", "costs.yaml"} {
		all, found := pricing.ParseAll(name, read(name))
		if all == nil {
			t.Fatal(found)
		}
		b = append(b, all...)
	}
	set := agreement.NewSet(a)
	line, found := delivery.NewTimeline(set, catalog(), b, after)
	for _, f := range slices.Concat(set.Lint(catalog()), found) {
		if f.Severity == agreement.Error {
			t.Errorf("%s", f)
		}
	}
	return line.At(after.UnixNano())
}

// TestTheResolvedSeedDelivers decides requests under the output of `agreement convert`: Azure first, the clouds that the
// article names after it, and OpenAI's own platform and Alibaba beside them.
func TestTheResolvedSeedDelivers(t *testing.T) {
	r := seed(t)
	if r == nil {
		t.Fatal("the resolved seed does not compile")
	}
	for product, want := range map[string][]string{
		gpt: {"openai-azure-gpt54", "openai-aws-gpt54", "openai-direct-gpt54"},
		oss: {"microsoft-azure-oss", "amazon-aws-oss", "google-gcp-oss", "alibaba-oss"},
	} {
		second := map[string]bool{}
		for i := range 100 {
			f := facts("acme", product)
			f.Request[8], f.Request[9] = byte(i>>8), byte(i)
			steps := plan(r, f)
			if steps[0] != want[0] {
				t.Fatalf("%s: azure is not first: %s", product, strings.Join(steps, " "))
			}
			second[steps[1]] = true
		}
		if len(second) != len(want)-1 {
			t.Errorf("%s: after azure come %v, and should be the others in equal parts: %v", product, second, want[1:])
		}
	}
	if steps := plan(r, facts("contoso", gpt)); !slices.Equal(steps, []string{"microsoft-azure-gpt54", "amazon-aws-gpt54"}) {
		t.Errorf("contoso buys from Microsoft, then from Amazon under its license: %v", steps)
	}
}
