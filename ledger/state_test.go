package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/usage"
)

// posted returns a state that has posted a few records of the examples.
func posted(t testing.TB) *world {
	w := example(t)
	for _, e := range mix(w, 10) {
		if _, err := ledger.Post(w.state, e); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func TestAStateSurvivesItsBytes(t *testing.T) {
	w := posted(t)
	_, documents, err := w.state.Changes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ledger.DecodeState(&ledger.Saved{State: w.state.Encode(), Documents: documents})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Encode(), w.state.Encode()) {
		t.Fatal("encoded again, it differs")
	}

	e := w.entry(date("2026-05-05"), sale("acme", "openai", gpt54, "aws", "openai", "0.020", "0.007"))
	for _, s := range []*ledger.State{w.state, again} {
		if _, err := ledger.Post(s, e); err != nil {
			t.Fatal(err)
		}
	}
	if again.Hash() != w.state.Hash() {
		t.Error("the next transaction differs")
	}
	if _, _, err := again.Changes(); err == nil {
		t.Error("a state without its cells gave cells to save")
	}
}

func TestAStateOfAnotherVersionOrCutShortIsNamed(t *testing.T) {
	raw := posted(t).state.Encode()
	later := slices.Clone(raw)
	later[0] = 99
	for name, c := range map[string]struct {
		state []byte
		want  string
	}{
		"later version": {later, "version 99"},
		"cut":           {raw[:len(raw)-1], "ends too early"},
		"too long":      {append(slices.Clone(raw), 0), "left over"},
	} {
		saved := &ledger.Saved{State: c.state}
		w := posted(t)
		_, saved.Documents, _ = w.state.Changes()
		if _, err := ledger.DecodeState(saved); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
	}
}

func TestWhatCannotBePostedLeavesTheStateAsItWas(t *testing.T) {
	sold := func(change func(*journal.Record)) *journal.Record {
		r := sale("acme", "openai", gpt54, "aws", "openai", "0.020", "0.007")
		change(r)
		return r
	}
	for name, c := range map[string]struct {
		body journal.Body
		want string
	}{
		"terms_that_no_document_brought": {sold(func(r *journal.Record) { r.Terms = journal.Hash{1, 2} }), "terms 0102"},
		"a_charge_without_an_answer":     {sold(func(r *journal.Record) { r.Served = -1 }), "no attempt served"},
		"a_seller_without_a_sale_clause": {sold(func(r *journal.Record) { r.Attempts[0].Seller = "google" }), "no sale clause says on which terms google sells"},
		"another_currency":               {sold(func(r *journal.Record) { r.Currency = "EUR" }), "is in USD, the record in EUR"},
		"a_cloud_of_nobody":              {sold(func(r *journal.Record) { r.Attempts[0].Cloud = "oracle" }), "no party operates the cloud oracle"},
		"a_cloud_that_charges_its_own":   {sold(func(r *journal.Record) { r.Attempts[0].Holder, r.Attempts[0].Seller = "amazon", "amazon" }), "amazon operates aws itself"},
		"an_amount_beyond_128_bits": {sold(func(r *journal.Record) {
			r.Lines = append(lines("170141183460469231731687303"), lines("170141183460469231731687303")...)
		}), "128 bits"},
		"a_balance_beyond_128_bits":    {sold(func(r *journal.Record) { r.Lines = lines("170141183460469231731687303.7") }), "128 bits"},
		"a_document_with_another_hash": {&journal.Document{Doc: journal.DocAgreement, Name: "a.yaml", Bytes: []byte("x")}, `document "a.yaml"`},
		"a_set_of_unknown_agreements":  {document(journal.DocSet, "set", []byte(`{"agreements":["`+strings.Repeat("ab", 32)+`"]}`)), "is not in the journal before it"},
		"a_set_with_a_hash_too_long":   {document(journal.DocSet, "set", []byte(`{"agreements":["`+strings.Repeat("ab", 64)+`"]}`)), "is not a SHA-256"},
		"a_broken_agreement":           {document(journal.DocAgreement, "a.yaml", []byte("concord: 1\nagreement: [")), "a.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			w := posted(t)
			before, beforeSums := w.state.Encode(), sums(t, w.state)
			e := &journal.Entry{ID: "x", Body: c.body}
			if r, ok := c.body.(*journal.Record); ok {
				named := r.Terms
				e = w.entry(date("2026-05-04"), r)
				if named != (journal.Hash{}) {
					r.Terms = named
				}
			}
			_, err := ledger.Post(w.state, e)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if !bytes.Equal(before, w.state.Encode()) {
				t.Error("the state changed")
			}
			for k, v := range sums(t, w.state) {
				if beforeSums[k] != v {
					t.Errorf("%s was %s, is %s", k, beforeSums[k], v)
				}
			}
		})
	}
}

