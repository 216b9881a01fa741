package gateway_test

import (
	"errors"
	"io"
	"net/http"
)

// Scripts of clouds.

const usageJSON = `{"prompt_tokens":8000,"completion_tokens":600,"total_tokens":8600,"prompt_tokens_details":{"cached_tokens":4000}}`

func wholeJSON(text string) string {
	return `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"upstream","choices":[{"index":0,"message":{"role":"assistant","content":"` +
		text + `"},"finish_reason":"stop"}],"usage":` + usageJSON + `}`
}

func roleEvent() string {
	return event(`{"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}`)
}

func textEvent(text string) string {
	return event(`{"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"` + text + `"},"finish_reason":null}],"usage":null}`)
}

func finishEvent() string {
	return event(`{"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}`)
}

func usageEvent() string {
	return event(`{"id":"1","object":"chat.completion.chunk","choices":[],"usage":` + usageJSON + `}`)
}

const doneEvent = "data: [DONE]\n\n"

func event(data string) string { return "data: " + data + "\n\n" }

func streamOf(text string) []string {
	return []string{roleEvent(), textEvent(text), textEvent(" more"), finishEvent(), usageEvent(), doneEvent}
}

// answers serves a whole answer or a stream, as the request asks.
func answers(text string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.Header.Get("Accept") != "text/event-stream" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, wholeJSON(text))
			return
		}
		sends(streamOf(text)...)(w, r, 0)
	}
}

// sends streams events, each with a flush.
func sends(events ...string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		w.WriteHeader(http.StatusOK)
		for _, e := range events {
			_, _ = io.WriteString(w, e)
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// then runs scripts one after the other.
func then(scripts ...func(http.ResponseWriter, *http.Request, int)) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, r *http.Request, hit int) {
		for _, s := range scripts {
			s(w, r, hit)
		}
	}
}

// resets closes the connection.
func resets(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }

// stalls sends nothing more until the gateway gives up.
func stalls(w http.ResponseWriter, r *http.Request, _ int) {
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

// hangs accepts and sends nothing until the gateway gives up.
func hangs(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() }

// fails answers with a status, headers given in pairs, and a body.
func fails(status int, body string, headers ...string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func errorJSON(code, message string) string {
	return `{"error":{"message":"` + message + `","type":"invalid_request_error","param":null,"code":"` + code + `"}}`
}

var errDisk = errors.New("disk is full")
