package export_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"concord/journal"
	"concord/ledger/export"
	"concord/money"
)

func at() journal.Cursor { return journal.Cursor{Chain: 1, Block: 1} }

// tool is the program that judges a form.
func tool(t *testing.T, f export.Form) []string {
	t.Helper()
	command := map[export.Form][]string{export.Hledger: {"hledger", "check", "--strict", "ordereddates", "-f"}, export.Beancount: {"bean-check"}}[f]
	if _, err := exec.LookPath(command[0]); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing, and this is the continuous check: apt-get install -y hledger beancount", command[0])
		}
		t.Skipf("SKIPPED: %s is missing, so nobody but Concord judged the books: apt-get install -y hledger beancount", command[0])
	}
	return command
}

// judge runs the tool on a text and returns what it said; ok is its verdict.
func judge(t *testing.T, f export.Form, text string) (said string, ok bool) {
	t.Helper()
	command := tool(t, f)
	file := filepath.Join(t.TempDir(), "books."+string(f))
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), command[0], append(command[1:], file)...)
	c.Env = append(os.Environ(), "LC_ALL=C") // names must not depend on the user's locale
	out, err := c.CombinedOutput()
	return string(out), err == nil
}

func TestTheToolsAcceptTheBooks(t *testing.T) {
	w := days(t)
	for _, f := range forms {
		t.Run(string(f), func(t *testing.T) {
			for name, s := range map[string]export.Selection{"all": {}, "a book": {Book: "openai"}, "an agreement": {Agreement: "openai-clouds"}} {
				b := w.books(t, s)
				for detail, transactions := range map[string][]export.Transaction{"day": b.Days(), "transaction": byDay(w.transactions(t, s))} {
					if said, ok := judge(t, f, render(t, f, b, transactions)); !ok {
						t.Errorf("%s, %s: refused:\n%s", name, detail, said)
					}
				}
			}
		})
	}
}

func TestTheToolsRefuseWhatIsWrong(t *testing.T) {
	w := days(t)
	b := w.books(t, export.Selection{})
	all := byDay(w.transactions(t, export.Selection{}))
	pico := func(a money.Amount) money.Amount {
		sum, err := a.Add(money.FromPico(1))
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	for _, c := range []struct {
		name  string
		wrong func() string
		form  export.Form
		said  string
	}{
		{"an amount that is off by 10^-12", func() string {
			return render(t, export.Hledger, b, spoil(all, func(p *export.Posting) { p.Amount = pico(p.Amount) }))
		}, export.Hledger, "balanc"},
		{"an amount that is off by 10^-12", func() string {
			return render(t, export.Beancount, b, spoil(all, func(p *export.Posting) { p.Amount = pico(p.Amount) }))
		}, export.Beancount, "does not balance"},
		{"38 billion that are off by 10^-12", func() string {
			return strings.Replace(render(t, export.Beancount, b, all), "38000000000.000000000001 USD", "38000000000.000000000002 USD", 1)
		}, export.Beancount, "does not balance"},
		{"38 billion that are off by 10^-12", func() string {
			return strings.Replace(render(t, export.Hledger, b, all), "USD 38000000000.000000000001", "USD 38000000000.000000000002", 1)
		}, export.Hledger, "balanc"},
		{"a transaction that stands twice", func() string {
			text := render(t, export.Beancount, b, append([]export.Transaction{all[0]}, all...))
			return text[:strings.Index(text, " balance ")-len("\n2026-05-05")] // without the balances: the repetition alone is the fault
		}, export.Beancount, "uplicate"},
		{"a transaction that stands twice", func() string {
			return render(t, export.Hledger, b, append([]export.Transaction{all[0]}, all...))
		}, export.Hledger, "assertion"},
		{"a transaction that is missing", func() string { return render(t, export.Beancount, b, all[1:]) }, export.Beancount, "Balance failed"},
		{"a transaction that is missing", func() string { return render(t, export.Hledger, b, all[1:]) }, export.Hledger, "assertion"},
	} {
		t.Run(string(c.form)+": "+c.name, func(t *testing.T) {
			said, ok := judge(t, c.form, c.wrong())
			if ok || !strings.Contains(said, c.said) {
				t.Errorf("accepted: %v; said, without %q:\n%.600s", ok, c.said, said)
			}
		})
	}
}

// spoil changes the first posting of a copy.
func spoil(all []export.Transaction, change func(*export.Posting)) []export.Transaction {
	all = slices.Clone(all)
	all[0].Postings = slices.Clone(all[0].Postings)
	change(&all[0].Postings[0])
	return all
}
