package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/delivery"
	"concord/gateway"
	"concord/journal"
	"concord/usage"
)

func TestAThrottledCloudIsLeftAtOnceAndNotHitAgainBeforeItsTime(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.clouds["azure"].serve = func(rw http.ResponseWriter, r *http.Request, hit int) {
			if hit == 1 {
				fails(429, errorJSON("429", "slow down"), "Retry-After", "2")(rw, r, hit)
				return
			}
			answers("from azure again")(rw, r, hit)
		}

		for range 3 {
			if got := w.post(""); got.Header.Get("X-Concord-Cloud") != "aws" {
				t.Fatalf("served by %s: %s", got.Header.Get("X-Concord-Cloud"), got.Body)
			}
		}
		time.Sleep(2 * time.Second)
		if got := w.post(""); got.Header.Get("X-Concord-Cloud") != "azure" {
			t.Errorf("after its time served by %s", got.Header.Get("X-Concord-Cloud"))
		}

		if n := w.clouds["azure"].count(); n != 2 {
			t.Errorf("azure was hit %d times", n)
		}
		records := entries[*journal.Record](w)
		if diff := cmp.Diff([]string{"azure throttled", "aws answered"}, tried(records[0])); diff != "" {
			t.Error(diff)
		}
		attempts := entries[*journal.Attempt](w)
		if len(attempts) != 1 || attempts[0].Left != "a" || attempts[0].Deployment != "b" || attempts[0].Why != delivery.Throttled {
			t.Errorf("attempts %+v", attempts)
		}
		if seen := entries[*journal.Intent](w)[1].Health; len(seen) != 1 || seen[0].Deployment != "a" || seen[0].State != delivery.OpenLimit {
			t.Errorf("health of the second intent: %+v", seen)
		}
	})
}

func TestWithOneCloudLeftAShortRetryAfterIsWaitedFor(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		busy := func(rw http.ResponseWriter, r *http.Request, hit int) {
			if hit == 1 {
				fails(429, errorJSON("rate_limit_exceeded", "slow down"), "Retry-After", "2")(rw, r, hit)
				return
			}
			answers("second try")(rw, r, hit)
		}
		w.clouds["azure"].serve, w.clouds["aws"].serve, w.clouds["openai"].serve = resets, resets, busy
		began := time.Now()

		got := w.post("")

		if got.Status != 200 || time.Since(began) != 2*time.Second {
			t.Errorf("status %d after %v: %s", got.Status, time.Since(began), got.Body)
		}
		if diff := cmp.Diff([]string{"azure unreachable", "aws unreachable", "openai throttled", "openai answered"}, tried(w.record())); diff != "" {
			t.Error(diff)
		}
	})
}

func TestADeadCloudSeesOnlyProbesWhileAnotherServes(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.clouds["azure"].serve = fails(429, errorJSON("429", "slow down"), "Retry-After", "60")
		for i := range 200 {
			if got := w.post(""); got.Header.Get("X-Concord-Cloud") != "aws" {
				t.Fatalf("request %d: %d %s", i, got.Status, got.Body)
			}
			time.Sleep(250 * time.Millisecond)
		}
		if n := w.clouds["azure"].count(); n != 1 {
			t.Errorf("azure was hit %d times in 50 s, asked for 60", n)
		}

		w.clouds["azure"].serve = answers("back")
		time.Sleep(11 * time.Second)
		if got := w.post(""); got.Header.Get("X-Concord-Cloud") != "azure" {
			t.Errorf("within one probe of its recovery served by %s", got.Header.Get("X-Concord-Cloud"))
		}
	})
}

func TestSpentQuotaMovesOnAndStaysOut(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.clouds["azure"].serve = fails(429, `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`)
		for range 3 {
			if got := w.post(""); got.Header.Get("X-Concord-Cloud") != "aws" {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
			time.Sleep(15 * time.Second)
		}

		if n := w.clouds["azure"].count(); n != 1 {
			t.Errorf("azure was hit %d times", n)
		}
		if diff := cmp.Diff([]string{"azure quota", "aws answered"}, tried(entries[*journal.Record](w)[0])); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTheRequestsOwnFaultsPassThroughUnchanged(t *testing.T) {
	filtered := `{"error":{"message":"The response was filtered","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}`
	for name, body := range map[string]string{
		"client-fault": errorJSON("context_length_exceeded", "too long"),
		"policy":       filtered,
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.clouds["azure"].serve = fails(400, body)

				got := w.post(`,"stream":true`)

				if got.Status != 400 || got.Body != body {
					t.Errorf("%d %s", got.Status, got.Body)
				}
				r := w.record()
				if diff := cmp.Diff([]string{"azure " + name}, tried(r)); diff != "" {
					t.Error(diff)
				}
				if r.Outcome != journal.Failed || len(r.Lines) != 0 || w.clouds["aws"].count() != 0 {
					t.Errorf("record %+v, aws hit %d times", r, w.clouds["aws"].count())
				}
			})
		})
	}
}

