package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"concord/journal"
)

// formOf says which of the kept forms a file is, by how it begins.
func formOf(content []byte) string {
	switch start := bytes.TrimLeft(content, "\ufeff \r\n\t"); {
	case bytes.HasPrefix(start, []byte("%PDF")):
		return "pdf"
	case bytes.HasPrefix(bytes.ToLower(start[:min(len(start), 20)]), []byte("<!doctype html")):
		return "html"
	case bytes.HasPrefix(start, []byte("agreement,period,")):
		return "csv"
	}
	return "text"
}

// findForm finds the closed statement that has a form of a hash. A file that is none of them is held against the one that it is
// most alike, to say what differs.
func (r *Reading) findForm(ctx context.Context, content []byte, sum journal.Hash, out *Recut) error {
	if len(bytes.TrimSpace(content)) == 0 {
		return errors.New("the file is empty")
	}
	standings, err := r.standings(ctx)
	if err != nil {
		return err
	}
	out.Form = formOf(content)
	var nearest []byte
	alike, number := 0, ""
	for i := range standings {
		_, c, err := closeOf(ctx, r.Journal, standings[i].Number)
		if err != nil {
			return err
		}
		for _, f := range c.Forms {
			if sha256.Sum256(f.Bytes) == sum && f.Hash == sum {
				out.Number, out.Form, out.Same, out.Closed = c.Number, f.Name, true, true
				return nil
			}
			if f.Name != out.Form {
				continue
			}
			if n := likeness(content, f.Bytes); n > alike {
				alike, nearest, number = n, bytes.Clone(f.Bytes), c.Number
			}
		}
	}
	if 2*alike < len(content) {
		out.Form, out.Reason = "", "it is no printed form of a statement that the journal at hand has closed, nor nearly one: verify its JSON to see what differs"
		return nil
	}
	out.Number, out.Reason = number, fmt.Sprintf("it is nearly the %s form of statement %s, which is kept otherwise: %s", out.Form, number, formDifference(out.Form, content, nearest))
	return nil
}

// likeness counts the bytes with which two files begin and end alike.
func likeness(a, b []byte) int {
	short := min(len(a), len(b))
	front := 0
	for front < short && a[front] == b[front] {
		front++
	}
	back := 0
	for back < short-front && a[len(a)-1-back] == b[len(b)-1-back] {
		back++
	}
	return front + back
}

// formDifference names the first place in which a file differs from what is kept.
func formDifference(form string, have, kept []byte) string {
	if form == "pdf" {
		n := 0
		for n < min(len(have), len(kept)) && have[n] == kept[n] {
			n++
		}
		return fmt.Sprintf("byte %d of %d is the first that differs (%d are kept)", n+1, len(have), len(kept))
	}
	a, b := strings.Split(string(have), "\n"), strings.Split(string(kept), "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("line %d is %s, and %s is kept", i+1, lineAt(a, i), lineAt(b, i))
		}
	}
	return "they end otherwise"
}

func lineAt(lines []string, i int) string {
	if i >= len(lines) {
		return "missing"
	}
	return fmt.Sprintf("%.160q", strings.TrimSpace(lines[i]))
}
