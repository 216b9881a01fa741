// Package postgres keeps journal and books in one PostgreSQL database that several gateways share. Everything works behind a
// pooler that gives a connection for one transaction at a time: there is no state of a session, no statement that outlives a
// transaction, no advisory lock and no notification. What must happen once is a compare-and-set on a row.
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options of opening; the zero value writes, strictly.
type Options struct {
	ReadOnly bool // nothing is written and no table is made
	// Relaxed opens a database whose settings would lose commits in a power cut. Strict opening refuses it.
	Relaxed bool
	// Connections bounds the connections of the journal, and those of the books; 0 = 8.
	Connections int
}

// Errors of the database.
var (
	ErrUnreachable = errors.New("cannot be reached: is it running, and is the URL right?")
	ErrFuture      = errors.New("was written by a later version of this program")
	ErrUnsafe      = errors.New("would lose commits in a power cut")
	ErrMissing     = errors.New("holds no Concord tables: a server makes them when it first starts")
	ErrDamaged     = errors.New("is damaged: nothing was changed; see docs/operations.md")
	ErrFull        = errors.New("no space is left: free some, nothing that was acknowledged is lost")
)

//go:embed schema
var schemas embed.FS

// patience bounds every call that must not end half-way when its caller gives up.
const patience = 20 * time.Second

// database is a pool of connections to one part of the store.
type database struct {
	name     string // "journal" or "books"
	where    string // host, port and name, without user and password
	pool     *pgxpool.Pool
	readOnly bool
}

// open connects and brings the tables up to this program's version.
func open(ctx context.Context, name, url string, o Options) (*database, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil { // its text would repeat the URL, which holds a password
		return nil, errors.New("the URL of the PostgreSQL store cannot be read: write postgres://USER:PASSWORD@HOST:PORT/DATABASE")
	}
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.ConnConfig.StatementCacheCapacity, config.ConnConfig.DescriptionCacheCapacity = 0, 0
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	config.MaxConns = 8
	if o.Connections > 0 {
		config.MaxConns = int32(o.Connections)
	}
	c := config.ConnConfig
	d := &database{name: name, where: fmt.Sprintf("%s:%d/%s", c.Host, c.Port, c.Database), readOnly: o.ReadOnly}
	if d.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, d.fail("open", err)
	}
	if err := d.prepare(ctx); err != nil {
		d.pool.Close()
		return nil, err
	}
	return d, nil
}

// Close gives the connections back.
func (d *database) Close() error {
	d.pool.Close()
	return nil
}

// unique is the code of a violated unique index.
const unique = "23505"

// code returns the SQLSTATE of an error; "" = the database did not say it.
func code(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// fail says what was done to what, and what the error means. nil stays nil.
func (d *database) fail(doing string, err error) error {
	if err == nil {
		return nil
	}
	var meaning error
	switch c := code(err); {
	case c == "53100":
		meaning = ErrFull
	case strings.HasPrefix(c, "XX"):
		meaning = ErrDamaged
	case strings.HasPrefix(c, "08"), c == "57P01", c == "57P03":
		meaning = ErrUnreachable
	case c == "":
		if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
			meaning = ErrUnreachable
		}
	}
	if meaning != nil {
		return fmt.Errorf("%s the %s: the database %s %w (%w)", doing, d.name, d.where, meaning, err)
	}
	return fmt.Errorf("%s the %s in %s: %w", doing, d.name, d.where, err)
}

var errReadOnly = errors.New("was opened for reading only")

// writable says why nothing can be written.
func (d *database) writable() error {
	if d.readOnly {
		return fmt.Errorf("%s %s: %w", d.name, d.where, errReadOnly)
	}
	return nil
}

// prepare checks the tables and brings them up to this program's version. Several processes may do so at once: a step is taken
// by whoever moves the version.
func (d *database) prepare(ctx context.Context) error {
	steps, err := fs.Glob(schemas, "schema/"+d.name+"/*.sql")
	if err != nil {
		return err
	}
	for tries := 0; ; tries++ {
		version, err := d.version(ctx)
		switch {
		case err != nil:
			return err
		case version > len(steps):
			return fmt.Errorf("%s %s: format %d, this program knows up to %d: %w", d.name, d.where, version, len(steps), ErrFuture)
		case version == len(steps), d.readOnly && version > 0:
			return nil
		case d.readOnly:
			return fmt.Errorf("%s: the database %s %w", d.name, d.where, ErrMissing)
		}
		if err := d.migrate(ctx, steps[version], version); err != nil {
			if c := code(err); tries < 10 && (c == unique || strings.HasPrefix(c, "42P0")) {
				continue // another process made it at the same time
			}
			return d.fail("migrate", err)
		}
	}
}

// version returns how many steps were taken.
func (d *database) version(ctx context.Context) (version int, err error) {
	err = d.pool.QueryRow(ctx, "SELECT version FROM concord.format WHERE part = $1", d.name).Scan(&version)
	switch {
	case errors.Is(err, pgx.ErrNoRows), code(err) == "42P01", code(err) == "3F000":
		return 0, nil
	case err != nil:
		return 0, d.fail("read the format of", err)
	}
	return version, nil
}

func (d *database) migrate(ctx context.Context, step string, version int) error {
	statements, err := schemas.ReadFile(step)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		for _, statement := range []string{
			"CREATE SCHEMA IF NOT EXISTS concord",
			"CREATE TABLE IF NOT EXISTS concord.format (part text PRIMARY KEY, version integer NOT NULL)",
			"INSERT INTO concord.format (part, version) VALUES ('" + d.name + "', 0) ON CONFLICT DO NOTHING",
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		moved, err := tx.Exec(ctx, "UPDATE concord.format SET version = version + 1 WHERE part = $1 AND version = $2", d.name, version)
		if err != nil || moved.RowsAffected() != 1 {
			return err // nil: another process took this step
		}
		_, err = tx.Exec(ctx, string(statements), pgx.QueryExecModeSimpleProtocol)
		return err
	})
}

// Durable reads back the settings without which a commit that was acknowledged could be lost.
func (d *database) Durable(ctx context.Context) error {
	rows, err := d.pool.Query(ctx, "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') ORDER BY name")
	if err != nil {
		return d.fail("read the settings of", err)
	}
	var bad []string
	var name, setting string
	seen := 0
	_, err = pgx.ForEachRow(rows, []any{&name, &setting}, func() error {
		if seen++; setting == "off" {
			bad = append(bad, name+" is off")
		}
		return nil
	})
	if err != nil {
		return d.fail("read the settings of", err)
	}
	if seen != 3 {
		bad = append(bad, fmt.Sprintf("%d of its 3 settings could be read", seen))
	}
	if len(bad) > 0 {
		return fmt.Errorf("%s: the database %s %w: %s\n  set fsync, full_page_writes and synchronous_commit to on for the server, this database and this user",
			d.name, d.where, ErrUnsafe, strings.Join(bad, ", "))
	}
	return nil
}
