package settlement

import (
	"fmt"
	"slices"
	"time"

	"concord/agreement"
	"concord/ledger"
	"concord/money"
)

// A Forecast is an estimate of what is to come under an agreement: what the month will come to, and on which days caps and
// commitments run out. It binds nobody and is no part of a statement. Ranges hold the truth about as often as Share says,
// as far as the days to come are like the days that were counted.
type Forecast struct {
	Format      int              `json:"concord_forecast"` // version of this form
	Agreement   string           `json:"agreement"`
	AsOf        time.Time        `json:"as_of"`
	Zone        string           `json:"zone"`
	Month       string           `json:"month"`
	Share       string           `json:"range_holds"` // "80%"
	Seed        uint64           `json:"seed"`
	Draws       int              `json:"draws"`
	Clauses     []ForecastClause `json:"clauses"`
	Pairs       []ForecastPair   `json:"pairs"`
	RunAhead    bool             `json:"run_ahead,omitempty"` // the ledger's own rules were run ahead on the traffic that is expected
	Assumptions []string         `json:"assumptions"`
}

// ForecastClause is what one clause will make one party owe another.
type ForecastClause struct {
	Clause     string               `json:"clause"`
	Kind       string               `json:"kind"`
	Payer      string               `json:"payer"`
	Payee      string               `json:"payee"`
	Currency   money.Currency       `json:"currency"`
	Provenance agreement.Provenance `json:"provenance"`
	Days       int                  `json:"days"`           // whole days that the trend rests on
	From       string               `json:"from,omitempty"` // the first of them
	SoFar      money.Amount         `json:"so_far"`         // in the month, exact
	Month      *Range               `json:"month,omitempty"`
	PerDay     *money.Amount        `json:"per_day,omitempty"` // of the coming week, on average
	Cannot     string               `json:"cannot,omitempty"`  // why there is no estimate
	Limits     []ForecastLimit      `json:"limits"`
}

// A Range is an estimate with the bounds between which it is.
type Range struct {
	Low      money.Amount `json:"low"`
	Expected money.Amount `json:"expected"`
	High     money.Amount `json:"high"`
}

// ForecastLimit is a cap or a commitment, and when it is used up. A day that is left out is not before the window ends.
type ForecastLimit struct {
	Kind      string       `json:"kind"` // "cap", "commitment"
	Per       string       `json:"per"`
	Window    string       `json:"window"`
	Amount    money.Amount `json:"amount"`
	Used      money.Amount `json:"used"`
	Left      money.Amount `json:"left"`
	Until     string       `json:"until,omitempty"`      // the last day that counts, of the window or the clause
	Horizon   string       `json:"horizon,omitempty"`    // how far the forecast looks where nothing ends
	ReachedOn string       `json:"reached_on,omitempty"` // it is used up already, since this day
	Expected  string       `json:"expected,omitempty"`   // day on which it is used up
	Earliest  string       `json:"earliest,omitempty"`
	Latest    string       `json:"latest,omitempty"`
	Shortfall *Range       `json:"shortfall,omitempty"` // of a commitment whose window ends within the horizon
}

// ForecastPair is what the month will come to between two parties, net over their clauses.
type ForecastPair struct {
	Payer    string         `json:"payer"`
	Payee    string         `json:"payee"`
	Currency money.Currency `json:"currency"`
	SoFar    money.Amount   `json:"so_far"`
	Month    *Range         `json:"month,omitempty"`
	Cannot   string         `json:"cannot,omitempty"`
}

// ForecastInput is what a forecast rests on.
type ForecastInput struct {
	Agreement string
	History   []agreement.Interval
	Cells     []ledger.Cell
	AsOf      time.Time // in the midst of a day: what the cells have of that day counts as what was so far
	Seed      uint64    // of the draws behind the ranges
	Draws     int       // 0 = 400
	// Ahead returns a copy of its own of what the books hold, to run on from there; nil = rates stay as they came out.
	Ahead func() (*Snapshot, error)
}

const (
	// memory is how many days back a trend looks: eight weeks, so that an old level does not weigh on a new one.
	memory = 56
	// farthest is how many days ahead a forecast looks where no window ends before.
	farthest = 3653
	// leastDays is below which no estimate is made: of two days nobody knows whether they are alike.
	leastDays = 3
)

// MakeForecast estimates what an agreement's clauses come to from the trend of their days.
func MakeForecast(in *ForecastInput) (*Forecast, error) {
	f, err := newForecaster(in)
	if err == nil {
		err = f.run()
	}
	if err != nil {
		return nil, fmt.Errorf("forecast of %s as of %s: %w", in.Agreement, in.AsOf.Format(time.RFC3339), err)
	}
	return &f.out, nil
}

type forecaster struct {
	in         *ForecastInput
	agreement  *agreement.Agreement
	zone       *time.Location
	terms      *agreement.Terms
	today      int32
	rest       money.Rate // part of today that is to come
	monthFrom  int32
	monthUntil int32
	pairs      []pairDraws
	out        Forecast
}

