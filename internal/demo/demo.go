// Package demo shows in a minute what Concord is for: five emulated clouds, a gateway in front of them, a real trace
// replayed through it over HTTP, an outage in the middle, and what everybody owes everybody at the end.
//
// It composes what `concord serve` and `concord emulate` compose, with the configuration of examples/concord.yaml; only
// addresses, keys and the data directory are its own.
package demo

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"concord/clouds/behaviour"
	"concord/clouds/emulator"
	"concord/examples"
	"concord/internal/app"
	"concord/report"
)

// Options are the flags of `concord demo`.
type Options struct {
	Once     bool
	Listen   string // "" = 127.0.0.1:8080, or any port if that is in use
	Key      string // acme's; "" = a new one
	Data     string // "" = a temporary directory that is removed at the end
	Trace    string // "" = the embedded one
	Requests int    // how many of the trace; below 0 = all
	Speed    float64
	JSON     bool
	Stdout   io.Writer
	Stderr   io.Writer
}

// ErrNotGood says that the demo ran and that something of what it must show did not hold.
var ErrNotGood = errors.New("the demo did not show what it must")

// tokensPerChunk keeps a stream of the replay to a few chunks, so that two cores carry clients, gateway and clouds.
const tokensPerChunk = 16

// flatOut is by what the gateway divides its breaker's times when the replay runs as fast as it goes.
const flatOut = 1000

// Run runs the demo until its summary is printed or, without Once, until ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	rows, err := loadRows(o)
	if err != nil {
		return err
	}
	w, err := prepare(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.start(ctx); err != nil {
		return err
	}
	if !o.JSON {
		w.introduce(o.Stdout, rows)
	}
	if len(rows) > 0 || o.Once || o.JSON {
		summary, err := w.replay(ctx, rows)
		if ctx.Err() != nil {
			return nil // Ctrl-C in the middle: drain, and leave without a summary
		}
		if err != nil {
			return err
		}
		if o.JSON {
			err = report.WriteJSON(o.Stdout, summary)
		} else {
			err = summary.Print(o.Stdout)
		}
		if err != nil {
			return fmt.Errorf("print the summary: %w", err)
		}
		if o.Once {
			return summary.verdict()
		}
	}
	w.invite()
	select {
	case <-ctx.Done():
		w.part()
		return nil
	case err := <-w.ended:
		w.ended <- err
		return err
	}
}

// part says, once it is stopped, what becomes of what was recorded.
func (w *world) part() {
	if w.temporary {
		fmt.Fprintln(w.options.Stderr, "Stopping. Journal and books were temporary and go with it; --data DIR keeps them.")
		return
	}
	fmt.Fprintf(w.options.Stderr, "Stopping. What was recorded stays: concord usage list --data %s\n", w.data)
}

func loadRows(o Options) ([]Row, error) {
	if math.IsNaN(o.Speed) || math.IsInf(o.Speed, 0) || o.Speed < 0 {
		return nil, fmt.Errorf("--speed %v cannot be: give 60 for an hour in a minute, 0 for as fast as it goes", o.Speed)
	}
	name := o.Trace
	var file io.ReadCloser
	var err error
	if name == "" {
		name = examples.Trace
		file, err = examples.Files().Open(name)
	} else {
		file, err = os.Open(name)
	}
	if err != nil {
		return nil, fmt.Errorf("the trace cannot be read: %w\n  give --trace a CSV file with TIMESTAMP, ContextTokens and GeneratedTokens", err)
	}
	defer file.Close()
	rows, err := ReadTrace(name, file)
	if err != nil {
		return nil, err
	}
	if o.Requests >= 0 {
		rows = rows[:min(o.Requests, len(rows))]
	}
	return rows, nil
}

// A world is the demo's five clouds and the gateway in front of them.
type world struct {
	options   Options
	config    *app.Config
	customers [2]customer
	witnesses *witnesses
	azure     *emulator.Emulator
	clouds    []*cloudServer
	listener  net.Listener
	moved     string // the address that was wanted and in use
	data      string
	temporary bool

	server *app.Server
	stop   context.CancelFunc
	ended  chan error
}

