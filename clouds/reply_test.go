package clouds_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/clouds"
	"concord/clouds/openai"
	"concord/delivery"
	"concord/usage"
)

func call(op clouds.Operation) *clouds.Call {
	return &clouds.Call{Op: op, Path: op.Path("resp_1"), Header: http.Header{}}
}

func counted(counts map[usage.Class]int64) usage.Usage {
	u := reported(counts)
	u.Evidence = usage.Counted
	return u
}

func TestUsageOfRecordedAnswersOfEverySurface(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		op   clouds.Operation
		want usage.Usage // its zero value: the answer says nothing
	}{
		"audio-transcription-basic": {clouds.CreateTranscription, reported(map[usage.Class]int64{usage.Seconds: 7})},
		"audio-translation-basic":   {clouds.CreateTranslation, usage.Usage{}},
		"completion-basic":          {clouds.CreateCompletion, reported(map[usage.Class]int64{usage.Input: 31, usage.Output: 25})},
		"completion-suffix":         {clouds.CreateCompletion, reported(map[usage.Class]int64{usage.Input: 25, usage.Output: 30})},
		"completion-text-batch":     {clouds.CreateCompletion, reported(map[usage.Class]int64{usage.Input: 49, usage.Output: 58})},
		"completion-token-batch":    {clouds.CreateCompletion, reported(map[usage.Class]int64{usage.Input: 49, usage.Output: 57})},
		"embeddings-base64":         {clouds.CreateEmbedding, reported(map[usage.Class]int64{usage.Input: 7})},
		"embeddings-dimensions":     {clouds.CreateEmbedding, reported(map[usage.Class]int64{usage.Input: 5})},
		"image-generation-basic":    {clouds.GenerateImage, counted(map[usage.Class]int64{usage.Images: 1})},
		"chat-web-search":           {clouds.CreateChat, reported(map[usage.Class]int64{usage.Input: 26, usage.Output: 22})},
		"chat-detailed-usage":       {clouds.CreateChat, reported(map[usage.Class]int64{usage.Input: 12, usage.Reasoning: 100})},
	} {
		recorded := cassette(t, name)
		a := openai.New().Classify(call(row.op), recorded.Code, recorded.Headers, []byte(recorded.Body))
		if a.Outcome != delivery.Answered || a.Reply == nil || a.Reply.Error {
			t.Errorf("%s: outcome %s", name, a.Outcome)
			continue
		}
		if d := cmp.Diff(row.want, a.Reply.Tokens); d != "" || a.Reply.Usage != (row.want != usage.Usage{}) {
			t.Errorf("%s: usage %v, %s", name, a.Reply.Usage, d)
		}
	}
}

func TestRecordedErrorsOfEverySurfaceAreRead(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		op   clouds.Operation
		want delivery.Outcome
	}{
		"completion-bad-request":   {clouds.CreateCompletion, delivery.ClientFault},
		"completion-unknown-model": {clouds.CreateCompletion, delivery.Credential},
		"embeddings-bad-request":   {clouds.CreateEmbedding, delivery.ClientFault},
		"embeddings-unknown-model": {clouds.CreateEmbedding, delivery.Credential},
	} {
		recorded := cassette(t, name)
		a := openai.New().Classify(call(row.op), recorded.Code, recorded.Headers, []byte(recorded.Body))
		if a.Outcome != row.want || a.Outcome == delivery.ClientFault && string(a.Body) != recorded.Body {
			t.Errorf("%s: outcome %s, %s", name, a.Outcome, a.Body)
		}
	}
}

