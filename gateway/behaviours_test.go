package gateway_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	openaigo "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"concord/clouds/behaviour"
	"concord/clouds/emulator"
	"concord/gateway"
	"concord/journal"
	"concord/usage"
)

// The behaviours that a platform engineer tries on the first day, by their numbers, against emulated clouds: azure, then aws,
// then OpenAI's own. Their rows are records: one for each request, with terms, attempts and evidence.

// emulators puts emulators in the place of all clouds; faults are azure's.
func (w *world) emulators(faults ...behaviour.Fault) (azure, aws *[]emulator.Served) {
	w.Helper()
	w.emulated("openai")
	return w.emulated("azure", faults...), w.emulated("aws")
}

// row is the record of the one request so far: exactly one, with its terms and attempts, and evidence where it has usage.
func (w *world) row() *journal.Record {
	w.Helper()
	r := w.record()
	if r.Terms == (journal.Hash{}) || r.Set == (journal.Hash{}) || len(r.Attempts) == 0 {
		w.Errorf("the row lacks terms or attempts: %+v", r)
	}
	if !r.Usage.Tokens.IsZero() && (r.Usage.Evidence == usage.NoEvidence || len(r.Lines) == 0) {
		w.Errorf("usage without evidence or price: %+v", r.Usage)
	}
	return r
}

const forty = "please [reply 40 tokens]"

func TestBehaviour01_plain_chat_with_only_the_base_URL_changed(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		azure, _ := w.emulators()
		client := openaigo.NewClient(option.WithBaseURL("http://gateway.test/v1"), option.WithAPIKey(goodKey), option.WithHTTPClient(w.client), option.WithMaxRetries(0))

		var raw *http.Response
		got, err := client.Chat.Completions.New(w.Context(), openaigo.ChatCompletionNewParams{
			Model: testModel, Messages: []openaigo.ChatCompletionMessageParamUnion{openaigo.UserMessage(forty)},
		}, option.WithResponseInto(&raw))

		if err != nil || got.Usage.CompletionTokens != 40 {
			t.Fatalf("%+v %v", got, err)
		}
		r := w.row()
		if raw.Header.Get("X-Concord-Request-Id") != r.Request.String() {
			t.Errorf("headers: %v", raw.Header)
		}
		if s := (*azure)[0]; r.Usage.Tokens[usage.Input]+r.Usage.Tokens[usage.CacheRead] != s.Usage.Prompt ||
			r.Usage.Tokens[usage.Output]+r.Usage.Tokens[usage.Reasoning] != 40 || r.Usage.Evidence != usage.Reported {
			t.Errorf("row %v, cloud %+v", r.Usage, s.Usage)
		}
	})
}

func TestBehaviour02_a_stream_without_asked_usage_is_metered_and_shows_none(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.emulators()

		got := w.prompt(forty, `,"stream":true`)

		if got.Status != 200 || strings.Contains(got.Body, `"usage"`) || !strings.HasSuffix(got.Body, doneEvent) {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if r := w.row(); r.Usage.Evidence != usage.Reported || r.Usage.Tokens[usage.Output]+r.Usage.Tokens[usage.Reasoning] != 40 {
			t.Errorf("%+v", r.Usage)
		}
	})
}

func TestBehaviour03_a_throttle_of_two_seconds_is_not_hit_again_inside_them(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		azure, aws := w.emulators(behaviour.Fault{Kind: behaviour.Throttle, RetryAfter: int64(2 * time.Second), Last: 1})

		for range 10 {
			if got := w.prompt(forty, ""); got.Status != 200 {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
		}
		synctest.Wait()
		if within := within(*azure, 2*time.Second); within != 1 {
			t.Errorf("%d requests reached azure inside 2 s", within)
		}
		if len(*aws) == 0 {
			t.Error("aws served none")
		}
		time.Sleep(2 * time.Second)
		if got := w.prompt(forty, ""); got.Header.Get("X-Concord-Cloud") != "azure" {
			t.Errorf("after 2 s %s served", got.Header.Get("X-Concord-Cloud"))
		}
	})
}

