package agreementfile

import "slices"

// A schemaObject lists the fields of one kind of mapping, under the path by which the parser reads it.
type schemaObject struct {
	path   string
	about  string
	either []string // exactly one of these must be there
	fields []schemaField
}

// A schemaField is one field: its name, with "!" where it must be there, its form, and what it means. Forms are the names
// of schemaForms, "words: a b" for one of a set, "list: a b" for several, "object" and "objects" for the mapping that has
// the field's path, and "map: FORM" for a mapping from ids.
type schemaField struct{ name, form, about string }

// schemaObjects is the format as editors see it. TestTheSchemaKnowsWhatTheParserReads holds it to the parser.
func schemaObjects() []schemaObject {
	return slices.Concat(documentObjects(), factObjects(), deliveryObjects(), licenseObjects(), saleObjects(), shareObjects(), otherObjects())
}

func documentObjects() []schemaObject {
	const apis = "words: chat responses embeddings completions images audio moderations"
	return []schemaObject{
		{path: "", about: "An agreement: parties, products and a dated chain of amendments.", fields: []schemaField{
			{"concord!", "version", "version of the format: 1"},
			{"agreement!", "id", "name of the agreement; clauses are known by agreement and id"},
			{"title", "text", "title for people"},
			{"policy", "id", "the customer whose policy this is; a policy narrows what agreements permit"},
			{"currency!", "currency", "currency of every amount in the file"},
			{"zone!", "text", "time zone in which days, months and years begin, such as America/Los_Angeles"},
			{"conflicts", "words: invalid permit prohibit", "what two clauses that disagree come to, without a priority; invalid if not said"},
			{"parties!", "map: object", "companies, by id"},
			{"products", "map: object", "what is delivered, by OWNER/MODEL"},
			{"settlement", "objects", "how two parties settle"},
			{"opening", "objects", "running totals from before the journal begins"},
			{"amendments!", "objects", "the chain; the first one is the agreement's start"},
			{"facts", "objects", "what happened, and who says so"},
		}},
		{path: "parties", about: "A party.", fields: []schemaField{
			{"name", "text", "name for people"},
			{"operates", "ids", "clouds that it runs"},
		}},
		{path: "products", about: "A product.", fields: []schemaField{
			{"owner", "id", "who owns it; the part of its id before the slash"},
			{"aliases", "ids", "what clients send as model"},
			{"apis", "list" + apis[5:], "interfaces that it has"},
			{"state", "words: stateless stateful", "whether the cloud keeps state for it"},
			{"open_weights", "id", "its public license, such as Apache-2.0"},
		}},
		{path: "settlement", about: "How two parties settle.", fields: []schemaField{
			{"between!", "ids", "the two parties"},
			{"period!", "words: month quarter year", "of a statement"},
			{"zone", "text", "time zone of the period; the agreement's if not said"},
			{"grace", "days", "how long late events still count to a period"},
			{"due", "days", "when a statement falls due"},
			{"deemed_accepted", "days", "days of silence that accept a statement"},
			{"net", "bool", "opposite amounts are set off"},
			{"minimum", "amount", "less than this is carried to the next period"},
			{"rounding", "object", "of a statement, once"},
			{"interest", "object", "on what is paid late"},
		}},
		{path: "settlement.rounding", about: "How a statement is rounded.", fields: []schemaField{
			{"scale", "int", "decimal places"},
			{"mode", "words: half-even half-up down", "what becomes of a half"},
		}},
		{path: "settlement.interest", about: "Interest on late payments.", fields: []schemaField{
			{"rate!", "rate", "per year"},
			{"day_count!", "words: actual/365 actual/360 30/360", "how days are counted"},
		}},
		{path: "opening", about: "Running totals of a clause from before the journal begins.", fields: []schemaField{
			{"clause!", "id", "the clause"},
			{"as_of!", "instant", "the instant at which the totals stood so"},
			{"base", "amount", "of what was shared"},
			{"uncapped", "amount", "share before caps"},
			{"capped", "amount", "share after caps"},
			{"stated", "amount", "what statements said"},
			{"paid", "amount", "what was paid"},
			{"provenance", "provenance", "how well they are known"},
		}},
		{path: "amendments", about: "Clauses that are added, replaced or ended from an instant on.", fields: []schemaField{
			{"id!", "id", "names the amendment, for instance by its date"},
			{"title", "text", "title for people"},
			{"effective!", "instant", "when it takes effect"},
			{"recorded", "instant", "when it became known; without it, it counts as always known"},
			{"after", "id", "the amendment that it comes after, where dates do not say"},
			{"source", "source", "where it comes from"},
			{"adds", "clauses", "new clauses"},
			{"replaces", "clauses", "whole clauses in place of those with their ids; totals carry on"},
			{"ends", "ids", "clauses that end"},
		}},
	}
}

