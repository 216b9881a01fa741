package gateway_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/agreement"
	"concord/clouds"
	"concord/gateway"
	"concord/journal"
	"concord/usage"
)

// everySurface is the world in which gpt-5.4 is sold on every surface of text, on azure and then on OpenAI's own cloud.
func everySurface(t *testing.T) func(*gateway.Config) {
	return func(c *gateway.Config) {
		c.Timeline = timelineOf(t, surfacesDoc, surfacesCatalog())
		for _, d := range surfacesCatalog().Deployments {
			target := *c.Targets["o"]
			target.Deployment, target.Cloud, target.Account, target.Model = d.ID, d.Cloud, d.Account, d.Model
			base := *target.Base
			base.Host = d.Cloud + ".test"
			target.Base, target.Secret = &base, clouds.NewSecret("secret-of-"+d.Cloud)
			c.Targets[d.ID] = &target
		}
	}
}

var surfacesDoc = strings.NewReplacer("apis: [chat], state: stateless", "apis: [chat, responses, embeddings, completions, images, audio, moderations]",
	"[[azure], [aws], [openai]]", "[[azure], [openai]]").Replace(partners)

func surfacesCatalog() *agreement.Catalog {
	c := testCatalog()
	c.Deployments = []agreement.Deployment{c.Deployments[0], c.Deployments[2], c.Deployments[3]}
	c.Customers = append(c.Customers, agreement.Customer{ID: "initech", Sellers: [][]string{{"openai"}}})
	return c
}

// call makes a request of any method; the body is JSON where it is not empty.
func (w *world) call(method, path, key, body string) answer {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, "http://gateway.test"+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return w.do(r)
}

// says answers with a body of a type.
func says(contentType, body string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, body)
	}
}

const (
	responseUsage = `"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":40},"output_tokens":30,"output_tokens_details":{"reasoning_tokens":10},"total_tokens":130}`
	embedding     = `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,0.2]}],"model":"e","usage":{"prompt_tokens":7,"total_tokens":7}}`
	completion    = `{"id":"cmpl-1","object":"text_completion","choices":[{"index":0,"text":"hello","finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}`
	picture       = `{"created":1,"data":[{"b64_json":"aGVsbG8="}],"usage":{"input_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens":500,"total_tokens":550}}`
	transcript    = `{"text":"hello","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":4,"audio_tokens":10},"output_tokens":5,"total_tokens":19}}`
	moderation    = `{"id":"modr-1","model":"m","results":[{"flagged":false,"categories":{},"category_scores":{}}]}`
)

func response(id, status, more string) string {
	return fmt.Sprintf(`{"id":%q,"object":"response","status":%q,"output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}]%s}`, id, status, more)
}

func TestEverySurfaceIsServedAndMetered(t *testing.T) {
	for name, c := range map[string]struct {
		path, body, answer string
		want               usage.Tokens
		api                agreement.API
	}{
		"responses": {"/responses", `{"model":"gpt-5.4","input":"hi"}`, response("resp_1", "completed", ","+responseUsage),
			usage.Tokens{usage.Input: 60, usage.CacheRead: 40, usage.Output: 20, usage.Reasoning: 10}, agreement.Responses},
		"embeddings":  {"/embeddings", `{"model":"gpt-5.4","input":"hi"}`, embedding, usage.Tokens{usage.Input: 7}, agreement.Embeddings},
		"completions": {"/completions", `{"model":"gpt-5.4","prompt":"hi"}`, completion, usage.Tokens{usage.Input: 7, usage.Output: 3}, agreement.Completions},
		"images": {"/images/generations", `{"model":"gpt-5.4","prompt":"hi"}`, picture,
			usage.Tokens{usage.Input: 10, usage.InputImage: 40, usage.OutputImage: 500}, agreement.Images},
	} {
		for form, prefix := range map[string]string{"openai": "/v1", "azure v1": "/openai/v1", "azure deployments": "/openai/deployments/gpt-5.4"} {
			t.Run(name+"/"+form, func(t *testing.T) {
				inWorld(t, everySurface(t), func(w *world) {
					w.clouds["azure"].serve = says("application/json", c.answer)

					path := prefix + c.path
					if strings.Contains(prefix, "deployments") {
						path += "?api-version=2025-04-01-preview"
					}
					got := w.call("POST", path, goodKey, c.body)

					if got.Status != 200 || got.Body != c.answer || got.Header.Get("X-Concord-Cloud") != "azure" {
						t.Fatalf("%d %v %s", got.Status, got.Header, got.Body)
					}
					r := w.record()
					if diff := cmp.Diff(c.want, r.Usage.Tokens); diff != "" || r.API != c.api || r.Outcome != journal.Answered || r.Usage.Evidence != usage.Reported {
						t.Errorf("%v %s %v %s", r.Outcome, r.API, r.Usage.Evidence, diff)
					}
				})
			})
		}
	}
}

