package delivery_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/agreement"
	"concord/delivery"
)

// policyOf is acme's own policy with one order.
func policyOf(vary func(*agreement.Delivery), order ...[]string) *agreement.Agreement {
	d := &agreement.Delivery{Common: head("own-order"), Products: models, Mode: "permit", Order: order, Choice: "group"}
	if vary != nil {
		vary(d)
	}
	return &agreement.Agreement{
		Name: "acme-policy", Policy: "acme", Currency: "USD", Conflicts: agreement.Invalid,
		Amendments: []agreement.Amendment{{ID: "start", Effective: start, Adds: []agreement.Clause{d}}},
	}
}

// choosing is the world in which the agreement lets customers choose so much.
func choosing(t *testing.T, choice string, leave []agreement.Leaving, policy *agreement.Agreement) *delivery.Router {
	t.Helper()
	return sound(t, after, catalog(), partnership(func(d *agreement.Delivery) {
		d.Choice, d.LeaveFor = choice, leave
	}), licensees(), policy)
}

func TestAPolicyOrdersAsFarAsTheAgreementLetsCustomersChoose(t *testing.T) {
	policy := policyOf(nil, []string{"openai"}, []string{"aws"}, []string{"azure"})
	for choice, want := range map[string][]string{
		"permitted": {"openai-direct-gpt54", "openai-aws-gpt54", "openai-azure-gpt54", "amazon-aws-gpt54", "microsoft-azure-gpt54"},
		"group":     {"openai-azure-gpt54", "openai-direct-gpt54", "openai-aws-gpt54", "microsoft-azure-gpt54", "amazon-aws-gpt54"},
		"none":      {"openai-azure-gpt54", "openai-aws-gpt54", "openai-direct-gpt54", "microsoft-azure-gpt54", "amazon-aws-gpt54"},
	} {
		r := choosing(t, choice, everyone, policy)
		if diff := cmp.Diff(want, plan(r, facts("acme", gpt))); diff != "" {
			t.Errorf("%s, -want +got:\n%s", choice, diff)
		}
		if got := plan(r, facts("contoso", gpt)); got[0] != "microsoft-azure-gpt54" {
			t.Errorf("%s: the policy of acme orders for contoso: %v", choice, got)
		}
	}
}

func TestWhatAPolicyMovesIsTheCustomersChoice(t *testing.T) {
	r := choosing(t, "permitted", everyone, policyOf(nil, []string{"aws"}, []string{"azure", "openai"}))
	var p delivery.Plan
	r.Plan(facts("acme", gpt), nil, &p)

	var moved []string
	for i, s := range p.Steps {
		if s.Choice {
			moved = append(moved, ids(r, &p)[i])
		}
	}
	if diff := cmp.Diff([]string{"openai-aws-gpt54", "amazon-aws-gpt54"}, moved); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	var why []string
	for _, reason := range r.Why(&p) {
		why = append(why, reason.Text)
	}
	want := []string{
		"group 1 of own-order, the customer's own policy, as azure-first lets customers choose; openai is the first choice of acme among sellers",
		"group 2 of own-order, the customer's own policy",
		"group 2 of azure-first, after group 1",
	}
	if diff := cmp.Diff(want, why[:3]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAPolicyIsLeftForItsOwnReasons(t *testing.T) {
	// Both orders must let a request go: the policy's leave_for between its groups, the agreement's between its own.
	for _, c := range []struct {
		name              string
		agreement, policy []agreement.Leaving
		outcome           delivery.Outcome
		then              string
	}{
		{"a reason of the policy", nil, []agreement.Leaving{agreement.Down}, delivery.ServerError, "openai-azure-gpt54"},
		{"not a reason of the policy", nil, []agreement.Leaving{agreement.Down}, delivery.Throttled, ""},
		{"never", nil, []agreement.Leaving{}, delivery.ServerError, ""},
		{"any", nil, nil, delivery.Throttled, "openai-azure-gpt54"},
		{"going to an earlier group of the agreement needs no reason of it", []agreement.Leaving{}, nil, delivery.Throttled, "openai-azure-gpt54"},
	} {
		policy := policyOf(func(d *agreement.Delivery) { d.LeaveFor = c.policy }, []string{"aws"}, []string{"azure"})
		r := choosing(t, "permitted", c.agreement, policy)
		var p delivery.Plan
		r.Plan(facts("acme", gpt), nil, &p)
		if first := ids(r, &p)[p.First().Step]; first != "openai-aws-gpt54" {
			t.Fatalf("%s: first %s", c.name, first)
		}

		got := ""
		if m := p.Next(p.First().Step, c.outcome, 0, second, nil); m.Kind == delivery.Try {
			got = ids(r, &p)[m.Step]
		}

		if got != c.then {
			t.Errorf("%s: then %q, want %q", c.name, got, c.then)
		}
	}
}

func TestAPolicyWhoseFirstGroupIsOutOfTheRegionNeedsAReasonToLeaveIt(t *testing.T) {
	c := catalog()
	c.Deployments[0].Zone, c.Customers[0].Zones = "asia", []string{"us"}
	for _, leave := range [][]agreement.Leaving{{agreement.Down}, {agreement.RegionRule}} {
		policy := policyOf(func(d *agreement.Delivery) { d.LeaveFor = leave }, []string{"aws"}, []string{"azure"})
		r := sound(t, after, c, partnership(), licensees(), policy)
		served := slices.Contains(plan(r, facts("acme", gpt)), "openai-azure-gpt54")
		if want := leave[0] == agreement.RegionRule; served != want {
			t.Errorf("leave_for %v: azure serves: %v, want %v", leave, served, want)
		}
	}
}
