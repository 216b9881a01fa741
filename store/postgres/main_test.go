package postgres_test

import (
	"context"
	"os"
	"sync"
	"testing"

	"concord/store/postgres/postgretest"
)

// servers are those of the whole run, started when a test first needs one: plain, and with a pooler before it.
var servers struct {
	sync.Mutex
	plain, pooled *postgretest.Server
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, s := range []*postgretest.Server{servers.plain, servers.pooled} {
		if s != nil {
			s.Stop()
		}
	}
	os.Exit(code)
}

// database makes an empty database and returns its URL.
func database(t testing.TB) string {
	t.Helper()
	servers.Lock()
	defer servers.Unlock()
	if servers.plain == nil {
		servers.plain = postgretest.Keep(t)
	}
	return servers.plain.Database(t)
}

// pooled makes an empty database that is reached through a pooler.
func pooled(t testing.TB) string {
	t.Helper()
	servers.Lock()
	defer servers.Unlock()
	if servers.pooled == nil {
		s := postgretest.Keep(t)
		s.Pooler(t)
		servers.pooled = s
	}
	return servers.pooled.Database(t)
}

// background outlives a test's context, for what is opened in a test and closed after it.
func background() context.Context { return context.Background() }
