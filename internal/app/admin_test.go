package app_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concord/internal/app"
)

// deaden leaves the socket of a server that died.
func deaden(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAdminSocket_is_its_owners_alone_and_goes_with_the_server(t *testing.T) {
	l := start(t)
	path := filepath.Join(l.dir, "data", "admin.sock")

	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info, err)
	}
	if s := l.status(); s.Process != os.Getpid() || s.Address != l.server.Address() || s.Since == nil || s.LastReload != nil {
		t.Errorf("%+v", s)
	}
	l.stop()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
	if _, err := app.AskStatus(t.Context(), filepath.Join(l.dir, "data")); !errors.Is(err, app.ErrNoServer) {
		t.Errorf("error %v", err)
	}
	left, err := filepath.Glob(filepath.Join(l.dir, "data", ".admin-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAdminSocket_of_a_server_that_died_is_replaced(t *testing.T) {
	l := start(t)
	l.stop()
	data := filepath.Join(l.dir, "data")
	deaden(t, filepath.Join(data, "admin.sock"))
	if _, err := app.AskStatus(t.Context(), data); !errors.Is(err, app.ErrNoServer) {
		t.Errorf("a dead socket answers %v", err)
	}

	l.run()

	if s := l.status(); s.Process != os.Getpid() {
		t.Errorf("%+v", s)
	}
}

func TestAdminSocket_stands_elsewhere_where_the_path_is_too_long(t *testing.T) {
	elsewhere, err := os.MkdirTemp("", "run")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(elsewhere)
	t.Setenv("XDG_RUNTIME_DIR", elsewhere)
	l := start(t)
	l.stop()
	long := filepath.Join(l.dir, strings.Repeat("long", 30))
	l.edit("concord.yaml", "data: "+filepath.Join(l.dir, "data"), "data: "+long)

	l.run()

	s, err := app.AskStatus(t.Context(), long)
	if err != nil || s.Process != os.Getpid() {
		t.Errorf("%+v, %v", s, err)
	}
	l.stop()
	left, err := filepath.Glob(filepath.Join(elsewhere, ".admin-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(long, "admin.sock.path")); !os.IsNotExist(err) {
		t.Errorf("the pointer is still there: %v", err)
	}
}
