package emulator_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"

	"concord/clouds/behaviour"
	"concord/clouds/emulator"
)

const key = "sk-emulated-0001"

func serve(t *testing.T, c emulator.Config) (*emulator.Emulator, *httptest.Server) {
	t.Helper()
	if c.Keys == nil && c.Identities == nil {
		c.Keys = []string{key}
	}
	e, err := emulator.New(c)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	return e, s
}

// clients are the official Go client as it talks to OpenAI, to Azure's dated form and to Azure's v1 form.
func clients(t *testing.T) map[string]openai.Client {
	t.Helper()
	models := []emulator.Model{{Name: "gpt-5.4", Serve: "gpt-5.4-2026-03-05"}}
	_, direct := serve(t, emulator.Config{Cloud: "openai", Models: models})
	_, onAzure := serve(t, emulator.Config{Cloud: "azure", Models: models, Region: "East US 2"})
	return map[string]openai.Client{
		"openai": openai.NewClient(option.WithBaseURL(direct.URL+"/v1"), option.WithAPIKey(key), option.WithMaxRetries(0)),
		"azure, dated": openai.NewClient(azure.WithEndpoint(onAzure.URL, "2024-10-21"), azure.WithAPIKey(key), azure.WithUnsafeAllowHTTP(),
			option.WithMaxRetries(0)),
		"azure, v1": openai.NewClient(option.WithBaseURL(onAzure.URL+"/openai/v1"), option.WithAPIKey(key), option.WithMaxRetries(0)),
	}
}

func ask(text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: "gpt-5.4", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)}}
}

func TestTheOfficialClientReadsAnswers(t *testing.T) {
	t.Parallel()
	for name, client := range clients(t) {
		t.Run(name, func(t *testing.T) {
			got, err := client.Chat.Completions.New(t.Context(), ask("good morning [reply 5 tokens] [reasoning 2 tokens] [cached 3 tokens]"))
			if err != nil {
				t.Fatal(err)
			}
			if words := strings.Fields(got.Choices[0].Message.Content); len(words) != 5 || got.Choices[0].FinishReason != "stop" || got.Model != "gpt-5.4-2026-03-05" {
				t.Errorf("%q ends with %s, from %s", words, got.Choices[0].FinishReason, got.Model)
			}
			u := got.Usage
			if u.PromptTokens != 11 || u.PromptTokensDetails.CachedTokens != 3 || u.CompletionTokens != 7 || u.CompletionTokensDetails.ReasoningTokens != 2 || u.TotalTokens != 18 {
				t.Errorf("usage %+v", u)
			}
		})
	}
}

func TestTheOfficialClientReadsStreams(t *testing.T) {
	t.Parallel()
	for name, client := range clients(t) {
		t.Run(name, func(t *testing.T) {
			p := ask("good morning [reply 9 tokens]")
			p.StreamOptions.IncludeUsage = openai.Bool(true)
			p.MaxCompletionTokens = openai.Int(6)
			stream := client.Chat.Completions.NewStreaming(t.Context(), p)
			all, text := openai.ChatCompletionAccumulator{}, ""
			for stream.Next() {
				chunk := stream.Current()
				all.AddChunk(chunk)
				if len(chunk.Choices) > 0 {
					text += chunk.Choices[0].Delta.Content
				}
			}
			if err := stream.Err(); err != nil {
				t.Fatal(err)
			}
			if len(strings.Fields(text)) != 6 || all.Choices[0].FinishReason != "length" || all.Usage.CompletionTokens != 6 || all.Usage.PromptTokens != 5 {
				t.Errorf("%q, %+v", text, all.Usage)
			}
		})
	}
}

func TestTheOfficialClientUnderstandsErrors(t *testing.T) {
	t.Parallel()
	for name, client := range clients(t) {
		t.Run(name, func(t *testing.T) {
			p := ask("hello")
			p.MaxTokens = openai.Int(5)
			_, err := client.Chat.Completions.New(t.Context(), p)
			e, ok := errors.AsType[*openai.Error](err)
			if !ok || e.StatusCode != 400 || e.Code != "unsupported_parameter" || e.Param != "max_tokens" {
				t.Errorf("max_tokens: %v", err)
			}
			p = ask("hello")
			p.Model = "gpt-7"
			_, err = client.Chat.Completions.New(t.Context(), p)
			if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != 404 || e.Code != "model_not_found" && e.Code != "DeploymentNotFound" {
				t.Errorf("unknown model: %v", err)
			}
		})
	}
}

func TestTheOfficialClientCallsTools(t *testing.T) {
	t.Parallel()
	for name, client := range clients(t) {
		t.Run(name, func(t *testing.T) {
			p := ask("what is the weather")
			p.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{Name: "weather"})}
			p.ToolChoice = openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openai.String("required")}
			got, err := client.Chat.Completions.New(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			if c := got.Choices[0]; c.FinishReason != "tool_calls" || len(c.Message.ToolCalls) != 1 || c.Message.ToolCalls[0].Function.Name != "weather" {
				t.Errorf("got %+v", c)
			}
		})
	}
}

func TestTheOfficialClientListsModels(t *testing.T) {
	t.Parallel()
	all := clients(t)
	for name, want := range map[string]string{"openai": "gpt-5.4", "azure, dated": "gpt-5.4-2026-03-05", "azure, v1": "gpt-5.4-2026-03-05"} {
		client := all[name]
		page, err := client.Models.List(t.Context())
		if err != nil || len(page.Data) != 1 || page.Data[0].ID != want {
			t.Errorf("%s: %+v, %v", name, page, err)
		}
	}
}

func TestTheOfficialClientRetriesAfterAThrottle(t *testing.T) {
	t.Parallel()
	e, s := serve(t, emulator.Config{Cloud: "openai", Models: []emulator.Model{{Name: "gpt-5.4"}}, Speed: 1000})
	e.SetFaults(behaviour.Faults{{Kind: behaviour.Throttle, RetryAfter: 1e9, Last: 2}})
	client := openai.NewClient(option.WithBaseURL(s.URL+"/v1"), option.WithAPIKey(key))
	if _, err := client.Chat.Completions.New(t.Context(), ask("hello [reply 1 tokens]")); err != nil {
		t.Error(err)
	}
}
