package gateway_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"concord/gateway"
	"concord/journal"
	"concord/money"
)

// What the models of these tests can do at most.
const (
	mostOutput  = 700
	mostContext = 5000
	mostSeconds = 900
)

// bounded is every surface under a large budget, with what the models can do at most.
func bounded(t *testing.T) func(*gateway.Config) {
	return func(c *gateway.Config) {
		everySurface(t)(c)
		under(budget("1000"))(c)
		all := func(n int64) map[string]int64 { return map[string]int64{"a": n, "o": n} }
		c.MaxOutput, c.Context, c.MaxSound = all(mostOutput), all(mostContext), all(mostSeconds)
	}
}

// an exchange is a request and an answer that a cloud may give to it.
type exchange struct {
	path   string
	body   string            // JSON; "" = a form
	fields map[string]string // of the form
	kind   string            // content type of the answer
	answer string
}

// upTo draws a count that often is the most.
func upTo(t *rapid.T, most int64) int64 {
	if rapid.Bool().Draw(t, "the most") {
		return most
	}
	return rapid.Int64Range(0, most).Draw(t, "count")
}

// textUsage draws the usage of a prompt and an answer of so many tokens at most, in the names of chat or of responses.
func textUsage(t *rapid.T, names [2]string, prompt, completion int64) string {
	in, out := upTo(t, prompt), upTo(t, completion)
	return fmt.Sprintf(`"usage":{"%[1]s_tokens":%[3]d,"%[1]s_tokens_details":{"cached_tokens":%[4]d,"audio_tokens":%[5]d,"image_tokens":%[6]d},`+
		`"%[2]s_tokens":%[7]d,"%[2]s_tokens_details":{"reasoning_tokens":%[8]d,"audio_tokens":%[9]d},"total_tokens":%[10]d}`,
		names[0], names[1], in, upTo(t, in), upTo(t, in), upTo(t, in), out, upTo(t, out), upTo(t, out), in+out)
}

var (
	chatNames     = [2]string{"prompt", "completion"}
	responseNames = [2]string{"input", "output"}
)

// exchanges draws for each surface what a client may ask and what a cloud may answer within that.
var exchanges = map[string]func(*rapid.T) exchange{
	"completions": func(t *rapid.T) exchange {
		prompts := rapid.SampledFrom([]string{`"one"`, `["one","two","three"]`, `[[1,2],[3,4]]`, `[1,2,3]`}).Draw(t, "prompt")
		count := map[string]int64{`"one"`: 1, `["one","two","three"]`: 3, `[[1,2],[3,4]]`: 2, `[1,2,3]`: 1}[prompts]
		choices, extra, limit := int64(1), "", int64(mostOutput)
		if rapid.Bool().Draw(t, "choices") {
			n := rapid.Int64Range(1, 4).Draw(t, "n")
			choices = rapid.Int64Range(n, 6).Draw(t, "best_of")
			extra = fmt.Sprintf(`,"n":%d,"best_of":%d`, n, choices)
		}
		if rapid.Bool().Draw(t, "limited") {
			limit = rapid.Int64Range(1, mostOutput).Draw(t, "max_tokens")
			extra += fmt.Sprintf(`,"max_tokens":%d`, limit)
		}
		body := `{"model":"gpt-5.4","prompt":` + prompts + extra + `}`
		return exchange{path: "/v1/completions", body: body, answer: `{"id":"c","object":"text_completion","choices":[{"index":0,"text":"x","finish_reason":"stop"}],` +
			textUsage(t, chatNames, int64(len(body)), limit*choices*count) + `}`}
	},
	"images": func(t *rapid.T) exchange {
		n := rapid.Int64Range(1, 4).Draw(t, "n")
		body := fmt.Sprintf(`{"model":"gpt-5.4","prompt":"a cat","n":%d,"quality":"high"}`, n)
		return exchange{path: "/v1/images/generations", body: body, answer: pictures(t, n, int64(len(body)))}
	},
	"image edits": func(t *rapid.T) exchange {
		n := rapid.Int64Range(1, 4).Draw(t, "n")
		return exchange{path: "/v1/images/edits", fields: map[string]string{"model": "gpt-5.4", "prompt": "a cat", "n": fmt.Sprint(n)},
			answer: pictures(t, n, 50_000)}
	},
	"speech": func(t *rapid.T) exchange {
		text := strings.Repeat("ü", rapid.IntRange(1, 4096).Draw(t, "characters"))
		return exchange{path: "/v1/audio/speech", body: `{"model":"gpt-5.4","input":"` + text + `","voice":"alloy"}`, kind: "audio/mpeg", answer: "sound"}
	},
	"speech as events": func(t *rapid.T) exchange {
		body := `{"model":"gpt-5.4","input":"hi","voice":"alloy","stream_format":"sse"}`
		in, out := upTo(t, int64(len(body))), upTo(t, mostOutput)
		return exchange{path: "/v1/audio/speech", body: body, kind: "text/event-stream", answer: typed("speech.audio.delta", `,"audio":"aGVs"`) +
			typed("speech.audio.done", fmt.Sprintf(`,"usage":{"input_tokens":%d,"output_tokens":%d,"total_tokens":%d}`, in, out, in+out))}
	},
	"transcription": func(t *rapid.T) exchange {
		fields := map[string]string{"model": "gpt-5.4"}
		said := map[string]string{
			"tokens":  fmt.Sprintf(`,"usage":{"type":"tokens","input_tokens":%[1]d,"input_token_details":{"audio_tokens":%[1]d},"output_tokens":%d}`, upTo(t, mostContext), upTo(t, mostOutput)),
			"seconds": fmt.Sprintf(`,"usage":{"type":"duration","seconds":%d}`, upTo(t, mostSeconds)),
			"length":  fmt.Sprintf(`,"duration":%d.0`, upTo(t, mostSeconds)),
			"nothing": "",
		}
		how := rapid.SampledFrom([]string{"tokens", "seconds", "length", "nothing"}).Draw(t, "usage")
		path := rapid.SampledFrom([]string{"/v1/audio/transcriptions", "/v1/audio/translations"}).Draw(t, "path")
		return exchange{path: path, fields: fields, answer: `{"text":"hello"` + said[how] + `}`}
	},
	"responses": func(t *rapid.T) exchange {
		limit := rapid.Int64Range(1, 500).Draw(t, "limit")
		body := fmt.Sprintf(`{"model":"gpt-5.4","input":[{"role":"user","content":[{"type":"input_image","image_url":"https://example.test/a.png"}]}],"max_output_tokens":%d}`, limit)
		return exchange{path: "/v1/responses", body: body, answer: response("resp_1", "completed", ","+textUsage(t, responseNames, int64(len(body))+50_000, limit))}
	},
	"moderations": func(*rapid.T) exchange {
		return exchange{path: "/v1/moderations", body: `{"model":"gpt-5.4","input":"hi"}`, answer: moderation}
	},
}

