package credential_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"concord/clouds/credential"
)

func TestEntraGivesATokenForAnApplicationsSecret(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/my-tenant/v2.0/.well-known/openid-configuration":
			base := "https://" + r.Host + "/my-tenant"
			_ = json.NewEncoder(w).Encode(map[string]string{ // a broken answer fails the client
				"token_endpoint": base + "/oauth2/v2.0/token", "authorization_endpoint": base + "/oauth2/v2.0/authorize", "issuer": base + "/v2.0",
			})
		case "/my-tenant/oauth2/v2.0/token":
			for name, want := range map[string]string{
				"grant_type": "client_credentials", "client_id": "app", "client_secret": "s3cret",
			} {
				if got := r.FormValue(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if scope := r.FormValue("scope"); !strings.HasPrefix(scope, credential.ScopeFoundry) {
				t.Errorf("scope is %q", scope)
			}
			_, _ = w.Write([]byte(`{"token_type":"Bearer","expires_in":3599,"access_token":"jwt"}`))
		default:
			t.Errorf("asked for %s", r.URL)
		}
	}))
	defer server.Close()
	fetch, err := credential.Entra{
		Tenant: "my-tenant", ClientID: "app", Secret: "s3cret", Authority: server.URL, Scope: credential.ScopeFoundry, Client: server.Client(),
	}.Fetch()
	if err != nil {
		t.Fatal(err)
	}
	token, err := fetch(t.Context())
	if err != nil || token.Value != "jwt" || token.Expires.IsZero() {
		t.Errorf("%+v, %v", token, err)
	}
}

func TestGoogleGivesATokenForAServiceAccountsKey(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.FormValue("grant_type"); got != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
			t.Errorf("grant_type is %q", got)
		}
		if strings.Count(r.FormValue("assertion"), ".") != 2 {
			t.Errorf("assertion is %q", r.FormValue("assertion"))
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"ya29.x","expires_in":3600,"token_type":"Bearer"}`)) // a broken answer fails the client
	}))
	defer server.Close()
	fetch, err := credential.Google{KeyFile: keyFile(t, server.URL), Client: server.Client()}.Fetch()
	if err != nil {
		t.Fatal(err)
	}
	token, err := fetch(t.Context())
	if err != nil || token.Value != "ya29.x" || token.Expires.IsZero() {
		t.Errorf("%+v, %v", token, err)
	}
}

func TestGoogleWithoutAKeyAsksTheMetadataServer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/computeMetadata/v1/instance/service-accounts/default/token" || r.Header.Get("Metadata-Flavor") != "Google" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"ya29.meta","expires_in":3600,"token_type":"Bearer"}`)) // a broken answer fails the client
	}))
	defer server.Close()
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(server.URL, "http://"))
	fetch, err := credential.Google{}.Fetch()
	if err != nil {
		t.Fatal(err)
	}
	if token, err := fetch(t.Context()); err != nil || token.Value != "ya29.meta" {
		t.Errorf("%+v, %v", token, err)
	}
}

func TestAKeyFileThatIsNoneIsRefusedWithoutPrintingIt(t *testing.T) {
	_, err := credential.Google{KeyFile: []byte(`{"type":"service_account","private_key":"hush"`)}.Fetch()
	if err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "client_email") {
		t.Error(err)
	}
}

func TestAWSTakesKeysFromItsChain(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "session")
	fetch, err := credential.AWS{Region: "us-east-1"}.Fetch()
	if err != nil {
		t.Fatal(err)
	}
	token, err := fetch(t.Context())
	if err != nil || token.Value != "AKIDEXAMPLE:secret:session" {
		t.Errorf("%+v, %v", token, err)
	}
}

// keyFile makes the key file of a service account whose tokens come from tokenURI.
func keyFile(t *testing.T, tokenURI string) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "gateway@project.iam.gserviceaccount.com", "token_uri": tokenURI,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "private_key_id": "1",
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
