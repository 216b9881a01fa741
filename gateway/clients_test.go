package gateway_test

import (
	"bytes"
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	openaigo "github.com/openai/openai-go/v3"
	azuresdk "github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"

	"concord/agreement"
	"concord/clouds"
	"concord/clouds/emulator"
	"concord/gateway"
	"concord/journal"
	"concord/usage"
)

// The official client, in OpenAI's form and in both of Azure's, through a gateway over sockets to emulated clouds that have
// every surface.

var emulatedModels = []string{"gpt-5.4", "text-embedding-3-small", "gpt-3.5-turbo-instruct", "gpt-image-1.5", "dall-e-3", "tts-1", "whisper-1",
	"gpt-4o-transcribe", "omni-moderation-latest"}

// modelsDoc sells every emulated model on one cloud first and on the other after it.
func modelsDoc(order string) string {
	products := ""
	for _, m := range emulatedModels {
		products += "  openai/" + m + ": {owner: openai, aliases: [" + m + "]}\n"
	}
	return strings.NewReplacer("  openai/gpt-5.4: {owner: openai, aliases: [gpt-5.4], apis: [chat], state: stateless}\n", products,
		"products: [openai/gpt-5.4], order: [[azure], [aws], [openai]]", `products: [openai/*], order: `+order).Replace(partners)
}

// bed is a gateway before two emulated clouds.
type bed struct {
	*world
	front  *httptest.Server
	served chan emulator.Served
}

func newBed(t *testing.T, order string) *bed {
	t.Helper()
	b := &bed{served: make(chan emulator.Served, 1000)}
	catalog := &agreement.Catalog{Customers: testCatalog().Customers}
	targets := map[string]*clouds.Target{}
	for _, cloud := range []string{"azure", "openai"} {
		var models []emulator.Model
		for _, m := range emulatedModels {
			models = append(models, emulator.Model{Name: m})
		}
		e, err := emulator.New(emulator.Config{Cloud: cloud, Models: models, Keys: []string{"secret"}, TokensPerChunk: 2, Observe: func(s emulator.Served) { b.served <- s }})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(e)
		t.Cleanup(server.Close)
		base, _ := url.Parse(server.URL)
		for _, m := range emulatedModels {
			id := cloud + "-" + m
			catalog.Deployments = append(catalog.Deployments, agreement.Deployment{ID: id, Product: "openai/" + m, Cloud: cloud, Zone: "us",
				Account: "account-" + cloud, Holder: "openai", Seller: "openai", Model: m})
			targets[id] = &clouds.Target{Deployment: id, Cloud: cloud, Base: base, Account: "account-" + cloud, Model: m, Secret: clouds.NewSecret("secret")}
		}
	}
	w := newWorld(t, func(c *gateway.Config) {
		c.Timeline = timelineOf(t, modelsDoc(order), catalog)
		c.Targets, c.Transport = targets, gateway.NewTransport(gateway.TransportSettings{})
	})
	b.world = w
	b.front = httptest.NewServer(w.gateway.Handler())
	t.Cleanup(b.front.Close)
	return b
}

// clients are the official client in all forms.
func (b *bed) clients() map[string]openaigo.Client {
	return map[string]openaigo.Client{
		"openai": openaigo.NewClient(option.WithBaseURL(b.front.URL+"/v1"), option.WithAPIKey(goodKey), option.WithMaxRetries(0)),
		"azure, dated": openaigo.NewClient(azuresdk.WithEndpoint(b.front.URL, "2025-04-01-preview"), azuresdk.WithAPIKey(goodKey), azuresdk.WithUnsafeAllowHTTP(),
			option.WithMaxRetries(0)),
		"azure, v1": openaigo.NewClient(option.WithBaseURL(b.front.URL+"/openai/v1"), option.WithAPIKey(goodKey), option.WithMaxRetries(0)),
	}
}

// last is the record of the last request and what the cloud says of it.
func (b *bed) last(t *testing.T, cloud string) (*journal.Record, emulator.Served) {
	t.Helper()
	late := time.After(10 * time.Second)
	var f gateway.Finished
	select {
	case f = <-b.finished:
	case <-late:
		t.Fatal("the request did not end")
	}
	for {
		select {
		case s := <-b.served:
			if s.RequestID != f.Request.String() {
				continue // of a request that failed before it
			}
			if s.Cloud != cloud {
				t.Errorf("%s served, want %s", s.Cloud, cloud)
			}
			for _, r := range entries[*journal.Record](b.world) {
				if r.Request == f.Request {
					return r, s
				}
			}
			t.Fatal("there is no record")
		case <-late:
			t.Fatal("the cloud knows nothing of the request")
		}
	}
}

