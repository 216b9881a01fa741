package ledger_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/journal"
	"concord/ledger"
	"concord/money"
)

const toMicrosoft = "share-openai-to-microsoft"

// bring posts an entry that is not usage, noon of a day in Los Angeles, or fails.
func (w *world) bring(at string, body journal.Body) *ledger.Transaction {
	w.t.Helper()
	tx, err := w.try(at, body)
	if err != nil {
		w.t.Fatal(err)
	}
	return tx
}

func (w *world) try(at string, body journal.Body) (*ledger.Transaction, error) {
	return ledger.Post(w.state, w.written(date(at), body))
}

// written makes an entry that somebody wrote.
func (w *world) written(at time.Time, body journal.Body) *journal.Entry {
	w.n++
	return &journal.Entry{Time: at.UnixNano(), Source: "test", ID: fmt.Sprintf("%s-%d", body.Kind(), w.n), Body: body}
}

// of points at a sale that a record brought.
func (w *world) of(at string, r *journal.Record) journal.Origin {
	served := r.Attempts[r.Served]
	o := journal.Origin{Of: journal.Ref{Kind: journal.KindRecord, ID: string(r.Request[:])}, Request: r.Request, At: date(at).UnixNano(),
		Terms: r.Terms, Customer: r.Customer, Seller: served.Seller, Product: r.Product, Cloud: served.Cloud, Currency: r.Currency}
	for _, l := range r.Lines {
		o.Charged, _ = o.Charged.Add(l.Amount)
	}
	return o
}

// caseA is BOOKS' case A, posted.
func caseA(w *world) journal.Origin {
	w.t.Helper()
	r := sale("acme", "openai", gpt54, "aws", "openai", "0.020", "0.007")
	w.post("2026-05-04", r)
	return w.of("2026-05-04", r)
}

// brings posts an entry and compares what it posted.
func brings(t *testing.T, w *world, at string, body journal.Body, want string) {
	t.Helper()
	tx := w.bring(at, body)
	if wrong := unbalanced(tx); wrong != "" {
		t.Error(wrong)
	}
	if diff := cmp.Diff(want[1:], table(tx)); diff != "" {
		t.Errorf("postings (-want +got):\n%s", diff)
	}
}

// shows is brings, for what docs/money.md shows as well.
func shows(t *testing.T, w *world, at string, body journal.Body, want string) {
	t.Helper()
	brings(t, w, at, body, want)
	page, err := os.ReadFile("../docs/money.md")
	if err != nil {
		t.Fatal(err)
	}
	for row := range strings.Lines(want[1:]) {
		if row = strings.TrimSpace(row); !strings.Contains(string(page), "\n| "+row+" |\n") {
			t.Errorf("docs/money.md lacks the row\n| %s |", row)
		}
	}
}

// refused posts an entry that cannot be posted, and holds it to leaving the state as it was.
func refused(t *testing.T, w *world, at string, body journal.Body, want string) {
	t.Helper()
	before := string(w.state.Encode())
	_, err := w.try(at, body)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want an error with %q", err, want)
	}
	if string(w.state.Encode()) != before {
		t.Errorf("%s: the state changed", want)
	}
}

func amount(text string) money.Amount { return money.MustParse(text) }

func (w *world) balance(t *testing.T, book string, account ledger.Account) string {
	t.Helper()
	cells, _, err := w.state.Changes()
	if err != nil {
		t.Fatal(err)
	}
	var sum money.Amount
	for _, c := range cells {
		if c.Book == book && c.Account == account {
			if sum, err = sum.Add(c.Amount); err != nil {
				t.Fatal(err)
			}
		}
	}
	return sum.String()
}

