package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"concord/journal"
	"concord/journal/events"
	"concord/money"
	"concord/report"
	"concord/settlement/focus"
)

// A KeptReconciliation is a reconciliation that was closed: a document of the journal, with the export beside it in the data
// directory, under its hash. Neither is ever written again: a restated export is kept as another version.
type KeptReconciliation struct {
	Version int
	Hash    string // of the document
	Export  string // where the export lies
	Before  string // hash of the document of the version before; "" = it is the first
	Earlier money.Amount
	Known   bool // it was kept before
}

// reconciliationDoc is the document.
type reconciliationDoc struct {
	Cloud       string            `json:"cloud"`
	Account     string            `json:"account,omitempty"`
	Period      string            `json:"period"`
	Version     int               `json:"version"`
	Before      string            `json:"before,omitempty"`
	Export      exportDoc         `json:"export"`
	Currency    string            `json:"currency"`
	Calls       int64             `json:"calls"`
	Ours        money.Amount      `json:"ours"`
	Theirs      money.Amount      `json:"theirs"`
	Difference  money.Amount      `json:"difference"`
	Classes     []ClassView       `json:"classes"`
	Invoices    []InvoiceView     `json:"invoices"`
	Accepted    []string          `json:"accepted,omitempty"`
	Differences int               `json:"differences"`
	Listed      []DifferenceView  `json:"listed"` // the first of them
	Numbers     map[string]string `json:"numbers,omitempty"`
}

type exportDoc struct {
	Hash  string `json:"sha256"`
	Bytes int64  `json:"bytes"`
	Rows  int64  `json:"rows"`
}

// keptDifferences bounds what a document lists; the export says the rest again.
const keptDifferences = 500

// reconciliations returns the documents that the journal has of a bill, the latest one last.
func (h *History) reconciliations(cloud, account, period string) (latest *reconciliationDoc, hash string, err error) {
	for sum, d := range h.documents {
		if d.Doc != journal.DocReconciliation {
			continue
		}
		var doc reconciliationDoc
		if err := json.Unmarshal(d.Bytes, &doc); err != nil {
			return nil, "", fmt.Errorf("read reconciliation %s: %w", sum, err)
		}
		if doc.Cloud == cloud && doc.Account == account && doc.Period == period && (latest == nil || doc.Version > latest.Version) {
			latest, hash = &doc, hex.EncodeToString(sum[:])
		}
	}
	return latest, hash, nil
}

// keepReconciliation keeps the export under its hash, and then the result in the journal.
func keepReconciliation(ctx context.Context, dir string, q ReconcileQuery, d *Reconciliation) (*KeptReconciliation, error) {
	before, hash, err := d.calls.history.reconciliations(q.Cloud, q.Account, d.Period.Name)
	if err != nil {
		return nil, err
	}
	data, err := dataAt(dir) // also where the journal is in a database: an export is no entry of it
	if err != nil {
		return nil, err
	}
	kept := &KeptReconciliation{Version: 1, Export: filepath.Join(data, "reconciled", d.Hash)}
	view := ViewReconciliation(d)
	doc := reconciliationDoc{Cloud: q.Cloud, Account: q.Account, Period: d.Period.Name, Version: 1, Export: exportDoc{d.Hash, d.Bytes, d.Result.Rows},
		Currency: view.Currency, Calls: d.Result.Calls, Ours: d.Result.Ours, Theirs: d.Result.Theirs, Difference: d.Result.Total, Classes: view.Classes,
		Invoices: view.Invoices, Differences: len(view.Differences), Listed: view.Differences[:min(len(view.Differences), keptDifferences)], Numbers: q.Numbers}
	for _, c := range q.Accept {
		doc.Accepted = append(doc.Accepted, string(c))
	}
	if before != nil {
		same := doc
		same.Version, same.Before = before.Version, before.Before
		one, err := report.CanonicalJSON(same)
		if err != nil {
			return nil, err
		}
		other, err := report.CanonicalJSON(*before)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(one, other) {
			kept.Version, kept.Hash, kept.Before, kept.Known = before.Version, hash, before.Before, true
			return kept, nil
		}
		kept.Version, kept.Before, kept.Earlier = before.Version+1, hash, before.Theirs
		doc.Version, doc.Before = kept.Version, hash
	}
	if err := keepExport(q.File, kept.Export, d.Hash); err != nil {
		return nil, err
	}
	text, err := report.CanonicalJSON(doc)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	kept.Hash = hex.EncodeToString(sum[:])
	document := &journal.Document{Doc: journal.DocReconciliation, Name: fmt.Sprintf("%s-%s-v%d", q.Cloud, d.Period.Name, kept.Version), Hash: sum, Bytes: text}
	return kept, takeDocument(ctx, dir, document)
}