func TestABadCredentialIsNotTheClientsBusiness(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		for _, c := range w.clouds {
			c.serve = fails(401, errorJSON("invalid_api_key", "Incorrect API key provided: secret-of-cloud"))
		}
		got := w.post("")

		if got.Status != 503 || strings.Contains(got.Body, "secret") || got.Header.Get("X-Should-Retry") != "false" {
			t.Errorf("%d %v %s", got.Status, got.Header, got.Body)
		}
		w.clouds["aws"].serve = answers("well again")
		time.Sleep(time.Minute + time.Second)
		if got := w.post(""); got.Status != 200 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		if strings.Contains(w.log.String(), "secret-of") || strings.Contains(w.log.String(), goodKey) || strings.Contains(w.log.String(), "say something") {
			t.Errorf("the log holds a secret:\n%s", w.log)
		}
	})
}

func TestACloudThatAcceptsAndSendsNothingIsLeftInTime(t *testing.T) {
	for name, script := range map[string]func(http.ResponseWriter, *http.Request, int){
		"timeout":         hangs,
		"content-stalled": then(sends(), stalls),
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(c *gateway.Config) { c.Timeouts.FirstByte = 7 * time.Second }, func(w *world) {
				w.clouds["azure"].serve = script
				began := time.Now()

				got := w.post(`,"stream":true`)

				if !strings.HasSuffix(got.Body, doneEvent) || time.Since(began) != 7*time.Second {
					t.Errorf("after %v: %s", time.Since(began), got.Body)
				}
				r := w.record()
				if diff := cmp.Diff([]string{"azure " + name, "aws answered"}, tried(r)); diff != "" {
					t.Error(diff)
				}
				if !r.Attempts[0].CostUnsure || r.Attempts[1].CostUnsure || len(r.Attempts[0].Cost) != 0 {
					t.Errorf("costs: %+v", r.Attempts)
				}
			})
		})
	}
}

func TestWhatGoesWrongBeforeContentFailsOverUnseen(t *testing.T) {
	bad := event(`{"error":{"message":"overloaded","type":"server_error","param":null,"code":null}}`)
	for name, script := range map[string]func(http.ResponseWriter, *http.Request, int){
		"server-error in the stream": sends(roleEvent(), bad),
		"server-error with 200":      fails(200, `{"error":{"message":"oops","type":"server_error","param":null,"code":null}}`),
		"unreachable by a cut":       then(sends(roleEvent()), resets),
		"unreachable by a reset":     resets,
		"content-stalled":            then(sends(roleEvent()), stalls),
		"server-error":               fails(500, ""),
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.clouds["azure"].serve = script

				got := w.post(`,"stream":true,"stream_options":{"include_usage":true}`)

				if diff := cmp.Diff(strings.Join(streamOf("from aws"), ""), got.Body); diff != "" {
					t.Error(diff)
				}
				outcome, _, _ := strings.Cut(name, " ")
				if diff := cmp.Diff([]string{"azure " + outcome, "aws answered"}, tried(w.record())); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestAStreamThatBreaksAfterContentEndsWithAnErrorInsideIt(t *testing.T) {
	bad := event(`{"error":{"message":"internal text of the cloud","type":"server_error","param":null,"code":null}}`)
	start := sends(roleEvent(), textEvent("abcdefgh"), textEvent("ijkl"))
	for name, c := range map[string]struct {
		script func(http.ResponseWriter, *http.Request, int)
		code   string
	}{
		"cut":      {then(start, resets), "stream_cut"},
		"end":      {start, "stream_cut"},
		"error":    {then(start, sends(bad)), "stream_cut"},
		"standing": {then(start, stalls), "stream_stalled"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(c *gateway.Config) { c.Timeouts.Idle = 30 * time.Second }, func(w *world) {
				w.clouds["azure"].serve = c.script

				got := w.post(`,"stream":true`)

				if strings.Contains(got.Body, "[DONE]") || !strings.Contains(got.Body, "ijkl") || !strings.Contains(got.Body, c.code) ||
					strings.Contains(got.Body, "internal text") || got.Err != nil {
					t.Errorf("%v\n%s", got.Err, got.Body)
				}
				r := w.record()
				if r.Outcome != journal.Cut || tried(r)[0] != "azure cut-short" || r.Delivered != 12 || w.clouds["aws"].count() != 0 {
					t.Errorf("record %+v", r)
				}
				if r.Usage.Evidence != usage.Estimated || r.Usage.Tokens[usage.Output] != 3 || len(r.Lines) == 0 || !r.Attempts[0].CostUnsure {
					t.Errorf("usage %+v, lines %v", r.Usage, r.Lines)
				}
			})
		})
	}
}

