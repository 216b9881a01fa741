package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"concord/agreement"
	"concord/clouds"
	"concord/delivery"
	"concord/gateway"
	"concord/journal"
)

// inEurope sells the model on azure in two places, to a customer whose requests may be processed in one of them only. The place
// beyond answers at openai.test.
func inEurope(t *testing.T, timeline **delivery.Timeline) func(*gateway.Config) {
	catalog := testCatalog()
	catalog.Customers[0].Zones = []string{"eu"}
	europe, america := catalog.Deployments[0], catalog.Deployments[0]
	europe.ID, europe.Zone = "a-eu", "eu"
	america.ID, america.Zone, america.Account = "a-us", "us", "account-us"
	catalog.Deployments = []agreement.Deployment{europe, america}
	return func(c *gateway.Config) {
		*timeline = timelineOf(t, partners, catalog)
		c.Timeline = *timeline
		here, there := *c.Targets["a"], *c.Targets["a"]
		base := *there.Base
		base.Host = "openai.test"
		here.Deployment, there.Deployment, there.Base = "a-eu", "a-us", &base
		c.Targets = map[string]*clouds.Target{"a-eu": &here, "a-us": &there}
	}
}

func TestBehaviour22_a_request_that_must_stay_in_a_region_is_refused_rather_than_moved(t *testing.T) {
	var timeline *delivery.Timeline
	inWorld(t, inEurope(t, &timeline), func(w *world) {
		w.clouds["azure"].serve = fails(http.StatusServiceUnavailable, "")

		for range 4 { // three failures, and then the breaker
			for _, extra := range []string{"", `,"stream":true`} {
				if got := w.post(extra); got.Status != http.StatusServiceUnavailable || got.code() == "" {
					t.Errorf("%d %s", got.Status, got.Body)
				}
			}
		}

		synctest.Wait()
		if n := w.clouds["openai"].count(); n != 0 {
			t.Errorf("%d requests left the region", n)
		}
		for _, r := range entries[*journal.Record](w) {
			if r.Outcome != journal.Failed || len(r.Lines) != 0 || r.Terms == (journal.Hash{}) {
				t.Errorf("%v %v", r.Outcome, r.Lines)
			}
			for _, a := range r.Attempts {
				if a.Deployment != "a-eu" {
					t.Errorf("%s was tried", a.Deployment)
				}
			}
		}
	})
	// What explain prints of it: the term that kept the request where it was.
	verdicts := timeline.At(time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC).UnixNano()).Explain(
		delivery.Facts{Customer: "acme", Product: "openai/gpt-5.4", API: agreement.Chat})
	if v := verdicts[1]; v.Permitted || v.Failed != agreement.CheckRegion || !strings.Contains(v.Reason, "us") {
		t.Errorf("%+v", v)
	}
}
