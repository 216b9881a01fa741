package gateway_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"concord/gateway"
	"concord/journal"
)

// probed answers probes with a status and everything else with a script.
func probed(status int, script func(http.ResponseWriter, *http.Request, int)) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, r *http.Request, hit int) {
		if r.Method != http.MethodGet {
			script(w, r, hit)
			return
		}
		w.WriteHeader(status)
	}
}

func probing(c *gateway.Config) { c.Probe = 10 * time.Second }

func TestProbesFindADeadCloudBeforeARequestDoes(t *testing.T) {
	inWorld(t, probing, func(w *world) {
		w.clouds["azure"].becomes(resets)
		time.Sleep(35 * time.Second)
		probes := w.clouds["azure"].count()

		got := w.post("")

		if got.Header.Get("X-Concord-Cloud") != "aws" || w.clouds["azure"].count() != probes || probes != 3 {
			t.Errorf("%s served; azure saw %d probes and %d requests", got.Header.Get("X-Concord-Cloud"), probes, w.clouds["azure"].count()-probes)
		}
		synctest.Wait()
		if n := len(entries[*journal.Record](w)); n != 1 {
			t.Errorf("%d records: probes are no requests", n)
		}
	})
}

func TestProbesBringACloudBackWithoutAClientsHelp(t *testing.T) {
	inWorld(t, func(c *gateway.Config) { probing(c); c.Breaker.Ramp = 1 }, func(w *world) {
		w.clouds["azure"].becomes(resets)
		time.Sleep(35 * time.Second)
		w.clouds["azure"].becomes(probed(404, answers("back"))) // not every cloud lists its models
		time.Sleep(5 * time.Minute)

		w.clouds["aws"].becomes(resets)
		if got := w.post(""); got.Status != 200 || got.Header.Get("X-Concord-Cloud") != "azure" {
			t.Errorf("%d %s", got.Status, got.Header.Get("X-Concord-Cloud"))
		}
		if r := w.record(); len(r.Attempts) != 1 {
			t.Errorf("%v", tried(r))
		}
	})
}

func TestProbesNeitherHideFailuresOfRequestsNorEndALimit(t *testing.T) {
	for name, c := range map[string]struct {
		script func(http.ResponseWriter, *http.Request, int)
		before int
	}{
		"failures":   {fails(500, ""), 3},
		"a throttle": {fails(429, errorJSON("rate_limit_exceeded", "slow down"), "Retry-After", "100"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, probing, func(w *world) {
				w.clouds["azure"].becomes(probed(200, c.script))
				for i := range c.before {
					if i > 0 {
						time.Sleep(11 * time.Second) // a good probe between two failures
					}
					w.post("")
				}
				synctest.Wait()
				before := w.clouds["azure"].count()

				w.post("")

				if now := w.clouds["azure"].count(); now != before {
					t.Errorf("azure was asked after %d times of %s", c.before, name)
				}
			})
		})
	}
}

func TestADrainedGatewayProbesNoMore(t *testing.T) {
	inWorld(t, probing, func(w *world) {
		if err := w.gateway.Drain(w.Context()); err != nil {
			t.Fatal(err)
		}
		before := w.clouds["azure"].count()
		time.Sleep(time.Hour)
		if after := w.clouds["azure"].count(); after != before {
			t.Errorf("%d probes after the drain", after-before)
		}
	})
}
