package agreement_test

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"concord/agreement"
	"concord/money"
)

func diff(t *testing.T, s *agreement.Set, from, to string, c *agreement.Catalog) *agreement.Difference {
	t.Helper()
	return agreement.Diff(asOf(t, s, from), asOf(t, s, to), c)
}

// tell renders items as "title: before -> after [kind]".
func tell(d *agreement.Difference) (lines []string) {
	for i := range d.Items {
		item := &d.Items[i]
		lines = append(lines, fmt.Sprintf("%s: %s -> %s [%s]", item.Title, item.Before, item.After, item.Kind()))
	}
	return lines
}

// TestTheArticlesTablesAreInTheDifference holds the diff of 27 February to 27 April 2026 to what the article tells of it:
// cloud priority, cloud sovereignty, customer delivery, the license, and both revenue flows.
func TestTheArticlesTablesAreInTheDifference(t *testing.T) {
	d := diff(t, example(t), "2026-02-27", "2026-04-27", catalog())

	got := map[string]bool{}
	for _, line := range tell(d) {
		got[line] = true
	}
	for _, want := range []string{
		"Where openai/gpt-5.4 may run: azure only -> azure first, then aws, openai, gcp and alibaba (assumed) [delivery]",
		"Whose clouds may run openai/gpt-5.4: Microsoft's alone -> Microsoft, Amazon Web Services, OpenAI, Google and Alibaba Cloud [delivery]",
		"What customers of openai/gpt-5.4 may choose: nothing: there is one cloud -> their home cloud first of all (assumed) [delivery]",
		"License of Microsoft from OpenAI: exclusive, through 2032, reserved host, serve and fine-tune (assumed) -> non-exclusive, through 2032 [license]",
		"Microsoft pays OpenAI: 20% (reported), no cap, without an end (assumed) -> nothing [money]",
		"OpenAI pays Microsoft: 20% (reported), no cap, without an end (assumed) -> 20% (reported), at most 38,000,000,000 USD in total, counted from 2026-04-27 (reported), through 2030 [money]",
	} {
		if !got[want] {
			t.Errorf("the difference lacks\n  %s\nit has\n  %s", want, strings.Join(tell(d), "\n  "))
		}
	}
	where := d.Items[0]
	expect(t, "who is affected", strings.Join(where.Effect, "; "),
		"acme: openai-aws-gpt54 and openai-direct-gpt54 may serve too; acme: requests still go first to openai-azure-gpt54")
	for i := range d.Decisions {
		if slices.Contains(d.Decisions[i].Customers, "contoso") {
			t.Error("contoso buys from microsoft and amazon; amazon has no license yet, so nothing moves for it")
		}
	}
}

func TestALicenseMovesDeliveryThroughItsCheckAlone(t *testing.T) {
	for _, c := range []struct{ name, from, to, before, after string }{
		{"begins", "2026-04-27", "2026-04-29", "nothing", "non-exclusive (assumed), to host and serve (assumed), on aws, through 2033 (assumed)"},
		{"ends", "2033-06-01", "2034-06-01", "non-exclusive (assumed), to host and serve (assumed), on aws, through 2033 (assumed)", "nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := diff(t, example(t), c.from, c.to, catalog())

			want := fmt.Sprintf("License of Amazon Web Services from OpenAI: %s -> %s [coupled: license -> delivery, through check 3 (license) of amazon-aws-gpt54]", c.before, c.after)
			if got := tell(d); !slices.Contains(got, want) {
				t.Errorf("the difference lacks\n  %s\nit has\n  %s", want, strings.Join(got, "\n  "))
			}
			for i := range d.Decisions {
				if d.Decisions[i].Reordered {
					t.Errorf("a license reordered what is permitted: %+v", d.Decisions[i])
				}
			}
		})
	}
}

func TestAShareThatOthersRestOnSaysSo(t *testing.T) {
	d := diff(t, example(t), "2026-04-27", "2026-04-29", catalog())
	for i := range d.Items {
		if d.Items[i].Title == "Amazon Web Services pays OpenAI" {
			if !slices.Contains(d.Items[i].Effect, "what it pays counts to the base of share-openai-to-microsoft") {
				t.Errorf("effect %q", d.Items[i].Effect)
			}
			return
		}
	}
	t.Error("the share of Amazon is not in the difference")
}

