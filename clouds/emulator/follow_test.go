package emulator_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"concord/clouds/behaviour"
	"concord/clouds/emulator"
)

// following is one event of a response's stream.
type following struct {
	Type     string
	Sequence int `json:"sequence_number"`
	Delta    string
	Response struct {
		ID     string
		Status string
		Usage  *struct {
			Output int64 `json:"output_tokens"`
		}
	}
}

// listen reads events of a stream, up to most of them; 0 = to its end.
func listen(t *testing.T, r *http.Request, most int) (events []following, contentType string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	in := bufio.NewScanner(resp.Body)
	in.Buffer(nil, 1<<20)
	for (most == 0 || len(events) < most) && in.Scan() {
		data, ok := strings.CutPrefix(in.Text(), "data: ")
		if !ok {
			continue
		}
		var e following
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		events = append(events, e)
	}
	return events, resp.Header.Get("Content-Type")
}

func making(t *testing.T, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", url+"/v1/responses", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	return r
}

const inBackground = `{"model":"gpt-5.4","input":"tell [reply 12 tokens] [reasoning 2 tokens]","background":true,"stream":true}`

// quickly answers at once but for a moment between words, so that a stream can be left in its middle.
var quickly = behaviour.Profile{FirstToken: 1e6, PerToken: 1e6, Shortest: 1, Longest: 1}

func TestAStreamInTheBackgroundIsTakenUpWhereItWasLeft(t *testing.T) {
	t.Parallel()
	ended := make(chan emulator.Served, 10)
	_, s := serve(t, emulator.Config{Cloud: "openai", Models: everything, Speed: 1, Profile: quickly, Observe: func(served emulator.Served) {
		if served.Operation == "responses.background" {
			ended <- served
		} else if served.Usage != (emulator.Usage{}) {
			t.Errorf("a request that only listens is billed: %+v", served)
		}
	}})
	first, kind := listen(t, making(t, s.URL, inBackground), 8)
	if !strings.HasPrefix(kind, "text/event-stream") || first[0].Type != "response.created" || first[0].Response.Status != "queued" || first[1].Type != "response.queued" {
		t.Fatalf("%s %+v", kind, first)
	}
	id, left := first[0].Response.ID, first[len(first)-1].Sequence
	rest, _ := listen(t, get(t, s.URL+"/v1/responses/"+id+"?stream=true&starting_after="+strconv.Itoa(left), "Authorization", "Bearer "+key), 0)
	whole, _ := listen(t, get(t, s.URL+"/v1/responses/"+id+"?stream=true", "Authorization", "Bearer "+key), 0)
	joined := append(first, rest...)
	if len(joined) != len(whole) {
		t.Fatalf("%d events, then %d; of %d", len(first), len(rest), len(whole))
	}
	words := ""
	for i, e := range joined {
		if e.Sequence != i || e.Type != whole[i].Type || e.Delta != whole[i].Delta {
			t.Errorf("event %d: %+v, whole %+v", i, e, whole[i])
		}
		words += e.Delta
	}
	last := whole[len(whole)-1]
	if len(strings.Fields(words)) != 12 || last.Type != "response.completed" || last.Response.Usage == nil || last.Response.Usage.Output != 14 {
		t.Errorf("%q, ends with %+v", words, last)
	}
	if served := <-ended; served.Object != id || served.Usage.Completion != 14 {
		t.Errorf("the cloud's book says %+v", served)
	}
	if len(ended) != 0 {
		t.Errorf("billed %d times more", len(ended))
	}
}

func TestAStreamInTheBackgroundEndsWhereItsResponseIsCancelled(t *testing.T) {
	t.Parallel()
	slow := quickly
	slow.PerToken = 50e6
	_, s := serve(t, emulator.Config{Cloud: "openai", Models: everything, Speed: 1, Profile: slow})
	begun, _ := listen(t, making(t, s.URL, strings.Replace(inBackground, "reply 12", "reply 4000", 1)), 1)
	id := begun[0].Response.ID
	if status, _, body := post(t, s.URL+"/v1/responses/"+id+"/cancel", "Authorization: Bearer "+key, ""); status != 200 || !strings.Contains(body, `"status":"cancelled"`) {
		t.Fatalf("%d %s", status, body)
	}
	events, _ := listen(t, get(t, s.URL+"/v1/responses/"+id+"?stream=true", "Authorization", "Bearer "+key), 0)
	if last := events[len(events)-1]; last.Type == "response.completed" || len(events) > 4000 {
		t.Errorf("%d events, the last %+v", len(events), last)
	}
}

func TestWhatCannotBeStreamedAgainIsRefused(t *testing.T) {
	t.Parallel()
	_, s := serve(t, emulator.Config{Cloud: "openai", Models: everything})
	made := func(more string) string {
		_, _, body := post(t, s.URL+"/v1/responses", "Authorization: Bearer "+key, `{"model":"gpt-5.4","input":"a [reply 1 tokens]"`+more+`}`)
		var r reply
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		return r.ID
	}
	streamed, _ := listen(t, making(t, s.URL, inBackground), 0)
	for name, row := range map[string]struct{ id, query, says string }{
		"made while the client waited":            {made(""), "stream=true", "created it with 'stream=true'"},
		"made in the background without a stream": {made(`,"background":true`), "stream=true", "created it with 'stream=true'"},
		"a number of no event":                    {streamed[0].Response.ID, "stream=true&starting_after=x", "Invalid 'starting_after'"},
	} {
		status, _, body := do(t, get(t, s.URL+"/v1/responses/"+row.id+"?"+row.query, "Authorization", "Bearer "+key))
		if status != 400 || !strings.Contains(body, row.says) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

func TestAStreamInTheBackgroundThatFailsIsBilledUpToThere(t *testing.T) {
	t.Parallel()
	ended := make(chan emulator.Served, 10)
	slow := quickly
	slow.PerToken = 100e6
	_, s := serve(t, emulator.Config{Cloud: "openai", Models: everything, Faults: behaviour.Faults{{Kind: behaviour.LateError, After: 4, First: 1, Last: 1, Every: 1}},
		Speed: 1, Profile: slow, Observe: func(served emulator.Served) {
			if served.Operation == "responses.background" {
				ended <- served
			}
		}})
	events, _ := listen(t, making(t, s.URL, inBackground), 0)
	last := events[len(events)-1]
	if last.Type != "response.failed" || last.Response.Status != "failed" {
		t.Fatalf("%+v", last)
	}
	if served := <-ended; served.Usage.Completion != 4 || served.Fault != "late-error" {
		t.Errorf("the cloud's book says %+v", served)
	}
	_, _, body := do(t, get(t, s.URL+"/v1/responses/"+last.Response.ID, "Authorization", "Bearer "+key))
	if !strings.Contains(body, `"status":"failed"`) {
		t.Error(body)
	}
}
