package emulator_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"strings"
	"testing"

	"concord/clouds/behaviour"
	"concord/clouds/emulator"
)

// frames takes an event stream apart, by the format's description: lengths, checksum, headers, payload, checksum.
func frames(t *testing.T, body string) (kinds []string, payloads []string) {
	t.Helper()
	for in := []byte(body); len(in) > 0; {
		total, headers := binary.BigEndian.Uint32(in), binary.BigEndian.Uint32(in[4:])
		message := in[:total]
		in = in[total:]
		if crc32.ChecksumIEEE(message[:8]) != binary.BigEndian.Uint32(message[8:]) || crc32.ChecksumIEEE(message[:total-4]) != binary.BigEndian.Uint32(message[total-4:]) {
			t.Fatalf("wrong checksum in %q", message)
		}
		named := map[string]string{}
		for h := message[12 : 12+headers]; len(h) > 0; {
			name, rest := string(h[1:1+h[0]]), h[1+h[0]:]
			size := binary.BigEndian.Uint16(rest[1:])
			if rest[0] != 7 {
				t.Fatalf("header %s is no text", name)
			}
			named[name], h = string(rest[3:3+size]), rest[3+size:]
		}
		kinds = append(kinds, named[":event-type"]+named[":exception-type"])
		payloads = append(payloads, string(message[12+headers:total-4]))
	}
	return kinds, payloads
}

func native(t *testing.T, faults ...behaviour.Fault) string {
	t.Helper()
	_, s := serve(t, emulator.Config{Cloud: "aws", Models: []emulator.Model{{Name: "openai.gpt-oss-120b-1:0"}}, Faults: faults})
	return s.URL + "/model/openai.gpt-oss-120b-1%3A0/"
}

func TestBedrockStreamsChatChunksInFrames(t *testing.T) {
	t.Parallel()
	_, h, body := post(t, native(t)+"invoke-with-response-stream", "Authorization: Bearer "+key, `{"messages":[{"role":"user","content":"hello [reply 3 tokens]"}]}`)
	if h.Get("Content-Type") != "application/vnd.amazon.eventstream" {
		t.Fatal(h)
	}
	kinds, payloads := frames(t, body)
	text, used := "", int64(0)
	for i, p := range payloads {
		var chunk struct{ Bytes string }
		if err := json.Unmarshal([]byte(p), &chunk); err != nil || kinds[i] != "chunk" {
			t.Fatalf("%s %s: %v", kinds[i], p, err)
		}
		raw, err := base64.StdEncoding.DecodeString(chunk.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			Choices []struct{ Delta struct{ Content string } }
			Usage   *struct {
				Completion int64 `json:"completion_tokens"`
			}
		}
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatal(err)
		}
		for _, choice := range c.Choices {
			text += choice.Delta.Content
		}
		if c.Usage != nil {
			used = c.Usage.Completion
		}
	}
	if len(strings.Fields(text)) != 3 || used != 3 {
		t.Errorf("%q, %d tokens", text, used)
	}
}

func TestBedrockConversesInItsOwnForm(t *testing.T) {
	t.Parallel()
	const ask = `{"messages":[{"role":"user","content":[{"text":"hello [reply 3 tokens] [cached 2 tokens]"}]}],"inferenceConfig":{"maxTokens":50}}`
	status, _, body := post(t, native(t)+"converse", "Authorization: Bearer "+key, ask)
	if status != 200 || !strings.Contains(body, `"usage":{"inputTokens":5,"outputTokens":3,"totalTokens":10,"cacheReadInputTokens":2,`) {
		t.Errorf("%d %s", status, body)
	}
	_, _, body = post(t, native(t)+"converse-stream", "Authorization: Bearer "+key, ask)
	kinds, payloads := frames(t, body)
	if got := strings.Join(kinds, " "); got != "messageStart contentBlockDelta contentBlockDelta contentBlockDelta contentBlockStop messageStop metadata" {
		t.Error(got)
	}
	if last := payloads[len(payloads)-1]; !strings.Contains(last, `"outputTokens":3`) {
		t.Error(last)
	}
	status, h, body := post(t, native(t)+"converse", "Authorization: Bearer "+key, `{"messages":[{"role":"user","content":[{"text":"a"}]}],"n":1}`)
	if status != 400 || h.Get("X-Amzn-Errortype") != "ValidationException" || !strings.Contains(body, "extraneous key [n]") {
		t.Errorf("%d %v %s", status, h, body)
	}
}

func TestAnErrorInABedrockStreamIsAnException(t *testing.T) {
	t.Parallel()
	_, _, body := post(t, native(t, behaviour.Fault{Kind: behaviour.LateError, After: 2})+"converse-stream", "Authorization: Bearer "+key,
		`{"messages":[{"role":"user","content":[{"text":"hello [reply 5 tokens]"}]}]}`)
	kinds, _ := frames(t, body)
	if got := strings.Join(kinds, " "); got != "messageStart contentBlockDelta contentBlockDelta internalServerException" {
		t.Error(got)
	}
}