func TestRecordsThatMoveNothingPostNothing(t *testing.T) {
	w := example(t)
	for _, outcome := range []journal.Outcome{journal.Void, journal.Refused, journal.Failed} {
		r := sale("acme", "openai", gpt54, "aws", "openai", "", "")
		r.Outcome, r.Served, r.Attempts = outcome, -1, nil
		if tx := w.post("2026-05-04", r); len(tx.Postings) != 0 {
			t.Errorf("%v posts %s", outcome, table(tx))
		}
	}
	if w.state.Transactions() != 0 || w.state.Hash() != (journal.Hash{}) {
		t.Error("they count as transactions")
	}
}

func TestUsageWithoutAPriceIsNotedBesideTheMoney(t *testing.T) {
	r := sale("acme", "openai", gpt54, "openai", "openai", "0.020", "")
	r.Usage.Tokens[usage.OutputAudio] = 512
	r.Unpriced = []usage.Class{usage.OutputAudio}
	check(t, example(t), "2026-05-04", r, `
openai | receivable:accrued:acme:openai-sales +0.02; revenue:license:openai/gpt-5.4 -0.012; revenue:cloud:openai -0.008; memo:suspense:output_audio +512; memo:suspense:output_audio:contra -512; cost:share:share-openai-to-microsoft +0.004; payable:accrued:microsoft:share-openai-to-microsoft -0.004
acme | cost:usage:openai/gpt-5.4 +0.02; payable:accrued:openai:openai-sales -0.02
microsoft | receivable:accrued:openai:share-openai-to-microsoft +0.004; revenue:share:share-openai-to-microsoft -0.004
`)
}

func TestACloudWithoutACommitmentIsOwedForItsCapacity(t *testing.T) {
	r := sale("acme", "openai", gpt54, "gcp", "openai", "", "0.007")
	r.Outcome, r.Served = journal.Failed, -1
	check(t, example(t), "2026-05-04", r, `
openai | cost:cloud:gcp +0.007; payable:accrued:google:capacity:gcp -0.007
google | receivable:accrued:openai:capacity:gcp +0.007; revenue:infrastructure:gcp -0.007
`)
}

func TestAClauseThatContinuesAnotherHasItsTotals(t *testing.T) {
	a := partnership()
	next := share("successor", "openai", "microsoft", "10%", "sales")
	next.Continues = "share-openai-to-microsoft"
	a.Amendments = append(a.Amendments, agreement.Amendment{ID: "2026-06-01", Effective: midnight("2026-06-01"),
		Adds: []agreement.Clause{next}, Ends: []agreement.EndedClause{{ID: "share-openai-to-microsoft"}}})
	w := newWorld(t, a)
	w.post("2026-05-31", sale("acme", "openai", gpt54, "openai", "openai", "1", ""))
	w.post("2026-06-02", sale("acme", "openai", gpt54, "openai", "openai", "1", ""))
	w.post("2026-05-30", sale("acme", "openai", gpt54, "openai", "openai", "1", "")) // late: at its own rate

	got, ok := w.state.Accrual("openai-microsoft", "successor")
	if !ok || got.Base.String() != "3" || got.Capped.String() != "0.5" {
		t.Errorf("accrual of the successor: base %s, capped %s, want 3 and 0.5", got.Base, got.Capped)
	}
}

func TestTaxIsOwedByTheCustomerAndIsNoBase(t *testing.T) {
	a := partnership()
	for _, c := range a.Amendments[0].Adds {
		if s, ok := c.(*agreement.Sale); ok && s.ID == "openai-sales" {
			s.Tax = rate("8%")
		}
	}
	check(t, newWorld(t, a), "2026-05-04", sale("acme", "openai", gpt54, "openai", "openai", "0.020", ""), `
openai | receivable:accrued:acme:openai-sales +0.0216; revenue:license:openai/gpt-5.4 -0.012; revenue:cloud:openai -0.008; tax:collected -0.0016; cost:share:share-openai-to-microsoft +0.004; payable:accrued:microsoft:share-openai-to-microsoft -0.004
acme | cost:usage:openai/gpt-5.4 +0.0216; payable:accrued:openai:openai-sales -0.0216
microsoft | receivable:accrued:openai:share-openai-to-microsoft +0.004; revenue:share:share-openai-to-microsoft -0.004
`)
}

func TestACommitmentByChargeIsDrawnByTheStreamsThatCount(t *testing.T) {
	a := partnership()
	a.Amendments[0].Adds = append(a.Amendments[0].Adds, &agreement.Commitment{Common: head("contoso-azure"), Buyer: "contoso", Seller: "microsoft",
		Amount: money.FromUnits(100), Counts: agreement.Counts{Amount: "charged", Streams: []string{"cloud"}}})
	w := newWorld(t, a)
	w.post("2026-05-04", sale("contoso", "microsoft", gpt54, "azure", "microsoft", "0.020", ""))
	if got := sums(t, w.state)["contoso memo:commitment:contoso-azure:used"]; got != "0.008" {
		t.Errorf("drawn %q, want 0.008", got)
	}
}

