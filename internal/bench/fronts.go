//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The fronts, in the order in which they are measured.
const (
	direct       = "direct"
	nginx        = "nginx"
	reverseProxy = "reverseproxy"
	strict       = "strict"
	relaxed      = "relaxed"
	off          = "off"
)

var fronts = [...]string{direct, nginx, reverseProxy, strict, relaxed, off}

// key is what clients present.
const key = "sk-bench"

// A world is the upstream and what starts fronts before it.
type world struct {
	dir      string
	program  string // this one
	upstream string // address
	process  *process
	made     int
}

func newWorld(ctx context.Context) (*world, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	w := &world{program: program}
	if w.dir, err = os.MkdirTemp("", "concord-bench-"); err != nil {
		return nil, err
	}
	if w.upstream, err = freeAddress(ctx); err != nil {
		return nil, err
	}
	if w.process, err = launch(ctx, "upstream", w.upstream, []string{"GOGC=400"}, program, roleUpstream, w.upstream); err != nil {
		return nil, err
	}
	return w, nil
}

// freeAddress finds a port of this machine that nobody uses.
func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// A front is something that requests go through.
type front struct {
	name    string
	address string
	*process
	profiles string // where it offers pprof
}

// chosen lists what is measured. What is missing on this machine is said loudly.
func chosen(only string) ([]string, error) {
	names := fronts[:]
	if only != "" {
		names = strings.Split(only, ",")
	}
	var out []string
	for _, n := range names {
		if !slices.Contains(fronts[:], n) {
			return nil, fmt.Errorf("there is no front %q; the fronts are %s", n, strings.Join(fronts[:], ", "))
		}
		if n == nginx && nginxPath() == "" {
			fmt.Fprintln(os.Stderr, "*** NOT MEASURED HERE: nginx. Debian: apt-get install nginx-light ***")
			continue
		}
		out = append(out, n)
	}
	return out, nil
}

func nginxPath() string {
	for _, name := range []string{"nginx", "/usr/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// start launches a front.
func (w *world) start(ctx context.Context, name string, profiled bool, more ...string) (*front, error) {
	if name == direct {
		return &front{name: name, address: w.upstream, process: w.process}, nil
	}
	f := &front{name: name}
	var err error
	if f.address, err = freeAddress(ctx); err != nil {
		return nil, err
	}
	var env []string
	if profiled {
		if f.profiles, err = freeAddress(ctx); err != nil {
			return nil, err
		}
		env = append(more, profileVariable+"="+f.profiles)
	}
	w.made++
	dir := filepath.Join(w.dir, fmt.Sprintf("%s-%d", name, w.made))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	switch name {
	case nginx:
		config := filepath.Join(dir, "nginx.conf")
		if err := os.WriteFile(config, []byte(nginxConfig(dir, f.address, w.upstream)), 0o644); err != nil {
			return nil, err
		}
		f.process, err = launch(ctx, name, f.address, env, nginxPath(), "-p", dir, "-c", config, "-e", filepath.Join(dir, "error.log"))
	case reverseProxy:
		f.process, err = launch(ctx, name, f.address, env, w.program, roleReverseProxy, f.address, "http://"+w.upstream)
	default:
		config, writing := w.concordConfig(dir, f.address, name)
		if writing != nil {
			return nil, writing
		}
		args := []string{roleConcord, config}
		if name == off {
			args = append(args, "off")
		}
		f.process, err = launch(ctx, name, f.address, env, w.program, args...)
	}
	return f, err
}

func nginxConfig(dir, address, upstream string) string {
	return strings.NewReplacer("DIR", dir, "ADDRESS", address, "UPSTREAM", upstream).Replace(`daemon off;
worker_processes 2;
worker_rlimit_nofile 16384;
pid DIR/nginx.pid;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path DIR/body; proxy_temp_path DIR/proxy; fastcgi_temp_path DIR/f; uwsgi_temp_path DIR/u; scgi_temp_path DIR/s;
  keepalive_requests 1000000000;
  upstream cloud { server UPSTREAM; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen ADDRESS backlog=4096;
    location / { proxy_pass http://cloud; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
  }
}
`)
}

// concordConfig writes what a gateway needs: one customer, one model, one deployment, an agreement and its prices.
func (w *world) concordConfig(dir, address, metering string) (string, error) {
	durability := metering
	if metering == off {
		durability = strict
	}
	hash := sha256.Sum256([]byte(key))
	replace := strings.NewReplacer("DIR", dir, "ADDRESS", address, "UPSTREAM", w.upstream, "DURABILITY", durability, "HASH", hex.EncodeToString(hash[:]))
	for name, text := range map[string]string{"concord.yaml": configText, "agreement.yaml": agreementText, "prices.yaml": pricesText} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(replace.Replace(text)), 0o600); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "concord.yaml"), nil
}

const configText = `concord: 1
gateway: bench
listen: ADDRESS
data: DIR/data
agreements: [agreement.yaml]
prices: [prices.yaml]
journal: {durability: DURABILITY}
accounts:
  openai: {cloud: openai, holder: openai, region: global, zone: us, endpoint: http://UPSTREAM, secret: {inline: sk-upstream}}
deployments:
  - {id: openai-gpt54, product: openai/gpt-5.4, account: openai, seller: openai, model: gpt-5.4}
customers:
  - id: acme
    name: Acme
    sellers: [[openai]]
    keys:
      - {id: acme-1, hash: "sha256:HASH"}
`
