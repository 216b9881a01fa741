package settlement_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/settlement"
)

// anew prepares a further version of a statement, for the reasons that were posted to the office under their names; without one
// its disputes.
func (o *office) anew(name, period string, issued time.Time, because ...string) *settlement.Closing {
	o.t.Helper()
	work := o.closing(name, period, issued)
	work.Anew, work.Because = true, because
	work.Reasons = func(statement string, names []string) (out []journal.Entry, err error) {
		for _, e := range o.said {
			if d, ok := e.Body.(*journal.Dispute); ok && len(names) == 0 && d.Statement == statement {
				out = append(out, e)
			}
			for _, want := range names {
				if e.Source+"/"+e.ID == want {
					out = append(out, e)
				}
			}
		}
		return out, nil
	}
	return work
}

// replace issues a further version and posts it.
func (o *office) replace(name, period string, issued time.Time, because ...string) *settlement.Statement {
	o.t.Helper()
	before := o.anew(name, period, issued, because...)
	closed, err := o.anew(name, period, issued, because...).Close()
	if err != nil {
		o.t.Fatal(err)
	}
	for i := range closed.Entries {
		if _, err := ledger.Post(o.state, &closed.Entries[i]); err != nil {
			o.t.Fatal(err)
		}
		if c, ok := closed.Entries[i].Body.(*journal.Close); ok {
			if _, had := o.stored[c.Number]; had {
				o.t.Fatal("statement " + c.Number + " would be written over")
			}
			o.stored[c.Number] = c.Statement
		}
	}
	st, err := settlement.ReadStatement(o.stored[closed.Statements[0].Number])
	if err != nil {
		o.t.Fatal(err)
	}
	again, err := before.Again(st)
	if err != nil {
		o.t.Fatal(err)
	}
	if diff := cmp.Diff(string(o.stored[st.Number]), canonical(o.t, again)); diff != "" {
		o.t.Fatal("cut again it differs: " + diff)
	}
	return st
}

// disputes posts a dispute that can be cited.
func (o *office) disputes(on, number, by, clause, amount string) {
	o.t.Helper()
	st, ok := o.state.Statement(number)
	if !ok {
		o.t.Fatal("no statement " + number)
	}
	body := &journal.Dispute{Statement: number, Hash: st.Hash, By: by, Clause: clause, Currency: "USD", Reason: "a sale is missing"}
	if amount != "" {
		body.Amount = money.MustParse(amount)
	}
	e := journal.Entry{Time: at(on + "T12:00:00Z").UnixNano(), Source: "office", ID: "dispute-" + on, Body: body}
	if _, err := ledger.Post(o.state, &e); err != nil {
		o.t.Fatal(err)
	}
	o.said = append(o.said, e)
}

