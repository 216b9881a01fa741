// Package postgretest starts real PostgreSQL servers for tests, and a pooler before them.
package postgretest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long a server may take to answer.
const patience = 60 * time.Second

// A Server is a PostgreSQL server in a directory of its own.
type Server struct {
	address   string // of the server itself
	pooler    string // address; "" = none yet
	dir       string
	identity  identity // that it runs as
	running   []*exec.Cmd
	said      []*bytes.Buffer
	databases atomic.Int64
}

// identity is whom a process runs as.
type identity struct {
	other    bool // than this process
	uid, gid uint32
}

// errMissing says that a program is not on this machine.
var errMissing = errors.New("is not on this machine")

// Start starts a server with its settings, such as "fsync=off". Where the programs are missing the test is skipped, loudly, and
// fails with CI=true.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := Keep(t, settings...)
	t.Cleanup(s.Stop)
	return s
}

// Keep is Start for a server that is shared by tests: the caller stops it.
func Keep(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := Run(settings...)
	skip(t, err)
	return s
}

func skip(t testing.TB, err error) {
	t.Helper()
	switch {
	case errors.Is(err, errMissing) && os.Getenv("CI") == "":
		fmt.Fprintf(os.Stderr, "\n*** NOT TESTED: %s: %v. Debian: apt-get install postgresql-15 pgbouncer ***\n\n", t.Name(), err)
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
}

// Run starts a server; the caller stops it.
func Run(settings ...string) (_ *Server, err error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "concord-pg-"); err != nil {
		return nil, err
	}
	if err := s.unprivileged(); err != nil {
		return nil, err
	}
	data := filepath.Join(s.dir, "data")
	initdb := s.command(filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "concord", "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if s.address, err = free(); err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(s.address)
	args := []string{"-D", data, "-h", host, "-p", port, "-k", s.dir, "-c", "max_connections=200", "-c", "shared_buffers=32MB"}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	if err := s.start(filepath.Join(bin, "postgres"), args...); err != nil {
		return nil, err
	}
	return s, s.await(s.address)
}

// binaries finds the directory of the server's programs.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // the pattern is right
	slices.Sort(found)
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", fmt.Errorf("PostgreSQL %w", errMissing)
}

// unprivileged finds who runs the server: it refuses to run as root.
func (s *Server) unprivileged() error {
	if os.Geteuid() != 0 {
		return nil
	}
	name := "postgres"
	u, err := user.Lookup(name)
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres or nobody: %w", err)
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return err
	}
	s.identity = identity{other: true, uid: uint32(uid), gid: uint32(gid)}
	return os.Chown(s.dir, int(uid), int(gid))
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+s.dir)
	s.identity.apply(cmd)
	return cmd
}

func (s *Server) start(name string, args ...string) error {
	cmd, said := s.command(name, args...), &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	s.running, s.said = append(s.running, cmd), append(s.said, said)
	return nil
}

// free finds an address that nothing listens on. Its port is below those that systems give to outgoing connections, so that no
// connection takes it before the server does.
func free() (address string, err error) {
	for range 100 {
		l, failed := new(net.ListenConfig).Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000)))
		if err = failed; err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", fmt.Errorf("find a port that is free: %w", err)
}

// await waits until a server answers.
func (s *Server) await(address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, "postgres://concord@"+address+"/postgres?sslmode=disable&default_query_exec_mode=exec")
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			s.Stop()
			return fmt.Errorf("%s does not answer: %w\n%s", address, err, s.said[len(s.said)-1].String())
		}
	}
}

// Pooler starts a pgbouncer that gives each transaction whatever connection is free, over few connections.
func (s *Server) Pooler(t testing.TB) {
	t.Helper()
	skip(t, s.startPooler())
}

func (s *Server) startPooler() error {
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		if path = "/usr/sbin/pgbouncer"; !exists(path) {
			return fmt.Errorf("pgbouncer %w", errMissing)
		}
	}
	if s.pooler, err = free(); err != nil {
		return err
	}
	host, port, _ := net.SplitHostPort(s.address)
	ownHost, ownPort, _ := net.SplitHostPort(s.pooler)
	config := fmt.Sprintf(`[databases]
* = host=%s port=%s user=concord
[pgbouncer]
listen_addr = %s
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
max_client_conn = 200
server_round_robin = 1
ignore_startup_parameters = extra_float_digits
`, host, port, ownHost, ownPort)
	file := filepath.Join(s.dir, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil { //nolint:gosec // it holds no secret
		return err
	}
	if err := s.start(path, file); err != nil {
		return err
	}
	return s.await(s.pooler)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// Database makes an empty database and returns its URL, through the pooler if there is one.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	s.Exec(t, s.url(s.address, "postgres"), "CREATE DATABASE "+name)
	if s.pooler != "" {
		return s.url(s.pooler, name)
	}
	return s.url(s.address, name)
}

func (s *Server) url(address, database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("concord"), Host: address, Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Exec runs a statement in a database.
func (s *Server) Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	config, err := pgx.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Errorf("%s: %v", strings.TrimSpace(statement), err)
		}
	}
	if err := conn.Close(ctx); err != nil {
		t.Error(err)
	}
}

// Stop ends the processes and removes the directory.
func (s *Server) Stop() {
	for _, cmd := range slices.Backward(s.running) {
		_ = cmd.Process.Signal(syscall.SIGQUIT) // at once: nothing of it is kept
		_ = cmd.Wait()                          // it was told to die
	}
	s.running = nil
	_ = os.RemoveAll(s.dir) // of a test
}
