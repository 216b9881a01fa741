package settlement

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"concord/agreement"
	"concord/journal"
	"concord/ledger"
	"concord/pricing"
)

// Source is the source of the entries that a closing writes.
const Source = "concord/close"

// A Snapshot is what the books hold at a position of the journal.
type Snapshot struct {
	State   *ledger.State // a copy of its own: a closing posts to it
	Cells   []ledger.Cell // all of them
	At      journal.Cursor
	Hash    journal.Hash // of the block there
	History []agreement.Interval
	Prices  []*pricing.Book
	Catalog *agreement.Catalog
	Counted []ledger.ActivityRow // what the books have of requests, in the order of keys
}

// A Closing closes one period of an agreement, for pairs of its parties.
type Closing struct {
	Snapshot
	Agreement string
	Period    string      // "2026-05"
	Pairs     [][2]string // empty = all that settle by this kind of period
	Issued    time.Time
	// Anew issues a further version of the statement that has closed the period, for the reasons that Because names: entries of the
	// journal as SOURCE/ID, or requests. Without a name the reasons are the statement's disputes.
	Anew    bool
	Because []string
	// Reasons returns the entries of names; where there are none, the disputes of a statement.
	Reasons func(statement string, names []string) ([]journal.Entry, error)
	// Closed returns a statement that was closed before.
	Closed func(number string) (*Statement, error)
	// Render writes a statement in the forms that are kept with it.
	Render func(*Statement) ([]journal.Form, error)
	// Activity is what was counted for the period; nil = drafts go without.
	Activity *Tally

	agreement *agreement.Agreement
	period    Period
	over      map[ledger.Key]ledger.Cell // what the closing itself has posted, on top of Cells
	entries   []journal.Entry
	closed    map[string]*Statement
	replacing map[[2]string]*replacing // by pair, as it was named
	format    int                      // of the statement that is cut again; 0 = as needed
	already   error                    // of a pair that was closed before, where none was named
}

// Closed is what a closing writes, together: what falls due at the end of the period, and a close for each statement.
type Closed struct {
	Entries    []journal.Entry
	Statements []*Statement
	Without    [][2]string // pairs that were not named and between which nothing stands: they get no statement
}

// Close makes the entries of a closing. It writes nothing.
func (c *Closing) Close() (*Closed, error) {
	if err := c.begin(); err != nil {
		return nil, fmt.Errorf("close %s of %s: %w", c.Period, c.Agreement, err)
	}
	out := &Closed{}
	pairs, err := c.pairs()
	if err != nil {
		return nil, fmt.Errorf("close %s of %s: %w", c.Period, c.Agreement, err)
	}
	if err := c.fallDue(pairs); err != nil {
		return nil, fmt.Errorf("close %s of %s: %w", c.Period, c.Agreement, err)
	}
	for _, pair := range pairs {
		st, err := c.cut(pair, ledger.Issued)
		var entry *journal.Entry
		if err == nil && len(c.Pairs) == 0 && c.bare(st) {
			out.Without = append(out.Without, pair)
			continue
		}
		if err == nil {
			entry, err = c.one(st)
		}
		if err != nil {
			return nil, fmt.Errorf("close %s of %s between %s and %s: %w", c.Period, c.Agreement, pair[0], pair[1], err)
		}
		out.Statements = append(out.Statements, st)
		c.entries = append(c.entries, *entry)
	}
	if len(out.Statements) == 0 && c.already != nil {
		return nil, fmt.Errorf("close %s of %s: %w", c.Period, c.Agreement, c.already)
	}
	out.Entries = c.entries
	return out, nil
}

// Again cuts a closed statement again from the books at its position: what the closing of that time computed. like says which
// one; of it only what nobody can compute is taken: its agreement, parties, period, the instant at which it was issued, and the
// names of the reasons for a further version.
func (c *Closing) Again(like *Statement) (*Statement, error) {
	issued, err := time.Parse(time.RFC3339Nano, like.Issued)
	if err != nil {
		return nil, fmt.Errorf("statement %s is issued at %q, which is no instant", like.Number, like.Issued)
	}
	c.Agreement, c.Period, c.Issued, c.Anew, c.format = like.Agreement, like.Period.Name, issued, like.Replaces != nil, like.Format
	if err := c.begin(); err != nil {
		return nil, err
	}
	if c.Anew {
		var names []string
		for _, cited := range like.Replaces.Cites {
			names = append(names, cited.ID)
		}
		if c.replacing[like.Between], err = c.replaced(like.Between, names); err != nil {
			return nil, err
		}
	}
	if err := c.fallDue([][2]string{like.Between}); err != nil {
		return nil, err
	}
	return c.cut(like.Between, ledger.Issued)
}

