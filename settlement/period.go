package settlement

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// A Period is a calendar month, quarter or year in a zone. Until is exclusive.
type Period struct {
	Name  string    `json:"name"` // "2026-05", "2026-Q2", "2026"
	Zone  string    `json:"zone"`
	From  time.Time `json:"from"` // in the zone
	Until time.Time `json:"until"`
	// The same instants in UTC, for readers without a zone database.
	FromUTC  time.Time `json:"from_utc"`
	UntilUTC time.Time `json:"until_utc"`
}

// ParsePeriod reads "2026-05", "2026-Q2" or "2026" in a zone; nil is UTC.
func ParsePeriod(name string, zone *time.Location) (Period, error) {
	if zone == nil {
		zone = time.UTC
	}
	parts := regexp.MustCompile(`^(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?$`).FindStringSubmatch(name)
	if parts == nil {
		return Period{}, fmt.Errorf("period %q: write a month, quarter or year: 2026-05, 2026-Q2, 2026", name)
	}
	year, _ := strconv.Atoi(parts[1]) // the pattern admits digits only
	month, months := 1, 12
	switch {
	case parts[2] != "":
		quarter, _ := strconv.Atoi(parts[2])
		month, months = 3*quarter-2, 3
	case parts[3] != "":
		month, _ = strconv.Atoi(parts[3])
		months = 1
	}
	p := Period{Name: name, Zone: zone.String()}
	p.From = time.Date(year, time.Month(month), 1, 0, 0, 0, 0, zone)
	p.Until = time.Date(year, time.Month(month+months), 1, 0, 0, 0, 0, zone)
	p.FromUTC, p.UntilUTC = p.From.UTC(), p.Until.UTC()
	return p, nil
}

// PeriodOf names the period of a kind ("month", "quarter", "year") that an instant is in.
func PeriodOf(kind string, at time.Time, zone *time.Location) string {
	switch kind {
	case "quarter", "year":
		return windowLabel(kind, at, zone)
	default:
		return windowLabel("month", at, zone)
	}
}

// windowLabel names the calendar window of an instant as the ledger does.
func windowLabel(per string, at time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	t := at.In(zone)
	switch per {
	case "day":
		return t.Format(time.DateOnly)
	case "month":
		return t.Format("2006-01")
	case "quarter":
		return fmt.Sprintf("%d-Q%d", t.Year(), (int(t.Month())+2)/3)
	case "year":
		return t.Format("2006")
	}
	return "total"
}

// dayOf returns the day of an instant's date in its own location, in days since 1970-01-01.
func dayOf(t time.Time) int32 {
	y, m, d := t.Date()
	return int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// noon returns the middle of a day in a zone.
func noon(day int32, zone *time.Location) time.Time {
	y, m, d := time.Unix(int64(day)*86400, 0).UTC().Date()
	return time.Date(y, m, d, 12, 0, 0, 0, zone)
}
