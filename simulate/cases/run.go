package cases

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"concord/agreement"
	"concord/agreement/condition"
	"concord/money"
	"concord/simulate"
	"concord/usage"
)

// Everything is the instant at which everything that files say is known.
func Everything() time.Time { return time.Date(2261, 12, 31, 0, 0, 0, 0, time.UTC) }

// maxTimes bounds how often one entry is posted.
const maxTimes = 1_000_000

// Offer puts the catalog of the file, if it has one, into a scene.
func (f *File) Offer(scene *simulate.Scene) {
	if f.Catalog == nil {
		return
	}
	c := &agreement.Catalog{}
	for _, d := range f.Catalog.Deployments {
		out := agreement.Deployment{ID: d.ID.Value, Product: d.Product.Value, Cloud: d.Cloud.Value, Region: d.Region.Value, Zone: d.Zone.Value,
			Seller: d.Seller.Value, Holder: d.Holder.Value, Capacity: d.Capacity.Value, Pos: d.ID.Pos(f.Name)}
		if out.Holder == "" {
			out.Holder = out.Seller
		}
		for _, api := range d.APIs {
			out.APIs = append(out.APIs, agreement.API(api.Value))
		}
		c.Deployments = append(c.Deployments, out)
	}
	for _, o := range f.Catalog.Customers {
		out := agreement.Customer{ID: o.ID.Value, Name: o.ID.Value, Home: o.Home.Value, Zones: values(o.Zones), Territory: o.Territory.Value, Attributes: attributes(o.Attributes), Pos: o.ID.Pos(f.Name)}
		for _, alike := range o.Sellers {
			out.Sellers = append(out.Sellers, values(alike))
		}
		c.Customers = append(c.Customers, out)
	}
	scene.Catalog, scene.Derived = c, false
}

func attributes(of map[string]Text) []condition.Attribute {
	plain := make(map[string]string, len(of))
	for name, v := range of {
		plain[name] = v.Value
	}
	return condition.AttributesOf(plain)
}

func values(list []Text) []string {
	var out []string
	for _, t := range list {
		out = append(out, t.Value)
	}
	return out
}

// Run runs the cases of a file. Findings say what could not be done at all: a date that is none, a deployment that is not
// there.
// read reads the files that the cases name.
func Run(scene *simulate.Scene, f *File, read Library) ([]Result, []agreement.Finding) {
	r := &runner{file: f, library: read}
	var results []Result
	for i := range f.Cases {
		c := &f.Cases[i]
		r.at = c.Name
		r.result = &Result{File: f.Name, Case: c.Name.Value, Place: c.Name.Pos(f.Name).String(), Failures: []Failure{}}
		if r.enter(scene, c) {
			switch {
			case c.Decide != nil:
				r.decide(c)
			case c.Terms != nil:
				r.terms(c)
			default:
				r.entries(c)
			}
		}
		r.result.OK = len(r.result.Failures) == 0
		results = append(results, *r.result)
	}
	return results, r.findings
}

// enter makes the scene of a case, with agreements of its own where it has some. It reports whether there is one: those that are
// refused may be what is expected.
func (r *runner) enter(scene *simulate.Scene, c *Case) bool {
	here := *scene
	r.scene, r.zone = &here, zone(here.Set)
	before := len(r.findings)
	if len(c.Agreements) > 0 {
		set, p := r.load(c.Agreements)
		if p != nil {
			if len(r.findings) == before {
				r.problem("", &c.Expect, c.Agreements[0], p)
			}
			return false
		}
		here.Set, r.zone = set, zone(set)
		if here.Derived {
			here.Catalog = set.SaleCatalog("")
		}
	}
	if c.Known.Given() {
		here.Known = r.instant(c.Known)
	}
	return len(r.findings) == before
}

type runner struct {
	file     *File
	library  Library
	scene    *simulate.Scene
	zone     *time.Location
	at       Text // of the case, for what has no place of its own
	result   *Result
	findings []agreement.Finding
}

func zone(set *agreement.Set) *time.Location {
	for _, a := range set.Agreements() {
		if a.Zone != nil {
			return a.Zone
		}
	}
	return time.UTC
}

