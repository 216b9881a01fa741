package export

import (
	"fmt"
	"strconv"
	"strings"

	"concord/ledger"
)

// Both tools read an account's name as a path. The first part is the root that its type has there, the second the book; the
// words of the ledger's account follow, its subject as one part whatever stands in it. A memo account without a side ends in
// "amount": no account may lie under another one, for beancount asserts a balance with all that lies below.
//
// Names are escaped so that different names stay different and only ASCII is written: hledger reads files in the encoding of
// the user's locale.

// path returns the parts of an account of a book below its root.
func path(book string, a ledger.Account) (ledger.Type, []string, error) {
	p, err := a.Parse()
	if err != nil {
		return 0, nil, err
	}
	parts := []string{book, p.Root}
	for _, part := range []string{p.Branch, p.Counterparty, p.Subject} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if p.Type == ledger.Memo {
		side := p.Side
		if side == "" {
			side = "amount"
		}
		parts = append(parts, side)
	}
	return p.Type, parts, nil
}

// name joins an account's parts under one of the roots for assets, liabilities, income, expenses and memo accounts.
func name(book string, a ledger.Account, roots [5]string, escape func(string) string) (string, error) {
	kind, parts, err := path(book, a)
	if err != nil {
		return "", fmt.Errorf("export book %s: %w", book, err)
	}
	var b strings.Builder
	b.WriteString(roots[kind-ledger.Asset])
	for _, part := range parts {
		b.WriteByte(':')
		b.WriteString(escape(part))
	}
	return b.String(), nil
}

func lower(c byte) bool { return c >= 'a' && c <= 'z' }
func upper(c byte) bool { return c >= 'A' && c <= 'Z' }
func digit(c byte) bool { return c >= '0' && c <= '9' }

// hledgerPart writes a part of an hledger account: what is not a letter, a digit or one of "-_./" becomes % and two digits.
func hledgerPart(s string) string {
	if s == "" {
		return "%"
	}
	return percent(s, func(c byte) bool { return lower(c) || upper(c) || digit(c) || strings.IndexByte("-_./", c) >= 0 })
}

// beancountPart writes a part of a beancount account, which begins with a capital or a digit and goes on with letters, digits
// and dashes: small letters, digits and dashes stay, the first letter becomes a capital, and everything else becomes Z and
// two hexadecimal digits. No two names become one: a Z is always written by this rule, so is a capital.
func beancountPart(s string) string {
	if s == "" {
		return "Z"
	}
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 0 && lower(c) && c != 'z':
			b.WriteByte(c - 'a' + 'A')
		case digit(c), i > 0 && (lower(c) || c == '-'):
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "Z%02X", c)
		}
	}
	return b.String()
}

// tagValue writes a value of an hledger tag or a beancount text: no comma ends it, no quote closes it, no bracket makes it a
// date.
func tagValue(s string) string {
	return percent(s, func(c byte) bool { return c >= ' ' && c <= '~' && strings.IndexByte("%,;\"\\[]|()", c) < 0 })
}

// link writes a beancount link that names an entry and no other.
func link(entry string, part uint32) string {
	s := escaped(entry, '.', func(c byte) bool { return lower(c) || upper(c) || digit(c) || c == '-' || c == '_' })
	if part != 0 {
		s += "/" + strconv.FormatUint(uint64(part), 10)
	}
	return s
}

// percent writes bytes that are not plain as % and two hexadecimal digits.
func percent(s string, plain func(byte) bool) string { return escaped(s, '%', plain) }

func escaped(s string, mark byte, plain func(byte) bool) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; plain(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%c%02X", mark, c)
		}
	}
	return b.String()
}
