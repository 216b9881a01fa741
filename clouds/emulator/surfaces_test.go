package emulator_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"

	"concord/clouds/emulator"
)

var everything = []emulator.Model{
	{Name: "gpt-5.4"}, {Name: "text-embedding-3-small"}, {Name: "gpt-3.5-turbo-instruct"}, {Name: "gpt-image-1.5"}, {Name: "dall-e-3"},
	{Name: "tts-1"}, {Name: "gpt-4o-mini-tts"}, {Name: "whisper-1"}, {Name: "gpt-4o-transcribe"}, {Name: "omni-moderation-latest"},
}

// allClients are the official Go client against every cloud that has more than chat, and in both of Azure's forms.
func allClients(t *testing.T, c emulator.Config) map[string]openai.Client {
	t.Helper()
	c.Models = everything
	c.Cloud = "openai"
	_, direct := serve(t, c)
	c.Cloud = "azure"
	_, onAzure := serve(t, c)
	return map[string]openai.Client{
		"openai": openai.NewClient(option.WithBaseURL(direct.URL+"/v1"), option.WithAPIKey(key), option.WithMaxRetries(0)),
		"azure, dated": openai.NewClient(azure.WithEndpoint(onAzure.URL, "2025-04-01-preview"), azure.WithAPIKey(key), azure.WithUnsafeAllowHTTP(),
			option.WithMaxRetries(0)),
		"azure, v1": openai.NewClient(option.WithBaseURL(onAzure.URL+"/openai/v1"), option.WithAPIKey(key), option.WithMaxRetries(0)),
	}
}

func onAll(t *testing.T, f func(t *testing.T, client openai.Client)) {
	t.Helper()
	for name, client := range allClients(t, emulator.Config{TokensPerChunk: 2}) {
		t.Run(name, func(t *testing.T) { f(t, client) })
	}
}

func TestTheOfficialClientGetsEmbeddings(t *testing.T) {
	t.Parallel()
	onAll(t, func(t *testing.T, client openai.Client) {
		p := openai.EmbeddingNewParams{Model: "text-embedding-3-small", Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"one two", "three"}}}
		got, err := client.Embeddings.New(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Data) != 2 || len(got.Data[0].Embedding) != 1536 || got.Usage.PromptTokens != 3 || got.Usage.TotalTokens != 3 {
			t.Errorf("%d vectors of %d, %+v", len(got.Data), len(got.Data[0].Embedding), got.Usage)
		}
		sum := 0.0
		for _, x := range got.Data[1].Embedding {
			sum += x * x
		}
		if math.Abs(sum-1) > 1e-4 {
			t.Errorf("length %f", sum)
		}
		p.EncodingFormat, p.Dimensions = openai.EmbeddingNewParamsEncodingFormatBase64, openai.Int(8)
		packed, err := client.Embeddings.New(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if raw := packed.Data[0].JSON.Embedding.Raw(); len(raw) != 2+base64.StdEncoding.EncodedLen(8*4) {
			t.Errorf("8 numbers in base64: %s", raw)
		}
	})
}

func TestTheOfficialClientGetsCompletions(t *testing.T) {
	t.Parallel()
	onAll(t, func(t *testing.T, client openai.Client) {
		p := openai.CompletionNewParams{Model: "gpt-3.5-turbo-instruct", N: openai.Int(2),
			Prompt: openai.CompletionNewParamsPromptUnion{OfArrayOfStrings: []string{"say [reply 5 tokens]", "and say"}}}
		got, err := client.Completions.New(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Choices) != 4 || got.Usage.CompletionTokens != 20 || got.Usage.PromptTokens != 6 || len(strings.Fields(got.Choices[3].Text)) != 5 {
			t.Errorf("%+v", got)
		}
		p.StreamOptions.IncludeUsage = openai.Bool(true)
		stream := client.Completions.NewStreaming(t.Context(), p)
		text, used := "", int64(0)
		for stream.Next() {
			for _, c := range stream.Current().Choices {
				text += c.Text + " "
			}
			used += stream.Current().Usage.CompletionTokens
		}
		if stream.Err() != nil || len(strings.Fields(text)) != 20 || used != 20 {
			t.Errorf("%q, %d tokens, %v", text, used, stream.Err())
		}
	})
}