func TestModerationsGoWhereTheyAreAndCostNothing(t *testing.T) {
	inWorld(t, everySurface(t), func(w *world) {
		w.clouds["openai"].serve = says("application/json", moderation)

		got := w.call("POST", "/v1/moderations", goodKey, `{"model":"gpt-5.4","input":"hi"}`)

		if got.Status != 200 || got.Body != moderation || got.Header.Get("X-Concord-Cloud") != "openai" {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		r := w.record()
		if diff := cmp.Diff([]string{"azure unsupported", "openai answered"}, tried(r)); diff != "" || len(r.Lines) != 0 {
			t.Errorf("%v %s", r.Lines, diff)
		}
		if w.clouds["azure"].count() != 0 {
			t.Error("a cloud without moderations was asked")
		}
	})
}

// upload makes a form with a file.
func upload(t testing.TB, fields map[string]string) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	file, err := form.CreateFormFile("file", "sound.mp3")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.Write(bytes.Repeat([]byte("sound\r\n--"), 1000))
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return form.FormDataContentType(), b.Bytes()
}

func (w *world) upload(path string, fields map[string]string) answer {
	w.Helper()
	kind, body := upload(w, fields)
	r, err := http.NewRequestWithContext(w.Context(), "POST", "http://gateway.test"+path, bytes.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+goodKey)
	r.Header.Set("Content-Type", kind)
	return w.do(r)
}

func TestAFormReachesTheCloudWithTheNameOfItsModelThere(t *testing.T) {
	for name, path := range map[string]string{"transcription": "/v1/audio/transcriptions", "translation": "/openai/v1/audio/translations"} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, everySurface(t), func(w *world) {
				var model string
				var size int64
				w.clouds["azure"].serve = func(rw http.ResponseWriter, r *http.Request, hit int) {
					r.Body = io.NopCloser(bytes.NewReader(w.clouds["azure"].body()))
					if err := r.ParseMultipartForm(1 << 20); err == nil {
						model = r.FormValue("model")
						size = r.MultipartForm.File["file"][0].Size
					}
					says("application/json", transcript)(rw, r, hit)
				}

				got := w.upload(path, map[string]string{"model": "gpt-5.4", "language": "en"})

				if got.Status != 200 || got.Body != transcript || model != "upstream-azure" || size != 9000 {
					t.Fatalf("%d %s; the cloud saw model %q and %d bytes", got.Status, got.Body, model, size)
				}
				want := usage.Tokens{usage.Input: 4, usage.InputAudio: 10, usage.Output: 5}
				if r := w.record(); r.API != agreement.Audio || r.Usage.Tokens != want {
					t.Errorf("%s %s", r.API, cmp.Diff(want, r.Usage.Tokens))
				}
			})
		})
	}
}

func TestSoundPassesThroughAndItsCharactersAreCounted(t *testing.T) {
	sound := strings.Repeat("\xff\xfbsound", 20_000)
	inWorld(t, everySurface(t), func(w *world) {
		w.clouds["azure"].serve = says("audio/mpeg", sound)

		got := w.call("POST", "/v1/audio/speech", goodKey, `{"model":"gpt-5.4","input":"grüß dich","voice":"alloy"}`)

		if got.Status != 200 || got.Body != sound || got.Header.Get("Content-Type") != "audio/mpeg" || got.Err != nil {
			t.Fatalf("%d %s, %d bytes, %v", got.Status, got.Header.Get("Content-Type"), len(got.Body), got.Err)
		}
		r := w.record()
		if r.Usage.Tokens[usage.Characters] != 9 || r.Delivered != int64(len(sound)) || r.Outcome != journal.Answered {
			t.Errorf("%v %v, %d bytes", r.Outcome, r.Usage, r.Delivered)
		}
	})
}

