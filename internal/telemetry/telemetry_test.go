package telemetry_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"concord/delivery"
	"concord/gateway"
	"concord/internal/telemetry"
	"concord/journal"
	"concord/usage"
)

func TestMetrics_count_requests_tokens_commits_and_lag(t *testing.T) {
	m, err := telemetry.NewMetrics(func() int64 { return 7 }, func() int64 { return 3 })
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(t.Context())

	m.Finished(gateway.Finished{Route: "responses", Outcome: journal.Answered, Cloud: "aws", Attempts: 2, Left: delivery.Throttled, Duration: int64(time.Second),
		Tokens: usage.Tokens{usage.Input: 90, usage.CacheRead: 10, usage.Output: 40}})
	m.Finished(gateway.Finished{Route: "chat", Outcome: journal.Answered, Cloud: "aws", Attempts: 1, Tokens: usage.Tokens{usage.Output: 2}}) // adds up by cloud
	m.Finished(gateway.Finished{Route: "chat", Outcome: journal.Failed, Cloud: "azure", Attempts: 1, Starved: true})
	m.Finished(gateway.Finished{Route: "chat", Code: "invalid_api_key"})
	m.Committed(3 * time.Millisecond)
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))

	for _, line := range []string{
		`concord_requests_total{cloud="aws",outcome="answered",surface="responses"} 1`,
		`concord_departures_total{cloud="aws",reason="throttled"} 1`,
		`concord_retries_starved_total{cloud="azure"} 1`,
		`concord_requests_rejected_total{code="invalid_api_key",route="chat"} 1`,
		`concord_attempts_total{cloud="aws"} 3`,
		`gen_ai_client_token_usage_total{cloud="aws",gen_ai_token_type="input"} 100`,
		`gen_ai_client_token_usage_total{cloud="aws",gen_ai_token_type="output"} 42`,
		`concord_commit_duration_seconds_count 1`,
		`concord_poster_lag 7`,
		`concord_unsynced_entries 3`,
	} {
		if !strings.Contains(answer.Body.String(), line+"\n") {
			t.Errorf("/metrics lacks %s", line)
		}
	}
}