// The second table of BOOKS: what is not usage.
func TestWorkedEvent(t *testing.T) {
	t.Run("full_refund_in_june_takes_the_share_back_and_leaves_the_clouds_cost", func(t *testing.T) {
		w := example(t)
		o := caseA(w)
		shows(t, w, "2026-06-10", &journal.Refund{Origin: o, Amount: amount("0.02")}, `
openai | receivable:accrued:acme:openai-sales -0.02; revenue:license:openai/gpt-5.4 +0.012; revenue:cloud:aws +0.008; cost:share:share-openai-to-microsoft -0.004; payable:accrued:microsoft:share-openai-to-microsoft +0.004
acme | cost:usage:openai/gpt-5.4 -0.02; payable:accrued:openai:openai-sales +0.02
microsoft | receivable:accrued:openai:share-openai-to-microsoft -0.004; revenue:share:share-openai-to-microsoft +0.004
`)
		for account, want := range map[ledger.Account]string{
			ledger.Revenue("license", gpt54): "0", ledger.Revenue("cloud", "aws"): "0", ledger.Cost("share", toMicrosoft): "0", ledger.Cost("cloud", "aws"): "0.007",
		} {
			if got := w.balance(t, "openai", account); got != want {
				t.Errorf("%s is %s, want %s", account, got, want)
			}
		}
		if got := capUsed(w); got != "0" {
			t.Errorf("cap used %s, want 0", got)
		}
	})

	t.Run("close_states_cents_and_leaves_what_it_rounded", func(t *testing.T) {
		w := accrued(t)
		shows(t, w, "2026-06-04", closing("OM-2026-05", 1, "2026-05", "1234.57"), `
openai | payable:accrued:microsoft:share-openai-to-microsoft +1234.57; payable:stated:microsoft:share-openai-to-microsoft -1234.57
microsoft | receivable:stated:openai:share-openai-to-microsoft +1234.57; receivable:accrued:openai:share-openai-to-microsoft -1234.57
`)
		if got := w.balance(t, "openai", ledger.AccruedPayable("microsoft", toMicrosoft)); got != "0.003" {
			t.Errorf("accrued is %s, want 0.003", got)
		}
	})

	t.Run("true_up_from_20_to_18_per_cent", func(t *testing.T) {
		w := example(t)
		o := caseA(w)
		w.amend(t, "20%", "18%")
		shows(t, w, "2026-06-10", &journal.Correction{Origin: o, Attempt: -1, What: "terms", Was: lines("0.020"), Now: lines("0.020"), Cites: "OM-2026-05, 2026-05-01"}, `
openai | cost:share:share-openai-to-microsoft -0.0004; payable:accrued:microsoft:share-openai-to-microsoft +0.0004
microsoft | receivable:accrued:openai:share-openai-to-microsoft -0.0004; revenue:share:share-openai-to-microsoft +0.0004
`)
	})

	t.Run("payment_with_tax_withheld", func(t *testing.T) {
		w := accrued(t)
		w.bring("2026-06-04", closing("OM-2026-05", 1, "2026-05", "1234.57"))
		shows(t, w, "2026-07-01", paid("openai", "microsoft", "1234.57", "10.00"), `
openai | payable:stated:microsoft:share-openai-to-microsoft +1234.57; cash -1224.57; tax:withheld -10
microsoft | receivable:stated:openai:share-openai-to-microsoft -1234.57; cash +1224.57; tax:recoverable +10
`)
	})

	t.Run("late_interest", func(t *testing.T) {
		shows(t, example(t), "2026-08-01", fee("interest", "openai-microsoft", toMicrosoft, "openai", "microsoft", "20.00"), `
openai | cost:interest +20; payable:stated:microsoft:share-openai-to-microsoft -20
microsoft | receivable:stated:openai:share-openai-to-microsoft +20; revenue:interest -20
`)
	})

	t.Run("guarantee_advance_then_earned", func(t *testing.T) {
		w := example(t)
		ahead := paid("openai", "microsoft", "1000", "0")
		ahead.Lines[0].Advance = true
		shows(t, w, "2026-05-01", ahead, `
openai | prepaid:microsoft:share-openai-to-microsoft +1000; cash -1000
microsoft | deferred:openai:share-openai-to-microsoft -1000; cash +1000
`)
		shows(t, w, "2026-05-04", invoice("1500"), `
openai | receivable:accrued:acme:openai-sales +1500; revenue:license:openai/gpt-5.4 -900; revenue:cloud:aws -600; cost:share:share-openai-to-microsoft +300; payable:accrued:microsoft:share-openai-to-microsoft -300; payable:accrued:microsoft:share-openai-to-microsoft +300; prepaid:microsoft:share-openai-to-microsoft -300
acme | cost:usage:openai/gpt-5.4 +1500; payable:accrued:openai:openai-sales -1500
microsoft | receivable:accrued:openai:share-openai-to-microsoft +300; revenue:share:share-openai-to-microsoft -300; deferred:openai:share-openai-to-microsoft +300; receivable:accrued:openai:share-openai-to-microsoft -300
`)
	})

	t.Run("commitment_shortfall_closes_the_memo", func(t *testing.T) {
		w := example(t)
		w.post("2026-05-04", sale("acme", "openai", gpt54, "aws", "openai", "1000", "700"))
		short := fee("shortfall", "openai-clouds", "aws-capacity", "openai", "amazon", "300")
		short.Origin.Charged = amount("700") // what was drawn
		shows(t, w, "2027-01-01", short, `
openai | memo:commitment:aws-capacity:used -700; memo:commitment:aws-capacity:open +700; cost:shortfall:aws-capacity +300; payable:stated:amazon:aws-capacity -300
amazon | receivable:stated:openai:aws-capacity +300; revenue:shortfall:aws-capacity -300
`)
		for _, side := range []string{"used", "open"} {
			if got := w.balance(t, "openai", ledger.MemoAccount("commitment", "aws-capacity", side)); got != "0" {
				t.Errorf("memo %s is %s, want 0", side, got)
			}
		}
	})
}

