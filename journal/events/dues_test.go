package events_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/journal"
	"concord/journal/events"
	"concord/journal/journaltest"
)

func TestMoneyThatIsNotUsageIsReadAsTheSameEntry(t *testing.T) {
	t.Parallel()
	for _, e := range journaltest.Dues() {
		line, err := events.Append(nil, &e, chain())
		if err != nil {
			t.Fatal(err)
		}
		got, err := events.Parse(line)
		if err != nil {
			t.Errorf("%s: %v\n%s", e.Body.Kind(), err, line)
			continue
		}
		if e.Body.Kind() == journal.KindMerge { // the order of chains of one journal
			if got.Body != nil {
				t.Errorf("a merge was read: %v", got.Body)
			}
			continue
		}
		if diff := cmp.Diff(&e, got, journaltest.Amounts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", e.Body.Kind(), diff)
		}
	}
}

func TestWhatBelongsToItsChainAloneIsToldAndNotReadBack(t *testing.T) {
	t.Parallel()
	for _, e := range []journal.Entry{journaltest.Open(journaltest.Chain(1)), journaltest.Seal(journaltest.Chain(1)), journaltest.Intent(1),
		journaltest.Attempt(1), journaltest.Progress(1, 512)} {
		line, err := events.Append(nil, &e, chain())
		if err != nil {
			t.Fatal(err)
		}
		got, err := events.Parse(line)
		if err != nil || got.Body != nil || got.Source != chain().String() {
			t.Errorf("%s: %+v, %v\n%s", e.Body.Kind(), got, err, line)
		}
		if e.Body.Kind() == journal.KindIntent && !strings.Contains(string(line), `"id":"`+journaltest.Request(1).String()+`"`) {
			t.Errorf("the intent does not have its request's id: %s", line)
		}
	}
}

func TestAMistakeInMoneyIsNamedWithItsFieldValueAndRemedy(t *testing.T) {
	t.Parallel()
	lines := map[string]string{}
	for _, e := range journaltest.Dues() {
		line, err := events.Append(nil, &e, chain())
		if err != nil {
			t.Fatal(err)
		}
		lines[e.Body.Kind().String()] = string(line)
	}
	for _, c := range []struct{ kind, old, new, want string }{
		{"refund", `"amount":"0.01"`, `"amount":"-0.01"`, `data.amount: "-0.01"`},
		{"refund", `"stream":"license"`, `"stream":"usage"`, `data.streams[0].stream: "usage"`},
		{"refund", `"request":"req_`, `"request":"rec_`, "write a request id"},
		{"payment", `"to":"microsoft"`, `"to":""`, "data.to: \"\"\n  this must be said"},
		{"payment", `"currency":"USD"`, `"currency":"dollars"`, `data.currency: "dollars"`},
		{"rate", `"value":"1.0832"`, `"value":"0"`, `data.value: "0`},
		{"correction", `"what":"price"`, `"what":"prices"`, "write price, usage, cost, void or terms"},
		{"close", `OM-2026-05\"}`, `OM-2026-06\"}`, "does not have the hash"},
		{"fact", `"agreement":"openai-microsoft"`, `"agreement":""`, "data.agreement"},
		{"credit", `"kind":"record"`, `"kind":"intent"`, "data.origin.of.kind"},
	} {
		bad := strings.Replace(lines[c.kind], c.old, c.new, 1)
		if bad == lines[c.kind] {
			t.Errorf("%s: %s is not in %s", c.kind, c.old, bad)
			continue
		}
		if _, err := events.Parse([]byte(bad)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.new, err, c.want)
		}
	}
}
