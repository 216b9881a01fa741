package gateway_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/gateway"
	"concord/journal"
	"concord/usage"
)

// holding keeps blocks with an entry of that kind until release is closed.
func holding(kind journal.Kind, release chan struct{}) func([]journal.Kind) error {
	return func(kinds []journal.Kind) error {
		if slices.Contains(kinds, kind) {
			<-release
		}
		return nil
	}
}

func TestNoByteReachesTheClientBeforeTheIntentIsDurable(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		release := make(chan struct{})
		w.storage.set(holding(journal.KindIntent, release))
		var status atomic.Int32
		go func() {
			resp, err := w.open(context.Background(), `,"stream":true`)
			if err == nil {
				status.Store(int32(resp.StatusCode))
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		}()

		synctest.Wait()
		if n := w.clouds["azure"].count(); n != 1 || status.Load() != 0 {
			t.Errorf("upstream calls beside the commit: %d, want 1; status seen by the client: %d, want none", n, status.Load())
		}
		close(release)
		synctest.Wait()
		if status.Load() != 200 {
			t.Errorf("after the commit the client got %d", status.Load())
		}
	})
}

func TestNoSecondAttemptStartsBeforeTheIntentIsDurable(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		release := make(chan struct{})
		w.storage.set(holding(journal.KindIntent, release))
		w.clouds["azure"].serve = resets
		done := make(chan answer, 1)
		go func() { done <- w.post("") }()

		synctest.Wait()
		if a, b := w.clouds["azure"].count(), w.clouds["aws"].count(); a != 1 || b != 0 {
			t.Errorf("azure was asked %d times, aws %d", a, b)
		}
		close(release)
		if got := <-done; got.Status != 200 || w.clouds["aws"].count() != 1 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
}

func TestIntentBeforeHoldsTheUpstreamCallToo(t *testing.T) {
	inWorld(t, func(c *gateway.Config) { c.Intent = gateway.Before }, func(w *world) {
		release := make(chan struct{})
		w.storage.set(holding(journal.KindIntent, release))
		done := make(chan answer, 1)
		go func() { done <- w.post("") }()

		synctest.Wait()
		if n := w.clouds["azure"].count(); n != 0 {
			t.Errorf("azure was asked %d times", n)
		}
		close(release)
		if got := <-done; got.Status != 200 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
}

func TestNoAnswerEndsBeforeItsRecordIsDurable(t *testing.T) {
	for name, extra := range map[string]string{"whole": "", "stream": `,"stream":true`} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				release := make(chan struct{})
				w.storage.set(holding(journal.KindRecord, release))
				var got strings.Builder
				var ended atomic.Bool
				go func() {
					defer ended.Store(true)
					if resp, err := w.open(context.Background(), extra); err == nil {
						_, _ = io.Copy(&got, resp.Body)
						resp.Body.Close()
					}
				}()

				synctest.Wait()
				seen := got.String()
				if ended.Load() || strings.Contains(seen, "DONE") || strings.Contains(seen, `"stop"`) || name == "whole" && seen != "" {
					t.Errorf("before its record was durable the client had %q", seen)
				}
				if name == "stream" && !strings.Contains(seen, "more") {
					t.Errorf("content was held back: %q", seen)
				}
				close(release)
				synctest.Wait()
				if !ended.Load() || !strings.Contains(got.String(), `"stop"`) {
					t.Errorf("after the commit: %q", got.String())
				}
			})
		})
	}
}

func TestARecordThatIsNotDurableInTimeTakesTheEndAway(t *testing.T) {
	for name, extra := range map[string]string{"whole": "", "stream": `,"stream":true`} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				release := make(chan struct{})
				w.storage.set(holding(journal.KindRecord, release))
				began := time.Now()

				got := w.post(extra)

				if since := time.Since(began); since != 2*time.Second {
					t.Errorf("ended after %v, want the commit wait", since)
				}
				if !strings.Contains(got.Body, "metering_unavailable") || strings.Contains(got.Body, "DONE") || strings.Contains(got.Body, `"stop"`) {
					t.Error(got.Body)
				}
				if name == "whole" && (got.Status != 503 || got.Header.Get("X-Should-Retry") != "false") {
					t.Errorf("%d %v", got.Status, got.Header)
				}
				close(release)
				if r := w.record(); r.Outcome != journal.Answered {
					t.Errorf("the late record: %+v", r)
				}
			})
		})
	}
}

