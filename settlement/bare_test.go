package settlement_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/settlement"
)

func TestPartiesBetweenWhichNothingStandsGetNoStatement(t *testing.T) {
	o := newOffice(t, examples(t)...)
	pairs := func(all []*settlement.Statement) (out []string) {
		for _, st := range all {
			out = append(out, st.Between[0]+" "+st.Between[1])
		}
		return out
	}
	o.sells(day("2026-04-28"), "acme", "openai", gpt, "aws", "openai", "20.02", "7.00")
	drafts, err := o.closing("openai-clouds", "2026-04", at("2026-05-05T12:00:00Z")).Drafts([2]string{}, "")
	if err != nil {
		t.Fatal(err)
	}
	april, err := o.closing("openai-clouds", "2026-04", at("2026-05-05T12:00:00Z")).Close()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(pairs(april.Statements), pairs(drafts)); diff != "" {
		t.Errorf("the drafts are those that a closing issues: %s", diff)
	}
	if len(april.Without) == 0 {
		t.Error("the others are named")
	}
	for _, st := range april.Statements {
		if st.Settling == nil {
			t.Errorf("%s and %s owe each other nothing and do not settle", st.Between[0], st.Between[1])
		}
	}
	o.close("openai-clouds", "2026-04", at("2026-05-05T12:00:00Z"))
	if _, err := o.closing("openai-clouds", "2026-04", at("2026-05-05T12:00:00Z")).Close(); err == nil || !strings.Contains(err.Error(), "closed already") {
		t.Errorf("closing twice: %v", err)
	}
	// Who had a statement gets the next one, of zero too; who had none gets one when it is asked for.
	if diff := cmp.Diff(pairs(april.Statements), pairs(o.close("openai-clouds", "2026-05", at("2026-06-05T12:00:00Z")))); diff != "" {
		t.Errorf("May, in which nothing was sold: %s", diff)
	}
	asked := o.closing("openai-clouds", "2026-04", at("2026-05-05T12:00:00Z"))
	asked.Pairs = [][2]string{april.Without[0]}
	if closed, err := asked.Close(); err != nil || len(closed.Statements) != 1 {
		t.Errorf("asked for by name: %v", err)
	}
}
