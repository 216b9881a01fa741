package journal

import (
	"errors"
	"fmt"
	"slices"

	"concord/money"
)

// HoldChanges is what a block does to counters and holds: worked out once, for storages that read before they write.
type HoldChanges struct {
	States  []BudgetState // after the block, of the windows that it changes, in order
	Taken   []Hold        // that stay open
	Removed []Hold        // that were open before the block
}

// PlanHolds works out what a block does to the counters: what it posts is released first, then its holds are taken in order.
// Requests that do not fit all of their budgets are listed in a *BudgetError. state tells what a window is at, held what a
// request holds. The last limit that a block names for a window is the one that counts.
func PlanHolds(b *Block, state func(BudgetWindow) (BudgetState, error), held func(RequestID) ([]Hold, error)) (HoldChanges, error) {
	p := holdPlan{states: map[BudgetWindow]*BudgetState{}, limits: map[BudgetWindow]money.Amount{}, read: state}
	own := map[RequestID]bool{}
	for i := range b.Holds {
		p.limits[b.Holds[i].BudgetWindow] = b.Holds[i].Limit
		own[b.Holds[i].Request] = true
	}
	posts := make(map[RequestID]money.Amount, len(b.Posts))
	for _, post := range b.Posts {
		posts[post.Request] = post.Charged
		if own[post.Request] {
			continue
		}
		holds, err := held(post.Request)
		if err != nil {
			return p.changes, err
		}
		for i := range holds {
			if err := p.post(&holds[i], post.Charged); err != nil {
				return p.changes, err
			}
		}
		p.changes.Removed = append(p.changes.Removed, holds...)
	}
	if err := p.takeAll(b.Holds); err != nil {
		return p.changes, err
	}
	for i := range b.Holds {
		h := &b.Holds[i]
		charged, ended := posts[h.Request]
		if !ended {
			p.changes.Taken = append(p.changes.Taken, *h)
		} else if err := p.post(h, charged); err != nil {
			return p.changes, err
		}
	}
	for _, s := range p.states {
		p.changes.States = append(p.changes.States, *s)
	}
	slices.SortFunc(p.changes.States, func(a, b BudgetState) int { return a.Compare(b.BudgetWindow) })
	return p.changes, nil
}

type holdPlan struct {
	states  map[BudgetWindow]*BudgetState
	limits  map[BudgetWindow]money.Amount
	read    func(BudgetWindow) (BudgetState, error)
	changes HoldChanges
}

func (p *holdPlan) state(w BudgetWindow) (*BudgetState, error) {
	if s := p.states[w]; s != nil {
		return s, nil
	}
	s, err := p.read(w)
	if err != nil {
		return nil, err
	}
	s.BudgetWindow = w
	p.states[w] = &s
	return &s, nil
}

// post releases a hold and spends what was charged of it.
func (p *holdPlan) post(h *Hold, charged money.Amount) error {
	s, err := p.state(h.BudgetWindow)
	if err != nil {
		return err
	}
	after, err := s.posted(h, charged)
	if err == nil {
		*s = after
	}
	return err
}

// posted returns the state after a hold ended.
func (s *BudgetState) posted(h *Hold, charged money.Amount) (BudgetState, error) {
	if err := CheckPost(h, charged); err != nil {
		return *s, err
	}
	after := *s
	var errs [2]error
	after.Held, errs[0] = s.Held.Sub(h.Amount)
	after.Spent, errs[1] = s.Spent.Add(charged)
	if err := errors.Join(errs[:]...); err != nil {
		return *s, fmt.Errorf("post %s to budget %s: %w", charged, h.Budget, err)
	}
	return after, nil
}

// ErrAboveHold says that a block would charge more than its request holds.
var ErrAboveHold = errors.New("journal: charge above the hold")

// CheckPost refuses a charge that its hold does not cover.
func CheckPost(h *Hold, charged money.Amount) error {
	if charged.Sign() < 0 || charged.Cmp(h.Amount) > 0 {
		return fmt.Errorf("post %s of request %s, which holds %s of budget %s: %w", charged, h.Request, h.Amount, h.Budget, ErrAboveHold)
	}
	return nil
}

// takeAll takes holds in order, each request all of its budgets or none.
func (p *holdPlan) takeAll(holds []Hold) error {
	var refused []BudgetRefusal
	for len(holds) > 0 {
		n := 1
		for n < len(holds) && holds[n].Request == holds[0].Request {
			n++
		}
		refusal, err := p.take(holds[:n])
		if err != nil {
			return err
		}
		if refusal != nil {
			refused = append(refused, *refusal)
		}
		holds = holds[n:]
	}
	if len(refused) > 0 {
		return &BudgetError{Refused: refused}
	}
	return nil
}

func (p *holdPlan) take(holds []Hold) (*BudgetRefusal, error) {
	for i := range holds {
		h := &holds[i]
		s, err := p.state(h.BudgetWindow)
		if err != nil {
			return nil, err
		}
		limit := p.limits[h.BudgetWindow]
		if after, err := s.taken(h.Amount); err != nil || after.Cmp(limit) > 0 {
			return &BudgetRefusal{BudgetState: *s, Request: h.Request, Limit: limit, Amount: h.Amount}, nil
		}
	}
	for i := range holds {
		s := p.states[holds[i].BudgetWindow]
		s.Held, _ = s.Held.Add(holds[i].Amount) // it fitted with more on top
	}
	return nil, nil
}

// taken returns what would be held and spent with one more hold.
func (s *BudgetState) taken(amount money.Amount) (money.Amount, error) {
	sum, err := s.Held.Add(s.Spent)
	if err != nil {
		return sum, err
	}
	return sum.Add(amount)
}
