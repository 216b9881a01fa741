package gateway_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/clouds"
	"concord/gateway"
	"concord/journal"
)

// awsFirst is the agreement of these tests with an amendment that turns the order around.
func awsFirst(effective string) string {
	return partners + `  - id: turn
    effective: ` + effective + `
    source: {url: test, provenance: assumed}
    replaces:
      - {id: azure-first, kind: delivery, products: [openai/gpt-5.4], order: [[aws], [azure], [openai]], term: perpetual}
`
}

// offerOf is what testConfig offers, under another agreement.
func offerOf(t testing.TB, set byte, doc string) gateway.Offer {
	c := testConfig(t)
	return gateway.Offer{Timeline: timelineOf(t, doc, testCatalog()), Set: journal.Hash{set}, Keys: c.Keys, Targets: c.Targets}
}

func termsAt(o gateway.Offer, at string) journal.Hash {
	instant, _ := time.Parse(time.RFC3339, at)
	return o.Timeline.At(instant.UnixNano()).Terms().Hash()
}

// shown is what X-Concord-Terms shows of a hash.
func shown(h journal.Hash) string { return hex.EncodeToString(h[:8]) }

// waits keeps the client waiting until it may go on.
func waits(goOn <-chan struct{}) func(http.ResponseWriter, *http.Request, int) {
	return func(_ http.ResponseWriter, r *http.Request, _ int) {
		select {
		case <-goOn:
		case <-r.Context().Done():
		}
	}
}

func TestAStreamAcrossASwapKeepsTheTermsItStartedWith(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		goOn := make(chan struct{})
		w.clouds["azure"].serve = then(sends(roleEvent(), textEvent("before")), waits(goOn), sends(textEvent(" after"), finishEvent(), usageEvent(), doneEvent))
		old := offerOf(w, 1, partners)
		next := offerOf(w, 2, awsFirst("2021-01-01"))
		resp, err := w.open(w.Context(), `,"stream":true`)
		if err != nil {
			w.Fatal(err)
		}
		defer resp.Body.Close()

		if err := w.gateway.Swap(next); err != nil {
			w.Fatal(err)
		}
		during := w.post("")
		close(goOn)
		rest, err := io.ReadAll(resp.Body)

		if err != nil || !strings.Contains(string(rest), "[DONE]") {
			w.Errorf("the stream ended with %v: %s", err, rest)
		}
		synctest.Wait()
		var got []string
		for _, r := range entries[*journal.Record](w) {
			got = append(got, fmt.Sprint(r.Attempts[0].Cloud, " ", shown(r.Terms), " set ", r.Set[0], " ", r.Outcome))
		}
		before, after := termsAt(old, "2026-05-04T12:00:00Z"), termsAt(next, "2026-05-04T12:00:00Z")
		want := []string{fmt.Sprint("aws ", shown(after), " set 2 answered"), fmt.Sprint("azure ", shown(before), " set 1 answered")}
		if d := cmp.Diff(want, got); d != "" {
			w.Error(d)
		}
		if before == after || resp.Header.Get("X-Concord-Terms") != shown(before) || during.Header.Get("X-Concord-Terms") != shown(after) {
			w.Errorf("the stream says %s, the request during it %s; want %s and %s",
				resp.Header.Get("X-Concord-Terms"), during.Header.Get("X-Concord-Terms"), shown(before), shown(after))
		}
	})
}

func TestAnAmendmentOfTheFutureComesIntoForceByItself(t *testing.T) {
	var offer gateway.Offer
	inWorld(t, func(c *gateway.Config) {
		offer = offerOf(t, 1, awsFirst("2026-05-04T13:00:00Z"))
		c.Timeline = offer.Timeline
	}, func(w *world) {
		instant := time.Date(2026, 5, 4, 13, 0, 0, 0, time.UTC)
		until := func() time.Duration { return instant.Sub(today()()) }

		time.Sleep(until() - 1) // virtual: the last nanosecond of the old terms
		before := w.post("")
		time.Sleep(until())
		after := w.post("")

		synctest.Wait()
		var got []string
		for _, r := range entries[*journal.Record](w) {
			got = append(got, r.Attempts[0].Cloud+" "+shown(r.Terms))
		}
		want := []string{
			"azure " + shown(termsAt(offer, "2026-05-04T12:59:59Z")),
			"aws " + shown(termsAt(offer, "2026-05-04T13:00:00Z")),
		}
		if d := cmp.Diff(want, got); d != "" {
			w.Error(d)
		}
		if d := cmp.Diff([]string{"azure", "aws"}, []string{before.Header.Get("X-Concord-Cloud"), after.Header.Get("X-Concord-Cloud")}); d != "" {
			w.Error(d)
		}
	})
}

