package ledger

import (
	"fmt"
	"strings"
)

// An Account is one account of one book: a path of BOOKS' table, such as "receivable:accrued:acme:openai-sales".
type Account string

// Type is what an account is to its book.
type Type uint8

// The types of accounts.
const (
	Asset Type = iota + 1
	Liability
	Income
	Expense
	Memo
)

// String returns the type's name.
func (t Type) String() string {
	switch t {
	case Asset:
		return "asset"
	case Liability:
		return "liability"
	case Income:
		return "income"
	case Expense:
		return "expense"
	case Memo:
		return "memo"
	}
	return fmt.Sprintf("type(%d)", uint8(t))
}

// Parts is an account taken apart.
type Parts struct {
	Type         Type
	Root         string // first word: "receivable", "revenue", "memo", ...
	Branch       string // second word of receivable and payable ("accrued", "stated"), revenue, cost, tax and memo
	Counterparty string // of receivable, payable, prepaid and deferred
	Subject      string // clause, cloud, product, class or key: the rest; memo accounts without their last word
	Side         string // last word of a memo account: "open", "used", "contra" or ""
}

// AccruedReceivable is what x owes this book under a clause, exactly.
func AccruedReceivable(x, clause string) Account {
	return Account("receivable:accrued:" + x + ":" + clause)
}

// AccruedPayable is what this book owes x under a clause, exactly.
func AccruedPayable(x, clause string) Account { return Account("payable:accrued:" + x + ":" + clause) }

// StatedReceivable is what a closed statement, or money that is due at once, says that x owes this book.
func StatedReceivable(x, clause string) Account {
	return Account("receivable:stated:" + x + ":" + clause)
}

// StatedPayable is the same, seen from who owes.
func StatedPayable(x, clause string) Account { return Account("payable:stated:" + x + ":" + clause) }

// Prepaid is what this book gave x ahead of what it will owe under a clause.
func Prepaid(x, clause string) Account { return Account("prepaid:" + x + ":" + clause) }

// Deferred is the same, seen from who got it.
func Deferred(x, clause string) Account { return Account("deferred:" + x + ":" + clause) }

// The accounts that have no subject.
const (
	Cash            Account = "cash"
	TaxCollected    Account = "tax:collected"
	TaxWithheld     Account = "tax:withheld"
	TaxRecoverable  Account = "tax:recoverable"
	InterestRevenue Account = "revenue:interest"
	InterestCost    Account = "cost:interest"
)

// Revenue is income of a branch: "cloud", "license", "share", "fee", "infrastructure", "shortfall".
func Revenue(branch, subject string) Account { return Account("revenue:" + branch + ":" + subject) }

// Cost is an expense of a branch: "cloud", "usage", "share", "fee", "shortfall".
func Cost(branch, subject string) Account { return Account("cost:" + branch + ":" + subject) }

// MemoAccount is an account beside the money: "commitment", "above-cap", "suspense"; side is "" for the plain account.
func MemoAccount(branch, subject, side string) Account {
	a := "memo:" + branch + ":" + subject
	if side != "" {
		a += ":" + side
	}
	return Account(a)
}

// Parse takes an account apart; an account outside BOOKS' table is an error.
func (a Account) Parse() (Parts, error) {
	root, rest, _ := strings.Cut(string(a), ":")
	p := Parts{Root: root}
	branch, subject, _ := strings.Cut(rest, ":")
	switch root {
	case "receivable", "payable":
		p.Type = Asset
		if root == "payable" {
			p.Type = Liability
		}
		p.Branch = branch
		p.Counterparty, p.Subject, _ = strings.Cut(subject, ":")
		if branch != "accrued" && branch != "stated" || p.Counterparty == "" || p.Subject == "" {
			return p, unknownAccount(a)
		}
	case "prepaid", "deferred":
		p.Type = Asset
		if root == "deferred" {
			p.Type = Liability
		}
		p.Counterparty, p.Subject = branch, subject
		if p.Counterparty == "" || p.Subject == "" {
			return p, unknownAccount(a)
		}
	case "cash":
		p.Type = Asset
		if rest != "" {
			return p, unknownAccount(a)
		}
	case "tax":
		p.Type, p.Branch = Liability, rest
		if !oneOf(rest, "collected", "withheld", "recoverable") {
			return p, unknownAccount(a)
		}
	case "revenue", "cost":
		return p.flow(a, branch, subject)
	case "memo":
		return p.memo(a, branch, subject)
	default:
		return p, unknownAccount(a)
	}
	return p, nil
}

// flow finishes the parts of an income or expense account.
func (p Parts) flow(a Account, branch, subject string) (Parts, error) {
	p.Branch, p.Subject = branch, subject
	with, without := []string{"cloud", "license", "share", "fee", "infrastructure", "shortfall"}, []string{"interest"}
	p.Type = Income
	if p.Root == "cost" {
		p.Type = Expense
		with, without = []string{"share", "fee", "cloud", "usage", "shortfall"}, []string{"interest", "rounding", "bad-debt"}
	}
	if subject != "" && oneOf(branch, with...) || subject == "" && oneOf(branch, without...) {
		return p, nil
	}
	return p, unknownAccount(a)
}

// memo finishes the parts of a memo account.
func (p Parts) memo(a Account, branch, subject string) (Parts, error) {
	p.Type, p.Branch, p.Subject = Memo, branch, subject
	sides := []string{"contra"}
	if branch == "commitment" {
		sides = []string{"open", "used"}
	}
	if i := strings.LastIndexByte(subject, ':'); i >= 0 && oneOf(subject[i+1:], sides...) {
		p.Subject, p.Side = subject[:i], subject[i+1:]
	}
	known := oneOf(branch, "commitment", "hold", "above-cap", "suspense")
	if !known || p.Subject == "" || branch == "commitment" && p.Side == "" {
		return p, unknownAccount(a)
	}
	return p, nil
}

func unknownAccount(a Account) error { return fmt.Errorf("account %q is not one of the books'", a) }

func oneOf(s string, words ...string) bool {
	for _, w := range words {
		if s == w {
			return true
		}
	}
	return false
}
