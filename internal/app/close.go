package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"concord/journal"
	"concord/journal/events"
	"concord/ledger"
	"concord/money"
	"concord/report"
	"concord/settlement"
	"concord/store/postgres"
)

// A CloseRequest says which period of an agreement is closed.
type CloseRequest struct {
	Agreement string        `json:"agreement"` // "" = the only one
	Period    string        `json:"period"`
	Between   [2]string     `json:"between"` // "" = all that settle by this kind of period
	Again     bool          `json:"again"`   // issue a further version of the statement that has closed it
	Because   []string      `json:"because"` // its reasons: entries as SOURCE/ID, or requests; none = the disputes of the statement
	Issued    time.Time     `json:"issued"`  // zero = now
	Wait      time.Duration `json:"wait"`    // for chains that are behind
}

// Closings says what came of a CloseRequest.
type Closings struct {
	Statements []ClosingView `json:"statements"`
	Fell       []FellView    `json:"fell_due"`          // what fell due at the end of the period
	Without    [][2]string   `json:"without,omitempty"` // parties between which nothing stands: no statement was issued
	Behind     []string      `json:"behind,omitempty"`  // chains that have not passed it: nothing was closed
	Error      string        `json:"error,omitempty"`   // nothing was closed
}

// A ClosingView is a statement that was closed.
type ClosingView struct {
	Number string `json:"number"`
	// The statement that it replaces, and in how many lines it states something else.
	Replaces string           `json:"replaces,omitempty"`
	Changes  int              `json:"changes,omitempty"`
	Hash     string           `json:"hash"`
	Issued   string           `json:"issued"`
	Due      string           `json:"due,omitempty"`
	Net      settlement.Gross `json:"net"`
	Owed     money.Currency   `json:"currency"`
}

// A FellView is an amount that fell due by the calendar.
type FellView struct {
	Name      string         `json:"name"`
	Agreement string         `json:"agreement"`
	Clause    string         `json:"clause"`
	Payer     string         `json:"payer"`
	Payee     string         `json:"payee"`
	Amount    money.Amount   `json:"amount"`
	Currency  money.Currency `json:"currency"`
}

// ErrBehind says that chains have not passed the end of a period yet.
var ErrBehind = errors.New("chains have not passed the end of the period")

// Close closes a period: by the server that runs on the data directory, or in a chain of its own. All that it writes stands
// in one append, or nothing does.
func Close(ctx context.Context, dir string, q CloseRequest) (_ *Closings, err error) {
	r, err := OpenReading(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if r.Live {
		done := &Closings{}
		if err := askWith(ctx, dir, http.MethodPost, "/close", q, done); err != nil {
			return nil, err
		}
		return done, done.err()
	}
	c := &closer{journal: r.Journal, books: r.Books, request: q, append: func(ctx context.Context, entries []journal.Entry) error {
		id, err := newChain("close")
		if err != nil {
			return err
		}
		return appendChain(ctx, r.Journal, id, entries)
	}}
	done, err := c.close(ctx)
	if err != nil {
		return nil, err
	}
	return done, errors.Join(done.err(), r.CatchUp(ctx))
}

func (c *Closings) err() error {
	switch {
	case len(c.Behind) > 0:
		return fmt.Errorf("nothing is closed: %w\n  %s", ErrBehind, strings.Join(c.Behind, "\n  "))
	case c.Error != "":
		return errors.New(c.Error)
	}
	return nil
}

// takeClose answers the admin socket.
func (s *Server) takeClose(w http.ResponseWriter, r *http.Request) {
	var q CloseRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, events.MaxLine)).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c := &closer{journal: s.journal, books: s.books, request: q, own: s.chain, lock: func() func() {
		s.reloading.Lock()
		return s.reloading.Unlock
	}, append: func(ctx context.Context, entries []journal.Entry) error {
		commit, err := s.committer.Append(entries...)
		if err != nil {
			return err
		}
		return waitFor(ctx, commit)
	}}
	done, err := c.close(r.Context())
	if err == nil {
		err = s.caughtUp(r.Context())
	}
	if err != nil {
		answerJSON(w, http.StatusUnprocessableEntity, Closings{Statements: []ClosingView{}, Error: err.Error()})
		return
	}
	answerJSON(w, http.StatusOK, done)
}

