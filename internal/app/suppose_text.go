package app

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"concord/agreement"
	"concord/report"
	"concord/settlement"
)

// printSupposed lays out the explanation of a request that was never made, in the order of a real one.
func printSupposed(w io.Writer, x *Explanation) error {
	q := x.Question
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "A request that was never made")
	fmt.Fprintf(t, "1. question\t%s: %s asks for %s, %s%s\n", q.Time, q.Customer, q.Product, q.API, asked(q))
	fmt.Fprintf(t, "\tbuys from %s\n", sellersText(q.Sellers))
	fmt.Fprintf(t, "\tunder terms %.12s, in force %s\n", q.Terms, q.InForce)
	for _, note := range q.Notes {
		for i, line := range report.Wrap(note, report.Width-20) {
			fmt.Fprintf(t, "\t%s%s\n", strings.Repeat("  ", min(i, 1)), line)
		}
	}
	fmt.Fprintln(t, "2. decision\tas the gateway would make it with every deployment healthy")
	for _, d := range x.Decision {
		printVerdict(t, d)
	}
	if len(x.Decision) == 0 {
		fmt.Fprintf(t, "   none\tno deployment of %s is there\n", q.Product)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if x.Refusal != "" {
		_, err := fmt.Fprintf(w, "Refused: %s\n", x.Refusal)
		return err
	}
	if len(x.Money) == 0 {
		return nil
	}
	fmt.Fprintf(w, "3. money, for %s\n", tokensText(q))
	for i := range x.Money {
		if err := printMoney(w, &x.Money[i]); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "4. postings, if %s serves\n", x.Money[0].Deployment)
	return printBooks(w, x.Postings)
}

func asked(q *QuestionView) string {
	var s string
	if q.Stream {
		s += ", streamed"
	}
	if q.Region != "" {
		s += ", processed in " + q.Region
	}
	if q.Home != "" {
		s += ", home cloud " + q.Home
	}
	if q.Cloud != "" {
		s += ", on " + q.Cloud + " alone"
	}
	return s
}

func sellersText(sellers [][]string) string {
	groups := make([]string, len(sellers))
	for i, alike := range sellers {
		groups[i] = strings.Join(alike, " or ")
	}
	return strings.Join(groups, ", then ")
}

func tokensText(q *QuestionView) string {
	var parts []string
	for _, class := range sortedKeys(q.Usage) {
		parts = append(parts, fmt.Sprintf("%s %s", report.Count(q.Usage[class]), class))
	}
	return strings.Join(parts, " + ") + " tokens"
}

// printMoney lays out what one deployment's answer makes parties owe, clause by clause.
func printMoney(w io.Writer, m *MoneyView) error {
	var streams []string
	for _, s := range m.Streams {
		streams = append(streams, fmt.Sprintf("%s %s", s.Name, s.Amount))
	}
	fmt.Fprintf(w, "   if %s serves: charged %s %s", m.Deployment, m.Charged, m.Currency)
	if len(streams) > 0 {
		fmt.Fprintf(w, " (%s)", strings.Join(streams, ", "))
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range m.Flows {
		fmt.Fprintf(t, "     %s owes %s\t%s\t%s %s%s\n", f.Payer, f.Payee, f.Amount, kindWords(f.Kind), f.Clause, m.remarks(&f))
	}
	for _, class := range m.Unpriced {
		fmt.Fprintf(t, "     nobody\t\tno price for %s: in suspense until there is one\n", class)
	}
	return t.Flush()
}

func kindWords(kind string) string {
	switch kind {
	case "sale":
		return "for the sale under"
	case "revenue-share":
		return "as share under"
	case "capacity":
		return "for running it under"
	}
	return "under"
}

// remarks says what a reader has to know of a flow: its rate, its cap, how well it is known.
func (m *MoneyView) remarks(f *FlowView) string {
	var all []string
	i := slices.IndexFunc(m.Caps, func(d settlement.Debt) bool { return d.Agreement == f.Agreement && d.Clause == f.Clause })
	if i >= 0 {
		for _, limit := range m.Caps[i].Caps {
			all = append(all, fmt.Sprintf("cap %s per %s, then %s left", agreement.Money(limit.Amount, ""), limit.Per, agreement.Money(limit.Left, "")))
		}
	}
	if !f.AboveCap.IsZero() {
		all = append(all, fmt.Sprintf("%s above the cap is not owed", f.AboveCap))
	}
	if f.Provenance != agreement.Public {
		all = append(all, string(f.Provenance))
	}
	if len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, "; ") + ")"
}
