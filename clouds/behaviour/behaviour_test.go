package behaviour_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/clouds/behaviour"
)

func TestTheSameSeedAndRequestGiveTheSameReply(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := behaviour.Default()
		r := behaviour.Request{Draw: rapid.Uint64().Draw(t, "draw"), PromptTokens: rapid.Int64Range(0, 100_000).Draw(t, "prompt"),
			MaxTokens: rapid.Int64Range(0, 400).Draw(t, "limit")}
		seed := rapid.Uint64().Draw(t, "seed")
		a, b := p.Answer(seed, &r), p.Answer(seed, &r)
		if d := cmp.Diff(a, b); d != "" {
			t.Fatal(d)
		}
		if a.FirstToken < 0 || a.PerToken < 0 || a.Tokens < 0 || a.Tokens > p.Longest {
			t.Fatalf("%+v", a)
		}
		if r.MaxTokens > 0 && a.Tokens > r.MaxTokens || a.Length && a.Tokens != r.MaxTokens {
			t.Fatalf("limit %d: %+v", r.MaxTokens, a)
		}
	})
}

func TestAPromptAsksForItsAnswer(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]behaviour.Directive{
		"say [reply 40 tokens] please":                        {Reply: 40, HasReply: true},
		"[reply 0 tokens]":                                    {HasReply: true},
		"[cached 7 tokens][reasoning 3 tokens]":               {Cached: 7, Reasoning: 3},
		"[reply 1 tokens] and [reply 2 tokens]":               {Reply: 2, HasReply: true},
		"[[reply 5 tokens]":                                   {Reply: 5, HasReply: true},
		"[filtered]":                                          {Filtered: true},
		"[reply -1 tokens] [reply x tokens] [other 1 tokens]": {},
		"a [ b ] c [reply 9 tokens":                           {},
		strings.Repeat("[", 100) + " tokens]":                 {},
	} {
		var got behaviour.Directive
		got.Read(text)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%.40q: %s", text, d)
		}
	}
}

func TestReasoningCountsToTheLimit(t *testing.T) {
	t.Parallel()
	p := behaviour.Default()
	for _, row := range []struct{ limit, reasoning, tokens int64 }{{0, 10, 20}, {15, 10, 5}, {10, 10, 0}, {4, 4, 0}, {30, 10, 20}} {
		r := behaviour.Request{MaxTokens: row.limit, Wish: behaviour.Directive{Reply: 20, HasReply: true, Reasoning: 10}}
		got := p.Answer(1, &r)
		if got.Reasoning != row.reasoning || got.Tokens != row.tokens || got.Length != (row.limit > 0 && row.limit < 30) {
			t.Errorf("limit %d: %+v", row.limit, got)
		}
	}
}

func TestOneWordIsOneToken(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n, cut := rapid.Int64Range(0, 200).Draw(t, "n"), rapid.Int64Range(0, 200).Draw(t, "cut")
		cut = min(cut, n)
		whole := string(behaviour.AppendWords(nil, 7, 0, n))
		parts := string(behaviour.AppendWords(behaviour.AppendWords(nil, 7, 0, cut), 7, cut, n))
		if whole != parts || len(strings.Fields(whole)) != int(n) || strings.ContainsAny(whole, "\"\\\n") {
			t.Fatalf("%q and %q for %d words", whole, parts, n)
		}
	})
}

func TestFaultsHaveWindows(t *testing.T) {
	t.Parallel()
	faults := behaviour.Faults{
		{Kind: behaviour.Throttle, RetryAfter: 2, From: 10, Until: 20},
		{Kind: behaviour.Cut, After: 40, First: 100, Last: 104, Every: 2},
		{Kind: behaviour.Latency, Delay: 5, From: 15},
		{Kind: behaviour.NoUsage, First: 101},
	}
	for _, row := range []struct {
		elapsed, request int64
		want             behaviour.Effect
	}{
		{9, 1, behaviour.Effect{}},
		{10, 1, behaviour.Effect{Kind: behaviour.Throttle, RetryAfter: 2}},
		{19, 1, behaviour.Effect{Kind: behaviour.Throttle, RetryAfter: 2, Delay: 5}},
		{20, 1, behaviour.Effect{Delay: 5}},
		{0, 100, behaviour.Effect{Kind: behaviour.Cut, After: 40}},
		{0, 101, behaviour.Effect{NoUsage: true}},
		{0, 102, behaviour.Effect{Kind: behaviour.Cut, After: 40, NoUsage: true}},
		{10, 104, behaviour.Effect{Kind: behaviour.Throttle, RetryAfter: 2, NoUsage: true}},
		{0, 106, behaviour.Effect{NoUsage: true}},
	} {
		if d := cmp.Diff(row.want, faults.At(row.elapsed, row.request)); d != "" {
			t.Errorf("at %d, request %d: %s", row.elapsed, row.request, d)
		}
	}
}

func TestEveryKindHasAName(t *testing.T) {
	t.Parallel()
	for _, name := range behaviour.Kinds() {
		if k, ok := behaviour.ParseKind(name); !ok || k.String() != name {
			t.Errorf("%q is %v", name, k)
		}
	}
	if _, ok := behaviour.ParseKind("none"); ok {
		t.Error("none is no fault")
	}
}

func TestAFaultSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]behaviour.Fault{
		"":                          {Kind: behaviour.Throttle, From: 1, Until: 2, First: 1, Last: 1},
		"no kind of fault is given": {},
		"fault status needs a status between 400 and 599, it has 0":                               {Kind: behaviour.Status},
		"fault slow needs a delay, such as 500ms":                                                 {Kind: behaviour.Slow},
		"fault cut is over before it begins: until is not after from":                             {Kind: behaviour.Cut, From: 2, Until: 2},
		"fault cut has a share of 101 in 100":                                                     {Kind: behaviour.Cut, Share: 101},
		"fault throttle has no retry_after to tell in milliseconds":                               {Kind: behaviour.Throttle, Milliseconds: true},
		"fault cut has a percent of 10: only wrong-usage takes one, and 100 is no fault":          {Kind: behaviour.Cut, Percent: 10},
		"fault wrong-usage has a percent of 100: only wrong-usage takes one, and 100 is no fault": {Kind: behaviour.WrongUsage, Percent: 100},
		"fault cut is over before it begins: last is 1, first is 2":                               {Kind: behaviour.Cut, First: 2, Last: 1},
	} {
		if err := f.Check(); err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAShareOfRequestsIsDrawnBySeed(t *testing.T) {
	t.Parallel()
	struck := func(seed uint64) (all []int64) {
		faults := behaviour.Faults{{Kind: behaviour.Reset, Share: 5, Seed: seed}}
		for request := range int64(10_000) {
			if faults.At(0, request+1).Kind == behaviour.Reset {
				all = append(all, request)
			}
		}
		return all
	}
	one, again, other := struck(1), struck(1), struck(2)
	if len(one) < 400 || len(one) > 600 {
		t.Errorf("%d of 10,000 is not about 5 in 100", len(one))
	}
	if d := cmp.Diff(one, again); d != "" {
		t.Error(d)
	}
	if cmp.Equal(one, other) {
		t.Error("another seed strikes the same requests")
	}
}