func TestAnIntentThatCannotBeMadeDurableStopsTheCall(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		var broken atomic.Bool
		broken.Store(true)
		w.storage.set(func(kinds []journal.Kind) error {
			if broken.Load() {
				return errDisk
			}
			return nil
		})

		got := w.post(`,"stream":true`)
		if got.Status != 503 || got.code() != "metering_unavailable" || got.Header.Get("Retry-After") == "" {
			t.Errorf("%d %v %s", got.Status, got.Header, got.Body)
		}
		hits := w.clouds["azure"].count()
		if got := w.post(""); got.Status != 503 || w.clouds["azure"].count() != hits {
			t.Errorf("while the journal is unwell: %d, azure asked %d more times", got.Status, w.clouds["azure"].count()-hits)
		}
		if ready := w.get("/readyz"); ready.Status != 503 {
			t.Errorf("readyz says %d", ready.Status)
		}
		broken.Store(false)
		time.Sleep(10 * time.Second)
		if ready, got := w.get("/readyz"), w.post(""); ready.Status != 200 || got.Status != 200 {
			t.Errorf("readyz says %d; answer %d %s", ready.Status, got.Status, got.Body)
		}
		if r := w.record(); r.Outcome != journal.Answered {
			t.Errorf("record %+v", r)
		}
	})
}

func TestAFullQueueRefusesBeforeACloudIsAsked(t *testing.T) {
	inWorld(t, func(c *gateway.Config) { c.Journal = fullQueue{} }, func(w *world) {
		got := w.post("")
		if got.Status != 503 || got.Header.Get("Retry-After") != "1" || w.clouds["azure"].count() != 0 {
			t.Errorf("%d %v, azure asked %d times", got.Status, got.Header, w.clouds["azure"].count())
		}
	})
}

type fullQueue struct{}

func (fullQueue) Append(...journal.Entry) (*journal.Commit, error) { return nil, journal.ErrQueue }

func TestRelaxedDoesNotWait(t *testing.T) {
	inWorld(t, func(c *gateway.Config) { c.Durability = gateway.Relaxed }, func(w *world) {
		release := make(chan struct{})
		w.storage.set(func([]journal.Kind) error { <-release; return nil })

		got := w.post(`,"stream":true`)

		if !strings.HasSuffix(got.Body, doneEvent) {
			t.Error(got.Body)
		}
		close(release)
		_ = w.record()
	})
}

func TestWhatNoClauseOrNoSellerPermitsIsRefusedAndRecorded(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		got := w.send(w.Context(), poorKey, "")

		if got.Status != 403 || got.code() != "not_permitted" || !strings.Contains(got.Body, `"type":"agreement_error"`) {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		synctest.Wait()
		records := entries[*journal.Record](w)
		if len(records) != 1 || records[0].Outcome != journal.Refused || records[0].Refusal == "" || len(entries[*journal.Intent](w)) != 0 {
			t.Errorf("records %+v", records)
		}
	})
}

