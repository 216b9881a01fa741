package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"concord/agreement"
	"concord/clouds"
	"concord/journal"
)

// sameSet reports whether two configurations come to the same set document, but for the instant at which it was known: the
// same documents, deployments and customers, and the same terms at every instant.
func sameSet(a, b *Config) bool {
	sameDocument := func(x, y journal.Document) bool { return x.Doc == y.Doc && x.Hash == y.Hash && x.Name == y.Name }
	sameInterval := func(x, y agreement.Interval) bool { return x.From.Equal(y.From) && x.Terms.Hash() == y.Terms.Hash() }
	return slices.EqualFunc(a.Documents, b.Documents, sameDocument) && bytes.Equal(catalogBytes(a), catalogBytes(b)) &&
		slices.EqualFunc(a.intervals, b.intervals, sameInterval)
}

func catalogBytes(c *Config) []byte {
	b, err := json.Marshal(c.Catalog)
	if err != nil {
		return nil // setDocuments reports it
	}
	return b
}

// sameAccess reports whether the same keys let the same customers in, and deployments are reached in the same way.
func sameAccess(a, b *Config) bool {
	return sameBudgets(a, b) && maps.Equal(gatewayKeys(a.Keys), gatewayKeys(b.Keys)) && slices.EqualFunc(a.Targets, b.Targets, func(x, y clouds.Target) bool { return x.Equal(&y) })
}

// needRestart warns of settings that a running server does not take.
func needRestart(a, b *Config) []agreement.Finding {
	var found []agreement.Finding
	for _, s := range append(journalChanges(a, b), []setting{
		{"gateway", a.Gateway != b.Gateway}, {"listen", a.Listen != b.Listen}, {"data", a.Data != b.Data}, {"store", a.Store != b.Store},
		{"timeouts", a.Timeouts != b.Timeouts}, {"breaker", a.Breaker != b.Breaker},
		{"retries, hedge or probe", a.Failover != b.Failover},
	}...) {
		if !s.differs {
			continue
		}
		pos := b.places[s.name]
		pos.File = b.File
		found = append(found, agreement.Finding{
			Rule: "needs-restart", Severity: agreement.Warning, Pos: pos,
			Message: fmt.Sprintf("%s is not changed while the server runs", s.name), Remedy: "restart the server to change it",
		})
	}
	return found
}

// changes says in words what differs between two configurations, agreement by agreement and list by list.
func changes(a, b *Config, now time.Time) []string {
	out := []string{}
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	clauses := clauseChanges(a, b, now)
	was := map[string]*agreement.Agreement{}
	for _, x := range a.Set.Agreements() {
		was[x.Name] = x
	}
	for _, y := range b.Set.Agreements() {
		x := was[y.Name]
		delete(was, y.Name)
		switch {
		case x == nil:
			add("%s: loaded", y.Name)
		case x.Hash != y.Hash:
			told := append(amended(x, y, now), clauses[y.Name]...)
			if len(told) == 0 {
				told = []string{y.Name + ": the document changed; its amendments are the same, and so are the clauses in force now"}
			}
			out = append(out, told...)
		}
	}
	for _, name := range sortedKeys(was) {
		add("%s: no longer loaded", name)
	}
	out = append(out, listed("price book", booksByName(a), booksByName(b), equal)...)
	out = append(out, listed("deployment", deployments(a), deployments(b), reached.equal)...)
	out = append(out, listed("customer", customersByID(a), customersByID(b),
		func(x, y agreement.Customer) bool { return reflect.DeepEqual(x, y) })...)
	out = append(out, listed("key", keysByID(a), keysByID(b), equal)...)
	out = append(out, budgetChanges(a, b)...)
	if len(out) == 0 {
		add("what is known by now changes the terms")
	}
	return out
}

