package journal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/delivery"
	"concord/journal"
	"concord/journal/journaltest"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

type ctx = context.Context

// quote prices a token at one unit, and charges interrupted answers as rule says.
func quote(rule agreement.Charging) journal.PriceFunc {
	return func(in *journal.Intent, admitted int64, deployment string, u *usage.Usage) (journal.Quote, error) {
		if deployment == "gone" {
			return journal.Quote{}, fmt.Errorf("deployment gone: %w", journal.ErrNotFound)
		}
		q := journal.Quote{Cloud: "aws", Seller: "openai", Holder: "openai", Currency: "USD", Charging: rule}
		for class := usage.Input; int(class) < usage.NumClasses; class++ {
			if n := u.Tokens[class]; n != 0 {
				q.Lines = append(q.Lines, pricing.Line{Class: class, Quantity: n, Unit: money.FromUnits(1), Amount: money.FromUnits(n)})
			}
		}
		q.Cost = q.Lines
		return q, nil
	}
}

// resolve takes entries and returns the records that resolve them.
func resolve(t *testing.T, price journal.PriceFunc, entries ...journal.Entry) []journal.Entry {
	t.Helper()
	var r journal.Recovery
	for i := range entries {
		r.Take(&entries[i])
	}
	records, err := r.Resolve(price)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func lines(input, output int64) (l []pricing.Line) {
	for _, p := range []struct {
		class usage.Class
		n     int64
	}{{usage.Input, input}, {usage.Output, output}} {
		if p.n != 0 {
			l = append(l, pricing.Line{Class: p.class, Quantity: p.n, Unit: money.FromUnits(1), Amount: money.FromUnits(p.n)})
		}
	}
	return l
}

func TestRecovery(t *testing.T) {
	t.Parallel()
	unsent := journaltest.Intent(1)
	unsent.Body.(*journal.Intent).First = ""
	gone := journaltest.Intent(1)
	gone.Body.(*journal.Intent).First = "gone"
	second := journaltest.Progress(1, 30)
	second.Body.(*journal.Progress).Number = 2
	later := journaltest.Progress(1, 5000)
	later.Time += 700
	used := func(e usage.Evidence, input, output int64) (u usage.Usage) {
		u.Evidence = e
		u.Tokens[usage.Input], u.Tokens[usage.Output] = input, output
		return u
	}
	tried := func(deployment string, o delivery.Outcome, u usage.Usage, cost []pricing.Line, unsure bool, ended int64) journal.Tried {
		return journal.Tried{Deployment: deployment, Cloud: "aws", Seller: "openai", Holder: "openai", Outcome: o, Usage: u,
			Cost: cost, CostUnsure: unsure, Ended: ended}
	}
	type want struct {
		Outcome   journal.Outcome
		Attempts  []journal.Tried
		Served    int
		Usage     usage.Usage
		Lines     []pricing.Line
		Delivered int64
	}
	for name, c := range map[string]struct {
		entries []journal.Entry
		rule    agreement.Charging
		want    want
	}{
		"no deployment was chosen: void": {entries: []journal.Entry{unsent}, want: want{Outcome: journal.Void, Served: -1}},
		"sent, no progress: the customer pays nothing, the cost is estimated": {
			entries: []journal.Entry{journaltest.Intent(1)}, rule: agreement.ChargeDelivered,
			want: want{Outcome: journal.Interrupted, Served: -1,
				Attempts: []journal.Tried{tried("openai-aws-gpt54", 0, used(usage.Estimated, 1024, 0), lines(1024, 0), true, 0)}},
		},
		"an attempt that was left keeps its outcome": {
			entries: []journal.Entry{journaltest.Intent(1), journaltest.Attempt(1)},
			want: want{Outcome: journal.Interrupted, Served: -1, Attempts: []journal.Tried{
				tried("openai-aws-gpt54", delivery.Throttled, usage.Usage{}, nil, false, 0),
				tried("openai-direct-gpt54", 0, used(usage.Estimated, 1024, 0), lines(1024, 0), true, 0),
			}},
		},
		"progress: the customer pays the last one": {
			entries: []journal.Entry{journaltest.Intent(1), journaltest.Progress(1, 10), journaltest.Progress(1, 30)}, rule: agreement.ChargeDelivered,
			want: want{Outcome: journal.Interrupted, Served: 0, Usage: used(usage.Counted, 1024, 30), Lines: lines(1024, 30), Delivered: 150,
				Attempts: []journal.Tried{tried("openai-aws-gpt54", delivery.CutShort, used(usage.Counted, 1024, 30), lines(1024, 30), true, 0)}},
		},
		"never above what the request allowed": {
			entries: []journal.Entry{journaltest.Intent(1), later}, rule: agreement.ChargeDelivered,
			want: want{Outcome: journal.Interrupted, Served: 0, Usage: used(usage.Counted, 1024, 1000), Lines: lines(1024, 1000), Delivered: 25000,
				Attempts: []journal.Tried{tried("openai-aws-gpt54", delivery.CutShort, used(usage.Counted, 1024, 1000), lines(1024, 1000), true, 700)}},
		},
		"progress of the second attempt under a clause that charges nothing": {
			entries: []journal.Entry{journaltest.Intent(1), journaltest.Attempt(1), second}, rule: agreement.ChargeNone,
			want: want{Outcome: journal.Interrupted, Served: 1, Delivered: 150, Attempts: []journal.Tried{
				tried("openai-aws-gpt54", delivery.Throttled, usage.Usage{}, nil, false, 0),
				tried("openai-direct-gpt54", delivery.CutShort, used(usage.Counted, 1024, 30), lines(1024, 30), true, 0),
			}},
		},
		"a deployment that is known no more": {
			entries: []journal.Entry{gone}, rule: agreement.ChargeDelivered,
			want: want{Outcome: journal.Interrupted, Served: -1,
				Attempts: []journal.Tried{{Deployment: "gone", Usage: used(usage.Estimated, 1024, 0), CostUnsure: true}}},
		},
	} {
		records := resolve(t, quote(c.rule), c.entries...)
		if len(records) != 1 || records[0].Time != c.entries[0].Time || records[0].ID != c.entries[0].ID {
			t.Fatalf("%s: got %v, want one record at the admitted instant", name, records)
		}
		r := records[0].Body.(*journal.Record)
		got := want{r.Outcome, r.Attempts, r.Served, r.Usage, r.Lines, r.Delivered}
		if diff := cmp.Diff(c.want, got, journaltest.Amounts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRecoveryStopsWhereAPriceCannotBeRead(t *testing.T) {
	t.Parallel()
	var r journal.Recovery
	e := journaltest.Intent(1)
	r.Take(&e)
	broken := errors.New("books cannot be read")
	_, err := r.Resolve(func(*journal.Intent, int64, string, *usage.Usage) (journal.Quote, error) {
		return journal.Quote{}, broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

func TestRecoveryResolvesEveryOpenIntentOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var entries []journal.Entry
		open := map[string]bool{}
		for n := range rapid.IntRange(1, 20).Draw(rt, "requests") {
			id := journaltest.Request(n)
			entries = append(entries, journaltest.Intent(n))
			open[string(id[:])] = true
			if rapid.Bool().Draw(rt, "recorded") {
				entries = append(entries, journaltest.Record(n))
				delete(open, string(id[:]))
			}
		}
		first := resolve(t, quote(agreement.ChargeNone), entries...)
		for _, e := range first {
			if !open[e.ID] {
				rt.Fatalf("%x was resolved and not open, or twice", e.ID)
			}
			delete(open, e.ID)
		}
		if len(open) != 0 {
			rt.Fatalf("%d intents were not resolved", len(open))
		}
		if again := resolve(t, quote(agreement.ChargeNone), append(entries, first...)...); len(again) != 0 {
			rt.Fatalf("a second recovery resolved %d", len(again))
		}
	})
}