// within counts requests that came within a time after the first one.
func within(served []emulator.Served, d time.Duration) (n int) {
	for _, s := range served {
		if s.Started.Sub(served[0].Started) < d {
			n++
		}
	}
	return n
}

func TestBehaviour04_a_cloud_that_throttles_for_a_minute_sees_probes_and_is_back_after_one(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		azure, _ := w.emulators(behaviour.Fault{Kind: behaviour.Throttle, Until: int64(time.Minute)})

		for range 200 {
			if got := w.prompt("[reply 1 tokens]", ""); got.Status != 200 {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
		}
		synctest.Wait()
		if n := len(*azure); n > 8 {
			t.Errorf("azure saw %d of 200 requests", n)
		}
		if why := entries[*journal.Attempt](w); len(why) == 0 || why[0].Left != "a" || why[0].Why.String() != "throttled" {
			t.Errorf("the journal gives no reason: %+v", why)
		}
		time.Sleep(3 * time.Minute)
		w.prompt(forty, "")
		if got := w.prompt(forty, ""); got.Header.Get("X-Concord-Cloud") != "azure" {
			t.Errorf("%s serves after the recovery", got.Header.Get("X-Concord-Cloud"))
		}
	})
}

func TestBehaviour05_spent_quota_spills_and_is_no_outage(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.emulators(behaviour.Fault{Kind: behaviour.Quota})

		if got := w.prompt(forty, ""); got.Status != 200 || got.Header.Get("X-Concord-Cloud") != "aws" {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if r := w.row(); r.Attempts[0].Outcome.String() != "quota" && r.Attempts[0].Outcome.String() != "throttled" || r.Served != 1 {
			t.Errorf("%v", tried(r))
		}
	})
}

func TestBehaviour06_the_clients_own_fault_passes_unchanged_and_is_not_billed(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		azure, aws := w.emulators()

		got := w.call("POST", "/v1/chat/completions", goodKey, `{"model":"gpt-5.4","messages":[]}`)

		synctest.Wait()
		if got.Status != 400 || len(*azure) != 1 || len(*aws) != 0 || !strings.Contains(got.Body, `"error"`) {
			t.Fatalf("%d %s; azure saw %d, aws %d", got.Status, got.Body, len(*azure), len(*aws))
		}
		if r := w.row(); r.Outcome != journal.Failed || len(r.Lines) != 0 {
			t.Errorf("%v %v", r.Outcome, r.Lines)
		}
	})
}

func TestBehaviour07_a_prompt_that_is_too_long_is_not_tried_elsewhere(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.clouds["azure"].serve = fails(400, errorJSON("context_length_exceeded", "This model's maximum context length is 10 tokens."))

		got := w.post("")

		if got.Status != 400 || got.code() != "context_length_exceeded" || w.clouds["aws"].count() != 0 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if r := w.row(); len(r.Lines) != 0 {
			t.Errorf("billed %v", r.Lines)
		}
	})
}

func TestBehaviour08_a_refused_credential_opens_the_breaker_and_stays_secret(t *testing.T) {
	inWorld(t, func(c *gateway.Config) {
		broken := *c.Targets["a"]
		broken.Secret = c.Targets["b"].Secret
		c.Targets["a"] = &broken
	}, func(w *world) {
		azure, _ := w.emulators()

		for range 5 {
			got := w.prompt(forty, "")
			if got.Status != 200 || strings.Contains(got.Body, "subscription key") {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
		}
		synctest.Wait()
		if len(*azure) != 1 || (*azure)[0].Status != 401 {
			t.Errorf("azure saw %d requests", len(*azure))
		}
		if strings.Contains(w.log.String(), "secret-of") {
			t.Error("the log holds a secret")
		}
		if !strings.Contains(w.log.String(), "breaker changed") {
			t.Error("nobody is told")
		}
	})
}

func TestBehaviour09_a_cloud_that_accepts_and_says_nothing_is_left_in_time(t *testing.T) {
	inWorld(t, func(c *gateway.Config) { c.Timeouts.FirstByte = 10 * time.Second }, func(w *world) {
		w.emulators(behaviour.Fault{Kind: behaviour.Stall})

		began := time.Now()
		got := w.prompt(forty, "")

		if took := time.Since(began); got.Status != 200 || took < 10*time.Second || took > 30*time.Second {
			t.Fatalf("%d after %s", got.Status, took)
		}
		if r := w.row(); r.Attempts[0].Outcome.String() != "timeout" || !r.Attempts[0].CostUnsure {
			t.Errorf("%+v", r.Attempts[0])
		}
	})
}

func TestBehaviour10_an_error_in_the_stream_before_content_is_not_seen(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.emulators(behaviour.Fault{Kind: behaviour.EarlyError})

		got := w.prompt(forty, `,"stream":true`)

		if got.Status != 200 || strings.Contains(got.Body, `"error"`) || strings.Count(got.Body, "[DONE]") != 1 || got.Header.Get("X-Concord-Cloud") != "aws" {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if r := w.row(); r.Outcome != journal.Answered || r.Served != 1 {
			t.Errorf("%v", tried(r))
		}
	})
}

