package emulator

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	googlePrefix = "ya29.c."
	googleScope  = "https://www.googleapis.com/auth/cloud-platform"
)

// claims are what a token says. Only this cloud reads them.
type claims struct {
	Audience string `json:"aud"`
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Tenant   string `json:"tid,omitempty"`
	Expires  int64  `json:"exp"`
	Issued   int64  `json:"iat"`
	Account  string `json:"account"`
	Denied   bool   `json:"denied,omitempty"`
}

var base64URL = base64.RawURLEncoding

func checkIdentities(c *Config) error {
	for i, id := range c.Identities {
		if c.Cloud != "azure" && c.Cloud != "gcp" {
			return fmt.Errorf("emulate %s: identity %d: only azure and gcp have tokens", c.Cloud, i+1)
		}
		if len(id.PublicKey) > 0 {
			if _, err := publicKey(id.PublicKey); err != nil {
				return fmt.Errorf("emulate %s: identity %d: %w", c.Cloud, i+1, err)
			}
		}
	}
	return nil
}

func publicKey(text []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("read the public key: it is no PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the public key: %w", err)
	}
	rsaKey, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("read the public key: it is not of RSA")
	}
	return rsaKey, nil
}

// issue makes a token.
func (e *Emulator) issue(id *Identity, subject, audience, issuer string) (token string, life time.Duration) {
	life = id.Life
	if life == 0 {
		life = time.Hour
	}
	now := e.config.Now()
	body, err := json.Marshal(claims{Audience: audience, Issuer: issuer, Subject: subject, Tenant: id.Tenant, Issued: now.Unix(),
		Expires: now.Add(life).Unix(), Account: id.Account, Denied: id.Denied})
	if err != nil {
		panic(err) // texts and numbers always marshal
	}
	signed := base64URL.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64URL.EncodeToString(body)
	return signed + "." + base64URL.EncodeToString(e.seal(signed)), life
}

func (e *Emulator) seal(text string) []byte {
	mac := hmac.New(sha256.New, e.signing[:])
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// readToken reads a token that this cloud made.
func (e *Emulator) readToken(token string) (c claims, ok bool) {
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 {
		return c, false
	}
	mac, err := base64URL.DecodeString(token[dot+1:])
	if err != nil || !hmac.Equal(mac, e.seal(token[:dot])) {
		return c, false
	}
	_, body, _ := strings.Cut(token[:dot], ".")
	raw, err := base64URL.DecodeString(body)
	return c, err == nil && json.Unmarshal(raw, &c) == nil
}

// tokenEndpoint answers what the cloud's own services of identity answer; false if the path is none of theirs.
func (e *Emulator) tokenEndpoint(x *exchange, body []byte) bool {
	if len(e.config.Identities) == 0 {
		return false
	}
	path := x.r.URL.Path
	switch {
	case e.config.Cloud == "azure" && strings.HasSuffix(path, "/oauth2/v2.0/token"):
		x.entraToken(body, strings.Trim(strings.TrimSuffix(path, "/oauth2/v2.0/token"), "/"))
	case e.config.Cloud == "azure" && strings.HasSuffix(path, "/v2.0/.well-known/openid-configuration"):
		x.entraDiscovery(strings.Trim(strings.TrimSuffix(path, "/v2.0/.well-known/openid-configuration"), "/"))
	case e.config.Cloud == "azure" && path == "/metadata/identity/oauth2/token":
		x.machineEntra()
	case e.config.Cloud == "gcp" && path == "/token":
		x.googleToken(body)
	case e.config.Cloud == "gcp" && strings.HasPrefix(path, "/computeMetadata/v1"):
		x.machineGoogle(strings.TrimPrefix(path, "/computeMetadata/v1"))
	default:
		return false
	}
	x.served.Operation = "token"
	return true
}

func (x *exchange) origin() string {
	if x.r.TLS != nil {
		return "https://" + x.r.Host
	}
	return "http://" + x.r.Host
}

func (x *exchange) plain(status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers always marshal
	}
	x.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	x.served.Status, x.served.FirstByte = status, x.e.config.Now()
	x.w.WriteHeader(status)
	_, err = x.w.Write(b)
	x.served.Complete = err == nil
}

