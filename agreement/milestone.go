package agreement

// A Milestone is an event that somebody declares and somebody verifies; its state is what the facts say.
type Milestone struct {
	Common
	Name     string
	Declares string
	Verifies string
}

// The states of a milestone that end a clause.
const (
	MilestoneDeclared = "declared"
	MilestoneVerified = "verified"
)
