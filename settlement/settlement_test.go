package settlement_test

import (
	"encoding/json"
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
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/pricing"
	"concord/settlement"
	"concord/usage"
)

const (
	gpt = "openai/gpt-5.4"
	oss = "openai/gpt-oss-120b"
)

var known = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// world posts records under the agreements of the examples.
type world struct {
	t       testing.TB
	history []agreement.Interval
	state   *ledger.State
	books   []*pricing.Book
	n       int
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func newWorld(t testing.TB, change ...func(*agreement.Agreement)) *world {
	t.Helper()
	w := &world{t: t, state: ledger.NewState()}
	var agreements []*agreement.Agreement
	for _, name := range []string{"openai-microsoft.yaml", "openai-clouds.yaml"} {
		a, found := agreementfile.Parse(name, read(t, name))
		if a == nil {
			t.Fatal(found)
		}
		for _, c := range change {
			c(a)
		}
		agreements = append(agreements, a)
	}
	var err error
	if w.history, err = agreement.NewSet(agreements...).Timeline(known); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"prices.yaml", "costs.yaml"} {
		books, found := pricing.ParseAll(name, read(t, name))
		if books == nil {
			t.Fatal(found)
		}
		w.books = append(w.books, books...)
	}
	return w
}

func (w *world) terms(at time.Time) *agreement.Terms {
	terms := w.history[0].Terms
	for _, iv := range w.history {
		if !iv.From.After(at) {
			terms = iv.Terms
		}
	}
	return terms
}

func day(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text+"T19:00:00Z")
	if err != nil {
		panic(err)
	}
	return at
}

