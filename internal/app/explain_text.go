package app

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"concord/delivery"
)

// PrintExplanation lays an explanation out for people.
func PrintExplanation(w io.Writer, x *Explanation) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if x.Question != nil {
		return printSupposed(w, x)
	}
	fmt.Fprintf(t, "Request %s\n", x.Request)
	if in := x.Intent; in != nil {
		fmt.Fprintf(t, "1. intent\t%s: %s (key %s) asks for %s, %s%s\n", in.Time, in.Customer, in.Key, in.Product, in.API, streamed(in.Stream))
		fmt.Fprintf(t, "\tunder terms %.12s, in force %s\n", in.Terms, in.InForce)
		for _, d := range slices.Sorted(maps.Keys(in.Health)) {
			fmt.Fprintf(t, "\tseen then: %s is %s\n", d, in.Health[d])
		}
	}
	fmt.Fprintf(t, "2. decision\tcomputed again from the journal\n")
	for _, d := range x.Decision {
		printVerdict(t, d)
	}
	if k := x.Pinned; k != nil {
		fmt.Fprintf(t, "   pinned\t%s\n", k.Words)
	}
	if r := x.Record; r != nil {
		fmt.Fprintf(t, "3. attempts\n")
		for _, a := range r.Attempts {
			served := ""
			if a.Served {
				served = ", served"
			}
			fmt.Fprintf(t, "   %d\t%s on %s: %s%s (%.1f to %.1f ms)\n", a.Number, a.Deployment, a.Cloud, a.Outcome, served, a.StartMillis, a.EndMillis)
		}
		fmt.Fprintf(t, "4. record\t%s, sold by %s\n", r.Outcome, or(text{Value: r.Seller}, "nobody"))
		for _, l := range r.Lines {
			fmt.Fprintf(t, "   %s\t%d x %s = %s %s (%s)\n", l.Class, l.Quantity, l.Unit, l.Amount, r.Currency, r.Evidence)
		}
		fmt.Fprintf(t, "   charged\t%s %s\n", r.Amount, r.Currency)
		if r.Refusal != "" {
			fmt.Fprintf(t, "   refused\t%s\n", r.Refusal)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if err := printLater(w, x.Later); err != nil {
		return err
	}
	fmt.Fprintln(w, "5. postings, derived again from the checkpoint before them")
	return printBooks(w, x.Postings)
}

func printVerdict(w io.Writer, d DeploymentView) {
	if !d.Permitted {
		clause := d.Clause
		if clause == "" {
			clause = "no clause"
		}
		check := d.Check
		if d.Number > 0 {
			check = fmt.Sprintf("%d, %s", d.Number, d.Check)
		}
		fmt.Fprintf(w, "   no\t%s on %s, sold by %s: %s (%s)\n", d.Deployment, d.Cloud, d.Seller, bareReason(d.Reason, clause), clause)
		fmt.Fprintf(w, "\t  failed check %s\n", check)
		return
	}
	health := ""
	if d.Health != "" {
		health = healthWords(d.Health) + ", "
	}
	fmt.Fprintf(w, "   %d.\t%s on %s, sold by %s: %spermitted by %s", d.Place, d.Deployment, d.Cloud, d.Seller, health, d.Clause)
	if d.License != "" {
		fmt.Fprintf(w, ", license %s", d.License)
	}
	fmt.Fprintln(w)
	if d.Why != "" {
		fmt.Fprintf(w, "\t  %s\n", d.Why)
	}
}

func printBooks(w io.Writer, books []BookView) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	several := slices.ContainsFunc(books, func(b BookView) bool { return b.Entry != books[0].Entry })
	for i, b := range books {
		if several && (i == 0 || b.Entry != books[i-1].Entry) {
			if err := t.Flush(); err != nil {
				return err
			}
			fmt.Fprintf(w, "   %s\n", b.Entry)
		}
		for _, p := range b.Postings {
			fmt.Fprintf(t, "   %s\t%s\t  %s\t\n", b.Book, p.Amount, p.Account)
		}
	}
	return t.Flush()
}

// printLater lists what was recorded of a request since.
func printLater(w io.Writer, later []LaterView) error {
	if len(later) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "   since then\n")
	for _, l := range later {
		what, why := l.Kind, ""
		if l.What != "" {
			what += " of " + l.What
		}
		if l.Reason != "" {
			why = ": " + l.Reason
		}
		fmt.Fprintf(t, "   %s\t%s %s of source %s, %s %s%s\n", l.Time, what, l.ID, l.Source, l.Amount, l.Currency, why)
	}
	return t.Flush()
}

func streamed(stream bool) string {
	if stream {
		return ", streamed"
	}
	return ""
}

// healthWords says a breaker's state so that nobody takes "closed" for shut.
func healthWords(state string) string {
	if state == delivery.Closed.String() {
		return "healthy"
	}
	return state
}
