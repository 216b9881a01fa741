package app

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"concord/agreement"
	"concord/delivery"
	"concord/money"
	"concord/pricing"
	"concord/settlement"
	"concord/simulate"
	"concord/usage"
)

// A QuestionView is a request that was never made, with what was left open filled in.
type QuestionView struct {
	Time     string           `json:"time"`
	Customer string           `json:"customer"`
	Sellers  [][]string       `json:"sellers"`
	Product  string           `json:"product"`
	API      string           `json:"api"`
	Region   string           `json:"region,omitempty"`
	Cloud    string           `json:"cloud,omitempty"`
	Home     string           `json:"home,omitempty"`
	Stream   bool             `json:"stream,omitempty"`
	Terms    string           `json:"terms"`
	InForce  string           `json:"in_force"`
	Usage    map[string]int64 `json:"usage"`
	Notes    []string         `json:"notes"` // what was supposed
}

// A MoneyView is the money that would flow if one deployment served.
type MoneyView struct {
	Deployment string            `json:"deployment"`
	Currency   money.Currency    `json:"currency"`
	Charged    money.Amount      `json:"charged"`
	Cost       money.Amount      `json:"cost"`
	Streams    []StreamView      `json:"streams"`
	Lines      []LineView        `json:"lines"`
	Unpriced   []usage.Class     `json:"unpriced,omitempty"`
	Flows      []FlowView        `json:"flows"`
	Caps       []settlement.Debt `json:"capped"` // capped shares after it, also those that nothing fell due under
	Books      []BookView        `json:"books"`
}

// A StreamView is a part of the price.
type StreamView struct {
	Name   string       `json:"stream"`
	Amount money.Amount `json:"amount"`
}

// A FlowView is what one party would owe another under one clause.
type FlowView struct {
	Kind       string               `json:"kind"`
	Agreement  string               `json:"agreement,omitempty"`
	Clause     string               `json:"clause"`
	Payer      string               `json:"payer"`
	Payee      string               `json:"payee"`
	Amount     money.Amount         `json:"amount"`
	AboveCap   money.Amount         `json:"above_cap"`
	Provenance agreement.Provenance `json:"provenance"`
}

// SceneFiles says what a question is asked about.
type SceneFiles struct {
	Config     string   // a configuration; it brings agreements, prices, deployments and customers
	Agreements []string // without a configuration, or instead of its agreements
	Prices     []string // without a configuration, or instead of its prices
	Known      time.Time
}

// LoadScene reads what questions are asked about. With a configuration the deployments and customers come from it; without
// one they are derived from the sale clauses.
func LoadScene(f SceneFiles, src Source) (*simulate.Scene, error) {
	scene := &simulate.Scene{Known: f.Known}
	if f.Config != "" {
		anything := src
		anything.Getenv = func(string) (string, bool) { return "unused: a question is sent to nobody", true }
		config, err := Load(f.Config, anything, f.Known)
		if err != nil {
			return nil, err
		}
		scene.Set, scene.Books, scene.Catalog = config.Set, config.Books, config.Catalog
	}
	if len(f.Agreements) > 0 {
		set, findings, err := LoadAgreements(f.Agreements, src)
		if err != nil {
			return nil, err
		}
		if HasErrors(findings) {
			return nil, &Invalid{"agreement", findings}
		}
		scene.Set = set
	}
	if scene.Set == nil {
		return nil, errors.New("name the agreement files, or a configuration that names them: --config concord.yaml")
	}
	if len(f.Prices) > 0 {
		books, err := LoadPrices(f.Prices, src)
		if err != nil {
			return nil, err
		}
		scene.Books = books
	}
	if scene.Catalog == nil {
		scene.Catalog, scene.Derived = scene.Set.SaleCatalog(""), true
	}
	return scene, nil
}

// LoadPrices reads price books.
func LoadPrices(paths []string, src Source) (delivery.Books, error) {
	var books delivery.Books
	for _, path := range paths {
		content, err := src.Read(path)
		if err != nil {
			return nil, unreadable("price-file", agreement.Pos{File: path}, "the price book", path, err)
		}
		parsed, findings := pricing.ParseAll(path, content)
		if HasErrors(findings) {
			return nil, &Invalid{"price book", findings}
		}
		books = append(books, parsed...)
	}
	return books, nil
}

// DefaultUsage is what a question is about that states no usage: 1,000 tokens in, 200 out.
func DefaultUsage() *usage.Usage {
	u := &usage.Usage{Evidence: usage.Reported}
	u.Tokens[usage.Input], u.Tokens[usage.Output] = 1000, 200
	return u
}

// ParseUsage reads "input=4000,cache_read=4000,output=600".
func ParseUsage(s string) (*usage.Usage, error) {
	u := &usage.Usage{Evidence: usage.Reported}
	for part := range strings.SplitSeq(s, ",") {
		name, number, ok := strings.Cut(strings.TrimSpace(part), "=")
		class, err := usage.ParseClass(name)
		if !ok || err != nil {
			return nil, fmt.Errorf("usage %q is not CLASS=TOKENS; classes are: %s", part, strings.Join(usageClasses(), ", "))
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("usage %q: write a whole number of tokens", part)
		}
		u.Tokens[class] = n
	}
	return u, nil
}

