package delivery_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/delivery"
)

// a walk plays a request: it follows First and Next and notes each move as "id reason".
type walk struct {
	router *delivery.Router
	plan   delivery.Plan
	seen   []delivery.State
	move   delivery.Move
}

func begin(r *delivery.Router, f delivery.Facts, seen map[string]delivery.State) *walk {
	w := &walk{router: r, seen: health(r, seen)}
	r.Plan(f, w.seen, &w.plan)
	w.move = w.plan.First()
	return w
}

func (w *walk) after(o delivery.Outcome, retryAfter, left int64) *walk {
	w.move = w.plan.Next(w.move.Step, o, retryAfter, left, w.seen)
	return w
}

func (w *walk) at() string {
	text := ""
	switch w.move.Kind {
	case delivery.Try:
		text = w.router.Catalog().Deployments[w.plan.Steps[w.move.Step].Deployment].ID
		if w.move.LastResort {
			text += " (last resort)"
		}
	case delivery.Wait:
		text = "wait"
	case delivery.End:
		text = "end"
	}
	if w.move.Reason != "" {
		text += ", " + string(w.move.Reason)
	}
	return text
}

func TestARequestLeavesAzureAndReachesTheNextCloud(t *testing.T) {
	r := sound(t, after, catalog())
	for _, c := range []struct {
		outcome delivery.Outcome
		want    string
	}{
		{delivery.Throttled, "openai-aws-gpt54, throttled"},
		{delivery.Quota, "openai-aws-gpt54, throttled"},
		{delivery.Timeout, "openai-aws-gpt54, down"},
		{delivery.Unreachable, "openai-aws-gpt54, down"},
		{delivery.ServerError, "openai-aws-gpt54, down"},
		{delivery.Credential, "openai-aws-gpt54, down"},
		{delivery.ContentStalled, "openai-aws-gpt54, down"},
		{delivery.Unsupported, "openai-aws-gpt54, unsupported"},
		{delivery.Answered, "end"},
		{delivery.Policy, "end"},
		{delivery.ClientFault, "end"},
		{delivery.CutShort, "end"},
		{delivery.ClientGone, "end"},
	} {
		t.Run(c.outcome.String(), func(t *testing.T) {
			w := begin(r, facts("acme", gpt), nil)
			if got := w.after(c.outcome, 0, second).at(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestALaterGroupIsTriedOnlyForTheReasonsOfLeaveFor(t *testing.T) {
	for _, c := range []struct {
		name    string
		leave   []agreement.Leaving
		outcome delivery.Outcome
		want    string
	}{
		{"listed", []agreement.Leaving{agreement.Down}, delivery.ServerError, "openai-aws-gpt54, down"},
		{"not listed", []agreement.Leaving{agreement.Down}, delivery.Throttled, "end, throttled"},
		{"never", []agreement.Leaving{}, delivery.Unreachable, "end, down"},
		{"not said: always", nil, delivery.Unsupported, "openai-aws-gpt54, unsupported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := sound(t, after, catalog(), partnership(func(d *agreement.Delivery) { d.LeaveFor = c.leave }), licensees())
			if got := begin(r, facts("acme", gpt), nil).after(c.outcome, 0, second).at(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestAnOpenDeploymentIsPassedOverForTheReasonThatOpenedIt(t *testing.T) {
	for _, c := range []struct {
		name  string
		leave []agreement.Leaving
		state delivery.State
		want  string
	}{
		{"down", everyone, delivery.OpenDown, "openai-aws-gpt54, down"},
		{"limit", everyone, delivery.OpenLimit, "openai-aws-gpt54, throttled"},
		{"a probe may go", everyone, delivery.Probing, "openai-azure-gpt54"},
		{"not a reason to leave", []agreement.Leaving{agreement.Down}, delivery.OpenLimit, "openai-azure-gpt54 (last resort)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := sound(t, after, catalog(), partnership(func(d *agreement.Delivery) { d.LeaveFor = c.leave }), licensees())
			if got := begin(r, facts("acme", gpt), map[string]delivery.State{"openai-azure-gpt54": c.state}).at(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestFailoverChangesTheSellerOnlyWhereTheCustomerListsMore(t *testing.T) {
	with := customer(catalog(), agreement.Customer{ID: "initech", Sellers: [][]string{{"microsoft"}}})
	r := sound(t, after, with)

	if got := begin(r, facts("initech", gpt), nil).after(delivery.ServerError, 0, second).at(); got != "end, down" {
		t.Errorf("one seller: %s", got)
	}
	if got := begin(r, facts("contoso", gpt), nil).after(delivery.ServerError, 0, second).at(); got != "amazon-aws-gpt54, down" {
		t.Errorf("two sellers: %s", got)
	}
}

func TestARegionRuleIsAReasonLikeAnyOther(t *testing.T) {
	c := customer(catalog(), agreement.Customer{ID: "eu", Sellers: [][]string{{"openai"}}, Zones: []string{"eu"}})
	aws, _ := sound(t, after, c).Deployment("openai-aws-gpt54")
	c.Deployments[aws].Zone = "eu"

	for _, tc := range []struct {
		name  string
		leave []agreement.Leaving
		want  string
	}{
		{"listed", []agreement.Leaving{agreement.RegionRule}, "openai-aws-gpt54, region"},
		{"not listed", []agreement.Leaving{agreement.Down}, "end"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := sound(t, after, c, partnership(func(d *agreement.Delivery) { d.LeaveFor = tc.leave }), licensees())
			if got := begin(r, facts("eu", gpt), nil).at(); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
			v := r.Explain(facts("eu", gpt))[aws]
			if v.Permitted != (tc.want != "end") || !v.Permitted && v.Failed != agreement.CheckRegion {
				t.Errorf("explain: %+v", v)
			}
		})
	}
}

func TestHomeByChoiceMayBeLeftForTheOrderAndTheOrderForAReason(t *testing.T) {
	with := customer(catalog(), agreement.Customer{ID: "initech", Sellers: [][]string{{"openai"}}, Home: "aws"})
	r := sound(t, after, with, partnership(func(d *agreement.Delivery) { d.LeaveFor = []agreement.Leaving{agreement.Down} }), licensees())

	w := begin(r, facts("initech", gpt), nil)
	got := []string{w.at(), w.after(delivery.Throttled, 0, second).at(), w.after(delivery.ServerError, 0, second).at()}
	if diff := cmp.Diff([]string{"openai-aws-gpt54", "openai-azure-gpt54, throttled", "openai-direct-gpt54, down"}, got); diff != "" {
		t.Error(diff)
	}

	w = begin(r, facts("initech", gpt), nil)
	got = []string{w.at(), w.after(delivery.ServerError, 0, second).at(), w.after(delivery.Throttled, 0, second).at()}
	if diff := cmp.Diff([]string{"openai-aws-gpt54", "openai-azure-gpt54, down", "end, throttled"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheOnlyDeploymentIsWaitedForIfItComesBackInTime(t *testing.T) {
	with := customer(catalog(), agreement.Customer{ID: "initech", Sellers: [][]string{{"microsoft"}}})
	r := sound(t, after, with)
	for _, c := range []struct {
		name  string
		after int64
		left  int64
		want  string
	}{
		{"in time", 2 * second, 10 * second, "wait, throttled"},
		{"too late", 20 * second, 10 * second, "end, throttled"},
		{"a day", 86400 * second, 10 * second, "end, throttled"},
		{"not said", 0, 10 * second, "end, throttled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := begin(r, facts("initech", gpt), nil).after(delivery.Throttled, c.after, c.left)
			if got := w.at(); got != c.want {
				t.Fatalf("%s, want %s", got, c.want)
			}
			if w.move.Kind == delivery.Wait {
				if w.move.Delay != c.after {
					t.Errorf("delay %d", w.move.Delay)
				}
				if got := w.after(delivery.Throttled, c.after, c.left).at(); got != "end, throttled" {
					t.Errorf("the second time: %s", got)
				}
			}
		})
	}
}

func TestALostProbeGoesOn(t *testing.T) {
	r := sound(t, after, catalog())
	w := begin(r, facts("acme", gpt), map[string]delivery.State{"openai-azure-gpt54": delivery.Probing})
	if got := w.after(delivery.Skipped, 0, second).at(); got != "openai-aws-gpt54, down" {
		t.Error(got)
	}
}

func TestAllOpenStillServesByTheLeastBad(t *testing.T) {
	r := sound(t, after, catalog())
	w := begin(r, facts("contoso", gpt), map[string]delivery.State{
		"microsoft-azure-gpt54": delivery.OpenLimit, "amazon-aws-gpt54": delivery.OpenDown,
	})
	got := []string{w.at(), w.after(delivery.Unreachable, 0, second).at(), w.after(delivery.Throttled, 0, second).at()}
	want := []string{"amazon-aws-gpt54 (last resort), throttled", "microsoft-azure-gpt54 (last resort), down", "end, throttled"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNextEndsAndNeverTriesADeploymentTwice(t *testing.T) {
	r := sound(t, after, catalog())
	rapid.Check(t, func(t *rapid.T) {
		seen := make([]delivery.State, len(r.Catalog().Deployments))
		draw := func() {
			for i := range seen {
				seen[i] = delivery.State(rapid.IntRange(0, 3).Draw(t, "state"))
			}
		}
		draw()
		var p delivery.Plan
		r.Plan(facts(rapid.SampledFrom([]string{"acme", "contoso"}).Draw(t, "customer"), rapid.SampledFrom([]string{gpt, oss}).Draw(t, "product")), seen, &p)
		tried, waits := map[int]bool{}, 0
		m := p.First()
		for moves := 0; m.Kind != delivery.End; moves++ {
			if moves > 4*len(p.Steps) {
				t.Fatal("it does not end")
			}
			outcome := delivery.Outcome(rapid.IntRange(int(delivery.Answered), int(delivery.Skipped)).Draw(t, "outcome"))
			if outcome == delivery.Skipped && (m.LastResort || m.Kind == delivery.Wait) {
				outcome = delivery.ServerError
			}
			switch {
			case m.Kind == delivery.Wait:
				waits++
			case tried[m.Step]:
				t.Fatalf("step %d again", m.Step)
			}
			tried[m.Step] = tried[m.Step] || outcome != delivery.Skipped
			draw()
			m = p.Next(m.Step, outcome, rapid.SampledFrom([]int64{0, second}).Draw(t, "retry after"), 5*second, seen)
		}
		if waits > 1 {
			t.Fatalf("%d waits", waits)
		}
	})
}
