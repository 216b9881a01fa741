package killtest_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

var (
	kills = flag.Int("kills", 0, "how often the gateway is killed, in all; 0 = 30")
	seed  = flag.Uint64("seed", 0, "of the kills' instants and of what the clients ask; 0 = another each time")
)

// crowdSize is how many clients ask at a time.
const crowdSize = 24

// someFaults make requests move and answers end early, so that kills meet attempts and cuts too.
var someFaults = map[string]string{
	"azure": "faults:\n  - {kind: throttle, retry_after: 100ms, every: 11}\n  - {kind: cut, after: 20, every: 13}\n",
	"aws":   "faults:\n  - {kind: status, status: 500, every: 17}\n",
}

// TestKill kills the gateway at random points under load with streams open, some of them while it recovers from the kill
// before, and holds the journal against what the clients saw and what the clouds kept.
func TestKill(t *testing.T) {
	total := *kills
	if total == 0 {
		total = 30
	}
	number := *seed
	if number == 0 {
		number = rand.Uint64()
	}
	relaxed := total / 5
	before := (total - relaxed) / 2
	t.Run("intent beside", func(t *testing.T) {
		killing(t, total-relaxed-before, number, "{durability: strict, intent: beside, commit_wait: 2s}", &evidence{})
	})
	t.Run("intent before", func(t *testing.T) {
		killing(t, before, number, "{durability: strict, intent: before, commit_wait: 2s}", &evidence{before: true})
	})
	t.Run("relaxed", func(t *testing.T) {
		killing(t, relaxed, number, "{durability: relaxed}", &evidence{relaxed: true})
	})
}

func killing(t *testing.T, kills int, seed uint64, settings string, e *evidence) {
	t.Logf("%d kills, -seed %d", kills, seed)
	w := newWorld(t, "8", settings, "", someFaults)
	dice := rand.New(rand.NewPCG(seed, 0))
	clients := gather(crowdSize, seed)
	e.TB, e.clients = t, crowdSize
	starting := 0
	for len(e.kills) < kills {
		gateway := w.serve()
		switch dice.IntN(6) {
		case 0: // while it starts and recovers
			gateway.Pass(t, time.Duration(dice.IntN(80_000))*time.Microsecond)
			starting++
		case 1, 2: // while all ask at once, and intents are on their way to the disk beside their calls
			clients.let(gateway.Address(t))
			gateway.Pass(t, time.Duration(dice.IntN(15_000))*time.Microsecond)
		default:
			clients.let(gateway.Address(t))
			gateway.Pass(t, time.Duration(100+dice.IntN(1500))*time.Millisecond)
		}
		e.kills = append(e.kills, time.Now())
		gateway.Kill(t)
		clients.let("")
	}
	last := w.up()
	clients.let(w.gateway)
	last.Pass(t, 500*time.Millisecond)
	e.seen = clients.disperse()
	last.Stop(t)
	w.stopClouds()

	w.sound()
	e.kept, e.calls = w.kept(), w.calls()
	e.compare()
	t.Logf("%d kills, %d of them while the gateway started\n%s", len(e.kills), starting, &e.figures)
	if e.figures.partly == 0 || e.figures.whole == 0 || e.figures.outcomes["interrupted"] == 0 {
		t.Error("no answer was whole, or none was open when a kill came: nothing was tried")
	}
	if t.Failed() && os.Getenv("CI") == "" {
		t.Logf("run it again with -seed %d", seed)
	}
}
