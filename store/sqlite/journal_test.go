package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/store/sqlite"
)

func open(t testing.TB, dir string) *sqlite.Journal {
	t.Helper()
	j, err := sqlite.OpenJournal(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestJournalKeepsTheContract(t *testing.T) {
	t.Parallel()
	journaltest.Run(t, func(t *testing.T) journal.Journal { return open(t, t.TempDir()) })
}

func TestADirectoryHasOneServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir)
	if _, err := sqlite.OpenJournal(dir, sqlite.Options{}); !errors.Is(err, journal.ErrLocked) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("got %v, want %v with the process", err, journal.ErrLocked)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir).Close(); err != nil {
		t.Error(err)
	}
}

func TestAReaderBesideTheServerSeesWhatIsCommitted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir)
	defer j.Close()
	c := journaltest.Begin(t, j, journaltest.Chain(1))
	r, err := sqlite.OpenJournal(dir, sqlite.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()

	c.Append(t, journaltest.Intent(1))

	if got, err := r.Find(t.Context(), journaltest.Request(1)); err != nil || len(got) != 1 {
		t.Errorf("got %d entries, %v", len(got), err)
	}
	if err := r.AppendBlock(t.Context(), c.Next(t, journaltest.Record(1))); err == nil {
		t.Error("a reader could append")
	}
	if err := errors.Join(r.OpenChain(t.Context(), journaltest.Chain(2)), r.SealChain(t.Context(), c.Chain)); err == nil {
		t.Error("a reader could open or seal a chain")
	}
}

func TestAJournalIsThereAfterItIsClosed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir)
	c := journaltest.Begin(t, j, journaltest.Chain(1))
	c.Append(t, journaltest.Intent(1))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	defer j.Close()
	if got, err := j.Find(t.Context(), journaltest.Request(1)); err != nil || len(got) != 1 {
		t.Errorf("got %d entries, %v", len(got), err)
	}
	if err := j.AppendBlock(t.Context(), c.Next(t, journaltest.Record(1))); err != nil {
		t.Errorf("the chain does not go on: %v", err)
	}
}

func TestAnOlderFormatIsReadAsItIsAndBroughtUpToDateByAWriter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir)
	c := journaltest.Begin(t, j, journaltest.Chain(1))
	c.Append(t, journaltest.Intent(1), journaltest.Record(1))
	c.Append(t, journaltest.Document(1))
	documents := journaltest.Documented(t, j, journal.Cursor{})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlite.JournalFile))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "DROP TABLE document; DROP TABLE documented; DROP TABLE object; DROP TABLE pending; DROP TABLE budget; DROP TABLE hold; PRAGMA user_version = 1"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	r, err := sqlite.OpenJournal(dir, sqlite.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Find(t.Context(), journaltest.Request(1)); err != nil || len(got) != 2 {
		t.Errorf("%d entries, %v", len(got), err)
	}
	if _, err := r.FindObject(t.Context(), "resp_1"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("an object: %v, want %v", err, journal.ErrNotFound)
	}
	if got := journaltest.Documented(t, r, journal.Cursor{}); !slices.Equal(got, documents) || len(got) != 1 {
		t.Errorf("the documents stand in %v, and in %v before there was an index", documents, got)
	}
	if err := errors.Join(r.Pending(t.Context(), 0, nil), r.OpenHolds(t.Context(), nil), r.Close()); err != nil {
		t.Error(err)
	}

	j = open(t, dir)
	defer j.Close()
	if got := journaltest.Documented(t, j, journal.Cursor{}); !slices.Equal(got, documents) {
		t.Errorf("the documents stand in %v, and in %v after the migration", documents, got)
	}
	if err := j.AppendBlock(t.Context(), c.Next(t, journaltest.ObjectRecord(2, "resp_1", true))); err != nil {
		t.Fatal(err)
	}
	if got, err := j.FindObject(t.Context(), "resp_1"); err != nil || len(got) != 1 {
		t.Errorf("an object after the migration: %d entries, %v", len(got), err)
	}
}

func TestTheLogIsStartedAgainBeforeItGrowsWithoutBound(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("writes 200 MB")
	}
	dir := t.TempDir()
	j := open(t, dir)
	defer j.Close()
	c := journaltest.Begin(t, j, journaltest.Chain(1))
	for range 50 {
		c.Append(t, journaltest.Document(4<<20))
	}
	if size := walSize(t, dir); size > 128<<20 {
		t.Errorf("the write-ahead log has %d bytes after 200 MB", size)
	}
}

