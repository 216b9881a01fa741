package clouds_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/clouds"
	"concord/usage"
)

func TestTypedEventsAreRead(t *testing.T) {
	t.Parallel()
	figures := reported(map[usage.Class]int64{usage.Input: 3, usage.Output: 2})
	const said = `"usage":{"input_tokens":3,"output_tokens":2,"total_tokens":5}`
	for name, row := range map[string]struct {
		op   clouds.Operation
		data string
		want clouds.Event
	}{
		"a response begins": {clouds.CreateResponse, `{"type":"response.created","response":{"id":"resp_1","status":"in_progress","usage":null},"sequence_number":0}`,
			clouds.Event{Pending: true, Object: []byte("resp_1")}},
		"it is queued":  {clouds.CreateResponse, `{"type":"response.queued","response":{"id":"resp_1","status":"queued"}}`, clouds.Event{Pending: true, Object: []byte("resp_1")}},
		"an item opens": {clouds.CreateResponse, `{"type":"response.output_item.added","item":{"type":"message","content":[]}}`, clouds.Event{}},
		"an item ends":  {clouds.CreateResponse, `{"type":"response.output_item.done","item":{"type":"message"}}`, clouds.Event{Content: true}},
		"text":          {clouds.CreateResponse, `{"type":"response.output_text.delta","delta":"hello"}`, clouds.Event{Content: true, Text: 5}},
		"no text":       {clouds.CreateResponse, `{"type":"response.output_text.delta","delta":""}`, clouds.Event{}},
		"arguments":     {clouds.CreateResponse, `{"type":"response.function_call_arguments.delta","delta":"{}"}`, clouds.Event{Content: true, Text: 2}},
		"reasoning":     {clouds.CreateResponse, `{"type":"response.reasoning_summary_text.delta","delta":"so"}`, clouds.Event{Content: true, Text: 2}},
		"the whole text again": {clouds.CreateResponse, `{"type":"response.output_text.done","text":"hello"}`,
			clouds.Event{}},
		"a kind of a later year": {clouds.CreateResponse, `{"type":"response.telepathy.done","thought":1}`, clouds.Event{}},
		"it ends": {clouds.CreateResponse, `{"type":"response.completed","response":{"id":"resp_1","status":"completed","service_tier":"flex",` + said + `}}`,
			clouds.Event{Finish: true, Done: true, Usage: true, Object: []byte("resp_1"), Tokens: usage.Usage{Evidence: usage.Reported, Tier: usage.Flex, Tokens: figures.Tokens}}},
		"it is cut by its limit": {clouds.CreateResponse, `{"type":"response.incomplete","response":{"id":"resp_1","status":"incomplete",` + said + `}}`,
			clouds.Event{Finish: true, Done: true, Usage: true, Object: []byte("resp_1"), Tokens: figures}},
		"it fails": {clouds.CreateResponse, `{"type":"response.failed","response":{"id":"resp_1","status":"failed","error":{"code":"server_error"},` + said + `}}`,
			clouds.Event{Error: true, Finish: true, Done: true, Usage: true, Object: []byte("resp_1"), Tokens: figures}},
		"an error":             {clouds.CreateResponse, `{"type":"error","code":"server_error","message":"m"}`, clouds.Event{Error: true}},
		"an error of chat":     {clouds.CreateResponse, `{"error":{"message":"m"}}`, clouds.Event{Error: true}},
		"what nobody can read": {clouds.CreateResponse, `{"type":"response.completed"`, clouds.Event{Error: true}},
		"a draft of a picture": {clouds.GenerateImage, `{"type":"image_generation.partial_image","b64_json":"AAAA","partial_image_index":0}`, clouds.Event{Content: true}},
		"a picture": {clouds.GenerateImage, `{"type":"image_generation.completed","b64_json":"AAAA",` + said + `}`,
			clouds.Event{Content: true, Finish: true, Done: true, Usage: true, Tokens: reported(map[usage.Class]int64{usage.Input: 3, usage.OutputImage: 2})}},
		"sound": {clouds.CreateSpeech, `{"type":"speech.audio.delta","audio":"AAAA"}`, clouds.Event{Content: true}},
		"sound ends": {clouds.CreateSpeech, `{"type":"speech.audio.done",` + said + `}`,
			clouds.Event{Finish: true, Done: true, Usage: true, Tokens: reported(map[usage.Class]int64{usage.Input: 3, usage.OutputAudio: 2})}},
		"a transcript": {clouds.CreateTranscription, `{"type":"transcript.text.delta","delta":"hi"}`, clouds.Event{Content: true, Text: 2}},
		"a transcript ends": {clouds.CreateTranscription, `{"type":"transcript.text.done","text":"hi","usage":{"type":"tokens","input_tokens":3,"input_token_details":{"audio_tokens":3},"output_tokens":2}}`,
			clouds.Event{Finish: true, Done: true, Usage: true, Tokens: reported(map[usage.Class]int64{usage.InputAudio: 3, usage.Output: 2})}},
		"done, from a host that says so everywhere": {clouds.CreateResponse, `[DONE]`, clouds.Event{Done: true}},
		"a keep-alive": {clouds.CreateResponse, ` `, clouds.Event{Drop: true}},
	} {
		got := clouds.ReadEvent(call(row.op), []byte(row.data), clouds.EventRules{})
		got.Said, got.Scattered = nil, false // text_test.go
		if d := cmp.Diff(row.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestReadingATypedEventAllocatesNothing(t *testing.T) {
	data, c := []byte(`{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":"hello","sequence_number":4}`), call(clouds.CreateResponse)
	if n := testing.AllocsPerRun(100, func() { clouds.ReadEvent(c, data, clouds.EventRules{}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
