package clienttest_test

import (
	"testing"

	openai "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/bedrock"
	"github.com/openai/openai-go/v3/option"

	"concord/clouds/cloudtest"
	"concord/internal/proctest"
)

// What the example says of its account and its deployments on aws.
const (
	onAWS    = "{cloud: aws, "
	keyOfAWS = "{inline: emulated-aws}"
	ossOnAWS = "model: openai.gpt-oss-120b-1:0}"
	gptOnAWS = "model: openai.gpt-5.4}"
)

// An access key, as the account on aws has it where requests are signed.
const accessKey, secretKey = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

// served makes calls by their names, each for the model that is given, and fails where one does not come to what it should.
func served(t *testing.T, client func(option.Middleware) openai.Client, models map[string]string) {
	t.Helper()
	document := cloudtest.LoadDocument(t, "../../clouds/emulator/testdata/openapi.json.gz")
	calls, made := textCalls(), 0
	for i := range calls {
		model, wanted := models[calls[i].name]
		if !wanted {
			continue
		}
		made++
		a := &asked{T: t, document: document, call: &calls[i]}
		var err error
		if !soon(func() bool {
			err = calls[i].do(t.Context(), client(a.watch), model)
			return err == nil || !resting(err)
		}) || err != nil {
			t.Errorf("%s: %v", calls[i].name, err)
		}
	}
	if made != len(models) {
		t.Errorf("%d of %d calls exist", made, len(models))
	}
}

// onBedrock is the Bedrock flavour of the official client at a base URL.
func onBedrock(t *testing.T, config bedrock.Config) func(option.Middleware) openai.Client {
	t.Helper()
	return func(watch option.Middleware) openai.Client {
		c, err := bedrock.NewClient(t.Context(), config, option.WithMaxRetries(0), option.WithMiddleware(watch), option.WithRequestTimeout(proctest.Slowest))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

// everyResponse are the calls that only responses need.
var everyResponse = map[string]string{"responses": "gpt-5.4", "responses streamed": "gpt-5.4", "responses kept": "gpt-5.4", "responses in the background": "gpt-5.4",
	"responses in the background, streamed": "gpt-5.4"}

func TestMantleIsReachedBySignatureWhereTheAccountSaysThatItIsMantle(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, quick, []string{onAWS, onAWS + "plane: mantle, ", keyOfAWS, `{inline: "` + accessKey + ":" + secretKey + `"}`,
		ossOnAWS, "model: openai.gpt-oss-120b}"}, "--speed", "20")
	w.only("aws")
	models := map[string]string{"chat": "gpt-oss-120b", "chat streamed": "gpt-oss-120b"}
	for name, model := range everyResponse {
		models[name] = model
	}
	t.Run("through the gateway", func(t *testing.T) {
		served(t, func(watch option.Middleware) openai.Client { return w.official("OpenAI", watch) }, models)
	})
	t.Run("through the gateway, by the client for Bedrock with a key", func(t *testing.T) {
		served(t, onBedrock(t, bedrock.Config{BaseURL: "http://" + w.gateway + "/v1", APIKey: goodKey}), models)
	})
	t.Run("the cloud itself, by the client for Bedrock with a signature", func(t *testing.T) {
		signed := bedrock.Config{AWSAccessKeyID: accessKey, AWSSecretAccessKey: secretKey, AWSRegion: "us-east-1", BaseURL: "http://" + w.address["aws"] + "/openai/v1"}
		ids := map[string]string{}
		for name := range everyResponse {
			ids[name] = "openai.gpt-5.4"
		}
		served(t, onBedrock(t, signed), ids)
		signed.BaseURL = "http://" + w.address["aws"] + "/v1"
		served(t, onBedrock(t, signed), map[string]string{"chat": "openai.gpt-oss-120b", "chat streamed": "openai.gpt-oss-120b"})
	})
	w.balanced()
}

func TestTheClientForBedrockReachesTheRuntimePlane(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, quick, []string{keyOfAWS, `{inline: "` + accessKey + ":" + secretKey + `"}`}, "--speed", "20")
	w.only("aws")
	served(t, onBedrock(t, bedrock.Config{Endpoint: bedrock.EndpointRuntime, AWSAccessKeyID: accessKey, AWSSecretAccessKey: secretKey, AWSRegion: "us-east-1",
		BaseURL: "http://" + w.address["aws"] + "/openai/v1"}), map[string]string{"chat": "openai.gpt-5.4", "chat streamed": "openai.gpt-oss-120b-1:0", "responses": "openai.gpt-5.4"})
}

func TestConverseLooksLikeChatCompletionsToClients(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, quick, []string{keyOfAWS, `{inline: "` + accessKey + ":" + secretKey + `"}`,
		ossOnAWS, "protocol: converse, " + ossOnAWS, gptOnAWS, "protocol: converse, " + gptOnAWS}, "--speed", "20")
	w.only("aws")
	for _, form := range forms {
		served(t, func(watch option.Middleware) openai.Client { return w.official(form, watch) }, map[string]string{
			"chat": "gpt-5.4", "chat streamed": "gpt-oss-120b", "chat with usage asked for": "gpt-5.4", "tools": "gpt-5.4"})
	}
	w.balanced()
}

// balanced stops everything and holds what the gateway recorded to what the clouds wrote down.
func (w *world) balanced() {
	w.Helper()
	records, books, compared := w.records(), w.books(), 0
	for i := range records {
		r := &records[i]
		for _, l := range worked(books[r.Request]) {
			if r.Outcome != "answered" || l.Cloud != r.Cloud || l.Status != 200 || r.Evidence != "reported" {
				continue
			}
			compared++
			if prompt, answer := r.tokens(); prompt != l.Prompt || answer != l.Completion {
				w.Errorf("%s: %s recorded %d in and %d out, %s wrote down %d and %d", r.Request, r.API, prompt, answer, l.Cloud, l.Prompt, l.Completion)
			}
		}
	}
	if compared < 4 {
		w.Errorf("only %d records could be compared", compared)
	}
}
