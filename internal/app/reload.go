package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/delivery"
	"concord/gateway"
	"concord/journal"
	"concord/ledger"
)

// A ReloadOutcome is what came of taking the files again; the set is closed.
type ReloadOutcome string

// The outcomes.
const (
	Taken     ReloadOutcome = "taken"     // what the files say is in force
	Unchanged ReloadOutcome = "unchanged" // they say what is in force already; nothing was written
	Refused   ReloadOutcome = "refused"   // they have errors; what was in force stays in force
	Failed    ReloadOutcome = "failed"    // they could not be put into force; what was in force stays in force
)

// A Reload is what came of reading the configuration and all that it names again.
type Reload struct {
	At       time.Time     `json:"at"`
	Cause    string        `json:"cause"` // "files", "signal", "socket", "fact", "journal"
	Outcome  ReloadOutcome `json:"outcome"`
	Terms    string        `json:"terms"` // in force afterwards, hex
	Set      string        `json:"set"`   // the set document in force afterwards, hex
	Changes  []string      `json:"changes"`
	Findings []FindingView `json:"findings"`        // errors, and warnings that what was in force before did not have
	Error    string        `json:"error,omitempty"` // why it failed
}

// errors counts the findings that kept it from being taken.
func (r *Reload) errors() int {
	n := 0
	for i := range r.Findings {
		if r.Findings[i].Severity == agreement.Error {
			n++
		}
	}
	return n
}

// inForce is what the server serves under. It is never written; a reload makes another one.
type inForce struct {
	config   *Config
	timeline *delivery.Timeline
	set      journal.Hash
	since    time.Time
}

func (f *inForce) offer() gateway.Offer {
	return gateway.Offer{Timeline: f.timeline, Set: f.set, Keys: gatewayKeys(f.config.Keys), Targets: targetsByID(f.config.Targets),
		Budgets: f.config.Budgets, MaxOutput: f.config.MaxOutput, Context: f.config.Context, MaxSound: f.config.MaxSound}
}

// Reload reads the configuration and all that it names again and, if it is good and says something new, puts it into force:
// documents first, durable in the journal, then the gateway. All or nothing: whatever fails, what was in force stays in
// force. Requests under way keep the terms they were admitted under. Reloads are taken one after the other.
func (s *Server) Reload(ctx context.Context, cause string) *Reload {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	r := &Reload{At: time.Now().UTC(), Cause: cause, Changes: []string{}, Findings: []FindingView{}}
	before := s.current.Load()
	changed, err := s.reload(ctx, before, r)
	for tries := 0; s.moved(err, tries); tries++ {
		changed, err = s.reload(ctx, before, r)
	}
	switch invalid, refused := errors.AsType[*Invalid](err); {
	case refused:
		r.Outcome, r.Findings = Refused, ViewFindings(fresh(before.config.Findings, invalid.Findings))
	case err != nil:
		r.Outcome, r.Error = Failed, err.Error()
	case changed:
		r.Outcome = Taken
	default:
		r.Outcome = Unchanged
	}
	after := s.current.Load()
	terms := after.timeline.At(r.At.UnixNano()).Terms().Hash()
	r.Terms, r.Set = hex.EncodeToString(terms[:]), hex.EncodeToString(after.set[:])
	s.last.Store(r)
	s.metrics.Reloaded(string(r.Outcome), r.errors())
	s.tell(r)
	return r
}

// reload does the work of Reload; it reports whether anything is other than before.
func (s *Server) reload(ctx context.Context, before *inForce, r *Reload) (changed bool, err error) {
	source := before.config.source
	if source.Stat == nil {
		return false, errors.New("this server's configuration is built into the program: there is nothing to read again")
	}
	var others *History
	if s.shared != nil { // others record facts too
		if others, err = s.settledHistory(ctx); err != nil {
			return false, err
		}
		s.facts = others.facts
	}
	seen, files := reading(source)
	next, err := load(before.config.File, seen, r.At, s.facts)
	if err != nil {
		files.keep(s.files)
		s.files = files
		return false, err
	}
	next.source, next.files = source, files
	r.Findings = ViewFindings(append(fresh(before.config.Findings, next.Findings), needRestart(s.config, next)...))
	after := &inForce{config: next, timeline: next.timeline, set: before.set, since: r.At}
	documents, err := s.documentsOf(before, after, others)
	if err != nil {
		return false, err
	}
	if len(documents) == 0 && after.set == before.set && sameAccess(before.config, next) {
		s.files = files
		return false, nil
	}
	if err := s.putIntoForce(ctx, before, after, documents); err != nil {
		if _, refused := errors.AsType[*Invalid](err); refused {
			s.files = files // else the next look tries again
		}
		return false, err
	}
	s.files = files
	r.Changes = changes(before.config, next, r.At)
	return true, nil
}

// fresh returns the errors among findings, and the warnings that are not among those of before.
func fresh(before, findings []agreement.Finding) []agreement.Finding {
	var out []agreement.Finding
	for _, f := range findings {
		told := slices.ContainsFunc(before, func(o agreement.Finding) bool { return o.Rule == f.Rule && o.Message == f.Message })
		if f.Severity == agreement.Error || !told {
			out = append(out, f)
		}
	}
	return out
}

// documentsOf returns what the journal must have before the next set may be named; nothing where the set says what the set
// in force says. It sets the next one's hash.
func (s *Server) documentsOf(before, after *inForce, others *History) ([]journal.Document, error) {
	if sameSet(before.config, after.config) {
		after.timeline, after.config.Known = before.timeline, before.config.Known
		return nil, nil
	}
	if others != nil {
		after.config.follows = others.lastText()
	}
	documents, set, err := setDocuments(after.config)
	if err != nil {
		return nil, err
	}
	if others != nil && others.says(documents) { // another gateway has put the same into force
		after.set = others.last
		return nil, nil
	}
	after.set = set
	return documents, nil
}

