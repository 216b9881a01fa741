package sqlite_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/store/sqlite"
)

// copyFiles copies the database and its write-ahead log, the log cut at size.
func copyFiles(t testing.TB, from, to string, cut int64) {
	t.Helper()
	for _, name := range []string{sqlite.JournalFile, sqlite.JournalFile + "-wal"} {
		b, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if name != sqlite.JournalFile && cut < int64(len(b)) {
			b = b[:cut]
		}
		if err := os.WriteFile(filepath.Join(to, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func walSize(t testing.TB, dir string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, sqlite.JournalFile+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

var everyByte = flag.Bool("every-byte", false, "cut the tail at every byte, for some minutes, not at a sample")

func TestATailCutAtAnyByteLeavesWholeBlocks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir)
	c := journaltest.Begin(t, j, journaltest.Chain(1))
	sizes := []int64{walSize(t, dir)} // of the log after each commit
	for n := range 4 {
		c.Append(t, journaltest.Intent(n), journaltest.Record(n))
		sizes = append(sizes, walSize(t, dir))
	}
	killed := t.TempDir() // what a kill leaves: the files as they are now
	copyFiles(t, dir, killed, 1<<62)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}

	step := int64(211) // a prime: all offsets within a frame come up over the frames
	switch {
	case *everyByte:
		step = 1
	case testing.Short():
		step = 4099
	}
	last := sizes[len(sizes)-1]
	tried := 0
	for cut := last; cut >= sizes[1]; {
		blocks, committed := readCut(t, killed, cut), uint64(0)
		for _, size := range sizes {
			if size <= cut {
				committed++
			}
		}
		if blocks != committed {
			t.Fatalf("cut at %d of %d: %d blocks, want %d", cut, last, blocks, committed)
		}
		tried++
		if last-cut < 64 { // every byte of the end
			cut--
		} else {
			cut -= step
		}
	}
	t.Logf("%d cuts", tried)
}

func TestALogThatIsWrittenOverAndTornLeavesWholeBlocks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir)
	c := journaltest.Begin(t, j, journaltest.Chain(1))
	for n := range 40 {
		c.Append(t, journaltest.Intent(n), journaltest.Record(n))
	}
	sqlite.Checkpoint(j)
	copied := uint64(len(c.Blocks))
	logs := [][]byte{readLog(t, dir)} // before the log is started again, and after each commit
	for n := 40; n < 43; n++ {
		c.Append(t, journaltest.Intent(n), journaltest.Record(n))
		logs = append(logs, readLog(t, dir))
	}
	killed := t.TempDir()
	copyFiles(t, dir, killed, 1<<62)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	before, last := logs[0], logs[len(logs)-1]
	if len(before) != len(last) {
		t.Fatalf("the log has %d bytes after it was started again, want %d as before", len(last), len(before))
	}
	var ends []int // of each commit in the log
	for i := range logs[1:] {
		end := len(last)
		for end > 0 && logs[i][end-1] == logs[i+1][end-1] {
			end--
		}
		ends = append(ends, end)
	}

	tried := 0
	for cut := ends[len(ends)-1]; cut >= 0; cut -= 331 { // a prime: all offsets within a frame come up over the frames
		want := copied
		for _, end := range ends {
			if end <= cut {
				want++
			}
		}
		torn := append(slices.Clone(last[:cut]), before[cut:]...) // what was written reached the disk up to here
		if err := os.WriteFile(filepath.Join(killed, sqlite.JournalFile+"-wal"), torn, 0o600); err != nil {
			t.Fatal(err)
		}
		if blocks := readCut(t, killed, 1<<62); blocks != want {
			t.Fatalf("torn at %d: %d blocks, want %d", cut, blocks, want)
		}
		tried++
	}
	t.Logf("%d places", tried)
}

func readLog(t testing.TB, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, sqlite.JournalFile+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readCut opens a copy whose log is cut and returns how many blocks it has; they must be good.
func readCut(t *testing.T, from string, cut int64) uint64 {
	t.Helper()
	dir, err := os.MkdirTemp(t.TempDir(), "cut")
	if err != nil {
		t.Fatal(err)
	}
	copyFiles(t, from, dir, cut)
	j, err := sqlite.OpenJournal(dir, sqlite.Options{ReadOnly: true})
	if err != nil {
		t.Fatalf("cut at %d: %v", cut, err)
	}
	r, err := journal.Verify(t.Context(), j, journal.VerifyOptions{})
	if err != nil || !r.Good() {
		t.Fatalf("cut at %d: %v, %v", cut, err, r)
	}
	if err := errors.Join(j.Close(), os.RemoveAll(dir)); err != nil {
		t.Fatal(err)
	}
	return r.Blocks
}

func TestAFileThatLostItsTailIsNeverTakenForGood(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir)
	c := journaltest.Begin(t, j, journaltest.Chain(1))
	for n := range 20 {
		c.Append(t, journaltest.Intent(n), journaltest.Record(n), journaltest.Document(3000))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, sqlite.JournalFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	for cut := len(whole) - 1; cut > 0; cut -= 4096 + 7 {
		broken := t.TempDir()
		if err := os.WriteFile(filepath.Join(broken, sqlite.JournalFile), whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := check(t, broken); err == nil {
			t.Errorf("a file cut at %d of %d bytes was taken for good", cut, len(whole))
		}
		if b, err := os.ReadFile(filepath.Join(broken, sqlite.JournalFile)); err != nil || len(b) != cut {
			t.Errorf("cut at %d: the file was changed: %d bytes, %v", cut, len(b), err)
		}
	}
}

// check opens a journal for reading and verifies it; findings are an error.
func check(t *testing.T, dir string) error {
	t.Helper()
	j, err := sqlite.OpenJournal(dir, sqlite.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer j.Close()
	r, err := journal.Verify(t.Context(), j, journal.VerifyOptions{})
	if err != nil {
		return err
	}
	if !r.Good() {
		return errors.New(r.Findings[0].String())
	}
	return nil
}

func TestAFlippedBitInABlockIsFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir)
	c := journaltest.Begin(t, j, journaltest.Chain(1))
	c.Append(t, journaltest.Document(100_000))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := check(t, dir); err != nil {
		t.Fatalf("before: %v", err)
	}
	path := filepath.Join(dir, sqlite.JournalFile)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-20_000] ^= 4 // within the document, which fills the end of the file
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := check(t, dir); err == nil {
		t.Error("a flipped bit was not found")
	}
}
