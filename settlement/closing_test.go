package settlement_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/delivery"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/report"
	"concord/settlement"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fataler is what both kinds of tests can do.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

// office keeps books under documents of a journal, and closes their periods.
type office struct {
	t       fataler
	state   *ledger.State
	history []agreement.Interval
	stored  map[string][]byte // closed statements by number
	said    []journal.Entry   // what a further version may cite
	n       int
	kept    *receipt // a sale that something is given back of later
}

func newOffice(t fataler, texts ...string) *office {
	t.Helper()
	o := &office{t: t, state: ledger.NewState(), stored: map[string][]byte{}}
	var agreements []*agreement.Agreement
	set := journal.SetDoc{Known: known.UnixNano()}
	for i, text := range texts {
		name := string(rune('a'+i)) + ".yaml"
		a, found := agreementfile.Parse(name, []byte(text))
		if a == nil {
			t.Fatal(found)
		}
		agreements = append(agreements, a)
		set.Agreements = append(set.Agreements, o.document(journal.DocAgreement, name, []byte(text)))
	}
	doc, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	o.document(journal.DocSet, "set", doc)
	if o.history, err = agreement.NewSet(agreements...).Timeline(known); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) document(kind journal.DocKind, name string, text []byte) string {
	o.t.Helper()
	return o.documentAt(time.Unix(0, 0), kind, name, text)
}

func (o *office) documentAt(at time.Time, kind journal.DocKind, name string, text []byte) string {
	o.t.Helper()
	sum := sha256.Sum256(text)
	o.post(at, &journal.Document{Doc: kind, Name: name, Hash: sum, Bytes: text})
	return hex.EncodeToString(sum[:])
}

func (o *office) post(at time.Time, body journal.Body) {
	o.t.Helper()
	o.n++
	if _, err := ledger.Post(o.state, &journal.Entry{Time: at.UnixNano(), Source: "test", ID: strings.Repeat("i", o.n), Body: body}); err != nil {
		o.t.Fatal(err)
	}
}

// sells posts one answered request.
func (o *office) sells(at time.Time, customer, seller, product, cloud, holder, price, cost string) {
	o.t.Helper()
	o.n++
	terms := o.history[0].Terms
	for _, iv := range o.history {
		if !iv.From.After(at) {
			terms = iv.Terms
		}
	}
	r := &journal.Record{Request: journal.NewRequestID(at.UnixMilli(), 1, uint64(o.n)), Outcome: journal.Answered, Customer: customer, Product: product,
		Currency: "USD", Lines: lines(price), Terms: terms.Hash()}
	r.Attempts = []journal.Tried{{Deployment: "d", Cloud: cloud, Seller: seller, Holder: holder, Outcome: delivery.Answered, Cost: lines(cost)}}
	if _, err := ledger.Post(o.state, &journal.Entry{Time: at.UnixNano(), ID: string(r.Request[:]), Body: r}); err != nil {
		o.t.Fatal(err)
	}
}

// closing returns a closing on a copy of the books.
func (o *office) closing(name, period string, issued time.Time) *settlement.Closing {
	o.t.Helper()
	cells, documents, err := o.state.Changes()
	if err != nil {
		o.t.Fatal(err)
	}
	copied, err := ledger.DecodeState(&ledger.Saved{State: o.state.Encode(), Documents: documents})
	if err != nil {
		o.t.Fatal(err)
	}
	return &settlement.Closing{
		Snapshot:  settlement.Snapshot{State: copied, Cells: cells, At: journal.Cursor{Chain: 1, Block: uint64(o.n)}, History: o.history, Catalog: &agreement.Catalog{}},
		Agreement: name, Period: period, Issued: issued,
		Closed: func(number string) (*settlement.Statement, error) { return settlement.ReadStatement(o.stored[number]) },
		Render: func(*settlement.Statement) ([]journal.Form, error) { return nil, nil },
	}
}

// close closes a period and posts what that brings.
func (o *office) close(name, period string, issued time.Time) []*settlement.Statement {
	o.t.Helper()
	closed, err := o.closing(name, period, issued).Close()
	if err != nil {
		o.t.Fatal(err)
	}
	for i := range closed.Entries {
		if _, err := ledger.Post(o.state, &closed.Entries[i]); err != nil {
			o.t.Fatal(err)
		}
		if c, ok := closed.Entries[i].Body.(*journal.Close); ok {
			o.stored[c.Number] = c.Statement
		}
	}
	return closed.Statements
}

func examples(t testing.TB) []string {
	return []string{string(read(t, "openai-microsoft.yaml")), string(read(t, "openai-clouds.yaml"))}
}

func at(text string) time.Time {
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return instant
}

