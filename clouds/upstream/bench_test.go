package upstream_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"concord/clouds/upstream"
)

// cpu is the processor time of this process, which other processes do not change.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRoundTrip sends 1 KB and reads 1 KB, by this client and by net/http's transport, against one server in the same
// process: the difference is the client's.
func BenchmarkRoundTrip(b *testing.B) {
	answer := []byte(strings.Repeat("x", 1000))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // of no matter here
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}))
	defer server.Close()
	standard := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	defer standard.CloseIdleConnections()
	for _, c := range []struct {
		name string
		via  http.RoundTripper
	}{{"nethttp", standard}, {"upstream", upstream.New(upstream.Settings{Fallback: standard})}} {
		b.Run(c.name, func(b *testing.B) {
			body := []byte(strings.Repeat("x", 1000))
			b.ReportAllocs()
			b.SetParallelism(8)
			began := cpu(b)
			b.RunParallel(func(pb *testing.PB) {
				room := make([]byte, 4096)
				for pb.Next() {
					r, err := http.NewRequest(http.MethodPost, server.URL, bytes.NewReader(body))
					if err != nil {
						b.Error(err)
						return
					}
					r.Header.Set("Content-Type", "application/json")
					resp, err := c.via.RoundTrip(r)
					if err != nil {
						b.Error(err)
						return
					}
					for err == nil {
						_, err = resp.Body.Read(room)
					}
					resp.Body.Close()
				}
			})
			b.ReportMetric(float64(cpu(b)-began)/float64(b.N), "cpu-ns/op")
		})
	}
}
