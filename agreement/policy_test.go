package agreement_test

import (
	"testing"

	"concord/agreement"
)

// A policy that names places narrows to them, and default is to refuse: what does not say where it runs is out.
func TestAPolicyForSomePlacesProhibitsAllOthers(t *testing.T) {
	s := load(t, "openai-microsoft.yaml", "openai-clouds.yaml", "enterprise-policy.yaml")
	terms := asOf(t, s, "2026-06-01")
	acme := agreement.Customer{ID: "acme", Sellers: [][]string{{"openai"}}}
	for _, c := range []struct {
		customer, deployment, zone string
		permitted                  bool
		reason                     string
	}{
		{"acme", "openai-azure-gpt54", "eu", true, "openai/gpt-5.4 may be delivered on azure (azure-first)"},
		{"acme", "openai-aws-gpt54", "eu", true, "openai/gpt-5.4 may be delivered on aws (azure-first)"},
		{"acme", "openai-azure-gpt54", "us", false, "acme has openai/gpt-5.4 processed in eu only (azure-first-in-the-eu)"},
		{"acme", "openai-azure-gpt54", "", false, "acme has openai/gpt-5.4 processed in eu only (azure-first-in-the-eu)"},
		{"acme", "openai-direct-gpt54", "eu", false, "acme may run openai/gpt-5.4 on azure and aws only (azure-first-in-the-eu)"},
		{"other", "openai-azure-gpt54", "us", true, "openai/gpt-5.4 may be delivered on azure (azure-first)"},
	} {
		d := *deployment(t, c.deployment)
		d.Zone = c.zone
		customer := acme
		customer.ID = c.customer
		v := terms.Verdict(&customer, &d, agreement.Chat)
		if v.Permitted != c.permitted || v.Reason != c.reason {
			t.Errorf("%s for %s in %q: %v, %s; want %v, %s", d.ID, c.customer, c.zone, v.Permitted, v.Reason, c.permitted, c.reason)
		}
	}
}
