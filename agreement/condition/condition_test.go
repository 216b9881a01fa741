package condition_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/agreement/condition"
)

var update = flag.Bool("update", false, "rewrite the expected refusals")

func compile(t testing.TB, text string) *condition.Condition {
	t.Helper()
	c, problems := language(t).Compile(text)
	if c == nil {
		t.Fatalf("%s: %v", text, problems)
	}
	return c
}

func TestAConditionIsTrueFalseOrUnknown(t *testing.T) {
	azure := condition.Facts{
		Product: "openai/gpt-5.4", Owner: "openai", Cloud: "azure", Customer: "acme", Seller: "openai", API: "chat", Stream: condition.True,
		Attributes: []condition.Attribute{{Name: "class", Value: "gov"}},
	}
	for text, want := range map[string]condition.Truth{
		`cloud == "azure"`:                              condition.True,
		`cloud != "azure"`:                              condition.False,
		`cloud in ["aws", "gcp"]`:                       condition.False,
		`product.startsWith("openai/") && stream`:       condition.True,
		`attributes.class == "gov"`:                     condition.True,
		`attributes["class"] in ["gov", "defense"]`:     condition.True,
		`"team" in attributes`:                          condition.False,
		`has(attributes.class)`:                         condition.True,
		`attributes.team == "blue"`:                     condition.Unknown, // the customer has no team
		`attributes.team != "blue"`:                     condition.Unknown,
		`has(attributes.team) && attributes.team == ""`: condition.False,
		`zone == "eu"`:                                  condition.Unknown, // the deployment states none
		`zone == "eu" && cloud == "aws"`:                condition.False,   // whatever the zone is
		`zone == "eu" || cloud == "azure"`:              condition.True,
		`!(zone == "eu")`:                               condition.Unknown,
		`owner == seller`:                               condition.True,
		`customer < "b"`:                                condition.True,
		`true`:                                          condition.True,
	} {
		if got := compile(t, text).Eval(&azure); got != want {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
	}
}

func TestWhatIsNoConditionIsRefusedWithItsPlace(t *testing.T) {
	l := language(t)
	var got strings.Builder
	for _, text := range []string{
		`clod == "azure"`, `cloud = "azure"`, `cloud == "azure`, `cloud`, `cloud == 1`, `cloud == stream`, `size(cloud) == 5`,
		`cloud > "a"`, `stream ? true : false`, `[cloud].exists(c, c == "azure")`, `cloud.matches("az.*")`,
		`timestamp("2026-01-01T00:00:00Z") == timestamp("2026-01-01T00:00:00Z")`, `cloud + "x" == "azurex"`,
		`attributes == attributes`, `attributes[cloud] == "x"`, `cloud in [zone]`, `cloud.name == "azure"`, `cloud in zone`, `""`, ` `, `stream < true`,
		`{"a": "b"}.a == cloud`, `cloud ==`, `cloud == "azure" and stream`, `cloud == "azure" $`,
		strings.Repeat("stream && ", 150) + "stream", strings.Repeat("x", 3000),
	} {
		c, problems := l.Compile(text)
		if c != nil || len(problems) == 0 {
			t.Errorf("%s is admitted", text)
			continue
		}
		shown := text
		if len(shown) > 60 {
			shown = shown[:20] + "..."
		}
		p := problems[0]
		fmt.Fprintf(&got, "%s\n  %d: %s\n  %s\n", shown, p.Offset, p.Message, p.Remedy)
	}
	const file = "testdata/refused.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAConditionTellsWhatItNames(t *testing.T) {
	c := compile(t, `attributes.class == "gov" && (cloud in ["aws", "gcp"] || product.startsWith("openai/")) && !has(attributes.team)`)
	want := []condition.Literal{
		{Fact: "attributes", Attribute: "class", Value: "gov", Offset: 20},
		{Fact: "cloud", Value: "aws", Offset: 40}, {Fact: "cloud", Value: "gcp", Offset: 47},
		{Fact: "product", Value: "openai/", Prefix: true, Offset: 76},
	}
	if diff := cmp.Diff(want, c.Literals()); diff != "" {
		t.Errorf("literals, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]condition.Use{{"attributes", 0}, {"cloud", 30}, {"product", 57}}, c.Uses()); diff != "" {
		t.Errorf("uses, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"class", "team"}, c.AttributeNames()); diff != "" {
		t.Errorf("attributes, -want +got:\n%s", diff)
	}
}

// realistic has five terms, a list and a prefix: what the table of measurements in the design used.
const realistic = `product.startsWith("openai/") && cloud in ["azure", "aws", "gcp"] && zone == "eu" && attributes.class != "gov" && !stream`

func realisticFacts() condition.Facts {
	return condition.Facts{
		Product: "openai/gpt-5.4", Owner: "openai", State: "stateless", Cloud: "gcp", Region: "europe-west4", Zone: "eu", Seller: "openai",
		Customer: "acme", Territory: "eu", API: "chat", Stream: condition.False, Attributes: []condition.Attribute{{Name: "class", Value: "bank"}},
	}
}

func TestAConditionAllocatesNothing(t *testing.T) {
	c, f := compile(t, realistic), realisticFacts()
	if c.Eval(&f) != condition.True {
		t.Fatal("the condition should hold")
	}
	if n := testing.AllocsPerRun(100, func() { c.Eval(&f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkCondition evaluates one realistic condition, by this package and by CEL's own interpreter.
func BenchmarkCondition(b *testing.B) {
	b.Run("concord", func(b *testing.B) {
		c, f := compile(b, realistic), realisticFacts()
		b.ReportAllocs()
		for b.Loop() {
			c.Eval(&f)
		}
	})
	b.Run("cel-go", func(b *testing.B) {
		l, f := language(b), realisticFacts()
		checked, issues := l.Env().Compile(realistic)
		if issues.Err() != nil {
			b.Fatal(issues.Err())
		}
		program, err := l.Env().Program(checked)
		if err != nil {
			b.Fatal(err)
		}
		vars := map[string]any{"attributes": map[string]string{"class": "bank"}, "stream": false}
		for _, n := range condition.Names() {
			if n != condition.Attributes && n != condition.Stream {
				vars[string(n)] = f.Text(n)
			}
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := program.Eval(vars); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCompile is what a condition costs once, when its file is loaded.
func BenchmarkCompile(b *testing.B) {
	l := language(b)
	b.ReportAllocs()
	for b.Loop() {
		if c, problems := l.Compile(realistic); c == nil {
			b.Fatal(problems)
		}
	}
}
