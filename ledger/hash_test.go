package ledger_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"testing"

	"concord/journal"
	"concord/ledger"
)

// canonical is a transaction in the form of docs/money.md, written from that page alone.
func canonical(before journal.Hash, tx *ledger.Transaction) []byte {
	text := func(b []byte, s string) []byte { return append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	b := append(before[:], 1)
	b = text(b, tx.Entry)
	b = binary.AppendUvarint(b, uint64(tx.Part))
	b = binary.BigEndian.AppendUint64(b, uint64(tx.Time))
	b = text(b, string(tx.Currency))
	b = text(b, tx.Customer)
	b = binary.AppendUvarint(b, uint64(len(tx.Postings)))
	for _, p := range tx.Postings {
		var fields []byte
		for _, f := range []string{p.Book, string(p.Account), p.Agreement, p.Clause, p.Cloud, p.Product, p.Stream} {
			fields = text(fields, f)
		}
		account, amount := sha256.Sum256(fields), p.Amount.Bytes()
		b = append(append(b, account[:16]...), amount[:]...)
	}
	return b
}

func TestTheRunningHashIsThatOfThePageAndNeverChanges(t *testing.T) {
	w := example(t)
	var want journal.Hash
	for _, r := range []*journal.Record{
		sale("acme", "openai", gpt54, "aws", "openai", "0.020", "0.007"), sale("globex", "amazon", gpt54, "aws", "amazon", "0.022", ""),
	} {
		want = sha256.Sum256(canonical(want, w.post("2026-05-04", r)))
	}

	if got := w.state.Hash(); got != want {
		t.Errorf("running hash %x, the page gives %x", got[:], want[:])
	}
	const frozen = "676a58b281710e3392463d63241da7729837125c4ab50a5f021f7d193233cf46"
	if got := hex.EncodeToString(want[:]); got != frozen {
		t.Errorf("running hash %s, was %s: hashed bytes never change", got, frozen)
	}
}
