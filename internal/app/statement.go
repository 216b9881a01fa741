package app

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/ledger"
	"concord/settlement"
)

// A StatementQuery says which statements are wanted.
type StatementQuery struct {
	Agreement string    // "" = the only one
	Period    string    // "2026-05", "2026-Q2", "2026"; "" = the one that Now is in
	Between   [2]string // "" = all pairs of parties, or those of Party
	Party     string
	Number    string // of a closed statement; all else but Version is not read
	Version   int    // of closed statements; 0 = the one that stands
	Activity  bool   // drafts too count requests: it reads all of the period's
	Now       time.Time
}

// A Printed is a statement as it is printed: one that is closed has the bytes that were kept then.
type Printed struct {
	Statement *settlement.Statement
	Standing  *ledger.Standing // of a closed one, now; nil = a draft
	Next      string           // number of the version that replaces it; "" = none does
	Forms     map[string][]byte
}

// Statements returns the closed statements of a period, and drafts where it is not closed.
func (r *Reading) Statements(ctx context.Context, q StatementQuery) ([]*Printed, error) {
	at, err := snapshot(ctx, r.Journal, r.Books)
	if err != nil {
		return nil, err
	}
	if q.Number != "" {
		st, ok := at.State.Statement(q.Number)
		if !ok {
			return nil, fmt.Errorf("no statement %q is closed\n  list them: concord statement list", q.Number)
		}
		versions := settlement.Versions(at.State.Statements(), st.Agreement, st.Between, st.Period)
		if q.Version > 0 {
			i := slices.IndexFunc(versions, func(v ledger.Standing) bool { return v.Version == q.Version })
			if i < 0 {
				return nil, fmt.Errorf("statement %s has versions 1 to %d, no %d", q.Number, len(versions), q.Version)
			}
			st = versions[i]
		}
		one, err := r.printed(ctx, &st, versions)
		return []*Printed{one}, err
	}
	chosen, err := agreementIn(at, q.Agreement)
	if err != nil {
		return nil, err
	}
	if q.Period == "" {
		kind := "month"
		if len(chosen.Settlement) > 0 {
			kind = chosen.Settlement[0].Period
		}
		q.Period = settlement.PeriodOf(kind, q.Now, chosen.Zone)
	}
	if q.Party != "" && !slices.ContainsFunc(chosen.Parties, func(p agreement.Party) bool { return p.ID == q.Party }) {
		return nil, fmt.Errorf("%s is not party to %s", q.Party, chosen.Name)
	}
	return r.statements(ctx, at, chosen, q)
}

