package clienttest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	openai "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"

	"concord/internal/proctest"
)

// forms are the shapes in which the official client reaches a gateway: OpenAI's own, and Azure's two.
var forms = []string{"OpenAI", "Azure v1", "Azure dated"}

// official is the official client in a form; watch sees each answer before the client does.
func (w *world) official(form string, watch option.Middleware) openai.Client {
	options := []option.RequestOption{option.WithMaxRetries(0), option.WithMiddleware(watch), option.WithRequestTimeout(proctest.Slowest)}
	base := "http://" + w.gateway
	switch form {
	case "Azure dated":
		options = append(options, azure.WithEndpoint(base, "2025-04-01-preview"), azure.WithAPIKey(goodKey), azure.WithUnsafeAllowHTTP())
	case "Azure v1":
		options = append(options, option.WithBaseURL(base+"/openai/v1"), option.WithAPIKey(goodKey))
	default:
		options = append(options, option.WithBaseURL(base+"/v1"), option.WithAPIKey(goodKey))
	}
	return openai.NewClient(options...)
}

// A call is one use of the official client.
type call struct {
	name   string
	row    string // of the table; "" = it is one more use of a surface that has its row
	schema string // of the answer by OpenAI's document; "" = it is no JSON, or checked by its parts
	events func(kind string) string
	model  string
	models map[string]string // in its place, by cloud
	do     func(ctx context.Context, c openai.Client, model string) error
}

// on is the model to ask for where a cloud is to answer.
func (c *call) on(cloud string) string {
	if m := c.models[cloud]; m != "" {
		return m
	}
	return c.model
}

func always(schema string) func(string) string { return func(string) string { return schema } }

// openWeights is what clouds without OpenAI's own models have.
var openWeights = map[string]string{"gcp": "gpt-oss-120b", "alibaba": "gpt-oss-120b"}

const say = "hello there [reply 7 tokens]"

func chat(model string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(say)}}
}

func response(model string) responses.ResponseNewParams {
	return responses.ResponseNewParams{Model: model, Input: responses.ResponseNewParamsInputUnion{OfString: openai.String(say)}}
}

func textCalls() []call {
	return []call{
		{name: "chat", row: "chat completions", schema: "CreateChatCompletionResponse", model: "gpt-5.4", models: openWeights,
			do: func(ctx context.Context, c openai.Client, model string) error {
				got, err := c.Chat.Completions.New(ctx, chat(model))
				return want(err, func() bool {
					return len(strings.Fields(got.Choices[0].Message.Content)) == 7 && got.Usage.CompletionTokens == 7
				})
			}},
		{name: "chat streamed", row: "chat completions, streamed", events: always("CreateChatCompletionStreamResponse"), model: "gpt-5.4", models: openWeights,
			do: func(ctx context.Context, c openai.Client, model string) error {
				stream, text := c.Chat.Completions.NewStreaming(ctx, chat(model)), ""
				for stream.Next() {
					for _, choice := range stream.Current().Choices {
						text += choice.Delta.Content
					}
				}
				return want(stream.Err(), func() bool { return len(strings.Fields(text)) == 7 })
			}},
		{name: "chat with usage asked for", events: always("CreateChatCompletionStreamResponse"), model: "gpt-5.4", models: openWeights,
			do: func(ctx context.Context, c openai.Client, model string) error {
				params := chat(model)
				params.StreamOptions.IncludeUsage = openai.Bool(true)
				stream, counted := c.Chat.Completions.NewStreaming(ctx, params), int64(0)
				for stream.Next() {
					counted += stream.Current().Usage.CompletionTokens
				}
				return want(stream.Err(), func() bool { return counted == 7 })
			}},
		{name: "tools", row: "tools in chat completions", schema: "CreateChatCompletionResponse", model: "gpt-5.4", models: openWeights,
			do: func(ctx context.Context, c openai.Client, model string) error {
				params := chat(model)
				params.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{Name: "weather"})}
				params.ToolChoice = openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openai.String("required")}
				got, err := c.Chat.Completions.New(ctx, params)
				return want(err, func() bool { return got.Choices[0].Message.ToolCalls[0].Function.Name == "weather" })
			}},
		{name: "responses", row: "responses", schema: "Response", model: "gpt-5.4",
			do: func(ctx context.Context, c openai.Client, model string) error {
				got, err := c.Responses.New(ctx, response(model))
				return want(err, func() bool { return len(strings.Fields(got.OutputText())) == 7 && got.Usage.OutputTokens == 7 })
			}},
		{name: "responses streamed", row: "responses, streamed", events: always("ResponseStreamEvent"), model: "gpt-5.4",
			do: func(ctx context.Context, c openai.Client, model string) error {
				stream, text, completed := c.Responses.NewStreaming(ctx, response(model)), "", false
				for stream.Next() {
					text += stream.Current().Delta
					completed = completed || stream.Current().Type == "response.completed"
				}
				return want(stream.Err(), func() bool { return completed && len(strings.Fields(text)) == 7 })
			}},
		{name: "responses kept", row: "responses read, continued, listed, deleted", model: "gpt-5.4", do: keptResponse},
		{name: "responses in the background", row: "responses in the background, cancelled", model: "gpt-5.4", do: backgroundResponse},
		{name: "responses in the background, streamed", row: "responses in the background, streamed and taken up again", events: always("ResponseStreamEvent"), model: "gpt-5.4", do: followedResponse},
		{name: "embeddings", row: "embeddings", schema: "CreateEmbeddingResponse", model: "text-embedding-3-small", models: map[string]string{"alibaba": "text-embedding-v4"},
			do: func(ctx context.Context, c openai.Client, model string) error {
				got, err := c.Embeddings.New(ctx, openai.EmbeddingNewParams{Model: model,
					Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"one two", "three"}}})
				return want(err, func() bool { return len(got.Data) == 2 && len(got.Data[0].Embedding) > 0 })
			}},
		{name: "completions", row: "completions", schema: "CreateCompletionResponse", model: "gpt-3.5-turbo-instruct",
			do: func(ctx context.Context, c openai.Client, model string) error {
				got, err := c.Completions.New(ctx, openai.CompletionNewParams{Model: openai.CompletionNewParamsModel(model),
					Prompt: openai.CompletionNewParamsPromptUnion{OfString: openai.String(say)}})
				return want(err, func() bool { return got.Choices[0].Text != "" })
			}},
		{name: "completions streamed", events: always("CreateCompletionResponse"), model: "gpt-3.5-turbo-instruct",
			do: func(ctx context.Context, c openai.Client, model string) error {
				stream, text := c.Completions.NewStreaming(ctx, openai.CompletionNewParams{Model: openai.CompletionNewParamsModel(model),
					Prompt: openai.CompletionNewParamsPromptUnion{OfString: openai.String(say)}}), ""
				for stream.Next() {
					for _, choice := range stream.Current().Choices {
						text += choice.Text
					}
				}
				return want(stream.Err(), func() bool { return text != "" })
			}},
		{name: "moderations", row: "moderations", schema: "CreateModerationResponse", model: "omni-moderation-latest",
			do: func(ctx context.Context, c openai.Client, _ string) error {
				got, err := c.Moderations.New(ctx, openai.ModerationNewParams{Input: openai.ModerationNewParamsInputUnion{OfString: openai.String("hello")}})
				return want(err, func() bool { return len(got.Results) == 1 })
			}},
	}
}

