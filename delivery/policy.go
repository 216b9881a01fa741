package delivery

import (
	"fmt"
	"slices"

	"concord/agreement"
)

// A ranking is where the customer's own policy puts a candidate. It counts as far as the agreement that orders lets customers
// choose: with choice: permitted above the agreement's groups, with choice: group inside each of them.
type ranking struct {
	group int
	above bool    // the agreement's groups
	moved bool    // ahead of what the agreement alone would have put before it, or beside it
	leave reasons // for which the policy's group may be left
	needs reasons // why the policy's earlier groups are out of the question, whatever their health
}

// over is the rank above the agreement's order.
func (k ranking) over() int {
	if k.above {
		return k.group
	}
	return 0
}

// before reports whether the policy lets c pass d, whatever the agreement's groups.
func (k ranking) before(c, d *candidate) bool { return k.above && c.policy.group < d.policy.group }

// after reports whether the policy wants d left before c is tried.
func (k ranking) after(c, d *candidate) bool {
	return d.policy.group < c.policy.group && d.sellerRank == c.sellerRank && (k.above || d.level == c.level)
}

// byPolicy takes the policy's rank from a verdict.
func (s *sorting) byPolicy(v *agreement.Verdict) {
	if v.Policy == nil {
		return
	}
	s.own = v.Policy
	s.policy = ranking{group: v.PolicyGroup, above: s.clause.Choice == "permitted", leave: allReasons}
	if s.own.LeaveFor != nil {
		s.policy.leave = reasonsOf(s.own.LeaveFor)
	}
}

// prefers reports whether the policy puts the candidate ahead of a cloud, whatever the agreement's groups.
func (s *sorting) prefers(cloud string) bool {
	if s.own == nil || !s.policy.above {
		return false
	}
	return s.policy.group < groupNumber(s.own, cloud)
}

func groupNumber(d *agreement.Delivery, cloud string) int {
	i := slices.IndexFunc(d.Order, func(group []string) bool { return slices.Contains(group, cloud) })
	if i < 0 {
		return len(d.Order)
	}
	return i
}

// markPolicy marks what the policy moves ahead, as the customer's choice.
func (s *sorting) markPolicy(all []sorting) {
	if s.own == nil {
		return
	}
	s.policy.moved = slices.ContainsFunc(all, func(o sorting) bool {
		if o.sellerRank != s.sellerRank || o.cloud == s.cloud || s.policy.group >= o.policy.group {
			return false
		}
		level := compareLevel(&o, s)
		return level == 0 || level < 0 && s.policy.above
	})
}

// policyReasons are the reasons for which the policy's earlier groups are out of the question for this customer: as
// staticReasons are for the agreement's. Inside a group of the agreement only its clouds count.
func (r *Router) policyReasons(c *agreement.Customer, s *sorting, all []sorting, verdicts []agreement.Verdict) reasons {
	var why reasons
	for g := 0; s.own != nil && g < s.policy.group; g++ {
		if slices.ContainsFunc(all, func(o sorting) bool {
			return o.own == s.own && o.policy.group == g && o.sellerRank == s.sellerRank && (s.policy.above || compareLevel(&o, s) == 0)
		}) {
			continue
		}
		for i := range verdicts {
			d := &r.catalog.Deployments[i]
			if !slices.Contains(groupOf(s.own, g), d.Cloud) || sellerRank(c, d.Seller) != s.sellerRank ||
				!s.policy.above && !slices.Contains(groupOf(s.clause, s.group), d.Cloud) {
				continue
			}
			why |= staticReason(verdicts[i].Failed)
		}
	}
	return why
}

// staticReason is the reason that a failed check gives to leave a group.
func staticReason(failed agreement.Check) reasons {
	switch failed {
	case agreement.CheckRegion:
		return reasonRegion
	case agreement.CheckAPI:
		return reasonUnsupported
	default:
		return 0
	}
}

// policyReason explains a step that the customer's policy puts after the one before it.
func (s *sorting) policyReason() Reason {
	return Reason{ByPolicy, fmt.Sprintf("group %d of %s, the customer's own policy", s.policy.group+1, s.own.ID)}
}