// A share of 20 % of 1,000 is stated for April and 150 of it are paid. Microsoft disputes it: a sale of 52.51 is missing.
func TestAFurtherVersionSaysWhatChangedAndWhyAndTakesOverWhatWasPaid(t *testing.T) {
	o := newOffice(t, small)
	o.sells(day("2026-04-10"), "acme", "openai", gpt, "azure", "openai", "1000", "")
	first := o.close("pair", "2026-04", at("2026-05-05T12:00:00Z"))[0]
	kept := string(o.stored[first.Number])
	o.pays("2026-05-10", "150")
	o.disputes("2026-05-12", first.Number, "microsoft", "there", "")
	o.sells(day("2026-04-11"), "acme", "openai", gpt, "aws", "openai", "52.51", "")
	second := o.replace("pair", "2026-04", at("2026-05-13T12:00:00Z"))

	if second.Number != "pair/openai-microsoft/2026-04/v2" || second.Version != 2 {
		t.Errorf("it is %s, version %d", second.Number, second.Version)
	}
	r := second.Replaces
	if r == nil || r.Number != first.Number || r.Hash != first.Hash || r.State != ledger.Disputed || len(r.Cites) != 1 || r.Cites[0].ID != "office/dispute-2026-05-12" || r.Cites[0].By != "microsoft" {
		t.Fatalf("it cites %+v", r)
	}
	changes := map[string]string{}
	for _, c := range r.Changes {
		changes[strings.TrimSpace(c.Clause+" "+c.Cloud+" "+c.Stream)] = c.Was.String() + " to " + c.Now.String()
	}
	if diff := cmp.Diff(map[string]string{"there aws license": "0 to 6.3", "there aws cloud": "0 to 4.2"}, changes); diff != "" {
		t.Errorf("what changed: %s", diff)
	}
	for _, c := range second.Clauses {
		if c.ID == "there" && (c.Amount.String() != "210.5" || c.Bridge.Stated.String() != "0" || c.Bridge.Paid.String() != "150" || c.Bridge.Residue.String() != "0.002") {
			t.Errorf("the clause states %s, %+v", c.Amount, c.Bridge)
		}
	}
	// Microsoft's license fee of 120 is set off: 90.50 net, of which 150 are paid.
	if b := second.Payable[0]; b.Payer != "microsoft" || b.Stated.String() != "-90.5" || b.Paid.String() != "-150" || b.Amount.String() != "59.5" {
		t.Errorf("payable: %+v", b)
	}
	if string(o.stored[first.Number]) != kept {
		t.Error("the first version changed")
	}
	was, _ := o.state.Statement(first.Number)
	is, _ := o.state.Statement(second.Number)
	if was.State != ledger.Replaced || is.State != ledger.Issued {
		t.Errorf("they stand as %s and %s", was.State, is.State)
	}
	for _, l := range standing(t, o, second.Number) {
		if l.Clause == "there" && (l.Paid.String() != "150" || l.Open.String() != "60.5") {
			t.Errorf("open of it: %+v", l)
		}
	}
	for _, l := range standing(t, o, first.Number) {
		if !l.Open.IsZero() {
			t.Errorf("open of what was replaced: %+v", l)
		}
	}
	may := o.close("pair", "2026-05", at("2026-06-05T12:00:00Z"))[0]
	for _, c := range may.Clauses {
		for _, l := range c.Lines {
			if l.Earlier && l.Kind == "" {
				t.Errorf("May shows what the second version has: %s %+v", c.ID, l)
			}
		}
		if c.ID == "there" && (c.Bridge.Opening.Base.String() != "1052.51" || c.Bridge.Stated.String() != "210.5") {
			t.Errorf("May opens where the second version closed: %+v", c.Bridge)
		}
	}
	if o := may.Open; len(o) == 0 || o[0].Statement != second.Number {
		t.Errorf("May shows open: %+v", o)
	}
}

