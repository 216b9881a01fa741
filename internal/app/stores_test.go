package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concord/internal/app"
)

// withStore reads the examples with another block store:.
func withStore(t *testing.T, block string, environment map[string]string) (*app.Config, error) {
	t.Helper()
	source := withConfig(strings.Replace(example(t), "\naccounts:\n", "\nstore: "+block+"\naccounts:\n", 1), nil)
	getenv := source.Getenv
	source.Getenv = func(name string) (string, bool) {
		if v, ok := environment[name]; ok {
			return v, true
		}
		return getenv(name)
	}
	return app.Load("concord.yaml", source, known)
}

func TestStore_is_the_data_directory_where_nothing_is_said(t *testing.T) {
	c, err := app.Load("concord.yaml", withConfig(example(t), nil), known)
	if err != nil {
		t.Fatal(err)
	}
	if c.Store.Given() {
		t.Errorf("the store is %v", c.Store)
	}
}

func TestStore_of_a_database_is_read_and_its_password_does_not_print(t *testing.T) {
	url := "postgres://concord:hunter2@db.example:5432/concord?sslmode=require"
	c, err := withStore(t, "{postgres: {url: {env: DATABASE_URL}}}", map[string]string{"DATABASE_URL": url})
	if err != nil {
		t.Fatal(err)
	}
	if c.Store.Postgres.Reveal() != url {
		t.Error("the URL was not read")
	}
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", c.Store, c.Store, c.Store), c.Store.Name()} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("the password prints: %s", text)
		}
	}
	if want := "PostgreSQL db.example:5432/concord"; c.Store.Name() != want {
		t.Errorf("it is called %q, want %q", c.Store.Name(), want)
	}
}

func TestStore_mistakes_are_named_without_the_value(t *testing.T) {
	for block, says := range map[string]string{
		"{postgres: {url: {env: NOWHERE}}}":                                 "the environment variable NOWHERE is not set",
		"{postgres: {url: {env: WRONG}}}":                                   "does not begin with postgres://",
		"{postgres: {}}":                                                    "`store:` says nothing of it",
		"{postgres: {url: {file: missing.txt}}}":                            "missing.txt cannot be read",
		"{postgres: {url: {inline: \"postgres://u:hunter2@localhost/x\"}}}": "holds a password and stands in the file",
		"{mysql: {}}": "mysql",
	} {
		_, err := withStore(t, block, map[string]string{"WRONG": "mysql://u:hunter2@localhost/x"})
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want %q", block, err, says)
		}
	}
}

func TestWhere_is_the_configuration_if_it_keeps_its_data_elsewhere_and_needs_no_secret(t *testing.T) {
	for block, want := range map[string]string{"": "concord-data", "store: {postgres: {url: {env: NOWHERE}}}\n": "FILE"} {
		file := filepath.Join(t.TempDir(), "concord.yaml")
		if err := os.WriteFile(file, []byte("concord: 1\n"+block), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := app.Where(file, app.Disk())
		if err != nil {
			t.Fatal(err)
		}
		if got != strings.Replace(want, "FILE", file, 1) {
			t.Errorf("%q: %s, want %s", block, got, want)
		}
	}
}

func TestApart_is_how_far_a_clock_is_off_at_the_least(t *testing.T) {
	const second = int64(time.Second)
	for _, c := range []struct{ asked, took, there, want int64 }{
		{asked: 100 * second, took: second, there: 100*second + second/2, want: 0},
		{asked: 100 * second, took: second, there: 100 * second, want: 0},
		{asked: 100 * second, took: second, there: 101 * second, want: 0},
		{asked: 100 * second, took: second, there: 99 * second, want: second},
		{asked: 100 * second, took: second, there: 103 * second, want: -2 * second},
		{asked: 100 * second, took: 0, there: 100*second - 1, want: 1},
	} {
		if got := app.Apart(c.asked, c.took, c.there); got != c.want {
			t.Errorf("asked at %d, took %d, told %d: %d, want %d", c.asked, c.took, c.there, got, c.want)
		}
	}
}
