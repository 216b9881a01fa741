package usage_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"concord/usage"

	"github.com/google/go-cmp/cmp"
)

func TestNumbersAndNamesAreFrozen(t *testing.T) {
	got := map[uint8]string{}
	for c := usage.Input; c.Valid(); c++ {
		got[uint8(c)] = c.String()
	}
	want := map[uint8]string{
		1: "input", 2: "cache_read", 3: "cache_write", 4: "output", 5: "reasoning", 6: "input_audio", 7: "output_audio",
		8: "input_image", 9: "rejected", 10: "output_image", 11: "images", 12: "seconds", 13: "characters",
		14: "web_searches", 15: "file_searches", 16: "containers",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	tiers := []string{usage.Standard.String(), usage.Batch.String(), usage.Flex.String(), usage.Priority.String()}
	if diff := cmp.Diff([]string{"standard", "batch", "flex", "priority"}, tiers); diff != "" {
		t.Error(diff)
	}
	grades := []string{usage.NoEvidence.String(), usage.Reported.String(), usage.Counted.String(), usage.Estimated.String()}
	if diff := cmp.Diff([]string{"none", "reported", "counted", "estimated"}, grades); diff != "" {
		t.Error(diff)
	}
}

func TestEveryNameIsReadBackAndNoOther(t *testing.T) {
	for c := usage.Input; c.Valid(); c++ {
		if back, err := usage.ParseClass(c.String()); err != nil || back != c {
			t.Errorf("%s: %v, %v", c, back, err)
		}
	}
	for v := usage.Standard; v <= usage.Priority; v++ {
		if back, err := usage.ParseTier(v.String()); err != nil || back != v {
			t.Errorf("%s: %v, %v", v, back, err)
		}
	}
	for e := usage.NoEvidence; e <= usage.Estimated; e++ {
		if back, err := usage.ParseEvidence(e.String()); err != nil || back != e {
			t.Errorf("%s: %v, %v", e, back, err)
		}
	}
	if _, err := usage.ParseClass("tokens"); err == nil {
		t.Error("an unknown class was read")
	}
	if _, err := usage.ParseTier(usage.Tier(9).String()); err == nil {
		t.Error("tier(9) was read")
	}
	if usage.Class(0).Valid() {
		t.Error("class 0 is no class")
	}
}

func TestNamesStandInJSON(t *testing.T) {
	in := struct {
		Class    usage.Class
		Tier     usage.Tier
		Evidence usage.Evidence
	}{usage.CacheRead, usage.Batch, usage.Counted}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"Class":"cache_read","Tier":"batch","Evidence":"counted"}`, string(b)); diff != "" {
		t.Error(diff)
	}
	out := in
	out.Class, out.Tier, out.Evidence = 0, 0, 0
	if err := json.Unmarshal(b, &out); err != nil || in != out {
		t.Errorf("%v, %v", out, err)
	}
}

func TestTokensAddUpAndNeverWrap(t *testing.T) {
	a := usage.Tokens{usage.Input: 4000, usage.CacheRead: 4000, usage.Output: 600}
	if err := a.Add(&usage.Tokens{usage.Output: 1, usage.Reasoning: 2, usage.InputImage: 3}); err != nil {
		t.Fatal(err)
	}
	if a.Total() != 8606 || a.Prompt() != 8003 || a.IsZero() {
		t.Errorf("total %d, prompt %d", a.Total(), a.Prompt())
	}

	full := usage.Tokens{usage.Input: 1, usage.Output: math.MaxInt64}
	before := full
	if err := full.Add(&usage.Tokens{usage.Input: 1, usage.Output: 1}); !errors.Is(err, usage.ErrOverflow) || full != before {
		t.Errorf("%v, %v", full, err)
	}
	if full.Total() != math.MaxInt64 {
		t.Errorf("total %d", full.Total())
	}
	if c, ok := (&usage.Tokens{usage.Reasoning: -1}).Negative(); !ok || c != usage.Reasoning {
		t.Errorf("negative class %s, %v", c, ok)
	}
	if _, ok := full.Negative(); ok {
		t.Error("nothing is negative")
	}
}
