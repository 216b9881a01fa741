package credential

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// AWS says how to get session keys: by the SDK's own chain, which is environment, shared files, web identity, and the
// metadata services of containers and machines.
type AWS struct {
	Profile string // of the shared files; empty = the chain's choice
	Region  string // of the services that issue session keys
}

// Fetch returns what gets keys, in the form that the adapter of Bedrock signs with: "ID:SECRET" or "ID:SECRET:SESSION".
func (a AWS) Fetch() (Fetch, error) {
	var provider aws.CredentialsProvider
	return func(ctx context.Context) (Token, error) {
		if provider == nil {
			options := []func(*config.LoadOptions) error{config.WithCredentialsCacheOptions(func(o *aws.CredentialsCacheOptions) {
				o.ExpiryWindow = ahead // or the cache gives out what a renewal wants to replace
			})}
			if a.Profile != "" {
				options = append(options, config.WithSharedConfigProfile(a.Profile))
			}
			if a.Region != "" {
				options = append(options, config.WithRegion(a.Region))
			}
			loaded, err := config.LoadDefaultConfig(ctx, options...)
			if err != nil {
				return Token{}, fmt.Errorf("configuration of AWS: %w", err)
			}
			provider = loaded.Credentials
		}
		keys, err := provider.Retrieve(ctx)
		if err != nil {
			return Token{}, fmt.Errorf("credentials of AWS: %w", err)
		}
		t := Token{Value: keys.AccessKeyID + ":" + keys.SecretAccessKey}
		if keys.SessionToken != "" {
			t.Value += ":" + keys.SessionToken
		}
		if keys.CanExpire {
			t.Expires = keys.Expires
		}
		return t, nil
	}, nil
}
