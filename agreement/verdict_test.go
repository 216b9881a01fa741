package agreement_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/agreement"
)

// verdicts renders what the terms of a day say of every deployment of the demo, for one customer.
func verdicts(t *testing.T, terms *agreement.Terms, customer int) string {
	t.Helper()
	c := catalog()
	var b strings.Builder
	for i := range c.Deployments {
		d := &c.Deployments[i]
		v := terms.Verdict(&c.Customers[customer], d, agreement.Chat)
		if v.Permitted {
			fmt.Fprintf(&b, "%s: seller %d, group %d by %s, license %q\n", d.ID, v.SellerRank, v.Group, v.Delivery.ID, v.License.Clause)
			continue
		}
		fmt.Fprintf(&b, "%s: no, %s: %s\n", d.ID, v.Failed, v.Reason)
	}
	return b.String()
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimLeft(want, "\n"), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestBeforeTheAmendmentTheAPIStaysOnAzure(t *testing.T) {
	want(t, verdicts(t, asOf(t, example(t), "2026-04-26"), 0), `
openai-azure-gpt54: seller 0, group 0 by api-exclusivity, license ""
openai-aws-gpt54: no, cloud: openai may run openai/gpt-5.4 on azure only (api-exclusivity)
openai-direct-gpt54: no, cloud: openai may run openai/gpt-5.4 on azure only (api-exclusivity)
microsoft-azure-gpt54: seller 1, group 0 by api-exclusivity, license "model-license"
microsoft-azure-oss: seller 1, group 0 by open-weights, license ""
amazon-aws-gpt54: no, cloud: openai may run openai/gpt-5.4 on azure only (api-exclusivity)
amazon-aws-oss: seller 1, group 1 by open-weights, license ""
google-gcp-oss: seller 1, group 1 by open-weights, license ""
alibaba-oss: seller 1, group 1 by open-weights, license ""
`)
}

func TestAfterTheAmendmentEveryCloudMayServe(t *testing.T) {
	want(t, verdicts(t, asOf(t, example(t), "2026-04-28"), 1), `
openai-azure-gpt54: no, seller: contoso does not buy from openai
openai-aws-gpt54: no, seller: contoso does not buy from openai
openai-direct-gpt54: no, seller: contoso does not buy from openai
microsoft-azure-gpt54: seller 0, group 0 by azure-first, license "model-license"
microsoft-azure-oss: seller 0, group 0 by open-weights, license ""
amazon-aws-gpt54: seller 1, group 1 by azure-first, license "amazon-license"
amazon-aws-oss: seller 1, group 1 by open-weights, license ""
google-gcp-oss: no, seller: contoso does not buy from google
alibaba-oss: no, seller: contoso does not buy from alibaba
`)
}

func TestAmazonSellsOnlyUnderItsLicense(t *testing.T) {
	want(t, verdicts(t, asOf(t, example(t), "2026-04-27"), 0), `
openai-azure-gpt54: seller 0, group 0 by azure-first, license ""
openai-aws-gpt54: seller 0, group 1 by azure-first, license ""
openai-direct-gpt54: seller 0, group 1 by azure-first, license ""
microsoft-azure-gpt54: seller 1, group 0 by azure-first, license "model-license"
microsoft-azure-oss: seller 1, group 0 by open-weights, license ""
amazon-aws-gpt54: no, license: amazon has no license to serve openai/gpt-5.4 on aws
amazon-aws-oss: seller 1, group 1 by open-weights, license ""
google-gcp-oss: seller 1, group 1 by open-weights, license ""
alibaba-oss: seller 1, group 1 by open-weights, license ""
`)
}

func TestFirstRefusedCheckIsTheReason(t *testing.T) {
	terms := asOf(t, example(t), "2026-04-28")
	customer := agreement.Customer{ID: "globex", Sellers: [][]string{{"microsoft"}, {"openai"}, {"amazon"}}, Zones: []string{"eu"}}
	odd := func(change func(*agreement.Deployment)) *agreement.Deployment {
		d := *deployment(t, "microsoft-azure-gpt54")
		change(&d)
		return &d
	}
	for name, c := range map[string]struct {
		d    *agreement.Deployment
		api  agreement.API
		want agreement.Check
	}{
		"an unknown product": {odd(func(d *agreement.Deployment) { d.Product = "openai/gpt-9" }), "", agreement.CheckCloud},
		"another seller":     {odd(func(d *agreement.Deployment) { d.Seller = "google" }), "", agreement.CheckSeller},
		"an unlisted cloud":  {odd(func(d *agreement.Deployment) { d.Cloud = "oracle" }), "", agreement.CheckCloud},
		"no license":         {odd(func(d *agreement.Deployment) { d.Cloud, d.Seller = "gcp", "amazon" }), "", agreement.CheckLicense},
		"another region":     {odd(func(*agreement.Deployment) {}), "", agreement.CheckRegion},
		"no region stated":   {odd(func(d *agreement.Deployment) { d.Zone = "" }), "", agreement.CheckRegion},
		"another surface":    {odd(func(d *agreement.Deployment) { d.Zone = "eu" }), agreement.Images, agreement.CheckAPI},
		"nothing wrong":      {odd(func(d *agreement.Deployment) { d.Zone = "eu" }), agreement.Chat, agreement.CheckNone},
	} {
		t.Run(name, func(t *testing.T) {
			v := terms.Verdict(&customer, c.d, c.api)
			if v.Failed != c.want {
				t.Errorf("failed %s (%s), want %s", v.Failed, v.Reason, c.want)
			}
		})
	}
}

func TestAHolderOtherThanTheSellerNeedsAnOperatorThatMayHost(t *testing.T) {
	d := *deployment(t, "openai-aws-gpt54")
	d.Holder = "amazon"
	customer := agreement.Customer{ID: "acme", Sellers: [][]string{{"openai"}}}

	before := asOf(t, example(t), "2026-04-27").Verdict(&customer, &d, agreement.Chat)
	after := asOf(t, example(t), "2026-04-28").Verdict(&customer, &d, agreement.Chat)

	if before.Failed != agreement.CheckHost || before.Reason != "amazon has no license to host openai/gpt-5.4 on aws" {
		t.Errorf("before the license: %s, %s", before.Failed, before.Reason)
	}
	if !after.Permitted {
		t.Errorf("under the license: %s, %s", after.Failed, after.Reason)
	}
}