func TestOtherWordsWithTheSameMeaningHaveNoEffect(t *testing.T) {
	a := set(t, everything)
	b := set(t, strings.Replace(everything, "{id: run, kind: delivery,", "{id: run, kind: delivery, prose: The run clause,", 1))
	d := agreement.Diff(asOf(t, a, "2026-06-01"), asOf(t, b, "2026-06-01"), nil)

	if diff := cmp.Diff([]string{"Prose of run: nothing -> The run clause [wording]"}, tell(d)); diff != "" {
		t.Error(diff)
	}
	if d.Effective() || d.Empty() || d.Items[0].Effect[0] != "no effect" || len(d.Decisions) > 0 {
		t.Errorf("a wording has effects: %+v", d)
	}
}

func TestAnAmendmentThatRepeatsAClauseChangesNothing(t *testing.T) {
	const run = "{id: run, kind: delivery, products: [lab/m], clouds: [labcloud], term: perpetual}"
	s := set(t, "amendments:\n  - {id: a, effective: 2026-01-01, adds: ["+run+"]}\n  - {id: b, effective: 2026-02-01, replaces: ["+run+"]}\n")
	if d := diff(t, s, "2026-01-15", "2026-02-15", nil); !d.Empty() || len(d.Items) > 0 || len(d.Decisions) > 0 {
		t.Errorf("%q", tell(d))
	}
}

// intervals returns the terms of every interval of the examples.
func intervals(t testing.TB, s *agreement.Set) []*agreement.Terms {
	t.Helper()
	all, err := s.Timeline(known)
	if err != nil {
		t.Fatal(err)
	}
	var terms []*agreement.Terms
	for _, i := range all {
		terms = append(terms, i.Terms)
	}
	return terms
}

func TestApplyingTheDifferenceGivesTheOtherTerms(t *testing.T) {
	terms := append(intervals(t, example(t)), intervals(t, set(t, everything))...)
	for i, a := range terms {
		for j, b := range terms {
			d := agreement.Diff(a, b, nil)
			if i == j && (!d.Empty() || len(d.Items)+len(d.Decisions) > 0) {
				t.Fatalf("terms %d differ from themselves: %q", i, tell(d))
			}
			got, err := d.Apply(a)
			if err != nil {
				t.Fatal(err)
			}
			if got.Hash() != b.Hash() {
				t.Fatalf("the difference of %d and %d makes other terms", i, j)
			}
			if again := agreement.Diff(got, b, nil); !again.Empty() {
				t.Fatalf("after applying it, %q is left", tell(again))
			}
			for k := range catalog().Deployments {
				c := catalog()
				x, y := got.Verdict(&c.Customers[0], &c.Deployments[k], agreement.Chat), b.Verdict(&c.Customers[0], &c.Deployments[k], agreement.Chat)
				if x.Reason != y.Reason || x.Permitted != y.Permitted {
					t.Fatalf("%s: %q and %q", c.Deployments[k].ID, x.Reason, y.Reason)
				}
			}
		}
	}
	if _, err := agreement.Diff(terms[1], terms[2], nil).Apply(terms[3]); err == nil {
		t.Error("a difference was applied to terms that it does not begin with")
	}
}

