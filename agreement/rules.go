package agreement

import "slices"

// A Rule is something that Lint looks for. docs/rules.md has a section for each, with a case that fails and one that
// passes.
type Rule struct {
	ID       string
	Severity Severity
	Summary  string
}

// Rules returns the rules of Lint, by id.
func Rules() []Rule {
	return []Rule{
		{"agreement-twice", Error, "an agreement is loaded twice"},
		{"alias-twice", Error, "a product's name or alias stands for two products"},
		{"amendment-gap", Warning, "something that a clause allowed is not allowed for a while until its successor begins"},
		{"amendment-order", Error, "the order of two amendments of one clause is not determined"},
		{"amendment-overlap", Warning, "an amendment gives a right that an earlier license still gives"},
		{"amendment-twice", Error, "two amendments have one id"},
		{"cap-below-accrued", Warning, "a cap is below what has accrued already"},
		{"clause-in-use", Error, "an amendment adds an id that is in force"},
		{"clause-reused", Error, "an amendment adds an id that has ended"},
		{"cloud-twice", Error, "a cloud is operated by two parties"},
		{"commitment-overlap", Error, "one purchase counts to two commitments"},
		{"continues-overlap", Error, "a clause carries on the totals of one that is still in force"},
		{"condition-always", Warning, "a condition is always true"},
		{"condition-never", Warning, "a condition is never true"},
		{"condition-unguarded", Warning, "a condition surprises for customers without an attribute"},
		{"customer-twice", Error, "the catalog has two customers of one id"},
		{"delivery-contradiction", Error, "one delivery clause permits what another prohibits"},
		{"delivery-order", Error, "two delivery clauses of one priority order the same products differently"},
		{"deployment-twice", Error, "the catalog has two deployments of one id"},
		{"empty-term", Error, "a clause ends before it begins"},
		{"exclusivity-contradiction", Error, "an exclusive promise stands beside one that breaks it"},
		{"fact-not-entitled", Error, "a fact is stated by a party that is not entitled to"},
		{"fact-twice", Error, "two facts have one id"},
		{"first-ship-logic", Error, "a first-ship rule does not say whether all or any of its exceptions are needed"},
		{"history-too-long", Error, "the terms change more often than can be held"},
		{"license-ends-early", Warning, "a license ends before the delivery that needs it"},
		{"milestone-nobody", Error, "nobody may state what a milestone or an end waits for"},
		{"missing-end", Warning, "a clause does not say when it ends"},
		{"no-sale", Error, "a deployment may serve, and no sale clause says on which terms"},
		{"no-settlement", Warning, "one party owes another, and no settlement says in which periods"},
		{"not-in-force", Error, "an amendment replaces or ends a clause that is not in force"},
		{"not-public", Warning, "a term is reported or assumed"},
		{"payees-sum", Error, "the parts of a share's payees do not sum to 100 %"},
		{"policy-narrows", Error, "a customer's policy grants something"},
		{"policy-order-ignored", Warning, "the order of a customer's policy has no effect"},
		{"product-contradiction", Error, "two files declare a product differently"},
		{"sale-overlap", Error, "two sale clauses apply to one sale"},
		{"share-circle", Error, "revenue shares rest on each other"},
		{"share-incomplete", Error, "a share has no rate, no base, or a cap of nothing"},
		{"share-overlap", Error, "two shares of one flow take from the same base"},
		{"shares-above-whole", Error, "the shares of one base come to more than 100 %"},
		{"start-before-amendment", Error, "a clause begins before the amendment that brings it"},
		{"streams-sum", Error, "the streams of a price do not sum to 100 %"},
		{"tiers-steps", Error, "the steps of tiers do not follow each other up to one without a bound"},
		{"tiers-window", Error, "something cuts a window in which tiers add a base up"},
		{"too-intricate", Error, "the agreements take more work to check than anybody should give"},
		{"undeliverable", Error, "a product may never be delivered by anybody"},
		{"unknown-amendment", Error, "an amendment comes after one that does not exist"},
		{"unknown-clause", Error, "something refers to a clause that does not exist"},
		{"unknown-cloud", Error, "a cloud's name is probably misspelled, or a deployment is on a cloud that nobody operates"},
		{"unknown-customer", Warning, "a clause names a customer whom the catalog does not have"},
		{"unknown-milestone", Error, "an end or a fact names a milestone that no clause defines"},
		{"unknown-party", Error, "a party is not declared"},
		{"unknown-product", Error, "a product is not declared"},
		{"unoperated-cloud", Warning, "a clause names a cloud that no party operates"},
	}
}

func ruleByID(id string) (Rule, bool) {
	rules := Rules()
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
}