// accrued is a world in which OpenAI owes Microsoft 1,234.567.
func accrued(t *testing.T) *world {
	w := example(t)
	w.bring("2026-05-04", invoice("6172.835"))
	return w
}

// invoice bills acme for gpt-5.4 on AWS, in May.
func invoice(text string) *journal.Invoice {
	return &journal.Invoice{Amount: amount(text), Number: "R-1", Origin: journal.Origin{
		At: date("2026-05-04").UnixNano(), Customer: "acme", Seller: "openai", Product: gpt54, Cloud: "aws", Currency: "USD"}}
}

// closing states what OpenAI owes Microsoft under its share for a month.
func closing(number string, version int, period, text string) *journal.Close {
	from, err := time.ParseInLocation("2006-01", period, losAngeles())
	if err != nil {
		panic(err)
	}
	c := &journal.Close{Agreement: "openai-microsoft", Between: [2]string{"openai", "microsoft"}, Period: period, From: from.UnixNano(),
		Until: from.AddDate(0, 1, 0).UnixNano(), Number: number, Version: version, Currency: "USD", Statement: []byte(fmt.Sprintf("%s/%d", number, version))}
	c.Hash = sha256.Sum256(c.Statement)
	if text != "" {
		c.Lines = []journal.Stated{{Clause: toMicrosoft, Payer: "openai", Payee: "microsoft", Amount: amount(text)}}
	}
	return c
}

// paid pays what is owed under OpenAI's share.
func paid(from, to, text, withheld string) *journal.Payment {
	return &journal.Payment{From: from, To: to, Amount: amount(text), Withheld: amount(withheld), Currency: "USD", Lines: []journal.Paid{
		{Agreement: "openai-microsoft", Clause: toMicrosoft, Amount: amount(text), Withheld: amount(withheld)}}}
}

func fee(name, agreement, clause, payer, payee, text string) *journal.Fee {
	return &journal.Fee{Name: name, Agreement: agreement, Clause: clause, Payer: payer, Payee: payee, Amount: amount(text), Currency: "USD"}
}

// amend makes known in June that the rate of OpenAI's share was another one since May.
func (w *world) amend(t testing.TB, was, now string) {
	t.Helper()
	text := string(read(t, "openai-microsoft.yaml"))
	i := strings.Index(text, "      - id: share-openai-to-microsoft\n        kind: revenue-share\n        prose: OpenAI's share to Microsoft continues")
	j := strings.Index(text[i:], "    adds:\n") + i
	k := strings.Index(text, "\nfacts:")
	clause := strings.Replace(text[i:j], was, now, 1)
	amended := text[:k] + "\n  - id: 2026-06\n    effective: 2026-05-01\n    recorded: 2026-06-09\n    title: Another rate\n    source: {provenance: assumed}\n    replaces:\n" + clause + text[k:]
	set := journal.SetDoc{Known: known().UnixNano()}
	for _, d := range []*journal.Document{document(journal.DocAgreement, "openai-microsoft.yaml", []byte(amended)), document(journal.DocAgreement, "openai-clouds.yaml", read(t, "openai-clouds.yaml"))} {
		set.Agreements = append(set.Agreements, hex.EncodeToString(d.Hash[:]))
		w.bring("2026-06-09", d)
	}
	raw, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	w.bring("2026-06-09", document(journal.DocSet, "set", raw))
}
