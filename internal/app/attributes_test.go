package app_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/agreement/condition"
	"concord/internal/app"
)

func TestConfig_says_the_attributes_of_customers(t *testing.T) {
	const id = "  - id: acme\n"
	config := example(t)
	if !strings.Contains(config, id) {
		t.Fatal("the example has no customer acme")
	}

	c, err := app.Load("concord.yaml", withConfig(strings.Replace(config, id, id+"    attributes: {team: blue, class: gov}\n", 1), nil), known)

	if err != nil {
		t.Fatal(err)
	}
	want := []condition.Attribute{{Name: "class", Value: "gov"}, {Name: "team", Value: "blue"}}
	if diff := cmp.Diff(want, c.Catalog.Customers[0].Attributes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if c.Catalog.Customers[1].Attributes != nil {
		t.Errorf("a customer without attributes has %v", c.Catalog.Customers[1].Attributes)
	}
}