func TestLoneCommitsWriteTheLogOver(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("writes 36 MB")
	}
	dir := t.TempDir()
	j := open(t, dir)
	defer j.Close()
	c := journaltest.Begin(t, j, journaltest.Chain(1))
	for n := range 3000 {
		c.Append(t, journaltest.Intent(n))
		c.Blocks = c.Blocks[len(c.Blocks)-1:]
	}
	if size := walSize(t, dir); size > 28<<20 {
		t.Errorf("the write-ahead log has %d bytes after 36 MB: it grew and was not written over", size)
	}
}

func TestWhatCannotBeOpenedIsNamedAndLeftAlone(t *testing.T) {
	t.Parallel()
	write := func(name, content string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	execute := func(statement string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			db, err := sql.Open("sqlite", filepath.Join(dir, sqlite.JournalFile))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		prepare  func(t *testing.T, dir string)
		readOnly bool
		is       error
		text     string
	}{
		"a file that is no database": {prepare: write(sqlite.JournalFile, strings.Repeat("no database ", 100)), is: sqlite.ErrDamaged, text: "journal.db is damaged"},
		"a later version":            {prepare: execute("PRAGMA application_id = 0x434a4e4c; PRAGMA user_version = 7; CREATE TABLE later (x)"), is: sqlite.ErrFuture, text: "format 7, this program knows up to 4"},
		"the file of something else": {prepare: execute("PRAGMA user_version = 3; CREATE TABLE theirs (x)"), text: "is not a Concord journal"},
		"nothing to read":            {prepare: func(*testing.T, string) {}, readOnly: true, is: os.ErrNotExist, text: "there is no journal.db in"},
		"a directory that is a file": {prepare: func(t *testing.T, dir string) {
			if err := os.Remove(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(dir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, text: "cannot be made"},
	} {
		dir := filepath.Join(t.TempDir(), "data")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		c.prepare(t, dir)
		before, _ := os.ReadFile(filepath.Join(dir, sqlite.JournalFile))
		_, err := sqlite.OpenJournal(dir, sqlite.Options{ReadOnly: c.readOnly})
		if err == nil || !strings.Contains(err.Error(), c.text) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: got %v, want %q", name, err, c.text)
		}
		if after, _ := os.ReadFile(filepath.Join(dir, sqlite.JournalFile)); !bytes.Equal(before, after) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

func TestAFullDiskIsNamedAndLosesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir)
	defer j.Close()
	c := journaltest.Begin(t, j, journaltest.Chain(1))
	if err := sqlite.LimitPages(j, 80); err != nil { // SQLite's own bound gives the error that a full disk gives
		t.Fatal(err)
	}
	big := c.Next(t, journaltest.Document(2<<20))

	if err := j.AppendBlock(t.Context(), big); !errors.Is(err, sqlite.ErrFull) {
		t.Errorf("got %v, want %v", err, sqlite.ErrFull)
	}

	c.Append(t, journaltest.Intent(1)) // small enough
	r, err := journal.Verify(t.Context(), j, journal.VerifyOptions{})
	if err != nil || !r.Good() || r.Blocks != 2 {
		t.Errorf("verify: %v, %v", r, err)
	}
}

func TestSettingsThatWouldNotSyncAreRefused(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir())
	defer j.Close()
	if err := sqlite.Unsynced(j, "synchronous = FULL"); err != nil {
		t.Error(err)
	}
	for _, weak := range []string{"synchronous = NORMAL", "synchronous = OFF"} {
		if err := sqlite.Unsynced(j, weak); err == nil || !strings.Contains(err.Error(), "commits are not durable") {
			t.Errorf("%s: got %v", weak, err)
		}
	}
}

func TestBooksThatAreDamagedAreDeletedAndRebuilt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, sqlite.BooksFile)
	if err := os.WriteFile(path, []byte(strings.Repeat("damaged ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.OpenBooks(dir, sqlite.Options{}); !errors.Is(err, sqlite.ErrDamaged) {
		t.Errorf("got %v, want %v", err, sqlite.ErrDamaged)
	}
	if err := sqlite.DeleteBooks(dir); err != nil {
		t.Fatal(err)
	}
	b, err := sqlite.OpenBooks(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