func (r *Reading) statements(ctx context.Context, at *settlement.Snapshot, a *agreement.Agreement, q StatementQuery) ([]*Printed, error) {
	period, err := settlement.ParsePeriod(q.Period, a.Zone)
	if err != nil {
		return nil, err
	}
	closed := map[[2]string]*ledger.Standing{}
	all := at.State.Statements()
	var chosen []*ledger.Standing
	for _, st := range all {
		if st.Agreement != a.Name || st.From != period.From.UnixNano() || st.Until != period.Until.UnixNano() {
			continue
		}
		if q.Version > 0 && st.Version == q.Version || q.Version == 0 && st.State != ledger.Replaced {
			closed[st.Between] = &st
			closed[[2]string{st.Between[1], st.Between[0]}] = &st
			chosen = append(chosen, &st)
		}
	}
	print := func(st *ledger.Standing) (*Printed, error) {
		return r.printed(ctx, st, settlement.Versions(all, st.Agreement, st.Between, st.Period))
	}
	if st := closed[q.Between]; st != nil {
		one, err := print(st)
		return []*Printed{one}, err
	}
	if q.Version > 0 {
		return versionsOf(chosen, q, print)
	}
	work := &settlement.Closing{Snapshot: *at, Agreement: a.Name, Period: q.Period, Issued: q.Now, Closed: closedStatements(ctx, r.Journal)}
	if q.Activity {
		if err := count(ctx, r.Journal, work); err != nil {
			return nil, err
		}
	}
	drafts, err := work.Drafts(q.Between, q.Party)
	if err != nil {
		return nil, err
	}
	out := []*Printed{}
	for _, d := range drafts {
		one := &Printed{Statement: d}
		if st := closed[d.Between]; st != nil {
			if one, err = print(st); err != nil {
				return nil, err
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// versionsOf returns the closed statements that have a version: there are no drafts of one.
func versionsOf(chosen []*ledger.Standing, q StatementQuery, print func(*ledger.Standing) (*Printed, error)) ([]*Printed, error) {
	out := []*Printed{}
	for _, st := range chosen {
		if q.Between != ([2]string{}) || q.Party != "" && !slices.Contains(st.Between[:], q.Party) {
			continue
		}
		one, err := print(st)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no statement of %s has a version %d\n  list them: concord statement list", q.Period, q.Version)
	}
	return out, nil
}

// printed reads a closed statement as it was kept. versions are all of its period.
func (r *Reading) printed(ctx context.Context, st *ledger.Standing, versions []ledger.Standing) (*Printed, error) {
	_, c, err := closeOf(ctx, r.Journal, st.Number)
	if err != nil {
		return nil, err
	}
	p := &Printed{Standing: st, Forms: map[string][]byte{"json": c.Statement}}
	for _, v := range versions {
		if v.Version == st.Version+1 {
			p.Next = v.Number
		}
	}
	for _, f := range c.Forms {
		p.Forms[f.Name] = f.Bytes
	}
	p.Statement, err = settlement.ReadStatement(c.Statement)
	return p, err
}

// agreementIn returns the agreement of a name, or the only one.
func agreementIn(at *settlement.Snapshot, name string) (*agreement.Agreement, error) {
	var names []string
	for _, iv := range slices.Backward(at.History) {
		for _, f := range iv.Terms.Clauses() {
			if f.Agreement.Name == name {
				return f.Agreement, nil
			}
			names = appendNew(names, f.Agreement.Name)
		}
	}
	slices.Sort(names)
	switch {
	case name == "" && len(names) > 1:
		return nil, fmt.Errorf("the journal has %d agreements: say --agreement with one of: %s", len(names), strings.Join(names, ", "))
	case name != "" || len(names) == 0:
		return nil, fmt.Errorf("the journal has no agreement %q\n  say --agreement with one of: %s", name, strings.Join(names, ", "))
	}
	return agreementIn(at, names[0])
}

// A StandingView is how a closed statement stands.
type StandingView struct {
	Number    string              `json:"number"`
	Version   int                 `json:"version"`
	Agreement string              `json:"agreement"`
	Between   [2]string           `json:"between"`
	Period    string              `json:"period"`
	Hash      string              `json:"hash"`
	State     string              `json:"state"`
	Issued    string              `json:"issued"`
	Due       string              `json:"due"` // day, in the zone of the statement
	Accepted  []string            `json:"accepted"`
	Lines     []settlement.OpenAt `json:"lines"`
}

// Standings lists the closed statements and what is open of them.
func (r *Reading) Standings(ctx context.Context, now time.Time) ([]StandingView, error) {
	at, err := snapshot(ctx, r.Journal, r.Books)
	if err != nil {
		return nil, err
	}
	out := []StandingView{}
	standings := at.State.Statements()
	for i := range standings {
		st := &standings[i]
		v := StandingView{Number: st.Number, Version: st.Version, Agreement: st.Agreement, Between: st.Between, Period: st.Period, Hash: hex.EncodeToString(st.Hash[:]),
			Issued: instantText(st.Issued), Accepted: append([]string{}, st.Accepted...)}
		a, err := agreementIn(at, st.Agreement)
		if err != nil {
			return nil, err
		}
		zone := a.Zone
		if zone == nil {
			zone = time.UTC
		}
		v.Due = time.Unix(0, st.Due).In(zone).Format(time.DateOnly)
		if v.Lines, err = settlement.OpenOf(standings, at.State.Dues(), st, now, a.Zone); err != nil {
			return nil, err
		}
		v.State = settlement.StateOf(st, v.Lines, a, now)
		out = append(out, v)
	}
	return out, nil
}

// choose returns the agreement of a name among a set, or the only one.
func choose(set *agreement.Set, name string) (*agreement.Agreement, error) {
	var names []string
	for _, a := range set.Agreements() {
		if a.Name == name || name == "" && len(set.Agreements()) == 1 {
			return a, nil
		}
		names = append(names, a.Name)
	}
	return nil, fmt.Errorf("the journal has no agreement %q\n  say --agreement with one of: %s", name, strings.Join(names, ", "))
}