func TestTheOfficialClientsUseEverySurfaceOnEveryCloudThatHasIt(t *testing.T) {
	for cloud, order := range map[string]string{"azure": "[[azure], [openai]]", "openai": "[[openai], [azure]]"} {
		b := newBed(t, order)
		for form, client := range b.clients() {
			for name, try := range clientCalls {
				t.Run(cloud+"/"+form+"/"+name, func(t *testing.T) {
					try(t, client)

					on := cloud
					if name == "moderations" {
						on = "openai" // Azure has none
					}
					r, s := b.last(t, on)
					if r.Outcome != journal.Answered {
						t.Errorf("%v %v", r.Outcome, tried(r))
					}
					u := &r.Usage.Tokens
					if name == "moderations" {
						return // they are free, whatever the cloud counts
					}
					if prompt, completion := u.Prompt(), u.Total()-u.Prompt(); prompt != s.Usage.Prompt || completion != s.Usage.Completion {
						t.Errorf("recorded %v in and %v out, the cloud says %+v", prompt, completion, s.Usage)
					}
					if u[usage.Images] != s.Usage.Images && s.Usage.Images > 0 || s.Usage.Characters > 0 && u[usage.Characters] != s.Usage.Characters ||
						s.Usage.Milliseconds > 0 && u[usage.Seconds] != (s.Usage.Milliseconds+999)/1000 {
						t.Errorf("recorded %v, the cloud says %+v", u, s.Usage)
					}
				})
			}
		}
	}
}

var clientCalls = map[string]func(*testing.T, openaigo.Client){
	"responses": func(t *testing.T, c openaigo.Client) {
		got, err := c.Responses.New(t.Context(), responses.ResponseNewParams{Model: "gpt-5.4", Input: responses.ResponseNewParamsInputUnion{OfString: openaigo.String("hello there")}})
		if err != nil || got.OutputText() == "" || got.Usage.OutputTokens == 0 {
			t.Fatalf("%+v %v", got, err)
		}
	},
	"responses streamed": func(t *testing.T, c openaigo.Client) {
		stream := c.Responses.NewStreaming(t.Context(), responses.ResponseNewParams{Model: "gpt-5.4", Input: responses.ResponseNewParamsInputUnion{OfString: openaigo.String("hello there")}})
		text, completed := "", false
		for stream.Next() {
			e := stream.Current()
			text += e.Delta
			completed = completed || e.Type == "response.completed"
		}
		if stream.Err() != nil || text == "" || !completed {
			t.Fatalf("%q %v", text, stream.Err())
		}
	},
	"chat": func(t *testing.T, c openaigo.Client) {
		got, err := c.Chat.Completions.New(t.Context(), openaigo.ChatCompletionNewParams{Model: "gpt-5.4",
			Messages: []openaigo.ChatCompletionMessageParamUnion{openaigo.UserMessage("hello")}})
		if err != nil || got.Choices[0].Message.Content == "" {
			t.Fatalf("%+v %v", got, err)
		}
	},
	"embeddings": func(t *testing.T, c openaigo.Client) {
		got, err := c.Embeddings.New(t.Context(), openaigo.EmbeddingNewParams{Model: "text-embedding-3-small", Input: openaigo.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"one two", "three"}}})
		if err != nil || len(got.Data) != 2 {
			t.Fatalf("%v", err)
		}
	},
	"completions": func(t *testing.T, c openaigo.Client) {
		got, err := c.Completions.New(t.Context(), openaigo.CompletionNewParams{Model: "gpt-3.5-turbo-instruct", Prompt: openaigo.CompletionNewParamsPromptUnion{OfString: openaigo.String("one two")}})
		if err != nil || got.Choices[0].Text == "" {
			t.Fatalf("%+v %v", got, err)
		}
	},
	"completions streamed": func(t *testing.T, c openaigo.Client) {
		stream := c.Completions.NewStreaming(t.Context(), openaigo.CompletionNewParams{Model: "gpt-3.5-turbo-instruct", Prompt: openaigo.CompletionNewParamsPromptUnion{OfString: openaigo.String("one two")}})
		text := ""
		for stream.Next() {
			for _, choice := range stream.Current().Choices {
				text += choice.Text
			}
		}
		if stream.Err() != nil || text == "" {
			t.Fatalf("%q %v", text, stream.Err())
		}
	},
	"images": func(t *testing.T, c openaigo.Client) {
		got, err := c.Images.Generate(t.Context(), openaigo.ImageGenerateParams{Model: "gpt-image-1.5", Prompt: "a cat", Quality: "low"})
		if err != nil || got.Data[0].B64JSON == "" {
			t.Fatalf("%v", err)
		}
	},
	"images by the piece": func(t *testing.T, c openaigo.Client) {
		got, err := c.Images.Generate(t.Context(), openaigo.ImageGenerateParams{Model: "dall-e-3", Prompt: "a cat"})
		if err != nil || got.Data[0].URL == "" {
			t.Fatalf("%v", err)
		}
	},
	"image edits": func(t *testing.T, c openaigo.Client) {
		got, err := c.Images.Edit(t.Context(), openaigo.ImageEditParams{Model: "gpt-image-1.5", Prompt: "add a hat",
			Image: openaigo.ImageEditParamsImageUnion{OfFile: openaigo.File(strings.NewReader("png"), "cat.png", "image/png")}})
		if err != nil || got.Data[0].B64JSON == "" {
			t.Fatalf("%v", err)
		}
	},
	"speech": func(t *testing.T, c openaigo.Client) {
		got, err := c.Audio.Speech.New(t.Context(), openaigo.AudioSpeechNewParams{Model: "tts-1", Input: "one two three",
			Voice: openaigo.AudioSpeechNewParamsVoiceUnion{OfAudioSpeechNewsVoiceString2: openaigo.String("alloy")}})
		if err != nil {
			t.Fatal(err)
		}
		sound, err := io.ReadAll(got.Body)
		got.Body.Close()
		if err != nil || len(sound) != 2400 || got.Header.Get("Content-Type") != "audio/mpeg" {
			t.Fatalf("%d bytes, %v", len(sound), err)
		}
	},
	"transcription": func(t *testing.T, c openaigo.Client) {
		got, err := c.Audio.Transcriptions.New(t.Context(), openaigo.AudioTranscriptionNewParams{Model: "whisper-1", File: soundFile()})
		if err != nil || got.Text == "" {
			t.Fatalf("%v", err)
		}
	},
	"transcription streamed": func(t *testing.T, c openaigo.Client) {
		stream := c.Audio.Transcriptions.NewStreaming(t.Context(), openaigo.AudioTranscriptionNewParams{Model: "gpt-4o-transcribe", File: soundFile()})
		heard := ""
		for stream.Next() {
			heard += stream.Current().Delta
		}
		if stream.Err() != nil || heard == "" {
			t.Fatalf("%q %v", heard, stream.Err())
		}
	},
	"translation": func(t *testing.T, c openaigo.Client) {
		//lint:ignore SA1019 the vendor advises against its older models; the surface is served
		got, err := c.Audio.Translations.New(t.Context(), openaigo.AudioTranslationNewParams{Model: "whisper-1", File: soundFile()})
		if err != nil || got.Text == "" {
			t.Fatalf("%v", err)
		}
	},
	"moderations": func(t *testing.T, c openaigo.Client) {
		got, err := c.Moderations.New(t.Context(), openaigo.ModerationNewParams{Input: openaigo.ModerationNewParamsInputUnion{OfString: openaigo.String("hello")}})
		if err != nil || len(got.Results) != 1 {
			t.Fatalf("%v", err)
		}
	},
}

