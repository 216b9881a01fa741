package agreement

// Lint reports everything that is wrong or doubtful in a set and, where a catalog is given, in serving it. It never
// stops at the first finding.
func (s *Set) Lint(c *Catalog) []Finding { panic("stub") }
