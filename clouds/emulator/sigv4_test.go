package emulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"concord/clouds/emulator"
)

// The vector that the official SDKs share; its origin and license stand beside it.
const vectorFile = "../bedrock/testdata/sigv4.json"

func TestTheSDKsOwnVectorOpensBedrockAndNothingElseDoes(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		SigningDate time.Time
		Region      string
		Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }
		Request     struct{ Method, URL, Body, ContentType string }
		Expected    struct{ Date, PayloadHash, Authorization string }
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	now := v.SigningDate
	e, err := emulator.New(emulator.Config{Cloud: "aws", Plane: "mantle", Region: v.Region, Models: []emulator.Model{{Name: "gpt-4o"}}, Now: func() time.Time { return now },
		Keys: []string{v.Credentials.AccessKeyID + ":" + v.Credentials.SecretAccessKey + ":" + v.Credentials.SessionToken}})
	if err != nil {
		t.Fatal(err)
	}
	call := func(change func(*http.Request), body string) int {
		r := httptest.NewRequestWithContext(t.Context(), v.Request.Method, v.Request.URL, strings.NewReader(body))
		r.Header.Set("Content-Type", v.Request.ContentType)
		r.Header.Set("X-Amz-Date", v.Expected.Date)
		r.Header.Set("X-Amz-Security-Token", v.Credentials.SessionToken)
		r.Header.Set("X-Amz-Content-Sha256", v.Expected.PayloadHash)
		r.Header.Set("Authorization", v.Expected.Authorization)
		change(r)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return w.Code
	}
	if status := call(func(*http.Request) {}, v.Request.Body); status != 200 {
		t.Errorf("the vector itself: %d", status)
	}
	for name, change := range map[string]func(*http.Request){
		"another host":  func(r *http.Request) { r.Host = "localhost" },
		"another path":  func(r *http.Request) { r.URL.Path = "/openai/v1/chat/completions" },
		"another query": func(r *http.Request) { r.URL.RawQuery = "a=b" },
		"another signature": func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(v.Expected.Authorization, "dc20", "dc21", 1))
		},
		"another service": func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(v.Expected.Authorization, "/bedrock-mantle/", "/bedrock/", 1))
		},
		"another region": func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(v.Expected.Authorization, "us-east-1", "us-west-2", 1))
		},
		"no session token": func(r *http.Request) { r.Header.Del("X-Amz-Security-Token") },
		"a changed type":   func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") },
	} {
		if status := call(change, v.Request.Body); status != 403 {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status := call(func(*http.Request) {}, strings.Replace(v.Request.Body, "hello", "hullo", 1)); status != 403 {
		t.Errorf("another body: %d", status)
	}
	now = now.Add(6 * time.Minute)
	if status := call(func(*http.Request) {}, v.Request.Body); status != 403 {
		t.Errorf("six minutes later: %d", status)
	}
}