// pictures draws an answer with n pictures, with the tokens that the cloud counts for them or without.
func pictures(t *rapid.T, n, input int64) string {
	data := strings.TrimSuffix(strings.Repeat(`{"b64_json":"aGVsbG8="},`, int(n)), ",")
	if rapid.Bool().Draw(t, "without usage") {
		return `{"created":1,"data":[` + data + `]}`
	}
	in, out := upTo(t, input), upTo(t, n*mostOutput)
	return fmt.Sprintf(`{"created":1,"data":[%s],"usage":{"input_tokens":%d,"input_tokens_details":{"image_tokens":%d},"output_tokens":%d,"total_tokens":%d}}`,
		data, in, upTo(t, in), out, in+out)
}

func TestNoAnswerWithinARequestsLimitsIsChargedMoreThanItHolds(t *testing.T) {
	for name, draw := range exchanges {
		t.Run(name, func(t *testing.T) {
			inWorld(t, bounded(t), func(w *world) {
				rapid.Check(t, func(rt *rapid.T) {
					x := draw(rt)
					if x.kind == "" {
						x.kind = "application/json"
					}
					for _, c := range w.clouds {
						c.becomes(says(x.kind, x.answer))
					}
					var got answer
					if x.body == "" {
						got = w.upload(x.path, x.fields)
					} else {
						got = w.call("POST", x.path, goodKey, x.body)
					}
					if got.Status != http.StatusOK {
						rt.Fatalf("%s: %d %s", x.body, got.Status, got.Body)
					}
					synctest.Wait()
					all := entries[*journal.Record](w)
					r := all[len(all)-1]
					charged, err := r.Charged()
					if err != nil || !r.Above.IsZero() || charged.Cmp(r.Held) > 0 || len(r.Unpriced) > 0 {
						rt.Fatalf("charged %s of a hold of %s, %s above it, unpriced %v; usage %v of %s", charged, r.Held, r.Above, r.Unpriced, r.Usage.Tokens, x.body)
					}
					if s := counters(t, w.memory)["acme-month"]; !s.Held.IsZero() {
						rt.Fatalf("%s is still held", s.Held)
					}
				})
			})
		})
	}
}

