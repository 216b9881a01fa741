package app

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"concord/clouds"
	"concord/clouds/tokens"
	"concord/gateway"
	"concord/internal/telemetry"
	"concord/journal"
	"concord/ledger"
	"concord/store"
	"concord/store/sqlite"
)

// Options of a server beyond its configuration; the zero value is good.
type Options struct {
	Log   *slog.Logger // nil = no log
	Speed float64      // divides breaker, wait and time-out durations; 0 = 1
	// Signals make the server read its configuration again; nil = none do.
	Signals <-chan os.Signal
	// Looks make the server look whether the files of its configuration changed; they are read again when they have been
	// still for two looks. nil = nobody looks.
	Looks <-chan time.Time
	// Appender takes what requests give to the journal, in the journal's place: the benchmark tells by it what metering costs.
	// No command sets it.
	Appender journal.Appender
}

func (o *Options) appender(c *store.Committer) journal.Appender {
	if o.Appender != nil {
		return o.Appender
	}
	return c
}

// A Server is a gateway with its journal, books and poster: one process run, one chain.
type Server struct {
	config    *Config // of the start; what is in force now is in current
	options   Options
	log       *slog.Logger
	listener  net.Listener
	journal   journal.Journal
	shared    journal.Merging // the journal, where other gateways append to it too; nil = nobody else does
	books     ledger.Books
	committer *store.Committer
	poster    *store.Poster
	gateway   *gateway.Gateway
	metrics   *telemetry.Metrics
	web       *http.Server
	admin     *admin
	chain     journal.ChainID
	recovered int
	brought   *inForce // what the start wrote after all, where another gateway was first; nil = what it began with

	current atomic.Pointer[inForce]
	last    atomic.Pointer[Reload] // nil = the configuration was not read again yet

	reloading sync.Mutex // held while the configuration is read again
	historian historian
	written   map[journal.Hash]bool // documents that this process made durable
	files     *lookout
	facts     []journal.Entry // recorded, in order; guarded by reloading

	posted chan struct{}        // the books were saved
	halted atomic.Pointer[Halt] // nil = the poster never met an entry that cannot be posted
	fenced chan error           // another process took over
	once   sync.Once
	ahead  atomic.Int64 // ns that this machine's clock is ahead of the store's, beyond what the question took; shared only
}

// PortInUse says that a server cannot listen where it was told to.
type PortInUse struct {
	Address string
	Err     error
}

// Error says what to do about it.
func (e *PortInUse) Error() string {
	return fmt.Sprintf("cannot listen on %s: %v\n  stop what uses the port, or choose another address with --listen or `listen:`", e.Address, e.Err)
}

// Unwrap returns the cause.
func (e *PortInUse) Unwrap() error { return e.Err }

// Listen opens a listener, or says clearly that it cannot.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, &PortInUse{address, err}
	}
	return l, nil
}

