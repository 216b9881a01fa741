package app_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"concord/gateway"
	"concord/internal/app"
)

// withJournal reads the examples with other lines under journal:.
func withJournal(t *testing.T, lines ...string) (*app.Config, error) {
	t.Helper()
	before, rest, found := strings.Cut(example(t), "\njournal:\n")
	_, after, closed := strings.Cut(rest, "\n\n")
	if !found || !closed {
		t.Fatal("the example has no block journal:")
	}
	text := before + "\njournal:\n  commit_wait: 2s\n  " + strings.Join(lines, "\n  ") + "\n\n" + after
	return app.Load("concord.yaml", withConfig(text, nil), known)
}

func TestJournal_is_strict_and_keeps_a_reserve_where_nothing_is_said(t *testing.T) {
	c, err := withJournal(t)
	if err != nil {
		t.Fatal(err)
	}
	want := app.JournalSettings{Durability: gateway.Strict, Intent: gateway.Beside, Reserve: 64 << 20}
	if diff := cmp.Diff(want, c.Journal, amounts); diff != "" {
		t.Error(diff)
	}
}

func TestJournal_settings_are_read(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  app.JournalSettings
	}{
		{[]string{"durability: relaxed", "reserve: 1GiB"}, app.JournalSettings{Durability: gateway.Relaxed, Reserve: 1 << 30}},
		{[]string{"durability: strict", "intent: before", "reserve: 20 MB"}, app.JournalSettings{Intent: gateway.Before, Reserve: 20e6}},
		{[]string{"intent: beside", "reserve: 1048576"}, app.JournalSettings{Reserve: 1 << 20}},
	} {
		got, err := withJournal(t, c.lines...)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got.Journal, amounts); diff != "" {
			t.Errorf("%q: %s", c.lines, diff)
		}
	}
}

func TestJournal_mistakes_are_named(t *testing.T) {
	for line, says := range map[string]string{
		"durability: some":                      `"some" is no durability`,
		"intent: after":                         `the intent's commit cannot run "after"`,
		"reserve: plenty":                       `"plenty" is not a size`,
		"reserve: 64 parsecs":                   `"64 parsecs" is not a size`,
		"reserve: 12KB":                         `"12KB" is not a size of 1 MiB or more`,
		"reserve: 99999999999T":                 `is not a size`,
		"durability: relaxed\n  intent: before": "durability: relaxed has nothing wait",
	} {
		if _, err := withJournal(t, line); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want %q", line, err, says)
		}
	}
}