// Drafts cuts the drafts of a period, between two parties, or between one (or each) and all others where pair is empty: those that a
// closing would issue. What falls due by then counts.
func (c *Closing) Drafts(pair [2]string, party string) ([]*Statement, error) {
	if err := c.begin(); err != nil {
		return nil, err
	}
	if err := c.fallDue(c.settling()); err != nil {
		return nil, err
	}
	if pair != ([2]string{}) {
		st, err := c.cut(pair, Draft)
		return []*Statement{st}, err
	}
	out := []*Statement{}
	for _, pair := range c.all(party) {
		st, err := c.cut(pair, Draft)
		if err != nil {
			return nil, err
		}
		if !c.bare(st) {
			out = append(out, st)
		}
	}
	return out, nil
}

func (c *Closing) begin() (err error) {
	if c.agreement, err = find(&Input{Agreement: c.Agreement, History: c.History}); err != nil {
		return err
	}
	c.over, c.closed, c.replacing = map[ledger.Key]ledger.Cell{}, map[string]*Statement{}, map[[2]string]*replacing{}
	c.period, err = ParsePeriod(c.Period, c.agreement.Zone)
	return err
}

// all lists the pairs of parties, as the agreement's settlement names them where it does.
func (c *Closing) all(party string) (out [][2]string) {
	for i, a := range c.agreement.Parties {
		for _, b := range c.agreement.Parties[i+1:] {
			if party == "" || party == a.ID || party == b.ID {
				out = append(out, c.named([2]string{a.ID, b.ID}))
			}
		}
	}
	return out
}

// named returns a pair in the order in which the agreement's settlement has it.
func (c *Closing) named(pair [2]string) [2]string {
	if s := settles(c.agreement, pair); s != nil {
		return s.Between
	}
	if pair[0] > pair[1] {
		return [2]string{pair[1], pair[0]}
	}
	return pair
}

// settling lists the pairs that settle by the kind of the period.
func (c *Closing) settling() [][2]string {
	return slices.DeleteFunc(c.all(""), func(pair [2]string) bool { return c.kindOf(pair) != periodKind(c.Period) })
}

func (c *Closing) kindOf(pair [2]string) string {
	if s := settles(c.agreement, pair); s != nil && s.Period != "" {
		return s.Period
	}
	return "month"
}

// one makes the entry that closes the period with a statement.
func (c *Closing) one(st *Statement) (*journal.Entry, error) {
	for _, control := range st.Controls {
		if !control.Agrees {
			return nil, fmt.Errorf("%s: the statement has %s, the books have %s: a statement whose control totals disagree is not issued; run concord ledger verify",
				control.Name, control.Stated, control.Books)
		}
	}
	body := &journal.Close{Agreement: c.Agreement, Between: st.Between, Period: c.Period, From: c.period.From.UnixNano(), Until: c.period.Until.UnixNano(),
		Number: st.Number, Version: st.Version, At: c.At, AtHash: c.Hash, Currency: st.Currency, Lines: st.stated()}
	var err error
	if body.Statement, err = st.Canonical(); err != nil {
		return nil, err
	}
	body.Hash = sha256.Sum256(body.Statement)
	st.Hash = hex.EncodeToString(body.Hash[:])
	if body.Forms, err = c.Render(st); err != nil {
		return nil, fmt.Errorf("write its forms: %w", err)
	}
	entry := &journal.Entry{Time: c.Issued.UnixNano(), Source: Source, ID: st.Number, Body: body}
	return entry, c.post(entry)
}

// stated are the lines that move what is accrued.
func (s *Statement) stated() (out []journal.Stated) {
	for i := range s.Clauses {
		cl := &s.Clauses[i]
		if !cl.Amount.IsZero() {
			out = append(out, journal.Stated{Clause: cl.ID, Payer: cl.Payer, Payee: cl.Payee, Amount: cl.Amount})
		}
	}
	return out
}

// Canonical writes a statement in the form whose hash stands for it.
func (s *Statement) Canonical() ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		return nil, fmt.Errorf("write statement %s as JSON: %w", s.Number, err)
	}
	return out.Bytes(), nil
}