// amended says which amendments came and went, with what they do.
func amended(x, y *agreement.Agreement, now time.Time) []string {
	var out []string
	ids := func(a *agreement.Agreement) []string {
		var ids []string
		for i := range a.Amendments {
			ids = append(ids, a.Amendments[i].ID)
		}
		return ids
	}
	had, has := ids(x), ids(y)
	for i := range y.Amendments {
		m := &y.Amendments[i]
		if slices.Contains(had, m.ID) {
			continue
		}
		when := "in force since"
		if m.Effective.After(now) {
			when = "comes into force at"
		}
		out = append(out, fmt.Sprintf("%s: amendment %s, %s %s: %s", y.Name, m.ID, when, m.Effective.Format(time.RFC3339), effect(m)))
	}
	for _, id := range had {
		if !slices.Contains(has, id) {
			out = append(out, fmt.Sprintf("%s: amendment %s is gone", y.Name, id))
		}
	}
	return out
}

// clauseChanges says by agreement which clauses in force now were not so before, or were other ones.
func clauseChanges(a, b *Config, now time.Time) map[string][]string {
	out := map[string][]string{}
	at := now.UnixNano()
	for _, c := range agreement.Diff(a.timeline.At(at).Terms(), b.timeline.At(at).Terms(), b.Catalog).Clauses {
		words := fmt.Sprintf("%s: %s %s is %s now", c.Ref.Agreement, c.Kind, c.Ref.Clause, c.How)
		if c.How == agreement.Changed || c.How == agreement.Reworded {
			var fields []string
			for _, f := range c.Fields {
				fields = append(fields, f.Field)
			}
			words += " (" + strings.Join(fields, ", ") + ")"
		}
		out[c.Ref.Agreement] = append(out[c.Ref.Agreement], words)
	}
	return out
}

// effect says which clauses an amendment adds, replaces and ends.
func effect(m *agreement.Amendment) string {
	clauseIDs := func(list []agreement.Clause) []string {
		var ids []string
		for _, c := range list {
			ids = append(ids, c.Head().ID)
		}
		return ids
	}
	var ended []string
	for _, e := range m.Ends {
		ended = append(ended, e.ID)
	}
	var parts []string
	for _, p := range []struct {
		verb string
		ids  []string
	}{{"adds", clauseIDs(m.Adds)}, {"replaces", clauseIDs(m.Replaces)}, {"ends", ended}} {
		if len(p.ids) > 0 {
			parts = append(parts, p.verb+" "+strings.Join(p.ids, ", "))
		}
	}
	if parts == nil {
		return "changes no clause"
	}
	return strings.Join(parts, "; ")
}

// listed compares two lists by name.
func listed[V any](what string, a, b map[string]V, same func(x, y V) bool) []string {
	var out []string
	for _, name := range sortedKeys(b) {
		had, ok := a[name]
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("%s %s: added", what, name))
		case !same(had, b[name]):
			out = append(out, fmt.Sprintf("%s %s: changed", what, name))
		}
	}
	for _, name := range sortedKeys(a) {
		if _, ok := b[name]; !ok {
			out = append(out, fmt.Sprintf("%s %s: removed", what, name))
		}
	}
	return out
}

func booksByName(c *Config) map[string]agreement.Hash {
	out := map[string]agreement.Hash{}
	for _, b := range c.Books {
		out[b.Name] = b.Hash
	}
	return out
}

// A reached deployment is one with the way to it.
type reached struct {
	deployment agreement.Deployment
	target     clouds.Target
}

func (r reached) equal(o reached) bool {
	return r.target.Equal(&o.target) && reflect.DeepEqual(r.deployment, o.deployment)
}

func deployments(c *Config) map[string]reached {
	out := map[string]reached{}
	for i, d := range c.Catalog.Deployments {
		d.Pos = agreement.Pos{}
		out[d.ID] = reached{d, c.Targets[i]}
	}
	return out
}

func customersByID(c *Config) map[string]agreement.Customer {
	out := map[string]agreement.Customer{}
	for _, cu := range c.Catalog.Customers {
		cu.Pos = agreement.Pos{}
		out[cu.ID] = cu
	}
	return out
}

func keysByID(c *Config) map[string]Key {
	out := map[string]Key{}
	for _, k := range c.Keys {
		out[k.ID] = k
	}
	return out
}

func equal[V comparable](x, y V) bool { return x == y }
