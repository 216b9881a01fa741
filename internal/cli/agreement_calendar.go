package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"concord/agreement"
	"concord/internal/app"
	"concord/report"
)

// calendarView is the JSON of a calendar; later is what begins and ends after it.
type calendarView struct {
	From   string      `json:"from"`
	Until  string      `json:"until"`
	Events []eventView `json:"events"`
	Later  []eventView `json:"later"`
}

// eventView is the JSON of one event.
type eventView struct {
	At         string `json:"at,omitempty"`  // RFC 3339, UTC; "" = it has no date
	Day        string `json:"day,omitempty"` // in the agreement's zone
	Kind       string `json:"kind"`
	Agreement  string `json:"agreement"`
	Clause     string `json:"clause,omitempty"`
	Title      string `json:"title"`
	Text       string `json:"text,omitempty"`
	Decide     bool   `json:"decide"`
	Period     string `json:"period,omitempty"`
	Between    string `json:"between,omitempty"`
	Provenance string `json:"provenance"`
	Place      string `json:"place,omitempty"`
	UID        string `json:"uid"`
}

// calendarFormat is the --format flag of the calendar.
type calendarFormat string

// String returns the format.
func (f *calendarFormat) String() string { return string(*f) }

// Type names the flag's type in help.
func (f *calendarFormat) Type() string { return "text|json|ics" }

// Set accepts text, json and ics.
func (f *calendarFormat) Set(s string) error {
	if s != "text" && s != "json" && s != "ics" {
		return fmt.Errorf("use text, json or ics")
	}
	*f = calendarFormat(s)
	return nil
}

func newAgreementCalendar(env Env) *cobra.Command {
	out := calendarFormat("text")
	var from, to, known, stamp string
	cmd := &cobra.Command{
		Use: "calendar FILE...", Short: "List what begins, ends, renews, falls due or needs a decision, and when", Args: cobra.MinimumNArgs(1),
		Long: "Lists what the agreements have coming, from --from until --to (default: the twelve months from today): amendments that come into\n" +
			"force, clauses that begin and end, windows of caps, tiers, guarantees and commitments, the dates of settlement periods, windows\n" +
			"of offers. What has no date follows: milestones that would begin or end a clause, and clauses without an end.\n\n" +
			"--format ics gives the dated part for any calendar program (RFC 5545); an event keeps its UID when its date moves.",
		RunE: func(_ *cobra.Command, args []string) error {
			asJSON := format(out)
			set, findings, err := app.LoadAgreements(args, app.Disk())
			if err != nil {
				return reportInvalid(env, asJSON, err)
			}
			if app.HasErrors(findings) {
				return reportInvalid(env, asJSON, &app.Invalid{What: "agreement", Findings: findings})
			}
			span, err := calendarSpan(from, to, stamp, zoneOf(set))
			if err != nil {
				return err
			}
			knownAt, err := knownAt(known)
			if err != nil {
				return err
			}
			events, err := set.Calendar(span.from, span.until, knownAt)
			if err != nil {
				return err
			}
			later, err := set.Later(span.until, knownAt)
			if err != nil {
				return err
			}
			switch out {
			case "ics":
				return report.WriteICS(env.Stdout, events, span.stamp)
			case "json":
				return report.WriteJSON(env.Stdout, calendarView{span.from.UTC().Format(time.RFC3339), span.until.UTC().Format(time.RFC3339), viewEvents(events), viewEvents(later)})
			}
			return printCalendar(env.Stdout, events, later, span)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "first day (default: today)")
	cmd.Flags().StringVar(&to, "to", "", "day before which it ends (default: twelve months after --from)")
	cmd.Flags().StringVar(&known, "known", "", "what was recorded later does not count (default: now)")
	cmd.Flags().StringVar(&stamp, "stamp", "", "the instant at which an ics says that it was made (default: now)")
	cmd.Flags().Var(&out, "format", "text, json or ics")
	return cmd
}

type calendarTimes struct{ from, until, stamp time.Time }

func calendarSpan(from, to, stamp string, zone *time.Location) (s calendarTimes, err error) {
	now := time.Now().In(zone)
	s.from, s.stamp = time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, zone), now
	if from != "" {
		if s.from, err = parseInstant("from", from, zone); err != nil {
			return s, err
		}
	}
	s.until = s.from.In(zone).AddDate(1, 0, 0)
	if to != "" {
		if s.until, err = parseInstant("to", to, zone); err != nil {
			return s, err
		}
	}
	if stamp != "" {
		if s.stamp, err = parseInstant("stamp", stamp, zone); err != nil {
			return s, err
		}
	}
	if !s.from.Before(s.until) {
		return s, fmt.Errorf("--to %s is not after --from %s", s.until.Format(time.DateOnly), s.from.Format(time.DateOnly))
	}
	return s, nil
}

