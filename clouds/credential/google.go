package credential

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
)

const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

// Google says how to get an access token of Google Cloud: with a service account's key file, or, without one, from the
// metadata server of the machine (GCE_METADATA_HOST names another).
type Google struct {
	KeyFile []byte       // JSON of a service account; empty = the metadata server
	Client  *http.Client // nil = the default
}

// Fetch returns what gets tokens; an error says what is wrong with the key file.
func (g Google) Fetch() (Fetch, error) {
	if len(g.KeyFile) == 0 {
		from := google.ComputeTokenSource("", cloudPlatform)
		return func(context.Context) (Token, error) { return googleToken(from, "the metadata server") }, nil
	}
	config, err := google.JWTConfigFromJSON(g.KeyFile, cloudPlatform)
	if err != nil {
		return nil, errors.New("credential of Google: the file is no key of a service account: it needs type service_account, client_email, private_key and token_uri")
	}
	return func(ctx context.Context) (Token, error) {
		if g.Client != nil {
			ctx = context.WithValue(ctx, oauth2.HTTPClient, g.Client)
		}
		return googleToken(config.TokenSource(ctx), config.Email)
	}, nil
}

func googleToken(from oauth2.TokenSource, who string) (Token, error) {
	t, err := from.Token()
	if err != nil {
		return Token{}, fmt.Errorf("token of Google for %s: %w", who, err)
	}
	return Token{Value: t.AccessToken, Expires: t.Expiry}, nil
}