// ReadStatement reads the canonical JSON of a statement.
func ReadStatement(text []byte) (*Statement, error) {
	st := &Statement{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(st); err != nil {
		return nil, fmt.Errorf("read a statement: %w", err)
	}
	if st.Format < 1 || st.Format > Format {
		return nil, fmt.Errorf("read a statement: its form has version %d, this program reads versions 1 to %d", st.Format, Format)
	}
	sum := sha256.Sum256(text)
	st.Hash = hex.EncodeToString(sum[:])
	return st, nil
}

// cut makes the statement of a pair from what the books hold and what the closing has posted so far.
func (c *Closing) cut(pair [2]string, state string) (*Statement, error) {
	cells, err := c.cells()
	if err != nil {
		return nil, err
	}
	in := &Input{Agreement: c.Agreement, Between: c.named(pair), Period: c.Period, History: c.History, Cells: cells, Accruals: c.State.Accruals(), Aside: c.State.Aside(),
		Books: c.Prices, Dues: c.State.Dues(), Rates: c.State.Rates(), At: c.At, Hash: c.Hash, Issued: c.Issued, Format: c.format}
	for _, st := range c.State.Statements() {
		if st.Agreement == c.Agreement && samePair(st.Between, pair) && st.From < c.period.From.UnixNano() {
			in.Standings = append(in.Standings, st)
		}
	}
	for i := range in.Standings {
		if in.Standings[i].State == ledger.Replaced {
			continue
		}
		before, err := c.before(in.Standings[i].Number)
		if err != nil {
			return nil, err
		}
		in.Closed = append(in.Closed, before)
	}
	if c.Activity != nil {
		if in.Activity, err = c.Activity.Of(in.Between); err != nil {
			return nil, err
		}
	}
	r := c.replacing[pair]
	if r != nil {
		in.Replacing = r.paid
		if in.Dues, err = r.without(in.Dues); err != nil {
			return nil, err
		}
	}
	st, err := DraftStatement(in)
	if err != nil {
		return nil, err
	}
	if state != Draft {
		st.State, st.Number, st.Version = state, c.number(st.Between), 1
	}
	if r != nil {
		err = r.replaces(st)
	}
	return st, err
}

// before returns a statement that was closed before, read once.
func (c *Closing) before(number string) (*Statement, error) {
	if st, ok := c.closed[number]; ok {
		return st, nil
	}
	st, err := c.Closed(number)
	if err != nil {
		return nil, fmt.Errorf("find statement %s: %w", number, err)
	}
	c.closed[number] = st
	return st, nil
}

// number names the statement of a pair: agreement, parties, period.
func (c *Closing) number(pair [2]string) string {
	return fmt.Sprintf("%s/%s-%s/%s", c.Agreement, pair[0], pair[1], c.Period)
}

func samePair(a, b [2]string) bool { return a == b || a == [2]string{b[1], b[0]} }

// post posts an entry to the copy of the books.
func (c *Closing) post(e *journal.Entry) error {
	tx, err := ledger.Post(c.State, e)
	if err != nil {
		return fmt.Errorf("%s %s cannot be posted: %w", e.Body.Kind(), e.ID, err)
	}
	return Overlay(c.over, tx)
}

// Overlay adds a transaction to what cells have grown by since they were read. It gives growth, not balances.
func Overlay(over map[ledger.Key]ledger.Cell, tx *ledger.Transaction) error {
	seen := map[ledger.Key]bool{}
	for i := range tx.Postings {
		p := &tx.Postings[i]
		k := ledger.Key{Agreement: p.Agreement, Book: p.Book, Account: p.Account, Clause: p.Clause, Cloud: p.Cloud, Product: p.Product,
			Stream: p.Stream, Currency: tx.CurrencyOf(p), Day: p.Day}
		cell := over[k]
		cell.Key = k
		var err error
		if cell.Amount, err = cell.Amount.Add(p.Amount); err != nil {
			return fmt.Errorf("balance of %s in book %s: %w", p.Account, p.Book, err)
		}
		if !seen[k] {
			seen[k] = true
			cell.Count++
		}
		over[k] = cell
	}
	return nil
}

// Grown returns cells with what they have grown by, in canonical order.
func Grown(cells []ledger.Cell, over map[ledger.Key]ledger.Cell) ([]ledger.Cell, error) {
	if len(over) == 0 {
		return cells, nil
	}
	rest := maps.Clone(over)
	out := make([]ledger.Cell, 0, len(cells)+len(over))
	for _, cell := range cells {
		if more, ok := rest[cell.Key]; ok {
			delete(rest, cell.Key)
			var err error
			if cell.Amount, err = cell.Amount.Add(more.Amount); err != nil {
				return nil, fmt.Errorf("balance of %s in book %s: %w", cell.Account, cell.Book, err)
			}
			cell.Count += more.Count
		}
		out = append(out, cell)
	}
	for _, cell := range rest {
		out = append(out, cell)
	}
	slices.SortFunc(out, func(a, b ledger.Cell) int { return a.Key.Compare(b.Key) })
	return out, nil
}

func periodKind(name string) string {
	switch {
	case len(name) == len("2026"):
		return "year"
	case len(name) > 5 && name[5] == 'Q':
		return "quarter"
	}
	return "month"
}

// Until returns the end of the period.
func (c *Closing) Until() time.Time { return c.period.Until }

// From returns the beginning of the period.
func (c *Closing) From() time.Time { return c.period.From }
