package agreement_test

import (
	"strings"
	"testing"

	"concord/agreement"
)

// ask gives the verdict for customer acme, who buys from all, on a deployment of a product.
func ask(t *testing.T, s *agreement.Set, date, product, cloud, seller string, change ...func(*agreement.Customer, *agreement.Deployment)) agreement.Verdict {
	t.Helper()
	c := agreement.Customer{ID: "acme", Sellers: [][]string{{"lab", "north", "south"}}}
	d := agreement.Deployment{ID: "d", Product: product, Cloud: cloud, Seller: seller, Holder: seller}
	for _, f := range change {
		f(&c, &d)
	}
	return asOf(t, s, date).Verdict(&c, &d, agreement.Chat)
}

func permits(t *testing.T, what string, v agreement.Verdict) {
	t.Helper()
	if !v.Permitted {
		t.Errorf("%s is refused: %s", what, v.Reason)
	}
}

func refuses(t *testing.T, what string, v agreement.Verdict, check agreement.Check, reason string) {
	t.Helper()
	if v.Failed != check || v.Reason != reason {
		t.Errorf("%s: got %s, %q; want %s, %q", what, v.Failed, v.Reason, check, reason)
	}
}

// start is a document of one amendment with these clauses.
func start(clauses ...string) string {
	return "amendments:\n  - id: start\n    effective: 2026-01-01\n    adds:\n      - " + strings.Join(clauses, "\n      - ") + "\n"
}

const anywhere = "{id: run, kind: delivery, products: [lab/*], order: [[northcloud], [southcloud, labcloud]], term: perpetual}"

func TestAFirstShipRuleHoldsAProductBack(t *testing.T) {
	rule := func(rule, facts string) *agreement.Set {
		return set(t, start("{id: run, kind: delivery, products: [lab/*], order: [[northcloud], [labcloud]], first_ship: {cloud: northcloud"+rule+"}, term: perpetual}")+"facts:"+facts)
	}
	const ship = "\n  - {id: s, kind: ships, product: lab/m, cloud: northcloud, on: 2026-03-01, by: north}"
	const cannot = "\n  - {id: c, kind: cannot-support, product: lab/m, cloud: northcloud, on: 2026-02-01, by: north}"
	const declines = "\n  - {id: n, kind: declines, product: lab/m, cloud: northcloud, on: 2026-02-15, by: north}"
	const early = "\n  - {id: e, kind: ships, product: lab/m, cloud: labcloud, on: 2025-06-01, by: lab}"

	none := rule("", " []")
	refuses(t, "without a fact", ask(t, none, "2026-06-01", "lab/m", "labcloud", "lab"), agreement.CheckCloud, "lab/m is not shipped on northcloud (run)")
	permits(t, "the first cloud", ask(t, none, "2026-06-01", "lab/m", "northcloud", "lab"))

	shipped := rule("", ship)
	refuses(t, "the day before", ask(t, shipped, "2026-02-28", "lab/m", "labcloud", "lab"), agreement.CheckCloud, "lab/m is not shipped on northcloud (run)")
	permits(t, "the day", ask(t, shipped, "2026-03-01", "lab/m", "labcloud", "lab"))
	refuses(t, "another product", ask(t, shipped, "2026-03-01", "lab/open", "labcloud", "lab"), agreement.CheckCloud, "lab/open is not shipped on northcloud (run)")

	lead := rule(", lead: 10d", ship)
	refuses(t, "within the lead", ask(t, lead, "2026-03-10", "lab/m", "labcloud", "lab"), agreement.CheckCloud, "lab/m shipped on northcloud less than 10 days ago (run)")
	permits(t, "after the lead", ask(t, lead, "2026-03-11", "lab/m", "labcloud", "lab"))

	all := rule(", exception: {all: [cannot-support, declines]}", cannot+declines)
	refuses(t, "one of all exceptions", ask(t, all, "2026-02-10", "lab/m", "labcloud", "lab"), agreement.CheckCloud, "lab/m is not shipped on northcloud (run)")
	permits(t, "all exceptions", ask(t, all, "2026-02-15", "lab/m", "labcloud", "lab"))
	permits(t, "any exception", ask(t, rule(", exception: {any: [cannot-support, declines]}", cannot), "2026-02-10", "lab/m", "labcloud", "lab"))

	permits(t, "an older product", ask(t, rule("", early), "2026-02-10", "lab/m", "labcloud", "lab"))
	refuses(t, "an older product, where all are held", ask(t, rule(", applies_to: all", early), "2026-02-10", "lab/m", "labcloud", "lab"), agreement.CheckCloud, "lab/m is not shipped on northcloud (run)")
}

