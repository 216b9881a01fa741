package demo

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"concord/internal/app"
	"concord/journal"
	"concord/ledger"
	"concord/report"
	"concord/settlement"
	"concord/simulate"
)

// Disclaimer stands under everything that the demo prints about parties.
const Disclaimer = "Example. Public trace; public, reported and assumed terms. Not the parties' actual figures."

// A Summary is what a replay came to. Its JSON is stable.
type Summary struct {
	Note         string                `json:"note"`
	Requests     int                   `json:"requests"` // sent by the clients
	Answered     int                   `json:"answered"`
	Refused      int                   `json:"refused"`
	Failed       int                   `json:"failed"`        // anything else, and answers that a client did not get whole
	UsageRecords int                   `json:"usage_records"` // records of what was delivered, whole or in part
	Attempts     int                   `json:"attempts"`
	Clouds       map[string]Cloud      `json:"clouds"`
	Failovers    []Failover            `json:"failovers"`
	SellerChange int                   `json:"seller_changes"` // requests that another seller served than the customer's first
	Terms        []string              `json:"terms_in_force"`
	Revenue      *settlement.Revenues  `json:"revenue"`
	RevenueNotes string                `json:"revenue_footnotes,omitempty"`
	Owed         []Owed                `json:"owed"`
	Under        Under                 `json:"under"`
	Ledger       LedgerSummary         `json:"ledger"`
	Journal      JournalSummary        `json:"journal"`
	Statement    *settlement.Statement `json:"statement"`
	Latency      Latency               `json:"latency_ms"`
	CPUMillis    float64               `json:"cpu_ms_per_request"` // of the whole process: clients, gateway and emulated clouds
	Speed        float64               `json:"speed"`
	Seconds      float64               `json:"duration_seconds"`
	Footnotes    []report.Note         `json:"footnotes"`
	Explained    *app.Explanation      `json:"explained,omitempty"`

	problems []string
	notes    report.Footnotes
}

// Cloud is what one cloud served.
type Cloud struct {
	Answered int        `json:"answered"`
	Because  []CloudWhy `json:"because"`
}

// CloudWhy is the clause that sent requests to a cloud, and the reason for leaving the first one.
type CloudWhy struct {
	Clause string `json:"clause"`
	Reason string `json:"reason,omitempty"` // "" = it was first in the plan
	Count  int    `json:"count"`
}

// Failover is requests that one cloud was first for and another served.
type Failover struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Reason string `json:"reason"`
	Seller string `json:"seller_change,omitempty"`
	Count  int    `json:"count"`
}

// Owed is what one party owes another under a clause, with the marks of its footnotes.
type Owed struct {
	settlement.Debt
	Footnotes string `json:"footnotes,omitempty"`
}

// Under is what the same records would have come to under the terms of another day.
type Under struct {
	Date string `json:"date"`
	simulate.Shadow
	Owed []Owed `json:"owed"`
}

// LedgerSummary is the state of the books.
type LedgerSummary struct {
	Balanced     bool  `json:"balanced"`
	Transactions int64 `json:"transactions"`
	RebuiltEqual bool  `json:"rebuilt_equal"`
}

// JournalSummary is the state of the journal.
type JournalSummary struct {
	Good    bool   `json:"good"`
	Entries uint64 `json:"entries"`
	Open    int    `json:"open"`
}

// measured is what the clients saw and what the replay took.
type measured struct {
	rows []Row
	seen []sent
	took time.Duration
	cpu  time.Duration
}