// prepare opens every listener and writes nothing: what is wrong is found before anything starts.
func prepare(ctx context.Context, o Options) (_ *world, err error) {
	w := &world{options: o, witnesses: newWitnesses(), ended: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.config, err = app.Load("concord.yaml", app.Embedded(examples.Files()), time.Now()); err != nil {
		return nil, err
	}
	w.config.Gateway = "demo"
	w.setKeys()
	w.beGenerous()
	bases := map[string]*url.URL{}
	for _, name := range emulator.Clouds() {
		c, err := startCloud(ctx, w.config, name, app.EmulatorOptions{
			Speed: o.Speed, TokensPerChunk: tokensPerChunk, Seed: 1, Observe: w.observe,
		})
		if err != nil {
			return nil, err
		}
		w.clouds = append(w.clouds, c)
		bases[name] = c.base
		if name == "azure" {
			w.azure = c.emulator
		}
	}
	for i := range w.config.Targets {
		w.config.Targets[i].Base = bases[w.config.Targets[i].Cloud]
	}
	return w, w.listen(ctx)
}

// setKeys gives each customer one key; only their hashes go on.
func (w *world) setKeys() {
	w.config.Keys = nil
	for i, c := range w.config.Catalog.Customers {
		key := "sk-demo-" + c.ID + "-" + strings.ToLower(rand.Text()[:16])
		if i == 0 && w.options.Key != "" {
			key = w.options.Key
		}
		w.customers[i] = customer{c.ID, key}
		w.config.Keys = append(w.config.Keys, app.Key{ID: c.ID + "-demo", Customer: c.ID, Hash: sha256.Sum256([]byte(key))})
	}
}

// beGenerous sets the bounds of waiting so that only the emulated outage moves requests, however busy this machine is: they
// are wall-clock time whatever the speed, which divides them later.
func (w *world) beGenerous() {
	bound := time.Duration(float64(30*time.Second) * max(1, w.gatewaySpeed()))
	w.config.Timeouts.FirstByte, w.config.Timeouts.Idle, w.config.Timeouts.Request, w.config.Timeouts.Tail = bound, bound, 2*bound, bound
	w.config.CommitWait = 30 * time.Second
}

// gatewaySpeed is the speed of the gateway's clockwork.
func (w *world) gatewaySpeed() float64 {
	if w.options.Speed == 0 {
		return flatOut
	}
	return w.options.Speed
}

// preferred is where the demo listens if nothing else is said, so that what one notes down works tomorrow.
const preferred = "127.0.0.1:8080"

func (w *world) listen(ctx context.Context) (err error) {
	if w.options.Listen != "" {
		w.listener, err = app.Listen(ctx, w.options.Listen)
		return err
	}
	w.listener, err = app.Listen(ctx, preferred)
	if errors.Is(err, syscall.EADDRINUSE) {
		w.moved = preferred
		w.listener, err = app.Listen(ctx, "127.0.0.1:0")
	}
	return err
}

func (w *world) observe(s emulator.Served) {
	one := served{cloud: s.Cloud, whole: s.Ended.Sub(s.Started), content: s.Complete && s.Status == 200}
	if !s.FirstByte.IsZero() {
		one.firstByte = s.FirstByte.Sub(s.Started)
	}
	w.witnesses.add(s.RequestID, one)
}

// start makes the data directory and the server, and serves.
func (w *world) start(ctx context.Context) (err error) {
	w.data = w.options.Data
	if w.data == "" {
		if w.data, err = os.MkdirTemp("", "concord-demo-"); err != nil {
			return fmt.Errorf("make a temporary directory for the demo's data: %w", err)
		}
		w.temporary = true
	}
	w.config.Data = w.data
	listener := w.listener
	w.listener = nil // the server's from here on
	if w.server, err = app.Start(ctx, w.config, listener, app.Options{Speed: w.gatewaySpeed(), Log: slog.New(slog.DiscardHandler)}); err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx)) // Ctrl-C ends the replay first, then the server
	w.stop = stop
	go func() { w.ended <- w.server.Run(running) }()
	return nil
}

