package gateway

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"concord/agreement"
	"concord/clouds"
)

// A fault is an answer of the gateway's own, in OpenAI's error form.
type fault struct {
	status  int
	kind    string // "type" of the error
	code    string
	param   string
	message string
	retry   time.Duration // Retry-After; 0 = none
	final   bool          // x-should-retry: false, so that official clients do not multiply what was tried
	close   bool          // the connection ends
}

// The faults whose text is always the same.
var (
	faultKey = &fault{status: http.StatusUnauthorized, kind: "invalid_request_error", code: "invalid_api_key",
		message: "This gateway does not know the API key, or none was sent. Send a key of this gateway as \"Authorization: Bearer KEY\" or \"api-key: KEY\"."}
	faultDraining = &fault{status: http.StatusServiceUnavailable, kind: "service_unavailable_error", code: "shutting_down",
		message: "This gateway is stopping. Send the request again; another instance or the next one will take it.", retry: time.Second, close: true}
	faultUnwell = &fault{status: http.StatusServiceUnavailable, kind: "service_unavailable_error", code: "metering_unavailable",
		message: "The request cannot be metered at the moment, and what is not metered is not served. Try again shortly.", retry: time.Second}
	faultUnrecorded = &fault{status: http.StatusServiceUnavailable, kind: "service_unavailable_error", code: "metering_unavailable",
		message: "The request was served but could not be recorded in time; its answer is withheld.", final: true}
	faultDeadline = &fault{status: http.StatusGatewayTimeout, kind: "server_error", code: "deadline_exceeded",
		message: "The request was not answered within this gateway's time limit.", final: true}
	faultPanic = &fault{status: http.StatusInternalServerError, kind: "server_error", code: "internal_error",
		message: "The gateway made a mistake while it served the request. The request id says which one it was.", final: true}
	faultUnavailable = &fault{status: http.StatusServiceUnavailable, kind: "service_unavailable_error", code: "no_cloud_available",
		message: "No cloud that the agreements allow for this request takes it at the moment.", retry: time.Second}
	faultUnreachable = &fault{status: http.StatusBadGateway, kind: "server_error", code: "upstream_unreachable",
		message: "The clouds that the agreements allow for this request could not be reached.", final: true}
	faultTimeout = &fault{status: http.StatusGatewayTimeout, kind: "server_error", code: "upstream_timeout",
		message: "The clouds that the agreements allow for this request did not answer in time.", final: true}
	faultCut = &fault{status: http.StatusBadGateway, kind: "server_error", code: "stream_cut",
		message: "The cloud broke the answer off. What was delivered so far is not complete."}
	faultStalled = &fault{status: http.StatusGatewayTimeout, kind: "server_error", code: "stream_stalled",
		message: "The cloud stopped in the middle of the answer. What was delivered so far is not complete."}
)

// body returns the fault in OpenAI's form.
func (f *fault) body() []byte { return clouds.ErrorBody(f.message, f.kind, f.param, f.code) }

// event returns the fault as an event inside a stream, in the form in which the operation's streams tell errors. sequence is
// what the operation numbers its events with, where it does.
func (f *fault) event(op clouds.Operation, sequence int64) []byte {
	var b []byte
	switch {
	case op.EndsWithDone():
		b = append([]byte("data: "), f.body()...)
	case op.API() == agreement.Responses:
		// The members of the error stand at the top, as OpenAI writes them there.
		inner := bytes.TrimPrefix(f.body(), []byte(`{"error":{`))
		inner = bytes.TrimSuffix(inner, []byte(`}}`))
		inner = bytes.Replace(inner, fmt.Appendf(nil, `"type":%q,`, f.kind), nil, 1)
		b = fmt.Appendf(nil, "event: error\ndata: {\"type\":\"error\",%s,\"sequence_number\":%d}", inner, sequence)
	default:
		b = fmt.Appendf(nil, "event: error\ndata: {\"type\":\"error\",%s", bytes.TrimPrefix(f.body(), []byte("{")))
	}
	return append(b, '\n', '\n')
}

var (
	jsonType   = []string{"application/json"}
	streamType = []string{"text/event-stream; charset=utf-8"}
	noCache    = []string{"no-cache"}
	noRetry    = []string{"false"}
	doRetry    = []string{"true"}
	closeValue = []string{"close"}
)

// write sends a fault as the whole answer.
func (f *fault) write(w http.ResponseWriter) { f.send(w, f.body()) }

func (f *fault) send(w http.ResponseWriter, body []byte) {
	h := w.Header()
	if f.retry > 0 {
		h["Retry-After"] = []string{strconv.FormatInt(int64((f.retry+time.Second-1)/time.Second), 10)}
	}
	switch {
	case f.final:
		h["X-Should-Retry"] = noRetry
	case f.retry > 0:
		h["X-Should-Retry"] = doRetry
	}
	if f.close {
		h["Connection"] = closeValue
	}
	writeBody(w, f.status, jsonType, body)
}

// writeBody sends a whole answer with its length.
func writeBody(w http.ResponseWriter, status int, contentType []string, body []byte) {
	h := w.Header()
	h["Content-Type"] = contentType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that left learns nothing more
}
