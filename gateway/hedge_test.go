package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/clouds"
	"concord/gateway"
	"concord/journal"
)

// alike is a world in which azure and aws rank alike and openai comes after them.
func alike(t *testing.T, h gateway.Hedge) func(*gateway.Config) {
	return func(c *gateway.Config) {
		c.Timeline = timelineOf(t, strings.Replace(partners, "[[azure], [aws], [openai]]", "[[azure, aws], [openai]]", 1), testCatalog())
		c.Hedge = h
	}
}

// after delays a script.
func after(d time.Duration, script func(http.ResponseWriter, *http.Request, int)) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, r *http.Request, hit int) {
		select {
		case <-time.After(d):
			script(w, r, hit)
		case <-r.Context().Done():
		}
	}
}

func TestASlowAnswerIsHedgedAndTheLoserIsCancelled(t *testing.T) {
	inWorld(t, alike(t, gateway.Hedge{After: 2 * time.Second}), func(w *world) {
		w.clouds["azure"].serve = after(30*time.Second, answers("late"))
		w.clouds["aws"].serve = after(time.Second, answers("in time"))

		began := time.Now()
		got := w.post("")

		if got.Status != 200 || !strings.Contains(got.Body, "in time") || got.Header.Get("X-Concord-Cloud") != "aws" {
			t.Fatalf("%d %v %s", got.Status, got.Header, got.Body)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %s", took)
		}
		r := w.record()
		if diff := cmp.Diff([]string{"azure superseded", "aws answered"}, tried(r)); diff != "" || r.Served != 1 {
			t.Errorf("served %d %s", r.Served, diff)
		}
		if !r.Attempts[0].CostUnsure || len(r.Attempts[0].Cost) != 0 {
			t.Errorf("cost of the loser: %+v", r.Attempts[0])
		}
		if asked := entries[*journal.Attempt](w); len(asked) != 1 || asked[0].Deployment != "b" {
			t.Errorf("attempts in the journal: %+v", asked)
		}
		if w.clouds["azure"].gone != 1 {
			t.Errorf("the loser was not cancelled")
		}
	})
}

func TestAHedgedRequestTakesTheFirstCloudIfItIsFaster(t *testing.T) {
	inWorld(t, alike(t, gateway.Hedge{After: 2 * time.Second}), func(w *world) {
		w.clouds["azure"].serve = after(3*time.Second, answers("azure"))
		w.clouds["aws"].serve = after(30*time.Second, answers("aws"))

		got := w.post("")

		if got.Status != 200 || !strings.Contains(got.Body, "azure") {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if diff := cmp.Diff([]string{"azure answered", "aws superseded"}, tried(w.record())); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAHedgedRequestOutlivesTheFailureOfEitherCloud(t *testing.T) {
	for name, c := range map[string]struct {
		azure, aws func(http.ResponseWriter, *http.Request, int)
		want       []string
	}{
		"the first fails late":    {after(3*time.Second, fails(500, "")), after(5*time.Second, answers("ok")), []string{"azure server-error", "aws answered"}},
		"the second fails":        {after(5*time.Second, answers("ok")), fails(500, ""), []string{"azure answered", "aws server-error"}},
		"both fail":               {after(5*time.Second, fails(500, "")), fails(503, ""), []string{"azure server-error", "aws server-error", "openai answered"}},
		"the first fails at once": {fails(500, ""), answers("ok"), []string{"azure server-error", "aws answered"}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, alike(t, gateway.Hedge{After: 2 * time.Second}), func(w *world) {
				w.clouds["azure"].serve, w.clouds["aws"].serve = c.azure, c.aws

				if got := w.post(""); got.Status != 200 {
					t.Errorf("%d %s", got.Status, got.Body)
				}
				if diff := cmp.Diff(c.want, tried(w.record())); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestOnlyWhatTheTermsRankAlikeIsHedged(t *testing.T) {
	for name, c := range map[string]struct {
		config func(*gateway.Config)
		extra  string
	}{
		"another group": {func(c *gateway.Config) { c.Hedge.After = time.Second }, ""},
		"a stream":      {alike(t, gateway.Hedge{After: time.Second}), `,"stream":true`},
		"few answers":   {alike(t, gateway.Hedge{Slow: true}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, c.config, func(w *world) {
				w.clouds["azure"].serve = after(30*time.Second, answers("slow"))

				if got := w.post(c.extra); got.Status != 200 {
					t.Errorf("%d %s", got.Status, got.Body)
				}
				if diff := cmp.Diff([]string{"azure answered"}, tried(w.record())); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestWhatIsSlowIsLearntFromAnswers(t *testing.T) {
	inWorld(t, alike(t, gateway.Hedge{Slow: true}), func(w *world) {
		w.clouds["azure"].serve = after(time.Second, answers("azure"))
		for range 30 {
			w.post("")
		}
		w.clouds["azure"].serve = after(time.Minute, answers("azure"))

		began := time.Now()
		got := w.post("")

		if took := time.Since(began); got.Header.Get("X-Concord-Cloud") != "aws" || took < time.Second || took > 2*time.Second {
			t.Errorf("%s answered after %s", got.Header.Get("X-Concord-Cloud"), took)
		}
	})
}

func TestAClientThatLeavesAHedgedRequestEndsBothAttempts(t *testing.T) {
	inWorld(t, alike(t, gateway.Hedge{After: time.Second}), func(w *world) {
		w.clouds["azure"].serve, w.clouds["aws"].serve = hangs, hangs
		w.client.Timeout = 5 * time.Second

		if got := w.post(""); got.Err == nil {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		r := w.record()
		if r.Outcome != journal.Cancelled || w.clouds["azure"].gone != 1 || w.clouds["aws"].gone != 1 {
			t.Errorf("%v %v, %d and %d cancelled", r.Outcome, tried(r), w.clouds["azure"].gone, w.clouds["aws"].gone)
		}
		if len(r.Lines) != 0 {
			t.Errorf("charged %v", r.Lines)
		}
	})
}

func TestRetriesOfACustomerAreBounded(t *testing.T) {
	inWorld(t, func(c *gateway.Config) {
		c.Retries = gateway.Retries{Percent: 10, Burst: 5}
		c.Breaker.Failures = 1_000_000
	}, func(w *world) {
		w.clouds["azure"].serve = fails(500, "")

		served := 0
		for range 105 {
			got := w.post("")
			if got.Status == 200 {
				served++
			} else if got.Status != 502 || got.Header.Get("X-Should-Retry") != "false" {
				t.Fatalf("%d %v %s", got.Status, got.Header, got.Body)
			}
		}

		if served < 14 || served > 16 { // 5 saved up, and one for each ten requests
			t.Errorf("%d requests had a second attempt", served)
		}
		if hits := w.clouds["aws"].count(); hits != served {
			t.Errorf("the second cloud saw %d", hits)
		}
	})
}

func TestWhatWasNeverSentCostsNoRetry(t *testing.T) {
	inWorld(t, func(c *gateway.Config) {
		c.Retries = gateway.Retries{Percent: 1, Burst: 1}
		c.Adapters = map[string]clouds.Adapter{"azure": incapable{c.Adapters["azure"]}, "aws": c.Adapters["aws"], "openai": c.Adapters["openai"]}
	}, func(w *world) {
		for range 20 {
			if got := w.post(""); got.Status != 200 {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
		}
	})
}

// incapable refuses every call before it is sent.
type incapable struct{ clouds.Adapter }

func (incapable) Prepare(*clouds.Target, *clouds.Call) (*clouds.Exchange, error) {
	return nil, &clouds.UnsupportedError{Cloud: "azure", Reason: "not here"}
}
