package app

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"concord/clouds"
	"concord/clouds/credential"
)

// auth says how the credential of an account is got where it is not a fixed key.
type auth struct {
	Kind      text `yaml:"kind"`
	Tenant    text `yaml:"tenant"`
	ClientID  text `yaml:"client_id"`
	TokenFile text `yaml:"token_file"`
	Authority text `yaml:"authority"`
	Scope     text `yaml:"scope"`
	Profile   text `yaml:"profile"`
}

// The ways to get a credential that ends.
const (
	entraSecret   = "entra-secret"
	entraWorkload = "entra-workload"
	entraManaged  = "entra-managed"
	googleKey     = "google-service-account"
	googleMachine = "google-metadata"
	awsChain      = "aws-chain"
)

// waysOf lists the ways that a cloud takes; none = a key only.
func waysOf(cloud string) []string {
	switch cloud {
	case "azure":
		return []string{entraSecret, entraWorkload, entraManaged}
	case "gcp":
		return []string{googleKey, googleMachine}
	case "aws":
		return []string{awsChain}
	}
	return nil
}

// credential fills in what opens an account: a fixed secret, or a source of credentials that end.
func (l *loader) credential(id string, a account, t *clouds.Target) {
	kind := a.Auth.Kind
	ways := waysOf(a.Cloud.Value)
	switch {
	case !kind.Given():
		t.Secret = l.secret(id, a.Secret, t.Base)
		return
	case !slices.Contains(ways, kind.Value):
		remedy := "leave auth out and give a secret: a key is all that this cloud takes"
		if len(ways) > 0 {
			remedy = "use one of: " + strings.Join(ways, ", ") + "; or leave auth out and give a key as secret"
		}
		l.reject("config-auth", kind, remedy, "account %s on %s has auth kind %q", id, a.Cloud.Value, kind.Value)
		return
	}
	secret := ""
	if kind.Value == entraSecret || kind.Value == googleKey {
		secret = l.secret(id, a.Secret, t.Base).Reveal()
		if secret == "" {
			return // said so
		}
	}
	for _, need := range l.needs(a.Auth) {
		if !need.value.Given() {
			l.reject("config-auth", kind, "add "+need.name+": to auth", "account %s: auth %s has no %s", id, kind.Value, need.name)
			return
		}
	}
	if authority := a.Auth.Authority; authority.Given() {
		if u, err := url.Parse(authority.Value); err != nil || u.Scheme != "https" || u.Host == "" {
			l.reject("config-auth", authority, "write a URL such as https://login.microsoftonline.com", "account %s has authority %q", id, authority.Value)
			return
		}
	}
	fetch, err := a.fetch(secret)
	if err != nil {
		l.reject("config-auth", kind, "check what auth says", "account %s: %v", id, err)
		return
	}
	t.Auth = fmt.Sprintf("%q", []string{kind.Value, a.Auth.Tenant.Value, a.Auth.ClientID.Value, a.Auth.TokenFile.Value, a.Auth.Authority.Value, a.Auth.Scope.Value, a.Auth.Profile.Value})
	t.Secret = clouds.NewSecret(secret) // so that another one is seen as a change
	t.Tokens = credential.NewSource(fetch, time.Now)
}

type need struct {
	name  string
	value text
}

// needs lists what a way cannot do without. A workload identity takes the rest from the environment that Azure sets.
func (l *loader) needs(a auth) []need {
	if a.Kind.Value == entraSecret {
		return []need{{"tenant", a.Tenant}, {"client_id", a.ClientID}}
	}
	return nil
}

func (a *account) fetch(secret string) (credential.Fetch, error) {
	switch a.Auth.Kind.Value {
	case googleKey:
		return credential.Google{KeyFile: []byte(secret)}.Fetch()
	case googleMachine:
		return credential.Google{}.Fetch()
	case awsChain:
		return credential.AWS{Profile: a.Auth.Profile.Value, Region: a.Region.Value}.Fetch()
	}
	scope := a.Auth.Scope.Value
	if scope == "" && strings.Contains(a.Endpoint.Value, ".services.ai.azure.com") {
		scope = credential.ScopeFoundry
	}
	return credential.Entra{
		Tenant: a.Auth.Tenant.Value, ClientID: a.Auth.ClientID.Value, Secret: secret, TokenFile: a.Auth.TokenFile.Value,
		Managed: a.Auth.Kind.Value == entraManaged, Authority: a.Auth.Authority.Value, Scope: scope,
	}.Fetch()
}
