package cli_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/store"
	"concord/store/sqlite"
)

// A spoiled journal is one of three blocks after its first, and what was done to it outside of Concord.
type spoiled struct {
	last  func(*journal.Block) // changes the block that is appended last, whose hash is then right
	after string               // SQL
	file  func(t *testing.T, path string)
}

// spoil makes a configuration whose data directory holds a spoiled journal.
func spoil(t *testing.T, s spoiled) (config, data string) {
	t.Helper()
	dir := t.TempDir()
	data = filepath.Join(dir, "data")
	j, err := sqlite.OpenJournal(data, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := journaltest.Begin(t, j, journaltest.Chain(1))
	w.Append(t, journaltest.Intent(1), journaltest.Intent(2))
	w.Append(t, journaltest.Record(1), journaltest.Record(2))
	b := w.Next(t, journaltest.Refused(3))
	if s.last != nil {
		s.last(b)
		b.Hash = b.Sum()
	}
	if err := j.AppendBlock(t.Context(), b); err != nil && s.last == nil {
		t.Fatal(err)
	} else if err != nil { // what indexes cannot read is put there as whoever wrote it would have
		s.after = `INSERT INTO block (id, first, count, recorded, prev, hash, bytes) VALUES (1099511627780, ?1, ?2, ?3, ?4, ?5, ?6);
			UPDATE chain SET blocks = 4, entries = 6, head = ?5 WHERE ordinal = 1`
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(data, sqlite.JournalFile)
	if s.after != "" {
		query(t, path, s.after, int64(b.First), b.Count, b.Recorded, b.Prev[:], b.Hash[:], b.Bytes)
	}
	if s.file != nil {
		s.file(t, path)
	}
	examples, err := filepath.Glob("../../examples/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range examples {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		said := strings.NewReplacer("data: ./concord-data", "data: "+data, "127.0.0.1:8080", "127.0.0.1:0").Replace(string(text))
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), []byte(said), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "concord.yaml"), data
}

// query executes statements; each takes the arguments that it names.
func query(t *testing.T, path, statements string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for statement := range strings.SplitSeq(statements, ";") {
		if !strings.Contains(statement, "?") {
			args = nil
		}
		if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// rows returns every row of the tables that the journal consists of.
func rows(t *testing.T, path string) (all []string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range []string{"SELECT 'chain ' || ordinal || name || blocks || hex(head) || sealed || settled FROM chain", "SELECT 'block ' || id || recorded || hex(hash) || hex(bytes) FROM block"} {
		found, err := db.QueryContext(t.Context(), q)
		if err != nil {
			return []string{err.Error()} // a file that cannot be read
		}
		defer found.Close()
		for found.Next() {
			var row string
			if err := found.Scan(&row); err != nil {
				t.Fatal(err)
			}
			all = append(all, row)
		}
		if err := found.Err(); err != nil {
			all = append(all, err.Error())
		}
	}
	return all
}

func TestADamagedJournalIsNamedExactlyAndNothingIsOverwritten(t *testing.T) {
	t.Parallel()
	chain := "chain " + journaltest.Chain(1).String()
	byteOf := func(at int, to byte) func(*journal.Block) {
		return func(b *journal.Block) { b.Bytes[at] = to }
	}
	const entry = 9 + 2 // of the block's only entry, after the head and a length of two bytes
	for name, c := range map[string]struct {
		spoiled
		verify string // what journal verify says
		code   int
		serve  string // what serve says; "" = it starts, for it reads what is open and no more
	}{
		"a flipped bit": {
			spoiled{after: "UPDATE block SET bytes = CAST(substr(bytes, 1, 100) || x'5a' || substr(bytes, 102) AS BLOB) WHERE id = 1099511627779"},
			"hash: " + chain + ", block 3, offset 0: its bytes have the hash ", 1, chain + ", block 3, offset 0: its bytes do not have the hash that it states"},
		"a block that is missing": {
			spoiled{after: "DELETE FROM block WHERE id = 1099511627778"},
			"number: " + chain + ", block 3, offset 0: the block after 1 has number 3", 1, chain + ", block 3, offset 0: it follows block 1"},
		"a tail that is missing": {
			spoiled{after: "DELETE FROM block WHERE id = 1099511627780"},
			"head: " + chain + ", block 3, offset 0: the chain ends here; its head is block 4 with hash ", 1, chain + ", block 3: the chain ends here, and its head is block 4"},
		"an entry of a later version": {
			spoiled{last: byteOf(entry, 9)},
			"later-version: " + chain + ", block 4, offset 0: " + chain + ", block 4, offset 9: entry version 9 (kind record), this program reads up to ", 1,
			chain + ", block 4, offset 9: entry version 9 (kind record)"},
		"an entry of a kind that is not known": {
			spoiled{last: byteOf(entry+1, 77)},
			chain + ", block 4, offset 9: entry of kind 77, version 1", 1, chain + ", block 4, offset 9: entry of kind 77"},
		"a block of a later version": {
			spoiled{last: byteOf(0, 9)}, chain + ", block 4, offset 0: block version 9, this program reads up to 1", 1, chain + ", block 4, offset 0: block version 9"},
		"a clock that was set back by hand": {
			spoiled{last: func(b *journal.Block) { b.Finish(&journal.Block{Number: 3, First: 4, Count: 2, Hash: b.Prev}, 1) }},
			"recorded: " + chain + ", block 4, offset 0: it was recorded at 1, before the block before it at 3", 1, chain + ", block 4, offset 0: it was recorded at 1, before"},
		"a file that was cut off": {
			spoiled{file: func(t *testing.T, path string) {
				info, err := os.Stat(path)
				if err == nil {
					err = os.Truncate(path, info.Size()/2)
				}
				if err != nil {
					t.Fatal(err)
				}
			}}, "is damaged: nothing was changed; keep a copy and see docs/operations.md", 2, "is damaged: nothing was changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, data := spoil(t, c.spoiled)
			path := filepath.Join(data, sqlite.JournalFile)
			before := rows(t, path)

			code, stdout, stderr := run(t, "journal", "verify", "--data", data)
			if code != c.code || !strings.Contains(stdout+stderr, c.verify) {
				t.Errorf("verify: exit code %d, want %d and %q\n%s%s", code, c.code, c.verify, stdout, stderr)
			}
			code, _, stderr = run(t, "serve", "--config", config)
			if code != 2 || !strings.Contains(stderr, c.serve) {
				t.Errorf("serve: exit code %d, want 2 and %q\n%s", code, c.serve, stderr)
			}
			if diff := cmp.Diff(before, rows(t, path)); diff != "" {
				t.Errorf("the journal was changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestAClockThatJumpsBackLeavesAGoodJournal(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	j, err := sqlite.OpenJournal(data, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC).UnixNano()
	c, err := store.NewCommitter(t.Context(), j, journaltest.Chain(1), store.CommitterOptions{Now: func() int64 { now -= int64(time.Hour); return now }})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		commit, err := c.Append(journaltest.Intent(n), journaltest.Record(n))
		if err != nil {
			t.Fatal(err)
		}
		if <-commit.Done(); commit.Err() != nil {
			t.Fatal(commit.Err())
		}
	}
	if err := c.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}

	if code, stdout, stderr := run(t, "journal", "verify", "--data", data); code != 0 {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}