func TestAnswersOfEverySurface(t *testing.T) {
	t.Parallel()
	in := func(n int64) map[usage.Class]int64 { return map[usage.Class]int64{usage.Input: n} }
	spoken := call(clouds.CreateSpeech)
	spoken.Scan.Characters = 12
	format := func(op clouds.Operation, f string) *clouds.Call {
		c := call(op)
		c.Scan.Format = f
		return c
	}
	for name, row := range map[string]struct {
		call *clouds.Call
		body string
		want clouds.Reply
	}{
		"a response": {call(clouds.CreateResponse), `{"id":"resp_a","object":"response","status":"completed","error":null,"output":[{"type":"reasoning","summary":[]},
			{"type":"message","content":[{"type":"output_text","text":"four"},{"type":"refusal","refusal":"no"}]},{"type":"function_call","arguments":"{}"}],
			"service_tier":"priority","usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":0},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":15}}`,
			clouds.Reply{Usage: true, Text: 8, Object: []byte("resp_a"), Tokens: usage.Usage{Evidence: usage.Reported, Tier: usage.Priority,
				Tokens: usage.Tokens{usage.Input: 6, usage.CacheRead: 4, usage.Output: 3, usage.Reasoning: 2}}}},
		"one in the background": {call(clouds.CreateResponse), `{"id":"resp_a","object":"response","status":"queued","error":null,"output":[],"usage":null}`,
			clouds.Reply{Pending: true, Object: []byte("resp_a")}},
		"one under way, with figures so far": {call(clouds.GetResponse), `{"id":"resp_a","object":"response","status":"in_progress","output":[],"usage":{"input_tokens":1,"output_tokens":1}}`,
			clouds.Reply{Pending: true, Object: []byte("resp_a"), Tokens: reported(map[usage.Class]int64{usage.Input: 1, usage.Output: 1})}},
		"an incomplete one": {call(clouds.CreateResponse), `{"id":"r","object":"response","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[],"usage":{"input_tokens":1,"output_tokens":0}}`,
			clouds.Reply{Usage: true, Object: []byte("r"), Tokens: reported(in(1))}},
		"a failed one": {call(clouds.CreateResponse), `{"id":"r","object":"response","status":"failed","error":{"code":"server_error","message":"m"},"output":[],"usage":null}`,
			clouds.Reply{Error: true, Object: []byte("r")}},
		"a question about a failed one": {call(clouds.GetResponse), `{"id":"r","object":"response","status":"failed","error":{"code":"server_error","message":"m"},"output":[],"usage":null}`,
			clouds.Reply{Object: []byte("r")}},
		"a deletion":                {call(clouds.DeleteResponse), `{"id":"r","object":"response","deleted":true}`, clouds.Reply{Object: []byte("r")}},
		"a deletion without a body": {call(clouds.DeleteResponse), ``, clouds.Reply{}},
		"no input items":            {call(clouds.ListInputItems), `{"object":"list","data":[],"has_more":false}`, clouds.Reply{}},
		"moderations are free": {call(clouds.CreateModeration), `{"id":"m","model":"omni-moderation","results":[{"flagged":false}]}`,
			clouds.Reply{Usage: true, Tokens: reported(nil)}},
		"pictures with tokens": {call(clouds.GenerateImage), `{"created":1,"data":[{"b64_json":"AA"},{"b64_json":"AA"}],"usage":{"total_tokens":310,"input_tokens":110,"output_tokens":200,"input_tokens_details":{"text_tokens":10,"image_tokens":100}}}`,
			clouds.Reply{Usage: true, Tokens: reported(map[usage.Class]int64{usage.Input: 10, usage.InputImage: 100, usage.OutputImage: 200})}},
		"pictures with tokens of both kinds": {call(clouds.EditImage), `{"data":[{"b64_json":"AA"}],"usage":{"input_tokens":1,"output_tokens":220,"output_tokens_details":{"image_tokens":200,"text_tokens":20}}}`,
			clouds.Reply{Usage: true, Tokens: reported(map[usage.Class]int64{usage.Input: 1, usage.OutputImage: 200, usage.Output: 20})}},
		"no pictures": {call(clouds.GenerateImage), `{"created":1,"data":[]}`, clouds.Reply{Error: true}},
		"speech":      {spoken, "ID3\x04", clouds.Reply{Usage: true, Tokens: counted(map[usage.Class]int64{usage.Characters: 12})}},
		"an error in place of speech": {spoken, `{"error":{"message":"m"}}`,
			clouds.Reply{Usage: true, Error: true, Tokens: counted(map[usage.Class]int64{usage.Characters: 12})}},
		"a transcript by tokens": {call(clouds.CreateTranscription), `{"text":"hi","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":0,"audio_tokens":14},"output_tokens":45,"total_tokens":59}}`,
			clouds.Reply{Usage: true, Text: 2, Tokens: reported(map[usage.Class]int64{usage.InputAudio: 14, usage.Output: 45})}},
		"a verbose transcript": {format(clouds.CreateTranslation, "verbose_json"), `{"task":"translate","duration":8.4700002,"text":"hi","segments":[]}`,
			clouds.Reply{Usage: true, Text: 2, Tokens: reported(map[usage.Class]int64{usage.Seconds: 9})}},
		"silence": {call(clouds.CreateTranscription), `{"text":"","usage":{"type":"duration","seconds":3.0}}`,
			clouds.Reply{Usage: true, Tokens: reported(map[usage.Class]int64{usage.Seconds: 3})}},
		"subtitles": {format(clouds.CreateTranscription, "srt"), "1\n00:00:00,000 --> 00:01:02,500\nhello\n\n",
			clouds.Reply{Usage: true, Text: 37, Tokens: counted(map[usage.Class]int64{usage.Seconds: 63})}},
		"subtitles for the web": {format(clouds.CreateTranscription, "vtt"), "WEBVTT\n\n00:00.000 --> 00:07.000\nhello\n",
			clouds.Reply{Usage: true, Text: 37, Tokens: counted(map[usage.Class]int64{usage.Seconds: 7})}},
		"plain text": {format(clouds.CreateTranscription, "text"), "{hello}\n", clouds.Reply{Text: 7}},
		"an error in place of plain text": {format(clouds.CreateTranscription, "text"), `{"error":{"message":"m","type":"server_error"}}`,
			clouds.Reply{Error: true, Text: 47}},
	} {
		if d := cmp.Diff(row.want, clouds.ReadReply(row.call, []byte(row.body))); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestAFailureInsideAnAnswerSaysWhoseItIs(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		body string
		want delivery.Outcome
	}{
		"the cloud's": {`{"id":"r","object":"response","status":"failed","error":{"code":"server_error","message":"m"},"output":[]}`, delivery.ServerError},
		"the client's, in a stream": {`{"type":"response.failed","sequence_number":3,"response":{"id":"r","status":"failed","error":{"code":"invalid_prompt","message":"bad words"}}}`,
			delivery.ClientFault},
		"a limit, in a stream":  {`{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"slow"}}}`, delivery.Throttled},
		"an error event":        {`{"type":"error","code":"rate_limit_exceeded","message":"slow","param":null,"sequence_number":1}`, delivery.Throttled},
		"an error event in one": {`{"type":"error","error":{"type":"server_error","code":null,"message":"m","param":null}}`, delivery.ServerError},
	} {
		a := openai.New().Classify(call(clouds.CreateResponse), 200, nil, []byte(row.body))
		if a.Outcome != row.want {
			t.Errorf("%s: outcome %s", name, a.Outcome)
		}
		if row.want == delivery.ClientFault && !strings.Contains(string(a.Body), `"bad words"`) {
			t.Errorf("%s: the client sees %s", name, a.Body)
		}
	}
}

func TestAStoredResponseThatIsGoneIsForTheClientToKnow(t *testing.T) {
	t.Parallel()
	const body = `{"error":{"message":"Response with id 'resp_1' not found.","type":"invalid_request_error","param":null,"code":null}}`
	a := openai.New().Classify(call(clouds.GetResponse), 404, nil, []byte(body))
	if a.Outcome != delivery.ClientFault || a.Status != 404 || string(a.Body) != body {
		t.Errorf("outcome %s, status %d, %s", a.Outcome, a.Status, a.Body)
	}
	if a = openai.New().Classify(call(clouds.CreateResponse), 404, nil, []byte(body)); a.Outcome != delivery.Credential {
		t.Errorf("of a new response: outcome %s", a.Outcome)
	}
}

func FuzzReadReply(f *testing.F) {
	for _, body := range []string{`{"object":"response","output":[{"content":[{"text":"a"}]}]}`, `{"data":[{}],"usage":{"output_tokens":1}}`, "1 --> 1:2",
		`{"text":"a","duration":1.5,"usage":{"type":"duration","seconds":1e3}}`, "ID3", `{"results":[1]}`} {
		f.Add([]byte(body), "srt")
	}
	f.Fuzz(func(t *testing.T, body []byte, format string) {
		for op := clouds.CreateChat; op.Valid(); op++ {
			c := call(op)
			c.Scan.Format = format
			r := clouds.ReadReply(c, body)
			if class, negative := r.Tokens.Tokens.Negative(); negative || r.Text < 0 || r.Text > len(body) {
				t.Errorf("%s: %s is negative, or %d bytes of text", op, class, r.Text)
			}
			openai.New().Classify(c, 200, nil, body)
			openai.New().Classify(c, 400, nil, body)
		}
	})
}
