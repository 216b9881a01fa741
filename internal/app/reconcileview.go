package app

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"concord/money"
	"concord/report"
	"concord/settlement/focus"
)

// A ReconciliationView is a reconciliation as commands show it.
type ReconciliationView struct {
	Cloud       string           `json:"cloud"`
	Account     string           `json:"account,omitempty"`
	Period      string           `json:"period"`
	File        string           `json:"file"`
	Hash        string           `json:"sha256"`
	Granularity string           `json:"granularity"`
	Currency    string           `json:"currency"`
	Good        bool             `json:"good"`
	Calls       int64            `json:"calls"`
	Rows        int64            `json:"rows"`
	LeftOut     int64            `json:"rows_left_out"`
	Empty       bool             `json:"no_rows_of_period"`
	Others      int64            `json:"rows_of_other_periods"`
	Ours        money.Amount     `json:"ours"`
	Theirs      money.Amount     `json:"theirs"`
	Difference  money.Amount     `json:"difference"`
	Unsure      int64            `json:"unsure_calls"`
	Classes     []ClassView      `json:"classes"`
	Invoices    []InvoiceView    `json:"invoices"`
	Differences []DifferenceView `json:"differences"`
	Kept        *KeptView        `json:"kept,omitempty"`
	Posted      int              `json:"corrections_posted"`
	NotPosted   int              `json:"differences_not_accepted"`

	Notes []string `json:"-"` // on what of the export was read
}

// A ClassView is what belongs to a class of differences.
type ClassView struct {
	Class   string       `json:"class"`
	Buckets int64        `json:"buckets"`
	Amount  money.Amount `json:"amount"`
}

// An InvoiceView is what the rows of an invoice come to.
type InvoiceView struct {
	Invoice string        `json:"invoice"` // "" = not invoiced yet
	Rows    int64         `json:"rows"`
	Cost    money.Amount  `json:"cost"`
	Stated  *money.Amount `json:"stated,omitempty"`
}

// A DifferenceView is one difference.
type DifferenceView struct {
	Class          string       `json:"class"`
	Account        string       `json:"account"`
	Region         string       `json:"region"`
	Model          string       `json:"model"`
	Meter          string       `json:"meter"`
	From           string       `json:"from"`
	Until          string       `json:"until"`
	OurQuantity    money.Amount `json:"our_quantity"`
	TheirQuantity  money.Amount `json:"their_quantity"`
	OurUnitPrice   money.Amount `json:"our_unit_price"`
	TheirUnitPrice money.Amount `json:"their_unit_price"`
	OurCost        money.Amount `json:"our_cost"`
	TheirCost      money.Amount `json:"their_cost"`
	Amount         money.Amount `json:"amount"`
	Unsure         int64        `json:"unsure_calls,omitempty"`
	Line           int          `json:"line,omitempty"`
}

// A KeptView says where a reconciliation is kept.
type KeptView struct {
	Version int    `json:"version"`
	Hash    string `json:"hash"`
	Export  string `json:"export"`
	Before  string `json:"before,omitempty"`
	Known   bool   `json:"known"`
}

// ViewReconciliation shows a reconciliation.
func ViewReconciliation(d *Reconciliation) *ReconciliationView {
	r := d.Result
	v := &ReconciliationView{Cloud: d.Cloud, Account: d.Account, Period: d.Period.Name, File: d.File, Hash: d.Hash, Granularity: granularity(r.Step), Currency: string(r.Currency),
		Good: d.Good(), Calls: r.Calls, Rows: r.Rows, LeftOut: r.Skipped, Empty: d.Empty, Others: d.Others, Ours: r.Ours, Theirs: r.Theirs, Difference: r.Total, Unsure: r.Unsure,
		Classes: []ClassView{}, Invoices: []InvoiceView{}, Differences: []DifferenceView{}, Posted: d.Posted, NotPosted: len(d.Left), Notes: d.notes()}
	for _, s := range r.Sums {
		v.Classes = append(v.Classes, ClassView{string(s.Class), s.Buckets, s.Amount})
	}
	for _, i := range r.Invoices {
		view := InvoiceView{Invoice: i.ID, Rows: i.Rows, Cost: i.Cost}
		for _, check := range d.Invoices {
			if check.ID == i.ID {
				view.Stated = &check.Stated
			}
		}
		v.Invoices = append(v.Invoices, view)
	}
	for _, check := range d.Invoices {
		if !slices.ContainsFunc(r.Invoices, func(i focus.Invoice) bool { return i.ID == check.ID }) {
			v.Invoices = append(v.Invoices, InvoiceView{Invoice: check.ID, Stated: &check.Stated})
		}
	}
	for i := range r.Differences {
		x := &r.Differences[i]
		v.Differences = append(v.Differences, DifferenceView{string(x.Class), x.Account, x.Region, x.Model, x.Meter, instant(x.From), instant(x.Until),
			x.Ours.Quantity, x.Theirs.Quantity, x.OurUnit, x.TheirUnit, x.Ours.Cost, x.Theirs.Cost, x.Amount, x.Unsure, x.Line})
	}
	if k := d.Kept; k != nil {
		v.Kept = &KeptView{k.Version, k.Hash, k.Export, k.Before, k.Known}
	}
	return v
}

// notes say what of the export is not of the period.
func (d *Reconciliation) notes() (out []string) {
	if d.Empty {
		out = append(out, fmt.Sprintf("The export has no rows of %s: whatever the journal has is ours only", d.Period.Name))
	}
	if d.Others > 0 {
		out = append(out, fmt.Sprintf("%s rows belong to other billing periods and were left out: the first one, in line %d, to the period from %s",
			report.Count(d.Others), d.OtherLine, report.Clean(d.OtherPeriod)))
	}
	return out
}

func granularity(step int64) string {
	switch {
	case step <= int64(time.Hour):
		return "hour"
	case step <= int64(24*time.Hour):
		return "day"
	}
	return "period"
}

// ParseAccept reads the classes that corrections take over, as words with hyphens: quantity,price,ours-only,theirs-only.
func ParseAccept(s string) (classes []focus.Class, err error) {
	for name := range strings.SplitSeq(s, ",") {
		class := focus.Class(strings.ReplaceAll(strings.TrimSpace(name), "-", " "))
		if !slices.Contains(acceptable(), class) {
			return nil, fmt.Errorf("%q cannot be accepted: a correction says what a call cost; use quantity, price, ours-only or theirs-only", name)
		}
		classes = append(classes, class)
	}
	return classes, nil
}
