package agreementfile_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"concord/agreement"
	"concord/agreement/agreementfile"
)

func example(t testing.TB, name string) []byte {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "..", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func ofRule(findings []agreement.Finding, rule string) (of []agreement.Finding) {
	for _, f := range findings {
		if f.Rule == rule {
			of = append(of, f)
		}
	}
	return of
}

// TestShortForm runs testdata/short: for every rule a document that breaks it, and one that keeps to it.
func TestShortForm(t *testing.T) {
	for _, rule := range agreementfile.ShortRules() {
		t.Run(rule.ID, func(t *testing.T) {
			name := filepath.Join("testdata", "short", rule.ID+".txtar")
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			a, findings := agreementfile.Parse("deal.yaml", archive.Files[0].Data)
			got := ofRule(findings, rule.ID)
			if a != nil || len(got) == 0 {
				t.Errorf("the failing case is read, or fails by another rule:\n%s", render(findings))
			}
			if _, findings := agreementfile.Parse("deal.yaml", archive.Files[1].Data); len(ofRule(findings, rule.ID)) > 0 {
				t.Errorf("the passing case has:\n%s", render(findings))
			}
			for _, f := range findings {
				if !strings.HasPrefix(f.Rule, "short-") {
					t.Errorf("a case has a mistake of form:\n%s", f)
				}
			}
			want := &archive.Files[2]
			if *update {
				want.Data = []byte(render(got))
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), render(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestTheSeedIsTheArticles holds examples/seed.yaml to the two blocks of the article, whose indentation is all that was lost.
func TestTheSeedIsTheArticles(t *testing.T) {
	var got []string
	for line := range strings.Lines(string(example(t, "seed.yaml"))) {
		got = append(got, strings.TrimSpace(line))
	}
	want := []string{
		"cloud_deployment_strategy:", "primary_cloud:", "azure:", "priority: 1 # 優先 Azure", "rationale: 微軟排他優先權",
		"alternative_clouds:", "aws:", "priority: 2", "capability: IP 授權支持", "gcp:", "priority: 2", "capability: IP 授權支持",
		"hybrid:", "flexibility: true", "multi_cloud: true", "customer_choice: true",
		"ip_licensing_model:", "duration: 2032-01-01", "exclusivity: non-exclusive", "license_type:", "azure: exclusive", "others: non-exclusive",
		"revenue_share:", "microsoft_to_openai: false # 微軟不再向 OpenAI 支付", "openai_to_microsoft: true # OpenAI 仍需向微軟支付", "timeline: 2030-12-31",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-article +seed:\n%s", diff)
	}
}

func TestTheSeedIsReadAndNeverInForce(t *testing.T) {
	a, findings := agreementfile.Parse("seed.yaml", example(t, "seed.yaml"))

	if a != nil {
		t.Error("the seed is an agreement")
	}
	var got []string
	for _, f := range findings {
		got = append(got, fmt.Sprintf("%d:%d %s", f.Pos.Line, f.Pos.Column, f.Rule))
		if f.Remedy == "" || f.Excerpt == "" || f.Severity != agreement.Error {
			t.Errorf("a finding without remedy, excerpt or severity: %s", f)
		}
	}
	want := []string{
		"1:1 short-form", "5:18 short-text", "6:3 short-no-group", "9:19 short-text", "11:17 short-tie", "12:19 short-text",
		"14:18 short-flag", "15:18 short-flag", "16:22 short-customer-choice", "18:13 short-end", "21:12 short-exclusivity", "22:13 short-others",
		"25:26 short-share-rate", "25:26 short-share-base", "25:26 short-share-cap", "26:15 short-end",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	contradiction := ofRule(findings, "short-exclusivity")[0]
	for _, place := range []string{"19:16", "21:12"} {
		if !strings.Contains(contradiction.Message, place) {
			t.Errorf("the contradiction does not name %s: %s", place, contradiction.Message)
		}
	}
}

// chosen converts the seed with the choices of the examples.
func chosen(t testing.TB) []byte {
	t.Helper()
	choices, findings := agreementfile.ParseChoices("seed-choices.yaml", example(t, "seed-choices.yaml"))
	full, more := agreementfile.Convert("seed.yaml", example(t, "seed.yaml"), choices)
	if found := slices.Concat(findings, more); len(found) > 0 {
		t.Fatalf("the choices are refused:\n%s", render(found))
	}
	return full
}

func TestTheResolvedSeedIsWhatConvertWrites(t *testing.T) {
	const name = "../../examples/seed-resolved.yaml"
	got := chosen(t)
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(example(t, "seed-resolved.yaml")), string(got)); diff != "" {
		t.Errorf("-file +converted:\n%s", diff)
	}
	for _, f := range lint(t, got) {
		if f.Severity == agreement.Error {
			t.Errorf("%s", f)
		}
	}
}

func lint(t testing.TB, full []byte) []agreement.Finding {
	t.Helper()
	a, findings := agreementfile.Parse("full.yaml", full)
	if a == nil {
		t.Fatalf("the full form is not read:\n%s\n%s", render(findings), full)
	}
	return agreement.NewSet(a).Lint(nil)
}

func TestEveryFindingOfTheSeedHasItsChoice(t *testing.T) {
	_, findings := agreementfile.Parse("seed.yaml", example(t, "seed.yaml"))
	full, _ := agreementfile.Convert("seed.yaml", example(t, "seed.yaml"), nil)

	for _, f := range findings {
		key, _, ok := strings.Cut(strings.TrimPrefix(f.Remedy, "choose "), "=")
		if f.Rule == "short-form" {
			continue // currency, zone and effective are its choices
		}
		if !ok || !bytes.Contains(full, []byte("# CHOICE "+key+": ")) {
			t.Errorf("no choice is marked for: %s", f)
		}
	}
	if got := bytes.Count(full, []byte("# CHOICE ")); got != len(findings)-1+3 {
		t.Errorf("%d choices for %d findings", got, len(findings))
	}
}

func TestEveryAnswerMakesAnAgreementWithoutErrors(t *testing.T) {
	seed := string(example(t, "seed.yaml"))
	for _, c := range []struct{ choices, says string }{
		{"currency=EUR", "currency: EUR"},
		{"zone=UTC", "zone: UTC"},
		{"effective=2026-05-01", "effective: 2026-05-01"},
		{"azure.rationale=first-ship", "first_ship: {cloud: azure"},
		{"openai.group=last", "[[azure], [aws, gcp, alibaba], [openai]]"},
		{"openai.group=none", "[[azure], [aws, gcp, alibaba]]"},
		{"multi_cloud=listed", "[[azure], [aws, gcp, openai]]"},
		{"tie=declared", "within: {value: declared"},
		{"tie=cheapest", "within: {value: cheapest"},
		{"customer_choice=none", "choice: {value: none"},
		{"flexibility=stay", "leave_for: {value: []"},
		{"exclusivity=exclusive", "reserved: {value: [host, serve, fine-tune]"},
		{"duration=until 2032-01-01", "until: {value: 2032-01-01"},
		{"duration=through 2040-06", "through: {value: 2040-06"},
		{"aws.capability=none others=none", "google-license"},
		{"openai_to_microsoft.rate=15%", `rate: {value: "15%"`},
		{"openai_to_microsoft.base=azure", "clouds: [azure], amount: gross"},
		{"openai_to_microsoft.cap=1000 USD", `caps: [{amount: "1000 USD"`},
		{"timeline=until 2030-12-31", "until: {value: 2030-12-31"},
	} {
		t.Run(c.choices, func(t *testing.T) {
			full, findings := agreementfile.Convert("seed.yaml", []byte(seed), flags(c.choices))
			if full == nil {
				t.Fatalf("refused:\n%s", render(findings))
			}
			for _, f := range lint(t, full) {
				if f.Severity == agreement.Error {
					t.Errorf("%s", f)
				}
			}
			if !strings.Contains(string(full), c.says) {
				t.Errorf("the full form does not say %s:\n%s", c.says, full)
			}
		})
	}
}

// flags reads choices as --set has them; a blank before a key begins the next one.
func flags(s string) (choices []agreementfile.Choice) {
	for part := range strings.SplitSeq(s, " ") {
		key, answer, ok := strings.Cut(part, "=")
		if !ok {
			choices[len(choices)-1].Answer += " " + part
			continue
		}
		choices = append(choices, agreementfile.Choice{Key: key, Answer: answer, Pos: agreement.Pos{File: "--set"}})
	}
	return choices
}

func TestChoicesThatDoNotFitAreRefused(t *testing.T) {
	for choices, says := range map[string]string{
		"exclusiveness=exclusive":                              `--set: error: the short form leaves no "exclusiveness" open`,
		"exclusivity=sole":                                     "choose non-exclusive (the public text) or exclusive",
		"openai_to_microsoft.rate=120%":                        "another rate",
		"openai_to_microsoft.cap=many":                         "another amount",
		"duration=2032-01-01":                                  "through or until another date",
		"zone=Mars/Olympus":                                    "another zone",
		"exclusivity=exclusive aws.capability=license":         "aws.capability=license gives another license",
		"currency=EUR openai_to_microsoft.cap=38000000000 USD": "is in another currency",
		"openai_to_microsoft.rate=1\"}":                        "cannot be",
	} {
		full, findings := agreementfile.Convert("seed.yaml", example(t, "seed.yaml"), flags(choices))
		if full != nil || !strings.Contains(render(findings), says) {
			t.Errorf("%s: accepted, or the findings do not say %q:\n%s", choices, says, render(findings))
		}
	}
	if full, _ := agreementfile.Convert("full.yaml", example(t, "openai-microsoft.yaml"), nil); full != nil {
		t.Error("a full form is converted")
	}
}

// FuzzShortForm holds that no short form takes the process down, and that what converts is an agreement that is read.
func FuzzShortForm(f *testing.F) {
	cases, err := filepath.Glob("testdata/short/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range cases {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data, []byte("exclusivity: exclusive\n"))
	}
	f.Add(example(f, "seed.yaml"), example(f, "seed-choices.yaml"))
	f.Fuzz(func(t *testing.T, doc, choice []byte) {
		choices, _ := agreementfile.ParseChoices("choices.yaml", choice)
		full, findings := agreementfile.Convert("seed.yaml", doc, choices)
		if full == nil {
			if len(findings) == 0 {
				t.Error("nothing is written, and nothing is said about it")
			}
			return
		}
		if again, _ := agreementfile.Convert("seed.yaml", doc, choices); !bytes.Equal(full, again) {
			t.Error("two runs differ")
		}
		lint(t, full)
	})
}