// closer closes one period.
type closer struct {
	journal journal.Journal
	books   ledger.Books
	request CloseRequest
	own     journal.ChainID // of the server that closes; zero = a command
	lock    func() func()   // beside no reload and no record; nil = nobody else writes
	append  func(context.Context, []journal.Entry) error
}

// close waits until every chain has passed the end of the period, and closes it.
func (c *closer) close(ctx context.Context) (*Closings, error) {
	if c.request.Issued.IsZero() {
		c.request.Issued = time.Now()
	}
	now := time.Now()
	if c.request.Issued.After(now) {
		return nil, fmt.Errorf("it cannot be issued at %s, which has not come yet", c.request.Issued.Format(time.RFC3339))
	}
	c.request.Issued = c.request.Issued.UTC()
	deadline := now.Add(c.request.Wait)
	for {
		done, err := c.try(ctx)
		if err != nil || len(done.Behind) == 0 || !time.Now().Before(deadline) {
			return done, err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (c *closer) try(ctx context.Context) (*Closings, error) {
	if c.lock != nil {
		defer c.lock()()
	}
	work, err := c.prepare(ctx)
	if err != nil {
		return nil, err
	}
	closed, err := work.Close()
	if err != nil {
		return nil, err
	}
	done := &Closings{Statements: []ClosingView{}, Fell: []FellView{}, Without: closed.Without}
	if done.Behind, err = c.behind(ctx, work); err != nil || len(done.Behind) > 0 {
		return done, err
	}
	if len(closed.Entries) == 0 {
		return done, nil
	}
	if err := c.append(ctx, closed.Entries); err != nil {
		return nil, fmt.Errorf("write the closing of %s: %w", c.request.Period, err)
	}
	for _, st := range closed.Statements {
		view := ClosingView{Number: st.Number, Hash: st.Hash, Issued: st.Issued, Due: st.Due, Net: st.Net, Owed: st.Currency}
		if st.Replaces != nil {
			view.Replaces, view.Changes = st.Replaces.Number, len(st.Replaces.Changes)
		}
		done.Statements = append(done.Statements, view)
	}
	for i := range closed.Entries {
		if f, ok := closed.Entries[i].Body.(*journal.Fee); ok {
			done.Fell = append(done.Fell, FellView{f.Name, f.Agreement, f.Clause, f.Payer, f.Payee, f.Amount, f.Currency})
		}
	}
	return done, nil
}

func (c *closer) prepare(ctx context.Context) (*settlement.Closing, error) {
	at, err := snapshot(ctx, c.journal, c.books)
	if err != nil {
		return nil, err
	}
	chosen, err := agreementIn(at, c.request.Agreement)
	if err != nil {
		return nil, err
	}
	work := &settlement.Closing{Snapshot: *at, Agreement: chosen.Name, Period: c.request.Period, Issued: c.request.Issued,
		Anew: c.request.Again, Because: c.request.Because, Reasons: reasons(ctx, c.journal), Closed: closedStatements(ctx, c.journal), Render: renderForms}
	if c.request.Between != ([2]string{}) {
		work.Pairs = [][2]string{c.request.Between}
	}
	return work, count(ctx, c.journal, work)
}

func appendNew(list []string, name string) []string {
	for _, have := range list {
		if have == name {
			return list
		}
	}
	return append(list, name)
}

// renderForms writes a statement in the forms that are kept with it.
func renderForms(st *settlement.Statement) ([]journal.Form, error) {
	made, err := time.Parse(time.RFC3339Nano, st.Issued)
	if err != nil {
		return nil, err
	}
	page := report.StatementPage(st)
	var forms []journal.Form
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"text", page.WriteText},
		{"csv", func(w io.Writer) error { return report.WriteStatementsCSV(w, []*settlement.Statement{st}) }},
		{"html", page.WriteHTML},
		{"pdf", func(w io.Writer) error { return page.WritePDF(w, made) }},
	} {
		var out bytes.Buffer
		if err := f.write(&out); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		forms = append(forms, journal.Form{Name: f.name, Hash: sha256.Sum256(out.Bytes()), Bytes: out.Bytes()})
	}
	return forms, nil
}

// behind names the chains that something of the period may still come from.
func (c *closer) behind(ctx context.Context, work *settlement.Closing) ([]string, error) {
	chains, err := c.journal.Chains(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the chains: %w", err)
	}
	var out []string
	live := 0
	for _, chain := range chains {
		if chain.Settled {
			continue
		}
		if !chain.Sealed {
			live++
		}
	}
	alive, err := c.alive(ctx)
	if err != nil {
		return nil, err
	}
	for _, chain := range chains {
		switch {
		case chain.Settled:
			continue
		case chain.Sealed:
			out = append(out, fmt.Sprintf("chain %s ended without having its open requests resolved: start its gateway, or wait until another one has resolved them", chain.ID))
			continue
		case alive < live:
			if chain.ID != c.own {
				out = append(out, fmt.Sprintf("chain %s was not ended, and nobody says that it lives: start its gateway, which resolves what it left open", chain.ID))
			}
			continue
		}
		n, first, err := c.open(ctx, chain, work.Until())
		if err != nil {
			return nil, err
		}
		if n > 0 {
			out = append(out, fmt.Sprintf("chain %s has %s admitted in the period and not ended yet, the first at %s", chain.ID, counted(uint64(n), "request"), instantText(first)))
		}
	}
	return out, nil
}

// alive returns how many chains have somebody who writes them.
func (c *closer) alive(ctx context.Context) (int, error) {
	if p, ok := journalAs[*postgres.Journal](c.journal); ok {
		return p.Alive(ctx, journal.ChainID{})
	}
	if c.own != (journal.ChainID{}) {
		return 1, nil
	}
	return 0, nil
}

// journalAs finds a kind of storage below wrappers.
func journalAs[J journal.Journal](j journal.Journal) (J, bool) {
	for {
		if found, ok := j.(J); ok {
			return found, true
		}
		w, ok := j.(interface{ Unwrap() journal.Journal })
		if !ok {
			var none J
			return none, false
		}
		j = w.Unwrap()
	}
}

// open counts the requests of a chain that were admitted before an instant and have no record.
func (c *closer) open(ctx context.Context, chain journal.ChainState, until time.Time) (n int, first int64, err error) {
	from, err := journal.ResolvedUpTo(ctx, c.journal, &chain)
	if err != nil {
		return 0, 0, err
	}
	waiting := map[journal.RequestID]int64{}
	var bad error
	take := func(b *journal.Block) bool {
		if b.Chain != chain.ID {
			return false
		}
		bad = b.Headings(func(h *journal.Heading) {
			switch {
			case h.Kind == journal.KindIntent && h.Time < until.UnixNano():
				waiting[h.Request] = h.Time
			case h.Kind == journal.KindRecord:
				delete(waiting, h.Request)
			}
		})
		return bad == nil
	}
	if m, ok := journal.AsMerging(c.journal); ok {
		err = m.OfChain(ctx, chain.ID, from, take)
	} else {
		err = c.journal.Blocks(ctx, journal.Cursor{Chain: chain.Ordinal, Block: from}, take)
	}
	if err = errors.Join(err, bad); err != nil {
		return 0, 0, fmt.Errorf("look for open requests in chain %s: %w", chain.ID, err)
	}
	for _, at := range waiting {
		if first == 0 || at < first {
			first = at
		}
	}
	return len(waiting), first, nil
}
