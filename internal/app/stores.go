package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"concord/agreement"
	"concord/clouds"
	"concord/journal"
	"concord/ledger"
	"concord/store"
	"concord/store/postgres"
)

// StoreSettings say where journal and books are kept. The zero value is the data directory.
type StoreSettings struct {
	Postgres clouds.Secret // URL of a database that several gateways share
}

// Given reports whether journal and books are kept elsewhere than in the data directory.
func (s StoreSettings) Given() bool { return s != StoreSettings{} }

// Name is what the store is called in messages: without user and password.
func (s StoreSettings) Name() string {
	u, err := url.Parse(s.Postgres.Reveal())
	if err != nil || u.Host == "" {
		return "PostgreSQL"
	}
	return "PostgreSQL " + u.Host + u.Path
}

// storeDocument is the block store: as written.
type storeDocument struct {
	Postgres struct {
		URL secret `yaml:"url"`
	} `yaml:"postgres"`
}

// url returns the place of the database's URL; none is given where the data directory is the store.
func (d *document) url() secret {
	if d.Store == nil {
		return secret{}
	}
	return d.Store.Postgres.URL
}

// store reads where journal and books are kept.
func (l *loader) store() StoreSettings {
	s := l.doc.url()
	l.config.storePlace(s)
	missing := func(at text, what string) StoreSettings {
		l.reject("config-store", at, "give the URL: export DATABASE_URL=postgres://USER:PASSWORD@HOST:PORT/DATABASE", "the URL of the PostgreSQL store is missing: %s", what)
		return StoreSettings{}
	}
	var value string
	at := s.Env
	switch {
	case s.Env.Given():
		if value, _ = l.src.Getenv(s.Env.Value); value == "" {
			return missing(s.Env, "the environment variable "+s.Env.Value+" is not set")
		}
	case s.File.Given():
		at = s.File
		_, content, ok := l.read("the URL of the store", s.File)
		if value = strings.TrimSpace(string(content)); ok && value == "" {
			return missing(s.File, s.File.Value+" is empty")
		}
	case s.Inline.Given():
		at, value = text{Line: s.Inline.Line, Column: s.Inline.Column}, s.Inline.Value
	case l.doc.Store != nil:
		return missing(text{}, "`store:` says nothing of it; leave `store:` out to keep journal and books in `data:`")
	default:
		return StoreSettings{}
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" { // the value is not repeated: it may hold a password
		l.reject("config-store", at, "write postgres://USER:PASSWORD@HOST:PORT/DATABASE", "the URL of the PostgreSQL store does not begin with postgres://")
		l.findings[len(l.findings)-1].Excerpt = ""
		return StoreSettings{}
	}
	if _, has := u.User.Password(); has && s.Inline.Given() {
		l.reject("config-store", at, "write {env: NAME} or {file: PATH}", "the URL of the PostgreSQL store holds a password and stands in the file")
		l.findings[len(l.findings)-1].Excerpt = ""
	}
	return StoreSettings{Postgres: clouds.NewSecret(value)}
}

func (c *Config) storePlace(s secret) {
	for _, t := range []text{s.Env, s.File, s.Inline} {
		if t.Given() {
			c.places["store"] = t.Pos(c.File)
		}
	}
}

// Where returns what commands name journal and books by: the data directory of a configuration, or the configuration itself if
// it keeps them elsewhere. It needs no secret.
func Where(path string, src Source) (string, error) {
	source, err := src.Read(path)
	if err != nil {
		return "", unreadable("config-file", agreement.Pos{File: path}, "the configuration", path, err)
	}
	doc, finding := parseDocument(path, source)
	if finding != nil {
		return "", &Invalid{"configuration", []agreement.Finding{*finding}}
	}
	if u := doc.url(); u.Env.Given() || u.File.Given() || u.Inline.Given() {
		return path, nil
	}
	return or(doc.Data, "concord-data"), nil
}

// isConfiguration reports whether a place that Where gave is a configuration.
func isConfiguration(where string) bool {
	info, err := os.Stat(where)
	return err == nil && info.Mode().IsRegular()
}

