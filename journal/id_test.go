package journal_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"concord/journal"
	"concord/journal/journaltest"
)

func TestRequestIDsHaveOneText(t *testing.T) {
	t.Parallel()
	id := journal.NewRequestID(1_777_852_800_000, 0xabcd, 0x0123456789abcdef)
	if got, want := id.String(), "req_01kqr4hq00nf6g28t5cy4tqkff"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if id.Millis() != 1_777_852_800_000 || id.ChainTag() != 0xabcd {
		t.Errorf("got %d ms and tag %x", id.Millis(), id.ChainTag())
	}
}

func TestRequestIDsComeBackAndSortAsTheirTexts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := request(t), request(t)
		back, err := journal.ParseRequestID(a.String())
		if err != nil || back != a {
			t.Fatalf("%x became %s, %v", a, back, err)
		}
		if strings.Compare(a.String(), b.String()) != bytes.Compare(a[:], b[:]) {
			t.Fatalf("%s and %s do not sort as %x and %x", a, b, a, b)
		}
	})
}

func TestRequestIDsAreReadStrictly(t *testing.T) {
	t.Parallel()
	good := journaltest.Request(1).String()
	for text, want := range map[string]string{
		"":                                `does not begin with "req_"`,
		"01hq":                            `does not begin with "req_"`,
		good[:len(good)-1]:                "has 25 letters",
		good + "0":                        "has 27 letters",
		"req_8" + good[5:]:                `first letter is "8"`,
		strings.ToUpper(good):             `does not begin with`,
		good[:len(good)-1] + "u":          `letter 26 is "u"`,
		good[:10] + "O" + good[11:]:       `letter 7 is "O"`,
		"req_" + strings.Repeat("x", 900): "has 900 letters",
	} {
		if _, err := journal.ParseRequestID(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzParseRequestID(f *testing.F) {
	f.Add(journaltest.Request(1).String())
	f.Add("req_zzzzzzzzzzzzzzzzzzzzzzzzzz")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := journal.ParseRequestID(s); err == nil && id.String() != s {
			t.Errorf("%q is another text of %s", s, id)
		}
	})
}

func TestChainIDsComeBack(t *testing.T) {
	t.Parallel()
	for _, id := range []journal.ChainID{
		journaltest.Chain(1), {Gateway: "a-b.c_d-20260101T000000.000000000Z-0000000000000000", Started: -5, Random: 1}, {Gateway: "x"},
	} {
		if got, err := journal.ParseChainID(id.String()); err != nil || got != id {
			t.Errorf("%s came back as %s, %v", id, got, err)
		}
	}
	if got, want := journaltest.Chain(1).String(), "gateway-1-20260504T000000.000000001Z-0123456789abcd01"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzParseChainID(f *testing.F) {
	f.Add(journaltest.Chain(1).String())
	f.Add("x-20260504T000000.000000001Z-0123456789ABCD01")
	f.Add("-20260504T000000.000000001Z-0123456789abcd01")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := journal.ParseChainID(s); err == nil && id.String() != s {
			t.Errorf("%q is another text of %s", s, id)
		}
	})
}

func TestKindsAndOutcomesHaveNames(t *testing.T) {
	t.Parallel()
	var names []string
	for k := journal.KindOpen; k <= journal.KindMerge; k++ {
		names = append(names, k.String())
	}
	if slices.ContainsFunc(names, func(s string) bool { return s == "" || strings.HasPrefix(s, "kind") }) {
		t.Errorf("a kind has no name: %v", names)
	}
	if got := journal.Kind(99).String() + ", " + journal.Outcome(99).String() + ", " + journal.Interrupted.String(); got != "kind 99, outcome 99, interrupted" {
		t.Errorf("got %s", got)
	}
}
