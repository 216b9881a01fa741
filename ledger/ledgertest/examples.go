package ledgertest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/delivery"
	"concord/journal"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// Examples is agreements of a folder examples/, as journals have them and as they are in force.
type Examples struct {
	Agreements []*agreement.Agreement
	Documents  []*journal.Document // the agreements, and the set that names them
	History    History
}

// Known is as of when tests know terms.
func Known() time.Time { return time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC) }

// Names are the files with the agreements of BOOKS' worked cases.
func Names() []string { return []string{"openai-microsoft.yaml", "openai-clouds.yaml"} }

// ReadExamples reads agreements from a folder.
func ReadExamples(t testing.TB, folder string, names ...string) *Examples {
	t.Helper()
	x := &Examples{}
	set := journal.SetDoc{Known: Known().UnixNano()}
	for _, name := range names {
		raw, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		a, findings := agreementfile.Parse(name, raw)
		if a == nil {
			t.Fatalf("%s: %v", name, findings)
		}
		d := Document(journal.DocAgreement, name, raw)
		set.Agreements = append(set.Agreements, hex.EncodeToString(d.Hash[:]))
		x.Agreements, x.Documents = append(x.Agreements, a), append(x.Documents, d)
	}
	raw, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	x.Documents = append(x.Documents, Document(journal.DocSet, "set", raw))
	if x.History, err = agreement.NewSet(x.Agreements...).Timeline(Known()); err != nil {
		t.Fatal(err)
	}
	return x
}

// Document is a text as a journal keeps it.
func Document(kind journal.DocKind, name string, raw []byte) *journal.Document {
	return &journal.Document{Doc: kind, Name: name, Hash: sha256.Sum256(raw), Bytes: raw}
}

// History is the terms of agreements through time.
type History []agreement.Interval

// Terms returns those in force at an instant.
func (h History) Terms(t testing.TB, at time.Time) *agreement.Terms {
	t.Helper()
	for _, i := range h {
		if !at.Before(i.From) && (i.Until.IsZero() || at.Before(i.Until)) {
			return i.Terms
		}
	}
	t.Fatalf("no terms at %v", at)
	return nil
}

// Sale is a record of one answered request, with the price and the cost in one line each.
func Sale(customer, seller, product, cloud, holder, price, cost string) *journal.Record {
	return &journal.Record{Outcome: journal.Answered, Customer: customer, Product: product, Currency: "USD",
		Usage: usage.Usage{Evidence: usage.Reported}, Lines: Lines(price),
		Attempts: []journal.Tried{{Deployment: seller + "-" + cloud, Cloud: cloud, Seller: seller, Holder: holder,
			Outcome: delivery.Answered, Cost: Lines(cost)}}}
}

// Lines is one line of an amount; "" is none.
func Lines(amount string) []pricing.Line {
	if amount == "" {
		return nil
	}
	a := money.MustParse(amount)
	return []pricing.Line{{Class: usage.Output, Quantity: 1, Unit: a, Amount: a}}
}
