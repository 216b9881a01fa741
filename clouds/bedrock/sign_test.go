package bedrock_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"concord/clouds"
	"concord/clouds/bedrock"
)

// vector is the SDKs' common test vector.
type vector struct {
	SigningDate time.Time
	Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }
	Request     struct{ Method, URL, Body, ContentType string }
	Expected    struct{ Authorization, Date, PayloadHash string }
}

func TestSignatureEqualsTheOfficialVector(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/sigv4.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vector
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(v.Request.URL)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), v.Request.Method, v.Request.URL, bytes.NewReader([]byte(v.Request.Body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", v.Request.ContentType)
	r.Header.Set("User-Agent", "changes on the way and must not be signed")
	secret := v.Credentials.AccessKeyID + ":" + v.Credentials.SecretAccessKey + ":" + v.Credentials.SessionToken
	a := bedrock.NewAt(func() time.Time { return v.SigningDate })

	if err := a.Sign(t.Context(), &clouds.Target{Base: u, Secret: clouds.NewSecret(secret)}, r, []byte(v.Request.Body)); err != nil {
		t.Fatal(err)
	}

	for name, want := range map[string]string{"Authorization": v.Expected.Authorization, "X-Amz-Date": v.Expected.Date,
		"X-Amz-Content-Sha256": v.Expected.PayloadHash, "X-Amz-Security-Token": v.Credentials.SessionToken} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s\n got %s\nwant %s", name, got, want)
		}
	}
	if r.ContentLength != int64(len(v.Request.Body)) {
		t.Errorf("content length is %d after signing", r.ContentLength)
	}
}

func TestSigningWithoutARegionSaysSo(t *testing.T) {
	t.Parallel()
	r, err := http.NewRequestWithContext(t.Context(), "POST", "http://localhost/openai/v1/chat/completions", nil)
	if err != nil {
		t.Fatal(err)
	}
	target := &clouds.Target{Deployment: "amazon-aws", Base: r.URL, Secret: clouds.NewSecret("AKID:secret")}
	err = bedrock.New().Sign(t.Context(), target, r, nil)
	if err == nil || err.Error() != "sign for deployment amazon-aws: a signature needs a region: set the deployment's region" {
		t.Errorf("got %v", err)
	}
}