func viewEvents(events []agreement.Event) []eventView {
	views := []eventView{}
	for i := range events {
		e := &events[i]
		v := eventView{Kind: string(e.Kind), Agreement: e.Agreement, Clause: e.Clause, Title: e.Title, Text: e.Text, Decide: e.Decide, Period: e.Period, Between: e.Between,
			Provenance: string(e.Provenance), Place: e.Pos.String(), UID: e.UID()}
		if !e.At.IsZero() {
			v.At, v.Day = e.At.UTC().Format(time.RFC3339), e.At.Format(time.DateOnly)
		}
		views = append(views, v)
	}
	return views
}

func printCalendar(w io.Writer, events, later []agreement.Event, s calendarTimes) error {
	fmt.Fprintf(w, "From %s until %s. A star marks what somebody has to decide or to do by then.\n", s.from.Format(time.DateOnly), s.until.Format(time.DateOnly))
	dated, after, undated := eventTable(), eventTable(), report.NewTable("agreement", "what", "how known")
	var settling []agreement.Event
	for i := range events {
		e := &events[i]
		switch {
		case e.At.IsZero():
			undated.Row(e.Agreement, e.Title, string(e.Provenance))
		case e.Period != "":
			settling = append(settling, *e)
		default:
			eventRow(dated, e)
		}
	}
	for i := range later {
		eventRow(after, &later[i])
	}
	for _, part := range []struct {
		title string
		table *report.Table
	}{{"Terms", dated}, {"Settlement", settlementTable(settling)}, {"Later", after}, {"Without a date", undated}} {
		if part.table.Len() == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", part.title)
		if err := part.table.Write(w); err != nil {
			return err
		}
	}
	return nil
}

func eventTable() *report.Table { return report.NewTable("day", "", "agreement", "what", "how known") }

func eventRow(t *report.Table, e *agreement.Event) {
	day, star, what := dayOf(e), "", e.Title
	if e.Decide {
		star = "*"
	}
	if e.Kind == agreement.AmendmentBegins && e.Text != "" {
		what += " (" + e.Text + ")"
	}
	t.Row(day, star, e.Agreement, what, string(e.Provenance))
}

func dayOf(e *agreement.Event) string {
	if e.AllDay() {
		return e.At.Format(time.DateOnly)
	}
	return e.At.Format("2006-01-02 15:04 MST")
}

// settlementTable has one line for each period of two parties.
func settlementTable(events []agreement.Event) *report.Table {
	type key struct{ between, period string }
	rows := map[key]*[4]string{}
	var order []key
	for i := range events {
		e := &events[i]
		k := key{e.Between, e.Period}
		if rows[k] == nil {
			rows[k] = &[4]string{}
			order = append(order, k)
		}
		columns := map[agreement.EventKind]int{agreement.PeriodEnds: 0, agreement.StatementDue: 1, agreement.Acceptance: 2, agreement.PaymentDue: 3}
		rows[k][columns[e.Kind]] = dayOf(e)
	}
	slices.SortStableFunc(order, func(a, b key) int {
		return cmp.Or(strings.Compare(a.period, b.period), strings.Compare(a.between, b.between))
	})
	t := report.NewTable("period", "between", "is over", "can be closed *", "silence accepts *", "is due *")
	for _, k := range order {
		t.Row(append([]string{k.period, k.between}, rows[k][:]...)...)
	}
	return t
}
