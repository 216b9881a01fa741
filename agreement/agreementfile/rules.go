package agreementfile

import (
	"slices"

	"concord/agreement"
)

// Rules returns the rules of a document's form, by id. All of them are errors, but for what is not settled yet. docs/rules.md has a section for each.
func Rules() []agreement.Rule {
	rule := func(id, summary string) agreement.Rule {
		return agreement.Rule{ID: id, Severity: agreement.Error, Summary: summary}
	}
	return []agreement.Rule{
		rule("anchor", "anchors, aliases, merges, tags and directives are not part of the format"),
		rule("bad-amount", "an amount is not a number and a currency"),
		rule("bad-condition", "a condition is not one"),
		rule("bad-date", "a date is not one"),
		rule("bad-id", "a name has letters that names cannot have"),
		rule("bad-rate", "a rate is not a ratio from zero to one"),
		rule("bare-end-date", "an end does not say whether its date still counts"),
		rule("condition-fact", "a condition names a fact that is not known where its clause is applied"),
		rule("currency", "a currency is unknown, or not that of the agreement"),
		rule("duplicate-item", "a list names something twice"),
		rule("duplicate-key", "a field is there twice"),
		rule("empty-list", "a list is empty that must not be"),
		rule("missing-field", "a field is missing"),
		rule("missing-value", "a field has no value"),
		{ID: notSettled, Severity: agreement.Warning, Summary: "a field of the format is read, and nobody settles it yet"},
		rule("policy-field", "a customer's policy says what only agreements say"),
		rule("reserved", "rights are reserved in a license that is not exclusive"),
		rule("said-twice", "one thing is said in two ways"),
		rule("too-deep", "the document nests too deep"),
		rule("too-large", "the document is too large"),
		rule("too-many-clauses", "the document has too many clauses"),
		rule("too-many-fields", "a mapping of the document has too many fields"),
		rule("too-many-findings", "the document has too many findings"),
		rule("unknown-field", "a field is not part of the format"),
		rule("unknown-value", "a word is not one of those that a field can have"),
		rule("unquoted-amount", "an amount or rate stands without quotes"),
		rule("version", "the document is of another version of the format"),
		rule("wrong-type", "a value has another form than it should"),
		rule("yaml", "the document is not YAML"),
		rule("zone", "a time zone is unknown"),
	}
}

func isRule(id string) bool {
	return slices.ContainsFunc(slices.Concat(Rules(), ShortRules()), func(r agreement.Rule) bool { return r.ID == id })
}