func TestTermsDifferOnceALeadIsOver(t *testing.T) {
	s := set(t, start("{id: run, kind: delivery, products: [lab/*], order: [[northcloud], [labcloud]], first_ship: {cloud: northcloud, lead: 10d}, term: perpetual}")+
		"facts: [{id: s, kind: ships, product: lab/m, cloud: northcloud, on: 2026-03-01, by: north}]\n")

	if asOf(t, s, "2026-03-10").Hash() == asOf(t, s, "2026-03-11").Hash() {
		t.Error("a record cannot tell whether the lead was over")
	}
	if asOf(t, s, "2026-03-09").Hash() != asOf(t, s, "2026-03-10").Hash() {
		t.Error("terms that say the same have two hashes")
	}
}

func TestARightOfFirstRefusalGatesCapacity(t *testing.T) {
	right := func(silence, facts string) *agreement.Set {
		return set(t, start("{id: run, kind: delivery, products: [lab/*], order: [[northcloud], [southcloud]], first_refusal: {holder: north, for: capacity, window: 30d, silence: "+silence+"}, term: perpetual}")+"facts:"+facts)
	}
	const offer = "\n  - {id: o, kind: offers, offer: hall-7, on: 2026-02-01, by: lab}"
	const no = "\n  - {id: n, kind: declines, offer: hall-7, on: 2026-02-10, by: north}"
	const yes = "\n  - {id: y, kind: accepts, offer: hall-7, on: 2026-02-10, by: north}"
	hall := func(_ *agreement.Customer, d *agreement.Deployment) { d.Capacity = "hall-7" }
	at := func(s *agreement.Set, date string) agreement.Verdict {
		return ask(t, s, date, "lab/open", "southcloud", "lab", hall)
	}

	refuses(t, "not offered", at(right("refusal", " []"), "2026-02-05"), agreement.CheckCloud, "capacity hall-7 was not offered to north first (run)")
	permits(t, "other capacity", ask(t, right("refusal", " []"), "2026-02-05", "lab/open", "southcloud", "lab"))
	permits(t, "the holder's own cloud", ask(t, right("refusal", " []"), "2026-02-05", "lab/open", "northcloud", "lab", hall))
	refuses(t, "within the window", at(right("refusal", offer), "2026-03-02"), agreement.CheckCloud, "north may still answer the offer of capacity hall-7 (run)")
	permits(t, "after silence", at(right("refusal", offer), "2026-03-03"))
	refuses(t, "after silence that accepts", at(right("acceptance", offer), "2026-03-03"), agreement.CheckCloud, "north took up the capacity hall-7 by its silence (run)")
	permits(t, "declined", at(right("acceptance", offer+no), "2026-02-10"))
	refuses(t, "accepted", at(right("refusal", offer+yes), "2026-06-01"), agreement.CheckCloud, "north took up the capacity hall-7 (run)")
}

