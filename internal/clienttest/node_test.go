package clienttest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestTheOfficialNodeClient runs testdata/node/client.mjs. Where node or the client's package is missing, CI fails and anybody
// else is told; .ci/run installs both.
func TestTheOfficialNodeClient(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join("testdata", "node", "node_modules", "openai", "package.json"))
	}
	if err != nil {
		missing := "NOT TESTED HERE: the official Node client. Install node, then: npm ci --prefix internal/clienttest/testdata/node"
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s\n%v", missing, err)
		}
		t.Skipf("%s (%v)", missing, err)
	}
	// Failures are remembered for as long as by default, so that clients meet clouds that are being left alone.
	w := newWorld(t, "", "", "--speed", "1000")
	addresses, err := json.Marshal(w.address)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "client.mjs")
	cmd.Dir = filepath.Join("testdata", "node")
	cmd.Env = append(os.Environ(), "BASE=http://"+w.gateway, "KEY="+goodKey, "CLOUDS="+string(addresses))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("node: %v\n%s", err, stderr.String())
	}
	cases := 0
	for line := range bytes.Lines(out) {
		var c struct{ Name, Problem string }
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		cases++
		t.Run(c.Name, func(t *testing.T) {
			if c.Problem != "" {
				t.Error(c.Problem)
			}
		})
	}
	if cases < 50 {
		t.Errorf("only %d cases were run", cases)
	}
	w.oneRecordEach(true)
}
