package report_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"concord/agreement"
	"concord/money"
	"concord/report"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestATableStandsWithinAHundredColumns(t *testing.T) {
	table := report.NewTable("from", "to", "clause", ">USD", "note")
	table.Row("openai", "microsoft", "share-openai-to-microsoft", report.Money(money.MustParse("1234567.891"), 2), "20 % of the sales of OpenAI on all clouds, both streams, gross, capped at 38,000,000,000 USD [1]")
	table.Row("amazon", "openai", "share-amazon-to-openai", report.Money(money.MustParse("-0.005"), 2), "完全な幅の文字 take two columns each")
	table.Row("alibaba", "", "\x1b[31mred\u202etfel", "7", "control characters are no layout")
	table.Rule()
	table.Row("", "", "", report.Money(money.MustParse("1234567.886"), 2), "", "a cell too many")
	if table.Len() != 4 {
		t.Errorf("%d rows", table.Len())
	}

	var out bytes.Buffer
	if err := table.Write(&out); err != nil {
		t.Fatal(err)
	}

	golden(t, "table.golden", out.Bytes())
	for line := range strings.Lines(out.String()) {
		if n := report.Columns(strings.TrimSuffix(line, "\n")); n > report.Width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestATableWithoutTitlesHasNoHead(t *testing.T) {
	table := &report.Table{Columns: []report.Column{{}, {Align: report.Right}}, Indent: 2}
	table.Row("requests", report.Count(19366))
	table.Row("failed", report.Count(0))
	var out bytes.Buffer
	if err := table.Write(&out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("  requests  19,366\n  failed         0\n", out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestFiguresReadWell(t *testing.T) {
	got := []string{
		report.Money(money.MustParse("1234.567"), 2), report.Money(money.MustParse("-999999.9999995"), 6),
		report.Money(money.MustParse("0.000004"), 6), report.Money(money.MustParse("38000000000"), 0), report.Money(money.Amount{}, 2),
		report.Count(-1234567), report.Count(-9223372036854775808), report.Percent(1, 3, 1), report.Percent(5, 0, 1), report.Percent(0, 7, 0),
		report.Rate(money.MustParseRate("12.5%"), 2),
	}
	want := []string{
		"1,234.57", "-1,000,000.000000", "0.000004", "38,000,000,000", "0.00",
		"-1,234,567", "-9,223,372,036,854,775,808", "33.3 %", "-", "0 %", "12.50 %",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDurationsShowTheDigitsThatMatter(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ns", 340 * time.Nanosecond: "340 ns", 1250 * time.Microsecond: "1.25 ms", 62_340 * time.Microsecond: "62.3 ms",
		340 * time.Microsecond: "340 µs", 58_320 * time.Millisecond: "58.3 s", 725 * time.Second: "12 min 05 s", -time.Second: "-1.00 s",
		200 * time.Minute: "3 h 20 min", 1999*time.Microsecond + 999: "2.00 ms",
	} {
		if got := report.Duration(d); got != want {
			t.Errorf("%d ns: got %s, want %s", d, got, want)
		}
	}
}

func TestFootnotesAreNumberedOnceInOrderOfUse(t *testing.T) {
	var notes report.Footnotes
	marks := []string{
		notes.Mark(agreement.Reported, "the cap of 38,000,000,000 USD: press, unconfirmed; the parties have published neither the amount nor from when it counts"),
		notes.Mark(agreement.Public, "said by a party"),
		notes.Mark(agreement.Assumed, "streams 60/40"),
		notes.Mark(agreement.Reported, "the cap of 38,000,000,000 USD: press, unconfirmed; the parties have published neither the amount nor from when it counts"),
		notes.Mark("", ""),
	}
	if diff := cmp.Diff([]string{"[1]", "", "[2]", "[1]", "[3]"}, marks); diff != "" {
		t.Error(diff)
	}
	var out bytes.Buffer
	if err := notes.Write(&out, 60); err != nil {
		t.Fatal(err)
	}
	golden(t, "footnotes.golden", out.Bytes())
	if len(notes.Notes()) != 3 {
		t.Errorf("%v", notes.Notes())
	}
}

func TestJSONDependsOnItsContentAlone(t *testing.T) {
	var out bytes.Buffer
	err := report.WriteJSON(&out, struct {
		Zebra  money.Amount   `json:"zebra"`
		Apple  map[string]int `json:"apple"`
		Big    int64          `json:"big"`
		Empty  []string       `json:"empty"`
		Markup string         `json:"markup"`
	}{money.MustParse("0.02"), map[string]int{"b": 1, "a": 2}, 9007199254740993, []string{}, "<a&b>"})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "json.golden", out.Bytes())
}

func TestWrappedTextKeepsItsWordsAndItsWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("abc -/: 漢字\t\u0301\x1b"))).Draw(t, "text")
		width := rapid.IntRange(2, 30).Draw(t, "width")
		lines := report.Wrap(text, width)
		var kept strings.Builder
		for _, line := range lines {
			if report.Columns(line) > width {
				t.Fatalf("%q has %d columns of %d", line, report.Columns(line), width)
			}
			kept.WriteString(strings.ReplaceAll(line, " ", ""))
		}
		if want := strings.Join(strings.Fields(report.Clean(text)), ""); kept.String() != want {
			t.Fatalf("%q became %q", want, kept.String())
		}
	})
}

func TestProgressDrawsOneLineAndRemovesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := report.AlwaysProgress(&out, "replay", 19366)
		time.Sleep(28100 * time.Millisecond) // virtual
		p.Set(9683, "azure is down")
		p.Set(9700, "too soon to be drawn")
		p.Done()
		p.Set(9800, "")
		p.Done()
		golden(t, "progress.golden", bytes.ReplaceAll(out.Bytes(), []byte("\r"), []byte("\n")))
	})
}

func TestProgressIsSilentInAPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := report.NewProgress(w, "replay", 2)
	p.Set(1, "")
	p.Done()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := out.ReadFrom(r); err != nil || out.Len() > 0 {
		t.Errorf("%q, %v", out.String(), err)
	}
	var file *os.File
	if report.Terminal(&out) || report.Terminal(file) {
		t.Error("neither is a terminal")
	}
}
