package app_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/clouds/behaviour"
	"concord/clouds/emulator"
	"concord/internal/app"
)

const faultsFile = `faults:
  - {kind: throttle, retry_after: 2s, retry_form: milliseconds, from: 10s, until: 20s}
  - {kind: status, status: 500, share: 5, seed: 7}
  - {kind: cut, after: 40, first: 100, last: 200, every: 10}
  - {kind: wrong-usage, percent: 300}
`

func TestAFaultsFileSaysWhatGoesWrong(t *testing.T) {
	t.Parallel()
	got, err := app.ParseFaults("faults.yaml", []byte(faultsFile))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(behaviour.Faults{
		{Kind: behaviour.Throttle, RetryAfter: int64(2 * time.Second), Milliseconds: true, From: int64(10 * time.Second), Until: int64(20 * time.Second)},
		{Kind: behaviour.Status, Status: 500, Share: 5, Seed: 7},
		{Kind: behaviour.Cut, After: 40, First: 100, Last: 200, Every: 10},
		{Kind: behaviour.WrongUsage, Percent: 300},
	}, got); d != "" {
		t.Error(d)
	}
}

func TestMistakesInAFaultsFileHaveAPosition(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"faults:\n  - {kind: explode}\n":                            {"faults.yaml:2:12", `"explode" is no fault`},
		"faults:\n  - {kind: cut, afer: 4}\n":                       {"faults.yaml:2", "afer"},
		"faults:\n  - {kind: latency, delay: 5}\n":                  {"faults.yaml:2:28", `"5" is not a duration`},
		"faults:\n  - {kind: cut, share: 200}\n":                    {"faults.yaml:2:12", "share of 200 in 100"},
		"faults:\n  - {kind: throttle, retry_form: days}\n":         {"faults.yaml:2:34", `"days" is no form of a pause`},
		"faults:\n  - {kind: throttle, retry_form: milliseconds}\n": {"faults.yaml:2:12", "no retry_after"},
		"faults:\n  - {kind: status, status: abc}\n":                {"faults.yaml:2:28", `"abc" is not a number`},
	} {
		_, err := app.ParseFaults("faults.yaml", []byte(text))
		if err == nil {
			t.Errorf("%q is taken", text)
			continue
		}
		for _, part := range want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q: %v\nwant %s", text, err, part)
			}
		}
	}
}

func TestFaultsChangeWhileACloudRuns(t *testing.T) {
	t.Parallel()
	e, err := emulator.New(emulator.Config{Cloud: "openai", Models: []emulator.Model{{Name: "m"}}, Keys: []string{"k"}})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(app.LiveFaults(e))
	t.Cleanup(s.Close)
	call := func(method, path, body string) int {
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer k")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	var got []int
	for _, step := range [][3]string{
		{"GET", "/v1/models", ""}, {"PUT", "/emulator/faults", "faults:\n  - {kind: down}\n"}, {"GET", "/v1/models", ""},
		{"PUT", "/emulator/faults", "faults:\n  - {kind: explode}\n"}, {"GET", "/v1/models", ""}, {"DELETE", "/emulator/faults", ""},
		{"GET", "/v1/models", ""}, {"POST", "/emulator/faults", ""},
	} {
		got = append(got, call(step[0], step[1], step[2]))
	}
	if d := cmp.Diff([]int{200, 204, 503, 400, 503, 204, 200, 405}, got); d != "" {
		t.Error(d)
	}
}
