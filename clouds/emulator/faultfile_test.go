package emulator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"concord/clouds/behaviour"
	"concord/clouds/emulator"
)

const faultFile = `# Azure's bad day
- {fault: throttle, retry_after: 2s, from: 10s, until: 20s}
- {fault: cut, after: 40, requests: 100-200, every: 10}
- fault: status
  status: 502
  requests: 7
- down: reset
- {down: 503, from: 1m}
- {fault: latency, delay: 250ms}
`

func TestFaultFilesAreRead(t *testing.T) {
	t.Parallel()
	got, err := emulator.ParseFaults("faults.yaml", []byte(faultFile))
	if err != nil {
		t.Fatal(err)
	}
	want := behaviour.Faults{
		{Kind: behaviour.Throttle, RetryAfter: int64(2 * time.Second), From: int64(10 * time.Second), Until: int64(20 * time.Second)},
		{Kind: behaviour.Cut, After: 40, First: 100, Last: 200, Every: 10},
		{Kind: behaviour.Status, Status: 502, First: 7, Last: 7},
		{Kind: behaviour.Reset},
		{Kind: behaviour.Down, From: int64(time.Minute)},
		{Kind: behaviour.Latency, Delay: int64(250 * time.Millisecond)},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestFaultFilesNameThePlaceOfEachMistake(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"- {fault: thunder}":                   `f.yaml:1:11: unknown fault "thunder", expected one of down, reset,`,
		"- {fault: cut, after: x}":             `f.yaml:1:23: after is "x", expected a whole number`,
		"- {fault: throttle, retry_after: 2}":  `f.yaml:1:34: retry_after is "2", expected a duration such as 500ms or 2s`,
		"- {fault: down, requests: 5-2}":       `f.yaml:1:27: requests is "5-2", expected a range such as 100-200, counted from 1`,
		"- {fault: down, when: now}":           `f.yaml:1:23: unknown member "when", expected`,
		"- {fault: status}":                    `fault status needs status: between 400 and 599, has 0`,
		"- {fault: slow}":                      `fault slow needs delay:, such as 500ms`,
		"- {fault: down, from: 2s, until: 1s}": `until is not after from`,
		"- {down: maybe}":                      `f.yaml:1:10: `,
		"- {after: 3}":                         `no fault named`,
		"- down":                               `f.yaml:1:3: expected a fault with its members`,
		"fault: down":                          `expected a list of faults`,
		"":                                     `f.yaml: expected one list of faults`,
		"- {":                                  `f.yaml: `,
		"- {fault: thunder}\n- {fault: rain}":  `f.yaml:2:11: unknown fault "rain"`,
	} {
		_, err := emulator.ParseFaults("f.yaml", []byte(file))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v\nwant %s", file, err, want)
		}
	}
}

func FuzzParseFaults(f *testing.F) {
	f.Add([]byte(faultFile))
	f.Add([]byte("- {fault: down, requests: 1-}"))
	f.Add([]byte("- - a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		faults, err := emulator.ParseFaults("f", data)
		if err != nil && faults != nil {
			t.Fatal("faults beside an error")
		}
		for _, fault := range faults {
			if fault.Kind == behaviour.None || fault.First < 0 || fault.From < 0 {
				t.Fatalf("%+v", fault)
			}
		}
	})
}
