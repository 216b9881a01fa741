package app

import (
	"strconv"
	"strings"
	"time"

	"concord/gateway"
	"concord/money"
	"concord/store"
)

// JournalSettings are what answers wait for, and the room that is kept for the journal. The zero value is strict, with the
// intent's commit beside the call.
type JournalSettings struct {
	Durability     gateway.Durability
	Intent         gateway.IntentOrder
	Credit         money.Amount // what is served while the journal takes no entries; zero = nothing
	CreditCurrency money.Currency
	Reserve        int64 // bytes of free space below which nothing is admitted; 0 = nobody looks
}

// The bounds of the reserve. Below the least not even a restarted log would fit.
const (
	presetReserve = 64 << 20
	leastReserve  = 1 << 20
)

// relaxedQueue is how many entries may wait for their commit where nobody waits for them: one group. It is what a crash may
// lose, beside the records of requests that were let in.
const relaxedQueue = store.GroupEntries

// queue returns how many entries may wait for their commit; 0 = the committer's own bound.
func (j JournalSettings) queue() int {
	if j.Durability == gateway.Relaxed {
		return relaxedQueue
	}
	return 0
}

// relaxedGather is how long entries wait for more to be committed with them where nobody waits for them: there are 100 commits a
// second at most. It is what a crash may lose beside the commit that it ends.
const relaxedGather = 10 * time.Millisecond

// gather returns how long entries wait for more; 0 = not at all.
func (j JournalSettings) gather() time.Duration {
	if j.Durability == gateway.Relaxed {
		return relaxedGather
	}
	return 0
}

func (l *loader) journal() {
	doc, c := l.doc.Journal, l.config
	for name, t := range map[string]text{"durability": doc.Durability, "intent": doc.Intent, "reserve": doc.Reserve} {
		c.places["journal."+name] = t.Pos(c.File)
	}
	switch or(doc.Durability, "strict") {
	case "strict":
	case "relaxed":
		c.Journal.Durability = gateway.Relaxed
	default:
		l.reject("config-durability", doc.Durability, "write strict or relaxed", "%q is no durability", doc.Durability.Value)
	}
	switch or(doc.Intent, "beside") {
	case "beside":
	case "before":
		c.Journal.Intent = gateway.Before
	default:
		l.reject("config-intent", doc.Intent, "write beside or before", "the intent's commit cannot run %q", doc.Intent.Value)
	}
	if c.Journal.Durability == gateway.Relaxed && c.Journal.Intent == gateway.Before {
		l.reject("config-intent", doc.Intent, "write durability: strict, or leave intent: out",
			"intent: before has each call wait for its intent, and durability: relaxed has nothing wait")
	}
	l.credit()
	c.Journal.Reserve = presetReserve
	if doc.Reserve.Given() {
		n, ok := parseSize(doc.Reserve.Value)
		if !ok || n < leastReserve {
			l.reject("config-size", doc.Reserve, "write a whole number with its unit, such as 64MB or 1GiB", "%q is not a size of 1 MiB or more", doc.Reserve.Value)
		}
		c.Journal.Reserve = n
	}
}

// parseSize reads a number of bytes such as 64MB, 64 MiB or 67108864.
func parseSize(s string) (int64, bool) {
	digits := strings.TrimRight(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ")
	n, err := strconv.ParseInt(digits, 10, 64)
	unit, known := map[string]int64{
		"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	}[strings.ToLower(strings.TrimSpace(s[len(digits):]))]
	if err != nil || !known || n < 0 || n > (1<<62)/unit {
		return 0, false
	}
	return n * unit, true
}

// journalChanges lists the settings of the journal that differ, for needRestart.
func journalChanges(a, b *Config) []setting {
	return []setting{
		{"journal.commit_wait", a.CommitWait != b.CommitWait},
		{"journal.durability", a.Journal.Durability != b.Journal.Durability},
		{"journal.intent", a.Journal.Intent != b.Journal.Intent},
		{"journal.reserve", a.Journal.Reserve != b.Journal.Reserve},
		{"journal.credit", a.Journal.Credit != b.Journal.Credit || a.Journal.CreditCurrency != b.Journal.CreditCurrency},
	}
}

// A setting is one that a running server does not take.
type setting struct {
	name    string
	differs bool
}