func factObjects() []schemaObject {
	return []schemaObject{
		{path: "source", about: "Where a term comes from.", fields: []schemaField{
			{"url", "text", "where it can be read"},
			{"provenance", "provenance", "how well it is known"},
		}},
		{path: "facts", about: "Something dated that clauses refer to.", fields: []schemaField{
			{"id!", "id", "names the fact"},
			{"kind!", "words: ships retires cannot-support declines offers accepts grants declares verifies revokes", "what happened"},
			{"product", "id", "which product"},
			{"cloud", "id", "on which cloud"},
			{"milestone", "id", "which milestone"},
			{"offer", "id", "which offer of capacity"},
			{"by!", "id", "who says so; it must be the party entitled to say it"},
			{"on!", "instant", "when it happened"},
			{"recorded", "instant", "when it became known"},
			{"withdrawn", "instant", "when it was taken back"},
			{"evidence", "text", "what shows it"},
			{"provenance", "provenance", "how well it is known"},
		}},
		{path: "begin", about: "A beginning by condition.", fields: []schemaField{
			{"milestone!", "id", "the milestone that begins the clause"},
			{"state", "words: declared verified", "the state that it must have; verified if not said"},
		}},
		{path: "end", about: "An end by condition.", fields: []schemaField{
			{"milestone", "id", "the milestone that ends the clause"},
			{"state", "words: declared verified", "the state that it must have; verified if not said"},
			{"first_of", "ends", "the first of several ends"},
		}},
		{path: "end.first_of", about: "One of several ends.", fields: []schemaField{
			{"until", "until", "the first instant that no longer counts"},
			{"through", "through", "the last day, month or year that still counts"},
			{"milestone", "id", "a milestone"},
			{"state", "words: declared verified", "the state that it must have"},
			{"first_of", "ends", "the first of several ends"},
		}},
	}
}

// headFields are those of every clause.
func headFields() []schemaField {
	return []schemaField{
		{"id!", "id", "names the clause in decisions, books and statements; an ended id is never used again"},
		{"kind!", "kind", "delivery, license, sale, revenue-share, commitment or milestone"},
		{"prose", "text", "the sentence that the clause implements"},
		{"source", "source", "where it comes from; that of the amendment if not said"},
		{"provenance", "provenance", "how well it is known; short for source: {provenance}"},
		{"from", "from", "when it begins, or the milestone that it waits for; with its amendment if not said"},
		{"until", "until", "the first instant that no longer counts, or a condition"},
		{"through", "through", "the last day, month or year that still counts"},
		{"term", "perpetual", "it does not end"},
		{"retroactive", "bool", "a milestone begins or ends it at its fact's date, even if recorded later"},
		{"priority", "int", "of clauses that disagree, the higher one decides"},
		{"when", "text", "a condition over the request's facts"},
		{"retro", "words: true_up keep", "what a retroactive amendment does to what has accrued"},
		{"continues", "id", "clause whose running totals carry on"},
		{"survives", "ids", "what outlives the clause"},
	}
}

// territoryFields are those of a territory.
func territoryFields() []schemaField {
	return []schemaField{
		{"customer", "ids", "where the buyer is"},
		{"processing", "ids", "where it runs"},
	}
}