func TestTheOfficialClientMakesImages(t *testing.T) {
	t.Parallel()
	onAll(t, func(t *testing.T, client openai.Client) {
		got, err := client.Images.Generate(t.Context(), openai.ImageGenerateParams{Model: "gpt-image-1.5", Prompt: "a cat at play", N: openai.Int(2), Quality: "low"})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Data) != 2 || got.Data[0].B64JSON == "" || got.Usage.InputTokens != 4 || got.Usage.OutputTokens != 544 || got.Usage.TotalTokens != 548 {
			t.Errorf("%d images, %+v", len(got.Data), got.Usage)
		}
		byOne, err := client.Images.Generate(t.Context(), openai.ImageGenerateParams{Model: "dall-e-3", Prompt: "a cat"})
		if err != nil || byOne.Data[0].URL == "" || byOne.JSON.Usage.Valid() {
			t.Errorf("dall-e: %+v, %v", byOne, err)
		}
		edited, err := client.Images.Edit(t.Context(), openai.ImageEditParams{Model: "gpt-image-1.5", Prompt: "add a hat",
			Image: openai.ImageEditParamsImageUnion{OfFile: openai.File(strings.NewReader("png"), "cat.png", "image/png")}})
		if err != nil {
			t.Fatal(err)
		}
		if d := edited.Usage.InputTokensDetails; d.TextTokens != 3 || d.ImageTokens != 323 || edited.Usage.InputTokens != 326 {
			t.Errorf("%+v", edited.Usage)
		}
	})
}

func TestTheOfficialClientSpeaksAndListens(t *testing.T) {
	t.Parallel()
	onAll(t, func(t *testing.T, client openai.Client) {
		spoken, err := client.Audio.Speech.New(t.Context(), openai.AudioSpeechNewParams{Model: "tts-1", Input: "one two three",
			Voice: openai.AudioSpeechNewParamsVoiceUnion{OfAudioSpeechNewsVoiceString2: openai.String("alloy")}})
		if err != nil {
			t.Fatal(err)
		}
		sound, err := io.ReadAll(spoken.Body)
		spoken.Body.Close()
		if err != nil || len(sound) != 2400 || spoken.Header.Get("Content-Type") != "audio/mpeg" {
			t.Errorf("%d bytes of %s, %v", len(sound), spoken.Header.Get("Content-Type"), err)
		}
		file := func() io.Reader { return openai.File(bytes.NewReader(make([]byte, 40_000)), "a.mp3", "audio/mpeg") }
		timed, err := client.Audio.Transcriptions.New(t.Context(), openai.AudioTranscriptionNewParams{Model: "whisper-1", File: file()})
		if err != nil || timed.Usage.Seconds != 3 || len(strings.Fields(timed.Text)) != 9 {
			t.Errorf("by time: %+v, %v", timed, err)
		}
		tokens, err := client.Audio.Transcriptions.New(t.Context(), openai.AudioTranscriptionNewParams{Model: "gpt-4o-transcribe", File: file()})
		if err != nil || tokens.Usage.InputTokens != 30 || tokens.Usage.OutputTokens != 9 || tokens.Usage.InputTokenDetails.AudioTokens != 30 {
			t.Errorf("by tokens: %+v, %v", tokens.Usage, err)
		}
		//lint:ignore SA1019 the surface is served as long as OpenAI serves it
		translated, err := client.Audio.Translations.New(t.Context(), openai.AudioTranslationNewParams{Model: "whisper-1", File: file()})
		if err != nil || len(strings.Fields(translated.Text)) != 9 {
			t.Errorf("translated: %+v, %v", translated, err)
		}
		stream := client.Audio.Transcriptions.NewStreaming(t.Context(), openai.AudioTranscriptionNewParams{Model: "gpt-4o-transcribe", File: file()})
		heard, used := "", int64(0)
		for stream.Next() {
			heard += stream.Current().Delta
			used += stream.Current().Usage.OutputTokens
		}
		if stream.Err() != nil || len(strings.Fields(heard)) != 9 || used != 9 {
			t.Errorf("streamed: %q, %d tokens, %v", heard, used, stream.Err())
		}
	})
}

func TestTheOfficialClientAsksForModeration(t *testing.T) {
	t.Parallel()
	all := allClients(t, emulator.Config{})
	direct, onAzure := all["openai"], all["azure, v1"]
	ask := openai.ModerationNewParams{Input: openai.ModerationNewParamsInputUnion{OfStringArray: []string{"hello", "hit him [filtered]"}}}
	got, err := direct.Moderations.New(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Results) != 2 || got.Results[0].Flagged || !got.Results[1].Flagged || !got.Results[1].Categories.Violence {
		t.Errorf("%+v", got)
	}
	if _, err := onAzure.Moderations.New(t.Context(), ask); !isStatus(err, 404) {
		t.Errorf("Azure has no moderations: %v", err)
	}
}

