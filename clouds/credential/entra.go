package credential

import (
	"context"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Scopes of Azure OpenAI: of classic hosts, and of Foundry's.
const (
	ScopeCognitive = "https://cognitiveservices.azure.com/.default"
	ScopeFoundry   = "https://ai.azure.com/.default"
)

// Entra says how to get a token of Microsoft Entra ID.
type Entra struct {
	Tenant    string       // empty for a managed identity
	ClientID  string       // application, or user-assigned identity
	Secret    string       // of the application; empty = workload identity or managed identity
	TokenFile string       // of workload identity: the federated token, read anew each time
	Managed   bool         // the machine's own identity
	Authority string       // "https://login.microsoftonline.com" if empty
	Scope     string       // ScopeCognitive if empty
	Client    *http.Client // nil = the library's
}

// Fetch returns what gets tokens; an error says what is missing.
func (e Entra) Fetch() (Fetch, error) {
	options := azcore.ClientOptions{}
	if e.Client != nil {
		options.Transport = e.Client
	}
	custom := e.Authority != ""
	if custom {
		options.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: e.Authority}
	}
	var from azcore.TokenCredential
	var err error
	switch {
	case e.Managed:
		o := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		if e.ClientID != "" {
			o.ID = azidentity.ClientID(e.ClientID)
		}
		from, err = azidentity.NewManagedIdentityCredential(o)
	case e.Secret != "":
		from, err = azidentity.NewClientSecretCredential(e.Tenant, e.ClientID, e.Secret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: custom,
		})
	default:
		from, err = azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: options, TenantID: e.Tenant, ClientID: e.ClientID, TokenFilePath: e.TokenFile, DisableInstanceDiscovery: custom,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("credential of Entra ID: %w", err)
	}
	scope := e.Scope
	if scope == "" {
		scope = ScopeCognitive
	}
	return func(ctx context.Context) (Token, error) {
		t, err := from.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
		if err != nil {
			return Token{}, fmt.Errorf("token of Entra ID for %s: %w", scope, err)
		}
		return Token{Value: t.Token, Expires: t.ExpiresOn}, nil
	}, nil
}
