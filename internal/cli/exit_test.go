package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concord/internal/cli"
)

func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Run(t.Context(), cli.Env{Args: args, Stdout: &out, Stderr: &errs})
	return code, out.String(), errs.String()
}

func TestExitCodes(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("concord: [1"), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.yaml")
	if err := os.WriteFile(wrong, []byte("concord: 1\nagreement: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	example := "../../examples/"
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"version":                     {[]string{"version"}, 0, ""},
		"good agreements":             {[]string{"agreement", "check", example + "openai-microsoft.yaml", example + "openai-clouds.yaml"}, 0, ""},
		"findings are a no":           {[]string{"agreement", "check", wrong}, 1, ""},
		"no YAML":                     {[]string{"agreement", "check", broken}, 2, "broken.yaml:1"},
		"no file":                     {[]string{"agreement", "check", "nowhere.yaml"}, 2, "nowhere.yaml cannot be read"},
		"bad configuration":           {[]string{"serve", "--config", broken}, 2, "broken.yaml:1"},
		"unknown command":             {[]string{"serv"}, 2, `unknown command "serv"`},
		"a group alone":               {[]string{"ledger"}, 2, "verify, rebuild, balances"},
		"unknown flag":                {[]string{"demo", "--sped", "1"}, 2, "--sped"},
		"unknown format":              {[]string{"version", "--format", "xml"}, 2, "use text or json"},
		"no journal":                  {[]string{"ledger", "verify", "--data", "nowhere"}, 2, "there is no journal in nowhere"},
		"two places":                  {[]string{"ledger", "verify", "--data", "a", "--config", "b"}, 2, "[config data]"},
		"reload without a server":     {[]string{"reload", "--data", "nowhere"}, 2, "no server is running on nowhere"},
		"status without a server":     {[]string{"status", "--data", "nowhere"}, 2, "no server is running on nowhere"},
		"an id that is none":          {[]string{"explain", "hello"}, 2, "X-Concord-Request-Id"},
		"a cloud that is none":        {[]string{"emulate", "--cloud", "oracle", "--listen", "127.0.0.1:0"}, 2, "use one of: azure"},
		"an instant that is none":     {[]string{"agreement", "show", "--as-of", "soon", example + "openai-microsoft.yaml"}, 2, "2026-05-04"},
		"a speed that is none":        {[]string{"demo", "--once", "--speed", "-1"}, 2, "--speed -1"},
		"a trace that is not there":   {[]string{"demo", "--once", "--trace", "nowhere.csv"}, 2, "nowhere.csv"},
		"a statement between one":     {[]string{"statement", "--between", "openai"}, 2, "--between"},
		"a configuration is not read": {[]string{"config", "check", "nowhere.yaml"}, 2, "nowhere.yaml cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := run(t, c.args...)

			if code != c.code || !strings.Contains(stderr, c.says) {
				t.Errorf("exit %d, want %d; stderr should say %q\nstdout: %.400s\nstderr: %.400s", code, c.code, c.says, stdout, stderr)
			}
		})
	}
}

func TestAgreementShow_terms_before_and_after_the_amendment(t *testing.T) {
	show := func(asOf string) map[string]string {
		code, stdout, stderr := run(t, "agreement", "show", "--format", "json", "--as-of", asOf, "--known", "2026-11-01",
			"../../examples/openai-microsoft.yaml", "../../examples/openai-clouds.yaml")
		if code != 0 {
			t.Fatal(stderr)
		}
		var view struct {
			Clauses []struct{ ID, Description string }
		}
		if err := json.Unmarshal([]byte(stdout), &view); err != nil {
			t.Fatal(err)
		}
		says := map[string]string{}
		for _, c := range view.Clauses {
			says[c.ID] = c.Description
		}
		return says
	}

	before, after := show("2026-04-26"), show("2026-05-04")

	if before["api-exclusivity"] == "" || before["azure-first"] != "" || before["share-microsoft-to-openai"] == "" {
		t.Errorf("before: %v", before)
	}
	if after["api-exclusivity"] != "" || after["azure-first"] == "" || after["share-microsoft-to-openai"] != "" {
		t.Errorf("after: %v", after)
	}
	if !strings.Contains(after["share-openai-to-microsoft"], "38,000,000,000") {
		t.Errorf("the cap is not said: %s", after["share-openai-to-microsoft"])
	}
}