func TestAPriorityOrTheRuleForConflictsDecides(t *testing.T) {
	ban := func(more string) string {
		return "{id: not-south, kind: delivery, products: [lab/open], mode: prohibited, clouds: [southcloud], term: perpetual" + more + "}"
	}
	v := func(doc string) agreement.Verdict {
		return ask(t, set(t, doc), "2026-06-01", "lab/open", "southcloud", "south")
	}
	const reason = "lab/open may not be delivered on southcloud (not-south)"

	refuses(t, "without a rule", v(start(anywhere, ban(""))), agreement.CheckCloud, reason)
	refuses(t, "prohibit", v("conflicts: prohibit\n"+start(anywhere, ban(""))), agreement.CheckCloud, reason)
	permits(t, "permit", v("conflicts: permit\n"+start(anywhere, ban(""))))
	refuses(t, "priority of the ban", v("conflicts: permit\n"+start(anywhere, ban(", priority: 1"))), agreement.CheckCloud, reason)
	permits(t, "priority of the permission", v(start(strings.Replace(anywhere, "term:", "priority: 1, term:", 1), ban(""))))
}

const other = `
concord: 1
agreement: other
currency: USD
zone: UTC
parties: {north: {operates: [northcloud]}, south: {operates: [southcloud]}}
`

func TestOfSeveralAgreementsOnePermitsAndNoneProhibits(t *testing.T) {
	first := start("{id: run, kind: delivery, products: [lab/open], clouds: [northcloud], term: perpetual}")
	permit := other + start("{id: run-too, kind: delivery, products: [lab/open], order: [[southcloud], [northcloud]], term: perpetual}")
	ban := other + start("{id: ban, kind: delivery, products: [lab/open], mode: prohibited, clouds: [northcloud], term: perpetual}")

	refuses(t, "alone", ask(t, set(t, first), "2026-06-01", "lab/open", "southcloud", "south"), agreement.CheckCloud, "no clause permits lab/open on southcloud")
	v := ask(t, set(t, first, permit), "2026-06-01", "lab/open", "southcloud", "south")
	permits(t, "by the other", v)
	if v.Delivery.ID != "run" || v.Group != 1 {
		t.Errorf("ordered by %s, group %d; the owner is party to the first agreement only", v.Delivery.ID, v.Group)
	}
	refuses(t, "against the other", ask(t, set(t, first, ban), "2026-06-01", "lab/open", "northcloud", "north"), agreement.CheckCloud, "lab/open may not be delivered on northcloud (ban)")
}

func TestAPolicyNarrowsAndGrantsNothing(t *testing.T) {
	policy := strings.Replace(other, "currency:", "policy: acme\ncurrency:", 1) + start("{id: north-only, kind: delivery, products: [lab/*], clouds: [northcloud], term: perpetual}")
	s := set(t, start(anywhere), policy)
	globex := func(c *agreement.Customer, _ *agreement.Deployment) { c.ID = "globex" }

	permits(t, "what the policy leaves", ask(t, s, "2026-06-01", "lab/open", "northcloud", "north"))
	refuses(t, "what it takes out", ask(t, s, "2026-06-01", "lab/open", "southcloud", "south"), agreement.CheckCloud, "acme may run lab/open on northcloud only (north-only)")
	permits(t, "another customer", ask(t, s, "2026-06-01", "lab/open", "southcloud", "south", globex))
	refuses(t, "a policy alone", ask(t, set(t, strings.Replace(preamble, "currency:", "policy: acme\ncurrency:", 1)[1:]+
		start("{id: north-only, kind: delivery, products: [lab/*], clouds: [northcloud], term: perpetual}")), "2026-06-01", "lab/open", "northcloud", "north"),
		agreement.CheckCloud, "no clause permits lab/open on northcloud")
}