// small draws an agreement of few clauses with a chain of amendments.
func small(t *rapid.T, name string) *agreement.Agreement {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := &agreement.Agreement{Name: name, Currency: "USD", Parties: []agreement.Party{{ID: "lab", Operates: []string{"labcloud"}}, {ID: "north", Operates: []string{"northcloud"}}},
		Products: []agreement.Product{{ID: "lab/m", Owner: "lab", APIs: []agreement.API{agreement.Chat}}, {ID: "lab/open", Owner: "lab", OpenWeights: "MIT"}}}
	clouds := []string{"labcloud", "northcloud"}
	held := map[string]bool{}
	clause := func(id string) agreement.Clause {
		head := agreement.Common{ID: id, End: agreement.End{Perpetual: true}, Priority: rapid.IntRange(0, 2).Draw(t, "priority"), Prose: rapid.SampledFrom([]string{"", "so"}).Draw(t, "prose")}
		if rapid.Bool().Draw(t, "ends") {
			head.End = agreement.End{Until: start.AddDate(0, 0, rapid.IntRange(1, 40).Draw(t, "until"))}
		}
		products := agreement.Match{Match: rapid.SampledFrom([][]string{{"lab/m"}, {"lab/*"}}).Draw(t, "products")}
		rate := money.Rate{Num: rapid.Int64Range(1, 5).Draw(t, "rate"), Den: 10}
		switch id[0] {
		case 'd':
			mode := rapid.SampledFrom([]string{agreement.Permitting, agreement.Exclusive, agreement.Prohibited}).Draw(t, "mode")
			order := [][]string{rapid.Permutation(clouds).Draw(t, "group")}
			if rapid.Bool().Draw(t, "split") {
				order = [][]string{order[0][:1], order[0][1:]}
			}
			return &agreement.Delivery{Common: head, Products: products, Mode: mode, Order: order, Choice: rapid.SampledFrom([]string{"none", "permitted"}).Draw(t, "choice")}
		case 'l':
			return &agreement.License{Common: head, Licensor: "lab", Licensee: "north", Products: products, Rights: []agreement.Right{agreement.Serve, agreement.Host},
				Exclusivity: rapid.SampledFrom([]string{agreement.Sole, agreement.NonExclusive}).Draw(t, "exclusivity")}
		case 's':
			return &agreement.RevenueShare{Common: head, Payer: "lab", Payees: []agreement.Payee{{Party: "north", Part: money.Rate{Num: 1, Den: 1}}},
				Base: agreement.Base{RevenueOf: "lab", From: []string{"sales"}}, Rate: rate}
		}
		return &agreement.Sale{Common: head, Seller: rapid.SampledFrom([]string{"lab", "north"}).Draw(t, "seller"), Book: "list", Discount: rate,
			Streams: []agreement.Stream{{Name: "cloud", Part: money.Rate{Num: 1, Den: 1}}}}
	}
	for n := range rapid.IntRange(1, 4).Draw(t, "amendments") {
		m := agreement.Amendment{ID: fmt.Sprint("a", n), Effective: start.AddDate(0, 0, 10*n), Source: agreement.Source{Provenance: agreement.Public}}
		for _, id := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"d1", "d2", "l1", "s1", "s2", "v1", "v2"}), rapid.ID[string]).Draw(t, "clauses") {
			switch {
			case held[id] && rapid.Bool().Draw(t, "end"):
				m.Ends = append(m.Ends, agreement.EndedClause{ID: id})
				held[id] = false
			case held[id]:
				m.Replaces = append(m.Replaces, clause(id))
			default:
				m.Adds = append(m.Adds, clause(id))
				held[id] = true
			}
		}
		a.Amendments = append(a.Amendments, m)
	}
	return a
}

func TestDifferencesOfGeneratedAgreements(t *testing.T) {
	offer := &agreement.Catalog{Customers: []agreement.Customer{{ID: "anna", Sellers: [][]string{{"lab", "north"}}, Home: "northcloud"}, {ID: "bert", Sellers: [][]string{{"north"}, {"lab"}}}}}
	for _, seller := range []string{"lab", "north"} {
		for _, cloud := range []string{"labcloud", "northcloud"} {
			for _, product := range []string{"lab/m", "lab/open"} {
				offer.Deployments = append(offer.Deployments, agreement.Deployment{ID: seller + "-" + cloud + "-" + product[4:], Product: product, Cloud: cloud, Seller: seller, Holder: seller})
			}
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		var terms []*agreement.Terms
		for range 2 {
			all, err := agreement.NewSet(small(rt, "one"), small(rt, "two")).Timeline(known)
			if err != nil {
				rt.Fatal(err)
			}
			for _, i := range all {
				terms = append(terms, i.Terms)
			}
		}
		a, b := rapid.SampledFrom(terms).Draw(rt, "a"), rapid.SampledFrom(terms).Draw(rt, "b")
		d := agreement.Diff(a, b, offer)

		got, err := d.Apply(a)
		if err != nil || got.Hash() != b.Hash() {
			rt.Fatalf("applying the difference gives other terms (%v)", err)
		}
		if self := agreement.Diff(a, a, offer); !self.Empty() || len(self.Items) > 0 {
			rt.Fatalf("terms differ from themselves: %q", tell(self))
		}
		if d.Effective() != (a.Hash() != b.Hash()) {
			rt.Fatal("a difference in effect is one of hashes")
		}
		told := map[agreement.Ref]bool{}
		for i := range d.Items {
			for _, ref := range d.Items[i].Clauses {
				told[ref] = true
			}
		}
		for _, c := range d.Clauses {
			if !told[c.Ref] {
				rt.Fatalf("no item speaks of %s, which was %s: %q", c.Ref, c.How, tell(d))
			}
		}
		// What is permitted under both and stands in no decision is permitted alike.
		for i := range offer.Deployments {
			dep := &offer.Deployments[i]
			for j := range offer.Customers {
				c := &offer.Customers[j]
				x, y := a.Verdict(c, dep, ""), b.Verdict(c, dep, "")
				_, _, soldA := a.Sale(dep.Seller, dep.Product, dep.Cloud)
				_, _, soldB := b.Sale(dep.Seller, dep.Product, dep.Cloud)
				moved := (x.Permitted && soldA) != (y.Permitted && soldB)
				listed := slices.ContainsFunc(d.Decisions, func(dc agreement.DecisionChange) bool {
					return slices.Contains(dc.Customers, c.ID) && slices.ContainsFunc(append(slices.Clone(dc.Gained), dc.Lost...), func(m agreement.Move) bool { return m.Deployment == dep.ID && len(m.Causes) > 0 })
				})
				if moved != listed {
					rt.Fatalf("%s for %s: moved %t, listed with a cause %t", dep.ID, c.ID, moved, listed)
				}
			}
		}
	})
}

