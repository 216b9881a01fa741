package cases_test

import (
	"os"
	"path/filepath"
	"testing"

	"concord/simulate/cases"
)

// TestTheExamplesHold runs the files of examples/tests; those that take a configuration are run by the command's tests.
func TestTheExamplesHold(t *testing.T) {
	files, err := filepath.Glob(examples + "tests/*.test.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f, findings := cases.Parse(path, read(t, path))
			if f == nil {
				t.Fatal(findings)
			}
			if f.Config.Given() {
				return
			}
			results, findings := cases.Run(scene(t, f), f, os.ReadFile)
			for _, finding := range findings {
				t.Error(finding)
			}
			for _, r := range results {
				for _, failure := range r.Failures {
					t.Errorf("%s\n  %s: %s\n  expected %s\n  got      %s\n  %s", r.Case, failure.Place, failure.What, failure.Expected, failure.Got, failure.Because)
				}
			}
		})
	}
}