func TestWhatNothingBoundsIsRefusedWithWhatToSet(t *testing.T) {
	for name, c := range map[string]struct {
		send func(*world) answer
		says string
	}{
		"pictures by tokens": {func(w *world) answer {
			return w.call("POST", "/v1/images/generations", goodKey, `{"model":"gpt-5.4","prompt":"hi"}`)
		}, "max_output (tokens of one picture) set for deployment a"},
		"speech as events": {func(w *world) answer {
			return w.call("POST", "/v1/audio/speech", goodKey, `{"model":"gpt-5.4","input":"hi","voice":"alloy","stream_format":"sse"}`)
		}, "Leave out stream_format"},
		"sound": {func(w *world) answer {
			return w.upload("/v1/audio/transcriptions", map[string]string{"model": "gpt-5.4"})
		}, "context"},
		"completions": {func(w *world) answer {
			return w.call("POST", "/v1/completions", goodKey, `{"model":"gpt-5.4","prompt":"hi"}`)
		}, "Set max_tokens in the request"},
		"a stored prompt": {func(w *world) answer {
			return w.call("POST", "/v1/responses", goodKey, `{"model":"gpt-5.4","prompt":{"id":"pmpt_1"},"max_output_tokens":5}`)
		}, "context (tokens that the model can read) set for deployment a"},
		"what is made in the background and not stored": {func(w *world) answer {
			return w.call("POST", "/v1/responses", goodKey, `{"model":"gpt-5.4","input":"hi","background":true,"store":false,"max_output_tokens":5}`)
		}, "Leave out store"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(g *gateway.Config) { everySurface(t)(g); under(budget("1"))(g) }, func(w *world) {
				got := c.send(w)
				if code := got.code(); got.Status != http.StatusBadRequest || !strings.HasPrefix(code, "budget_") || !strings.Contains(got.Body, c.says) {
					t.Errorf("%d %s, want %q in it", got.Status, got.Body, c.says)
				}
				if n := len(entries[*journal.Intent](w)); n != 0 || w.clouds["azure"].count() != 0 {
					t.Errorf("%d intents, the cloud was asked %d times", n, w.clouds["azure"].count())
				}
			})
		})
	}
}

// painter is every surface with gpt-image-1 in place of gpt-5.4, under a budget.
func painter(t *testing.T) func(*gateway.Config) {
	return func(c *gateway.Config) {
		everySurface(t)(c)
		under(budget("1000"))(c)
		catalog := surfacesCatalog()
		for i := range catalog.Deployments {
			d := &catalog.Deployments[i]
			d.Product = strings.Replace(d.Product, "gpt-5.4", "gpt-image-1", 1)
		}
		c.Timeline = timelineOf(t, strings.ReplaceAll(surfacesDoc, "gpt-5.4", "gpt-image-1"), catalog)
	}
}

func TestAPictureHoldsTheTokensOfItsSizeAndQuality(t *testing.T) {
	for name, c := range map[string]struct {
		asks   string
		tokens int64 // of all pictures; 0 = refused
	}{
		"left to the cloud":               {``, 6240},
		"small and cheap":                 {`,"size":"1024x1024","quality":"low"`, 272},
		"three of them":                   {`,"size":"1024x1024","quality":"medium","n":3`, 3168},
		"wide and fine":                   {`,"size":"1536x1024","quality":"high"`, 6208},
		"with partial pictures":           {`,"size":"1024x1024","quality":"low","stream":true,"partial_images":2`, 472},
		"given twice, the dearer counts":  {`,"quality":"low","quality":"high","size":"1024x1024"`, 4160},
		"a quality that nobody published": {`,"quality":"ultra"`, 0},
		"a size that nobody published":    {`,"size":"4096x4096"`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, painter(t), func(w *world) {
				w.clouds["azure"].serve = says("application/json", picture)
				got := w.call("POST", "/v1/images/generations", goodKey, `{"model":"gpt-image-1","prompt":"hi"`+c.asks+`}`)
				synctest.Wait()
				intents := entries[*journal.Intent](w)
				if c.tokens == 0 {
					if got.code() != "budget_unbounded" || len(intents) != 0 {
						t.Errorf("%d %s", got.Status, got.Body)
					}
					return
				}
				if len(intents) != 1 {
					t.Fatalf("%d %s", got.Status, got.Body)
				}
				in := intents[0]
				want, _ := money.MustParse("0.00001").MulInt(in.InputBytes) // input 10 a million, output 20
				out, _ := money.MustParse("0.00002").MulInt(c.tokens)
				want, _ = want.Add(out)
				if pieces, _ := money.MustParse("0.04").MulInt(max(1, int64(strings.Count(c.asks, `"n":3`))*3)); pieces.Cmp(want) > 0 {
					want = pieces // where the cloud reports no tokens
				}
				if in.OutputBound != c.tokens || in.Hold != want {
					t.Errorf("holds %s for %d tokens, want %s for %d", in.Hold, in.OutputBound, want, c.tokens)
				}
			})
		})
	}
}

