package agreement

// Severity ranks findings.
type Severity string

// The severities. Errors keep terms from coming into force.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// A Finding is something that Lint or a loader has to say about an agreement.
type Finding struct {
	Rule     string // stable id, such as "exclusivity-contradiction"
	Severity Severity
	Pos      Pos
	Message  string // what is wrong, with the value
	Remedy   string // what to write instead
	Related  []Ref  // the clauses concerned
	Excerpt  string // the source line with a caret, where the loader has it
}

// Lint reports everything that is wrong or doubtful in a set and, where a catalog is given, in serving it. It never
// stops at the first finding.
func (s *Set) Lint(c *Catalog) []Finding { panic("stub") }
