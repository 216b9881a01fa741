package agreementfile

import "concord/agreement"

// A gap is a field or word of the format that nothing evaluates yet: what would have to be posted or decided for it to
// have its effect, and what to write meanwhile.
type gap struct{ lacks, remedy string }

// notSettled is the rule of such fields.
const notSettled = "not-settled-yet"

// notYet lists what the format has and nothing evaluates yet, by path or by path=value. A file that uses it is read, shown
// and compared, with a warning; ledger.Check refuses to post under it, for money that leaves a term out would be wrong.
// Support for one of them deletes its row.
var notYet = map[string]gap{
	"sale.charge.refused=delivered": {"a refused request delivers nothing", "write none"},
	"sale.charge.refused=reported":  {"a refused request reaches no cloud", "write none"},
	"sale.charge.failed=delivered":  {"a failed request delivers nothing", "write none"},
	"sale.charge.failed=reported":   {"what a cloud bills for a failed request is a cost of the account holder", "write none"},
	"facts.kind=grants":             {"no clause waits for it", "state what is granted as a clause of an amendment, or by accepts, declines or cannot-support"},
	"facts.kind=revokes":            {"no clause waits for it", "write withdrawn: DATE at the fact that no longer stands, or end the clause by an amendment"},
}

// settles warns of a field or word of the format that nobody settles yet, and notes it on its clause: the ledger refuses to
// post under such a clause, and everything else takes it as it stands. Facts of that kind touch no clause.
func (o *object) settles(name, path string, pos agreement.Pos) {
	g, ok := notYet[path]
	switch {
	case !ok:
	case o.head == nil:
		o.r.find(agreement.Warning, notSettled, pos, g.remedy, "%s has no effect yet: %s", path, g.lacks)
	default:
		o.r.find(agreement.Warning, notSettled, pos, g.remedy, "%s is not settled yet, and serve refuses it: %s", path, g.lacks)
		if o.field != "" {
			name = joinField(o.field, name)
		}
		o.head.Unsettled = append(o.head.Unsettled, agreement.Gap{Field: name, Lacks: g.lacks, Remedy: g.remedy, Pos: pos})
	}
}
