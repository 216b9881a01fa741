package agreement

// Canonical returns the bytes that the hash of terms covers, for golden files.
func (s *Set) Canonical(t *Terms) []byte { return canonicalTerms(s.agreements, t) }