func isStatus(err error, status int) bool {
	e, ok := errors.AsType[*openai.Error](err)
	return ok && e.StatusCode == status
}

func codeOf(err error) string {
	e, ok := errors.AsType[*openai.Error](err)
	if !ok {
		return ""
	}
	return e.Code
}

func TestTheOfficialClientMakesReadsAndDeletesResponses(t *testing.T) {
	t.Parallel()
	onAll(t, func(t *testing.T, client openai.Client) {
		p := responses.ResponseNewParams{Model: "gpt-5.4", Instructions: openai.String("be kind"),
			Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("good morning [reply 5 tokens] [cached 2 tokens] [reasoning 3 tokens]")}}
		got, err := client.Responses.New(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		u := got.Usage
		if got.Status != "completed" || len(strings.Fields(got.OutputText())) != 5 || u.InputTokens != 13 || u.InputTokensDetails.CachedTokens != 2 ||
			u.OutputTokens != 8 || u.OutputTokensDetails.ReasoningTokens != 3 || u.TotalTokens != 21 {
			t.Errorf("%s %q %+v", got.Status, got.OutputText(), u)
		}
		again, err := client.Responses.Get(t.Context(), got.ID, responses.ResponseGetParams{})
		if err != nil || again.OutputText() != got.OutputText() || again.Usage.TotalTokens != 21 {
			t.Errorf("read again: %+v, %v", again, err)
		}
		items, err := client.Responses.InputItems.List(t.Context(), got.ID, responses.InputItemListParams{})
		if err != nil || len(items.Data) != 1 || items.Data[0].Content.OfInputItemContentList == nil && !strings.Contains(items.Data[0].RawJSON(), "good morning") {
			t.Errorf("input items: %+v, %v", items, err)
		}
		next := responses.ResponseNewParams{Model: "gpt-5.4", PreviousResponseID: openai.String(got.ID),
			Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("and now")}}
		if more, err := client.Responses.New(t.Context(), next); err != nil || more.Usage.InputTokens != 2+13+5 || more.PreviousResponseID != got.ID {
			t.Errorf("going on: %+v, %v", more, err)
		}
		if err := client.Responses.Delete(t.Context(), got.ID); err != nil {
			t.Error(err)
		}
		if _, err := client.Responses.Get(t.Context(), got.ID, responses.ResponseGetParams{}); !isStatus(err, 404) {
			t.Errorf("read after it was deleted: %v", err)
		}
		if _, err := client.Responses.New(t.Context(), next); codeOf(err) != "previous_response_not_found" {
			t.Errorf("going on from what was deleted: %v", err)
		}
	})
}

func TestTheOfficialClientReadsStreamedResponses(t *testing.T) {
	t.Parallel()
	onAll(t, func(t *testing.T, client openai.Client) {
		stream := client.Responses.NewStreaming(t.Context(), responses.ResponseNewParams{Model: "gpt-5.4", MaxOutputTokens: openai.Int(16),
			Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("good morning [reply 40 tokens]")}})
		text, kinds, number := "", []string{}, int64(0)
		var last responses.Response
		for stream.Next() {
			event := stream.Current()
			if event.SequenceNumber != number {
				t.Fatalf("event %d has number %d", number, event.SequenceNumber)
			}
			number++
			if len(kinds) == 0 || kinds[len(kinds)-1] != event.Type {
				kinds = append(kinds, event.Type)
			}
			if event.Type == "response.output_text.delta" {
				text += event.Delta
			}
			last = event.Response
		}
		const want = "response.created response.in_progress response.output_item.added response.content_part.added response.output_text.delta " +
			"response.output_text.done response.content_part.done response.output_item.done response.incomplete"
		if got := strings.Join(kinds, " "); stream.Err() != nil || got != want {
			t.Errorf("%s, %v", got, stream.Err())
		}
		if len(strings.Fields(text)) != 16 || last.Usage.OutputTokens != 16 || last.Status != "incomplete" || last.OutputText() != text {
			t.Errorf("%q, %+v", text, last.Usage)
		}
	})
}
