package delivery_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"concord/agreement"
	"concord/delivery"
	"concord/money"
	"concord/pricing"
)

// The world of these tests: OpenAI and Microsoft before and after the multi-cloud amendment, two clouds under license
// beside them, and the customers of the demo.

var (
	start  = time.Date(2023, 1, 23, 0, 0, 0, 0, time.UTC)
	multi  = time.Date(2026, 4, 27, 7, 0, 0, 0, time.UTC)
	before = time.Date(2026, 4, 26, 12, 0, 0, 0, time.UTC)
	after  = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
)

const (
	gpt = "openai/gpt-5.4"
	oss = "openai/gpt-oss-120b"
)

var (
	models   = agreement.Match{Match: []string{"openai/*"}, Except: []string{"openai/gpt-oss-*"}}
	ossOnly  = agreement.Match{Match: []string{"openai/gpt-oss-*"}}
	forever  = agreement.End{Perpetual: true}
	everyone = []agreement.Leaving{agreement.Down, agreement.Throttled, agreement.Unsupported, agreement.RegionRule}
)

func head(id string) agreement.Common { return agreement.Common{ID: id, End: forever} }

// azureFirst is the clause that most tests vary.
func azureFirst() *agreement.Delivery {
	return &agreement.Delivery{
		Common: head("azure-first"), Products: models, Mode: "permit",
		Order:    [][]string{{"azure"}, {"aws", "openai", "gcp", "alibaba"}},
		Within:   agreement.Within{Rule: "declared"},
		Choice:   "permitted",
		LeaveFor: everyone,
	}
}

func openWeights() *agreement.Delivery {
	return &agreement.Delivery{
		Common: head("open-weights"), Products: ossOnly, Mode: "permit",
		Order: [][]string{{"azure"}, {"aws", "gcp", "alibaba"}},
		Within: agreement.Within{Rule: "weighted", Weights: []agreement.Weight{
			{Cloud: "aws", Weight: 1}, {Cloud: "gcp", Weight: 1}, {Cloud: "alibaba", Weight: 1}}},
	}
}

func sale(id, seller, book string, products agreement.Match) *agreement.Sale {
	return &agreement.Sale{
		Common: head(id), Seller: seller, Products: products, Book: book,
		Streams: []agreement.Stream{{Name: "cloud", Part: money.Rate{Num: 1, Den: 1}}},
	}
}

func license(id, licensee, cloud string) *agreement.License {
	return &agreement.License{
		Common: head(id), Licensor: "openai", Licensee: licensee, Products: models,
		Rights: []agreement.Right{agreement.Host, agreement.Serve}, Clouds: []string{cloud}, Exclusivity: "non-exclusive",
	}
}

// partnership is the agreement of OpenAI and Microsoft; vary changes the clauses that the amendment of 2026 adds.
func partnership(vary ...func(*agreement.Delivery)) *agreement.Agreement {
	first := azureFirst()
	for _, v := range vary {
		v(first)
	}
	exclusive := &agreement.Delivery{
		Common: head("api-exclusivity"), Products: models, Mode: "exclusive", Order: [][]string{{"azure"}},
	}
	return &agreement.Agreement{
		Name: "openai-microsoft", Currency: "USD", Zone: time.UTC, Conflicts: agreement.Invalid,
		Parties: []agreement.Party{
			{ID: "openai", Name: "OpenAI", Operates: []string{"openai"}},
			{ID: "microsoft", Name: "Microsoft", Operates: []string{"azure"}},
		},
		Products: []agreement.Product{
			{ID: gpt, Owner: "openai", Aliases: []string{"gpt-5.4"}, APIs: []agreement.API{agreement.Chat, agreement.Responses}, State: "stateless"},
			{ID: oss, Owner: "openai", Aliases: []string{"gpt-oss-120b"}, APIs: []agreement.API{agreement.Chat}, OpenWeights: "Apache-2.0"},
		},
		Amendments: []agreement.Amendment{
			{ID: "2023-01-23", Effective: start, Adds: []agreement.Clause{
				exclusive, openWeights(), license("model-license", "microsoft", "azure"),
				sale("openai-sales", "openai", "list", models), sale("microsoft-sales", "microsoft", "list", models),
				sale("microsoft-oss-sales", "microsoft", "list", ossOnly),
			}},
			{ID: "2026-04-27", Effective: multi, Ends: []agreement.EndedClause{{ID: "api-exclusivity"}}, Adds: []agreement.Clause{first}},
		},
	}
}

// licensees is the agreement of OpenAI with the other clouds.
func licensees() *agreement.Agreement {
	return &agreement.Agreement{
		Name: "openai-clouds", Currency: "USD", Zone: time.UTC, Conflicts: agreement.Invalid,
		Parties: []agreement.Party{
			{ID: "openai", Name: "OpenAI", Operates: []string{"openai"}},
			{ID: "amazon", Name: "Amazon", Operates: []string{"aws"}},
			{ID: "google", Name: "Google", Operates: []string{"gcp"}},
			{ID: "alibaba", Name: "Alibaba", Operates: []string{"alibaba"}},
		},
		Amendments: []agreement.Amendment{{ID: "2026-04-28", Effective: multi.AddDate(0, 0, 1), Adds: []agreement.Clause{
			license("amazon-license", "amazon", "aws"), sale("amazon-sales", "amazon", "list", models),
			sale("amazon-oss-sales", "amazon", "list", ossOnly), sale("google-oss-sales", "google", "list", ossOnly),
			sale("alibaba-oss-sales", "alibaba", "list", ossOnly),
		}}},
	}
}

