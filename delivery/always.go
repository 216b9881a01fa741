package delivery

import "concord/agreement"

// Always returns a timeline on which the same terms are in force at all times; only prices change along it. It answers
// what would have been under terms that were not in force.
func Always(terms *agreement.Terms, catalog *agreement.Catalog, books Books) *Timeline {
	t := &Timeline{catalog: catalog, books: books}
	t.addInterval(agreement.Interval{Terms: terms}, books.changes())
	return t
}
