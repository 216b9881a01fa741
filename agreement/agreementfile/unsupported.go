package agreementfile

import "concord/agreement"

// notYet lists what the format has and nothing evaluates yet, by path or by path=value. A file that uses it is refused,
// for a term that is read and then ignored is worse than none. Support for one of them deletes its row.
var notYet = map[string]string{
	"sale.price.tax":                  "state prices without tax",
	"revenue-share.deductions":        "state the share of the gross base",
	"revenue-share.favoured":          "state the rate as it stands",
	"revenue-share.fx":                "keep the agreement in one currency",
	"revenue-share.overpaid":          "leave it out",
	"revenue-share.retro":             "state the amendment from its effective instant on",
	"revenue-share.priority":          "state one share for each flow",
	"revenue-share.negative=floor":    "leave it out: a negative base carries over",
	"revenue-share.negative=pay_back": "leave it out: a negative base carries over",
	"revenue-share.base.amount=net":   "state the share of the gross base",
	"revenue-share.base.from=fees":    "leave fees out: no license has one yet",
	"revenue-share.caps.excess=carry": "leave it out: what is above a cap is lost",
	"commitment.sub_windows":          "state one window",
	"commitment.shortfall":            "leave it out: drawdown is shown, a shortfall is not invoiced",
	"commitment.carry_over":           "leave it out",
	"commitment.prepaid":              "leave it out",
	"sale.charge.refused=delivered":   "write none: a refused request delivers nothing",
	"sale.charge.refused=reported":    "write none: a refused request reaches no cloud",
	"sale.charge.failed=delivered":    "write none",
	"sale.charge.failed=reported":     "write none",
	"facts.kind=retires":              "end the clause, or narrow its products",
	"facts.kind=grants":               "leave the fact out",
	"facts.kind=revokes":              "leave the fact out",
}

// refuseUnsupported reports a field or word of the format that has no effect yet.
func (o *object) refuseUnsupported(path string, pos agreement.Pos) {
	if remedy, ok := notYet[path]; ok {
		o.r.report("not-supported-yet", pos, remedy, "%s has no effect yet", path)
	}
}