// post posts one answered request.
func (w *world) post(on, customer, seller, product, cloud, holder, price, cost string) {
	w.t.Helper()
	w.n++
	at := day(on)
	r := &journal.Record{Request: journal.NewRequestID(at.UnixMilli(), 1, uint64(w.n)), Outcome: journal.Answered, Customer: customer,
		Product: product, Currency: "USD", Lines: lines(price)}
	r.Attempts = []journal.Tried{{Deployment: "d", Cloud: cloud, Seller: seller, Holder: holder, Outcome: delivery.Answered, Cost: lines(cost)}}
	if _, err := ledger.PostUnder(w.state, &journal.Entry{Time: at.UnixNano(), ID: string(r.Request[:]), Body: r}, w.terms(at)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) caseA(on string) {
	w.post(on, "acme", "openai", gpt, "aws", "openai", "0.020", "0.007")
}
func (w *world) caseB1(on string) {
	w.post(on, "acme", "openai", gpt, "azure", "openai", "0.020", "0.007")
}
func (w *world) caseB2(on string) {
	w.post(on, "contoso", "microsoft", gpt, "azure", "microsoft", "0.020", "")
}
func (w *world) caseC(on string) { w.post(on, "globex", "amazon", gpt, "aws", "amazon", "0.022", "") }

func lines(amount string) []pricing.Line {
	if amount == "" {
		return nil
	}
	a := money.MustParse(amount)
	return []pricing.Line{{Class: usage.Output, Quantity: 1, Unit: a, Amount: a}}
}

func (w *world) cells() []ledger.Cell {
	w.t.Helper()
	cells, _, err := w.state.Changes()
	if err != nil {
		w.t.Fatal(err)
	}
	return cells
}

func (w *world) input(name, period, a, b string) *settlement.Input {
	return &settlement.Input{Agreement: name, Between: [2]string{a, b}, Period: period, History: w.history, Cells: w.cells(),
		Accruals: w.state.Accruals(), Books: w.books, At: journal.Cursor{Chain: 1, Block: 7}}
}

func (w *world) draft(name, period, a, b string) *settlement.Statement {
	w.t.Helper()
	s, err := settlement.DraftStatement(w.input(name, period, a, b))
	if err != nil {
		w.t.Fatal(err)
	}
	w.holds(s)
	return s
}

// holds checks what is true of every statement: controls agree, and every column adds up to what stands under it.
func (w *world) holds(s *settlement.Statement) {
	w.t.Helper()
	for _, c := range s.Controls {
		if !c.Agrees {
			w.t.Errorf("control %s: %s stated, %s in the books", c.Name, c.Stated, c.Books)
		}
	}
	if !s.Sound() && len(s.Controls) == 0 {
		w.t.Error("no control")
	}
	rows := 0
	gross := map[string]money.Amount{}
	for _, cl := range s.Clauses {
		var amount money.Amount
		for _, l := range cl.Lines {
			amount = add(amount, l.Amount)
			rows++
		}
		if amount != cl.Amount {
			w.t.Errorf("%s: lines come to %s, the clause to %s", cl.ID, amount, cl.Amount)
		}
		if residue := add(add(cl.Bridge.Stated, cl.Amount), cl.Bridge.Residue); residue != cl.Bridge.Owed {
			w.t.Errorf("%s: stated, amount and residue come to %s, owed is %s", cl.ID, residue, cl.Bridge.Owed)
		}
		gross[cl.Payer] = add(gross[cl.Payer], cl.Amount)
	}
	for _, l := range s.Licensed {
		rows += len(l.Lines)
	}
	for _, g := range s.Gross {
		if g.Amount != gross[g.Payer] {
			w.t.Errorf("gross of %s: %s, its clauses come to %s", g.Payer, g.Amount, gross[g.Payer])
		}
	}
	if rows != s.Rows {
		w.t.Errorf("%d rows, %d stated", rows, s.Rows)
	}
}

func add(a, b money.Amount) money.Amount {
	sum, err := a.Add(b)
	if err != nil {
		panic(err)
	}
	return sum
}

// table renders the clauses of a statement for comparison.
func table(s *settlement.Statement) string {
	var b strings.Builder
	for _, c := range s.Clauses {
		fmt.Fprintf(&b, "%s owes %s under %s: %s exact, %s\n", c.Payer, c.Payee, c.ID, c.Accrued, c.Amount)
		if c.Kind == "revenue-share" {
			fmt.Fprintf(&b, "  base %s to %s, capped %s to %s\n", c.Bridge.Opening.Base, c.Bridge.Closing.Base, c.Bridge.Opening.Capped, c.Bridge.Closing.Capped)
		}
		for _, limit := range c.Caps {
			fmt.Fprintf(&b, "  cap: %s to %s used, %s left\n", limit.Opening, limit.Used, limit.Left)
		}
		if d := c.Commitment; d != nil {
			fmt.Fprintf(&b, "  drawn %s to %s\n", d.Opening, d.Closing)
		}
		for _, l := range c.Lines {
			if l.Earlier {
				fmt.Fprintf(&b, "  earlier: %s, %s\n", l.Accrued, l.Amount)
			} else {
				fmt.Fprintf(&b, "  %s %s %s: %s of %s, %s\n", l.Cloud, l.Product, l.Stream, l.Accrued, l.Base, l.Amount)
			}
		}
	}
	for _, l := range s.Licensed {
		fmt.Fprintf(&b, "%s charged %s under %s\n", l.Licensee, l.Total, l.Clause)
	}
	return b.String()
}

func TestADraftOfTheWorkedCases(t *testing.T) {
	w := newWorld(t)
	w.caseB1("2026-04-20")
	w.caseB2("2026-04-20")
	w.caseA("2026-05-04")
	w.caseB1("2026-05-05")
	w.caseB2("2026-05-06")
	w.caseC("2026-05-07")

	got := table(w.draft("openai-microsoft", "2026-05", "openai", "microsoft"))

	want := `
microsoft owes openai under share-microsoft-to-openai: 0 exact, 0
  base 0.02 to 0.02, capped 0.004 to 0.004
  earlier: 0.004, 0
openai owes microsoft under azure-capacity: 0.007 exact, 0.01
  drawn 0.007 to 0.014
  azure openai/gpt-5.4 : 0.007 of 0, 0.01
  earlier: 0.007, 0
openai owes microsoft under share-openai-to-microsoft: 0.008792 exact, 0.01
  base 0.02 to 0.06396, capped 0.004 to 0.012792
  cap: 0 to 0.008792 used, 37999999999.991208 left
  aws openai/gpt-5.4 cloud: 0.0016 of 0.008, 0
  aws openai/gpt-5.4 license: 0.0024 of 0.012, 0
  aws openai/gpt-5.4 shares: 0.000792 of 0.00396, 0
  azure openai/gpt-5.4 cloud: 0.0016 of 0.008, 0
  azure openai/gpt-5.4 license: 0.0024 of 0.012, 0
  earlier: 0.004, 0.01
microsoft charged 0.02 under model-license
`
	if diff := cmp.Diff(want[1:], got); diff != "" {
		t.Error(diff)
	}
}

func TestADraftNamesWhatItRestsOn(t *testing.T) {
	w := newWorld(t)
	w.caseB1("2026-05-04")
	w.caseB2("2026-05-04")
	s := w.draft("openai-microsoft", "2026-05", "microsoft", "openai")

	if s.State != settlement.Draft || s.Rounding != (settlement.Rounding{Scale: 2, Mode: "half-even"}) || s.Journal != (settlement.Position{Chain: 1, Block: 7}) {
		t.Errorf("state %s, rounding %v, journal %v", s.State, s.Rounding, s.Journal)
	}
	hash := w.terms(day("2026-05-04")).Hash()
	if len(s.Terms) != 1 || s.Terms[0].Hash != fmt.Sprintf("%x", hash[:]) {
		t.Errorf("terms %v, want %x", s.Terms, hash)
	}
	var texts []string
	for _, c := range s.Clauses {
		if c.ID != "share-openai-to-microsoft" {
			continue
		}
		for _, n := range c.Notes {
			texts = append(texts, string(s.Footnotes[n-1].Provenance)+": "+s.Footnotes[n-1].Text)
		}
	}
	all := strings.Join(texts, "\n")
	for _, want := range []string{"reported: rate of share-openai-to-microsoft", "reported: caps", "assumed: parts of the price under openai-sales", "openai/gpt-5.4 on azure in openai-list"} {
		if !strings.Contains(all, want) {
			t.Errorf("no footnote %q among\n%s", want, all)
		}
	}
}

func TestANetIsGivenBesideBothGrossAmounts(t *testing.T) {
	w := newWorld(t)
	for range 50 {
		w.caseB1("2026-04-20")
	}
	for range 10 {
		w.caseB2("2026-04-20")
	}
	s := w.draft("openai-microsoft", "2026-04", "microsoft", "openai")

	got := fmt.Sprint(s.Gross, s.Net)
	if want := "[{microsoft openai 0.04 0.04} {openai microsoft 0.55 0.55}] {openai microsoft 0.51 0.51}"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestOpeningTotalsAreCarried(t *testing.T) {
	w := newWorld(t, func(a *agreement.Agreement) {
		if a.Name == "openai-microsoft" {
			a.Openings = []agreement.Opening{{Clause: "share-openai-to-microsoft", AsOf: day("2026-05-01"), Base: money.FromUnits(50),
				Uncapped: money.FromUnits(10), Capped: money.FromUnits(10), Stated: money.FromUnits(9), Paid: money.FromUnits(8), Provenance: agreement.Assumed}}
		}
	})
	w.caseB1("2026-05-04")

	s := w.draft("openai-microsoft", "2026-05", "openai", "microsoft")

	i := len(s.Clauses) - 1
	b := s.Clauses[i].Bridge
	got := []string{b.Opening.Base.String(), b.Closing.Base.String(), b.Owed.String(), b.Stated.String(), b.Paid.String(), s.Clauses[i].Amount.String(),
		s.Clauses[i].Caps[0].Used.String()}
	if diff := cmp.Diff([]string{"50", "50.02", "10.004", "9", "8", "1", "10.004"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAPartySeesOneDraftForEachOther(t *testing.T) {
	w := newWorld(t)
	w.caseA("2026-05-04")

	all, err := settlement.DraftsFor(w.input("openai-clouds", "2026-05", "", ""), "openai")
	if err != nil {
		t.Fatal(err)
	}

	var got []string
	for _, s := range all {
		w.holds(s)
		got = append(got, s.Between[1]+" "+s.Net.Amount.String())
	}
	if diff := cmp.Diff([]string{"amazon 0.01", "google 0", "alibaba 0"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestADraftIsRefusedWhere(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ name, agreement, period, party, says string }{
		{"the agreement is unknown", "acme", "2026-05", "openai", `no agreement "acme"`},
		{"the period is malformed", "openai-microsoft", "may", "openai", `period "may": write a month`},
		{"a party is unknown", "openai-microsoft", "2026-05", "amazon", "amazon is not party to openai-microsoft"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := settlement.DraftStatement(w.input(c.agreement, c.period, c.party, "microsoft"))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestAControlThatDisagreesIsShown(t *testing.T) {
	w := newWorld(t)
	w.caseB1("2026-05-04")
	in := w.input("openai-microsoft", "2026-05", "openai", "microsoft")
	for i := range in.Cells {
		if in.Cells[i].Stream == "license" {
			in.Cells[i].Amount = money.MustParse("-0.013")
		}
	}

	s, err := settlement.DraftStatement(in)
	if err != nil {
		t.Fatal(err)
	}
	if s.Sound() {
		t.Errorf("a base that the ledger does not know: %v", s.Controls)
	}
}

func TestAmountsAreStringsInJSON(t *testing.T) {
	w := newWorld(t)
	w.caseB1("2026-05-04")
	raw, err := json.Marshal(w.draft("openai-microsoft", "2026-05", "openai", "microsoft"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"accrued":"0.007"`, `"left":"37999999999.996"`, `"state":"draft"`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("no %s in %s", want, raw)
		}
	}
}

func TestRevenueByCloudLicenseAndSeller(t *testing.T) {
	w := newWorld(t)
	w.caseA("2026-05-04")
	w.caseB2("2026-05-04")
	w.caseC("2026-05-04")
	w.post("2026-05-04", "acme", "google", oss, "gcp", "google", "0.001", "")

	r, err := settlement.Revenue(w.cells())
	if err != nil {
		t.Fatal(err)
	}

	got := fmt.Sprint(r.ByCloud, r.ByLicense, r.BySeller, r.All, len(r.Cloud), len(r.License))
	want := "[{aws USD 0.0168} {azure USD 0.008} {gcp USD 0.001}] [{openai/gpt-5.4 USD 0.0372}] " +
		"[{amazon USD 0.022} {google USD 0.001} {microsoft USD 0.02} {openai USD 0.02}] [{ USD 0.063}] 4 3"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestWhatPartiesOweEachOther(t *testing.T) {
	w := newWorld(t)
	w.caseA("2026-05-04")
	w.caseB2("2026-05-04")
	w.caseC("2026-05-04")

	at := day("2026-05-04")
	debts, err := settlement.Owed(w.cells(), w.state.CapUses(), w.terms(at), at)
	if err != nil {
		t.Fatal(err)
	}

	var got []string
	for _, d := range debts {
		line := fmt.Sprintf("%s to %s: %s by %s (%s, %s)", d.Payer, d.Payee, d.Amount, d.Clause, d.Kind, d.Provenance)
		for _, c := range d.Caps {
			line += fmt.Sprintf(" cap %s, %s left (%s)", c.Amount, c.Left, c.Provenance)
		}
		got = append(got, line)
	}
	want := []string{
		"amazon to openai: 0.00396 by share-amazon-to-openai (revenue-share, assumed)",
		"openai to amazon: 0.007 by aws-capacity (commitment, public)",
		"openai to microsoft: 0.004792 by share-openai-to-microsoft (revenue-share, reported) cap 38000000000, 37999999999.995208 left (reported)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