// summarize waits until all is posted, checks journal and books, and adds everything up from them.
func (w *world) summarize(ctx context.Context, m measured) (*Summary, error) {
	r := w.server.Reading()
	if err := r.CatchUp(ctx); err != nil {
		return nil, err
	}
	s := &Summary{
		Note: Disclaimer, Requests: len(m.seen), Terms: w.termsInForce(), Clouds: map[string]Cloud{}, Failovers: []Failover{},
		Latency: w.witnesses.latency(m.seen), Speed: w.options.Speed, Seconds: float64(m.took.Milliseconds()) / 1000,
	}
	if len(m.seen) > 0 {
		s.CPUMillis = millis(m.cpu / time.Duration(len(m.seen)))
	}
	t, err := count(ctx, r)
	if err != nil {
		return nil, err
	}
	s.requests(m.seen, t)
	if err := s.verify(ctx, r); err != nil {
		return nil, err
	}
	if err := w.money(ctx, s, r); err != nil {
		return nil, err
	}
	if t.tells > 0 {
		if s.Explained, err = r.Explain(ctx, t.example); err != nil {
			return nil, err
		}
	}
	s.Footnotes = s.notes.Notes()
	return s, nil
}

// requests holds what the clients saw to what the journal says.
func (s *Summary) requests(seen []sent, t *tally) {
	s.UsageRecords, s.Attempts, s.SellerChange = t.withUsage, t.attempts, t.changed
	for i := range seen {
		one := &seen[i]
		whole := one.err == nil && one.status == 200 && one.whole
		switch {
		case whole && t.records[one.request] == 1:
			s.Answered++
		case whole:
			s.Failed++
			s.problem("request %s was answered and has %d records", one.request, t.records[one.request])
		case one.err == nil && one.status == 403:
			s.Refused++
		default:
			s.Failed++
			s.problem("request %s: status %d, %v %s", one.request, one.status, one.err, one.body)
		}
	}
	if t.answered != s.Answered {
		s.problem("the clients saw %d answers, the journal has %d", s.Answered, t.answered)
	}
	for _, name := range slices.Sorted(maps.Keys(t.clouds)) {
		c := Cloud{Because: []CloudWhy{}}
		for why, n := range t.clouds[name] {
			c.Answered += n
			c.Because = append(c.Because, CloudWhy{why.clause, why.reason, n})
		}
		slices.SortFunc(c.Because, func(a, b CloudWhy) int {
			return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Clause, b.Clause))
		})
		s.Clouds[name] = c
	}
	for key, n := range t.failovers {
		s.Failovers = append(s.Failovers, Failover{key.from, key.to, key.reason, key.seller, n})
	}
	slices.SortFunc(s.Failovers, func(a, b Failover) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Seller, b.Seller))
	})
}

// verify checks the journal and the books, and rebuilds the books beside themselves.
func (s *Summary) verify(ctx context.Context, r *app.Reading) error {
	checked, err := journal.Verify(ctx, r.Journal, journal.VerifyOptions{})
	if err != nil {
		return err
	}
	s.Journal = JournalSummary{Good: checked.Good(), Entries: checked.Entries, Open: checked.Open}
	for _, f := range checked.Findings {
		s.problem("journal: %s", f)
	}
	books, err := ledger.Verify(ctx, r.Books, nil)
	if err != nil {
		return err
	}
	for _, f := range books.Faults {
		s.problem("books: %s: %s", f.Rule, f.Message)
	}
	rebuilt, err := r.RebuildBeside(ctx)
	if err != nil {
		return err
	}
	s.Ledger = LedgerSummary{Balanced: books.Balanced(), Transactions: books.Transactions, RebuiltEqual: rebuilt.Equal}
	return nil
}

func (s *Summary) problem(format string, args ...any) {
	if len(s.problems) < 20 {
		s.problems = append(s.problems, fmt.Sprintf(format, args...))
	}
}

// verdict says whether what the demo must show held.
func (s *Summary) verdict() error {
	if s.Failed == 0 && len(s.problems) == 0 && s.Journal.Good && s.Ledger.Balanced && s.Ledger.RebuiltEqual {
		return nil
	}
	err := ErrNotGood
	for _, p := range s.problems {
		err = fmt.Errorf("%w\n  %s", err, p)
	}
	return err
}