// The worked examples of the books in April and May 2026: the amendment of 27 April stands in the middle of April, a request of
// April comes late, and Microsoft is paid with tax withheld.
func TestTheExamplesOverTwoMonthsAreTheseStatements(t *testing.T) {
	o := newOffice(t, examples(t)...)
	o.sells(day("2026-04-10"), "acme", "openai", gpt, "azure", "openai", "200.00", "70.00")
	o.sells(day("2026-04-11"), "contoso", "microsoft", gpt, "azure", "microsoft", "100.01", "")
	o.sells(day("2026-04-28"), "acme", "openai", gpt, "aws", "openai", "20.02", "7.00")
	o.sells(day("2026-04-29"), "globex", "amazon", gpt, "aws", "amazon", "22.00", "")
	april := o.close("openai-microsoft", "2026-04", at("2026-05-04T12:00:00Z"))
	o.sells(day("2026-04-12"), "acme", "openai", gpt, "azure", "openai", "50.00", "") // comes late
	o.sells(day("2026-05-04"), "acme", "openai", gpt, "aws", "openai", "20.00", "7.00")
	o.sells(day("2026-05-05"), "contoso", "microsoft", gpt, "azure", "microsoft", "20.00", "")
	o.post(at("2026-05-20T12:00:00Z"), &journal.Payment{From: "openai", To: "microsoft", Amount: money.MustParse("40"), Withheld: money.MustParse("4"), Currency: "USD",
		Statement: april[0].Number, Lines: []journal.Paid{{Agreement: "openai-microsoft", Clause: "share-openai-to-microsoft", Amount: money.MustParse("40"), Withheld: money.MustParse("4")}}})
	may := o.close("openai-microsoft", "2026-05", at("2026-06-05T12:00:00Z"))
	for name, statements := range map[string][]*settlement.Statement{"april": april, "may": may} {
		var out bytes.Buffer
		for _, st := range statements {
			if err := report.WriteStatement(&out, st); err != nil {
				t.Fatal(err)
			}
		}
		file := "testdata/" + name + "-2026.txt"
		if *update {
			if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), out.String()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAPeriodThatCannotBeClosedIsNamedWithWhatToDo(t *testing.T) {
	pair := [][2]string{{"microsoft", "openai"}}
	for name, c := range map[string]struct {
		period, issued string
		pairs          [][2]string
		before         []string
		want           string
	}{
		"the future":         {"2026-05", "2026-05-20T00:00:00Z", nil, nil, "close it from 2026-06-04T00:00:00-07:00 on"},
		"within the grace":   {"2026-04", "2026-05-03T00:00:00Z", nil, nil, "the period and its grace are not over"},
		"twice":              {"2026-04", "2026-05-20T00:00:00Z", nil, []string{"2026-04"}, "closed already, by statement openai-microsoft/openai-microsoft/2026-04"},
		"twice, by name":     {"2026-04", "2026-05-20T00:00:00Z", pair, []string{"2026-04"}, "closed already"},
		"a gap":              {"2026-06", "2026-07-20T00:00:00Z", nil, []string{"2026-04"}, "close 2026-05 first"},
		"before the first":   {"2026-03", "2026-07-20T00:00:00Z", nil, []string{"2026-04"}, "what is dated in 2026-03 and known by now stands in the statement of 2026-05"},
		"another period":     {"2026-Q2", "2026-07-20T00:00:00Z", pair, nil, "settle by the month: name one, such as 2026-04"},
		"no period":          {"2026-13", "2026-07-20T00:00:00Z", nil, nil, "2026-05, 2026-Q2, 2026"},
		"a party of another": {"2026-04", "2026-07-20T00:00:00Z", [][2]string{{"openai", "amazon"}}, nil, "amazon is not party to openai-microsoft"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, examples(t)...)
			o.sells(day("2026-04-10"), "acme", "openai", gpt, "azure", "openai", "200.00", "70.00")
			for _, period := range c.before {
				o.close("openai-microsoft", period, at("2026-05-10T00:00:00Z"))
			}
			work := o.closing("openai-microsoft", c.period, at(c.issued))
			work.Pairs = c.pairs
			_, err := work.Close()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	_, err := newOffice(t, small).closing("pair", "2026-05", at("2026-05-20T00:00:00Z")).Close()
	if _, early := errors.AsType[*settlement.TooEarly](err); !early {
		t.Errorf("a caller can tell that it is too early: %v", err)
	}
}

// small is an agreement with a share each way, one of them capped, and late interest.
const small = `
concord: 1
agreement: pair
currency: USD
zone: America/Los_Angeles
parties:
  openai: {name: OpenAI, operates: [openai]}
  microsoft: {name: Microsoft, operates: [azure]}
products:
  openai/gpt-5.4: {owner: openai, apis: [chat]}
settlement:
  - {between: [openai, microsoft], period: month, zone: America/Los_Angeles, grace: 3d, due: 10d, net: true, minimum: "1 USD",
     rounding: {scale: 2, mode: half-even}, interest: {rate: "10%", day_count: actual/365}, deemed_accepted: 30d}
amendments:
  - id: start
    effective: 2026-01-01
    recorded: 2026-01-01
    source: {url: "-", provenance: public}
    adds:
      - {id: license, kind: license, licensor: openai, licensee: microsoft, products: {match: [openai/*]}, rights: [host, serve], exclusivity: non-exclusive, term: perpetual,
         fee: {amount: "365 USD", per: year, stream: license}}
      - {id: openai-sales, kind: sale, seller: openai, products: {match: [openai/*]}, price: {book: list}, streams: {license: "60%", cloud: "40%"}, term: perpetual}
      - {id: microsoft-sales, kind: sale, seller: microsoft, products: {match: [openai/*]}, price: {book: list}, streams: {license: "60%", cloud: "40%"}, term: perpetual}
      - {id: there, kind: revenue-share, payer: openai, payee: microsoft, rate: "20%", term: perpetual,
         base: {revenue_of: openai, from: [sales], amount: gross}, caps: [{amount: "500 USD", per: month}]}
      - {id: back, kind: revenue-share, payer: microsoft, payee: openai, rate: "1/3", term: perpetual,
         base: {revenue_of: microsoft, from: [sales], amount: gross}}
`

// Whatever is sold, given late and closed: what is stated over all months is the cumulative amount, rounded; lines add up to
// their clause; it does not matter who asks; and every statement comes out the same when it is cut again from the same books.
func TestStatedAmountsAddUpToTheRoundedCumulativeAmount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := newOffice(t, small)
		stated := map[string]money.Amount{}
		exact := map[string]money.Amount{}
		for month := time.March; month <= time.May; month++ {
			for range rapid.IntRange(0, 5).Draw(t, "sales") {
				back := time.Month(rapid.IntRange(0, int(month-time.March)).Draw(t, "months late"))
				when := time.Date(2026, month-back, rapid.IntRange(2, 27).Draw(t, "day"), 19, 0, 0, 0, time.UTC)
				price := money.FromPico(rapid.Int64Range(1, 1e15).Draw(t, "price")).String()
				if rapid.Bool().Draw(t, "microsoft sells") {
					o.sells(when, "contoso", "microsoft", gpt, "azure", "microsoft", price, "")
				} else {
					o.sells(when, "acme", "openai", gpt, "azure", "openai", price, "")
				}
			}
			issued := time.Date(2026, month+1, 5, 0, 0, 0, 0, time.UTC)
			period := issued.AddDate(0, -1, 0).Format("2006-01")
			before := o.closing("pair", period, issued)
			swapped, err := o.closing("pair", period, issued).Drafts([2]string{"microsoft", "openai"}, "")
			if err != nil {
				t.Fatal(err)
			}
			st := o.close("pair", period, issued)[0]
			again, err := before.Again(st)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(canonical(t, st), canonical(t, again)); diff != "" {
				t.Fatalf("cut again it differs: %s", diff)
			}
			swapped[0].State, swapped[0].Number, swapped[0].Version = st.State, st.Number, st.Version
			if diff := cmp.Diff(canonical(t, st), canonical(t, swapped[0])); diff != "" {
				t.Fatalf("asked the other way round it differs: %s", diff)
			}
			if !st.Sound() {
				t.Fatalf("controls: %+v", st.Controls)
			}
			for _, c := range st.Clauses {
				var sum money.Amount
				for _, l := range c.Lines {
					sum = plus(t, sum, l.Amount)
				}
				if sum != c.Amount {
					t.Fatalf("%s: lines come to %s, the clause to %s", c.ID, sum, c.Amount)
				}
				stated[c.ID], exact[c.ID] = plus(t, stated[c.ID], c.Amount), c.Bridge.Owed
			}
		}
		for id, amount := range stated {
			rounded, err := exact[id].Round(2, money.HalfEven)
			if err != nil {
				t.Fatal(err)
			}
			if amount != rounded {
				t.Fatalf("%s: %s was stated of %s", id, amount, exact[id])
			}
		}
	})
}

func canonical(t fataler, st *settlement.Statement) string {
	t.Helper()
	text, err := st.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func plus(t fataler, a, b money.Amount) money.Amount {
	t.Helper()
	sum, err := a.Add(b)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}
