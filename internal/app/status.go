package app

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"time"
)

// A Status is how a running server is.
type Status struct {
	Version    string            `json:"version"`
	Process    int               `json:"process"`
	Address    string            `json:"address"`
	Config     string            `json:"config"`
	Chain      string            `json:"chain"`
	Started    time.Time         `json:"started"`
	Terms      string            `json:"terms"`                 // in force now, hex
	Since      *time.Time        `json:"terms_since,omitempty"` // when they came into force; none = they always were
	Until      *time.Time        `json:"terms_until,omitempty"` // when others come into force by themselves
	Set        string            `json:"set"`                   // the set document, hex
	Read       time.Time         `json:"configuration_read"`    // when what is in force was read
	Agreements []AgreementStatus `json:"agreements"`
	Open       int               `json:"open_requests"`
	Lag        uint64            `json:"poster_lag"` // blocks of the journal that the books have not taken
	Stopped    *Halt             `json:"posting_stopped,omitempty"`
	Budgets    []BudgetStatus    `json:"budgets"`
	Credit     *CreditStatus     `json:"credit,omitempty"`
	LastReload *Reload           `json:"last_reload,omitempty"`
}

// An AgreementStatus is an agreement that is loaded.
type AgreementStatus struct {
	Name      string `json:"name"`
	Document  string `json:"document"`            // hash, hex
	Amendment string `json:"amendment,omitempty"` // the last one in force
}

// Status tells how the server is.
func (s *Server) Status(ctx context.Context) (*Status, error) {
	lag, err := s.poster.Lag(ctx)
	if err != nil {
		return nil, err
	}
	now, f := time.Now(), s.current.Load()
	terms := f.timeline.At(now.UnixNano()).Terms()
	hash := terms.Hash()
	v := &Status{
		Version: Version(), Process: os.Getpid(), Address: s.Address(), Config: f.config.File, Chain: s.chain.String(),
		Started: time.Unix(0, s.chain.Started).UTC(), Terms: hex.EncodeToString(hash[:]), Set: hex.EncodeToString(f.set[:]),
		Read: f.since.UTC(), Agreements: []AgreementStatus{}, Open: s.gateway.OpenRequests(), Lag: lag, Stopped: s.stopped(ctx), LastReload: s.last.Load(),
	}
	if v.Budgets, err = budgetStatus(ctx, s.journal, f.config.Budgets, now.UnixNano()); err != nil {
		return nil, err
	}
	v.Credit = s.creditStatus()
	from, until := terms.Span()
	v.Since, v.Until = given(from), given(until)
	for _, a := range f.config.Set.Agreements() {
		status := AgreementStatus{Name: a.Name, Document: hex.EncodeToString(a.Hash[:])}
		var latest time.Time
		for i := range a.Amendments {
			m := &a.Amendments[i]
			if known := m.Recorded.IsZero() || !m.Recorded.After(f.config.Known); known && !m.Effective.After(now) && !m.Effective.Before(latest) {
				status.Amendment, latest = m.ID, m.Effective
			}
		}
		v.Agreements = append(v.Agreements, status)
	}
	return v, nil
}

// given returns an instant for JSON; nil where there is none.
func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}

// Lines tells the status to people.
func (v *Status) Lines() []string {
	line := fmt.Sprintf
	terms := line("terms       %s", v.Terms[:16])
	if v.Since != nil {
		terms += ", in force since " + v.Since.Format(time.RFC3339)
	}
	if v.Until != nil {
		terms += "; others come into force at " + v.Until.Format(time.RFC3339)
	}
	out := []string{
		line("serving     http://%s/v1 since %s, process %d, version %s", v.Address, v.Started.Format(time.RFC3339), v.Process, v.Version),
		line("chain       %s", v.Chain),
		terms,
		line("set         %s, read %s from %s", v.Set[:16], v.Read.Format(time.RFC3339), v.Config),
	}
	for _, a := range v.Agreements {
		out = append(out, line("agreement   %s, document %s, last amendment in force: %s", a.Name, a.Document[:16], a.Amendment))
	}
	out = append(out, line("requests    %d open", v.Open), line("books       behind the journal by %s", counted(v.Lag, "block")))
	if v.Stopped != nil {
		out = append(out, line("            since %s: %s", v.Stopped.At.Format(time.RFC3339), v.Stopped.Error()))
	}
	for i := range v.Budgets {
		out = append(out, v.Budgets[i].Line())
	}
	if c := v.Credit; c != nil {
		out = append(out, line("credit      %s of %s %s exposed while the journal takes no entries", c.Exposed, c.Limit, c.Currency))
	}
	if r := v.LastReload; r != nil {
		out = append(out, line("last read   %s (%s): %s", r.At.Format(time.RFC3339), r.Cause, r.Summary()))
	}
	return out
}

// Summary says in a line what came of a reload.
func (r *Reload) Summary() string {
	switch r.Outcome {
	case Taken:
		return "new configuration in force"
	case Unchanged:
		return "nothing changed"
	case Refused:
		return fmt.Sprintf("refused with %s; what was in force stays in force", counted(r.errors(), "error"))
	case Failed:
		return "not taken; what was in force stays in force: " + r.Error
	}
	return string(r.Outcome)
}

// counted says how many there are of something.
func counted[N int | uint64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
