package emulator_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"concord/clouds/emulator"
)

// BenchmarkStream is what an emulated cloud costs beside the gateway that is measured: 1,000 words in, 200 tokens out.
func BenchmarkStream(b *testing.B) {
	for _, cloud := range []struct{ name, path string }{{"openai", "/v1/chat/completions"}, {"azure", "/openai/v1/chat/completions"}} {
		b.Run(cloud.name, func(b *testing.B) {
			e, err := emulator.New(emulator.Config{Cloud: cloud.name, Models: []emulator.Model{{Name: "m"}}, Keys: []string{key}, TokensPerChunk: 8})
			if err != nil {
				b.Fatal(err)
			}
			body := `{"model":"m","messages":[{"role":"user","content":"[reply 200 tokens] ` + strings.Repeat("hello ", 997) + `"}],"stream":true}`
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, cloud.path, strings.NewReader(body))
				r.Header.Set("Authorization", "Bearer "+key)
				e.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}
