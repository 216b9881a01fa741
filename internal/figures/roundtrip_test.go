package figures_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"concord/internal/app"
	"concord/journal/events"
	"concord/ledger"
)

// exported writes the usage of a directory to a file and returns what was written, with the digest of its books.
func exported(t *testing.T, m *meter, dir, file string) (*app.UsageExport, string) {
	t.Helper()
	r, err := app.OpenReading(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	m.start()
	done, err := r.ExportUsage(t.Context(), io.Writer(f), events.NDJSON, 0, 0)
	m.stop()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	sum, err := ledger.Digest(t.Context(), r.Books)
	if err != nil {
		t.Fatal(err)
	}
	return done, sum.String()
}

func TestUsageThatLeavesOneJournalAndComesIntoAnotherIsTheSame(t *testing.T) {
	n, dir := *records, t.TempDir()
	first := filepath.Join(dir, "first.ndjson")
	readSample(t).write(t, first, n)
	var into, out meter
	var hashes, books [2]string
	file := first
	for i, name := range []string{"one", "two"} {
		data := filepath.Join(dir, name)
		into = meter{}
		into.start()
		done, err := app.ImportUsage(t.Context(), data, file, events.NDJSON, "partner")
		into.stop()
		if err != nil {
			t.Fatal(err)
		}
		if done.Records != n {
			t.Fatalf("%d records were imported, want %d", done.Records, n)
		}
		file = filepath.Join(dir, name+".ndjson")
		out = meter{}
		left, digest := exported(t, &out, data, file)
		hashes[i], books[i] = left.Hash, digest
		if left.Records != n {
			t.Fatalf("%d records were exported, want %d", left.Records, n)
		}
	}

	if hashes[0] != hashes[1] {
		t.Errorf("the usage has the hash %s in one and %s in the other", hashes[0], hashes[1])
	}
	if books[0] != books[1] {
		t.Errorf("the books have the digest %s in one and %s in the other", books[0], books[1])
	}
	if *measure {
		var found table
		found.figure("usage import, checked and posted", "records", n, &into, "")
		found.figure("usage export", "records", n, &out, "")
		found.print(t)
		t.Logf("%d records: the same bytes, SHA-256 %s; books %s and %s", n, hashes[1], books[0], books[1])
	}
}