// keepExport copies the export to where it stays, unless it is there.
func keepExport(from, to, hash string) (err error) {
	if _, err := os.Stat(to); err == nil {
		return nil // a file under its own hash is whole: it was renamed when it was
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("keep the export: %w", err)
	}
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("keep the export: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	part, err := os.CreateTemp(filepath.Dir(to), ".export-*")
	if err != nil {
		return fmt.Errorf("keep the export: %w", err)
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(part, sum), in)
	if err = errors.Join(err, part.Sync(), part.Close()); err == nil && hex.EncodeToString(sum.Sum(nil)) != hash {
		err = fmt.Errorf("%s was changed while it was reconciled: reconcile it again", from)
	}
	if err == nil {
		err = os.Rename(part.Name(), to)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keep the export: %w", err), os.Remove(part.Name()))
	}
	return nil
}

// takeDocument writes a document into the journal, by the server if one holds the data.
func takeDocument(ctx context.Context, dir string, d *journal.Document) (err error) {
	line, err := events.Append(nil, &journal.Entry{Time: nowNanos(), Source: "reconcile", ID: d.Name, Body: d}, journal.ChainID{})
	if err != nil {
		return fmt.Errorf("write the reconciliation: %w", err)
	}
	file, err := os.CreateTemp("", "concord-reconciliation-*")
	if err != nil {
		return fmt.Errorf("write the reconciliation: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(file.Name())) }()
	_, err = file.Write(line)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write the reconciliation: %w", err)
	}
	if _, err := ImportUsage(ctx, dir, file.Name(), events.NDJSON, "reconcile"); err != nil {
		return fmt.Errorf("keep the reconciliation in the journal: %w", err)
	}
	return nil
}

// postBatch is how many corrections are posted at once.
const postBatch = 500

// postAccepted posts corrections: what an attempt costs by the bill. Each has an id that follows from the reconciliation, so that
// what a crash cut off can be accepted again.
func postAccepted(ctx context.Context, dir string, d *Reconciliation, all []acceptedCall) error {
	for len(all) > 0 {
		n := min(postBatch, len(all))
		var lines bytes.Buffer
		for i := range all[:n] {
			line, err := all[i].event(d)
			if err != nil {
				return err
			}
			lines.Write(append(line, '\n'))
		}
		done, err := Record(ctx, dir, Note{Kind: "correction", Source: "reconcile", Lines: lines.Bytes()})
		if err != nil {
			return fmt.Errorf("post the corrections: %w\n  the reconciliation is kept; accept again to post what is missing", err)
		}
		d.Posted += len(done.Entries)
		all = all[n:]
	}
	return nil
}

// event is the correction as a CloudEvent; the journal completes it.
func (a *acceptedCall) event(d *Reconciliation) ([]byte, error) {
	type line struct {
		Class    string       `json:"class"`
		Quantity int64        `json:"quantity"`
		Unit     money.Amount `json:"unit"`
		Amount   money.Amount `json:"amount"`
	}
	now := []line{}
	for _, l := range a.change.Lines {
		now = append(now, line{l.Class.String(), l.Quantity, l.Unit, l.Amount})
	}
	tokens := map[string]int64{}
	known := a.usage.Tokens
	if err := known.Add(&a.change.Delta); err != nil {
		return nil, fmt.Errorf("request %s: %w", a.request, err)
	}
	for name, n := range tokenView(&known) {
		if n > 0 {
			tokens[name] = n
		}
	}
	origin := map[string]any{"request": a.request.String()}
	if a.part > 0 {
		origin["of"] = map[string]any{"kind": "record", "id": a.request.String(), "part": a.part}
	}
	id := sha256.Sum256(fmt.Appendf(nil, "%s %s %d %d", d.Kept.Hash, a.request, a.part, a.attempt))
	return json.Marshal(map[string]any{
		"id": "reconcile-" + hex.EncodeToString(id[:8]),
		"data": map[string]any{
			"origin": origin, "attempt": a.attempt + 1, "what": "cost", "now": now,
			"usage":  map[string]any{"tokens": tokens, "tier": a.usage.Tier.String(), "evidence": "reported"},
			"reason": fmt.Sprintf("%s billed it so in %s, version %d of its export", d.Cloud, d.Period.Name, d.Kept.Version),
			"cites":  "reconciliation " + d.Kept.Hash[:16],
		},
	})
}

// acceptable are the classes that corrections can take over.
func acceptable() []focus.Class {
	return []focus.Class{focus.OfQuantity, focus.OfPrice, focus.OursOnly, focus.TheirsOnly}
}