// replay sends the trace, waits until it is posted, and adds up what came of it.
func (w *world) replay(ctx context.Context, rows []Row) (*Summary, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { // a server that ends in the middle ends the replay
		select {
		case err := <-w.ended:
			w.ended <- err
			cancel(fmt.Errorf("the gateway ended in the middle of the replay: %w", err))
		case <-ctx.Done():
		}
	}()
	var done atomic.Int64
	from, until := outage(len(rows))
	bar := report.NewProgress(w.options.Stderr, "replay", int64(len(rows)))
	r := &replay{
		base: w.base(), rows: rows, speed: w.options.Speed, customers: w.customers,
		dispatch: func(index int) {
			switch index {
			case from:
				w.azure.SetFaults(behaviour.Faults{{Kind: behaviour.Down}})
			case until:
				w.azure.SetFaults(nil)
			}
		},
		ended: func(index int) {
			n, note := done.Add(1), ""
			if index >= from && index < until {
				note = "azure is down"
			}
			bar.Set(n, note)
		},
	}
	before, began := cpuTime(), time.Now()
	seen, err := r.run(ctx)
	took, used := time.Since(began), cpuTime()-before
	bar.Done()
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, fmt.Errorf("replay: %w", err)
	}
	return w.summarize(ctx, measured{rows: rows, seen: seen, took: took, cpu: used})
}

func (w *world) base() string { return "http://" + w.server.Address() + "/v1" }

// close stops the gateway in order, then the clouds, then removes what was temporary.
func (w *world) close() error {
	var errs []error
	if w.server != nil {
		w.stop()
		errs = append(errs, <-w.ended)
	}
	if w.listener != nil {
		errs = append(errs, w.listener.Close())
	}
	for _, c := range w.clouds {
		errs = append(errs, c.close())
	}
	if w.temporary {
		errs = append(errs, os.RemoveAll(w.data))
	}
	return errors.Join(errs...)
}

// introduce says what is about to happen, and under which terms.
func (w *world) introduce(out io.Writer, rows []Row) {
	text := fmt.Sprintf("Concord demo. Terms in force: %s.", strings.Join(w.termsInForce(), "; "))
	if w.moved != "" {
		text += fmt.Sprintf(" %s is in use; the gateway listens on %s instead.", w.moved, w.server.Address())
	}
	if len(rows) > 0 {
		text += fmt.Sprintf(" Replaying %s requests of %s over %s at %s; Azure is down for the fifth of them in the middle.",
			report.Count(int64(len(rows))), w.traceName(), report.Duration(rows[len(rows)-1].At), speedText(w.options.Speed))
	}
	for _, line := range report.Wrap(text, report.Width) {
		fmt.Fprintln(out, line)
	}
}

func (w *world) traceName() string {
	if w.options.Trace != "" {
		return w.options.Trace
	}
	return "the Azure 2023 conversation trace (CC-BY-4.0)"
}

// termsInForce names each agreement with the amendment that is in force.
func (w *world) termsInForce() []string {
	var out []string
	for _, a := range w.config.Set.Agreements() {
		last := ""
		for i := range a.Amendments {
			if !a.Amendments[i].Effective.After(w.config.Known) {
				last = a.Amendments[i].ID
			}
		}
		out = append(out, fmt.Sprintf("%s as of amendment %s", a.Name, last))
	}
	return out
}

func speedText(speed float64) string {
	if speed == 0 {
		return "full speed"
	}
	return fmt.Sprintf("%g times the trace's speed", speed)
}

// invite says how to send requests oneself.
func (w *world) invite() {
	out := w.options.Stdout
	if w.options.JSON {
		out = w.options.Stderr
	}
	fmt.Fprintf(out, `
The gateway stays up until Ctrl-C. Point any OpenAI client at it:
  base URL  %s
  key       %s  (customer %s; %s's is %s)
  curl %s/chat/completions -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' \
    -d '{"model":"gpt-5.4","messages":[{"role":"user","content":"Hello [reply 12 tokens]"}]}'
`, w.base(), w.customers[0].key, w.customers[0].id, w.customers[1].id, w.customers[1].key, w.base(), w.customers[0].key)
	if !w.temporary {
		fmt.Fprintf(out, "  data      %s  (concord explain REQUEST-ID --data %s)\n", w.data, w.data)
	}
}