func (x *exchange) entraDiscovery(tenant string) {
	base := x.origin() + "/" + tenant
	x.plain(http.StatusOK, map[string]any{"issuer": base + "/v2.0", "token_endpoint": base + "/oauth2/v2.0/token",
		"authorization_endpoint": base + "/oauth2/v2.0/authorize", "jwks_uri": base + "/discovery/v2.0/keys"})
}

// entraToken gives an application a token for its secret or for the token of its workload.
func (x *exchange) entraToken(body []byte, tenant string) {
	form, err := url.ParseQuery(string(body))
	refuse := func(status int, code, message string) {
		x.plain(status, map[string]any{"error": code, "error_description": message, "error_codes": []int{}, "trace_id": x.e.uuid(), "correlation_id": x.e.uuid()})
	}
	if x.r.Method != http.MethodPost || err != nil || form.Get("grant_type") != "client_credentials" {
		refuse(http.StatusBadRequest, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")
		return
	}
	i := slices.IndexFunc(x.e.config.Identities, func(id Identity) bool { return id.ClientID == form.Get("client_id") && !id.Machine })
	if i < 0 || x.e.config.Identities[i].Tenant != tenant {
		refuse(http.StatusBadRequest, "unauthorized_client", "AADSTS700016: Application with identifier '"+form.Get("client_id")+"' was not found in the directory '"+tenant+"'.")
		return
	}
	id := &x.e.config.Identities[i]
	assertion := form.Get("client_assertion")
	switch {
	case assertion != "":
		if assertion != id.Assertion || form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
			refuse(http.StatusUnauthorized, "invalid_client", "AADSTS700213: No matching federated identity record found for presented assertion.")
			return
		}
	case id.Secret == "" || form.Get("client_secret") != id.Secret:
		refuse(http.StatusUnauthorized, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
		return
	}
	audience, ok := audienceOf(form.Get("scope"))
	if !ok {
		refuse(http.StatusBadRequest, "invalid_scope", "AADSTS1002012: The provided value for scope "+form.Get("scope")+" is not valid. Client credential flows must have a "+
			"scope value with /.default suffixed to the resource identifier.")
		return
	}
	token, life := x.e.issue(id, id.ClientID, audience, x.origin()+"/"+tenant+"/v2.0")
	x.plain(http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": int64(life.Seconds()), "ext_expires_in": int64(life.Seconds()), "access_token": token})
}

// audienceOf finds the resource among the scopes; a library may add its own.
func audienceOf(scopes string) (string, bool) {
	for scope := range strings.FieldsSeq(scopes) {
		if resource, ok := strings.CutSuffix(scope, "/.default"); ok {
			return strings.TrimSuffix(resource, "/"), true
		}
	}
	return "", false
}

// machineEntra is the metadata service of a machine on Azure.
func (x *exchange) machineEntra() {
	query := x.r.URL.Query()
	i := slices.IndexFunc(x.e.config.Identities, func(id Identity) bool {
		return id.Machine && (query.Get("client_id") == "" || query.Get("client_id") == id.ClientID)
	})
	switch {
	case x.r.Header.Get("Metadata") != "true":
		x.plain(http.StatusBadRequest, map[string]any{"error": "invalid_request", "error_description": "Required metadata header not specified"})
		return
	case query.Get("api-version") < "2018-02-01" || query.Get("resource") == "":
		x.plain(http.StatusBadRequest, map[string]any{"error": "invalid_request", "error_description": "Required audience parameter not specified"})
		return
	case i < 0:
		x.plain(http.StatusBadRequest, map[string]any{"error": "invalid_request", "error_description": "Identity not found"})
		return
	}
	id := &x.e.config.Identities[i]
	token, life := x.e.issue(id, id.ClientID, strings.TrimSuffix(query.Get("resource"), "/"), x.origin()+"/"+id.Tenant+"/v2.0")
	x.plain(http.StatusOK, map[string]any{"access_token": token, "client_id": id.ClientID, "expires_in": fmt.Sprint(int64(life.Seconds())),
		"expires_on": fmt.Sprint(x.e.config.Now().Add(life).Unix()), "resource": query.Get("resource"), "token_type": "Bearer"})
}

// googleToken gives a service account a token for a statement that it signed.
func (x *exchange) googleToken(body []byte) {
	form, err := url.ParseQuery(string(body))
	if err != nil || x.r.Method != http.MethodPost || form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		x.plain(http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type", "error_description": "Invalid grant_type: " + form.Get("grant_type")})
		return
	}
	id, subject, problem := x.assertion(form.Get("assertion"))
	if problem != "" {
		x.plain(http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": problem})
		return
	}
	token, life := x.e.issue(id, subject, googleScope, "https://accounts.google.com")
	x.plain(http.StatusOK, map[string]any{"access_token": googlePrefix + token, "expires_in": int64(life.Seconds()), "token_type": "Bearer"})
}

// assertion checks a signed statement: who made it, for whom, and that it is of now.
func (x *exchange) assertion(jwt string) (id *Identity, subject, problem string) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return nil, "", "Invalid JWT: it has not three parts."
	}
	var header struct{ Alg string }
	var c struct {
		Iss, Aud, Scope string
		Iat, Exp        int64
	}
	for i, into := range []any{&header, &c} {
		raw, err := base64URL.DecodeString(parts[i])
		if err != nil || json.Unmarshal(raw, into) != nil {
			return nil, "", "Invalid JWT: it cannot be read."
		}
	}
	signature, err := base64URL.DecodeString(parts[2])
	i := slices.IndexFunc(x.e.config.Identities, func(id Identity) bool { return id.ClientID == c.Iss && len(id.PublicKey) > 0 })
	if err != nil || i < 0 || header.Alg != "RS256" {
		return nil, "", "Invalid grant: account not found"
	}
	id = &x.e.config.Identities[i]
	key, err := publicKey(id.PublicKey)
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) != nil {
		return nil, "", "Invalid JWT Signature."
	}
	now := x.e.config.Now().Unix()
	switch {
	case c.Aud != "https://oauth2.googleapis.com/token" && c.Aud != x.origin()+"/token":
		return nil, "", "Invalid JWT: Failed audience check."
	case c.Exp <= now || c.Iat > now+300 || c.Exp-c.Iat > 3600+300:
		return nil, "", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."
	case !slices.Contains(strings.Fields(c.Scope), googleScope):
		return nil, "", "Invalid scope: " + c.Scope
	}
	return id, c.Iss, ""
}

// machineGoogle is the metadata server of a machine on Google Cloud.
func (x *exchange) machineGoogle(path string) {
	x.w.Header().Set("Metadata-Flavor", "Google")
	i := slices.IndexFunc(x.e.config.Identities, func(id Identity) bool { return id.Machine })
	if x.r.Header.Get("Metadata-Flavor") != "Google" {
		x.plain(http.StatusForbidden, map[string]any{"error": "Missing Metadata-Flavor:Google header."})
		return
	}
	name, what, ok := strings.Cut(strings.TrimPrefix(path, "/instance/service-accounts/"), "/")
	if i < 0 || !ok || what != "token" || name != "default" && name != x.e.config.Identities[i].ClientID {
		x.plain(http.StatusNotFound, map[string]any{"error": "not found"})
		return
	}
	id := &x.e.config.Identities[i]
	token, life := x.e.issue(id, id.ClientID, googleScope, "https://accounts.google.com")
	x.plain(http.StatusOK, map[string]any{"access_token": googlePrefix + token, "expires_in": int64(life.Seconds()), "token_type": "Bearer"})
}
