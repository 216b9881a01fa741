package openai_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/clouds"
	"concord/clouds/openai"
	"concord/delivery"
)

func TestACompatibleHostGetsWhatItTakes(t *testing.T) {
	t.Parallel()
	none := clouds.Fields(0)
	cerebras := clouds.FieldFrequencyPenalty | clouds.FieldLogitBias | clouds.FieldServiceTier | clouds.FieldStore
	for name, row := range map[string]struct {
		rejects clouds.Fields
		model   string
		op      clouds.Operation
		body    string
		want    string // the body, or the error
	}{
		"as it is": {none, "m", clouds.CreateChat, `{"model":"m","store":true,"n":2}`, `{"model":"m","store":true,"n":2}`},
		"hints are left out": {cerebras, "m", clouds.CreateChat, `{"model":"m","store":false,"service_tier":"flex","stop":[]}`,
			`{"model":"m","stop":[]}`},
		"what means something is not": {cerebras, "m", clouds.CreateChat, `{"model":"m","logit_bias":{"1":2}}`, "cerebras: logit_bias: the host of this model does not take it"},
		"unless it asks for nothing":  {cerebras, "m", clouds.CreateChat, `{"model":"m","logit_bias":{},"frequency_penalty":0}`, `{"model":"m"}`},
		"store of a response is no hint": {cerebras, "m", clouds.CreateResponse, `{"model":"m","store":false}`,
			"cerebras: store: the host of this model does not take it"},
		"a limit by its older name": {clouds.FieldMaxCompletionTokens, "gpt-5.4", clouds.CreateChat, `{"model":"gpt-5.4","max_completion_tokens":3}`, `{"model":"gpt-5.4","max_tokens":3}`},
		"a limit by its newer name": {clouds.FieldMaxTokens, "m", clouds.CreateChat, `{"model":"m","max_tokens":3}`, `{"model":"m","max_completion_tokens":3}`},
		"one choice":                {clouds.FieldN, "m", clouds.CreateChat, `{"model":"m","n":1}`, `{"model":"m"}`},
		"several":                   {clouds.FieldN, "m", clouds.CreateChat, `{"model":"m","n":2}`, "cerebras: n: the host of this model gives one choice"},
		"a stream without options": {clouds.FieldStreamOptions, "m", clouds.CreateChat, `{"model":"m","stream":true,"stream_options":{"include_usage":true}}`,
			`{"model":"m","stream":true}`},
		"open weights": {none, "gpt-oss-120b", clouds.CreateChat, `{"model":"gpt-oss-120b","user":"u","metadata":{},"seed":1}`, `{"model":"gpt-oss-120b","seed":1}`},
	} {
		s, err := clouds.ScanRequest(row.op, "application/json", []byte(row.body), nil)
		if err != nil {
			t.Fatal(err)
		}
		to := clouds.Target{Cloud: "cerebras", Kind: clouds.OpenAICompatible, Base: &url.URL{Scheme: "https", Host: "api.cerebras.ai"}, Model: row.model, Rejects: row.rejects}
		x, err := openai.NewCompatible().Prepare(&to, &clouds.Call{Op: row.op, Path: row.op.Path(""), Header: http.Header{}, Body: []byte(row.body), Scan: s})
		got := ""
		if err != nil {
			got = err.Error()
		} else if got = string(x.Body); x.URL.String() != "https://api.cerebras.ai/v1"+row.op.Path("") {
			t.Errorf("%s: %s", name, x.URL)
		}
		if d := cmp.Diff(row.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestMoneyThatIsGoneAtACompatibleHostIsNoCredential(t *testing.T) {
	t.Parallel()
	c := &clouds.Call{Op: clouds.CreateChat}
	if a := openai.NewCompatible().Classify(c, 402, nil, []byte(`{"error":{"message":"payment required"}}`)); a.Outcome != delivery.Quota {
		t.Errorf("402 is %s", a.Outcome)
	}
}
