package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"concord/journal"

	sqlite3 "modernc.org/sqlite/lib"
)

// Journal is journal.db. It is safe for concurrent use; appends run one at a time.
type Journal struct {
	file
	lock  *os.File // nil when read-only
	read  *sql.DB
	write *sql.DB   // nil when read-only
	pages sync.Pool // of *page

	mu       sync.Mutex // guards the writing connection and what is below
	conn     *sql.Conn
	stmt     statements
	holds    holdStatements
	prepared []*sql.Stmt // all of stmt
	ordinals map[journal.ChainID]uint64
	others   []byte // scratch: requests of a block, 16 bytes each
	records  []byte
	parts    []journal.Heading // records of a later part
	pending  []journal.Heading // records that are
	objects  []byte            // scratch: objects of a block and their requests, 32 bytes each
	seals    []journal.ChainID
	tells    bool                         // the block has documents or facts
	inFlight map[uint64]*journal.InFlight // of the chains that were opened here, by ordinal

	checkpoints *checkpointer // nil when read-only
}

// statements of the append path, prepared once.
type statements struct {
	begin, commit, rollback, head, block, others, records, part, settle, objects, pending, document *sql.Stmt
}

var _ journal.Journal = (*Journal)(nil)

// chainShift separates the ordinal of a chain from the number of a block in a row's id.
const chainShift = 40

