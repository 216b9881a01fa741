package year

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"time"

	"concord/agreement"
	"concord/clouds"
	"concord/delivery"
	"concord/examples"
	"concord/internal/app"
	"concord/internal/demo"
	"concord/journal"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// Source names the entries of a year, so that every request has one identity for ever.
const Source = "year"

// bundle is how many requests of one length stand in one record, so that a year of some thousands of records comes to amounts
// that cents can show.
const bundle = 100

// Options say which year is made.
type Options struct {
	From   time.Time // first of a month, in the zone of the agreements
	Months int
	PerDay int // requests on an ordinary day of the first month
	Seed   uint64
}

// An Event is something that happened: a document that became known, or a request.
type Event struct {
	journal.Entry
	Late   bool // its record reached the journal months later
	Served []Served
}

// Served is what a cloud did for an event: what stands in the cloud's own journal, whatever Concord's says.
type Served struct {
	Target clouds.Target
	At     time.Time
	Status int
	Usage  usage.Usage
}

// A Refund gives a part of a request's price back.
type Refund struct {
	Of     journal.RequestID
	At     time.Time
	Amount money.Amount
}

// A Year is everything that happened, in order.
type Year struct {
	Options Options
	Events  []Event
	Refunds []Refund
}

// Make draws a year. Documents become known when their amendments are recorded, so that nothing is decided, priced or settled
// by terms that nobody had agreed to yet.
func Make(o Options) (*Year, error) {
	lengths, err := trace()
	if err != nil {
		return nil, err
	}
	m := &maker{Year: Year{Options: o}, lengths: lengths, lots: rand.New(rand.NewPCG(o.Seed, 2026))}
	last := o.From.AddDate(0, o.Months, 0)
	m.drawDown(last)
	for from := o.From; from.Before(last); {
		until, err := m.known(from, last)
		if err != nil {
			return nil, err
		}
		for day := from; day.Before(until); {
			next := time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, day.Location())
			if until.Before(next) {
				next = until
			}
			if err := m.day(day, next); err != nil {
				return nil, err
			}
			day = next
		}
		from = until
	}
	slices.SortStableFunc(m.Events, func(a, b Event) int {
		if a.Time != b.Time {
			return time.Unix(0, a.Time).Compare(time.Unix(0, b.Time))
		}
		return 0
	})
	return &m.Year, nil
}

type maker struct {
	Year
	lengths  []demo.Row
	lots     *rand.Rand
	down     [][2]time.Time // of Azure
	config   *app.Config
	timeline *delivery.Timeline
	set      journal.Hash
	n        uint64
}

func trace() ([]demo.Row, error) {
	raw, err := fs.ReadFile(examples.Files(), examples.Trace)
	if err != nil {
		return nil, fmt.Errorf("read the trace: %w", err)
	}
	return demo.ReadTrace(examples.Trace, bytes.NewReader(raw))
}

// drawDown draws two outages of Azure a month, of half a day each.
func (m *maker) drawDown(last time.Time) {
	for month := m.Options.From; month.Before(last); month = month.AddDate(0, 1, 0) {
		for range 2 {
			from := month.Add(time.Duration(m.lots.IntN(27*24)) * time.Hour)
			m.down = append(m.down, [2]time.Time{from, from.Add(12 * time.Hour)})
		}
	}
}

func (m *maker) isDown(cloud string, at time.Time) bool {
	return cloud == "azure" && slices.ContainsFunc(m.down, func(d [2]time.Time) bool { return !at.Before(d[0]) && at.Before(d[1]) })
}

// known brings the documents in as they were known at an instant, and returns the next one at which more became known.
func (m *maker) known(at, last time.Time) (time.Time, error) {
	var err error
	if m.config, err = app.Load("year/concord.yaml", app.Embedded(examples.Files()), at); err != nil {
		return at, fmt.Errorf("configuration as known on %s: %w", at.Format(time.DateOnly), err)
	}
	var findings []agreement.Finding
	if m.timeline, findings = delivery.NewTimeline(m.config.Set, m.config.Catalog, m.config.Books, at); m.timeline == nil {
		return at, fmt.Errorf("terms as known on %s: %v", at.Format(time.DateOnly), findings)
	}
	documents, set, err := m.config.SetDocuments()
	if err != nil {
		return at, err
	}
	m.set = set
	for i := range documents {
		d := &documents[i]
		m.Events = append(m.Events, Event{Entry: journal.Entry{Time: at.UnixNano(), Source: Source, ID: fmt.Sprintf("%s-%x", d.Name, d.Hash[:8]), Body: d}})
	}
	next := last
	for _, a := range m.config.Set.Agreements() {
		for i := range a.Amendments {
			if r := a.Amendments[i].Recorded; r.After(at) && r.Before(next) {
				next = r
			}
		}
		for i := range a.Facts {
			if r := a.Facts[i].Recorded; r.After(at) && r.Before(next) {
				next = r
			}
		}
	}
	return next.In(at.Location()), nil
}

// day draws the requests of a day, or of a part of one: fewer at weekends, more from month to month.
func (m *maker) day(from, until time.Time) error {
	months := int64(from.Sub(m.Options.From).Hours() / 24 / 30)
	n := int64(m.Options.PerDay) * (100 + 4*months) / 100
	if w := from.Weekday(); w == time.Saturday || w == time.Sunday {
		n = n * 4 / 10
	}
	n += m.lots.Int64N(max(n/3, 1))
	n = n * int64(until.Sub(from)) / int64(24*time.Hour)
	instants := make([]int64, n)
	for i := range instants {
		instants[i] = m.lots.Int64N(int64(until.Sub(from)))
	}
	slices.Sort(instants)
	for _, at := range instants {
		if err := m.request(from.Add(time.Duration(at).Truncate(time.Millisecond))); err != nil {
			return err
		}
	}
	return nil
}