// Start opens everything: the address first, so that nothing is written if it is taken, then the data with its lock, the
// chain with what is in force, recovery of chains that did not end, and the gateway. Whatever fails, all is closed again.
// The server takes the listener over. Run serves.
func Start(ctx context.Context, config *Config, l net.Listener, o Options) (_ *Server, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{config: config, options: o, log: o.Log, listener: l, posted: make(chan struct{}, 1), fenced: make(chan error, 1),
		written: map[journal.Hash]bool{}, files: config.files}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.abandon(ctx))
		}
	}()
	if s.chain, err = newChain(config.Gateway); err != nil {
		return nil, err
	}
	if s.metrics, err = telemetry.NewMetrics(s.lag, s.unsynced); err != nil {
		return nil, err
	}
	if err = s.metrics.WatchBudgets(s.budgetGauges, s.exposure); err != nil {
		return nil, err
	}
	if err = s.metrics.WatchPosting(s.postingStopped); err != nil {
		return nil, err
	}
	if err = s.openStores(ctx); err != nil {
		return nil, err
	}
	history, err := readHistory(ctx, s.journal, true)
	if err != nil {
		return nil, err
	}
	s.historian.kept = history.clone()
	if config, err = s.withRecorded(config, history); err != nil {
		return nil, err
	}
	documents, set, err := s.bring(ctx, config, history)
	if err != nil {
		return nil, err
	}
	if err = s.begin(ctx, history, documents); err != nil {
		return nil, err
	}
	if s.brought != nil { // another gateway put something into force meanwhile
		config, set = s.brought.config, s.brought.set
	}
	first := &inForce{config: config, timeline: config.timeline, set: set, since: config.Known}
	s.current.Store(first)
	offer := first.offer()
	s.gateway, err = gateway.New(gateway.Config{
		Timeline: offer.Timeline, Set: offer.Set, Keys: offer.Keys, Adapters: adapters(), Targets: offer.Targets,
		Budgets: offer.Budgets, MaxOutput: offer.MaxOutput, Context: offer.Context, MaxSound: offer.MaxSound,
		Journal: o.appender(s.committer), Chain: s.chain, Random: randomID, Breaker: config.Breaker,
		Retries: config.Failover.Retries, Hedge: config.Failover.Hedge, Probe: config.Failover.Probe, Objects: s.journal, Past: s.past, Speed: o.Speed, Log: o.Log,
		Timeouts: gateway.Timeouts{
			FirstByte: config.Timeouts.FirstByte, Idle: config.Timeouts.Idle, Request: config.Timeouts.Request,
			Tail: config.Timeouts.Tail, CommitWait: config.CommitWait,
		},
		Durability: config.Journal.Durability, Intent: config.Journal.Intent,
		Credit:    gateway.Credit{Limit: config.Journal.Credit, Currency: config.Journal.CreditCurrency},
		Transport: toClouds(config),
		Count:     new(tokens.Counter).Count,
		Observe:   s.metrics.Finished,
		Well:      s.committer.Well,
		Fenced:    s.lose,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", s.gateway.Handler())
	mux.Handle("GET /readyz", s.ready(s.gateway.Handler()))
	mux.Handle("GET /metrics", s.metrics.Handler())
	s.web = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug)}
	if s.admin, err = s.openAdmin(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// openStores opens journal and books; the journal in a data directory takes the lock on it.
func (s *Server) openStores(ctx context.Context) error {
	if err := s.openPlaces(ctx); err != nil {
		return err
	}
	dropped, err := ledger.Freshen(ctx, s.books)
	if dropped {
		s.log.Info("the books were of an older program and are posted again", slog.String("place", s.place()))
	}
	return err
}

func (s *Server) openPlaces(ctx context.Context) error {
	if s.config.Store.Given() {
		return s.openDatabase(ctx)
	}
	j, err := sqlite.OpenJournal(s.config.Data, sqlite.Options{})
	if err != nil {
		return lockedText(s.config.Data, err)
	}
	s.journal = timed{j, s.metrics.Committed}
	b, err := sqlite.OpenBooks(s.config.Data, sqlite.Options{})
	if err != nil {
		return fmt.Errorf("open the books in %s: %w", s.config.Data, err)
	}
	s.books = b
	return nil
}

// begin opens the chain, writes what is in force, and resolves what earlier processes left open.
func (s *Server) begin(ctx context.Context, history *History, documents []journal.Document) (err error) {
	options := store.CommitterOptions{
		Now: nowNanos, Log: s.log, Version: Version(), OnFenced: func() { s.lose(journal.ErrFenced) },
		QueueEntries: s.config.Journal.queue(), Gather: s.config.Journal.gather(), Reserve: s.config.Journal.Reserve,
		Free: func() (int64, error) { return sqlite.Free(s.config.Data) },
	}
	if s.shared != nil {
		options.Free = nil // the database's disk is not this machine's: commits tell when it is full
	}
	if s.committer, err = store.NewCommitter(ctx, s.journal, s.chain, options); err != nil {
		return fmt.Errorf("begin to write the journal in %s: %w", s.place(), err)
	}
	if err := s.writeFirst(ctx, documents); err != nil {
		return fmt.Errorf("write the agreements and prices into the journal: %w", err)
	}
	resolved, err := store.Recover(ctx, s.journal, s.committer, store.RecoverOptions{Price: history.Price, Now: nowNanos, Log: s.log})
	if err != nil {
		return fmt.Errorf("recover what earlier runs left open: %w", err)
	}
	s.recovered = resolved.Records()
	s.poster = store.NewPoster(s.journal, s.books, store.PosterOptions{
		Wake: s.committer.Committed(), Log: s.log, Gather: gather, Passes: passes,
		Progress: func(store.PosterStats) {
			select {
			case s.posted <- struct{}{}:
			default:
			}
		},
	})
	return nil
}

// gather is how far the books may trail the journal while it grows, four times that under little load. A save costs more than a
// commit: at 25 ms posting took as much of the machine as a tenth of all requests, at 100 ms next to nothing.
const gather = 100 * time.Millisecond

// passes reports whether the books' storage may do later what it does not do now: a full disk must not end the server, whose
// journal keeps room of its own.
func passes(err error) bool {
	return errors.Is(err, sqlite.ErrFull) || errors.Is(err, sqlite.ErrDisk) || errors.Is(err, sqlite.ErrBusy)
}

func waitFor(ctx context.Context, c *journal.Commit) error {
	select {
	case <-c.Await():
		return c.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Address is where the server listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Recovered is how many requests of earlier runs were resolved at the start.
func (s *Server) Recovered() int { return s.recovered }

// Reading gives the server's own journal and books to whoever reads them beside it. Its Close does nothing.
func (s *Server) Reading() *Reading {
	return &Reading{Dir: s.place(), Journal: s.journal, Books: s.books, Live: true, catchUp: s.caughtUp}
}

// caughtUp waits until the poster, which Run runs, has taken all that the journal has now.
func (s *Server) caughtUp(ctx context.Context) error {
	for {
		behind, err := s.poster.Lag(ctx)
		if err != nil || behind == 0 {
			return err
		}
		if h := s.halted.Load(); h != nil {
			return h
		}
		s.poster.Hurry()
		again := time.Second // another one may have taken the word that the books were saved
		if s.shared != nil { // another process may be posting
			again = 50 * time.Millisecond
		}
		select {
		case <-s.posted:
		case <-time.After(again):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Server) lose(err error) {
	s.once.Do(func() { s.fenced <- fmt.Errorf("stopped serving: %w", err) })
}

// Run serves until ctx ends or something fails, and then stops in order: it admits nothing new, lets open requests end
// within the drain time, seals the chain, posts what is left, and closes the stores.
func (s *Server) Run(ctx context.Context) error {
	poster, stopPoster := context.WithCancel(context.WithoutCancel(ctx)) // the poster outlives the requests
	defer stopPoster()
	posting := make(chan error, 1)
	go func() { posting <- s.post(poster) }()
	alive, stopLiving := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLiving()
	tending := s.tend(alive)

	serving, serveCtx := errgroup.WithContext(ctx)
	serving.Go(func() error {
		if err := s.web.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve on %s: %w", s.Address(), err)
		}
		return nil
	})
	serving.Go(func() error {
		ended := posting
		for {
			select {
			case err := <-s.fenced:
				return err
			case err := <-ended:
				posting <- err
				ended = nil
				if !s.halt(err) {
					return fmt.Errorf("post to the books: %w", err)
				}
			case <-serveCtx.Done():
				return nil
			}
		}
	})
	serving.Go(func() error { return s.admin.serve() })
	serving.Go(func() error { s.watch(serveCtx); return nil })
	<-serveCtx.Done()
	ctx = context.WithoutCancel(ctx) // what was delivered is metered even though we were told to stop
	stopping := s.stop(ctx)
	failed := serving.Wait()

	if s.shared == nil {
		stopping = errors.Join(stopping, s.end(ctx))
	}
	stopPoster()
	var last error
	if err := <-posting; err == nil { // else it stands in failed already, unless it is an entry
		last = s.finishPosting(ctx)
	} else if h := s.stopped(ctx); h != nil {
		last = h
	}
	if s.shared != nil { // what is merged last stands in the chain
		stopLiving()
		tending.Wait()
		stopping = errors.Join(stopping, s.end(ctx))
	}
	return errors.Join(failed, stopping, last, s.closeStores(ctx))
}

// stop ends serving within the drain time.
func (s *Server) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeouts.Drain)
	defer cancel()
	err := s.gateway.Drain(ctx)
	closing, cancelClosing := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancelClosing()
	if stopped := s.web.Shutdown(closing); stopped != nil {
		err = errors.Join(err, s.web.Close())
	}
	return errors.Join(err, s.admin.close(closing))
}

func (s *Server) closeStores(ctx context.Context) error {
	var errs []error
	if s.metrics != nil {
		errs = append(errs, s.metrics.Close(ctx))
	}
	if s.books != nil {
		errs = append(errs, s.books.Close())
	}
	if s.journal != nil {
		errs = append(errs, s.journal.Close())
	}
	return errors.Join(errs...)
}

// abandon closes what a failed start had opened.
func (s *Server) abandon(ctx context.Context) error {
	var errs []error
	if s.admin != nil {
		errs = append(errs, s.admin.close(context.WithoutCancel(ctx)))
	}
	if s.committer != nil {
		errs = append(errs, s.committer.Close(context.WithoutCancel(ctx)))
	}
	return errors.Join(append(errs, s.closeStores(context.WithoutCancel(ctx)), s.listener.Close())...)
}

// lag is how many blocks the books are behind the journal; -1 = it cannot be told.
func (s *Server) lag() int64 {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second) // a scrape has no context of its own
	defer cancel()
	behind, err := s.poster.Lag(ctx)
	if err != nil {
		return -1
	}
	return int64(behind)
}

// unsynced is how many entries were taken and are not durable yet: what a power cut would lose now.
func (s *Server) unsynced() int64 { return int64(s.committer.Stats().Waiting) }

func newChain(name string) (journal.ChainID, error) {
	id := journal.ChainID{Gateway: name, Started: nowNanos(), Random: randomID()}
	if err := id.Check(); err != nil {
		return id, fmt.Errorf("name the chain after gateway %q: %w", name, err)
	}
	return id, nil
}

func nowNanos() int64 { return time.Now().UnixNano() }

// randomID cannot be guessed: request ids are also what clients quote.
func randomID() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return binary.BigEndian.Uint64(b[:])
}

func gatewayKeys(keys []Key) map[gateway.KeyHash]gateway.Key {
	out := map[gateway.KeyHash]gateway.Key{}
	for _, k := range keys {
		out[k.Hash] = gateway.Key{ID: k.ID, Customer: k.Customer, MaxOutput: k.MaxOutput}
	}
	return out
}

func targetsByID(targets []clouds.Target) map[string]*clouds.Target {
	out := map[string]*clouds.Target{}
	for i := range targets {
		out[targets[i].Deployment] = &targets[i]
	}
	return out
}

func lockedText(dir string, err error) error {
	if errors.Is(err, journal.ErrLocked) {
		return fmt.Errorf("%w: %s\n  stop that server first, or give this one another data directory", err, dir)
	}
	return fmt.Errorf("open the journal in %s: %w", dir, err)
}
