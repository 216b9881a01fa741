package gateway_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/gateway"
	"concord/journal"
	"concord/usage"
)

// searched is a response in which the cloud searched the web twice, and a page of it was opened.
func searched(status, used string) string {
	return `{"id":"resp_t","object":"response","status":"` + status + `","output":[{"type":"web_search_call","status":"completed","action":{"type":"search","query":"a"}},` +
		`{"type":"web_search_call","status":"completed","action":{"type":"open_page"}},{"type":"web_search_call","status":"completed","action":{"type":"search","query":"b"}},` +
		`{"type":"message","role":"assistant","content":[{"type":"output_text","text":"found"}]}]` + used + `}`
}

const searching = `{"model":"gpt-5.4","input":"hi","tools":[{"type":"web_search"}]`

func TestCallsOfACloudsToolsAreRecordedBesideTheTokens(t *testing.T) {
	inWorld(t, everySurface(t), func(w *world) {
		w.clouds["azure"].serve = says("application/json", searched("completed", ","+responseUsage))
		if got := w.call("POST", "/v1/responses", goodKey, searching+"}"); got.Status != 200 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		r := w.record()
		want := usage.Tokens{usage.Input: 60, usage.CacheRead: 40, usage.Output: 20, usage.Reasoning: 10, usage.WebSearches: 2}
		if d := cmp.Diff(want, r.Usage.Tokens); d != "" {
			t.Error(d)
		}
		// The book of this world has no price of them: they are not dropped, but told.
		if d := cmp.Diff([]usage.Class{usage.WebSearches}, r.Unpriced); d != "" {
			t.Error(d)
		}
	})
}

func TestCallsThatABrokenStreamShowedAreCounted(t *testing.T) {
	inWorld(t, everySurface(t), func(w *world) {
		call := func(action string) string {
			return typed("response.output_item.done", `,"sequence_number":1,"item":{"type":"web_search_call","action":{"type":"`+action+`"}}`)
		}
		w.clouds["azure"].serve = sends(typed("response.created", `,"sequence_number":0,"response":`+response("resp_t", "in_progress", "")),
			call("search"), call("open_page"), call("search"), typed("response.output_text.delta", `,"sequence_number":2,"delta":"hel"`))
		w.call("POST", "/v1/responses", goodKey, searching+`,"stream":true}`)
		if r := w.record(); r.Outcome != journal.Cut || r.Usage.Tokens[usage.WebSearches] != 2 || r.Usage.Evidence == usage.Reported {
			t.Errorf("%s %+v", r.Outcome, r.Usage)
		}
	})
}

func TestWhatACloudWouldBillWithoutSayingIsRefused(t *testing.T) {
	inWorld(t, everySurface(t), func(w *world) {
		for _, row := range []struct{ path, body, param string }{
			{"/v1/responses", `"input":"hi","tools":[{"type":"function","name":"f"},{"type":"image_generation"}]`, "tools"},
			{"/v1/responses", `"input":"hi","tools":[{"type":"shell","environment":{"type":"container_auto"}}]`, "tools"},
			{"/v1/chat/completions", `"messages":[],"web_search_options":{}`, "web_search_options"},
		} {
			got := w.call("POST", row.path, goodKey, `{"model":"gpt-5.4",`+row.body+`}`)
			if got.Status != 400 || got.code() != "unmetered_tool" || !strings.Contains(got.Body, `"param":"`+row.param+`"`) {
				t.Errorf("%s: %d %s", row.body, got.Status, got.Body)
			}
		}
		if n := w.clouds["azure"].count(); n != 0 {
			t.Errorf("%d requests reached a cloud", n)
		}
		w.clouds["azure"].serve = says("application/json", response("resp_1", "completed", ","+responseUsage))
		for _, tools := range []string{`[{"type":"mcp","server_label":"x"}]`, `[{"type":"local_shell"}]`, `null`} {
			if got := w.call("POST", "/v1/responses", goodKey, `{"model":"gpt-5.4","input":"hi","tools":`+tools+`}`); got.Status != 200 {
				t.Errorf("%s: %d %s", tools, got.Status, got.Body)
			}
		}
	})
}

func TestUnderABudgetTheCallsOfToolsAreBounded(t *testing.T) {
	inWorld(t, bounded(t), func(w *world) {
		w.clouds["azure"].serve = says("application/json", searched("completed", ","+responseUsage))
		got := w.call("POST", "/v1/responses", goodKey, searching+`,"max_output_tokens":50}`)
		if got.Status != 400 || got.code() != "budget_unbounded" || !strings.Contains(got.Body, "max_tool_calls") {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		if got = w.call("POST", "/v1/responses", goodKey, searching+`,"max_output_tokens":50,"max_tool_calls":2}`); got.Status != 200 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
}

func TestATierIsServedWhereItHasAPrice(t *testing.T) {
	inWorld(t, func(c *gateway.Config) { everySurface(t)(c) }, func(w *world) {
		w.clouds["azure"].serve = answers("hello")
		for tier, status := range map[string]int{"flex": 403, "priority": 403, "fast": 403, "default": 200, "auto": 200} {
			got := w.call("POST", "/v1/chat/completions", goodKey, `{"model":"gpt-5.4","messages":[],"service_tier":"`+tier+`"}`)
			if got.Status != status || status != 200 && (got.code() != "not_permitted" || !strings.Contains(got.Body, `"param":"service_tier"`)) {
				t.Errorf("%s: %d %s", tier, got.Status, got.Body)
			}
		}
		if served := []int{w.clouds["azure"].count(), w.clouds["openai"].count()}; !slices.Equal(served, []int{2, 0}) {
			t.Errorf("%v requests reached the clouds", served)
		}
	})
}