func newForecaster(in *ForecastInput) (*forecaster, error) {
	if len(in.History) == 0 {
		return nil, fmt.Errorf("no terms are known")
	}
	a, err := find(&Input{Agreement: in.Agreement, History: in.History})
	if err != nil {
		return nil, err
	}
	f := &forecaster{in: in, agreement: a, zone: a.Zone}
	if f.zone == nil {
		f.zone = time.UTC
	}
	at := in.AsOf.In(f.zone)
	f.terms, f.today = termsAt(in.History, at), dayOf(at)
	y, m, d := at.Date()
	begin, end := time.Date(y, m, d, 0, 0, 0, 0, f.zone), time.Date(y, m, d+1, 0, 0, 0, 0, f.zone)
	if f.rest, err = money.NewRate(int64(end.Sub(at)), int64(end.Sub(begin))); err != nil {
		return nil, err
	}
	f.monthFrom, f.monthUntil = window("month", at)
	draws := in.Draws
	switch {
	case draws == 0:
		draws = 400
	case draws < 10 || draws > 100_000:
		return nil, fmt.Errorf("%d draws: take 10 to 100000", draws)
	}
	f.out = Forecast{Format: 1, Agreement: a.Name, AsOf: at, Zone: f.zone.String(), Month: windowLabel("month", at, f.zone), Share: "80%",
		Seed: in.Seed, Draws: draws, Clauses: []ForecastClause{}, Pairs: []ForecastPair{}, Assumptions: assumptions}
	return f, nil
}

// ratesStay is the assumption that does not hold where the ledger is run ahead.
const ratesStay = 3

// assumptions hold for every forecast.
var assumptions = []string{
	"the days to come are like the whole days counted: of the last 56 at most, since the clause has had its present terms and something fell due under it",
	"from 14 days on every day of the week has its own level; from 28 days on the median change from week to week goes on, day by day",
	"a range holds 8 of 10 draws, each of which mixes the deviations of the days counted anew; it knows nothing of what has not happened yet",
	"rates stay as they came out: tiers, deductions, guarantees, carried excess and later credits are not run ahead",
	"amendments count as far as they are known now",
}

func (f *forecaster) run() error {
	for _, one := range f.flows() {
		if err := f.flow(one); err != nil {
			return fmt.Errorf("clause %s: %w", one.id, err)
		}
	}
	if err := f.net(); err != nil {
		return err
	}
	ahead, err := f.newAhead()
	if err != nil || ahead == nil {
		return err
	}
	if err := ahead.months(); err != nil {
		return fmt.Errorf("run the ledger ahead: %w", err)
	}
	f.out.RunAhead, f.out.Assumptions = true, slices.Clone(f.out.Assumptions)
	f.out.Assumptions[ratesStay] = "the month's amounts are what the ledger makes of the traffic that is expected: tiers, caps, deductions, guarantees and " +
		"balances below zero are run ahead; refunds, credits and fees of others to come are not, and days on which limits run out rest on rates as they came out"
	return nil
}

// flows lists what one party owes another under clauses that are in force, or that still had something in this month.
func (f *forecaster) flows() []flow {
	found := map[flow]bool{}
	for _, iv := range f.in.History {
		if iv.From.After(f.in.AsOf) {
			break
		}
		for _, in := range iv.Terms.Clauses() {
			if in.Agreement.Name != f.agreement.Name {
				continue
			}
			all := flowsOf(in.Clause)
			if l, ok := in.Clause.(*agreement.License); ok && l.Fee != nil {
				all = append(all, flow{l.Licensee, l.Licensor, l.ID})
			}
			for _, one := range all {
				found[one] = true
			}
		}
	}
	continued := map[string]bool{}
	for _, in := range f.terms.Clauses() {
		continued[in.Clause.Head().Continues] = true
	}
	var out []flow
	for one := range found {
		if !continued[one.id] {
			out = append(out, one)
		}
	}
	slices.SortFunc(out, flow.compare)
	return out
}

// clauseAt returns a clause of the agreement under terms.
func (f *forecaster) clauseAt(t *agreement.Terms, id string) (agreement.InForce, bool) {
	return t.Clause(agreement.Ref{Agreement: f.agreement.Name, Clause: id})
}

// ends returns the day from which a clause is no longer in force, as far as is known; none is far away.
func (f *forecaster) ends(id string) int32 {
	for _, iv := range f.in.History {
		if !iv.From.After(f.in.AsOf) {
			continue
		}
		if !slices.ContainsFunc(iv.Terms.Clauses(), func(in agreement.InForce) bool {
			return in.Agreement.Name == f.agreement.Name && (in.Clause.Head().ID == id || in.Clause.Head().Continues == id)
		}) {
			return dayOf(iv.From.In(f.zone))
		}
	}
	return never
}

// never is a day that does not come.
const never = 1<<31 - 1

func dayText(day int32) string {
	return time.Unix(int64(day)*86400, 0).UTC().Format(time.DateOnly)
}
