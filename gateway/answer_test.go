package gateway_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/journal"
	"concord/money"
	"concord/usage"
)

func total(t testing.TB, r *journal.Record) money.Amount {
	t.Helper()
	var sum money.Amount
	for _, l := range r.Lines {
		s, err := sum.Add(l.Amount)
		if err != nil {
			t.Fatal(err)
		}
		sum = s
	}
	return sum
}

func TestAWholeAnswerPassesUnchangedAndIsRecordedOnce(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		got := w.post("")

		if got.Status != 200 || got.Body != wholeJSON("from azure") {
			t.Fatalf("status %d, body %s", got.Status, got.Body)
		}
		r := w.record()
		want := usage.Usage{Evidence: usage.Reported}
		want.Tokens[usage.Input], want.Tokens[usage.CacheRead], want.Tokens[usage.Output] = 4000, 4000, 600
		if diff := cmp.Diff(want, r.Usage); diff != "" {
			t.Error(diff)
		}
		if got := total(t, r).String(); got != "0.02" {
			t.Errorf("charged %s, want 0.02", got)
		}
		if r.Outcome != journal.Answered || r.Served != 0 || r.Attempts[0].Deployment != "a" || len(r.Attempts[0].Cost) == 0 {
			t.Errorf("record %+v", r)
		}
		if id := got.Header.Get("X-Concord-Request-Id"); id != r.Request.String() || got.Header.Get("X-Request-Id") != id {
			t.Errorf("request id %q, recorded %s", id, r.Request)
		}
		if got.Header.Get("X-Concord-Cloud") != "azure" || len(got.Header.Get("X-Concord-Terms")) != 16 {
			t.Errorf("headers %v", got.Header)
		}
	})
}

func TestUsageIsAskedForAndHiddenFromAClientThatDidNotAsk(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		got := w.post(`,"stream":true`)

		if !strings.Contains(string(w.clouds["azure"].body()), `"include_usage":true`) {
			t.Errorf("upstream body %s", w.clouds["azure"].body())
		}
		if strings.Contains(got.Body, "usage") || strings.Count(got.Body, "data: ") != 5 || !strings.HasSuffix(got.Body, doneEvent) {
			t.Errorf("the client got\n%s", got.Body)
		}
		if r := w.record(); r.Usage.Evidence != usage.Reported || total(t, r).String() != "0.02" || r.Outcome != journal.Answered {
			t.Errorf("record %+v", r)
		}
	})
}

func TestAClientThatAskedForUsageGetsEveryByte(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		got := w.post(`,"stream":true,"stream_options":{"include_usage":true}`)

		if diff := cmp.Diff(strings.Join(streamOf("from azure"), ""), got.Body); diff != "" {
			t.Error(diff)
		}
	})
}
