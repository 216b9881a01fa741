package agreement_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/agreement/condition"
)

// errorsOf lints one document of clauses, each a line, and returns what it says about conditions and what they keep apart.
func errorsOf(t *testing.T, catalog *agreement.Catalog, clauses ...string) (found []string) {
	t.Helper()
	doc := `
concord: 1
agreement: deal
currency: USD
zone: UTC
parties: {lab: {operates: [labcloud]}, north: {operates: [northcloud]}, south: {operates: [southcloud]}}
products: {lab/m: {aliases: [m], apis: [chat, responses]}, lab/n: {}}
amendments:
  - id: start
    effective: 2026-01-01
    source: {provenance: public}
    adds:
`
	for _, c := range clauses {
		doc += "      - " + c + "\n"
	}
	a, form := agreementfile.Parse("a.yaml", []byte(doc))
	for _, f := range form {
		t.Fatal(f)
	}
	for _, f := range agreement.NewSet(a).Lint(catalog) {
		switch f.Rule {
		case "undeliverable", "missing-end", "no-settlement", "condition-unguarded":
		default:
			found = append(found, f.Rule+": "+f.Pos.String()+": "+f.Message)
		}
	}
	return found
}

const (
	labFirst   = `{id: a, kind: delivery, products: [lab/*], order: [[labcloud], [northcloud]], term: perpetual, when: `
	northFirst = `{id: b, kind: delivery, products: [lab/*], order: [[northcloud], [labcloud]], term: perpetual, when: `
)

func TestClausesThatTheirConditionsKeepApartDoNotConflict(t *testing.T) {
	for name, c := range map[string]struct {
		one, other string
		apart      bool
	}{
		"streams and others":                 {`stream`, `!stream`, true},
		"two customers":                      {`customer == "acme"`, `customer in ["globex", "initech"]`, true},
		"a class, and all that are of none":  {`attributes.class == "gov"`, `!has(attributes.class)`, true},
		"a class, and all others":            {`attributes.class == "gov"`, `attributes.class != "gov"`, true},
		"two products":                       {`product == "lab/m"`, `product == "lab/n"`, true},
		"a prefix, and a product without it": {`product.startsWith("lab/m")`, `product == "lab/n"`, true},
		"two zones, one of them in both":     {`zone in ["eu", "us"]`, `zone == "us"`, false},
		"a customer and a zone":              {`customer == "acme"`, `zone == "eu"`, false},
		"what two facts of one value share":  {`customer == territory`, `customer != "acme"`, false},
	} {
		got := errorsOf(t, nil, labFirst+"'"+c.one+"'}", northFirst+"'"+c.other+"'}")
		if (len(got) == 0) != c.apart {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestALiteralThatNobodyDeclaresIsFound(t *testing.T) {
	catalog := &agreement.Catalog{Customers: []agreement.Customer{{ID: "acme"}}}

	got := errorsOf(t, catalog,
		labFirst+`'product != "m" && cloud != "northclud" && cloud != "marscloud" && seller != "nort" && customer != "acmee" && !owner.startsWith("x")'}`)

	want := []string{
		`unknown-product: a.yaml:13:122: the condition of a names the product "m", which is not declared`,
		`unknown-cloud: a.yaml:13:138: the condition of a names the cloud "northclud", which no party operates`,
		`unoperated-cloud: a.yaml:13:162: the condition of a names the cloud "marscloud", which no party operates`,
		`unknown-party: a.yaml:13:187: the condition of a names the seller "nort", which is no party of any agreement`,
		`unknown-customer: a.yaml:13:209: the condition of a names the customer "acmee", which the configuration does not have`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAConditionThatTheConfigurationNeverMeetsIsFound(t *testing.T) {
	catalog := &agreement.Catalog{
		Customers:   []agreement.Customer{{ID: "acme", Sellers: [][]string{{"lab"}}, Attributes: []condition.Attribute{{Name: "class", Value: "bank"}}}},
		Deployments: []agreement.Deployment{{ID: "d", Product: "lab/m", Cloud: "labcloud", Zone: "eu", Seller: "lab", Holder: "lab"}},
	}
	sale := `{id: s, kind: sale, seller: lab, products: [lab/*], price: {book: list}, streams: {cloud: "100%"}, term: perpetual}`

	if got := errorsOf(t, catalog, sale, labFirst+`'attributes.class == "bank" && zone != "us" && stream'}`); got != nil {
		t.Errorf("a condition that holds for a stream of acme's: %v", got)
	}
	want := []string{`condition-never: a.yaml:14:110: the condition of a is true for no customer and deployment of the configuration: attributes.class == "gov"`}
	if diff := cmp.Diff(want, errorsOf(t, catalog, sale, labFirst+`'attributes.class == "gov"'}`)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
