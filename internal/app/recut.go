package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"concord/journal"
	"concord/ledger"
	"concord/settlement"
)

// A Recut says whether a statement comes out the same when it is computed again from a journal.
type Recut struct {
	Number string `json:"number"`
	Form   string `json:"form"` // "json", "text", "csv", "html", "pdf"
	Hash   string `json:"hash"` // SHA-256 of what was verified
	Same   bool   `json:"same"`
	Closed bool   `json:"closed"`           // the journal at hand has its close, with this hash
	Reason string `json:"reason,omitempty"` // the first difference
}

// VerifyStatement computes a statement again from the journal at hand, at the position that it names, and compares the two
// byte for byte. Forms other than JSON are found by their hash.
func (r *Reading) VerifyStatement(ctx context.Context, content []byte) (*Recut, error) {
	sum := sha256.Sum256(content)
	out := &Recut{Hash: hex.EncodeToString(sum[:]), Form: "json"}
	if !bytes.HasPrefix(bytes.TrimLeft(content, " \r\n\t"), []byte("{")) {
		return out, r.findForm(ctx, content, sum, out)
	}
	like, err := settlement.ReadStatement(content)
	if err != nil {
		return nil, fmt.Errorf("this is no closed statement: %w\n  write one with concord statement --number NUMBER --format json; drafts cannot be verified", err)
	}
	if out.Number = like.Number; like.State != ledger.Issued || like.Number == "" {
		return nil, fmt.Errorf("this is a %s without a number: only a closed statement can be verified", like.State)
	}
	at := journal.Cursor{Chain: like.Journal.Chain, Block: like.Journal.Block}
	hash, err := hashAt(ctx, r.Journal, at)
	if err != nil {
		return nil, err
	}
	if hash == (journal.Hash{}) {
		return nil, fmt.Errorf("the journal at hand has no chain %d, block %d, at which statement %s was cut\n  bring it up to date first", at.Chain, at.Block, like.Number)
	}
	if got := hex.EncodeToString(hash[:]); got != like.Journal.Hash {
		out.Reason = fmt.Sprintf("it was cut at chain %d, block %d with the hash %s; the journal at hand has %s there: it is another journal", at.Chain, at.Block, like.Journal.Hash, got)
		return out, nil
	}
	err = r.recut(ctx, []*settlement.Statement{like}, func(_ *settlement.Statement, again []byte) {
		out.Reason = firstDifference(content, again)
		out.Same = out.Reason == ""
	})
	if err != nil {
		return nil, err
	}
	_, c, err := closeOf(ctx, r.Journal, like.Number)
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return nil, err
	}
	out.Closed = err == nil && c.Hash == sum
	if out.Same && err == nil && !out.Closed {
		out.Same, out.Reason = false, fmt.Sprintf("the journal at hand closed statement %s with the hash %x", like.Number, c.Hash)
	}
	return out, nil
}

func (r *Reading) standings(ctx context.Context) ([]ledger.Standing, error) {
	saved, err := r.Books.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the books: %w", err)
	}
	state, err := ledger.DecodeState(saved)
	if err != nil {
		return nil, fmt.Errorf("read the books: %w", err)
	}
	return state.Statements(), nil
}

// RecutAll computes all closed statements again at their positions and says which come out otherwise. It changes nothing: what
// was closed stays as it is.
func (r *Reading) RecutAll(ctx context.Context) ([]Recut, error) {
	standings, err := r.standings(ctx)
	if err != nil {
		return nil, err
	}
	var all []*settlement.Statement
	stored := map[string][]byte{}
	for i := range standings {
		_, c, err := closeOf(ctx, r.Journal, standings[i].Number)
		if err != nil {
			return nil, err
		}
		if c.Number == "" || len(c.Statement) == 0 {
			continue
		}
		st, err := settlement.ReadStatement(c.Statement)
		if err != nil {
			return nil, fmt.Errorf("statement %s: %w", c.Number, err)
		}
		all, stored[st.Number] = append(all, st), c.Statement
	}
	out := []Recut{}
	err = r.recut(ctx, all, func(like *settlement.Statement, again []byte) {
		one := Recut{Number: like.Number, Form: "json", Hash: like.Hash, Closed: true, Reason: firstDifference(stored[like.Number], again)}
		one.Same = one.Reason == ""
		out = append(out, one)
	})
	return out, err
}

// recut posts the journal once and cuts each statement when its position is reached.
func (r *Reading) recut(ctx context.Context, all []*settlement.Statement, each func(like *settlement.Statement, again []byte)) error {
	wanted := map[journal.Cursor][]*settlement.Statement{}
	var last journal.Cursor
	for _, st := range all {
		at := journal.Cursor{Chain: st.Journal.Chain, Block: st.Journal.Block}
		wanted[at] = append(wanted[at], st)
		if at.Compare(last) > 0 {
			last = at
		}
	}
	if len(all) == 0 {
		return nil
	}
	state := ledger.NewState()
	var documents []journal.Document
	_, err := ledger.Replay(ctx, r.Journal, state, journal.Cursor{}, last, func(e *journal.Entry, _ *ledger.Transaction) error {
		if d, ok := e.Body.(*journal.Document); ok {
			documents = append(documents, kept(d))
		}
		return nil
	}, func(at journal.Cursor) error {
		for _, like := range wanted[at] {
			again, err := r.again(ctx, state, documents, at, like)
			if err != nil {
				return fmt.Errorf("compute statement %s again: %w", like.Number, err)
			}
			each(like, again)
			delete(wanted, at)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for at, left := range wanted {
		return fmt.Errorf("the journal at hand has no chain %d, block %d, at which statement %s was cut", at.Chain, at.Block, left[0].Number)
	}
	return nil
}

// again cuts a statement from a copy of the state at its position.
func (r *Reading) again(ctx context.Context, state *ledger.State, documents []journal.Document, at journal.Cursor, like *settlement.Statement) ([]byte, error) {
	cells, encoded, err := state.Changes() // nothing was saved: it has all of them
	if err != nil {
		return nil, err
	}
	copied, err := ledger.DecodeState(&ledger.Saved{Cursor: at, State: state.Encode(), Documents: encoded})
	if err != nil {
		return nil, err
	}
	snapshot, err := assemble(ctx, r.Journal, copied, cells, documents, at)
	if err != nil {
		return nil, err
	}
	snapshot.Counted = state.Observed()
	work := &settlement.Closing{Snapshot: *snapshot, Agreement: like.Agreement, Period: like.Period.Name, Closed: closedStatements(ctx, r.Journal),
		Reasons: reasons(ctx, r.Journal)}
	if like.Activity != nil {
		if err := count(ctx, r.Journal, work); err != nil {
			return nil, err
		}
	}
	st, err := work.Again(like)
	if err != nil {
		return nil, err
	}
	return st.Canonical()
}

// firstDifference names the first line in which two texts differ; "" = they are the same.
func firstDifference(have, again []byte) string {
	if bytes.Equal(have, again) {
		return ""
	}
	a, b := strings.Split(string(have), "\n"), strings.Split(string(again), "\n")
	for i := range max(len(a), len(b)) {
		one, other := "nothing", "nothing"
		if i < len(a) {
			one = strings.TrimSpace(a[i])
		}
		if i < len(b) {
			other = strings.TrimSpace(b[i])
		}
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("line %d: the statement has %s, computed again it is %s", i+1, one, other)
		}
	}
	return "they end otherwise"
}