func TestBehaviour11_a_stream_cut_after_content_says_so_and_bills_what_came(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.emulators(behaviour.Fault{Kind: behaviour.Cut, After: 40})

		got := w.prompt("please [reply 60 tokens]", `,"stream":true`)

		if !strings.Contains(got.Body, `"code":"stream_cut"`) || strings.Contains(got.Body, "[DONE]") {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		r := w.row()
		if r.Outcome != journal.Cut || r.Usage.Evidence != usage.Estimated || r.Usage.Tokens[usage.Output] == 0 || r.Usage.Tokens[usage.Output] > 90 || !r.Attempts[0].CostUnsure {
			t.Errorf("%v %+v", r.Outcome, r.Usage)
		}
	})
}

func TestBehaviour12_a_stream_that_stalls_ends_at_the_idle_timeout(t *testing.T) {
	inWorld(t, func(c *gateway.Config) { c.Timeouts.Idle = 30 * time.Second }, func(w *world) {
		w.emulators(behaviour.Fault{Kind: behaviour.StallMid, After: 40})

		began := time.Now()
		got := w.prompt("please [reply 60 tokens]", `,"stream":true`)

		if took := time.Since(began); took < 30*time.Second || took > time.Minute || !strings.Contains(got.Body, `"code":"stream_stalled"`) || strings.Contains(got.Body, "[DONE]") {
			t.Fatalf("after %s: %s", took, got.Body)
		}
		if r := w.row(); r.Outcome != journal.Cut {
			t.Errorf("%v", r.Outcome)
		}
	})
}

func TestBehaviour13_a_client_that_leaves_stops_the_cloud_and_pays_what_it_got(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		azure, _ := w.emulators(behaviour.Fault{Kind: behaviour.Slow, Delay: int64(200 * time.Millisecond)})
		ctx, leave := context.WithCancel(w.Context())
		resp, err := w.open(ctx, `,"stream":true,"max_tokens":1000`)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = resp.Body.Read(make([]byte, 100))
		time.Sleep(2 * time.Second)
		left := time.Now()
		leave()
		resp.Body.Close()

		<-w.finished
		r := w.row()
		if took := time.Since(left); took > 5*time.Second {
			t.Errorf("the row came after %s", took)
		}
		if r.Outcome != journal.Cancelled || r.Usage.Tokens[usage.Output] == 0 || r.Usage.Tokens[usage.Output] > 1000 {
			t.Errorf("%v %+v", r.Outcome, r.Usage)
		}
		if s := (*azure)[0]; s.Complete || s.Ended.Sub(left) > time.Second {
			t.Errorf("the cloud went on until %s after the client left", s.Ended.Sub(left))
		}
	})
}

func TestBehaviour21_models_are_named_by_cloud_and_listed_by_right(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		azure, _ := w.emulators(behaviour.Fault{Kind: behaviour.Down, First: 2})
		aws := w.emulated("aws")
		for range 2 {
			w.prompt(forty, "")
		}
		synctest.Wait()

		names := []string{(*azure)[0].Model, (*aws)[0].Model}
		if diff := cmp.Diff([]string{"upstream-azure", "upstream-aws"}, names); diff != "" {
			t.Error(diff)
		}
		if list := w.get("/v1/models"); !strings.Contains(list.Body, `"gpt-5.4"`) || strings.Contains(list.Body, "secret") {
			t.Errorf("%s", list.Body)
		}
		if one := w.get("/v1/models/gpt-secret"); one.Status != 404 || one.code() != "model_not_found" {
			t.Errorf("%d %s", one.Status, one.Body)
		}
	})
}

