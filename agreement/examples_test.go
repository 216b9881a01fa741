package agreement_test

import (
	"os"
	"testing"
	"time"
	_ "time/tzdata"

	"concord/agreement"
	"concord/agreement/agreementfile"
)

// load reads example agreements as a set.
func load(t *testing.T, names ...string) *agreement.Set {
	t.Helper()
	var all []*agreement.Agreement
	for _, name := range names {
		doc, err := os.ReadFile("../examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		a, findings := agreementfile.Parse(name, doc)
		for _, f := range findings {
			t.Errorf("%s", f)
		}
		if a == nil {
			t.Fatalf("%s was not read", name)
		}
		all = append(all, a)
	}
	return agreement.NewSet(all...)
}

func example(t *testing.T) *agreement.Set {
	t.Helper()
	return load(t, "openai-microsoft.yaml", "openai-clouds.yaml")
}

// day is noon in the agreements' zone.
func day(t *testing.T, s string) time.Time {
	t.Helper()
	z, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	d, err := time.ParseInLocation("2006-01-02", s, z)
	if err != nil {
		t.Fatal(err)
	}
	return d.Add(12 * time.Hour)
}

var known = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

func asOf(t *testing.T, s *agreement.Set, date string) *agreement.Terms {
	t.Helper()
	terms, err := s.AsOf(day(t, date), known)
	if err != nil {
		t.Fatal(err)
	}
	return terms
}

// catalog is that of the demo.
func catalog() *agreement.Catalog {
	chat := []agreement.API{agreement.Chat}
	const gpt, oss = "openai/gpt-5.4", "openai/gpt-oss-120b"
	d := func(id, product, cloud, seller, holder string) agreement.Deployment {
		return agreement.Deployment{ID: id, Product: product, Cloud: cloud, Seller: seller, Holder: holder, Zone: "us", APIs: chat}
	}
	return &agreement.Catalog{
		Deployments: []agreement.Deployment{
			d("openai-azure-gpt54", gpt, "azure", "openai", "openai"),
			d("openai-aws-gpt54", gpt, "aws", "openai", "openai"),
			d("openai-direct-gpt54", gpt, "openai", "openai", "openai"),
			d("microsoft-azure-gpt54", gpt, "azure", "microsoft", "microsoft"),
			d("microsoft-azure-oss", oss, "azure", "microsoft", "microsoft"),
			d("amazon-aws-gpt54", gpt, "aws", "amazon", "amazon"),
			d("amazon-aws-oss", oss, "aws", "amazon", "amazon"),
			d("google-gcp-oss", oss, "gcp", "google", "google"),
			d("alibaba-oss", oss, "alibaba", "alibaba", "alibaba"),
		},
		Customers: []agreement.Customer{
			{ID: "acme", Sellers: [][]string{{"openai"}, {"microsoft", "amazon", "google", "alibaba"}}},
			{ID: "contoso", Sellers: [][]string{{"microsoft"}, {"amazon"}}},
		},
	}
}

func deployment(t *testing.T, id string) *agreement.Deployment {
	t.Helper()
	c := catalog()
	for i := range c.Deployments {
		if c.Deployments[i].ID == id {
			return &c.Deployments[i]
		}
	}
	t.Fatalf("no deployment %s", id)
	return nil
}

func TestTheExamplesHaveNoErrors(t *testing.T) {
	for name, c := range map[string]*agreement.Catalog{"alone": nil, "with the demo's catalog": catalog()} {
		t.Run(name, func(t *testing.T) {
			warnings := 0
			for _, f := range example(t).Lint(c) {
				if f.Severity == agreement.Error {
					t.Errorf("%s", f)
					continue
				}
				t.Logf("%s", f)
				warnings++
			}
			if warnings == 0 {
				t.Error("the examples rest on reported and assumed terms, and nothing says so")
			}
		})
	}
}
