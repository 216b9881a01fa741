package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"concord/journal"
	"concord/journal/events"
)

// reasons finds the entries that are the reason for a further version of a statement: those of names, or its disputes where none
// is named.
func reasons(ctx context.Context, j journal.Journal) func(string, []string) ([]journal.Entry, error) {
	return func(statement string, names []string) ([]journal.Entry, error) {
		var out []journal.Entry
		for _, name := range names {
			e, err := entryNamed(ctx, j, name)
			if err != nil {
				return nil, err
			}
			out = append(out, *e)
		}
		if len(names) > 0 {
			return out, nil
		}
		entries, err := j.Find(ctx, journal.StatementKey(statement))
		if err != nil {
			return nil, fmt.Errorf("find the disputes of statement %s: %w", statement, err)
		}
		for i := range entries {
			if d, ok := entries[i].Body.(*journal.Dispute); ok && d.Statement == statement {
				out = append(out, entries[i])
			}
		}
		return out, nil
	}
}

// entryNamed finds an entry by SOURCE/ID, or by the id of its request. Without a source it is one that the command line recorded.
func entryNamed(ctx context.Context, j journal.Journal, name string) (*journal.Entry, error) {
	var keys []journal.RequestID
	if id, err := journal.ParseRequestID(name); err == nil {
		keys = append(keys, id)
	}
	kinds := []journal.Kind{journal.KindDispute, journal.KindCorrection, journal.KindRefund, journal.KindCredit, journal.KindFee, journal.KindInvoice}
	under := func(source, id string) {
		for _, kind := range kinds {
			keys = append(keys, journal.Ref{Kind: kind, Source: source, ID: id}.Key())
		}
		keys = append(keys, events.RequestOf(source, id)) // usage that was imported
	}
	for i, r := range name { // both may have a slash
		if r == '/' && i > 0 && i < len(name)-1 {
			under(name[:i], name[i+1:])
		}
	}
	if !strings.Contains(name, "/") {
		under("cli", name)
	}
	for _, key := range keys {
		entries, err := j.Find(ctx, key)
		if err != nil && !errors.Is(err, journal.ErrNotFound) {
			return nil, fmt.Errorf("find %s: %w", name, err)
		}
		for i := range entries {
			if e := &entries[i]; e.Key() == key && (e.Body.Kind() == journal.KindRecord || slices.Contains(kinds, e.Body.Kind())) {
				return e, nil
			}
		}
	}
	return nil, fmt.Errorf("the journal has no dispute, correction, refund, credit, fee, invoice or record %q: write SOURCE/ID as concord record said, or the id of a request", name)
}
