package gateway_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"concord/gateway"
	"concord/journal"
	"concord/money"
)

// broken makes every commit fail.
func broken([]journal.Kind) error { return errors.New("the disk is gone") }

// unwell makes the journal notice that it is broken: the request that meets it is refused.
func (w *world) unwell() {
	w.Helper()
	w.storage.set(broken)
	if got := w.post(`,"max_tokens":10`); got.Status != http.StatusServiceUnavailable {
		w.Fatalf("the request that met the failure: %d %s", got.Status, got.Body)
	}
}

func onCredit(limit string) func(*gateway.Config) {
	return func(c *gateway.Config) { c.Credit = gateway.Credit{Limit: money.MustParse(limit), Currency: "USD"} }
}

func TestWhileTheJournalIsUnwellRequestsAreServedUpToTheCredit(t *testing.T) {
	inWorld(t, onCredit("0.005"), func(w *world) {
		w.unwell()

		served := 0
		for {
			got := w.post(`,"max_tokens":10`)
			if got.Status != http.StatusOK {
				if got.Status != http.StatusServiceUnavailable || got.code() != "metering_unavailable" {
					t.Errorf("beyond the credit: %d %s", got.Status, got.Body)
				}
				break
			}
			served++
		}
		_, exposed := w.gateway.Exposure()
		if served < 2 || exposed.Cmp(money.MustParse("0.005")) > 0 || exposed.IsZero() {
			t.Errorf("%d served with an exposure of %s", served, exposed)
		}
		if n := len(entries[*journal.Intent](w)); n != 0 {
			t.Errorf("%d intents in a journal that takes none", n)
		}

		w.storage.set(nil)
		time.Sleep(time.Minute)
		intents, records := entries[*journal.Intent](w), entries[*journal.Record](w)
		if len(intents) != served || len(records) != served {
			t.Errorf("%d were served, the journal has %d intents and %d records", served, len(intents), len(records))
		}
		if _, exposed := w.gateway.Exposure(); !exposed.IsZero() {
			t.Errorf("%s is exposed though all is in the journal", exposed)
		}
		if got := w.post(""); got.Status != 200 {
			t.Errorf("well again: %d %s", got.Status, got.Body)
		}
	})
}

func TestWithoutACreditNothingIsServedWhileTheJournalIsUnwell(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.unwell()
		if got := w.post(`,"max_tokens":10`); got.Status != http.StatusServiceUnavailable {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
}

func TestWhatHasNoBoundOrABudgetIsNeverServedOnCredit(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*gateway.Config)
		extra  string
	}{
		"no bound of output": {onCredit("100"), ""},
		"under a budget":     {func(c *gateway.Config) { onCredit("100")(c); under(budget("100"))(c) }, `,"max_tokens":10`},
		"another currency":   {func(c *gateway.Config) { c.Credit = gateway.Credit{Limit: money.FromUnits(100), Currency: "EUR"} }, `,"max_tokens":10`},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, c.change, func(w *world) {
				w.unwell()
				if got := w.post(c.extra); got.Status != http.StatusServiceUnavailable {
					t.Errorf("%d %s", got.Status, got.Body)
				}
				if _, exposed := w.gateway.Exposure(); !exposed.IsZero() {
					t.Errorf("%s exposed", exposed)
				}
			})
		})
	}
}

func TestAnAnswerWhoseRecordIsLateEndsOnCredit(t *testing.T) {
	inWorld(t, onCredit("1"), func(w *world) {
		release := make(chan struct{})
		w.storage.set(holding(journal.KindRecord, release))

		got := w.post(`,"max_tokens":10,"stream":true`)

		if got.Status != 200 || !strings.HasSuffix(got.Body, doneEvent) || strings.Contains(got.Body, "error") {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		if _, exposed := w.gateway.Exposure(); exposed.IsZero() {
			t.Error("nothing is exposed")
		}
		close(release)
		synctest.Wait()
		if _, exposed := w.gateway.Exposure(); !exposed.IsZero() || len(entries[*journal.Record](w)) != 1 {
			t.Errorf("%s exposed, %d records", exposed, len(entries[*journal.Record](w)))
		}
	})
}