// TestTheDifferenceKeepsDeliveryLicenseAndMoneyApart is the article's claim, read off the difference: what is done to
// licenses and shares orders nothing anew and moves deployments through checks 3 and 4 alone; what is done to an order
// moves no money and no license.
func TestTheDifferenceKeepsDeliveryLicenseAndMoneyApart(t *testing.T) {
	var docs [][]byte
	for _, name := range []string{"openai-microsoft.yaml", "openai-clouds.yaml"} {
		doc, err := os.ReadFile("../examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	terms := func(rt *rapid.T, all []*agreement.Agreement, date string) *agreement.Terms {
		v, err := agreement.NewSet(all...).AsOf(day(t, date), known)
		if err != nil {
			rt.Fatal(err)
		}
		return v
	}
	examples := example(t)
	rapid.Check(t, func(rt *rapid.T) {
		date := rapid.SampledFrom([]string{"2024-01-01", "2025-09-01", "2026-04-28", "2030-06-01"}).Draw(rt, "date")
		before := asOf(t, examples, date)

		rated := fresh(rt, docs)
		for _, c := range clausesOf[*agreement.License](rated) {
			if rapid.Bool().Draw(rt, c.ID) {
				c.Rights = c.Rights[:rapid.IntRange(0, len(c.Rights)).Draw(rt, "rights")]
			}
		}
		for _, c := range clausesOf[*agreement.RevenueShare](rated) {
			c.Rate = money.Rate{Num: rapid.Int64Range(0, 30).Draw(rt, "rate of "+c.ID), Den: 100}
		}
		d := agreement.Diff(before, terms(rt, rated, date), catalog())
		for i := range d.Items {
			if d.Items[i].Nature == agreement.OfDelivery {
				rt.Errorf("a license or share changed a delivery: %q", tell(d))
			}
		}
		for i := range d.Decisions {
			dc := &d.Decisions[i]
			for _, m := range append(slices.Clone(dc.Gained), dc.Lost...) {
				for _, cause := range m.Causes {
					if cause.Check != agreement.CheckLicense && cause.Check != agreement.CheckHost {
						rt.Errorf("%s moved through %s", m.Deployment, cause.Check)
					}
				}
			}
			if dc.Reordered {
				rt.Errorf("a license or share changed an order: %+v", dc)
			}
		}

		ordered := fresh(rt, docs)
		for _, c := range clausesOf[*agreement.Delivery](ordered) {
			c.Order = rapid.Permutation(c.Order).Draw(rt, "order of "+c.ID)
			c.Choice = rapid.SampledFrom([]string{"none", "group", "permitted"}).Draw(rt, "choice")
		}
		d = agreement.Diff(before, terms(rt, ordered, date), catalog())
		for i := range d.Items {
			if d.Items[i].Nature != agreement.OfDelivery || len(d.Items[i].Couplings) > 0 {
				rt.Errorf("an order changed %q", tell(d)[i])
			}
		}
		for i := range d.Decisions {
			if len(d.Decisions[i].Gained)+len(d.Decisions[i].Lost) > 0 {
				rt.Errorf("an order changed who may serve: %+v", d.Decisions[i])
			}
		}
	})
}

// TestEveryFieldOfAClauseIsCompared changes every field of every kind of clause: each must be named by the difference, so
// that a field that is added to a clause cannot be forgotten here.
func TestEveryFieldOfAClauseIsCompared(t *testing.T) {
	skip := []string{"Common", "ID", "Prose", "Source", "Pos", "Places", "Unsettled", "Condition"} // no part of the meaning, or (Condition) compiled from When
	for _, id := range []string{"run", "lic", "lab-sales", "cut", "capacity", "agi"} {
		find := func(all []*agreement.Agreement) agreement.Clause {
			for _, c := range clausesOf[agreement.Clause](all) {
				if c.Head().ID == id {
					return c
				}
			}
			t.Fatalf("no clause %s", id)
			return nil
		}
		base := reflect.ValueOf(find(set(t, everything).Agreements())).Elem()
		names := append(fieldNames(base.Type()), fieldNames(base.Field(0).Type())...)
		for _, name := range names {
			if slices.Contains(skip, name) {
				continue
			}
			a, b := set(t, everything), set(t, everything)
			field := reflect.ValueOf(find(b.Agreements())).Elem().FieldByName(name)
			if alter(field); name == "When" {
				field.SetString("stream")
			}
			d := agreement.Diff(asOf(t, a, "2026-06-01"), asOf(t, b, "2026-06-01"), nil)
			if len(d.Clauses) != 1 || len(d.Clauses[0].Fields) == 0 || d.Clauses[0].Fields[0].Field == "terms" {
				t.Errorf("%s: a change of %s is not told by its field: %+v", id, name, d.Clauses)
			}
		}
	}
}

func fieldNames(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		names = append(names, t.Field(i).Name)
	}
	return names
}