func TestConverseRefusesWhatAmazonRefuses(t *testing.T) {
	t.Parallel()
	at := native(t) + "converse"
	turn := func(role, content string) string { return `{"role":"` + role + `","content":[` + content + `]}` }
	ask := func(more string, turns ...string) string {
		return `{"messages":[` + strings.Join(turns, ",") + `]` + more + `}`
	}
	const text, use = `{"text":"a"}`, `{"toolUse":{"toolUseId":"t1","name":"f","input":{}}}`
	const tools = `,"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{}}}}]}`
	const result = `{"toolResult":{"toolUseId":"t1","content":[{"text":"b"}]}}`
	for name, row := range map[string]struct{ body, says string }{
		"no message":              {ask(""), "must start with a user message"},
		"the assistant first":     {ask("", turn("assistant", text)), "must start with a user message"},
		"no such role":            {ask("", turn("user", text), turn("system", text)), "enum value set: [user, assistant]"},
		"twice the same side":     {ask("", turn("user", text), turn("user", text)), "must alternate between user and assistant"},
		"an empty message":        {ask("", turn("user", "")), "messages.0 is empty"},
		"a blank text":            {ask("", turn("user", `{"text":" "}`)), "messages.0.content.0 is blank"},
		"two kinds in a block":    {ask("", turn("user", `{"text":"a","image":{}}`)), "must set one of the following keys"},
		"a picture":               {ask("", turn("user", `{"image":{"format":"png","source":{"bytes":"AAAA"}}}`)), "doesn't support the image content block"},
		"a picture of no format":  {ask("", turn("user", `{"image":{"format":"bmp","source":{"bytes":"AAAA"}}}`)), "image.format"},
		"calls without tools":     {ask("", turn("user", text), turn("assistant", use), turn("user", result)), "toolConfig field must be defined"},
		"a call without a result": {ask(tools, turn("user", text), turn("assistant", use), turn("user", text)), "Expected toolResult blocks at messages.2.content"},
		"a result without a call": {ask(tools, turn("user", result)), "exceeds the number of toolUse blocks"},
		"no tools in the list":    {ask(`,"toolConfig":{"tools":[]}`, turn("user", text)), "toolConfig.tools"},
		"a choice of nothing":     {ask(`,"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{}}}}],"toolChoice":{"none":{}}}`, turn("user", text)), "extraneous key [none]"},
		"no limit at all":         {ask(`,"inferenceConfig":{"maxTokens":0}`, turn("user", text)), "greater than or equal to 1"},
		"too hot":                 {ask(`,"inferenceConfig":{"temperature":1.5}`, turn("user", text)), "inferenceConfig.temperature"},
		"a tier of one's own":     {ask(`,"serviceTier":{"type":"gold"}`, turn("user", text)), "serviceTier.type"},
		"what the model has not":  {ask(`,"additionalModelRequestFields":{"thinking":true}`, turn("user", text)), "Unknown parameter: 'thinking'"},
		"what Converse has not":   {ask(`,"n":1`, turn("user", text)), "extraneous key [n]"},
	} {
		status, h, body := post(t, at, "Authorization: Bearer "+key, row.body)
		if status != 400 || h.Get("X-Amzn-Errortype") != "ValidationException" || !strings.Contains(body, row.says) {
			t.Errorf("%s: %d %v %s", name, status, h.Get("X-Amzn-Errortype"), body)
		}
	}
	status, _, body := post(t, at, "Authorization: Bearer "+key, ask(tools, turn("user", text), turn("assistant", use), turn("user", result)))
	if status != 200 {
		t.Errorf("a call with its result: %d %s", status, body)
	}
}

func TestConverseCallsTheToolThatItMust(t *testing.T) {
	t.Parallel()
	const ask = `{"messages":[{"role":"user","content":[{"text":"a [reasoning 2 tokens]"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{}}}}],"toolChoice":{"any":{}}},` +
		`"serviceTier":{"type":"flex"}}`
	_, _, body := post(t, native(t)+"converse", "Authorization: Bearer "+key, ask)
	if !strings.Contains(body, `"name":"f","input":{}}}`) || !strings.Contains(body, `"stopReason":"tool_use"`) || !strings.Contains(body, `"serviceTier":{"type":"flex"}`) {
		t.Error(body)
	}
	_, _, body = post(t, native(t)+"converse-stream", "Authorization: Bearer "+key, ask)
	kinds, _ := frames(t, body)
	if got := strings.Join(kinds, " "); got != "messageStart contentBlockDelta contentBlockDelta contentBlockStop contentBlockStart contentBlockDelta contentBlockStop messageStop metadata" {
		t.Error(got)
	}
}
