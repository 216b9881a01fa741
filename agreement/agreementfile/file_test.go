package agreementfile_test

import (
	"os"
	"strings"
	"testing"
	_ "time/tzdata"

	"concord/agreement"
	"concord/agreement/agreementfile"
)

func TestExamplesAreRead(t *testing.T) {
	for _, name := range []string{"openai-microsoft.yaml", "openai-clouds.yaml"} {
		doc, err := os.ReadFile("../../examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		a, findings := agreementfile.Parse(name, doc)
		for _, f := range findings {
			t.Errorf("%s", f)
		}
		if a == nil {
			t.Fatalf("%s was not read", name)
		}
		if a.Name != strings.TrimSuffix(name, ".yaml") {
			t.Errorf("%s is named %q", name, a.Name)
		}
	}
}

var _ = agreement.Error