// alter gives a value another one.
func alter(v reflect.Value) {
	switch old := v.Interface().(type) {
	case money.Amount:
		sum, _ := old.Add(money.FromUnits(7))
		v.Set(reflect.ValueOf(sum))
		return
	case money.Rate:
		v.Set(reflect.ValueOf(money.Rate{Num: 1, Den: 17}))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 3)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Slice:
		one := reflect.New(v.Type().Elem()).Elem()
		alter(one)
		v.Set(reflect.Append(reflect.MakeSlice(v.Type(), 0, 1), one))
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		} else {
			v.Set(reflect.Zero(v.Type()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); v.Type().Field(i).Name != "Pos" {
				alter(f)
				return
			}
		}
	}
}

func TestAConditionOnStreamsIsAskedBothWays(t *testing.T) {
	const chain = `
amendments:
  - id: a
    effective: 2026-01-01
    adds:
      - {id: run, kind: delivery, products: [lab/m], clouds: [labcloud], term: perpetual}
      - {id: sales, kind: sale, seller: lab, products: [lab/m], price: {book: list}, streams: {license: "60%", cloud: "40%"}, term: perpetual}
  - id: b
    effective: 2026-02-01
    replaces: [{id: run, kind: delivery, products: [lab/m], clouds: [labcloud], when: "stream", term: perpetual}]
`
	d := diff(t, set(t, chain), "2026-01-15", "2026-02-15", nil)
	if len(d.Decisions) != 1 || d.Decisions[0].Only != "not streamed" || len(d.Decisions[0].Lost) != 1 {
		t.Fatalf("%+v", d.Decisions)
	}
	if got := strings.Join(tell(d), "\n"); !strings.Contains(got, "when stream") {
		t.Errorf("no item tells the condition:\n%s", got)
	}
}

func TestAnotherFileMayChangePartiesProductsAndSettlements(t *testing.T) {
	a := asOf(t, set(t, everything), "2026-06-01")
	for _, c := range []struct{ old, new, want string }{
		{"aliases: [m]", "aliases: [m, n]", "Product lab/m (deal): of lab, also called m, by chat and responses, stateless -> of lab, also called m and n, by chat and responses, stateless [record]"},
		{"period: month", "period: quarter", "Settlement between Lab and North (deal): by the month, due after 45 days, net true -> by the quarter, due after 45 days, net true [record]"},
		{`base: "70 USD"`, `base: "71 USD"`, "Opening totals of cut (deal): base 70 USD, share 14 USD as of 2026-01-01 -> base 71 USD, share 14 USD as of 2026-01-01 [record]"},
		{"agreement: deal", "agreement: other", "Party lab (other): nothing -> Lab, operates labcloud [record]"},
	} {
		b := asOf(t, set(t, strings.Replace(everything, c.old, c.new, 1)), "2026-06-01")
		d := agreement.Diff(a, b, nil)
		if !slices.Contains(tell(d), c.want) {
			t.Errorf("the difference lacks\n  %s\nit has\n  %s", c.want, strings.Join(tell(d), "\n  "))
		}
		if got, err := d.Apply(a); err != nil || got.Hash() != b.Hash() {
			t.Errorf("%s: applying it makes other terms (%v)", c.new, err)
		}
	}
}