func TestALicenseCarriesItsRightsCloudsAndTerritory(t *testing.T) {
	lic := func(terms string) *agreement.Set {
		return set(t, start(anywhere, "{id: lic, kind: license, licensor: lab, licensee: south, products: [lab/m], exclusivity: non-exclusive, term: perpetual, "+terms+"}"))
	}
	south := func(s *agreement.Set, change ...func(*agreement.Customer, *agreement.Deployment)) agreement.Verdict {
		return ask(t, s, "2026-06-01", "lab/m", "southcloud", "south", change...)
	}
	const reason = "south has no license to serve lab/m on southcloud"
	in := func(territory, zone string) func(*agreement.Customer, *agreement.Deployment) {
		return func(c *agreement.Customer, d *agreement.Deployment) { c.Territory, d.Zone = territory, zone }
	}

	permits(t, "with the right", south(lic("rights: [serve]")))
	refuses(t, "without the right", south(lic("rights: [host]")), agreement.CheckLicense, reason)
	refuses(t, "on another cloud", south(lic("rights: [serve], clouds: [northcloud]")), agreement.CheckLicense, reason)
	permits(t, "to a buyer in the territory", south(lic("rights: [serve], territory: {customer: [eu]}"), in("eu", "us")))
	refuses(t, "to a buyer elsewhere", south(lic("rights: [serve], territory: {customer: [eu]}"), in("us", "eu")), agreement.CheckLicense, reason)
	permits(t, "running in the territory", south(lic("rights: [serve], territory: {processing: [eu]}"), in("us", "eu")))
	refuses(t, "running nobody says where", south(lic("rights: [serve], territory: {processing: [eu]}")), agreement.CheckLicense, reason)
	permits(t, "the owner", ask(t, lic("rights: [serve]"), "2026-06-01", "lab/m", "labcloud", "lab"))
	permits(t, "open weights", ask(t, lic("rights: [host]"), "2026-06-01", "lab/open", "southcloud", "south"))
}

func TestExclusivityBindsTheLicensor(t *testing.T) {
	lic := func(exclusivity string) *agreement.Set {
		return set(t, start(anywhere, "{id: lic, kind: license, licensor: lab, licensee: south, products: [lab/m], rights: [serve, sub-license], term: perpetual, exclusivity: "+exclusivity+"}",
			"{id: sub, kind: license, licensor: south, licensee: north, products: [lab/m], rights: [serve], exclusivity: non-exclusive, term: perpetual}"))
	}
	lab := func(s *agreement.Set) agreement.Verdict { return ask(t, s, "2026-06-01", "lab/m", "labcloud", "lab") }

	refuses(t, "exclusive", lab(lic("exclusive")), agreement.CheckLicense, "lab may not serve lab/m on labcloud: south has the exclusive license (lic)")
	permits(t, "exclusive, with the right reserved", lab(lic("exclusive, reserved: [serve]")))
	permits(t, "sole", lab(lic("sole")))
	permits(t, "non-exclusive", lab(lic("non-exclusive")))
	permits(t, "a sub-licensee of the exclusive licensee", ask(t, lic("exclusive"), "2026-06-01", "lab/m", "northcloud", "north"))
}

func TestAClauseCoversOnlyWhatItNames(t *testing.T) {
	s := set(t, start("{id: run, kind: delivery, products: [lab/m], clouds: [labcloud], customers: [acme], apis: [chat], states: [stateless], territory: {customer: [eu]}, term: perpetual}"))
	eu := func(c *agreement.Customer, _ *agreement.Deployment) { c.Territory = "eu" }
	globex := func(c *agreement.Customer, _ *agreement.Deployment) { c.ID, c.Territory = "globex", "eu" }
	const reason = "no clause permits lab/m on labcloud"

	permits(t, "all of it", ask(t, s, "2026-06-01", "lab/m", "labcloud", "lab", eu))
	refuses(t, "another place", ask(t, s, "2026-06-01", "lab/m", "labcloud", "lab"), agreement.CheckCloud, reason)
	refuses(t, "another customer", ask(t, s, "2026-06-01", "lab/m", "labcloud", "lab", globex), agreement.CheckCloud, reason)
	terms := asOf(t, s, "2026-06-01")
	c := agreement.Customer{ID: "acme", Territory: "eu", Sellers: [][]string{{"lab"}}}
	d := agreement.Deployment{ID: "d", Product: "lab/m", Cloud: "labcloud", Seller: "lab", Holder: "lab"}
	refuses(t, "another surface", terms.Verdict(&c, &d, agreement.Images), agreement.CheckCloud, reason)
}
