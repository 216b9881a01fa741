package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"concord/internal/proctest"
)

// ports NAME... puts a free address of this machine into each environment variable.
func ports(ts *testscript.TestScript, _ bool, names []string) {
	for _, name := range names {
		address, err := proctest.Free()
		ts.Check(err)
		ts.Setenv(name, address)
	}
}

// world DIR copies the examples to DIR, with the addresses of $AZURE, $AWS, $GCP, $ALIBABA, $OPENAI and $GATEWAY, and the
// data in DIR/data.
func world(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(ts.Getenv("EXAMPLES") + "/*.yaml")
	ts.Check(err)
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	replace := []string{"data: ./concord-data", "data: " + dir + "/data"}
	for port, name := range map[string]string{"9101": "AZURE", "9102": "AWS", "9103": "GCP", "9104": "ALIBABA", "9105": "OPENAI", "8080": "GATEWAY"} {
		if address := ts.Getenv(name); address != "" {
			replace = append(replace, "127.0.0.1:"+port, address)
		}
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		ts.Check(err)
		text := strings.NewReplacer(replace...).Replace(string(content))
		ts.Check(os.WriteFile(filepath.Join(dir, filepath.Base(file)), []byte(text), 0o644))
	}
}

// edit FILE OLD NEW replaces every OLD in FILE, of which there must be one at least.
func edit(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], args[2])), 0o644))
}

// await URL [STATUS] waits until URL answers STATUS, or 200; "any" takes each.
func await(ts *testscript.TestScript, _ bool, args []string) {
	want := "200"
	if len(args) > 1 {
		want = args[1]
	}
	var last error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(args[0])
		if err == nil {
			response.Body.Close()
			if want == "any" || strconv.Itoa(response.StatusCode) == want {
				return
			}
			err = fmt.Errorf("status %d", response.StatusCode)
		}
		last = err
	}
	ts.Fatalf("%s did not come up: %v", args[0], last)
}

// fetch URL prints what URL answers.
func fetch(ts *testscript.TestScript, _ bool, args []string) {
	response, err := http.Get(args[0])
	ts.Check(err)
	defer response.Body.Close()
	_, err = io.Copy(ts.Stdout(), response.Body)
	ts.Check(err)
}

// json FILE PATH is|above VALUE holds a value of a JSON file to another, as text or as a number. PATH is names and indexes
// joined by dots; "len" is a list's length.
func jsonIs(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 4 {
		ts.Fatalf("usage: json FILE PATH is|above VALUE")
	}
	var v any
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	d.UseNumber()
	ts.Check(d.Decode(&v))
	got := fmt.Sprint(lookUp(ts, v, args[1]))
	want := args[3]
	holds := got == want
	if args[2] == "above" {
		g, err := strconv.ParseFloat(got, 64)
		ts.Check(err)
		w, err := strconv.ParseFloat(want, 64)
		ts.Check(err)
		holds = g > w
	}
	if holds == neg {
		ts.Fatalf("%s is %s; wanted: %s %s (negated: %v)", args[1], got, args[2], want, neg)
	}
}

func lookUp(ts *testscript.TestScript, v any, path string) any {
	for _, name := range strings.Split(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			found, ok := in[name]
			if !ok {
				ts.Fatalf("%s: there is no %q", path, name)
			}
			v = found
		case []any:
			if name == "len" {
				return len(in)
			}
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(in) {
				ts.Fatalf("%s: no element %q among %d", path, name, len(in))
			}
			v = in[i]
		default:
			ts.Fatalf("%s: %q is inside a plain value", path, name)
		}
	}
	return v
}