// OpenJournal opens the journal of a data directory, which it makes where there is none. The one writer holds the
// directory's lock until Close; others get journal.ErrLocked. It refuses to start where commits would not be durable.
func OpenJournal(dir string, o Options) (*Journal, error) {
	ctx := context.Background() // opening is bounded by the busy timeout
	j := &Journal{file: journalDB(dir, o), ordinals: map[journal.ChainID]uint64{}, inFlight: map[uint64]*journal.InFlight{}}
	if err := j.ready(); err != nil {
		return nil, err
	}
	if !o.ReadOnly {
		lock, err := lockDir(dir)
		if err != nil {
			return nil, err
		}
		j.lock = lock
		if err := j.openWriter(ctx); err != nil {
			return nil, errors.Join(err, j.Close())
		}
	}
	read, err := j.open(4, true)
	if err == nil {
		j.read = read
		err = j.prepare(ctx, read)
	}
	if err == nil && !o.ReadOnly {
		err = j.document(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

func (j *Journal) openWriter(ctx context.Context) (err error) {
	if err := j.syncData(); err != nil {
		return err
	}
	if j.write, err = j.open(1, false); err != nil {
		return err
	}
	if err := j.prepare(ctx, j.write); err != nil {
		return err
	}
	if j.conn, err = j.write.Conn(ctx); err != nil {
		return j.fail("open", err)
	}
	if err := j.syncs(ctx); err != nil {
		return err
	}
	for _, s := range append(j.holds.all(), []prepared{
		{&j.stmt.begin, "BEGIN IMMEDIATE"},
		{&j.stmt.commit, "COMMIT"},
		{&j.stmt.rollback, "ROLLBACK"},
		{&j.stmt.head, "UPDATE chain SET blocks = ?1, entries = ?2, head = ?3 WHERE ordinal = ?4 AND blocks = ?1 - 1 AND entries = ?5 AND head = ?6 AND NOT sealed"},
		{&j.stmt.block, "INSERT INTO block (id, first, count, recorded, prev, hash, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)"},
		{&j.stmt.others, "INSERT OR IGNORE INTO request (id, slot, block) SELECT substr(?1, 16*i + 1, 16), -?2, ?2 FROM number WHERE i < ?3"},
		{&j.stmt.records, "INSERT INTO request (id, slot, block) SELECT substr(?1, 16*i + 1, 16), 0, ?2 FROM number WHERE i < ?3"},
		{&j.stmt.part, "INSERT INTO request (id, slot, block) VALUES (?, ?, ?)"},
		{&j.stmt.objects, "INSERT OR IGNORE INTO object (id, request) SELECT substr(?1, 32*i + 1, 16), substr(?1, 32*i + 17, 16) FROM number WHERE i < ?2"},
		{&j.stmt.pending, "INSERT OR IGNORE INTO pending (time, request, part, block) VALUES (?, ?, ?, ?)"},
		{&j.stmt.document, "INSERT OR IGNORE INTO document (block) VALUES (?)"},
		{&j.stmt.settle, "UPDATE chain SET settled = 1 WHERE name = ?"},
	}...) {
		if *s.to, err = j.conn.PrepareContext(ctx, s.sql); err != nil {
			return j.fail("prepare", err)
		}
		j.prepared = append(j.prepared, *s.to)
	}
	j.checkpoints, err = startCheckpoints(j)
	return err
}

// syncs reads back the settings of the connection that commits: without them a commit would not be durable.
func (j *Journal) syncs(ctx context.Context) error {
	return errors.Join(j.setting(ctx, j.conn, "journal_mode", "wal"), j.setting(ctx, j.conn, "synchronous", "2"))
}

var errReadOnly = errors.New("was opened for reading only")

// writable says why nothing can be written; the caller holds mu.
func (j *Journal) writable() error {
	switch {
	case j.readOnly:
		return fmt.Errorf("journal %s: %w", j.path, errReadOnly)
	case j.conn == nil:
		return fmt.Errorf("journal %s: is closed", j.path)
	}
	return nil
}

// OpenChain begins a chain.
func (j *Journal) OpenChain(ctx context.Context, id journal.ChainID) error {
	if err := id.Check(); err != nil {
		return fmt.Errorf("open chain: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.writable(); err != nil {
		return err
	}
	_, err := j.conn.ExecContext(context.WithoutCancel(ctx), "INSERT INTO chain (name, head) VALUES (?, ?)", id.String(), make([]byte, 32))
	if code(err) == sqlite3.SQLITE_CONSTRAINT {
		return fmt.Errorf("open chain %s: there is one of this name: %w", id, journal.ErrConflict)
	}
	if err == nil {
		err = j.follow(ctx, id)
	}
	return j.fail("open a chain in", err)
}

// SealChain ends a chain.
func (j *Journal) SealChain(ctx context.Context, id journal.ChainID) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.writable(); err != nil {
		return err
	}
	done, err := j.conn.ExecContext(context.WithoutCancel(ctx), "UPDATE chain SET sealed = 1 WHERE name = ?", id.String())
	if err != nil {
		return j.fail("seal a chain in", err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fmt.Errorf("seal chain %s: %w", id, journal.ErrNotFound), err)
	}
	return nil
}

// AppendBlock makes a block durable with the fsync of one transaction. It does not stop half-way when ctx ends.
func (j *Journal) AppendBlock(ctx context.Context, b *journal.Block) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.writable(); err != nil {
		return err
	}
	ordinal, err := j.ordinal(ctx, b.Chain)
	if err != nil {
		return err
	}
	flight := j.inFlight[ordinal]
	if err := j.scan(b, flight); err != nil {
		return fmt.Errorf("append block %d: %w", b.Number, err)
	}
	if _, err := j.stmt.begin.ExecContext(ctx); err != nil {
		return j.fail("begin a commit to", err)
	}
	err = j.insert(ctx, ordinal, b)
	if err == nil {
		if _, err = j.stmt.commit.ExecContext(ctx); err != nil {
			err = j.fail("commit to", err)
		}
	}
	ended(flight, b.Number, err)
	if err != nil {
		// SQLite may have rolled back by itself; then there is nothing to roll back, which is what is wanted.
		_, _ = j.stmt.rollback.ExecContext(ctx)
		return err
	}
	j.checkpoints.wrote(len(b.Bytes))
	return nil
}

// insert writes the rows of a block, in an open transaction.
func (j *Journal) insert(ctx context.Context, ordinal uint64, b *journal.Block) error {
	moved, err := j.stmt.head.ExecContext(ctx, int64(b.Number), int64(b.First-1)+int64(b.Count), b.Hash[:],
		int64(ordinal), int64(b.First-1), b.Prev[:])
	if err != nil {
		return j.fail("move a head in", err)
	}
	if n, err := moved.RowsAffected(); err != nil || n != 1 {
		return errors.Join(fmt.Errorf("append block %d to chain %s: %w", b.Number, b.Chain, journal.ErrFenced), err)
	}
	if err := j.budgets(ctx, b); err != nil {
		return err
	}
	row := int64(ordinal<<chainShift | b.Number)
	if _, err := j.stmt.block.ExecContext(ctx, row, int64(b.First), b.Count, b.Recorded, b.Prev[:], b.Hash[:], b.Bytes); err != nil {
		return j.fail("append a block to", err)
	}
	if err := j.index(ctx, row); err != nil {
		if code(err) == sqlite3.SQLITE_CONSTRAINT {
			return fmt.Errorf("append block %d to chain %s: it holds a second record of a request: %w", b.Number, b.Chain, journal.ErrConflict)
		}
		return j.fail("index a block of", err)
	}
	return nil
}

// numbers is how many rows the table number has.
const numbers = 1024

func (j *Journal) index(ctx context.Context, row int64) error {
	for _, set := range []struct {
		stmt *sql.Stmt
		ids  []byte
	}{{j.stmt.others, j.others}, {j.stmt.records, j.records}} {
		for ids := set.ids; len(ids) > 0; {
			n := min(len(ids)/16, numbers)
			if _, err := set.stmt.ExecContext(ctx, ids[:16*n], row, n); err != nil {
				return err
			}
			ids = ids[16*n:]
		}
	}
	for _, h := range j.parts {
		if _, err := j.stmt.part.ExecContext(ctx, h.Request[:], int64(h.Part), row); err != nil {
			return err
		}
	}
	for ids := j.objects; len(ids) > 0; {
		n := min(len(ids)/32, numbers)
		if _, err := j.stmt.objects.ExecContext(ctx, ids[:32*n], n); err != nil {
			return err
		}
		ids = ids[32*n:]
	}
	for _, h := range j.pending {
		if _, err := j.stmt.pending.ExecContext(ctx, h.Time, h.Request[:], int64(h.Part), row); err != nil {
			return err
		}
	}
	if j.tells {
		if _, err := j.stmt.document.ExecContext(ctx, row); err != nil {
			return err
		}
	}
	for _, chain := range j.seals {
		if _, err := j.stmt.settle.ExecContext(ctx, chain.String()); err != nil {
			return err
		}
	}
	return nil
}

// scan collects what is indexed of a block.
func (j *Journal) scan(b *journal.Block, flight *journal.InFlight) error {
	j.others, j.records, j.parts, j.seals = j.others[:0], j.records[:0], j.parts[:0], j.seals[:0]
	j.objects, j.pending, j.tells = j.objects[:0], j.pending[:0], false
	if flight != nil {
		flight.Forget()
	}
	return b.Headings(func(h *journal.Heading) {
		j.tells = j.tells || h.Kind.Documents()
		if flight != nil {
			flight.Note(h)
		}
		if h.Object != (journal.ObjectKey{}) {
			j.objects = append(append(j.objects, h.Object[:]...), h.Request[:]...)
		}
		if h.Pending {
			j.pending = append(j.pending, *h)
		}
		for i := range h.Also {
			j.others = append(j.others, h.Also[i][:]...)
		}
		switch {
		case h.Kind == journal.KindSeal:
			j.seals = append(j.seals, h.Seal)
		case h.Request.IsZero():
		case h.Sole && h.Part == 0:
			j.records = append(j.records, h.Request[:]...)
		case h.Sole:
			j.parts = append(j.parts, *h)
		default:
			j.others = append(j.others, h.Request[:]...)
		}
	})
}

// ordinal returns a chain's ordinal; the caller holds mu.
func (j *Journal) ordinal(ctx context.Context, id journal.ChainID) (uint64, error) {
	if n, ok := j.ordinals[id]; ok {
		return n, nil
	}
	var n int64
	err := j.conn.QueryRowContext(ctx, "SELECT ordinal FROM chain WHERE name = ?", id.String()).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("append to chain %s: %w", id, journal.ErrNotFound)
	}
	if err != nil {
		return 0, j.fail("read", err)
	}
	j.ordinals[id] = uint64(n)
	return uint64(n), nil
}

// Close waits for the commit in progress, copies the write-ahead log into the file, and gives the directory back.
func (j *Journal) Close() error {
	if j.checkpoints != nil {
		j.checkpoints.stop()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var errs []error
	if j.read != nil {
		errs = append(errs, j.read.Close())
	}
	if j.conn != nil {
		for _, s := range j.prepared { // an open statement would keep SQLite from copying the log on closing
			errs = append(errs, s.Close())
		}
		errs = append(errs, j.conn.Close())
		j.conn = nil
	}
	if j.write != nil {
		errs = append(errs, j.fail("close", j.write.Close()))
	}
	if j.lock != nil {
		errs = append(errs, j.lock.Close())
		j.lock = nil
	}
	return errors.Join(errs...)
}

// Dir returns the data directory.
func (j *Journal) Dir() string { return filepath.Dir(j.path) }
