package app_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/examples"
	"concord/internal/app"
)

var known = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// withConfig reads the examples, with another concord.yaml.
func withConfig(config string, env map[string]string) app.Source {
	src := app.Embedded(examples.Files())
	read := src.Read
	src.Read = func(path string) ([]byte, error) {
		if path == "concord.yaml" {
			return []byte(config), nil
		}
		return read(path)
	}
	src.Getenv = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	return src
}

func example(t testing.TB) string {
	t.Helper()
	content, err := fs.ReadFile(examples.Files(), "concord.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestConfig_of_the_examples_is_good(t *testing.T) {
	c, err := app.Load("concord.yaml", app.Embedded(examples.Files()), known)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{
		"agreements": len(c.Set.Agreements()), "books": len(c.Books), "deployments": len(c.Catalog.Deployments), "targets": len(c.Targets),
		"customers": len(c.Catalog.Customers), "keys": len(c.Keys), "documents": len(c.Documents),
	}
	want := map[string]int{"agreements": 2, "books": 6, "deployments": 9, "targets": 9, "customers": 2, "keys": 2, "documents": 8}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestConfig_mistakes_are_all_named_with_their_place(t *testing.T) {
	for name, c := range map[string]struct {
		replace, by string
		says        string
	}{
		"unknown field":               {"gateway: example", "gatewy: example", `unknown field "gatewy"`},
		"not a duration":              {"commit_wait: 2s", "commit_wait: soon", `"soon" is not a duration above 0`},
		"list for a value":            {"gateway: example", "gateway: [a, b]", "one value is expected here"},
		"value for a list":            {"agreements: [openai-microsoft.yaml, openai-clouds.yaml]", "agreements: {a: b}", "a list is expected here"},
		"unknown cloud":               {"cloud: gcp", "cloud: oracle", `on cloud "oracle"`},
		"unknown account":             {"account: openai-direct,", "account: nowhere,", `account "nowhere", which is not declared`},
		"unknown product":             {"product: openai/gpt-5.4, account: openai-direct", "product: openai/gpt-9, account: openai-direct", `offers "openai/gpt-9"`},
		"unknown seller":              {"sellers: [[microsoft], [amazon]]", "sellers: [[microsoft], [oracle]]", `buys from "oracle"`},
		"deployment twice":            {"id: openai-aws-gpt54", "id: openai-azure-gpt54", `"openai-azure-gpt54" is missing or used twice`},
		"key is not a hash":           {`hash: "sha256:`, `hash: "sk-secret-`, "has no SHA-256 hash"},
		"no endpoint":                 {"endpoint: http://127.0.0.1:9105", "endpoint: somewhere", `endpoint "somewhere"`},
		"not an address":              {"listen: 127.0.0.1:8080", "listen: everywhere", `"everywhere" is not an address`},
		"secret is missing":           {"{inline: emulated-openai}", "{env: NO_SUCH_SECRET}", "environment variable NO_SUCH_SECRET is not set"},
		"auth on a cloud of keys":     {"secret: {inline: emulated-openai}", "auth: {kind: entra-managed}", "account openai-direct on openai has auth kind \"entra-managed\""},
		"auth of another cloud":       {"secret: {inline: emulated-azure-openai}", "auth: {kind: aws-chain}", "account openai-eastus2 on azure has auth kind \"aws-chain\""},
		"auth without a tenant":       {"secret: {inline: emulated-azure-openai}", "secret: {inline: s}\n    auth: {kind: entra-secret, client_id: app}", "auth entra-secret has no tenant"},
		"authority in the clear":      {"secret: {inline: emulated-azure-openai}", "secret: {inline: s}\n    auth: {kind: entra-secret, client_id: app, tenant: t, authority: \"http://login\"}", `authority "http://login"`},
		"no key of a service account": {"secret: {inline: emulated-gcp-google}", "secret: {inline: hush}\n    auth: {kind: google-service-account}", "the file is no key of a service account"},
		"file is missing":             {"openai-clouds.yaml]", "elsewhere.yaml]", "elsewhere.yaml cannot be read"},
		"failures is a word":          {"failures: 3", "failures: three", `"three" is not a number of failures`},
		"agreement is absent":         {"agreements: [openai-microsoft.yaml, openai-clouds.yaml]", "agreements: []", "no agreement is named"},
	} {
		t.Run(name, func(t *testing.T) {
			text := example(t)
			if !strings.Contains(text, c.replace) {
				t.Fatalf("the example has no %q", c.replace)
			}

			_, err := app.Load("concord.yaml", withConfig(strings.ReplaceAll(text, c.replace, c.by), nil), known)

			invalid, ok := errors.AsType[*app.Invalid](err)
			if !ok || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v, want %q", err, c.says)
			}
			for _, f := range invalid.Findings {
				if f.Severity == "error" && (f.Pos.File == "" || f.Remedy == "") {
					t.Errorf("no place or no remedy: %+v", f)
				}
			}
		})
	}
}

func TestConfig_secrets_come_from_the_environment_and_do_not_print(t *testing.T) {
	text := strings.ReplaceAll(example(t), "{inline: emulated-openai}", "{env: THE_SECRET}")

	c, err := app.Load("concord.yaml", withConfig(text, map[string]string{"THE_SECRET": "sk-very-secret"}), known)
	if err != nil {
		t.Fatal(err)
	}

	if printed := fmt.Sprintf("%v %+v %#v", c.Targets, c.Targets, c.Targets); strings.Contains(printed, "sk-very-secret") {
		t.Error("a secret prints")
	}
	for i := range c.Targets {
		if c.Targets[i].Account == "openai-direct" && c.Targets[i].Secret.Reveal() != "sk-very-secret" {
			t.Error("the secret did not arrive")
		}
	}
}

func TestConfig_a_credential_that_ends_has_a_source_that_does_not_print(t *testing.T) {
	text := strings.ReplaceAll(example(t), "secret: {inline: emulated-azure-openai}",
		"secret: {env: THE_SECRET}\n    auth: {kind: entra-secret, tenant: t, client_id: app}")
	text = strings.ReplaceAll(text, "secret: {inline: emulated-aws-openai}", "auth: {kind: aws-chain}")

	c, err := app.Load("concord.yaml", withConfig(text, map[string]string{"THE_SECRET": "sk-very-secret"}), known)
	if err != nil {
		t.Fatal(err)
	}

	sources := 0
	for i := range c.Targets {
		if c.Targets[i].Tokens != nil {
			sources++
		}
	}
	if sources != 2 {
		t.Errorf("%d deployments have a source, want one on Azure and one on AWS", sources)
	}
	if printed := fmt.Sprintf("%v %+v %#v", c.Targets, c.Targets, c.Targets); strings.Contains(printed, "sk-very-secret") {
		t.Error("a secret prints")
	}
	again, err := app.Load("concord.yaml", withConfig(text, map[string]string{"THE_SECRET": "sk-very-secret"}), known)
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := app.Load("concord.yaml", withConfig(text, map[string]string{"THE_SECRET": "another"}), known)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Targets[0].Equal(&again.Targets[0]) || c.Targets[0].Equal(&rotated.Targets[0]) {
		t.Error("a target must equal itself when it is read again, and differ when its secret does")
	}
}

func TestConfig_a_secret_in_the_file_is_for_emulators_only(t *testing.T) {
	text := strings.ReplaceAll(example(t), "endpoint: http://127.0.0.1:9105", "endpoint: https://api.openai.com")

	_, err := app.Load("concord.yaml", withConfig(text, nil), known)

	if err == nil || !strings.Contains(err.Error(), "emulators on this machine only") || strings.Contains(err.Error(), "emulated-openai") {
		t.Errorf("got %v", err)
	}
}

func TestDataDir_needs_no_secret(t *testing.T) {
	text := strings.ReplaceAll(example(t), "{inline: emulated-openai}", "{env: NO_SUCH_SECRET}")

	dir, err := app.DataDir("concord.yaml", withConfig(text, nil))

	if err != nil || dir != "./concord-data" {
		t.Errorf("got %q, %v", dir, err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(example(f)))
	f.Add([]byte("concord: 1\naccounts: {a: {cloud: azure}}\n"))
	f.Add([]byte("concord: [1"))
	f.Add([]byte("concord: &a {b: *a}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, err := app.Load("concord.yaml", withConfig(string(text), nil), known)
		if err != nil && err.Error() == "" {
			t.Fatal("an error that says nothing")
		}
	})
}

func FuzzParseFaults(f *testing.F) {
	f.Add([]byte("faults:\n  - {kind: down, from: 10s, until: 20s}\n  - {kind: cut, after: 40, every: 3}\n"))
	f.Add([]byte("faults: [{kind: none}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		faults, err := app.ParseFaults("faults.yaml", text)
		if err != nil && (faults != nil || err.Error() == "") {
			t.Fatalf("%v beside %v", faults, err)
		}
	})
}
