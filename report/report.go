// Package report renders what the books say, for people and for programs: tables, figures, footnotes, JSON and progress.
// It computes nothing that has to be right: amounts come in exact, and what it shortens for reading stands in full in
// the JSON of the same command.
//
// Text that reaches a terminal is made safe on its way: control characters of ids and messages become spaces.
package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"concord/money"
)

// Width is how many columns text for people keeps to.
const Width = 100

// Money writes an amount for reading: thousands separated, rounded half-even to places decimals ("1,234.57"). Exact
// figures, as in JSON, are the amount's own String.
func Money(a money.Amount, places int) string {
	places = min(max(places, 0), money.Scale)
	rounded, err := a.Round(places, money.HalfEven)
	if err != nil {
		return a.String() // within a hair of 2^127: nothing is left to shorten
	}
	text := rounded.Fixed(places)
	sign := ""
	if text[0] == '-' {
		sign, text = "-", text[1:]
	}
	whole, fraction, point := strings.Cut(text, ".")
	text = sign + thousands(whole)
	if point {
		text += "." + fraction
	}
	return text
}

// Count writes a whole number for reading: "19,366".
func Count(n int64) string {
	if n < 0 {
		return "-" + thousands(strconv.FormatUint(-uint64(n), 10))
	}
	return thousands(strconv.FormatInt(n, 10))
}

func thousands(digits string) string {
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Percent writes part of whole as a percentage with up to 6 decimals, "20.0 %"; without a whole it writes "-".
func Percent(part, whole int64, places int) string {
	r, err := money.NewRate(part, whole)
	if err != nil {
		return "-"
	}
	return Rate(r, places)
}

// Rate writes a rate as a percentage with up to 6 decimals, rounded half-even.
func Rate(r money.Rate, places int) string {
	percent, err := money.FromUnits(100).MulRate(r, money.HalfEven)
	if err != nil {
		return r.String()
	}
	return Money(percent, min(places, 6)) + " %"
}

// Duration writes a span of time with two or three digits that matter: "340 µs", "1.25 ms", "58.3 s", "12 min 05 s",
// "3 h 20 min".
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Duration(max(-d, 0))
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < time.Minute:
		return short(d)
	case d < time.Hour:
		s := int64(d / time.Second)
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	}
	m := int64(d / time.Minute)
	return fmt.Sprintf("%s h %02d min", Count(m/60), m%60)
}

// short writes a span below a minute in the unit that gives it one to three digits before the point.
func short(d time.Duration) string {
	unit, name := time.Second, "s"
	switch {
	case d < time.Millisecond:
		unit, name = time.Microsecond, "µs"
	case d < time.Second:
		unit, name = time.Millisecond, "ms"
	}
	// Rounded to the last digit that is shown.
	switch {
	case d >= 100*unit:
		return fmt.Sprintf("%d %s", d.Round(unit)/unit, name)
	case d >= 10*unit:
		d = d.Round(unit / 10)
		return fmt.Sprintf("%d.%d %s", d/unit, d%unit*10/unit, name)
	}
	d = d.Round(unit / 100)
	return fmt.Sprintf("%d.%02d %s", d/unit, d%unit*100/unit, name)
}