func deliveryObjects() []schemaObject {
	return []schemaObject{
		{path: "delivery", about: "Where products may run, and in which order.", either: []string{"order", "clouds"}, fields: []schemaField{
			{"products!", "choice-of-products", "ids, or a prefix and one *"},
			{"customers", "names", "which customers; all if not said"},
			{"apis", "listorall: chat responses embeddings completions images audio moderations", "which interfaces; all if not said"},
			{"states", "listorall: stateless stateful", "state of the product; all if not said"},
			{"mode", "words: permit exclusive prohibited", "on these clouds (default), on these and no other, or not on these"},
			{"order", "groups", "groups of clouds, the first one first"},
			{"clouds", "ids", "short for one group"},
			{"within", "within", "order inside a group; declared if not said"},
			{"choice", "words: none group permitted", "may a customer's home cloud go first; group if not said"},
			{"leave_for", "list: down throttled unsupported region", "a later group is tried only for these; [] = never"},
			{"first_ship", "object", "a product must have shipped on one cloud first"},
			{"first_refusal", "object", "capacity must have been offered to a holder first"},
			{"territory", "object", "where it applies"},
		}},
		{path: "delivery.within", about: "An order by weights.", fields: []schemaField{
			{"weighted!", "map: int", "cloud: weight"},
		}},
		{path: "delivery.first_ship", about: "First ship.", fields: []schemaField{
			{"cloud!", "id", "the first cloud"},
			{"lead", "days", "how long it has the product alone"},
			{"applies_to", "words: all", "all products, also those that shipped before the clause began"},
			{"exception", "exception", "facts that lift the rule: {all: [...]} or {any: [...]}"},
		}},
		{path: "delivery.first_ship.exception", about: "Facts that lift the rule.", either: []string{"all", "any"}, fields: []schemaField{
			{"all", "list: cannot-support declines", "all of them"},
			{"any", "list: cannot-support declines", "any of them"},
		}},
		{path: "delivery.first_refusal", about: "Right of first refusal.", fields: []schemaField{
			{"holder!", "id", "the party that is asked first"},
			{"for!", "words: capacity", "of what"},
			{"window!", "days", "how long it may answer"},
			{"silence!", "words: refusal acceptance", "what no answer means"},
		}},
		{path: "delivery.territory", about: "A territory.", fields: territoryFields()},
	}
}

func licenseObjects() []schemaObject {
	return []schemaObject{
		{path: "license", about: "Who may use products.", fields: []schemaField{
			{"licensor!", "id", "who gives it"},
			{"licensee!", "id", "who has it"},
			{"products!", "choice-of-products", "ids, or a prefix and one *"},
			{"rights!", "list: host serve fine-tune sub-license", "what it allows"},
			{"clouds", "names", "on which clouds; all if not said"},
			{"territory", "object", "where it applies"},
			{"exclusivity!", "words: exclusive sole non-exclusive", "the licensee only, licensee and licensor, or others too"},
			{"reserved", "list: host serve fine-tune sub-license", "what the licensor keeps in an exclusive license"},
			{"fee", "object", "a fixed amount for it"},
		}},
		{path: "license.territory", about: "A territory.", fields: territoryFields()},
		{path: "license.fee", about: "A fixed amount, earned evenly over the days in force.", fields: []schemaField{
			{"amount!", "amount", "how much"},
			{"per!", "words: month quarter year", "for how long"},
			{"stream", "words: license cloud", "of which stream it is revenue; license if not said"},
			{"prorate", "words: day none", "what a part of a period costs; by days if not said"},
		}},
	}
}

func saleObjects() []schemaObject {
	return []schemaObject{
		{path: "sale", about: "On which terms a seller bills its customers.", fields: []schemaField{
			{"seller!", "id", "who bills"},
			{"products!", "choice-of-products", "ids, or a prefix and one *"},
			{"clouds", "names", "on which clouds; all if not said"},
			{"price!", "object", "at what price"},
			{"streams!", "object", "parts of the price, exactly 100 %"},
			{"charge", "object", "what is charged when an answer does not end well"},
		}},
		{path: "sale.price", about: "A price.", fields: []schemaField{
			{"book!", "id", "the price book"},
			{"discount", "rate", "off its prices"},
			{"tax", "rate", "on its prices"},
		}},
		{path: "sale.streams", about: "Parts of a price.", fields: []schemaField{
			{"license", "rate", "for the right to use the product"},
			{"cloud", "rate", "for running it"},
		}},
		{path: "sale.charge", about: "What is charged, by outcome.", fields: []schemaField{
			{"cut", "words: none delivered reported", "the cloud broke off"},
			{"cancelled", "words: none delivered reported", "the client left"},
			{"refused", "words: none delivered reported", "nothing was delivered"},
			{"failed", "words: none delivered reported", "no cloud could answer"},
			{"interrupted", "words: none delivered reported", "the gateway broke off"},
		}},
	}
}