// request draws one request, has the terms decide who serves it, and prices it as the gateway does.
func (m *maker) request(at time.Time) error {
	m.n++
	row := m.lengths[m.lots.IntN(len(m.lengths))]
	f := delivery.Facts{Request: journal.NewRequestID(at.UnixMilli(), 0, m.lots.Uint64()), At: at.UnixNano(), Customer: "acme", Product: "openai/gpt-5.4", API: "chat"}
	switch draw := m.lots.IntN(100); {
	case draw < 15:
		f.Customer = "globex"
	case draw < 45:
		f.Customer = "contoso"
	}
	if m.lots.IntN(100) < 20 {
		f.Product = "openai/gpt-oss-120b"
	}
	var used usage.Usage
	cached := int64(0)
	if m.lots.IntN(4) == 0 {
		cached = int64(row.Context) / 2
	}
	t := &used.Tokens
	t[usage.Input], t[usage.CacheRead], t[usage.Output] = bundle*(int64(row.Context)-cached), bundle*cached, bundle*int64(row.Generated)
	used.Evidence = usage.Reported
	r, served, err := m.serve(&f, at, &used)
	if err != nil {
		return err
	}
	e := Event{Entry: journal.Entry{Time: f.At, Source: Source, ID: journal.RequestID(f.Request).String(), Body: r}, Served: served}
	m.late(&e, at)
	m.Events = append(m.Events, e)
	return m.refund(r, at)
}

// late draws which records reach the journal late: of two days in April that OpenAI billed on Azure.
func (m *maker) late(e *Event, at time.Time) {
	r := e.Body.(*journal.Record)
	e.Late = at.Month() == time.April && (at.Day() == 9 || at.Day() == 29) && r.Served >= 0 && r.Attempts[r.Served].Seller == "openai" && m.n%5 == 0
}

// refund draws which requests are refunded a week later, in part or whole.
func (m *maker) refund(r *journal.Record, at time.Time) error {
	charged, err := r.Charged()
	if err != nil || charged.IsZero() || m.n%97 != 0 {
		return err
	}
	if m.n%2 == 0 {
		if charged, err = charged.MulRate(money.MustParseRate("50%"), money.Down); err != nil {
			return err
		}
	}
	back := at.AddDate(0, 0, 7)
	if back.Before(m.Options.From.AddDate(0, m.Options.Months, 0)) {
		m.Refunds = append(m.Refunds, Refund{r.Request, back, charged})
	}
	return nil
}

// serve walks the plan: a cloud that is down fails, and the next one that the terms permit serves.
func (m *maker) serve(f *delivery.Facts, at time.Time, used *usage.Usage) (*journal.Record, []Served, error) {
	router := m.timeline.At(f.At)
	var plan delivery.Plan
	router.Plan(*f, nil, &plan)
	r := &journal.Record{Request: f.Request, Outcome: journal.Failed, Customer: f.Customer, Key: f.Customer + "-1", Product: f.Product, API: f.API,
		Terms: journal.Hash(router.Terms().Hash()), Set: m.set, Served: -1}
	if plan.Refused {
		r.Outcome, r.Refusal = journal.Refused, "no deployment may serve"
		if v, ok := router.Denial(*f); ok {
			r.Refusal = v.Reason
		}
		return r, nil, nil
	}
	var served []Served
	for _, step := range plan.Steps {
		d := &m.config.Catalog.Deployments[step.Deployment]
		begun := r.Ended
		tried := journal.Tried{Deployment: d.ID, Cloud: d.Cloud, Seller: d.Seller, Holder: d.Holder, Started: begun}
		s := Served{Target: m.config.Targets[step.Deployment], At: at.Add(time.Duration(begun))}
		if m.isDown(d.Cloud, at) {
			tried.Outcome, tried.Status, tried.Ended = delivery.ServerError, 503, begun+int64(90*time.Millisecond)
			s.Status = 503
			r.Attempts, r.Ended, served = append(r.Attempts, tried), tried.Ended, append(served, s)
			continue
		}
		tried.Outcome, tried.Status, tried.Usage = delivery.Answered, 200, *used
		tried.FirstByte = begun + int64(300*time.Millisecond)
		tried.Ended = tried.FirstByte + used.Tokens[usage.Output]/bundle*int64(12*time.Millisecond)
		s.Status, s.Usage = 200, *used
		var err error
		if tried.Cost, err = router.Cost(step.Deployment, f.At, used, nil); err != nil {
			return nil, nil, fmt.Errorf("cost at %s: %w", d.ID, err)
		}
		var lines []pricing.Line
		if lines, r.Unpriced, err = router.Charge(step.Deployment, f.At, used, nil); err != nil {
			return nil, nil, fmt.Errorf("price at %s: %w", d.ID, err)
		}
		r.Outcome, r.Served, r.Usage, r.Lines, r.Currency = journal.Answered, len(r.Attempts), *used, lines, router.Currency(step.Deployment)
		r.Delivered = 4 * used.Tokens[usage.Output]
		r.Attempts, r.Ended = append(r.Attempts, tried), tried.Ended
		return r, append(served, s), nil
	}
	return r, served, nil
}