func soundFile() io.Reader {
	return openaigo.File(bytes.NewReader(make([]byte, 40_000)), "a.mp3", "audio/mpeg")
}

func TestABackgroundResponseOfAnEmulatedCloudIsChargedWhatItCounts(t *testing.T) {
	for cloud, order := range map[string]string{"azure": "[[azure], [openai]]", "openai": "[[openai], [azure]]"} {
		t.Run(cloud, func(t *testing.T) {
			b := newBed(t, order)
			client := b.clients()["openai"]
			made, err := client.Responses.New(t.Context(), responses.ResponseNewParams{Model: "gpt-5.4", Background: openaigo.Bool(true),
				Input: responses.ResponseNewParamsInputUnion{OfString: openaigo.String("hello there [reply 40 tokens]")}})
			if err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(10 * time.Second); made.Status == "queued" || made.Status == "in_progress"; {
				if time.Now().After(deadline) {
					t.Fatalf("still %s", made.Status)
				}
				if made, err = client.Responses.Get(t.Context(), made.ID, responses.ResponseGetParams{}); err != nil {
					t.Fatal(err)
				}
			}

			parts := b.parts()
			if len(parts) != 1 {
				t.Fatalf("%d later parts", len(parts))
			}
			u := parts[0].Body.(*journal.Record).Usage.Tokens
			if u.Prompt() != made.Usage.InputTokens || u.Total()-u.Prompt() != made.Usage.OutputTokens || u.Total() == 0 {
				t.Errorf("recorded %v, the cloud says %+v", u, made.Usage)
			}
			if err := client.Responses.Delete(t.Context(), made.ID); err != nil {
				t.Error(err)
			}
			if _, err := client.Responses.Get(t.Context(), made.ID, responses.ResponseGetParams{}); err == nil || !strings.Contains(err.Error(), "404") {
				t.Errorf("after its end: %v", err)
			}
		})
	}
}
