package delivery_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/delivery"
	"concord/pricing"
)

// examples compiles the agreements and prices of examples/ for the catalog of these tests.
func examples(t testing.TB, at time.Time) *delivery.Router {
	t.Helper()
	read := func(name string) []byte {
		doc, err := os.ReadFile(filepath.Join("..", "examples", name))
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	var agreements []*agreement.Agreement
	for _, name := range []string{"openai-microsoft.yaml", "openai-clouds.yaml"} {
		a, found := agreementfile.Parse(name, read(name))
		if a == nil {
			t.Fatal(found)
		}
		agreements = append(agreements, a)
	}
	var b delivery.Books
	for _, name := range []string{"prices.yaml", "costs.yaml"} {
		all, found := pricing.ParseAll(name, read(name))
		if all == nil {
			t.Fatal(found)
		}
		b = append(b, all...)
	}
	line, found := delivery.NewTimeline(agreement.NewSet(agreements...), catalog(), b, after)
	for _, f := range found {
		if f.Severity == agreement.Error {
			t.Fatal(f.Message)
		}
	}
	return line.At(at.UnixNano())
}

func TestTheExampleAgreementsBeforeAndAfterTheAmendment(t *testing.T) {
	for _, c := range []struct {
		at                time.Time
		customer, product string
		want              string
	}{
		{before, "acme", gpt, "openai-azure-gpt54 microsoft-azure-gpt54"},
		{before, "contoso", gpt, "microsoft-azure-gpt54"},
		{after, "contoso", gpt, "microsoft-azure-gpt54 amazon-aws-gpt54"},
		{before, "contoso", oss, "microsoft-azure-oss amazon-aws-oss"},
		{after, "contoso", oss, "microsoft-azure-oss amazon-aws-oss"},
	} {
		if diff := cmp.Diff(c.want, strings.Join(plan(examples(t, c.at), facts(c.customer, c.product)), " ")); diff != "" {
			t.Errorf("%s at %s: %s", c.customer, c.at, diff)
		}
	}

	seen := map[string]int{}
	r := examples(t, after)
	for i := range 300 {
		f := facts("acme", gpt)
		f.Request[8], f.Request[9] = byte(i>>8), byte(i)
		steps := plan(r, f)
		if steps[0] != "openai-azure-gpt54" {
			t.Fatalf("azure is not first: %v", steps)
		}
		seen[steps[1]]++
	}
	if seen["openai-aws-gpt54"] < 150 || seen["openai-direct-gpt54"] < 60 || len(seen) != 2 {
		t.Errorf("aws and openai after azure, two to one: %v", seen)
	}
}

// TestTheWorkedExampleOfTheDocument writes what docs/delivery.md shows.
func TestTheWorkedExampleOfTheDocument(t *testing.T) {
	var b strings.Builder
	tell := func(r *delivery.Router, f delivery.Facts) {
		for i, v := range r.Explain(f) {
			if d := &r.Catalog().Deployments[i]; d.Product == f.Product {
				verdict := fmt.Sprintf("group %d of %s", v.Group+1, v.Clause)
				if !v.Permitted {
					verdict = fmt.Sprintf("no: %s: %s", v.Failed, v.Reason)
				}
				fmt.Fprintf(&b, "  %-22s %s\n", d.ID, verdict)
			}
		}
	}
	f := facts("acme", gpt)
	f.Request[15] = 4
	fmt.Fprintf(&b, "26 April 2026, acme asks for gpt-5.4:\n")
	tell(examples(t, before), f)

	r := examples(t, after)
	fmt.Fprintf(&b, "4 May 2026, the same:\n")
	tell(r, f)
	w := begin(r, f, map[string]delivery.State{"openai-aws-gpt54": delivery.OpenDown})
	fmt.Fprintf(&b, "plan, while OpenAI's deployment on aws is open after failures: %s\n", strings.Join(ids(r, &w.plan), ", "))
	fmt.Fprintf(&b, "first: %s\n", w.at())
	fmt.Fprintf(&b, "azure answers 429, retry after 30 s: %s\n", w.after(delivery.Throttled, 30*second, 10*second).at())
	fmt.Fprintf(&b, "openai answers 503: %s\n", w.after(delivery.ServerError, 0, 9*second).at())
	fmt.Fprintf(&b, "microsoft on azure answers: %s\n", w.after(delivery.Answered, 0, 8*second).at())

	doc, err := os.ReadFile(filepath.Join("..", "docs", "delivery.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), "```\n"+b.String()+"```\n") {
		t.Errorf("docs/delivery.md shows another example; it should show\n%s", b.String())
	}
}
