package cli_test

import (
	"path/filepath"
	"strings"
	"testing"

	"concord/store/sqlite"
)

func TestBooksThatCannotBeReadAreToldAndRebuilt(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	if code, _, stderr := run(t, "demo", "--once", "--requests", "20", "--speed", "0", "--listen", "127.0.0.1:0", "--data", data); code != 0 {
		t.Fatalf("demo: exit code %d\n%s", code, stderr)
	}
	_, balances, _ := run(t, "ledger", "balances", "--data", data)
	books := filepath.Join(data, sqlite.BooksFile)

	query(t, books, "UPDATE state SET state = substr(state, 1, length(state) / 2)")
	code, _, stderr := run(t, "ledger", "balances", "--data", data)
	if code != 2 || !strings.Contains(stderr, "concord ledger rebuild makes them again") {
		t.Errorf("damaged books: exit code %d, want 2 and what to do\n%s", code, stderr)
	}
	if code, stdout, stderr := run(t, "usage", "list", "--data", data); code != 0 || strings.Count(stdout, "answered") != 20 {
		t.Errorf("records of damaged books: exit code %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, stderr := run(t, "ledger", "rebuild", "--data", data)
	if code != 1 || !strings.Contains(stdout, "the old books did not follow from the journal, the new ones do") {
		t.Errorf("rebuild: exit code %d, want 1, for they are not what they were\n%s%s", code, stdout, stderr)
	}
	if _, got, stderr := run(t, "ledger", "balances", "--data", data); got != balances {
		t.Errorf("balances after the rebuild\n%s%swant\n%s", got, stderr, balances)
	}

	query(t, books, "UPDATE state SET state = CAST(x'01' || substr(state, 2) AS BLOB)") // as an older program wrote it
	if code, got, stderr := run(t, "ledger", "balances", "--data", data); code != 0 || got != balances {
		t.Errorf("books of an older program: exit code %d\n%s%swant\n%s", code, got, stderr, balances)
	}
}
