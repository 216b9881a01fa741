package cli_test

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/internal/cli"
)

var update = flag.Bool("update", false, "rewrite the output that pages show")

// TestThePageOfDifferencesShowsRealOutput runs the commands of docs/diff.md.
func TestThePageOfDifferencesShowsRealOutput(t *testing.T) {
	t.Chdir("../..")
	const page = "docs/diff.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	composed := regexp.MustCompile("(?s)```console\n\\$ concord ([^\n]*)\n.*?```").ReplaceAllStringFunc(string(text), func(block string) string {
		blocks++
		first, _, _ := strings.Cut(strings.TrimPrefix(block, "```console\n"), "\n")
		var out, errs bytes.Buffer
		args := strings.Fields(strings.TrimPrefix(first, "$ concord "))
		if code := cli.Run(t.Context(), cli.Env{Args: args, Stdout: &out, Stderr: &errs}); code != 0 {
			t.Fatalf("%s: exit %d: %s", first, code, errs.String())
		}
		return "```console\n" + first + "\n" + out.String() + "```"
	})
	if blocks == 0 {
		t.Fatalf("%s shows no command", page)
	}
	if *update {
		if err := os.WriteFile(page, []byte(composed), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(string(text), composed); diff != "" {
		t.Errorf("%s shows another output; rewrite it with go test ./internal/cli -run PageOfDifferences -update\n%s", page, diff)
	}
}
