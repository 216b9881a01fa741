package delivery_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/delivery"
)

// withProvisioned is the catalog with capacity on Azure that is paid for already; its id would come last.
func withProvisioned() *agreement.Catalog {
	c := catalog()
	c.Deployments = append(c.Deployments, agreement.Deployment{
		ID: "z-provisioned-azure", Product: gpt, Cloud: "azure", Zone: "us", Holder: "openai", Seller: "openai", Provisioned: true,
	})
	return c
}

func TestProvisionedCapacityGoesFirstThenPayAsYouGoThenTheNextGroup(t *testing.T) {
	r := sound(t, after, withProvisioned())
	var p delivery.Plan
	r.Plan(facts("acme", gpt), nil, &p)

	if diff := cmp.Diff([]string{"z-provisioned-azure", "openai-azure-gpt54", "openai-aws-gpt54"}, ids(r, &p)[:3]); diff != "" {
		t.Fatal(diff)
	}
	if why := r.Why(&p)[1]; why.By != delivery.ByCapacity {
		t.Errorf("the second stands where it does by %s: %s", why.By, why.Text)
	}
	full, _ := r.Deployment("z-provisioned-azure")
	seen := health(r, map[string]delivery.State{"z-provisioned-azure": delivery.OpenLimit})
	first := p.First()
	next := p.Next(first.Step, delivery.Quota, 0, 60*second, seen)
	if p.Steps[first.Step].Deployment != full || next.Kind != delivery.Try || next.Step != 1 {
		t.Errorf("after the quota of %d: %+v", p.Steps[first.Step].Deployment, next)
	}
}

func TestWhatOneDeploymentKeepsIsAskedOfItAlone(t *testing.T) {
	r := sound(t, after, catalog())
	home, _ := r.Deployment("openai-aws-gpt54")
	var p delivery.Plan
	r.PlanFor(facts("acme", gpt), nil, home, &p)

	first := p.First()
	if diff := cmp.Diff([]string{"openai-aws-gpt54"}, ids(r, &p)); diff != "" || first.Kind != delivery.Try || first.Reason != "" {
		t.Errorf("%+v %s", first, diff)
	}
	if next := p.Next(0, delivery.ServerError, 0, 60*second, nil); next.Kind != delivery.End {
		t.Errorf("after a failure: %+v", next)
	}
	if wait := p.Next(0, delivery.Throttled, 2*second, 60*second, nil); wait.Kind != delivery.Wait || wait.Delay != 2*second {
		t.Errorf("after a throttle: %+v", wait)
	}
}

func TestAPlanKeepsOnlyWhatTheTermsPermit(t *testing.T) {
	r := sound(t, after, catalog())
	aws, _ := r.Deployment("openai-aws-gpt54")
	oss, _ := r.Deployment("google-gcp-oss")
	var p delivery.Plan
	r.Plan(facts("acme", gpt), nil, &p)
	all := ids(r, &p)

	if p.Keep(func(d int) bool { return d == oss }) {
		t.Error("a deployment of another product was kept")
	}
	if diff := cmp.Diff(all, ids(r, &p)); diff != "" {
		t.Errorf("the plan changed: %s", diff)
	}
	if !p.Keep(func(d int) bool { return d == aws }) || len(p.Steps) != 1 || p.First().Kind != delivery.Try {
		t.Errorf("kept %v", ids(r, &p))
	}
}

func TestOnlyWhatTheTermsRankAlikeIsAskedBeside(t *testing.T) {
	r := sound(t, after, withProvisioned())
	var p delivery.Plan
	r.Plan(facts("acme", gpt), nil, &p)

	beside, ok := p.Beside(0)
	if got := ids(r, &p)[beside]; !ok || got != "openai-azure-gpt54" {
		t.Errorf("beside the first: %s, %v", got, ok)
	}
	p.Asked(beside, delivery.Superseded)
	if beside, ok := p.Beside(0); ok {
		t.Errorf("beside both: %s", ids(r, &p)[beside])
	}
	r.Plan(facts("acme", gpt), health(r, map[string]delivery.State{"openai-azure-gpt54": delivery.OpenDown}), &p)
	if beside, ok := p.Beside(0); ok {
		t.Errorf("one that is out is asked: %s", ids(r, &p)[beside])
	}
}

func TestADeploymentThatComesBackGetsItsTrafficStepByStep(t *testing.T) {
	var b delivery.Breaker
	s := settings()
	s.Ramp = 4
	b.Observe(s, 0, delivery.Throttled, second)
	claims := func(now int64) (n int) {
		for b.Acquire(now) && n < 100 {
			n++
		}
		return n
	}

	var got []int
	for range s.Ramp {
		n := claims(second)
		got = append(got, n)
		for range n - 1 {
			b.Observe(s, second, delivery.ClientGone, 0)
		}
		b.Observe(s, second, delivery.Answered, 0)
	}

	if diff := cmp.Diff([]int{1, 2, 3, 4}, got); diff != "" {
		t.Error(diff)
	}
	if b.State(second) != delivery.Closed {
		t.Errorf("after the ramp: %v", b.State(second))
	}
}

func TestAFailureOnTheRampOpensTheBreakerForLonger(t *testing.T) {
	var b delivery.Breaker
	s := settings()
	s.Ramp = 4
	b.Observe(s, 0, delivery.Throttled, second)
	b.Acquire(second)
	b.Observe(s, second, delivery.Answered, 0)
	b.Acquire(second)

	if changed := b.Observe(s, second, delivery.ServerError, 0); !changed || b.State(second+2*second-1) != delivery.OpenDown {
		t.Errorf("changed %v, state %v", changed, b.State(second+2*second-1))
	}
}

func TestABreakerOnItsRampNeverLetsMoreGoThanItHasSeenAnswersAndOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b delivery.Breaker
		s := settings()
		s.Ramp, s.Claim = rapid.IntRange(1, 9).Draw(t, "ramp"), 1000*second
		b.Observe(s, 0, delivery.Throttled, second)
		under, good := 0, 0
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			if b.State(second) == delivery.Closed {
				if good < s.Ramp {
					t.Fatalf("closed after %d answers of %d", good, s.Ramp)
				}
				return
			}
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				if b.Acquire(second) {
					under++
				}
			case 1:
				if under > 0 {
					under, good = under-1, good+1
					b.Observe(s, second, delivery.Answered, 0)
				}
			case 2:
				if under > 0 {
					under--
					b.Observe(s, second, delivery.ClientFault, 0)
				}
			}
			if under > good+1 {
				t.Fatalf("%d under way after %d answers", under, good)
			}
		}
	})
}
