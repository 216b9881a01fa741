//go:build unix

package killtest_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"concord/internal/proctest"
	"concord/journal"
	"concord/store/postgres"
	"concord/store/postgres/postgretest"
)

// replica is one of the gateways on a shared store.
type replica struct {
	*world  // with its own configuration and address
	process *proctest.Process
	clients *crowd
}

// newReplica writes a configuration of its own for a gateway on a store.
func newReplica(w *world, name, store string) *replica {
	w.Helper()
	own := *w
	own.config = filepath.Join(w.dir, name+".yaml")
	content, err := os.ReadFile(w.config)
	if err != nil {
		w.Fatal(err)
	}
	text := strings.NewReplacer("gateway: example", "gateway: "+name, "data: "+w.data,
		fmt.Sprintf("data: %s\nstore: {postgres: {url: {inline: %q}}}", filepath.Join(w.dir, name), store)).Replace(string(content))
	if err := os.WriteFile(own.config, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
	return &replica{world: &own}
}

// up starts the gateway and lets its clients ask.
func (r *replica) up() {
	r.Helper()
	r.process = r.world.up()
	r.clients.let(r.gateway)
}

// chain is what the journal says of the chain of the running process.
func (r *replica) chain(j *postgres.Journal) journal.ChainState {
	r.Helper()
	chains, err := j.Chains(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	var last journal.ChainState
	for _, c := range chains {
		if strings.HasPrefix(filepath.Base(r.config), c.ID.Gateway+".") {
			last = c
		}
	}
	return last
}

// eventually waits until something is so, and says how long that took.
func eventually(t testing.TB, what string, so func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !so() {
		if time.Since(began) > 2*proctest.Slowest {
			t.Fatalf("not in %s: %s", 2*proctest.Slowest, what)
		}
		<-time.After(50 * time.Millisecond)
	}
	return time.Since(began).Round(10 * time.Millisecond)
}

func sameFiles(a, b string) (bool, error) {
	one, err := os.ReadFile(a)
	if err != nil {
		return false, err
	}
	other, err := os.ReadFile(b)
	return bytes.Equal(one, other), err
}

// TestGatewaysOnOneStoreLoseOneAndPauseOne runs two gateways on one PostgreSQL under load: the one that posts is killed, and later
// the other one is paused for longer than its lease. What clients and clouds saw is held against the journal.
func TestGatewaysOnOneStoreLoseOneAndPauseOne(t *testing.T) {
	for _, pooled := range []bool{false, true} {
		name := "direct"
		if pooled {
			name = "through a pooler"
		}
		t.Run(name, func(t *testing.T) {
			server := postgretest.Start(t)
			if pooled {
				server.Pooler(t)
			}
			sharing(t, server.Database(t), server.Database(t))
		})
	}
}

func sharing(t *testing.T, store, empty string) {
	number := *seed
	if number == 0 {
		number = rand.Uint64()
	}
	w := newWorld(t, "8", "{durability: strict, intent: beside, commit_wait: 2s}", "", someFaults)
	first, second, elsewhere := newReplica(w, "first", store), newReplica(w, "second", store), newReplica(w, "elsewhere", empty)
	for i, r := range []*replica{first, second} {
		r.clients = gather(crowdSize/3, number+uint64(i))
		r.up()
	}
	j, err := postgres.OpenJournal(t.Context(), store, postgres.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	books, err := postgres.OpenBooks(t.Context(), store, postgres.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer books.Close()
	posted := func() journal.Cursor {
		at, err := books.Cursor(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	e := &evidence{TB: t, clients: 2 * crowdSize}
	second.process.Pass(t, 1500*time.Millisecond)
	eventually(t, "something is posted", func() bool { return posted() != journal.Cursor{} })

	e.kills = append(e.kills, time.Now())
	first.process.Kill(t)
	first.clients.let("")
	killed, at := first.chain(j), posted()
	t.Logf("the books moved on %s after the poster was killed", eventually(t, "another gateway posts", func() bool { return posted() != at }))
	t.Logf("its chain was settled %s later", eventually(t, "the chain of the killed gateway is settled", func() bool {
		c := first.chain(j)
		return c.ID == killed.ID && c.Sealed && c.Settled
	}))
	first.up()
	first.process.Pass(t, time.Second)

	e.kills = append(e.kills, time.Now())
	second.process.Signal(t, syscall.SIGSTOP)
	t.Logf("the chain of a paused gateway was settled after %s", eventually(t, "the chain of the paused gateway is settled", func() bool {
		return second.chain(j).Settled
	}))
	second.process.Signal(t, syscall.SIGCONT)
	end := second.process.Ended(t)
	e.kills = append(e.kills, time.Now())
	if exit, ok := errors.AsType[*exec.ExitError](end); !ok || exit.ExitCode() != 3 {
		t.Errorf("a gateway that lost its chain ended with %v, want exit code 3\n%s", end, second.process.Words())
	}
	second.clients.let("")
	first.process.Pass(t, 500*time.Millisecond)
	first.data = first.config
	live := first.command("journal", "verify") // beside the gateway that serves
	if !strings.Contains(live, "The journal is good") {
		t.Error(live)
	}
	e.seen = append(first.clients.disperse(), second.clients.disperse()...)
	first.process.Stop(t)
	w.stopClouds()

	w.data = first.config // a place that commands take too
	w.sound()
	exported := filepath.Join(w.dir, "usage.ndjson")
	w.command("usage", "export", "--out", exported)
	elsewhere.data = elsewhere.config
	elsewhere.command("usage", "import", exported, "--source", "copy")
	elsewhere.sound()
	again := filepath.Join(w.dir, "again.ndjson")
	elsewhere.command("usage", "export", "--out", again)
	if same, err := sameFiles(exported, again); err != nil || !same {
		t.Errorf("what was imported into another database is not exported the same: %v", err)
	}
	e.kept, e.calls = w.kept(), w.calls()
	e.compare()
	t.Logf("%s", &e.figures)
	if e.figures.whole == 0 || e.figures.outcomes["interrupted"] == 0 {
		t.Error("no answer was whole, or none was open when a gateway went: nothing was tried")
	}
}
