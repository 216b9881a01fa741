//go:build unix

package killtest_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"concord/journal"
	"concord/store/postgres"
	"concord/store/postgres/postgretest"
)

var sharedKills = flag.Int("shared-kills", 4, "how often one of two gateways on a shared PostgreSQL is killed, in all; from 12 on under all settings")

// TestKillOneOfTwo kills now the one and now the other of two gateways on one PostgreSQL at random points under load, some of
// them while they start. The other one seals what the dead one left open and goes on posting. The journal is held against what
// the clients saw and what the clouds kept.
func TestKillOneOfTwo(t *testing.T) {
	number := *seed
	if number == 0 {
		number = rand.Uint64()
	}
	server := postgretest.Start(t)
	beside, before, relaxed := *sharedKills, 0, 0
	if *sharedKills >= 12 {
		relaxed = *sharedKills / 5
		before = (*sharedKills - relaxed) / 2
		beside = *sharedKills - relaxed - before
	}
	for _, c := range []struct {
		name, settings string
		kills          int
		evidence       evidence
	}{
		{"intent beside", "{durability: strict, intent: beside, commit_wait: 2s}", beside, evidence{}},
		{"intent before", "{durability: strict, intent: before, commit_wait: 2s}", before, evidence{before: true}},
		{"relaxed", "{durability: relaxed}", relaxed, evidence{relaxed: true}},
	} {
		if c.kills > 0 {
			t.Run(c.name, func(t *testing.T) { killingOneOfTwo(t, server.Database(t), c.kills, number, c.settings, &c.evidence) })
		}
	}
}

func killingOneOfTwo(t *testing.T, store string, kills int, seed uint64, settings string, e *evidence) {
	t.Logf("%d kills, -seed %d", kills, seed)
	w := newWorld(t, "8", settings, "", someFaults)
	dice := rand.New(rand.NewPCG(seed, 0))
	replicas := []*replica{newReplica(w, "first", store), newReplica(w, "second", store)}
	for i, r := range replicas {
		r.clients = gather(crowdSize/2, seed+uint64(i))
		r.up()
	}
	j, err := postgres.OpenJournal(t.Context(), store, postgres.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	e.TB, e.clients = t, crowdSize
	starting := 0
	for len(e.kills) < kills {
		r := replicas[dice.IntN(2)]
		r.process.Pass(t, time.Duration(100+dice.IntN(1500))*time.Millisecond)
		e.kill(r)
		if dice.IntN(5) == 0 && len(e.kills) < kills { // again, while it starts
			r.process = r.serve()
			r.process.Pass(t, time.Duration(dice.IntN(120_000))*time.Microsecond)
			e.kill(r)
			starting++
		}
		r.up()
	}
	replicas[0].process.Pass(t, 500*time.Millisecond)
	t.Logf("the chains of all that were killed were settled after %s", eventually(t, "they are settled", func() bool { return open(t, j) == len(replicas) }))
	for _, r := range replicas {
		e.seen = append(e.seen, r.clients.disperse()...)
		r.process.Stop(t)
	}
	w.stopClouds()

	w.data = replicas[0].config // a place that commands take too
	w.sound()
	e.kept, e.calls = w.kept(), w.calls()
	e.compare()
	t.Logf("%d kills of one of two gateways, %d of them while it started\n%s", len(e.kills), starting, &e.figures)
	if e.figures.partly == 0 || e.figures.whole == 0 || e.figures.outcomes["interrupted"] == 0 {
		t.Error("no answer was whole, or none was open when a kill came: nothing was tried")
	}
	if t.Failed() && os.Getenv("CI") == "" {
		t.Logf("run it again with -seed %d", seed)
	}
}

// kill kills a gateway and tells its clients.
func (e *evidence) kill(r *replica) {
	e.Helper()
	e.kills = append(e.kills, time.Now())
	r.process.Kill(e)
	r.clients.let("")
}

// open is how many chains are not settled.
func open(t testing.TB, j *postgres.Journal) int {
	t.Helper()
	chains, err := j.Chains(t.Context())
	if err != nil {
		t.Fatal(fmt.Errorf("list the chains: %w", err))
	}
	return len(slices.DeleteFunc(chains, func(c journal.ChainState) bool { return c.Settled }))
}
