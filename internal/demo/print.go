package demo

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"concord/internal/app"
	"concord/report"
)

// Print writes the summary for people.
func (s *Summary) Print(w io.Writer) error {
	var b bytes.Buffer
	s.printRequests(&b)
	tables := []func(io.Writer) error{s.printClouds, s.printFailovers, s.printRevenue, s.printOwed, s.printCaps}
	for _, print := range tables {
		if err := print(&b); err != nil {
			return err
		}
	}
	if err := s.notes.Write(&b, 0); err != nil {
		return err
	}
	s.printBooks(&b)
	if s.Explained != nil {
		fmt.Fprintln(&b, "\nOne request, from intent to posting")
		if err := app.PrintExplanation(&b, s.Explained); err != nil {
			return err
		}
	}
	for _, p := range s.problems {
		fmt.Fprintf(&b, "PROBLEM: %s\n", p)
	}
	fmt.Fprintf(&b, "\n%s\n", s.Note)
	_, err := w.Write(b.Bytes())
	return err
}

func (s *Summary) printRequests(w io.Writer) {
	fmt.Fprintf(w, "\nRequests %s: answered %s, refused %s, failed %s\n", n(s.Requests), n(s.Answered), n(s.Refused), n(s.Failed))
	fmt.Fprintf(w, "Attempts %s, records of usage %s, requests that changed the seller %s\n", n(s.Attempts), n(s.UsageRecords), n(s.SellerChange))
	fmt.Fprintf(w, "Added latency p50 %.2f ms, p99 %.2f ms at %s, which took %.1f s\n", s.Latency.AddedP50, s.Latency.AddedP99, speedText(s.Speed), s.Seconds)
	fmt.Fprintf(w, "CPU %.2f ms a request, for clients, gateway and emulated clouds together\n", s.CPUMillis)
}

func (s *Summary) printClouds(w io.Writer) error {
	fmt.Fprintln(w, "\nBy cloud, with the clause that sent them there")
	table := report.NewTable("cloud", ">answered", "clause", "why")
	for _, name := range slices.Sorted(maps.Keys(s.Clouds)) {
		for _, why := range s.Clouds[name].Because {
			reason := "first in the plan"
			if why.Reason != "" {
				reason = "the first cloud was " + why.Reason
			}
			table.Row(name, n(why.Count), why.Clause, reason)
		}
	}
	return table.Write(w)
}

func (s *Summary) printFailovers(w io.Writer) error {
	if len(s.Failovers) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nFailovers")
	table := report.NewTable("from", "to", "reason", "seller changes", ">count")
	for _, f := range s.Failovers {
		table.Row(f.From, f.To, f.Reason, f.Seller, n(f.Count))
	}
	return table.Write(w)
}

func (s *Summary) printRevenue(w io.Writer) error {
	fmt.Fprintf(w, "\nRevenue of the sellers, by cloud and by license %s\n", s.RevenueNotes)
	table := report.NewTable("stream", "of", "seller", ">amount", "")
	for _, r := range s.Revenue.Cloud {
		table.Row("cloud", r.Name, r.Seller, report.Money(r.Amount, 6), string(r.Currency))
	}
	for _, r := range s.Revenue.License {
		table.Row("license", r.Name, r.Seller, report.Money(r.Amount, 6), string(r.Currency))
	}
	table.Rule()
	for _, total := range s.Revenue.All {
		table.Row("", "", "", report.Money(total.Amount, 6), string(total.Currency))
	}
	return table.Write(w)
}

// flow is what one party owes another under one clause, now or then.
type flow struct{ payer, payee, clause, currency string }

func (o *Owed) flow() flow { return flow{o.Payer, o.Payee, o.Clause, string(o.Currency)} }

// printOwed lays what is owed now beside what the same records would give under the other terms.
func (s *Summary) printOwed(w io.Writer) error {
	fmt.Fprintf(w, "\nOwed between parties, beside what the same records would give under the terms of %s\n", day(s.Under.Date))
	table := report.NewTable("from", "to", "clause", ">now", ">then", "", "")
	then := map[flow]Owed{}
	for _, o := range s.Under.Owed {
		then[o.flow()] = o
	}
	for _, o := range s.Owed {
		other, marks := "-", o.Footnotes
		if t, ok := then[o.flow()]; ok {
			other = report.Money(t.Amount, 6)
			if t.Footnotes != marks {
				marks += " then " + t.Footnotes
			}
			delete(then, o.flow())
		}
		table.Row(o.Payer, o.Payee, o.Clause, report.Money(o.Amount, 6), other, string(o.Currency), marks)
	}
	for _, o := range s.Under.Owed {
		if _, only := then[o.flow()]; only {
			table.Row(o.Payer, o.Payee, o.Clause, "-", report.Money(o.Amount, 6), string(o.Currency), o.Footnotes)
		}
	}
	if err := table.Write(w); err != nil {
		return err
	}
	if s.Under.Refused > 0 {
		fmt.Fprintf(w, "Then, %s of the %s requests would have been refused:\n", report.Count(int64(s.Under.Refused)), report.Count(int64(s.Under.Records)))
	}
	for _, r := range s.Under.Refusals {
		fmt.Fprintf(w, "  %s that %s sold on %s: %s\n", report.Count(int64(r.Count)), r.Seller, r.Cloud, r.Reason)
	}
	return nil
}

func (s *Summary) printCaps(w io.Writer) error {
	for _, o := range s.Owed {
		for _, limit := range o.Caps {
			fmt.Fprintf(w, "Cap of %s (%s): %s %s of %s left %s\n", o.Clause, limit.Per, report.Money(limit.Left, 6), o.Currency,
				report.Money(limit.Amount, 0), o.Footnotes)
		}
	}
	return nil
}

func (s *Summary) printBooks(w io.Writer) {
	balanced, rebuilt := "they balance", "rebuilt from the journal they are the same bytes"
	if !s.Ledger.Balanced {
		balanced = "they do NOT balance"
	}
	if !s.Ledger.RebuiltEqual {
		rebuilt = "rebuilt from the journal they are NOT the same"
	}
	if d := s.Statement; d != nil {
		fmt.Fprintf(w, "\nStatement of %s for %s (draft): %s owes %s %s %s net\n", d.Agreement,
			d.Period.Name, d.Net.Payer, d.Net.Payee, report.Money(d.Net.Amount, d.Rounding.Scale), d.Currency)
	}
	fmt.Fprintf(w, "\nBooks: %s transactions; %s; %s. Journal: %s entries, %s.\n", report.Count(s.Ledger.Transactions), balanced, rebuilt,
		report.Count(int64(s.Journal.Entries)), map[bool]string{true: "good", false: "NOT good"}[s.Journal.Good])
}

func n(i int) string { return report.Count(int64(i)) }

func day(date string) string {
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return strings.TrimSpace(d.Format("2 January 2006"))
}