func TestAResponseThatContinuesAnotherHoldsTheModelsContext(t *testing.T) {
	limited := func(context map[string]int64) func(*gateway.Config) {
		return func(c *gateway.Config) {
			under(budget("1"))(c)
			c.Context, c.MaxOutput = context, map[string]int64{"a": mostOutput, "o": mostOutput}
		}
	}
	inKeepers(t, limited(map[string]int64{"a": mostContext, "o": mostContext}), func(w *world, _, _ *keeper) {
		id := w.create("")
		w.create(`,"previous_response_id":"` + id + `"`)
		synctest.Wait()
		want, _ := money.MustParse("0.00001").MulInt(mostContext)
		output, _ := money.MustParse("0.00002").MulInt(mostOutput)
		want, _ = want.Add(output)
		if in := entries[*journal.Intent](w)[1]; in.Hold != want {
			t.Errorf("holds %s, want %s", in.Hold, want)
		}
	})
	inKeepers(t, limited(nil), func(w *world, _, _ *keeper) {
		id := w.create("")
		got := w.call("POST", "/v1/responses", goodKey, `{"model":"gpt-5.4","input":"hi","previous_response_id":"`+id+`"}`)
		if got.code() != "budget_unbounded" || !strings.Contains(got.Body, "context (tokens that the model can read) set for deployment a") {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
}

func TestABackgroundResponseHoldsUntilItsUsageIsKnown(t *testing.T) {
	for name, c := range map[string]struct {
		end     func(w *world, azure *keeper, id string)
		charged bool
	}{
		"completed": {func(_ *world, azure *keeper, id string) { azure.set(id, "completed") }, true},
		"cancelled": {func(w *world, _ *keeper, id string) { w.call("POST", "/v1/responses/"+id+"/cancel", goodKey, "") }, true},
		"failed":    {func(_ *world, azure *keeper, id string) { azure.set(id, "failed") }, false},
		"lost":      {func(_ *world, azure *keeper, id string) { azure.set(id, "") }, false},
		"after a restart": {func(w *world, azure *keeper, id string) {
			if err := w.gateway.Drain(w.Context()); err != nil {
				w.Fatal(err)
			}
			w.second("next", 2)
			azure.set(id, "completed")
		}, true},
		"after a long time without any gateway": {func(w *world, azure *keeper, id string) {
			if err := w.gateway.Drain(w.Context()); err != nil {
				w.Fatal(err)
			}
			azure.set(id, "completed")
			time.Sleep(100 * 24 * time.Hour)
			w.second("next", 2)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inKeepers(t, under(budget("1")), func(w *world, azure, _ *keeper) {
				id := w.create(`,"background":true,"max_output_tokens":100`)
				first := w.record()
				in := entries[*journal.Intent](w)[0]
				if s := counters(t, w.memory)["acme-month"]; !first.Pending || !first.Held.IsZero() || s.Held != in.Hold || in.Hold.IsZero() || !s.Spent.IsZero() {
					t.Fatalf("while it is made: %+v, the hold is %s; part 0 ends %s", s, in.Hold, first.Held)
				}

				c.end(w, azure, id)
				time.Sleep(time.Hour)

				r, _ := w.later()
				charged, _ := r.Charged()
				s := counters(t, w.memory)["acme-month"]
				if r.Held != in.Hold || r.Currency != "USD" || !s.Held.IsZero() || s.Spent != charged || charged.IsZero() == c.charged {
					t.Errorf("at its end: %+v; the later part ends %s of %s and charges %s", s, r.Held, in.Hold, charged)
				}
				differences, err := journal.CompareBudgets(t.Context(), w.memory, w.memory)
				if err != nil || len(differences) != 0 {
					t.Errorf("the journal comes to something else: %v %v", differences, err)
				}
			})
		})
	}
}

func TestABackgroundResponseIsNeverChargedMoreThanItHolds(t *testing.T) {
	inKeepers(t, under(budget("1")), func(w *world, azure, _ *keeper) {
		id := w.create(`,"background":true,"max_output_tokens":1`)
		azure.set(id, "completed") // with 30 tokens of answer
		time.Sleep(time.Minute)
		r, _ := w.later()
		charged, _ := r.Charged()
		if charged.Cmp(r.Held) > 0 || counters(t, w.memory)["acme-month"].Spent != charged {
			t.Errorf("charged %s of a hold of %s", charged, r.Held)
		}
	})
}

func TestTheKeysLimitIsWrittenIntoCompletions(t *testing.T) {
	inWorld(t, func(c *gateway.Config) {
		everySurface(t)(c)
		under(budget("1"))(c)
		k := c.Keys[gateway.HashKey(goodKey)]
		k.MaxOutput = 50
		c.Keys[gateway.HashKey(goodKey)] = k
	}, func(w *world) {
		w.clouds["azure"].serve = says("application/json", completion)
		if got := w.call("POST", "/v1/completions", goodKey, `{"model":"gpt-5.4","prompt":["a","b"],"best_of":3}`); got.Status != 200 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		in := entries[*journal.Intent](w)[0]
		if sent := string(w.clouds["azure"].body()); !strings.Contains(sent, `"max_tokens":50`) || in.OutputBound != 50*3*2 {
			t.Errorf("sent %s, bound %d", sent, in.OutputBound)
		}
	})
}

func TestTheBoundOfAnswersCountsBestOfWithoutABudgetToo(t *testing.T) {
	inWorld(t, everySurface(t), func(w *world) {
		w.clouds["azure"].serve = says("application/json", completion)
		if got := w.call("POST", "/v1/completions", goodKey, `{"model":"gpt-5.4","prompt":["a","b"],"n":2,"best_of":3,"max_tokens":7}`); got.Status != 200 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if got := entries[*journal.Intent](w)[0].OutputBound; got != 7*3*2 {
			t.Errorf("%d tokens, want %d", got, 7*3*2)
		}
	})
}

func TestAPictureIsCountedHoweverItsNameIsWritten(t *testing.T) {
	holds := func(part string) (got money.Amount) {
		inWorld(t, bounded(t), func(w *world) {
			w.clouds["azure"].serve = says("application/json", response("resp_1", "completed", ","+responseUsage))
			answer := w.call("POST", "/v1/responses", goodKey, `{"model":"gpt-5.4","max_output_tokens":5,"input":[{"role":"user","content":[`+part+`]}]}`)
			if answer.Status != 200 {
				t.Fatalf("%d %s", answer.Status, answer.Body)
			}
			got = entries[*journal.Intent](w)[0].Hold
		})
		return got
	}
	pictures := []string{`{"type":"input_image","image_url":"https://x"}`, `{"type":"input_image","file_id":"f"}`, `{"type":"computer_screenshot","image_url":"x"}`,
		`{"type":"input\u005fimage","image\u005furl":"https://x"}`}
	if i := slices.IndexFunc(pictures, func(p string) bool { return holds(p).Cmp(money.MustParse("0.5")) < 0 }); i >= 0 {
		t.Errorf("%s holds less than 50,000 tokens", pictures[i])
	}
	if got := holds(`{"type":"input_text","text":"gr\u00fc\u00dfe"}`); got.Cmp(money.MustParse("0.01")) > 0 {
		t.Errorf("plain text holds %s", got)
	}
}

func TestSoundWhoseLengthNoCloudSaysHoldsWhatItIsChargedBySize(t *testing.T) {
	inWorld(t, func(c *gateway.Config) {
		bounded(t)(c)
		c.MaxSound = map[string]int64{"a": 1, "o": 1}
		c.Context = c.MaxSound
		c.MaxOutput = c.MaxSound
	}, func(w *world) {
		w.clouds["azure"].serve = says("application/json", `{"text":"hello"}`)
		var form bytes.Buffer
		parts := multipart.NewWriter(&form)
		_ = parts.WriteField("model", "gpt-5.4")
		file, err := parts.CreateFormFile("file", "sound.wav")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = file.Write(make([]byte, 160_000)) // ten seconds, by the estimate
		_ = parts.Close()
		r, _ := http.NewRequestWithContext(w.Context(), "POST", "http://gateway.test/v1/audio/transcriptions", &form)
		r.Header.Set("Authorization", "Bearer "+goodKey)
		r.Header.Set("Content-Type", parts.FormDataContentType())
		if got := w.do(r); got.Status != 200 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		record := w.record()
		charged, _ := record.Charged()
		if !record.Above.IsZero() || charged != money.MustParse("0.001") {
			t.Errorf("charged %s of a hold of %s, %s above it", charged, record.Held, record.Above)
		}
	})
}