func TestBehaviour23_kinds_of_tokens_are_priced_once_as_disjoint_parts(t *testing.T) {
	for cloud, name := range map[string]string{"azure": "a", "aws": "b", "openai": "o"} {
		t.Run(cloud, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				for _, c := range w.clouds {
					c.serve = resets
				}
				w.clouds[cloud].serve = says("application/json", strings.Replace(wholeJSON("hi"), usageJSON,
					`{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500,"prompt_tokens_details":{"cached_tokens":400,"cache_write_tokens":100,"audio_tokens":50},`+
						`"completion_tokens_details":{"reasoning_tokens":200,"audio_tokens":30,"rejected_prediction_tokens":20}}`, 1))

				if got := w.post(""); got.Status != 200 {
					t.Fatalf("%d %s", got.Status, got.Body)
				}

				r := w.row()
				want := usage.Tokens{usage.Input: 450, usage.CacheRead: 400, usage.CacheWrite: 100, usage.InputAudio: 50,
					usage.Output: 250, usage.Reasoning: 200, usage.OutputAudio: 30, usage.Rejected: 20}
				if diff := cmp.Diff(want, r.Usage.Tokens); diff != "" || r.Attempts[r.Served].Deployment != name {
					t.Fatal(diff)
				}
				priced := usage.Tokens{}
				for _, l := range r.Lines {
					priced[l.Class] += l.Quantity
				}
				if priced.Total() > want.Total() {
					t.Errorf("%d tokens were priced, %d used: %v", priced.Total(), want.Total(), r.Lines)
				}
			})
		})
	}
}

func TestBehaviour24_what_no_cloud_counts_is_estimated_and_never_zero(t *testing.T) {
	for form, extra := range map[string]string{"whole": "", "stream": `,"stream":true`} {
		t.Run(form, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.emulators(behaviour.Fault{Kind: behaviour.NoUsage})

				if got := w.prompt(forty, extra); got.Status != 200 {
					t.Fatalf("%d %s", got.Status, got.Body)
				}

				f := <-w.finished
				r := w.row()
				if r.Usage.Evidence != usage.Estimated || f.Evidence != usage.Estimated || r.Usage.Tokens[usage.Input] == 0 || r.Usage.Tokens[usage.Output] == 0 {
					t.Errorf("%+v", r.Usage)
				}
			})
		})
	}
}

func TestBehaviour29_there_is_no_route_that_is_not_metered(t *testing.T) {
	inKeepers(t, nil, func(w *world, azure, openai *keeper) {
		for _, path := range []string{"/v1/realtime", "/v1/files", "/v1/batches", "/v1/uploads", "/v1/assistants", "/v1/threads", "/v1/vector_stores", "/v1/videos",
			"/v1/fine_tuning/jobs", "/v1/evals", "/v1/containers", "/v1/conversations", "/v1/responses/input_tokens/x", "/v1/audio/voices", "/v1/images/variations",
			"/openai/v1/files", "/openai/files", "/openai/deployments/gpt-5.4/extensions/chat/completions", "/passthrough/v1/chat/completions", "/model/x/invoke"} {
			for _, method := range []string{"GET", "POST", "DELETE", "PUT"} {
				if got := w.call(method, path, goodKey, ""); got.Status != 404 || !strings.Contains(got.Body, `"unknown_url"`) {
					t.Errorf("%s %s: %d %s", method, path, got.Status, got.Body)
				}
			}
		}
		id := w.create("")
		for range 3 {
			w.call("GET", "/v1/responses/"+id, goodKey, "")
		}
		synctest.Wait()

		if asked, records := len(azure.seen())+len(openai.seen()), len(entries[*journal.Record](w)); asked != records || asked != 4 {
			t.Errorf("the clouds were asked %d times, there are %d records", asked, records)
		}
	})
}
