package telemetry_test

import (
	"testing"

	"concord/gateway"
	"concord/internal/telemetry"
	"concord/journal"
	"concord/usage"
)

// BenchmarkFinished is what counting costs each request.
func BenchmarkFinished(b *testing.B) {
	none := func() int64 { return 0 }
	m, err := telemetry.NewMetrics(none, none)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close(b.Context())
	f := gateway.Finished{Route: "chat", Outcome: journal.Answered, Cloud: "azure", Attempts: 1, Duration: 1e9, Tokens: usage.Tokens{usage.Input: 90, usage.Output: 40}}
	b.ReportAllocs()
	for b.Loop() {
		m.Finished(f)
	}
}
