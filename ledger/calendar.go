package ledger

import (
	"sort"
	"time"
)

// A calendar tells days in one zone. It remembers the day it told last, for records come in order.
type calendar struct {
	zone        *time.Location
	from, until int64
	day         int32
}

// calendar returns the calendar of a zone; nil is UTC.
func (s *State) calendar(zone *time.Location) *calendar {
	if zone == nil {
		zone = time.UTC
	}
	c, ok := s.calendars[zone.String()]
	if !ok {
		c = &calendar{zone: zone}
		s.calendars[zone.String()] = c
	}
	return c
}

// dayOf returns the day of an instant, in days since 1970-01-01.
func (c *calendar) dayOf(at int64) int32 {
	if at >= c.from && at < c.until {
		return c.day
	}
	y, m, d := time.Unix(0, at).In(c.zone).Date()
	c.day = int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
	c.from, c.until = startOfDay(y, m, d, c.zone), startOfDay(y, m, d+1, c.zone)
	return c.day
}

// startOfDay returns the first instant of a day in a zone. It is midnight, but for zones that change their clocks then:
// time.Date may name an instant of the day before there.
func startOfDay(y int, m time.Month, d int, zone *time.Location) int64 {
	noon := time.Date(y, m, d, 12, 0, 0, 0, zone)
	y, m, d = noon.Date() // d may have been past the month's end
	begun := func(at int64) bool {
		ay, am, ad := time.Unix(0, at).In(zone).Date()
		return ay > y || ay == y && (am > m || am == m && ad >= d)
	}
	midnight := time.Date(y, m, d, 0, 0, 0, 0, zone).UnixNano()
	if begun(midnight) && !begun(midnight-1) {
		return midnight
	}
	before := noon.AddDate(0, 0, -1).UnixNano()
	return before + int64(sort.Search(int(noon.UnixNano()-before), func(i int) bool { return begun(before + int64(i)) }))
}