func shareObjects() []schemaObject {
	return []schemaObject{
		{path: "revenue-share", about: "What one party owes others of a revenue.", either: []string{"payee", "payees"}, fields: []schemaField{
			{"payer!", "id", "who owes"},
			{"payee", "id", "to whom"},
			{"payees", "map: rate", "to whom which part, exactly 100 %"},
			{"base", "object", "of what it is a share"},
			{"deductions", "objects", "what lowers the base"},
			{"rate", "rate", "the share"},
			{"tiers", "object", "rates by the size of the base"},
			{"caps", "objects", "up to how much; the smallest headroom wins"},
			{"overpaid", "words: credit keep", "what becomes of what was paid too much"},
			{"guarantee", "object", "a minimum"},
			{"negative", "words: carry floor pay_back", "what becomes of a negative base"},
			{"stack", "bool", "it is owed beside another share of its flow"},
			{"favoured", "object", "the best rate of peers"},
			{"fx", "object", "how other currencies are converted"},
		}},
		{path: "revenue-share.base", about: "Of what a share is taken.", fields: []schemaField{
			{"revenue_of!", "id", "whose revenue"},
			{"from!", "list: sales shares fees", "which revenue"},
			{"except_from", "ids", "parties whose payments do not count"},
			{"streams", "listorall: license cloud", "all if not said"},
			{"clouds", "names", "all if not said"},
			{"products", "choice-of-products", "all if not said"},
			{"amount", "words: gross net", "gross if not said"},
		}},
		{path: "revenue-share.deductions", about: "What lowers a base.", fields: []schemaField{
			{"of!", "list: tax refunds credits marketplace-fee", "what is deducted"},
			{"at_most", "rate", "part of the base"},
			{"per", "words: period month quarter year", "over which span"},
		}},
		{path: "revenue-share.tiers", about: "Rates by the size of the base.", fields: []schemaField{
			{"mode!", "words: marginal whole", "each part at its rate, or all of it at the last one"},
			{"reset!", "words: year quarter month never", "when the base begins at zero again"},
			{"steps!", "objects", "the tiers, the last one without up_to"},
		}},
		{path: "revenue-share.tiers.steps", about: "A tier.", fields: []schemaField{
			{"up_to", "number", "upper bound of the base, included"},
			{"rate!", "rate", "its rate"},
		}},
		{path: "revenue-share.caps", about: "A cap.", fields: []schemaField{
			{"amount!", "amount", "up to how much"},
			{"per!", "words: day month quarter year total", "over which span"},
			{"counts_from", "instant", "what falls due before does not count"},
			{"excess", "words: lost carry", "what becomes of what is above; lost if not said"},
		}},
		{path: "revenue-share.guarantee", about: "A minimum.", fields: []schemaField{
			{"amount!", "amount", "how much"},
			{"per!", "words: month quarter year total", "over which span"},
			{"due", "words: start end", "when it is owed"},
			{"recoupable", "bool", "later shares count against it"},
			{"cross_period", "bool", "also those of later periods"},
		}},
		{path: "revenue-share.favoured", about: "The best rate of peers.", fields: []schemaField{
			{"peers!", "ids", "whose rates count"},
			{"from", "instant", "since when"},
		}},
		{path: "revenue-share.fx", about: "How other currencies are converted.", fields: []schemaField{
			{"source!", "id", "name of the rates"},
			{"moment!", "words: event-day month-average period-end", "of which moment"},
		}},
	}
}

func otherObjects() []schemaObject {
	return []schemaObject{
		{path: "commitment", about: "What a buyer has committed to buy.", fields: []schemaField{
			{"buyer!", "id", "who buys"},
			{"seller!", "id", "from whom"},
			{"amount!", "amount", "for how much"},
			{"window", "object", "within which time"},
			{"sub_windows", "words: year quarter month", "parts of the window"},
			{"counts", "object", "what draws it down"},
			{"shortfall", "words: invoice extend forfeit", "what becomes of what was not bought"},
			{"carry_over", "bool", "what was bought too much counts to the next part"},
			{"prepaid", "bool", "it is paid beforehand"},
		}},
		{path: "commitment.window", about: "A window.", fields: []schemaField{
			{"from", "instant", "when it begins"},
			{"until", "until", "the first instant that no longer counts"},
			{"through", "through", "the last day, month or year that still counts"},
		}},
		{path: "commitment.counts", about: "What draws a commitment down.", fields: []schemaField{
			{"amount", "words: cost charged", "cost if not said"},
			{"streams", "listorall: license cloud", "all if not said"},
			{"clouds", "names", "all if not said"},
			{"products", "choice-of-products", "all if not said"},
		}},
		{path: "milestone", about: "An event that somebody declares and somebody verifies.", fields: []schemaField{
			{"name!", "id", "what ends refer to"},
			{"declares", "id", "who declares it"},
			{"verifies", "id", "who verifies it"},
		}},
		{path: "products.match", about: "A choice of products.", fields: []schemaField{
			{"match!", "patterns", "ids, or a prefix and one *"},
			{"except", "patterns", "but not these"},
		}},
	}
}
