package pricing_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"

	"concord/pricing"

	"github.com/google/go-cmp/cmp"
)

// with replaces a part of the list that every test starts from.
func with(old, new string) string {
	if !strings.Contains(list, old) {
		panic("the list has no " + old)
	}
	return strings.Replace(list, old, new, 1)
}

func TestWhatIsWrongIsFoundWithItsPlace(t *testing.T) {
	entry := "\n  - {product: openai/gpt-5.4, seller: openai, from: 2026-01-01, input: \"1\"}\n"
	for _, c := range []struct{ name, doc, want string }{
		{"unknown field", with("seller:", "vendor:"), "9:5 prices-unknown-field"},
		{"unknown field at the top", with("per:", "each:"), "4:1 prices-unknown-field"},
		{"duplicate field", with("    input:", "    input: \"1\"\n    input:"), "12:5 prices-duplicate-field"},
		{"anchor", with("seller: openai", "seller: &s openai"), "9:13 prices-anchor"},
		{"alias", with("seller: openai", "seller: *s"), "9:13 prices-anchor"},
		{"merge key", with("seller: openai", "<<: {seller: openai}"), "9:5 prices-anchor"},
		{"tag", with("seller: openai", "seller: !!str openai"), "9:13 prices-tag"},
		{"directive", "%YAML 1.2\n---\n" + list, "1:1 prices-directive"},
		{"second document", list + "---\nconcord: 1\n", "16:1 prices-second-document"},
		{"not YAML", with("\"2.50\"", "\"2.50"), "12:18 prices-syntax"},
		{"unquoted amount", with("\"2.50\"", "2.50"), "11:12 prices-unquoted"},
		{"too fine", with("\"2.50\"", "\"2.5000001\""), "11:12 prices-inexact"},
		{"negative", with("\"2.50\"", "\"-1\""), "11:12 prices-price"},
		{"not a number", with("\"2.50\"", "\"1e3\""), "11:12 prices-price"},
		{"no from", with("    from: 2023-01-01\n", ""), "8:5 prices-missing-field"},
		{"bad from", with("2023-01-01", "2023-13-01"), "10:11 prices-instant"},
		{"until before from", with("from: 2023-01-01", "from: 2023-01-01\n    until: 2022-01-01"), "11:12 prices-until"},
		{"bad tier", with("seller: openai", "seller: openai\n    tier: fast"), "10:11 prices-tier"},
		{"bad provenance", with("reported", "rumour"), "5:13 prices-provenance"},
		{"no provenance", with("provenance: reported\n", ""), "7:5 prices-missing-field"},
		{"two kinds", with("prices: openai-list", "prices: a\ncosts: b"), "1:1 prices-kind"},
		{"no version", with("concord: 1\n", ""), "1:1 prices-version"},
		{"another version", with("concord: 1", "concord: 2"), "1:10 prices-version"},
		{"bad currency", with("USD", "dollar"), "3:11 prices-currency"},
		{"bad quantity", with("1M tokens", "1B tokens"), "4:6 prices-per"},
		{"star inside", with("product: openai/gpt-5.4", "product: openai/*-5.4"), "8:14 prices-product"},
		{"seller with a space", with("seller: openai", "seller: open ai"), "9:13 prices-name"},
		{"no seller", with("    seller: openai\n", ""), "8:5 prices-missing-field"},
		{"step without output", with(", output: \"22.5\"", ""), "14:12 prices-above"},
		{"step without a bound", with("prompt_tokens: 272000, ", ""), "14:12 prices-missing-field"},
		{"cloud twice", with("seller: openai", "seller: openai\n    clouds: [aws, aws]"), "10:19 prices-cloud"},
		{"no clouds", with("seller: openai", "seller: openai\n    clouds: []"), "10:13 prices-type"},
		{"overlap", list + entry, "16:5 prices-overlap"},
		{"control character", with("a test", "\"a \\e[31mtest\""), "6:9 prices-text"},
		{"empty", "# nothing\n", "1:1 prices-empty"},
		{"a list", "- a\n", "1:1 prices-type"},
		{"not UTF-8", "concord: \xff\n", "1:1 prices-not-text"},
		{"too deep", "a: " + strings.Repeat("[", 5000), "1:20 prices-too-deep"},
		{"too deep in dashes", strings.Repeat("- ", 5000), "1:33 prices-too-deep"},
		{"too many colons", strings.Repeat(": ", 100_000), "1:129 prices-too-many-fields"},
		{"too large", "#" + strings.Repeat("x", 1<<20), "1:1 prices-too-large"},
	} {
		book, findings := pricing.Parse("p.yaml", []byte(c.doc))
		if book != nil || len(findings) == 0 {
			t.Errorf("%s: accepted", c.name)
			continue
		}
		f := findings[0]
		if got := fmt.Sprintf("%d:%d %s", f.Pos.Line, f.Pos.Column, f.Rule); got != c.want {
			t.Errorf("%s: got %s (%s), want %s", c.name, got, f.Message, c.want)
		}
		if f.Pos.File != "p.yaml" || f.Message == "" || f.Remedy == "" || len(f.Message) > 300 {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	doc := strings.NewReplacer("\"2.50\"", "2.50", "2023-01-01", "soon", "USD", "usd").Replace(list)
	_, findings := pricing.Parse("p.yaml", []byte(doc))
	var rules []string
	for _, f := range findings {
		rules = append(rules, f.Rule)
	}
	if diff := cmp.Diff([]string{"prices-currency", "prices-instant", "prices-unquoted"}, rules); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("currency: usd\n          ^", findings[0].Excerpt); diff != "" {
		t.Error(diff)
	}
}

func TestAnOverlapNamesBothLines(t *testing.T) {
	_, findings := pricing.Parse("p.yaml", []byte(list+"  - {product: openai/gpt-5.4, seller: openai, from: 2026-01-01, input: \"1\"}\n"))
	if len(findings) != 1 || !strings.Contains(findings[0].Message, "lines 8 and 15") {
		t.Errorf("%+v", findings)
	}
}

func TestAFileMayHoldSeveralBooksThatEachKeepTheirBytes(t *testing.T) {
	second := strings.Replace(list, "openai-list", "other-list", 1)
	books, findings := pricing.ParseAll("all.yaml", []byte("# head\n---\n"+list+"---\n"+second+"---\n# tail\n"))
	if len(findings) > 0 || len(books) != 2 {
		t.Fatalf("%d books, %+v", len(books), findings)
	}
	for i, want := range []string{list, second} {
		if diff := cmp.Diff(want, string(books[i].Bytes())); diff != "" {
			t.Error(diff)
		}
		again := mustParse(t, string(books[i].Bytes()))
		if again.Hash != books[i].Hash || again.Hash != sha256.Sum256([]byte(want)) || again.Name != books[i].Name {
			t.Errorf("book %d is not itself when it is read again", i)
		}
	}

	wrong := strings.Replace(second, "USD", "usd", 1)
	_, findings = pricing.ParseAll("all.yaml", []byte(list+"---\n"+wrong))
	if len(findings) != 1 || findings[0].Pos.Line != 18 {
		t.Errorf("a mistake in the second book: %+v", findings)
	}
	_, findings = pricing.ParseAll("all.yaml", []byte(list+"---\n"+list))
	if len(findings) != 1 || findings[0].Rule != "prices-name" {
		t.Errorf("two books of one name: %+v", findings)
	}
	if _, findings = pricing.ParseAll("all.yaml", nil); len(findings) != 1 {
		t.Errorf("an empty file: %+v", findings)
	}
}

func TestManyFieldsAndManyFindingsStayBounded(t *testing.T) {
	var fields, entries strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&fields, "a%d: b\n", i)
		fmt.Fprintf(&entries, "  - {x: y}\n")
	}
	_, findings := pricing.Parse("p.yaml", []byte(fields.String()))
	if len(findings) != 1 || findings[0].Rule != "prices-too-many-fields" {
		t.Errorf("%+v", findings)
	}
	_, findings = pricing.Parse("p.yaml", []byte(list+entries.String()))
	if len(findings) != 100 {
		t.Errorf("%d findings", len(findings))
	}
}

func FuzzParseNeverPanicsAndReadsItsOwnBytes(f *testing.F) {
	f.Add([]byte(list))
	f.Add([]byte("concord: 1\ncosts: c\n---\n- [a, {b: c}]\n"))
	f.Add([]byte("? a\n: b\n"))
	f.Add([]byte("a: |\n  x\n...\n"))
	for _, name := range []string{"prices.yaml", "costs.yaml"} {
		example, err := os.ReadFile("../examples/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(example)
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		books, findings := pricing.ParseAll("f.yaml", doc)
		if (len(books) == 0) != (len(findings) > 0) {
			t.Fatalf("%d books and %d findings", len(books), len(findings))
		}
		for _, book := range books {
			again, _ := pricing.Parse("again.yaml", book.Bytes())
			if again == nil || again.Hash != book.Hash || !bytes.Contains(doc, book.Bytes()) {
				t.Fatalf("the book %s is not itself when it is read again", book.Name)
			}
		}
	})
}
