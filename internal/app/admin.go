package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// The admin socket stands in the data directory, for its owner alone. Where the directory's path is too long for a socket, or
// its disk takes none, the socket stands in a directory of its own among the system's, and a file in the data directory says
// where.
const (
	socketName  = "admin.sock"
	socketElse  = "admin.sock.path"
	longestPath = 103 // bytes: what macOS takes; Linux takes 107
)

// admin is the HTTP server on the admin socket.
type admin struct {
	data     string
	path     string // of the socket
	listener net.Listener
	http     *http.Server
}

// openAdmin opens the socket. The lock on the data directory is held, so that whatever stands there is of a process that died.
func (s *Server) openAdmin(ctx context.Context) (*admin, error) {
	a := &admin{data: s.config.Data}
	if err := a.listen(ctx); err != nil {
		return nil, fmt.Errorf("open the admin socket in %s: %w", s.config.Data, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /reload", func(w http.ResponseWriter, r *http.Request) {
		result := s.Reload(r.Context(), "socket")
		answerJSON(w, reloadStatus(result.Outcome), result)
	})
	mux.HandleFunc("POST /record", s.note)
	mux.HandleFunc("POST /import", s.takeImport)
	mux.HandleFunc("POST /close", s.takeClose)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		status, err := s.Status(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answerJSON(w, http.StatusOK, status)
	})
	a.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	return a, nil
}

func reloadStatus(o ReloadOutcome) int {
	switch o {
	case Taken, Unchanged:
		return http.StatusOK
	case Refused:
		return http.StatusUnprocessableEntity
	case Failed:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // whoever asked may be gone
}

// listen makes the socket in a directory that nobody else can enter, and then gives it its own name: there is no moment at
// which another user could connect.
func (a *admin) listen(ctx context.Context) error {
	if err := a.clear(); err != nil {
		return err
	}
	var here error
	if len(filepath.Join(a.data, ".admin-0123456789", socketName)) <= longestPath {
		if here = a.listenIn(ctx, a.data); here == nil {
			return nil
		}
	}
	if err := a.listenIn(ctx, runtimeDir()); err != nil {
		return errors.Join(here, fmt.Errorf("%w\n  set XDG_RUNTIME_DIR to a short path in which sockets can be made", err))
	}
	return nil
}

func (a *admin) listenIn(ctx context.Context, within string) error {
	private, err := os.MkdirTemp(within, ".admin-") // mode 0700
	if err != nil {
		return err
	}
	made := filepath.Join(private, socketName)
	l, err := new(net.ListenConfig).Listen(ctx, "unix", made)
	if err != nil {
		return errors.Join(err, os.Remove(private))
	}
	if unix, ok := l.(*net.UnixListener); ok {
		unix.SetUnlinkOnClose(false) // it is removed under its own name
	}
	a.listener, a.path = l, made
	if err = os.Chmod(made, 0o600); err == nil {
		err = a.settle(private, within)
	}
	if err != nil {
		return errors.Join(err, l.Close(), os.RemoveAll(private))
	}
	return nil
}

// settle puts the socket where others look for it.
func (a *admin) settle(private, within string) error {
	if within != a.data {
		return os.WriteFile(filepath.Join(a.data, socketElse), []byte(a.path+"\n"), 0o600)
	}
	path := filepath.Join(a.data, socketName)
	if err := os.Rename(a.path, path); err != nil {
		return err
	}
	a.path = path
	return os.Remove(private)
}

// runtimeDir is where the system keeps sockets of programs that run.
func runtimeDir() string {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		return dir
	}
	return os.TempDir()
}

// clear removes the socket of a process that died.
func (a *admin) clear() error {
	if path, err := socketPath(a.data); err == nil && filepath.Base(path) == socketName {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if dir := filepath.Dir(path); strings.HasPrefix(filepath.Base(dir), ".admin-") {
			_ = os.Remove(dir) // it is empty, or not ours
		}
	}
	if err := os.Remove(filepath.Join(a.data, socketElse)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (a *admin) serve() error {
	if err := a.http.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on the admin socket %s: %w", a.path, err)
	}
	return nil
}

// close ends the server and removes the socket.
func (a *admin) close(ctx context.Context) error {
	err := a.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, a.http.Close())
	}
	if closed := a.listener.Close(); !errors.Is(closed, net.ErrClosed) { // one that never served
		err = errors.Join(err, closed)
	}
	return errors.Join(err, a.clear())
}

// socketPath finds the admin socket of a data directory.
func socketPath(data string) (string, error) {
	elsewhere, err := os.ReadFile(filepath.Join(data, socketElse))
	if err == nil {
		return strings.TrimSpace(string(elsewhere)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return filepath.Join(data, socketName), nil
}

// ErrNoServer says that no server runs on a data directory.
var ErrNoServer = errors.New("no server is running")

// AskReload has the server that runs on a data directory read its configuration again.
func AskReload(ctx context.Context, data string) (*Reload, error) {
	r := &Reload{}
	return r, ask(ctx, data, http.MethodPost, "/reload", r)
}

// AskStatus asks the server that runs on a data directory how it is.
func AskStatus(ctx context.Context, data string) (*Status, error) {
	s := &Status{}
	return s, ask(ctx, data, http.MethodGet, "/status", s)
}

// ask sends a request to the admin socket and reads its JSON.
func ask(ctx context.Context, data, method, path string, answer any) error {
	return askWith(ctx, data, method, path, nil, answer)
}

// askWith sends a request with a body of JSON; nil = none.
func askWith(ctx context.Context, data, method, path string, what, answer any) error {
	data, err := dataAt(data)
	if err != nil {
		return err
	}
	socket, err := socketPath(data)
	if err != nil {
		return fmt.Errorf("find the admin socket of %s: %w", data, err)
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	var sent []byte
	if what != nil {
		if sent, err = json.Marshal(what); err != nil {
			return fmt.Errorf("write the question to the server on %s: %w", data, err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://concord"+path, bytes.NewReader(sent))
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return unreachable(data, socket, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read what the server on %s answers: %w", data, err)
	}
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		return fmt.Errorf("the server on %s answers %s: %s", data, response.Status, strings.TrimSpace(string(body)))
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("read what the server on %s answers: %w", data, err)
	}
	return nil
}

// unreachable tells what to do when a socket does not answer.
func unreachable(data, socket string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the admin socket %s is its server's alone: %w\n  run this as the user that runs the server", socket, err)
	case errors.Is(err, fs.ErrNotExist), isRefused(err):
		return fmt.Errorf("%w on %s\n  start one with concord serve, or say where its data is: --data DIR or --config FILE", ErrNoServer, data)
	}
	return fmt.Errorf("reach the server on %s: %w", data, err)
}

// isRefused reports that nobody listens on a socket that is there: its server died.
func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