func TestSoundThatBreaksOffIsNotTakenForTheWhole(t *testing.T) {
	inWorld(t, everySurface(t), func(w *world) {
		w.clouds["azure"].serve = func(rw http.ResponseWriter, r *http.Request, hit int) {
			rw.Header().Set("Content-Type", "audio/mpeg")
			_, _ = io.WriteString(rw, "half")
			_ = http.NewResponseController(rw).Flush()
			resets(rw, r, hit)
		}

		got := w.call("POST", "/v1/audio/speech", goodKey, `{"model":"gpt-5.4","input":"hello","voice":"alloy"}`)

		if got.Status != 200 || got.Body != "half" || got.Err == nil {
			t.Fatalf("%d %q, ended with %v", got.Status, got.Body, got.Err)
		}
		if r := w.record(); r.Outcome != journal.Cut {
			t.Errorf("%v", r.Outcome)
		}
	})
}

func TestSoundFailsOverBeforeItsFirstByte(t *testing.T) {
	inWorld(t, everySurface(t), func(w *world) {
		w.clouds["azure"].serve = fails(500, "")
		w.clouds["openai"].serve = says("audio/mpeg", "sound")

		got := w.call("POST", "/v1/audio/speech", goodKey, `{"model":"gpt-5.4","input":"hello","voice":"alloy"}`)

		if got.Status != 200 || got.Body != "sound" {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
	})
}

// typed is an event of the surfaces whose events name their type.
func typed(kind, more string) string {
	return "event: " + kind + "\ndata: {\"type\":\"" + kind + "\"" + more + "}\n\n"
}

func responseStream(id string) []string {
	return []string{
		typed("response.created", `,"sequence_number":0,"response":`+response(id, "in_progress", "")),
		typed("response.output_text.delta", `,"sequence_number":1,"delta":"hel"`),
		typed("response.output_text.delta", `,"sequence_number":2,"delta":"lo"`),
		typed("response.completed", `,"sequence_number":3,"response":`+response(id, "completed", ","+responseUsage)),
	}
}

func TestTypedStreamsPassThroughByteForByte(t *testing.T) {
	for name, c := range map[string]struct {
		path, body string
		events     []string
		want       usage.Tokens
	}{
		"responses": {"/v1/responses", `{"model":"gpt-5.4","input":"hi","stream":true}`, responseStream("resp_1"),
			usage.Tokens{usage.Input: 60, usage.CacheRead: 40, usage.Output: 20, usage.Reasoning: 10}},
		"images": {"/v1/images/generations", `{"model":"gpt-5.4","prompt":"hi","stream":true}`, []string{
			typed("image_generation.partial_image", `,"b64_json":"aGVs","partial_image_index":0`),
			typed("image_generation.completed", `,"b64_json":"aGVsbG8=","usage":{"input_tokens":10,"input_tokens_details":{"text_tokens":10},"output_tokens":500,"output_tokens_details":{"image_tokens":500},"total_tokens":510}`),
		}, usage.Tokens{usage.Input: 10, usage.OutputImage: 500}},
		"speech": {"/v1/audio/speech", `{"model":"gpt-5.4","input":"hi","voice":"alloy","stream_format":"sse"}`, []string{
			typed("speech.audio.delta", `,"audio":"aGVs"`),
			typed("speech.audio.done", `,"usage":{"input_tokens":10,"output_tokens":50,"output_tokens_details":{"audio_tokens":50},"total_tokens":60}`),
		}, usage.Tokens{usage.Input: 10, usage.OutputAudio: 50}},
		"completions": {"/v1/completions", `{"model":"gpt-5.4","prompt":"hi","stream":true,"stream_options":{"include_usage":true}}`, []string{
			event(`{"id":"c","object":"text_completion","choices":[{"index":0,"text":"hello","finish_reason":null}],"usage":null}`),
			event(`{"id":"c","object":"text_completion","choices":[{"index":0,"text":"","finish_reason":"stop"}],"usage":null}`),
			event(`{"id":"c","object":"text_completion","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}`), doneEvent,
		}, usage.Tokens{usage.Input: 7, usage.Output: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, everySurface(t), func(w *world) {
				w.clouds["azure"].serve = sends(c.events...)

				got := w.call("POST", c.path, goodKey, c.body)

				if diff := cmp.Diff(strings.Join(c.events, ""), got.Body); got.Status != 200 || diff != "" {
					t.Fatalf("%d %s", got.Status, diff)
				}
				if r := w.record(); r.Usage.Tokens != c.want || r.Usage.Evidence != usage.Reported || !r.Stream || r.Outcome != journal.Answered {
					t.Errorf("%v %v %s", r.Outcome, r.Usage.Evidence, cmp.Diff(c.want, r.Usage.Tokens))
				}
			})
		})
	}
}

