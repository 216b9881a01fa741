package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"concord/journal"
	"concord/journal/events"
	"concord/ledger"
	"concord/store"
	"concord/store/sqlite"
)

// A UsageImport says what an import of usage did.
type UsageImport struct {
	Documents      int    `json:"documents"` // that were new
	Records        int    `json:"records"`   // that were new
	KnownDocuments int    `json:"known_documents"`
	KnownRecords   int    `json:"known_records"`
	Others         int    `json:"others"` // facts, payments and the like that were new
	KnownOthers    int    `json:"known_others"`
	LeftOut        int    `json:"left_out"`        // what belongs to its chain alone: its records say what came of it
	Hash           string `json:"hash"`            // SHA-256 of the file's bytes
	Chain          string `json:"chain,omitempty"` // that was opened; "" = nothing was new
}

// ImportUsage takes the documents and records of a file into the journal of a data directory. The whole file is checked first,
// as far as posting it to a copy of the books; one bad line and nothing is written. Then it goes into a chain of its own, which
// is named after the source. What the journal has already is counted and left alone.
//
// A crash while it writes leaves a beginning of the file in the journal; the same import again takes in the rest.
//
// Where a server holds the data it does this, into its own chain, and reads the file itself.
func ImportUsage(ctx context.Context, dir, file string, form events.Form, source string) (_ *UsageImport, err error) {
	id, err := newChain("import-" + source)
	if err != nil {
		return nil, fmt.Errorf("source %q cannot name a chain: %w", source, err)
	}
	r, err := openBefore(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if r.Live {
		return askImport(ctx, dir, file, form)
	}
	done, err := importFile(ctx, r, file, form, func(ctx context.Context, write func(journal.Appender) error) (err error) {
		if r.Dir == "" { // the first entries of this directory
			made, err := openNew(dir)
			if err != nil {
				return err
			}
			*r = *made
		}
		committer, err := store.NewCommitter(ctx, r.Journal, id, store.CommitterOptions{Now: nowNanos, Version: Version()})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, committer.Close(context.WithoutCancel(ctx))) }()
		return write(committer)
	})
	if err != nil || done.none() {
		return done, err
	}
	done.Chain = id.String()
	return done, r.CatchUp(ctx)
}

// none reports whether an import found nothing new.
func (i *UsageImport) none() bool { return i.Documents+i.Records+i.Others == 0 }

// importFile checks a file and writes what is new of it; open gives what it is written to.
func importFile(ctx context.Context, r *Reading, file string, form events.Form, open func(context.Context, func(journal.Appender) error) error) (_ *UsageImport, err error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read the events: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if info, err := in.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("%s is no regular file: an import reads it twice, first to check it; write it to a file", file), err)
	}
	check, err := newImportCheck(ctx, r, file, form)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, check.close()) }()
	if err := check.run(ctx, in); err != nil {
		return nil, err
	}
	if check.done.none() {
		return &check.done, nil
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read %s again: %w", file, err)
	}
	if err := open(ctx, func(to journal.Appender) error { return check.write(ctx, to, in) }); err != nil {
		return nil, fmt.Errorf("import %s: %w\n  what was written stays; the same import again takes in the rest", file, err)
	}
	return &check.done, nil
}

// importRequest is what a server is asked to import.
type importRequest struct {
	File string      `json:"file"` // absolute
	Form events.Form `json:"form"`
}

// importAnswer is what it answers.
type importAnswer struct {
	UsageImport
	Error string `json:"error,omitempty"`
}

func askImport(ctx context.Context, dir, file string, form events.Form) (*UsageImport, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", file, err)
	}
	var done importAnswer
	if err := askWith(ctx, dir, http.MethodPost, "/import", importRequest{path, form}, &done); err != nil {
		return nil, err
	}
	if done.Error != "" {
		return nil, errors.New(done.Error)
	}
	return &done.UsageImport, nil
}

// takeImport answers the admin socket: what is imported goes into the chain of this process.
func (s *Server) takeImport(w http.ResponseWriter, r *http.Request) {
	var q importRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.reloading.Lock() // what is checked against books and terms must find them as they were checked
	defer s.reloading.Unlock()
	done, err := importFile(r.Context(), &Reading{Journal: s.journal, Books: s.books}, q.File, q.Form, func(_ context.Context, write func(journal.Appender) error) error {
		return write(s.committer)
	})
	if err != nil {
		answerJSON(w, http.StatusUnprocessableEntity, importAnswer{Error: err.Error()})
		return
	}
	if !done.none() {
		done.Chain = s.chain.String()
	}
	answerJSON(w, http.StatusOK, importAnswer{UsageImport: *done})
}

// openBefore opens what is there before an import; a directory without a journal is an empty one in memory.
func openBefore(ctx context.Context, dir string) (*Reading, error) {
	if isConfiguration(dir) { // of a store that is no directory
		return OpenReading(ctx, dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "journal.db")); errors.Is(err, fs.ErrNotExist) {
		return &Reading{Journal: journal.NewMemory(), Books: ledger.NewMemory()}, nil
	}
	return OpenReading(ctx, dir)
}

// openNew makes journal and books in a directory that has none; on an error what it returns holds nothing.
func openNew(dir string) (*Reading, error) {
	r := &Reading{Dir: dir}
	j, err := sqlite.OpenJournal(dir, sqlite.Options{})
	if err != nil {
		return &Reading{}, fmt.Errorf("make a journal in %s: %w", dir, err)
	}
	r.Journal, r.closers = j, append(r.closers, j.Close)
	b, err := sqlite.OpenBooks(dir, sqlite.Options{})
	if err != nil {
		return &Reading{}, errors.Join(fmt.Errorf("make books in %s: %w", dir, err), r.Close())
	}
	r.Books, r.closers = b, append(r.closers, b.Close)
	r.catchUp = store.NewPoster(j, b, store.PosterOptions{}).CatchUp
	return r, nil
}

// write appends what is new, in groups, one of them on its way while the next one is read.
func (c *importCheck) write(ctx context.Context, to journal.Appender, in io.Reader) (err error) {
	sum := sha256.New()
	lines := events.NewReader(c.file, io.TeeReader(in, sum), c.form)
	group := make([]journal.Entry, 0, store.GroupEntries)
	var last *journal.Commit
	flush := func() error {
		if last != nil {
			if err := waitFor(ctx, last); err != nil {
				return err
			}
		}
		if len(group) == 0 {
			return nil
		}
		last, err = to.Append(group...)
		group = group[:0]
		return err
	}
	for {
		e, err := lines.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%w\n  the file was changed after it was checked", err)
		}
		if c.known.has(lines.Line()) {
			continue
		}
		if group = append(group, *e); len(group) == cap(group) {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := errors.Join(flush(), flush()); err != nil { // the second one waits
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != c.done.Hash {
		return fmt.Errorf("%s was changed between check and import: its hash was %s and is %s", c.file, c.done.Hash, got)
	}
	return nil
}
