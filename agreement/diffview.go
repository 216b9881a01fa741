package agreement

// DifferenceView is a difference in the stable form that commands print as JSON.
type DifferenceView struct {
	From      VersionView    `json:"from"`
	To        VersionView    `json:"to"`
	Empty     bool           `json:"empty"`
	Effective bool           `json:"effective"` // some decision, right or sum may come out differently
	Derived   bool           `json:"derived"`   // decisions are about clouds and sellers, for want of a catalog
	Items     []ItemView     `json:"items"`
	Clauses   []ChangeView   `json:"clauses"`
	Decisions []DecisionView `json:"decisions"`
}

// VersionView is one side of a difference.
type VersionView struct {
	Hash  string `json:"hash"`
	From  string `json:"from,omitempty"`
	Until string `json:"until,omitempty"`
}

// ItemView is one change as a reader would tell it.
type ItemView struct {
	Title     string         `json:"title"`
	Before    string         `json:"before"`
	After     string         `json:"after"`
	Effect    []string       `json:"effect"`
	Nature    Nature         `json:"nature"`
	Kind      string         `json:"kind"`
	Couplings []CouplingView `json:"couplings"`
	Clauses   []string       `json:"clauses"` // agreement/clause
}

// CouplingView is what a change moves beside its own nature.
type CouplingView struct {
	To      Nature `json:"to"`
	Through string `json:"through"`
}

// ChangeView is one clause that differs.
type ChangeView struct {
	Agreement string      `json:"agreement"`
	Clause    string      `json:"clause"`
	Kind      string      `json:"kind"`
	Change    How         `json:"change"`
	Fields    []FieldView `json:"fields"`
}

// FieldView is one field that differs.
type FieldView struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// DecisionView is requests that would go elsewhere.
type DecisionView struct {
	Customers []string   `json:"customers"`
	Product   string     `json:"product"`
	APIs      []API      `json:"apis"`
	Only      string     `json:"only,omitempty"` // "streamed", "not streamed"
	Before    [][]string `json:"before"`         // deployments that rank alike stand in one list
	After     [][]string `json:"after"`
	Refused   string     `json:"refused,omitempty"` // why, under the later version
	Gained    []MoveView `json:"gained"`
	Lost      []MoveView `json:"lost"`
	Reordered bool       `json:"reordered"`
}

// MoveView is a deployment that became permitted or is no longer.
type MoveView struct {
	Deployment string      `json:"deployment"`
	Causes     []CauseView `json:"causes"`
}

// CauseView is a check whose answer differs.
type CauseView struct {
	Check   string   `json:"check"`
	Clauses []string `json:"clauses"`
	Reason  string   `json:"reason"` // of the denial
}

// View returns the difference for printing.
func (d *Difference) View() DifferenceView {
	v := DifferenceView{From: d.From.view(), To: d.To.view(), Empty: d.Empty(), Effective: d.Effective(), Derived: d.Derived,
		Items: []ItemView{}, Clauses: []ChangeView{}, Decisions: []DecisionView{}}
	for i := range d.Items {
		item := &d.Items[i]
		iv := ItemView{Title: item.Title, Before: item.Before, After: item.After, Effect: item.Effect, Nature: item.Nature, Kind: item.Kind(),
			Couplings: []CouplingView{}, Clauses: refTexts(item.Clauses)}
		for _, c := range item.Couplings {
			iv.Couplings = append(iv.Couplings, CouplingView(c))
		}
		v.Items = append(v.Items, iv)
	}
	for _, c := range d.Clauses {
		cv := ChangeView{Agreement: c.Ref.Agreement, Clause: c.Ref.Clause, Kind: c.Kind, Change: c.How, Fields: []FieldView{}}
		for _, f := range c.Fields {
			cv.Fields = append(cv.Fields, FieldView(f))
		}
		v.Clauses = append(v.Clauses, cv)
	}
	for _, c := range d.Decisions {
		v.Decisions = append(v.Decisions, DecisionView{Customers: c.Customers, Product: c.Product, APIs: append([]API{}, c.APIs...), Only: c.Only, Before: tierLists(c.Before),
			After: tierLists(c.After), Refused: c.RefusedAfter, Gained: moveViews(c.Gained), Lost: moveViews(c.Lost), Reordered: c.Reordered})
	}
	return v
}

func (v *Version) view() VersionView {
	return VersionView{v.Hash.String(), stamp(v.From), stamp(v.Until)}
}

func refTexts(refs []Ref) []string {
	texts := make([]string, len(refs))
	for i, r := range refs {
		texts[i] = r.Agreement + "/" + r.Clause
	}
	return texts
}

func tierLists(tiers []Tier) [][]string {
	lists := make([][]string, len(tiers))
	for i, t := range tiers {
		lists[i] = t.Deployments
	}
	return lists
}

func moveViews(moves []Move) []MoveView {
	views := make([]MoveView, len(moves))
	for i, m := range moves {
		views[i] = MoveView{m.Deployment, []CauseView{}}
		for _, c := range m.Causes {
			views[i].Causes = append(views[i].Causes, CauseView{c.Check.String(), refTexts(c.Clauses), c.Reason})
		}
	}
	return views
}