func (r *runner) invalid(at Text, remedy, format string, args ...any) {
	r.findings = append(r.findings, agreement.Finding{
		Rule: "test-value", Severity: agreement.Error, Pos: at.Pos(r.file.Name), Message: fmt.Sprintf(format, args...), Remedy: remedy,
	})
}

func (r *runner) fail(at Text, what, expected, got, because string) {
	if !at.Given() {
		at = r.at
	}
	r.result.Failures = append(r.result.Failures, Failure{Place: at.Pos(r.file.Name).String(), What: what, Expected: expected, Got: got, Because: because})
}

// instant reads a date, which begins in the zone of the first agreement, or an instant with its offset.
func (r *runner) instant(t Text) time.Time {
	if at, err := time.ParseInLocation(time.DateOnly, t.Value, r.zone); err == nil {
		return at
	}
	at, err := time.Parse(time.RFC3339, t.Value)
	if err != nil {
		r.invalid(t, "write 2026-05-04, or 2026-05-04T15:00:00Z", "%q is not an instant", t.Value)
	}
	return at
}

// amountIn is amount, of a currency that the text may name and may not contradict.
func (r *runner) amountIn(t Text, c money.Currency) money.Amount {
	if _, named, ok := strings.Cut(t.Value, " "); ok && c != "" && named != string(c) {
		r.invalid(t, "write it in "+string(c)+", or correct the sale clause", "%q is not in %s, in which the sale is charged", t.Value, c)
	}
	return r.amount(t)
}

// amount reads "0.004" or "0.004 USD".
func (r *runner) amount(t Text) money.Amount {
	number, _, _ := strings.Cut(t.Value, " ")
	a, err := money.Parse(number)
	if err != nil {
		r.invalid(t, `write a plain decimal in quotes, such as "0.004" or "0.004 USD"`, "%q is not an amount", t.Value)
	}
	return a
}

func (r *runner) tokens(u *Usage) *usage.Usage {
	out := &usage.Usage{Evidence: usage.Reported}
	for name, t := range u.Tokens {
		class, err := usage.ParseClass(name)
		if err != nil {
			r.invalid(t, "use input, cache_read, output, ... (docs/prices.md)", "%q is no class of tokens", name)
			continue
		}
		n, err := strconv.ParseInt(t.Value, 10, 64)
		if err != nil || n < 0 {
			r.invalid(t, "write a whole number", "%s: %q is no number of tokens", name, t.Value)
			continue
		}
		out.Tokens[class] = n
	}
	return out
}

func (r *runner) times(u *Usage) int {
	if !u.Times.Given() {
		return 1
	}
	n, err := strconv.Atoi(u.Times.Value)
	if err != nil || n < 1 || n > maxTimes {
		r.invalid(u.Times, fmt.Sprintf("write a whole number up to %d", maxTimes), "times: %q is no number of requests", u.Times.Value)
		return 1
	}
	return n
}

func (r *runner) decide(c *Case) {
	d := c.Decide
	before := len(r.findings)
	q := simulate.Question{At: r.instant(d.At), Customer: d.Customer.Value, Product: d.Product.Value, API: agreement.API(d.API.Value),
		Region: d.Region.Value, Territory: d.Territory.Value, Home: d.Home.Value, Cloud: d.Cloud.Value, Stream: d.Stream.Value == "true", Attributes: attributes(d.Attributes)}
	if s := d.Stream.Value; s != "" && s != "true" && s != "false" {
		r.invalid(d.Stream, "write true or false", "stream: %q is neither true nor false", s)
	}
	if len(r.findings) > before {
		return
	}
	answer, err := r.scene.Decide(q)
	if err != nil {
		r.invalid(d.Product, "correct the request", "%v", err)
		return
	}
	r.decision(answer, &c.Expect)
}