func catalog() *agreement.Catalog {
	return &agreement.Catalog{
		Deployments: []agreement.Deployment{
			{ID: "openai-aws-gpt54", Product: gpt, Cloud: "aws", Zone: "us", Holder: "openai", Seller: "openai"},
			{ID: "openai-direct-gpt54", Product: gpt, Cloud: "openai", Zone: "us", Holder: "openai", Seller: "openai"},
			{ID: "openai-azure-gpt54", Product: gpt, Cloud: "azure", Zone: "us", Holder: "openai", Seller: "openai"},
			{ID: "microsoft-azure-gpt54", Product: gpt, Cloud: "azure", Zone: "us", Holder: "microsoft", Seller: "microsoft"},
			{ID: "amazon-aws-gpt54", Product: gpt, Cloud: "aws", Zone: "us", Holder: "amazon", Seller: "amazon"},
			{ID: "alibaba-oss", Product: oss, Cloud: "alibaba", Zone: "global", Holder: "alibaba", Seller: "alibaba"},
			{ID: "google-gcp-oss", Product: oss, Cloud: "gcp", Zone: "eu", Holder: "google", Seller: "google"},
			{ID: "amazon-aws-oss", Product: oss, Cloud: "aws", Zone: "us", Holder: "amazon", Seller: "amazon"},
			{ID: "microsoft-azure-oss", Product: oss, Cloud: "azure", Zone: "us", Holder: "microsoft", Seller: "microsoft"},
		},
		Customers: []agreement.Customer{
			{ID: "acme", Sellers: [][]string{{"openai"}, {"microsoft", "amazon", "google", "alibaba"}}},
			{ID: "contoso", Sellers: [][]string{{"microsoft"}, {"amazon"}}},
		},
	}
}

const prices = `concord: 1
prices: list
currency: USD
per: 1M tokens
entries:
`

const listed = `  - {product: openai/gpt-5.4, seller: SELLER, from: 2020-01-01, input: "2.50", cache_read: "0.25", output: "15", provenance: public, source: test}
  - {product: openai/gpt-oss-*, seller: SELLER, from: 2020-01-01, input: "0.15", cache_read: "0.15", output: "0.60", provenance: public, source: test}
`

const costs = `concord: 1
costs: cloud-costs
currency: USD
per: 1M tokens
entries:
  - {product: openai/gpt-5.4, operator: microsoft, buyer: openai, from: 2020-01-01, input: "0.875", cache_read: "0.0875", output: "5.25", provenance: assumed, source: test}
  - {product: openai/gpt-5.4, operator: amazon, buyer: openai, from: 2020-01-01, input: "0.875", cache_read: "0.0875", output: "5.25", provenance: assumed, source: test}
`

func book(t testing.TB, doc string) *pricing.Book {
	t.Helper()
	b, found := pricing.Parse("book.yaml", []byte(doc))
	if b == nil {
		t.Fatalf("price book: %v", found)
	}
	return b
}

func books(t testing.TB) delivery.Books {
	t.Helper()
	doc := prices
	for _, seller := range []string{"openai", "microsoft", "amazon", "google", "alibaba"} {
		doc += strings.ReplaceAll(listed, "SELLER", seller)
	}
	return delivery.Books{book(t, doc), book(t, costs)}
}

// router compiles the world's terms at an instant.
func router(t testing.TB, at time.Time, c *agreement.Catalog, b delivery.Books, agreements ...*agreement.Agreement) (*delivery.Router, []agreement.Finding) {
	t.Helper()
	if len(agreements) == 0 {
		agreements = []*agreement.Agreement{partnership(), licensees()}
	}
	terms, err := agreement.NewSet(agreements...).AsOf(at, after)
	if err != nil {
		t.Fatal(err)
	}
	return delivery.Compile(terms, c, b, at.UnixNano())
}

// sound is router for a world without errors.
func sound(t testing.TB, at time.Time, c *agreement.Catalog, agreements ...*agreement.Agreement) *delivery.Router {
	t.Helper()
	r, found := router(t, at, c, books(t), agreements...)
	for _, f := range found {
		if f.Severity == agreement.Error {
			t.Fatalf("%s: %s", f.Rule, f.Message)
		}
	}
	return r
}

func facts(customer, product string) delivery.Facts {
	return delivery.Facts{Customer: customer, Product: product, API: agreement.Chat, At: after.UnixNano()}
}

// plan returns the ids of a plan's steps.
func plan(r *delivery.Router, f delivery.Facts) []string {
	var p delivery.Plan
	r.Plan(f, nil, &p)
	return ids(r, &p)
}

func ids(r *delivery.Router, p *delivery.Plan) []string {
	var out []string
	for _, s := range p.Steps {
		out = append(out, r.Catalog().Deployments[s.Deployment].ID)
	}
	return out
}

// health is all closed but for what it is given.
func health(r *delivery.Router, states map[string]delivery.State) []delivery.State {
	seen := make([]delivery.State, len(r.Catalog().Deployments))
	for id, state := range states {
		i, ok := r.Deployment(id)
		if !ok {
			panic("no deployment " + id)
		}
		seen[i] = state
	}
	return seen
}

// customer adds a customer to a catalog.
func customer(c *agreement.Catalog, one agreement.Customer) *agreement.Catalog {
	c.Customers = append(slices.Clone(c.Customers), one)
	return c
}