func pictureAndSoundCalls() []call {
	sound := func() io.Reader { return openai.File(bytes.NewReader(make([]byte, 40_000)), "a.mp3", "audio/mpeg") }
	return []call{
		{name: "images", row: "images, by tokens", schema: "ImagesResponse", model: "gpt-image-1", do: func(ctx context.Context, c openai.Client, model string) error {
			got, err := c.Images.Generate(ctx, openai.ImageGenerateParams{Model: model, Prompt: "a cat", Quality: "low"})
			return want(err, func() bool { return got.Data[0].B64JSON != "" })
		}},
		{name: "images by the piece", row: "images, by the piece", schema: "ImagesResponse", model: "dall-e-3", do: func(ctx context.Context, c openai.Client, model string) error {
			got, err := c.Images.Generate(ctx, openai.ImageGenerateParams{Model: model, Prompt: "a cat"})
			return want(err, func() bool { return got.Data[0].URL != "" })
		}},
		{name: "images streamed", events: always("ImageGenCompletedEvent"), model: "gpt-image-1", do: func(ctx context.Context, c openai.Client, model string) error {
			stream, drawn := c.Images.GenerateStreaming(ctx, openai.ImageGenerateParams{Model: model, Prompt: "a cat", Quality: "low"}), false
			for stream.Next() {
				drawn = drawn || stream.Current().B64JSON != ""
			}
			return want(stream.Err(), func() bool { return drawn })
		}},
		{name: "image edits", row: "images, edited", schema: "ImagesResponse", model: "gpt-image-1", do: func(ctx context.Context, c openai.Client, model string) error {
			got, err := c.Images.Edit(ctx, openai.ImageEditParams{Model: model, Prompt: "add a hat",
				Image: openai.ImageEditParamsImageUnion{OfFile: openai.File(strings.NewReader("png"), "cat.png", "image/png")}})
			return want(err, func() bool { return got.Data[0].B64JSON != "" })
		}},
		{name: "speech", row: "speech", model: "tts-1", do: func(ctx context.Context, c openai.Client, model string) error {
			got, err := c.Audio.Speech.New(ctx, openai.AudioSpeechNewParams{Model: model, Input: "one two three",
				Voice: openai.AudioSpeechNewParamsVoiceUnion{OfAudioSpeechNewsVoiceString2: openai.String("alloy")}})
			if err != nil {
				return err
			}
			defer got.Body.Close()
			heard, err := io.ReadAll(got.Body)
			return want(err, func() bool { return len(heard) == 2400 && got.Header.Get("Content-Type") == "audio/mpeg" })
		}},
		{name: "transcription", row: "transcription", schema: "CreateTranscriptionResponseJson", model: "whisper-1", do: func(ctx context.Context, c openai.Client, model string) error {
			got, err := c.Audio.Transcriptions.New(ctx, openai.AudioTranscriptionNewParams{Model: model, File: sound()})
			return want(err, func() bool { return got.Text != "" })
		}},
		{name: "transcription streamed", model: "gpt-4o-transcribe", events: func(kind string) string {
			return map[string]string{"transcript.text.delta": "TranscriptTextDeltaEvent", "transcript.text.done": "TranscriptTextDoneEvent"}[kind]
		}, do: func(ctx context.Context, c openai.Client, model string) error {
			stream, heard := c.Audio.Transcriptions.NewStreaming(ctx, openai.AudioTranscriptionNewParams{Model: model, File: sound()}), ""
			for stream.Next() {
				heard += stream.Current().Delta
			}
			return want(stream.Err(), func() bool { return heard != "" })
		}},
		{name: "translation", row: "translation", schema: "CreateTranslationResponseJson", model: "whisper-1", do: func(ctx context.Context, c openai.Client, model string) error {
			//lint:ignore SA1019 the vendor advises against its older models; the surface is served
			got, err := c.Audio.Translations.New(ctx, openai.AudioTranslationNewParams{Model: model, File: sound()})
			return want(err, func() bool { return got.Text != "" })
		}},
	}
}