func usageClasses() []string {
	var names []string
	for c := usage.Class(1); int(c) < usage.NumClasses; c++ {
		names = append(names, c.String())
	}
	return names
}

// Suppose explains a request that was never made: the decision, and the money that would flow for u at each deployment of
// its plan. refused says that nobody may serve it.
func Suppose(scene *simulate.Scene, q simulate.Question, u *usage.Usage) (x *Explanation, refused bool, err error) {
	d, err := scene.Decide(q)
	if err != nil {
		return nil, false, err
	}
	x = &Explanation{Moves: []MoveView{}, Postings: []BookView{}, Entries: []string{}, Money: []MoneyView{}}
	x.Question = viewQuestion(scene, d, u)
	x.Decision = viewDecision(d.Router, &d.Plan, d.Verdicts, d.Why, nil)
	if d.Plan.Refused {
		denial, _ := d.Router.Denial(d.Facts)
		x.Refusal = denialText(denial)
		return x, true, nil
	}
	if len(scene.Books) == 0 {
		return x, false, nil
	}
	for _, step := range d.Plan.Steps {
		m, err := supposeMoney(scene, d, d.Router.Catalog().Deployments[step.Deployment].ID, u)
		if err != nil {
			return nil, false, err
		}
		x.Money = append(x.Money, *m)
	}
	x.Postings = x.Money[0].Books
	return x, false, nil
}

func supposeMoney(scene *simulate.Scene, d *simulate.Decision, deployment string, u *usage.Usage) (*MoneyView, error) {
	trial := simulate.NewTrial()
	if err := trial.Learn(scene.Set, scene.Known); err != nil {
		return nil, err
	}
	posted, err := trial.Post(d.Router, d.Facts, deployment, u)
	if err != nil {
		return nil, err
	}
	m := &MoneyView{Deployment: deployment, Currency: posted.Currency, Charged: posted.Charged, Cost: posted.Costs, Unpriced: posted.Unpriced,
		Streams: []StreamView{}, Flows: []FlowView{}, Caps: []settlement.Debt{}, Books: viewPostings(posted.Transaction)}
	if m.Lines, _, err = viewLines(posted.Lines); err != nil {
		return nil, err
	}
	for _, s := range posted.Streams {
		m.Streams = append(m.Streams, StreamView(s))
	}
	for _, f := range posted.Flows {
		m.Flows = append(m.Flows, FlowView(f))
	}
	owed, err := trial.Owed(d.Router.Terms(), d.Question.At)
	if err != nil {
		return nil, err
	}
	for _, debt := range owed {
		if len(debt.Caps) > 0 {
			m.Caps = append(m.Caps, debt)
		}
	}
	return m, nil
}

func viewQuestion(scene *simulate.Scene, d *simulate.Decision, u *usage.Usage) *QuestionView {
	q := d.Question
	terms := d.Router.Terms()
	v := &QuestionView{
		Time: q.At.UTC().Format(time.RFC3339), Customer: q.Customer, Sellers: d.Customer.Sellers, Product: q.Product, API: string(q.API),
		Region: q.Region, Cloud: q.Cloud, Home: d.Customer.Home, Stream: q.Stream, Terms: terms.Hash().String(), InForce: span(terms),
		Usage: tokenView(&u.Tokens), Notes: []string{},
	}
	if scene.Derived {
		v.Notes = append(v.Notes, "no configuration was given: one deployment is supposed for every product, cloud and seller that a sale clause names, in an account of the seller's")
		if q.Region != "" {
			v.Notes = append(v.Notes, "all of them are supposed to run in "+q.Region)
		}
	}
	if !slices.ContainsFunc(scene.Catalog.Customers, func(c agreement.Customer) bool { return c.ID == q.Customer }) {
		v.Notes = append(v.Notes, fmt.Sprintf("%s is supposed to buy from every seller and to prefer none", q.Customer))
	}
	if len(scene.Books) == 0 {
		v.Notes = append(v.Notes, "no price books were given, so check 6 asks for a sale clause only, and no money is shown (--prices FILE)")
	}
	return v
}

func denialText(v agreement.Verdict) string {
	clause := refText(v.Clause)
	if clause == "" {
		clause = "no clause"
	}
	return fmt.Sprintf("%s: %s (%s)", checkText(v.Failed), bareReason(v.Reason, clause), clause)
}

// bareReason is a reason without the clause that it ends with, where the clause is told beside it.
func bareReason(reason, clause string) string {
	return strings.TrimSuffix(reason, " ("+clause[strings.LastIndexByte(clause, '/')+1:]+")")
}

// checkText names a check by its number among the six of the agreement format, and its word.
func checkText(c agreement.Check) string {
	switch {
	case c == agreement.CheckNone:
		return "no check"
	case c <= agreement.CheckPrice:
		return fmt.Sprintf("check %d, %s", c, c)
	}
	return "check " + c.String()
}
