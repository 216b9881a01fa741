package cases

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/journal"
	"concord/ledger"
	"concord/money"
	"concord/simulate"
)

// A Library reads the files that a file of cases names, by their paths as Beside gives them.
type Library func(path string) ([]byte, error)

// A story is the entries of a case as a journal would have them, with the books that they are posted to.
type story struct {
	r         *runner
	scene     simulate.Scene // as it is known by now
	documents []document     // of its agreements
	state     *ledger.State
	journal   *journal.Memory
	head      *journal.Block
	recorded  int64 // of the last entry
	n         uint64

	written []written
	sales   map[string]*sale
	holds   map[string]*held
	closed  map[string]*cut // closed statements by number
}

// document is the text of an agreement.
type document struct {
	name  string // of the file
	bytes []byte
	added []added
}

// added is lines of a document that the file of cases adds to it.
type added struct {
	after, lines, indent int
	text                 Text
}

// written is what came of an entry, for balances as they were known.
type written struct {
	id       string
	recorded int64
	postings []ledger.Posting
}

// sale is what later entries say something of.
type sale struct {
	origin journal.Origin
	now    money.Amount // its price as it stands after corrections
	cost   money.Amount
	holder string
	router func() (place, error) // where tokens of it are priced
}

// A problem is why something cannot be done: what the findings say, or a code and words.
type problem struct {
	code     string // "refused", "budget", "statement"
	err      error
	findings []agreement.Finding
}

func (p *problem) text() string {
	if p.err != nil {
		return p.err.Error()
	}
	var all error
	for i := range p.findings {
		if p.findings[i].Severity == agreement.Error {
			all = errors.Join(all, errors.New(p.findings[i].String()))
		}
	}
	return fmt.Sprint(all)
}

// is reports whether an error was expected by this name.
func (p *problem) is(name string) bool {
	for i := range p.findings {
		if f := &p.findings[i]; f.Severity == agreement.Error && f.Rule == name {
			return true
		}
	}
	return p.code == name
}

func refusal(code string, err error) *problem { return &problem{code: code, err: err} }

// begin opens the books of a case with its agreements as documents.
func (r *runner) begin(c *Case) (*story, *problem) {
	s := &story{r: r, scene: *r.scene, state: ledger.NewState(), journal: journal.NewMemory(),
		sales: map[string]*sale{}, holds: map[string]*held{}, closed: map[string]*cut{}}
	for _, a := range s.scene.Set.Agreements() {
		bytes, err := r.read(a.Pos.File)
		if err != nil {
			return nil, refusal("terms", fmt.Errorf("read agreement %s: %w", a.Name, err))
		}
		s.documents = append(s.documents, document{name: a.Pos.File, bytes: bytes})
	}
	if err := s.journal.OpenChain(context.Background(), chain()); err != nil {
		return nil, refusal("terms", err)
	}
	_, p := s.learn(s.documents)
	return s, p
}

func chain() journal.ChainID { return journal.ChainID{Gateway: "case", Started: 1, Random: 1} }

// load makes a set of the agreements of a case.
func (r *runner) load(names []Text) (*agreement.Set, *problem) {
	var all []*agreement.Agreement
	for _, name := range names {
		path := r.file.Beside(name.Value)
		bytes, err := r.read(path)
		if err != nil {
			r.invalid(name, "name a file beside this one, or one under files:", "%v", err)
			return nil, refusal("terms", err)
		}
		a, findings := agreementfile.Parse(path, bytes)
		if a == nil || hasErrors(findings) {
			return nil, &problem{findings: r.placed(findings)}
		}
		all = append(all, a)
	}
	set := agreement.NewSet(all...)
	if findings := set.Lint(nil); hasErrors(findings) {
		return nil, &problem{findings: r.placed(findings)}
	}
	return set, nil
}

func hasErrors(findings []agreement.Finding) bool {
	for i := range findings {
		if findings[i].Severity == agreement.Error {
			return true
		}
	}
	return false
}

// learn makes documents known: those that are new, and the set that names all of them. It returns what the set posts.
func (s *story) learn(all []document) (*tally, *problem) {
	set := journal.SetDoc{Known: s.scene.Known.UnixNano()}
	var entries []*journal.Document
	for _, d := range all {
		doc := &journal.Document{Doc: journal.DocAgreement, Name: d.name, Hash: sha256.Sum256(d.bytes), Bytes: d.bytes}
		set.Agreements = append(set.Agreements, hex.EncodeToString(doc.Hash[:]))
		entries = append(entries, doc)
	}
	raw, err := json.Marshal(set)
	if err != nil {
		return nil, refusal("terms", err)
	}
	entries = append(entries, &journal.Document{Doc: journal.DocSet, Name: "set", Hash: sha256.Sum256(raw), Bytes: raw})
	sum := &tally{}
	for _, d := range entries {
		tx, p := s.post(&journal.Entry{Time: s.recorded, ID: fmt.Sprintf("%s:%x", d.Name, d.Hash[:6]), Body: d})
		if p != nil {
			return nil, p
		}
		if err := sum.take(tx); err != nil {
			return nil, refusal("terms", err)
		}
	}
	return sum, nil
}

// post posts an entry to the books, and writes it to the journal if they take it.
func (s *story) post(e *journal.Entry) (*ledger.Transaction, *problem) {
	tx, err := ledger.Post(s.state, e)
	if err != nil {
		return nil, refusal("refused", err)
	}
	return tx, s.write(nil, nil, e)
}

// write appends entries to the journal, in a block of their own.
func (s *story) write(holds []journal.Hold, posts []journal.Post, entries ...*journal.Entry) *problem {
	b := &journal.Block{Chain: chain(), Count: len(entries), Bytes: journal.BeginBlock(nil), Holds: holds, Posts: posts}
	for _, e := range entries {
		var err error
		if b.Bytes, err = journal.AppendToBlock(b.Bytes, e); err != nil {
			return refusal("refused", err)
		}
	}
	b.Finish(s.head, s.recorded)
	if err := s.journal.AppendBlock(context.Background(), b); err != nil {
		if _, over := errors.AsType[*journal.BudgetError](err); over {
			return refusal("budget", err)
		}
		return refusal("refused", err)
	}
	b.Ordinal, b.Holds, b.Posts, b.Bytes = 1, nil, nil, nil
	s.head = b
	return nil
}

// at is the position of the journal after all that was written.
func (s *story) at() journal.Cursor {
	if s.head == nil {
		return journal.Cursor{}
	}
	return s.head.At()
}

// terms returns those in force at an instant as they are known by now.
func (s *story) terms(at int64) (*agreement.Terms, error) {
	return s.scene.Set.AsOf(time.Unix(0, at), s.scene.Known)
}

// agreement finds an agreement by its name; "" is the first one.
func (s *story) agreement(name Text) *agreement.Agreement {
	for _, a := range s.scene.Set.Agreements() {
		if a.Name == name.Value || !name.Given() && a.Policy == "" {
			return a
		}
	}
	s.r.invalid(name, "name an agreement as its file does: agreement: NAME", "there is no agreement %q", name.Value)
	return nil
}

// agreementOf finds the agreement that has a clause, in whatever version.
func (s *story) agreementOf(clause Text) *agreement.Agreement {
	for _, a := range s.scene.Set.Agreements() {
		for i := range a.Amendments {
			for _, list := range [][]agreement.Clause{a.Amendments[i].Adds, a.Amendments[i].Replaces} {
				for _, c := range list {
					if c.Head().ID == clause.Value {
						return a
					}
				}
			}
		}
	}
	s.r.clause(clause) // says which there are
	return nil
}