func TestSwapsUnderLoadFailNoRequestAndEveryRecordNamesItsOwnTerms(t *testing.T) {
	w := newWorld(t, nil)
	offers := []gateway.Offer{offerOf(t, 1, partners), offerOf(t, 2, awsFirst("2021-01-01"))}
	const workers, each = 20, 20
	var wg, swapping sync.WaitGroup
	swapped, stop := 0, make(chan struct{})
	swapping.Go(func() {
		for ; ; swapped++ {
			select {
			case <-stop:
				return
			case <-w.finished: // an exchange for each request that ended
				if err := w.gateway.Swap(offers[swapped%2]); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for range workers {
		wg.Go(func() {
			for i := range each {
				extra := ""
				if i%2 == 0 {
					extra = `,"stream":true`
				}
				if a := w.post(extra); a.Err != nil || a.Status != 200 {
					t.Errorf("status %d, %v: %s", a.Status, a.Err, a.Body)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	swapping.Wait()
	if swapped == 0 {
		t.Error("nothing was exchanged")
	}

	terms := map[byte]journal.Hash{}
	for _, o := range offers {
		terms[o.Set[0]] = termsAt(o, "2026-05-04T12:00:00Z")
	}
	cloud := map[byte]string{1: "azure", 2: "aws"}
	intents := map[journal.RequestID]*journal.Intent{}
	for _, i := range entries[*journal.Intent](w) {
		intents[i.Request] = i
	}
	records := entries[*journal.Record](w)
	for _, r := range records {
		i := intents[r.Request]
		if r.Terms != terms[r.Set[0]] || r.Attempts[0].Cloud != cloud[r.Set[0]] || i == nil || i.Terms != r.Terms || i.Set != r.Set {
			t.Errorf("%s: set %d, terms %x, cloud %s, intent %+v", r.Request, r.Set[0], r.Terms[:4], r.Attempts[0].Cloud, i)
		}
	}
	if len(records) != workers*each {
		t.Errorf("%d records of %d requests", len(records), workers*each)
	}
}

func TestABreakerSurvivesASwapUnlessItsDeploymentIsReachedAnotherWay(t *testing.T) {
	inWorld(t, func(c *gateway.Config) { c.Breaker.Failures = 1 }, func(w *world) {
		w.clouds["azure"].serve = fails(500, "")
		first := w.post("")
		if err := w.gateway.Swap(offerOf(w, 2, partners)); err != nil {
			w.Fatal(err)
		}
		second := w.post("")
		hits := w.clouds["azure"].count()

		moved := offerOf(w, 3, partners)
		target := *moved.Targets["a"]
		target.Secret = clouds.NewSecret("a new one")
		moved.Targets["a"] = &target
		w.clouds["azure"].serve = answers("well again")
		if err := w.gateway.Swap(moved); err != nil {
			w.Fatal(err)
		}
		third := w.post("")

		got := []string{first.Header.Get("X-Concord-Cloud"), second.Header.Get("X-Concord-Cloud"), third.Header.Get("X-Concord-Cloud")}
		if d := cmp.Diff([]string{"aws", "aws", "azure"}, got); d != "" || hits != 1 {
			w.Errorf("azure was tried %d times before its secret changed, want 1\n%s", hits, d)
		}
	})
}

func TestASwapTakesAKeyAwayAndADeploymentWithItsBreaker(t *testing.T) {
	inWorld(t, func(c *gateway.Config) { c.Breaker.Failures = 1 }, func(w *world) {
		w.clouds["azure"].serve = fails(500, "")
		w.post("")
		next := offerOf(w, 2, partners)
		delete(next.Keys, gateway.HashKey(goodKey))
		next.Keys[gateway.HashKey("sk-new")] = gateway.Key{ID: "acme-2", Customer: "acme"}
		catalog := testCatalog()
		catalog.Deployments = catalog.Deployments[1:] // azure is the first
		next.Timeline = timelineOf(w, partners, catalog)
		if err := w.gateway.Swap(next); err != nil {
			w.Fatal(err)
		}

		gone := w.post("")
		came := w.send(w.Context(), "sk-new", "")

		if gone.Status != 401 || came.Status != 200 || came.Header.Get("X-Concord-Cloud") != "aws" {
			w.Errorf("the old key got %d, the new one %d from %q", gone.Status, came.Status, came.Header.Get("X-Concord-Cloud"))
		}
		synctest.Wait()
		if intents := entries[*journal.Intent](w); len(intents[1].Health) != 0 {
			w.Errorf("a deployment that is not offered stands in a decision: %v", intents[1].Health)
		}
	})
}

func TestAnOfferThatDoesNotFitIsRefusedAndTheOldOneStays(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		next := offerOf(w, 2, awsFirst("2021-01-01"))
		delete(next.Targets, "b")

		err := w.gateway.Swap(next)

		if err == nil || !strings.Contains(err.Error(), "deployment b has no target") {
			w.Errorf("error %v", err)
		}
		if a := w.post(""); a.Header.Get("X-Concord-Cloud") != "azure" {
			w.Errorf("served by %q", a.Header.Get("X-Concord-Cloud"))
		}
	})
}
