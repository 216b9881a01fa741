package condition_test

import (
	"fmt"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"pgregory.net/rapid"

	"concord/agreement/condition"
)

// byCEL is what CEL itself says of a condition: Unknown where it says unknown, and where it says error, which is what it
// says of an attribute that is not there.
func byCEL(t testing.TB, l *condition.Language, text string, f *condition.Facts) condition.Truth {
	t.Helper()
	checked, issues := l.Env().Compile(text)
	if issues.Err() != nil {
		t.Fatalf("%s: %v", text, issues.Err())
	}
	program, err := l.Env().Program(checked, cel.EvalOptions(cel.OptPartialEval))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	attributes := map[string]string{}
	for _, a := range f.Attributes {
		attributes[a.Name] = a.Value
	}
	known := map[string]any{"attributes": attributes}
	var unknown []*cel.AttributePatternType
	for _, n := range condition.Names() {
		switch {
		case n == condition.Attributes:
		case n == condition.Stream && f.Stream != condition.Unknown:
			known["stream"] = f.Stream == condition.True
		case f.Text(n) != "":
			known[string(n)] = f.Text(n)
		default:
			unknown = append(unknown, cel.AttributePattern(string(n)))
		}
	}
	vars, err := cel.PartialVars(known, unknown...)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := program.Eval(vars)
	switch {
	case err != nil || types.IsUnknownOrError(out):
		return condition.Unknown
	default:
		return condition.Of(out == types.True)
	}
}

func language(t testing.TB) *condition.Language {
	t.Helper()
	l, err := condition.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// values are few, so that facts and literals often meet.
func values() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"azure", "aws", "eu", "openai/gpt-5.4", "openai/", "a", ""})
}

func someFacts() *rapid.Generator[condition.Facts] {
	return rapid.Custom(func(t *rapid.T) condition.Facts {
		v := func(n condition.Name) string { return values().Draw(t, string(n)) }
		f := condition.Facts{
			Product: v(condition.Product), Owner: v(condition.Owner), State: v(condition.State), Cloud: v(condition.Cloud),
			Region: v(condition.Region), Zone: v(condition.Zone), Account: v(condition.Account), Seller: v(condition.Seller),
			Customer: v(condition.Customer), Territory: v(condition.Territory), API: v(condition.API),
			Stream: condition.Truth(rapid.IntRange(0, 2).Draw(t, "stream")),
		}
		for _, name := range []string{"class", "team"} {
			if rapid.Bool().Draw(t, name) {
				f.Attributes = append(f.Attributes, condition.Attribute{Name: name, Value: values().Draw(t, name+"'s")})
			}
		}
		return f
	})
}

// text writes a part that is a text; truth one that is true or false.
func text(t *rapid.T) string {
	switch rapid.IntRange(0, 4).Draw(t, "text") {
	case 0:
		return fmt.Sprintf("%q", values().Draw(t, "literal"))
	case 1:
		return rapid.SampledFrom([]string{"attributes.class", `attributes["team"]`, "attributes.absent"}).Draw(t, "attribute")
	default:
		return rapid.SampledFrom([]string{"product", "owner", "state", "cloud", "region", "zone", "account", "seller", "customer", "territory", "api"}).Draw(t, "fact")
	}
}

func truth(t *rapid.T, depth int) string {
	n := rapid.IntRange(0, 11).Draw(t, "truth")
	if depth == 0 {
		n = rapid.IntRange(4, 11).Draw(t, "leaf")
	}
	switch n {
	case 0, 1:
		return fmt.Sprintf("(%s && %s)", truth(t, depth-1), truth(t, depth-1))
	case 2:
		return fmt.Sprintf("(%s || %s)", truth(t, depth-1), truth(t, depth-1))
	case 3:
		return fmt.Sprintf("((%s) %s (%s))", truth(t, depth-1), rapid.SampledFrom([]string{"==", "!="}).Draw(t, "op"), truth(t, depth-1))
	case 4:
		return rapid.SampledFrom([]string{"stream", "!stream", "true", "false"}).Draw(t, "plain")
	case 5:
		return rapid.SampledFrom([]string{"has(attributes.class)", `"team" in attributes`, `!("absent" in attributes)`}).Draw(t, "has")
	case 6:
		return fmt.Sprintf("%s.startsWith(%s)", text(t), text(t))
	case 7:
		return fmt.Sprintf("%s < %s", text(t), text(t))
	case 8:
		items := rapid.SliceOfN(values(), 0, 3).Draw(t, "items")
		for i := range items {
			items[i] = fmt.Sprintf("%q", items[i])
		}
		return fmt.Sprintf("%s in [%s]", text(t), strings.Join(items, ", "))
	case 9:
		return "!(" + truth(t, max(depth-1, 0)) + ")"
	case 10:
		return fmt.Sprintf("%s != %s", text(t), text(t))
	default:
		return fmt.Sprintf("%s == %s", text(t), text(t))
	}
}

func TestAConditionSaysWhatCELSays(t *testing.T) {
	l := language(t)
	rapid.Check(t, func(r *rapid.T) {
		written := truth(r, 4)
		facts := someFacts().Draw(r, "facts")

		c, problems := l.Compile(written)

		for _, p := range problems {
			if !strings.Contains(p.Message, "more than") && !strings.Contains(p.Message, "characters") && !strings.Contains(p.Message, "nest") && !strings.Contains(p.Message, "limit") {
				t.Fatalf("%s: at %d: %s", written, p.Offset, p.Message)
			}
		}
		if c == nil {
			r.Skip("too long")
		}
		if want, got := byCEL(t, l, written, &facts), c.Eval(&facts); got != want {
			r.Fatalf("%s over %+v: CEL says %v, the condition %v", written, facts, want, got)
		}
	})
}

// FuzzCompile reads anything: what is admitted says what CEL says, and nothing panics.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`cloud == "azure"`, `attributes.class == "gov" && !stream`, `product.startsWith("openai/") || api in ["chat"]`,
		`[1, 2].exists(x, x > 1)`, `timestamp("2026-01-01T00:00:00Z") < now`, `cloud == `, `"a" in attributes == true`, `cloud in attributes`,
		`{"a": 1}.a == 1`, `has(attributes.class)`, `b"\x00" == b"x"`, `cloud.size() == 3`, `"\u00e9" < cloud`, strings.Repeat("!", 300) + "stream",
		strings.Repeat("(", 100), `attributes["a"]["b"] == "c"`, `stream < true`, `[] == []`, `cloud in [cloud]`, "r'''a\nb''' == zone",
	} {
		f.Add(seed, "azure", true)
	}
	l, err := condition.NewLanguage()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, written, cloud string, stream bool) {
		c, problems := l.Compile(written)
		if (c == nil) != (len(problems) > 0) {
			t.Fatalf("%q: a condition %v and the problems %v", written, c != nil, problems)
		}
		for _, p := range problems {
			if p.Offset < 0 || p.Offset > len([]rune(written)) || p.Message == "" || p.Remedy == "" {
				t.Errorf("%q: %+v", written, p)
			}
		}
		if c == nil {
			return
		}
		facts := condition.Facts{Cloud: cloud, Stream: condition.Of(stream), API: "chat", Attributes: []condition.Attribute{{Name: "class", Value: "gov"}}}
		if want, got := byCEL(t, l, written, &facts), c.Eval(&facts); got != want {
			t.Errorf("%q over %+v: CEL says %v, the condition %v", written, facts, want, got)
		}
	})
}
