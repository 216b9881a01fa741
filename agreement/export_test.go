package agreement

// Canonical returns the bytes that the hash of terms covers, for golden files.
func (s *Set) Canonical(t *Terms) []byte { return canonicalTerms(s.agreements, t) }

// LintWork lints a set and counts what it compares.
func (s *Set) LintWork() (work int, findings []Finding) {
	l := s.lint(nil)
	return l.work, l.findings
}

// MaxWork is what Lint may compare.
const MaxWork = maxWork