func TestATypedStreamThatBreaksEndsWithAnErrorOfItsOwnForm(t *testing.T) {
	start := responseStream("resp_1")[:2]
	for name, c := range map[string]struct {
		script func(http.ResponseWriter, *http.Request, int)
		code   string
	}{
		"cut":                        {then(sends(start...), resets), "stream_cut"},
		"a clean end that is no end": {sends(start...), "stream_cut"},
		"stalled":                    {then(sends(start...), stalls), "stream_stalled"},
		"failed": {sends(append(start[:2:2], typed("response.failed", `,"sequence_number":2,"response":`+response("resp_1", "failed",
			`,"error":{"code":"server_error","message":"secret text"}`)))...), "stream_cut"},
		"error": {sends(append(start[:2:2], typed("error", `,"sequence_number":2,"code":"server_error","message":"secret text","param":null`))...), "stream_cut"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, everySurface(t), func(w *world) {
				w.clouds["azure"].serve = c.script

				got := w.call("POST", "/v1/responses", goodKey, `{"model":"gpt-5.4","input":"hi","stream":true}`)

				rest, ok := strings.CutPrefix(got.Body, strings.Join(start, ""))
				if !ok || !strings.HasPrefix(rest, "event: error\ndata: {\"type\":\"error\",\"message\":") || !strings.Contains(rest, `"code":"`+c.code+`"`) ||
					!strings.Contains(rest, `"sequence_number":`) || strings.Contains(got.Body, "completed") || strings.Contains(got.Body, "DONE") || strings.Contains(got.Body, "secret") {
					t.Errorf("%d %s", got.Status, got.Body)
				}
				r := w.record()
				if r.Outcome != journal.Cut || r.Object != "resp_1" || r.Pending {
					t.Errorf("%v %q %v", r.Outcome, r.Object, r.Pending)
				}
			})
		})
	}
}

func TestATypedStreamThatFailsBeforeContentFailsOver(t *testing.T) {
	start := responseStream("resp_1")[:1]
	for name, script := range map[string]func(http.ResponseWriter, *http.Request, int){
		"failed": sends(append(start[:1:1], typed("response.failed", `,"sequence_number":1,"response":`+response("resp_1", "failed",
			`,"error":{"code":"rate_limit_exceeded","message":"slow down"}`)))...),
		"error": sends(append(start[:1:1], typed("error", `,"sequence_number":1,"code":"server_error","message":"oops","param":null`))...),
		"cut":   then(sends(start...), resets),
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, everySurface(t), func(w *world) {
				w.clouds["azure"].serve = script
				w.clouds["openai"].serve = sends(responseStream("resp_2")...)

				got := w.call("POST", "/v1/responses", goodKey, `{"model":"gpt-5.4","input":"hi","stream":true}`)

				if got.Body != strings.Join(responseStream("resp_2"), "") {
					t.Errorf("%d %s", got.Status, got.Body)
				}
				if r := w.record(); r.Object != "resp_2" || r.Attempts[r.Served].Cloud != "openai" {
					t.Errorf("%q %v", r.Object, tried(r))
				}
			})
		})
	}
}