func TestAClientThatLeavesStopsTheCloudAndPaysWhatItGot(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.clouds["azure"].serve = then(sends(roleEvent(), textEvent("0123456789"), textEvent("0123456789")), stalls)
		ctx, leave := context.WithCancel(w.Context())
		resp, err := w.open(ctx, `,"stream":true,"max_tokens":4`)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()

		leave()
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		began := time.Now()

		r := w.record()
		if time.Since(began) >= time.Second || w.clouds["azure"].gone != 1 {
			t.Errorf("after %v the cloud's call was cancelled %d times", time.Since(began), w.clouds["azure"].gone)
		}
		if r.Outcome != journal.Cancelled || tried(r)[0] != "azure client-gone" || !r.Attempts[0].CostUnsure {
			t.Errorf("record %+v", r)
		}
		if got := r.Usage.Tokens[usage.Output]; got != 4 || r.Usage.Evidence != usage.Estimated || len(r.Lines) != 2 {
			t.Errorf("charged %d output tokens of 20 bytes with max_tokens 4: %v", got, r.Lines)
		}
	})
}

func TestAClientThatLeavesBeforeContentPaysNothing(t *testing.T) {
	for name, extra := range map[string]string{"whole": "", "stream": `,"stream":true`} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.clouds["azure"].serve = hangs
				ctx, leave := context.WithTimeout(w.Context(), time.Second)
				defer leave()

				if got := w.send(ctx, goodKey, extra); got.Err == nil {
					t.Errorf("got %d", got.Status)
				}

				r := w.record()
				if r.Outcome != journal.Cancelled || len(r.Lines) != 0 || r.Served != -1 || w.clouds["aws"].count() != 0 {
					t.Errorf("record %+v", r)
				}
			})
		})
	}
}

func TestAStreamReportsItsProgress(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.clouds["azure"].serve = func(rw http.ResponseWriter, r *http.Request, _ int) {
			sends(roleEvent())(rw, r, 0)
			for range 4 {
				time.Sleep(3 * time.Second)
				sends(textEvent("word"))(rw, r, 0)
			}
			sends(finishEvent(), usageEvent(), doneEvent)(rw, r, 0)
		}
		if got := w.post(`,"stream":true`); !strings.HasSuffix(got.Body, doneEvent) {
			t.Error(got.Body)
		}
		synctest.Wait()
		var seen []int64
		for _, p := range entries[*journal.Progress](w) {
			seen = append(seen, p.Units, p.Bytes, int64(p.Number))
		}
		if diff := cmp.Diff([]int64{3, 12, 1}, seen); diff != "" {
			t.Error(diff)
		}
	})
}

func TestACloudWithoutUsageIsEstimatedNeverZero(t *testing.T) {
	for name, extra := range map[string]string{"whole": "", "stream": `,"stream":true`} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.clouds["azure"].serve = sends(roleEvent(), textEvent("twelve bytes"), finishEvent(), doneEvent)
				if name == "whole" {
					w.clouds["azure"].serve = fails(200, `{"id":"1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"twelve bytes"},"finish_reason":"stop"}]}`)
				}
				if got := w.post(extra); got.Status != 200 {
					t.Errorf("%d %s", got.Status, got.Body)
				}
				r := w.record()
				if r.Usage.Evidence != usage.Estimated || r.Usage.Tokens[usage.Output] != 3 || r.Usage.Tokens[usage.Input] == 0 || len(r.Lines) != 2 {
					t.Errorf("usage %+v", r.Usage)
				}
			})
		})
	}
}

func TestAGatewayWhoseChainWasTakenOverStopsEverything(t *testing.T) {
	told := make(chan error, 2)
	inWorld(t, func(c *gateway.Config) { c.Fenced = func(err error) { told <- err } }, func(w *world) {
		w.clouds["azure"].serve = then(sends(roleEvent(), textEvent("early")), stalls)
		streamed := make(chan answer, 1)
		go func() { streamed <- w.post(`,"stream":true`) }()
		synctest.Wait()
		w.storage.set(func([]journal.Kind) error { return journal.ErrFenced })

		refused := w.post("")

		if got := <-streamed; strings.Contains(got.Body, "DONE") || !strings.Contains(got.Body, `"error"`) {
			t.Error(got.Body)
		}
		if refused.Status != 503 || len(told) != 1 {
			t.Errorf("%d %s, told %d times", refused.Status, refused.Body, len(told))
		}
	})
}
