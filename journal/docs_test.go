package journal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"

	"concord/journal"
	"concord/journal/journaltest"
)

// examples returns the bytes of the blocks marked hex; after two spaces a line is a remark.
func examples(t *testing.T, page string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var found [][]byte
	for _, m := range regexp.MustCompile("(?s)```hex\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		var b []byte
		for line := range strings.Lines(m[1]) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), "  ")
			part, err := hex.DecodeString(strings.ReplaceAll(line, " ", ""))
			if err != nil {
				t.Fatalf("%s: %q: %v", page, line, err)
			}
			b = append(b, part...)
		}
		found = append(found, b)
	}
	return found
}

func TestTheFormatPageShowsTheBytesThatAreWritten(t *testing.T) {
	t.Parallel()
	got := examples(t, "../docs/journal-format.md")
	if len(got) != 4 {
		t.Fatalf("the page has %d examples, want 4", len(got))
	}
	b := &journal.Block{Chain: journaltest.Chain(1), Count: 1, Bytes: journal.BeginBlock(nil)}
	e := journaltest.Open(journaltest.Chain(1))
	var err error
	if b.Bytes, err = journal.AppendToBlock(b.Bytes, &e); err != nil {
		t.Fatal(err)
	}
	b.Finish(nil, 1_777_852_801_000_000_000)

	if want := encode(t, journaltest.Progress(1, 512)); !bytes.Equal(got[0], want) {
		t.Errorf("entry:\n got %x\nwant %x", got[0], want)
	}
	if !bytes.Equal(got[1], b.Bytes) {
		t.Errorf("block:\n got %x\nwant %x", got[1], b.Bytes)
	}
	// The page's own arithmetic, without the code's: SHA-256 of the head and the block.
	if sum := sha256.Sum256(append(got[2], got[1]...)); !bytes.Equal(sum[:], got[3]) || sum != b.Hash {
		t.Errorf("hash:\n page's parts %x\npage %x\ncode %x", sum, got[3], b.Hash)
	}
	page, err := os.ReadFile("../docs/journal-format.md")
	if err != nil {
		t.Fatal(err)
	}
	if id := journaltest.Request(1).String(); !strings.Contains(string(page), id) {
		t.Errorf("the page does not show %s", id)
	}
}
