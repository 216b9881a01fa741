package simulate_test

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/delivery"
	"concord/journal"
	"concord/money"
	"concord/pricing"
	"concord/simulate"
	"concord/usage"
)

const gpt = "openai/gpt-5.4"

func file(t testing.TB, name string) []byte {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// router compiles the example agreements at an instant, for the deployments and customers of the example.
func router(t testing.TB, at time.Time) *delivery.Router {
	t.Helper()
	var agreements []*agreement.Agreement
	for _, name := range []string{"openai-microsoft.yaml", "openai-clouds.yaml"} {
		a, found := agreementfile.Parse(name, file(t, name))
		if a == nil {
			t.Fatal(found)
		}
		agreements = append(agreements, a)
	}
	terms, err := agreement.NewSet(agreements...).AsOf(at, at.AddDate(5, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	var books delivery.Books
	for _, name := range []string{"prices.yaml", "costs.yaml"} {
		all, found := pricing.ParseAll(name, file(t, name))
		if all == nil {
			t.Fatal(found)
		}
		books = append(books, all...)
	}
	r, _ := delivery.Compile(terms, &agreement.Catalog{
		Deployments: []agreement.Deployment{
			{ID: "openai-azure-gpt54", Product: gpt, Cloud: "azure", Zone: "us", Holder: "openai", Seller: "openai"},
			{ID: "openai-aws-gpt54", Product: gpt, Cloud: "aws", Zone: "us", Holder: "openai", Seller: "openai"},
			{ID: "microsoft-azure-gpt54", Product: gpt, Cloud: "azure", Zone: "us", Holder: "microsoft", Seller: "microsoft"},
		},
		Customers: []agreement.Customer{
			{ID: "acme", Sellers: [][]string{{"openai"}}},
			{ID: "contoso", Sellers: [][]string{{"microsoft"}, {"amazon"}}},
		},
	}, books, at.UnixNano())
	return r
}

var (
	april = time.Date(2026, 4, 26, 19, 0, 0, 0, time.UTC)
	may   = time.Date(2026, 5, 4, 19, 0, 0, 0, time.UTC)
)

func lines(amount string) []pricing.Line {
	if amount == "" {
		return nil
	}
	a := money.MustParse(amount)
	return []pricing.Line{{Class: usage.Output, Quantity: 1, Unit: a, Amount: a}}
}

// record is the worked request of BOOKS: 0.020 to the customer, 0.007 from the cloud to OpenAI.
func record(n int, customer, deployment, seller, cloud, holder, cost string) *journal.Entry {
	at := may.Add(time.Duration(n) * time.Second)
	r := &journal.Record{
		Request: journal.NewRequestID(at.UnixMilli(), 1, uint64(n)), Outcome: journal.Answered, Customer: customer,
		Product: gpt, API: agreement.Chat, Currency: "USD", Lines: lines("0.020"),
		Attempts: []journal.Tried{{Deployment: deployment, Cloud: cloud, Seller: seller, Holder: holder, Outcome: delivery.Answered, Cost: lines(cost)}},
	}
	return &journal.Entry{Time: at.UnixNano(), ID: string(r.Request[:]), Body: r}
}

func caseA(n int) *journal.Entry {
	return record(n, "acme", "openai-aws-gpt54", "openai", "aws", "openai", "0.007")
}

func caseB1(n int) *journal.Entry {
	return record(n, "acme", "openai-azure-gpt54", "openai", "azure", "openai", "0.007")
}

func caseB2(n int) *journal.Entry {
	return record(n, "contoso", "microsoft-azure-gpt54", "microsoft", "azure", "microsoft", "")
}

func each(entries ...*journal.Entry) iter.Seq2[*journal.Entry, error] {
	return func(yield func(*journal.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func owed(s *simulate.Shadow) string {
	var out []string
	for _, d := range s.Owed {
		out = append(out, fmt.Sprintf("%s owes %s %s under %s", d.Payer, d.Payee, d.Amount, d.Clause))
	}
	return strings.Join(out, "\n")
}

func TestTheSameRecordsUnderTheTermsOfTheDayBefore(t *testing.T) {
	before, after := router(t, april), router(t, may)
	for _, c := range []struct {
		name          string
		entry         *journal.Entry
		before, after string
		refused       string
	}{
		{"A openai sells on aws", caseA(1),
			"", "openai owes amazon 0.007 under aws-capacity\nopenai owes microsoft 0.004 under share-openai-to-microsoft",
			"1 openai on aws by api-exclusivity: 0.02"},
		{"B1 openai sells on azure", caseB1(1),
			"openai owes microsoft 0.007 under azure-capacity\nopenai owes microsoft 0.004 under share-openai-to-microsoft",
			"openai owes microsoft 0.007 under azure-capacity\nopenai owes microsoft 0.004 under share-openai-to-microsoft", ""},
		{"B2 microsoft sells on azure", caseB2(1),
			"microsoft owes openai 0.004 under share-microsoft-to-openai",
			"openai owes microsoft 0 under share-openai-to-microsoft", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			then, err := simulate.Under(each(c.entry), before)
			if err != nil {
				t.Fatal(err)
			}
			now, err := simulate.Under(each(c.entry), after)
			if err != nil {
				t.Fatal(err)
			}

			refused := ""
			for _, r := range then.Refusals {
				refused = fmt.Sprintf("%d %s on %s by %s: %s", r.Count, r.Seller, r.Cloud, r.Clause, r.Charged)
			}
			if diff := cmp.Diff([]string{c.before, c.after, c.refused}, []string{owed(then), owed(now), refused}); diff != "" {
				t.Error(diff)
			}
			if now.Refused != 0 || now.Posted != 1 || then.Posted+then.Refused != 1 {
				t.Errorf("now %d refused, %d posted; then %d, %d", now.Refused, now.Posted, then.Refused, then.Posted)
			}
		})
	}
}

func TestWhatWouldHaveBeenRefusedEarnsNothing(t *testing.T) {
	got, err := simulate.Under(each(caseA(1), caseB1(2), caseB2(3), &journal.Entry{Body: &journal.Open{}}), router(t, april))
	if err != nil {
		t.Fatal(err)
	}

	var lines []string
	for _, total := range got.Revenue.ByClause {
		lines = append(lines, total.Name+" "+total.Amount.String())
	}
	if diff := cmp.Diff([]string{"microsoft-sales 0.02", "openai-sales 0.02"}, lines); diff != "" {
		t.Error(diff)
	}
	if got.Records != 3 || got.Refused != 1 || got.Posted != 2 {
		t.Errorf("%d records, %d refused, %d posted", got.Records, got.Refused, got.Posted)
	}
}

func TestAnAttemptThatWouldNotHaveBeenMadeCostsNothing(t *testing.T) {
	e := caseB1(1)
	r := e.Body.(*journal.Record)
	r.Attempts = append([]journal.Tried{{Deployment: "openai-aws-gpt54", Cloud: "aws", Seller: "openai", Holder: "openai",
		Outcome: delivery.ServerError, Cost: lines("0.001")}}, r.Attempts...)
	r.Served = 1

	got, err := simulate.Under(each(e), router(t, april))
	if err != nil {
		t.Fatal(err)
	}

	if strings.Contains(owed(got), "amazon") || got.Posted != 1 {
		t.Errorf("%d posted: %s", got.Posted, owed(got))
	}
	if len(r.Attempts[0].Cost) == 0 {
		t.Error("the record itself was changed")
	}
}

func TestTheSameRecordsGiveTheSameShadow(t *testing.T) {
	r := router(t, april)
	var first *simulate.Shadow
	for range 3 {
		got, err := simulate.Under(each(caseA(1), caseB1(2), caseB2(3), caseA(4)), r)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		if diff := cmp.Diff(first, got, cmp.Comparer(func(a, b money.Amount) bool { return a == b })); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestAJournalThatCannotBeReadIsAnError(t *testing.T) {
	broken := func(yield func(*journal.Entry, error) bool) { yield(nil, errors.New("torn")) }
	if _, err := simulate.Under(broken, router(t, april)); err == nil || !strings.Contains(err.Error(), "torn") {
		t.Errorf("error %v", err)
	}
}