func standing(t *testing.T, o *office, number string) []settlement.OpenAt {
	t.Helper()
	st, _ := o.state.Statement(number)
	lines, err := settlement.OpenOf(o.state.Statements(), o.state.Dues(), &st, at("2026-06-05T12:00:00Z"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestAStatementThatStandsIsNotReplaced(t *testing.T) {
	for name, c := range map[string]struct {
		before func(o *office, number string)
		issued string
		named  []string
		want   string
	}{
		"accepted": {func(o *office, number string) {
			st, _ := o.state.Statement(number)
			o.post(at("2026-05-06T12:00:00Z"), &journal.Acceptance{Statement: number, Hash: st.Hash, By: "microsoft"})
		}, "", nil, "is not replaced: it is accepted, by microsoft; what is known by now stands in the statement of the next open period"},
		"accepted by silence":  {nil, "2026-06-20T00:00:00Z", nil, "accepted, by the silence of both"},
		"settled":              {func(o *office, _ string) { o.pays("2026-05-10", "200") }, "", nil, "it is settled"},
		"neither disputed":     {nil, "", nil, "is not disputed: name what makes it wrong with --because"},
		"issued before it was": {nil, "2026-05-05T11:00:00Z", nil, "version 1 was issued at 2026-05-05T12:00:00Z"},
		"nothing changed": {func(o *office, number string) { o.disputes("2026-05-12", number, "microsoft", "there", "1") }, "", nil,
			"nothing that is dated in 2026-04 or before was recorded since"},
		"a later one follows": {func(o *office, number string) {
			o.disputes("2026-05-12", number, "microsoft", "there", "1")
			o.close("pair", "2026-05", at("2026-06-05T12:00:00Z"))
		}, "2026-06-06T12:00:00Z", nil, "statement pair/openai-microsoft/2026-05 begins where it ends"},
		"a dispute of another": {func(o *office, number string) {
			o.disputes("2026-05-12", number, "microsoft", "there", "1")
			o.said[0].Body = &journal.Dispute{Statement: "other"}
		}, "", []string{"office/dispute-2026-05-12"}, "is of statement other, not of pair/openai-microsoft/2026-04"},
	} {
		t.Run(name, func(t *testing.T) {
			text := small
			if name == "settled" { // nothing flows back
				text = strings.Replace(text, "\n         fee: {amount: \"365 USD\", per: year, stream: license}", "", 1)
			}
			o := newOffice(t, text)
			o.sells(day("2026-04-10"), "acme", "openai", gpt, "azure", "openai", "1000", "")
			first := o.close("pair", "2026-04", at("2026-05-05T12:00:00Z"))[0]
			if c.before != nil {
				c.before(o, first.Number)
			}
			issued := "2026-05-20T12:00:00Z"
			if c.issued != "" {
				issued = c.issued
			}
			if _, err := o.anew("pair", "2026-04", at(issued), c.named...).Close(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	o := newOffice(t, small)
	if _, err := o.anew("pair", "2026-04", at("2026-05-20T00:00:00Z")).Close(); err == nil || !strings.Contains(err.Error(), "close it for the first time, without --again") {
		t.Errorf("a period that was never closed: %v", err)
	}
}

// March is stated with 200 and paid when it is due; April, stated with 100, is replaced by 90 a week later.
func TestAReplacedVersionStoodOpenUntilThenAndNeverFellDue(t *testing.T) {
	text := strings.Replace(small, "due: 10d", "due: 1d", 1)
	o := newOffice(t, text)
	o.sells(day("2026-03-10"), "acme", "openai", gpt, "azure", "openai", "1000", "")
	o.close("pair", "2026-03", at("2026-04-05T12:00:00Z"))
	o.pays("2026-04-06", "200")
	o.sells(day("2026-04-10"), "acme", "openai", gpt, "azure", "openai", "500", "")
	april := o.close("pair", "2026-04", at("2026-05-05T12:00:00Z"))[0]
	o.disputes("2026-05-06", april.Number, "openai", "there", "")
	o.sells(day("2026-04-20"), "acme", "openai", gpt, "azure", "openai", "1000", "")
	o.replace("pair", "2026-04", at("2026-05-27T12:00:00Z"))
	closed, err := o.closing("pair", "2026-05", at("2026-06-05T12:00:00Z")).Close()
	if err != nil {
		t.Fatal(err)
	}
	// Due on 28 May: three days of 300 at 10 % by 365.
	if got := fees(closed.Entries, ledger.FeeInterest)["there"]; got != "0.25" {
		t.Errorf("interest of %q", got)
	}
}

// Whatever is sold, comes late, is disputed and replaced: what stands comes to the cumulative amount, rounded; every line of the
// difference leads from one version to the next; and no byte of an earlier version changes.
func TestVersionsThatStandAddUpAndThoseBeforeKeepTheirBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := newOffice(t, small)
		kept, stated, exact := map[string]string{}, map[string]money.Amount{}, map[string]money.Amount{}
		sells := func(until time.Month, what string) (sold int) {
			for range rapid.IntRange(0, 3).Draw(t, what) {
				when := time.Date(2026, until-time.Month(rapid.IntRange(0, int(until-time.March)).Draw(t, "months late")), rapid.IntRange(2, 27).Draw(t, "day"), 19, 0, 0, 0, time.UTC)
				seller := rapid.SampledFrom([]string{"openai", "microsoft"}).Draw(t, "seller")
				o.sells(when, "acme", seller, gpt, "azure", seller, money.FromPico(rapid.Int64Range(1e12, 1e15).Draw(t, "price")).String(), "")
				sold++
			}
			return sold
		}
		for month := time.March; month <= time.May; month++ {
			sells(month, "sales")
			issued := time.Date(2026, month+1, 5, 0, 0, 0, 0, time.UTC)
			period := issued.AddDate(0, -1, 0).Format("2006-01")
			st := o.close("pair", period, issued)[0]
			for version := 2; version <= rapid.IntRange(1, 3).Draw(t, "versions"); version++ {
				kept[st.Number] = string(o.stored[st.Number])
				if sells(month, "late sales") == 0 {
					break
				}
				issued = issued.AddDate(0, 0, 2)
				o.disputes(issued.Format(time.DateOnly), st.Number, "openai", "", "")
				next := o.replace("pair", period, issued.Add(13*time.Hour))
				leads(t, st, next)
				st = next
			}
			for number, bytes := range kept {
				if string(o.stored[number]) != bytes {
					t.Fatalf("%s changed", number)
				}
			}
			if !st.Sound() {
				t.Fatalf("controls: %+v", st.Controls)
			}
			for _, c := range st.Clauses {
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

// leads checks that a clause's amount in one version, with its changes, is that of the next.
func leads(t *rapid.T, was, now *settlement.Statement) {
	amounts := map[string]money.Amount{}
	for _, c := range was.Clauses {
		amounts[c.ID] = c.Amount
	}
	for _, c := range now.Replaces.Changes {
		if !c.Licensed {
			amounts[c.Clause] = plus(t, amounts[c.Clause], c.Difference)
		}
	}
	for _, c := range now.Clauses {
		if amounts[c.ID] != c.Amount {
			t.Fatalf("%s: %s with its changes, and it states %s", c.ID, amounts[c.ID], c.Amount)
		}
	}
}