// keptResponse makes a response and comes back to it in every way.
func keptResponse(ctx context.Context, c openai.Client, model string) error {
	made, err := c.Responses.New(ctx, response(model))
	if err != nil {
		return err
	}
	read, err := c.Responses.Get(ctx, made.ID, responses.ResponseGetParams{})
	if err := want(err, func() bool { return read.ID == made.ID && read.OutputText() == made.OutputText() }); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	params := response(model)
	params.PreviousResponseID = openai.String(made.ID)
	next, err := c.Responses.New(ctx, params)
	if err := want(err, func() bool { return next.PreviousResponseID == made.ID }); err != nil {
		return fmt.Errorf("continue: %w", err)
	}
	items, err := c.Responses.InputItems.List(ctx, made.ID, responses.InputItemListParams{})
	if err := want(err, func() bool { return len(items.Data) == 1 }); err != nil {
		return fmt.Errorf("list its input: %w", err)
	}
	if err := c.Responses.Delete(ctx, made.ID); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	if _, err := c.Responses.Get(ctx, made.ID, responses.ResponseGetParams{}); status(err) != http.StatusNotFound {
		return fmt.Errorf("read what was deleted: %w", err)
	}
	return nil
}

// backgroundResponse makes a long response in the background and cancels it.
func backgroundResponse(ctx context.Context, c openai.Client, model string) error {
	params := response(model)
	params.Background = openai.Bool(true)
	params.Input.OfString = openai.String("hello [reply 100000 tokens]")
	made, err := c.Responses.New(ctx, params)
	if err := want(err, func() bool { return made.Status == "queued" || made.Status == "in_progress" }); err != nil {
		return err
	}
	gone, err := c.Responses.Cancel(ctx, made.ID)
	if err := want(err, func() bool { return gone.Status == "cancelled" }); err != nil {
		return fmt.Errorf("cancel: %w", err)
	}
	return nil
}

// followedResponse makes a response in the background as a stream, leaves it, and takes it up again where it left.
func followedResponse(ctx context.Context, c openai.Client, model string) error {
	params := response(model)
	params.Background = openai.Bool(true)
	stream, id, left, text := c.Responses.NewStreaming(ctx, params), "", int64(-1), ""
	for stream.Next() {
		e := stream.Current()
		if e.Response.ID != "" {
			id = e.Response.ID
		}
		left, text = e.SequenceNumber, text+e.Delta
		if e.Type == "response.output_text.delta" {
			break
		}
	}
	if err := stream.Err(); err != nil {
		return err
	}
	if err := stream.Close(); err != nil {
		return err
	}
	// This version of the client writes stream into the body of its GET; OpenAI's document has it in the query.
	rest, completed := c.Responses.GetStreaming(ctx, id, responses.ResponseGetParams{StartingAfter: openai.Int(left)}, option.WithQuery("stream", "true")), false
	for rest.Next() {
		e := rest.Current()
		if e.SequenceNumber != left+1 {
			return fmt.Errorf("event %d comes after %d: %w", e.SequenceNumber, left, errOther)
		}
		left, text = e.SequenceNumber, text+e.Delta
		completed = e.Type == "response.completed"
	}
	return want(rest.Err(), func() bool { return completed && len(strings.Fields(text)) == 7 })
}

// errOther says that an answer came which is not the one that was asked for.
var errOther = errors.New("another answer than was asked for")

func want(err error, good func() bool) error {
	if err == nil && !good() {
		err = errOther
	}
	return err
}

// status is what the gateway said; 0 if the error is none of its own.
func status(err error) int {
	if e, ok := errors.AsType[*openai.Error](err); ok {
		return e.StatusCode
	}
	return 0
}

// soon calls try until it is satisfied, or too late.
func soon(try func() bool) bool {
	for deadline := time.Now().Add(proctest.Slowest); !try(); {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}