// storeAt returns the store that a place names; the zero value is the directory itself.
func storeAt(where string) (StoreSettings, error) {
	if !isConfiguration(where) {
		return StoreSettings{}, nil
	}
	source, err := os.ReadFile(where)
	if err != nil {
		return StoreSettings{}, unreadable("config-file", agreement.Pos{File: where}, "the configuration", where, err)
	}
	doc, finding := parseDocument(where, source)
	if finding != nil {
		return StoreSettings{}, &Invalid{"configuration", []agreement.Finding{*finding}}
	}
	l := &loader{src: Disk(), doc: doc, source: source, config: &Config{File: where, places: map[string]agreement.Pos{}}}
	settings := l.store()
	if len(l.findings) > 0 {
		return StoreSettings{}, &Invalid{"configuration", l.findings}
	}
	return settings, nil
}

// dataAt returns the data directory of a place.
func dataAt(where string) (string, error) {
	if isConfiguration(where) {
		return DataDir(where, Disk())
	}
	return where, nil
}

// openShared opens a store that others may be using. The books are brought up to the journal, by whoever has the turn; then they
// are read as they are at one instant, whatever gateways do meanwhile.
func openShared(ctx context.Context, settings StoreSettings) (_ *Reading, err error) {
	r := &Reading{Dir: settings.Name()}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	j, err := postgres.OpenJournal(ctx, settings.Postgres.Reveal(), postgres.Options{})
	if err != nil {
		return nil, err
	}
	r.Journal, r.closers = j, append(r.closers, j.Close)
	b, err := postgres.OpenBooks(ctx, settings.Postgres.Reveal(), postgres.Options{})
	if err != nil {
		return nil, err
	}
	r.posted, r.closers = b, append(r.closers, b.Close)
	r.others = func(ctx context.Context) (int, error) { return j.Alive(ctx, journal.ChainID{}) }
	var seen *postgres.Snapshot
	r.catchUp = func(ctx context.Context) error {
		if err := catchUpShared(ctx, j, b); err != nil {
			return err
		}
		if seen != nil {
			if err := seen.Close(); err != nil {
				return err
			}
		}
		if seen, err = b.Snapshot(ctx); err != nil {
			return err
		}
		r.Books = seen
		return nil
	}
	r.closers = append(r.closers, func() error {
		if seen == nil {
			return nil
		}
		return seen.Close()
	})
	return r, r.opened(ctx)
}

// sharedPatience is how long a command waits for the gateway that has the turn to post.
const sharedPatience = time.Minute

// catchUpShared brings the books up to what the journal has: by oneself, if nobody else has the turn. A chain is opened only if
// there is something to merge.
func catchUpShared(ctx context.Context, j *postgres.Journal, b ledger.Books) (err error) {
	ctx, cancel := context.WithTimeout(ctx, sharedPatience)
	defer cancel()
	me, err := newChain("command")
	if err != nil {
		return err
	}
	poster := store.NewPoster(j, b, store.PosterOptions{})
	for {
		behind, err := poster.Lag(ctx)
		if err != nil || behind == 0 {
			return err
		}
		turn, err := j.Post(ctx, me)
		if err == nil && turn {
			err = errors.Join(takeTurn(ctx, j, poster, me), j.EndPost(ctx, me))
			if err == nil {
				return nil
			}
			if !errors.Is(err, journal.ErrConflict) && !errors.Is(err, ledger.ErrLostTurn) {
				return err
			}
			if me, err = newChain("command"); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the books are %d blocks behind the journal, and the gateway whose turn it is does not post them: %w", behind, ctx.Err())
		}
	}
}

// takeTurn merges what waits, in a chain of its own, and posts.
func takeTurn(ctx context.Context, j *postgres.Journal, poster *store.Poster, me journal.ChainID) (err error) {
	waiting, err := j.Waiting(ctx)
	if err != nil {
		return err
	}
	if waiting.Merge() != nil {
		c, err := store.NewCommitter(ctx, j, me, store.CommitterOptions{Now: nowNanos, Version: Version()})
		if err != nil {
			return err
		}
		if err := errors.Join(store.MergeAll(ctx, j, c), c.Close(context.WithoutCancel(ctx))); err != nil {
			return err
		}
	}
	return poster.CatchUp(ctx)
}
