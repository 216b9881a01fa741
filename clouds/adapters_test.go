package clouds_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"testing"

	"concord/clouds"
	"concord/clouds/alibaba"
	"concord/clouds/azure"
	"concord/clouds/bedrock"
	"concord/clouds/openai"
	"concord/clouds/vertex"
)

func FuzzAdapters(f *testing.F) {
	for op, body := range bodies {
		f.Add(uint8(op), "gpt-oss-120b", []byte(body))
	}
	f.Add(uint8(clouds.CreateChat), "us.openai.gpt-5.6-sol", []byte(`{"model":"m","n":1,"stop":[],"tools":[{"type":"x"}],"stream":true,"max_tokens":3}`))
	f.Add(uint8(clouds.CreateResponse), "qwen3-max", []byte(`{"tools":[{"type":"web_search"},7]}`))
	all := []clouds.Adapter{openai.New(), azure.New(), bedrock.New(), vertex.New(), alibaba.New()}
	base := &url.URL{Scheme: "https", Host: "bedrock-runtime.us-east-1.amazonaws.com"}
	f.Fuzz(func(t *testing.T, number uint8, model string, body []byte) {
		op := clouds.Operation(number)
		c := &clouds.Call{Op: op, Path: op.Path("resp_1"), Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
		if bytes.HasPrefix(body, []byte("--xx")) {
			c.Header.Set("Content-Type", formType)
		}
		if !op.Valid() {
			return
		}
		var err error
		if c.Scan, err = clouds.ScanRequest(op, c.ContentType(), body, nil); err != nil {
			return
		}
		before := bytes.Clone(body)
		for _, a := range all {
			for _, version := range []string{"", "2025-04-01-preview"} {
				to := clouds.Target{Base: base, Model: model, APIVersion: version}
				x, err := a.Prepare(&to, c)
				if _, unsupported := errors.AsType[*clouds.UnsupportedError](err); err != nil && !unsupported {
					t.Fatalf("%s: %v", a.Cloud(), err)
				}
				if err == nil && !op.Stored() {
					check(t, a, c, x)
				}
			}
			a.Classify(c, 200, nil, body)
			a.Classify(c, 429, nil, body)
			a.Event(c, body)
			a.Usage(c, body)
		}
		if !bytes.Equal(before, body) {
			t.Fatal("a body was changed in place")
		}
	})
}

// check holds an exchange to its call: what is sent can be read as the same request, and is the client's own bytes if it has
// the length of them and the same model.
func check(t *testing.T, a clouds.Adapter, c *clouds.Call, x *clouds.Exchange) {
	t.Helper()
	s, err := clouds.ScanRequest(c.Op, c.ContentType(), x.Body, nil)
	if err != nil {
		t.Fatalf("%s: sent what cannot be read: %v\n%s", a.Cloud(), err, x.Body)
	}
	if s.Stream != c.Scan.Stream || s.MaxTokens != c.Scan.MaxTokens || max(s.Choices, 1) != max(c.Scan.Choices, 1) || s.Previous != c.Scan.Previous ||
		s.Background != c.Scan.Background || s.Characters != c.Scan.Characters || s.FileBytes != c.Scan.FileBytes {
		t.Fatalf("%s: sent another request: %+v, asked for %+v", a.Cloud(), s, c.Scan)
	}
	if bytes.Equal(x.Body, c.Body) && len(c.Body) > 0 && &x.Body[0] != &c.Body[0] {
		t.Fatalf("%s: a body that needs no change was copied", a.Cloud())
	}
}
