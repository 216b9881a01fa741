package agreement

// A Delivery clause says on which clouds products may run, and in which order.
type Delivery struct {
	Common
	Products  Match
	Customers []string // empty = all
	APIs      []API    // empty = all
	States    []string // product states; empty = all
	Mode      string   // "permit" (default), "exclusive", "prohibited"
	Order     [][]string
	Within    Within
	Choice    string    // "none", "group" (default), "permitted"
	LeaveFor  []Leaving // a later group is tried only for these; nil = all of them; empty and not nil = never
	FirstShip *FirstShip
	Refusal   *FirstRefusal
	Territory Territory
}

// Within orders the deployments inside one group; ties go by deployment id.
type Within struct {
	Rule    string // "declared" (default), "cheapest", "fastest", "weighted"
	Weights []Weight
}

// Weight is the share of a cloud among those of its group.
type Weight struct {
	Cloud  string
	Weight int64
}

// Leaving is a reason for going from one group to a later one.
type Leaving string

// The reasons that leave_for may list.
const (
	Down        Leaving = "down"
	Throttled   Leaving = "throttled"
	Unsupported Leaving = "unsupported"
	RegionRule  Leaving = "region"
)

// FirstShip holds a product back from other clouds until it has shipped on one.
type FirstShip struct {
	Cloud     string
	LeadDays  int
	Logic     string // "all" or "any" of Exception
	Exception []FactKind
	AppliesTo string // "all", or "" = products whose first ships-fact is on or after the clause's start
}

// FirstRefusal gates capacity that was not first offered to a holder.
type FirstRefusal struct {
	Holder  string
	For     string // "capacity"
	Window  int    // days
	Silence string // "refusal" or "acceptance"
}

// Territory limits a clause to where the customer is or where the request is processed.
type Territory struct {
	Customer   []string
	Processing []string
}

// The modes of a delivery clause.
const (
	Permitting = "permit"
	Exclusive  = "exclusive"
	Prohibited = "prohibited"
)