func TestAllContentThereIsNoCutEvenIfTheCloudNeverSaysDone(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.clouds["azure"].serve = then(sends(roleEvent(), textEvent("abcd"), finishEvent()), stalls)

		got := w.post(`,"stream":true`)

		if !strings.Contains(got.Body, `"finish_reason":"stop"`) || strings.Contains(got.Body, "error") || strings.Contains(got.Body, "[DONE]") {
			t.Error(got.Body)
		}
		if r := w.record(); r.Outcome != journal.Answered || r.Usage.Evidence != usage.Estimated || r.Usage.Tokens[usage.Output] != 1 {
			t.Errorf("record %+v", r)
		}
	})
}

func TestAPreludeIsNotHeldForEver(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		slow := func(rw http.ResponseWriter, r *http.Request, _ int) {
			sends(roleEvent())(rw, r, 0)
			for range 5 {
				select {
				case <-time.After(10 * time.Second):
				case <-r.Context().Done():
					return
				}
				_, _ = rw.Write([]byte(": still thinking\n\n"))
				_ = http.NewResponseController(rw).Flush()
			}
			_, _ = rw.Write([]byte(textEvent("at last") + finishEvent() + doneEvent))
		}
		w.clouds["azure"].serve = slow

		resp, err := w.open(w.Context(), `,"stream":true`)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if since := time.Since(w.clouds["azure"].times[0]); since != 20*time.Second {
			t.Errorf("the client saw the first bytes after %v, want the first read after 15 s", since)
		}
	})
}

func TestWhenAllCloudsFailTheAnswerIsHonest(t *testing.T) {
	for name, c := range map[string]struct {
		script func(http.ResponseWriter, *http.Request, int)
		status int
		retry  string
		should string
	}{
		"throttled":   {fails(429, errorJSON("rate_limit_exceeded", "slow"), "Retry-After", "86400"), 429, "", "false"},
		"busy":        {fails(503, "", "Retry-After", "1200"), 503, "", "false"},
		"unreachable": {resets, 502, "", "false"},
		"silent":      {hangs, 504, "", "false"},
		"broken":      {fails(500, "stack trace of the cloud"), 502, "", "false"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				for _, cl := range w.clouds {
					cl.serve = c.script
				}
				got := w.post("")
				if got.Status != c.status || got.Header.Get("Retry-After") != c.retry || got.Header.Get("X-Should-Retry") != c.should ||
					got.code() == "" || strings.Contains(got.Body, "stack") {
					t.Errorf("%d %v %s", got.Status, got.Header, got.Body)
				}
				if r := w.record(); r.Outcome != journal.Failed || len(r.Attempts) != 3 || r.Served != -1 {
					t.Errorf("record %+v", r)
				}
			})
		})
	}
}

func TestARequestHasADeadlineOverAllAttempts(t *testing.T) {
	inWorld(t, func(c *gateway.Config) { c.Timeouts.Request = 90 * time.Second }, func(w *world) {
		for _, c := range w.clouds {
			c.serve = hangs
		}
		began := time.Now()
		got := w.post("")
		if got.Status != 504 || got.code() != "deadline_exceeded" || time.Since(began) != 90*time.Second {
			t.Errorf("%d after %v: %s", got.Status, time.Since(began), got.Body)
		}
		synctest.Wait()
		if n := w.clouds["openai"].count(); n != 0 {
			t.Errorf("the third cloud was asked %d times", n)
		}
	})
}
