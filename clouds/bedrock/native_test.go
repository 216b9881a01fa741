package bedrock_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/google/go-cmp/cmp"

	"concord/clouds"
	"concord/clouds/bedrock"
)

// message encodes one message with Amazon's own code.
func message(t testing.TB, payload string, headers ...string) []byte {
	t.Helper()
	m := eventstream.Message{Payload: []byte(payload)}
	for i := 0; i < len(headers); i += 2 {
		m.Headers.Set(headers[i], eventstream.StringValue(headers[i+1]))
	}
	var b bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func chunk(t testing.TB, data string) []byte {
	t.Helper()
	return message(t, fmt.Sprintf(`{"bytes":%q,"p":"abc"}`, base64.StdEncoding.EncodeToString([]byte(data))), ":message-type", "event", ":event-type", "chunk")
}

func transcode(stream []byte) (string, error) {
	h := http.Header{"Content-Type": {"application/vnd.amazon.eventstream"}, "X-Amzn-Requestid": {"1"}}
	at := bedrock.NewAt(func() time.Time { return time.Unix(7, 0) })
	r, _ := at.Transcode(&clouds.Target{Model: "m"}, &clouds.Call{}, http.StatusOK, h, bytes.NewReader(stream))
	out, err := io.ReadAll(r)
	return string(out), err
}

func TestAnEventStreamBecomesServerSentEvents(t *testing.T) {
	t.Parallel()
	first, last := `{"choices":[{"delta":{"content":"hi"}}]}`, "{\"choices\":[{\"delta\":{},\n\"finish_reason\":\"stop\"}]}"
	whole := append(chunk(t, first), chunk(t, last)...)
	flat := strings.ReplaceAll(last, "\n", " ")
	for name, row := range map[string]struct {
		stream []byte
		want   string
		err    error
	}{
		"whole":            {whole, "data: " + first + "\n\ndata: " + flat + "\n\ndata: [DONE]\n\n", nil},
		"unfinished":       {chunk(t, first), "data: " + first + "\n\n", nil},
		"cut":              {whole[:len(whole)-3], "data: " + first + "\n\n", io.ErrUnexpectedEOF},
		"cut in a prelude": {append(bytes.Clone(whole), 0, 0), "data: " + first + "\n\ndata: " + flat + "\n\n", io.ErrUnexpectedEOF},
		"an exception": {message(t, `{"message":"Too many tokens"}`, ":message-type", "exception", ":exception-type", "throttlingException"),
			"data: " + `{"error":{"message":"Too many tokens","type":"ThrottlingException","param":null,"code":null}}` + "\n\n", nil},
		"an error": {message(t, ``, ":message-type", "error", ":error-code", "internalError", ":error-message", "broken"),
			"data: " + `{"error":{"message":"broken","type":"InternalError","param":null,"code":null}}` + "\n\n", nil},
		"another kind of event": {message(t, `{"metrics":{}}`, ":message-type", "event", ":event-type", "metadata"), "", nil},
		"a length of nonsense":  {bytes.Repeat([]byte{0xff}, 40), "", clouds.ErrEventTooLong},
	} {
		got, err := transcode(row.stream)
		if d := cmp.Diff(row.want, got); d != "" || !errors.Is(err, row.err) {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
	broken := bytes.Clone(whole)
	broken[40] ^= 1
	if got, err := transcode(broken); err == nil || strings.Contains(got, "[DONE]") {
		t.Errorf("a wrong checksum: %q, %v", got, err)
	}
	h := http.Header{"Content-Type": {"text/event-stream"}}
	if r, _ := bedrock.New().Transcode(&clouds.Target{Base: &url.URL{}}, &clouds.Call{}, http.StatusOK, h, nil); r != nil {
		t.Error("server-sent events were transcoded")
	}
}

func TestInvokeModelTakesChatAlone(t *testing.T) {
	t.Parallel()
	u := clouds.Target{Model: "openai.gpt-oss-120b-1:0", Base: mustURL(t, "https://bedrock-runtime.us-east-1.amazonaws.com/model")}
	for _, row := range []struct {
		op         clouds.Operation
		body, want string
	}{
		{clouds.CreateChat, `{"model":"m"}`, "https://bedrock-runtime.us-east-1.amazonaws.com/model/openai.gpt-oss-120b-1%3A0/invoke"},
		{clouds.CreateChat, `{"model":"m","stream":true}`, "https://bedrock-runtime.us-east-1.amazonaws.com/model/openai.gpt-oss-120b-1%3A0/invoke-with-response-stream"},
		{clouds.CreateResponse, `{"model":"m"}`, "aws: only chat completions through invoke"},
	} {
		s, err := clouds.ScanRequest(row.op, "", []byte(row.body), nil)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		x, err := bedrock.New().Prepare(&u, &clouds.Call{Op: row.op, Path: row.op.Path(""), Header: http.Header{}, Body: []byte(row.body), Scan: s})
		if err != nil {
			got = err.Error()
		} else {
			got = x.URL.String()
		}
		if d := cmp.Diff(row.want, got); d != "" {
			t.Error(d)
		}
	}
}

func FuzzTranscode(f *testing.F) {
	f.Add(chunk(f, `{"choices":[{"finish_reason":"stop"}]}`))
	f.Add(message(f, `{"message":"m"}`, ":message-type", "exception", ":exception-type", ""))
	f.Add(append(said(f, "contentBlockStart", `{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}`),
		said(f, "contentBlockDelta", `{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{}"}}}`)...))
	f.Add(append(said(f, "messageStop", `{"stopReason":"end_turn"}`), said(f, "metadata", `{"usage":{"inputTokens":5,"outputTokens":3}}`)...))
	f.Fuzz(func(t *testing.T, stream []byte) {
		out, err := transcode(stream)
		if err == nil && out != "" && !strings.HasSuffix(out, "\n\n") {
			t.Fatalf("events without an end: %q", out)
		}
		s := clouds.NewSplitter(strings.NewReader(out), nil)
		for {
			frame, err := s.Next()
			if err != nil {
				return
			}
			if bytes.ContainsAny(frame.Data, "\n") {
				t.Fatalf("an event over several lines: %q", frame.Raw)
			}
		}
	})
}

func mustURL(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