// putIntoForce takes every step that can fail before the one that cannot.
func (s *Server) putIntoForce(ctx context.Context, before, after *inForce, documents []journal.Document) error {
	offer := after.offer()
	if err := s.gateway.Check(offer); err != nil {
		return &Invalid{"configuration", []agreement.Finding{{
			Rule: "config-offer", Severity: agreement.Error, Pos: agreement.Pos{File: after.config.File},
			Message: err.Error(), Remedy: "correct the configuration",
		}}}
	}
	if err := rehearse(ctx, s.books, before.config, after.config, documents); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.CommitWait)
	defer cancel()
	if err := s.write(ctx, nowNanos(), documents); err != nil {
		return fmt.Errorf("write the agreements and prices into the journal; what was in force stays in force: %w", err)
	}
	if err := s.gateway.Swap(offer); err != nil {
		return err
	}
	s.current.Store(after)
	return nil
}

// write makes documents durable that this process has not written yet. In the journal each stands before whatever names it.
func (s *Server) write(ctx context.Context, at int64, documents []journal.Document) error {
	var entries []journal.Entry
	for i := range documents {
		if d := &documents[i]; !s.written[d.Hash] {
			entries = append(entries, journal.Entry{Time: at, ID: fmt.Sprintf("%s:%x", d.Name, d.Hash), Body: d})
		}
	}
	if len(entries) == 0 {
		return nil
	}
	commit, err := s.committer.Append(entries...)
	if err == nil {
		err = waitFor(ctx, commit)
	}
	if err != nil {
		return err
	}
	for i := range documents {
		s.written[documents[i].Hash] = true
	}
	return nil
}

// rehearse posts documents to a copy of the books, so that what could not be posted is refused before it stands in the
// journal, where it would stop the poster for good.
func rehearse(ctx context.Context, books ledger.Books, before, after *Config, documents []journal.Document) error {
	var found []agreement.Finding
	if before != nil {
		found = continued(before.intervals, after.intervals)
	}
	saved, err := books.Load(ctx)
	if err != nil {
		return fmt.Errorf("read the books: %w", err)
	}
	state, err := ledger.DecodeState(saved)
	if errors.Is(err, ledger.ErrUnreadable) {
		return &Halt{Why: err.Error(), unreadable: true}
	}
	if err != nil {
		return fmt.Errorf("read the books: %w", err)
	}
	for i := range documents {
		if _, err := ledger.Post(state, &journal.Entry{ID: documents[i].Name, Body: &documents[i]}); err != nil {
			found = append(found, agreement.Finding{
				Rule: "not-postable", Severity: agreement.Error, Pos: agreement.Pos{File: after.File},
				Message: fmt.Sprintf("the books cannot follow: %v", err), Remedy: "leave what was posted as it is, and amend it from now on",
			})
			break
		}
	}
	if len(found) > 0 {
		return &Invalid{"configuration", found}
	}
	return nil
}

// continued refuses a share that begins to continue another one's totals though it has been in force with its own: whether
// it has any could change until the document is posted.
func continued(before, after []agreement.Interval) []agreement.Finding {
	was := map[agreement.Ref]string{}
	for _, interval := range before {
		for _, f := range interval.Terms.Shares() {
			was[f.Ref()] = f.Clause.Head().Continues
		}
	}
	var found []agreement.Finding
	told := map[agreement.Ref]bool{}
	for _, interval := range after {
		for _, f := range interval.Terms.Shares() {
			head, ref := f.Clause.Head(), f.Ref()
			if had, known := was[ref]; !known || had == head.Continues || told[ref] {
				continue
			}
			told[ref] = true
			found = append(found, agreement.Finding{
				Rule: "continues-changed", Severity: agreement.Error, Pos: head.Pos, Related: []agreement.Ref{ref},
				Message: fmt.Sprintf("share %s continues %q; it is in force with continues %q", ref.Clause, head.Continues, was[ref]),
				Remedy:  "end the clause and add one with an id of its own that continues it",
			})
		}
	}
	return found
}

// tell logs what came of a reload; each error by its place.
func (s *Server) tell(r *Reload) {
	cause := slog.String("cause", r.Cause)
	switch r.Outcome {
	case Taken:
		s.log.Info("new configuration in force", cause, slog.String("terms", r.Terms[:16]), slog.String("set", r.Set[:16]),
			slog.Int("warnings", len(r.Findings)), slog.String("changes", strings.Join(r.Changes, "; ")))
	case Unchanged:
		s.log.Info("configuration read again, nothing changed", cause)
	case Failed:
		s.log.Error("configuration not taken, what was in force stays in force", cause, slog.String("error", r.Error))
	case Refused:
		for _, v := range r.Findings {
			if v.Severity == agreement.Error {
				s.log.Error("configuration refused, what was in force stays in force", cause,
					slog.String("at", PlaceText(v.Finding().Pos)), slog.String("rule", v.Rule), slog.String("message", v.Message))
			}
		}
	}
}

// watch reads the configuration again on signals, and when looks find that its files changed.
func (s *Server) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.options.Signals:
			s.Reload(ctx, "signal")
		case <-s.options.Looks:
			if s.changed() {
				s.Reload(ctx, "files")
			}
		}
	}
}

func (s *Server) changed() bool {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	return s.files.stat != nil && s.files.look()
}
