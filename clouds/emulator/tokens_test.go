package emulator_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"

	"concord/clouds/emulator"
)

const tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"

func TestEntraIDsOwnLibraryGetsInWithASecret(t *testing.T) {
	t.Parallel()
	e, err := emulator.New(emulator.Config{Cloud: "azure", Models: []emulator.Model{{Name: "gpt-5.4"}},
		Identities: []emulator.Identity{{Account: "contoso", Tenant: tenant, ClientID: "app", Secret: "s3cret"}, {Tenant: tenant, ClientID: "guest", Secret: "s3cret", Denied: true}}})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewTLSServer(e)
	t.Cleanup(s.Close)
	for name, want := range map[string]struct {
		client, secret string
		status         int
	}{
		"known":            {"app", "s3cret", 200},
		"wrong":            {"app", "guess", 0},
		"unknown":          {"other", "s3cret", 0},
		"without the role": {"guest", "s3cret", 401},
	} {
		t.Run(name, func(t *testing.T) {
			credential, err := azidentity.NewClientSecretCredential(tenant, want.client, want.secret, &azidentity.ClientSecretCredentialOptions{
				ClientOptions: azcore.ClientOptions{Transport: s.Client(), Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: s.URL}}, DisableInstanceDiscovery: true})
			if err != nil {
				t.Fatal(err)
			}
			client := openai.NewClient(azure.WithEndpoint(s.URL, "2024-10-21"), azure.WithTokenCredential(credential), option.WithHTTPClient(s.Client()), option.WithMaxRetries(0))
			_, err = client.Chat.Completions.New(t.Context(), ask("hello [reply 1 tokens]"))
			if want.status == 200 && err != nil || want.status == 401 && !isStatus(err, 401) || want.status == 0 && (err == nil || isStatus(err, 401)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// token asks a token endpoint.
func token(t *testing.T, r *http.Request) (status int, value string) {
	t.Helper()
	status, _, body := do(t, r)
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return status, answer.Token
}

func get(t *testing.T, address, name, value string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if name != "" {
		r.Header.Set(name, value)
	}
	return r
}

func TestATokenIsForOneAudienceAndEnds(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	_, s := serve(t, emulator.Config{Cloud: "azure", Models: []emulator.Model{{Name: "m"}}, Now: func() time.Time { return now },
		Identities: []emulator.Identity{{Account: "contoso", Machine: true}}})
	machine := s.URL + "/metadata/identity/oauth2/token?api-version=2018-02-01&resource="
	if status, _ := token(t, get(t, machine+"https://cognitiveservices.azure.com", "", "")); status != 400 {
		t.Errorf("without the header Metadata: %d", status)
	}
	call := func(value string) int {
		status, _, _ := post(t, s.URL+"/openai/deployments/m/chat/completions?api-version=2024-10-21", "Authorization: Bearer "+value, `{"messages":[{"role":"user","content":"hello"}]}`)
		return status
	}
	_, right := token(t, get(t, machine+"https://cognitiveservices.azure.com/", "Metadata", "true"))
	_, other := token(t, get(t, machine+"https://management.azure.com/", "Metadata", "true"))
	if call(right) != 200 || call(other) != 401 || call(right+"x") != 401 {
		t.Errorf("right %d, other audience %d, changed %d", call(right), call(other), call(right+"x"))
	}
	now = now.Add(61 * time.Minute)
	if status := call(right); status != 401 {
		t.Errorf("after its end: %d", status)
	}
}

func TestGoogleGivesTokensForSignedStatements(t *testing.T) {
	t.Parallel()
	signer, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&signer.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	_, s := serve(t, emulator.Config{Cloud: "gcp", Models: []emulator.Model{{Name: "openai/gpt-oss-120b-maas"}}, Identities: []emulator.Identity{
		{Account: "acme", ClientID: "robot@acme.iam.gserviceaccount.com", PublicKey: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})},
		{Account: "machine", ClientID: "vm@acme.iam.gserviceaccount.com", Machine: true}}})
	now := time.Now().Unix()
	good := map[string]any{"iss": "robot@acme.iam.gserviceaccount.com", "aud": s.URL + "/token", "scope": "https://www.googleapis.com/auth/cloud-platform", "iat": now, "exp": now + 3600}
	for name, change := range map[string]map[string]any{
		"good": {}, "other audience": {"aud": "https://example.com"}, "ended": {"exp": now - 1}, "too long": {"exp": now + 7200}, "other scope": {"scope": "email"}, "unknown": {"iss": "x"},
	} {
		t.Run(name, func(t *testing.T) {
			claims := map[string]any{}
			for k, v := range good {
				claims[k] = v
			}
			for k, v := range change {
				claims[k] = v
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/token", strings.NewReader(url.Values{
				"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {sign(t, signer, claims)}}.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			status, value := token(t, r)
			if name != "good" {
				if status != 400 || value != "" {
					t.Errorf("%d %s", status, value)
				}
				return
			}
			vertexTakes(t, s.URL, value)
		})
	}
	status, value := token(t, get(t, s.URL+"/computeMetadata/v1/instance/service-accounts/default/token", "Metadata-Flavor", "Google"))
	if status != 200 {
		t.Fatal(status)
	}
	vertexTakes(t, s.URL, value)
	if status, _ := token(t, get(t, s.URL+"/computeMetadata/v1/instance/service-accounts/default/token", "", "")); status != 403 {
		t.Errorf("without the header Metadata-Flavor: %d", status)
	}
}

func vertexTakes(t *testing.T, base, value string) {
	t.Helper()
	status, _, body := post(t, base+"/v1/projects/acme/locations/global/endpoints/openapi/chat/completions", "Authorization: Bearer "+value,
		strings.Replace(hello, "%", "openai/gpt-oss-120b-maas", 1)+"}")
	if status != 200 {
		t.Errorf("%d %s", status, body)
	}
}

func sign(t *testing.T, key *rsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}