// decision holds a decision to what is expected of it.
func (r *runner) decision(d *simulate.Decision, e *Expect) {
	catalog := d.Router.Catalog()
	var plan, clouds []string
	for _, step := range d.Plan.Steps {
		one := &catalog.Deployments[step.Deployment]
		plan = append(plan, one.ID)
		if len(clouds) == 0 || clouds[len(clouds)-1] != one.Cloud {
			clouds = append(clouds, one.Cloud)
		}
	}
	r.list("plan", e.Plan, plan, d)
	r.list("clouds", e.Clouds, clouds, d)
	if e.First.Given() && (len(plan) == 0 || plan[0] != e.First.Value) {
		r.fail(e.First, "first", e.First.Value, orNobody(plan), denial(d))
	}
	r.refused(e.Refused, d)
	for i, want := range e.Denied {
		r.denied(fmt.Sprintf("denied[%d]", i), want, d)
	}
	for i, want := range e.Why {
		r.why(fmt.Sprintf("why[%d]", i), want, d, plan)
	}
}

func (r *runner) list(what string, want []Text, got []string, d *simulate.Decision) {
	if len(want) > 0 && !slices.Equal(values(want), got) {
		r.fail(want[0], what, strings.Join(values(want), ", "), orNobody(got), denial(d))
	}
}

func orNobody(list []string) string {
	if len(list) == 0 {
		return "nobody: refused"
	}
	return strings.Join(list, ", ")
}

// denial says why a plan is empty.
func denial(d *simulate.Decision) string {
	if !d.Plan.Refused {
		return ""
	}
	v, _ := d.Router.Denial(d.Facts)
	return v.Reason
}

func (r *runner) refused(want *Refused, d *simulate.Decision) {
	if want == nil {
		return
	}
	if !d.Plan.Refused {
		r.fail(firstGiven(want.Check, want.Clause), "refused", "refused", "served by "+d.Router.Catalog().Deployments[d.Plan.Steps[0].Deployment].ID, "")
		return
	}
	v, _ := d.Router.Denial(d.Facts)
	r.verdict("refused", want.Check, want.Clause, v)
}

func (r *runner) denied(what string, want Denied, d *simulate.Decision) {
	i, known := d.Router.Deployment(want.Deployment.Value)
	if !known {
		r.noDeployment(want.Deployment, d)
		return
	}
	if v := d.Verdicts[i]; v.Permitted {
		r.fail(want.Deployment, what, want.Deployment.Value+" denied", "permitted by "+v.Clause.Clause, v.Reason)
	} else {
		r.verdict(what, want.Check, want.Clause, v)
	}
}

func (r *runner) noDeployment(at Text, d *simulate.Decision) {
	var ids []string
	for _, one := range d.Router.Catalog().Deployments {
		ids = append(ids, one.ID)
	}
	r.invalid(at, "use one of: "+strings.Join(ids, ", "), "the catalog has no deployment %q", at.Value)
}

// verdict holds a denial to the check and the clause that are expected; "none" is no clause.
func (r *runner) verdict(what string, check, clause Text, v agreement.Verdict) {
	if check.Given() && check.Value != "any" && check.Value != v.Failed.String() {
		r.fail(check, what+".check", check.Value, v.Failed.String(), v.Reason)
	}
	got := v.Clause.Clause
	if got == "" {
		got = "none"
	}
	if clause.Given() && clause.Value != got {
		r.fail(clause, what+".clause", clause.Value, got, v.Reason)
	}
}

func (r *runner) why(what string, want Why, d *simulate.Decision, plan []string) {
	i := slices.Index(plan, want.Deployment.Value)
	if i < 0 || i >= len(d.Why) {
		r.fail(want.Deployment, what, want.Deployment.Value+" in the plan", orNobody(plan), denial(d))
		return
	}
	if want.By.Given() && want.By.Value != string(d.Why[i].By) {
		r.fail(want.By, what+".by", want.By.Value, string(d.Why[i].By), d.Why[i].Text)
	}
	if v := d.Verdicts[d.Plan.Steps[i].Deployment]; want.Clause.Given() && want.Clause.Value != v.Clause.Clause {
		r.fail(want.Clause, what+".clause", want.Clause.Value, v.Clause.Clause, v.Reason)
	}
}

func firstGiven(all ...Text) Text {
	for _, t := range all {
		if t.Given() {
			return t
		}
	}
	return Text{}
}