func TestTermsThatTheLedgerDoesNotPostAreRefused(t *testing.T) {
	a := partnership()
	for _, c := range a.Amendments[0].Adds {
		if s, ok := c.(*agreement.RevenueShare); ok {
			s.Caps = []agreement.Cap{{Amount: money.FromUnits(1), Per: "week"}}
		}
	}
	w := newWorld(t, a)
	if findings := ledger.Check(w.terms(date("2026-04-01"))); len(findings) != 2 {
		t.Errorf("findings %v, want one for each of two shares", findings)
	}
	r := sale("acme", "openai", gpt54, "openai", "openai", "0.020", "")
	_, err := ledger.PostUnder(w.state, w.entry(date("2026-04-01"), r), w.terms(date("2026-04-01")))
	if err == nil || !strings.Contains(err.Error(), "does not post caps: per week") {
		t.Errorf("error %v, want one that names the cap", err)
	}
}

func TestOpeningTotalsThatChangeAreRefused(t *testing.T) {
	a, b := partnership(), partnership()
	a.Openings = []agreement.Opening{{Clause: "share-openai-to-microsoft", AsOf: date("2023-02-01"), Base: money.FromUnits(10), Capped: money.FromUnits(2)}}
	b.Openings = []agreement.Opening{{Clause: "share-openai-to-microsoft", AsOf: date("2023-02-01"), Base: money.FromUnits(11), Capped: money.FromUnits(2)}}
	b.Title = "as it was written later"
	b.Amendments[0].Adds = append(b.Amendments[0].Adds, sells("other", "google", gpt(), "", "100%"))
	w := newWorld(t, a)
	w.post("2026-04-01", sale("acme", "openai", gpt54, "openai", "openai", "1", ""))
	if got, _ := w.state.Accrual("openai-microsoft", "share-openai-to-microsoft"); got.Base.String() != "11" || got.Capped.String() != "2.2" {
		t.Errorf("base %s, capped %s, want 11 and 2.2", got.Base, got.Capped)
	}

	later := newWorld(t, b)
	_, err := ledger.PostUnder(w.state, w.entry(date("2026-04-01"), sale("acme", "openai", gpt54, "openai", "openai", "1", "")), later.terms(date("2026-04-01")))
	if err == nil || !strings.Contains(err.Error(), "opening totals of clause share-openai-to-microsoft") {
		t.Errorf("error %v, want one that names the opening", err)
	}
}

func TestARequestsPostingsAreDerivedAgain(t *testing.T) {
	w := example(t)
	entries := mix(w, 40)
	var want []string
	for _, e := range entries {
		tx, err := ledger.Post(w.state, e)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, table(tx))
	}
	j := fill(t, entries, 8, documents(t, "openai-microsoft.yaml", "openai-clouds.yaml"))
	b := ledger.NewMemory()
	saveAll(t, j, b, func() bool { return true })

	for i, e := range entries {
		got, err := ledger.Derive(t.Context(), j, b, e.Body.(*journal.Record).Request)
		if err != nil || len(got) != 1 {
			t.Fatalf("derive %d: %d transactions, %v", i, len(got), err)
		}
		if table(got[0].Transaction) != want[i] {
			t.Errorf("record %d derived:\n%swant:\n%s", i, table(got[0].Transaction), want[i])
		}
	}
	if _, err := ledger.Derive(t.Context(), j, b, journal.RequestID{1}); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("derive an unknown request: %v, want ErrNotFound", err)
	}
}

// small is an agreement that takes little time to read, with a cap per day.
const small = `concord: 1
agreement: small
currency: USD
zone: UTC
parties: {a: {name: A, operates: [x]}, b: {name: B}}
products: {a/m: {owner: a}}
amendments:
  - id: start
    effective: 2026-01-01
    source: {provenance: assumed}
    adds:
      - {id: s, kind: sale, seller: a, products: [a/*], price: {book: l}, streams: {cloud: "100%"}, term: perpetual}
      - {id: r, kind: revenue-share, payer: a, payee: b, base: {revenue_of: a, from: [sales]}, rate: "1%", caps: [{amount: "1 USD", per: day}], term: perpetual}
`

func FuzzDecodeState(f *testing.F) {
	s := ledger.NewState()
	d := document(journal.DocAgreement, "small", []byte(small))
	set := fmt.Sprintf(`{"agreements":["%x"],"known":%d}`, d.Hash[:], known().UnixNano())
	for _, d := range []*journal.Document{d, document(journal.DocSet, "set", []byte(set))} {
		if _, err := ledger.Post(s, &journal.Entry{Body: d}); err != nil {
			f.Fatal(err)
		}
	}
	a, findings := agreementfile.Parse("small", []byte(small))
	if a == nil {
		f.Fatal(findings)
	}
	w := newWorld(f, a)
	w.state, w.documents = s, true
	for _, day := range []string{"2026-03-01", "2026-03-02"} {
		w.post(day, sale("c", "a", "a/m", "x", "a", "70", ""))
	}
	_, documents, err := s.Changes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.Encode())
	f.Fuzz(func(t *testing.T, state []byte) {
		s, err := ledger.DecodeState(&ledger.Saved{State: state, Documents: documents})
		if err != nil || len(state) == 0 {
			return
		}
		again, err := ledger.DecodeState(&ledger.Saved{State: s.Encode(), Documents: documents})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.Encode(), s.Encode()) {
			t.Error("a state read back differs")
		}
	})
}
