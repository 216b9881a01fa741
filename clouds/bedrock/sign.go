package bedrock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"concord/clouds"
)

// Sign adds a Bedrock API key as a bearer token, or signs with an access key where the secret is a pair
// "ACCESS-KEY-ID:SECRET" or "ACCESS-KEY-ID:SECRET:SESSION-TOKEN". The signature covers the body: it must be the last step.
func (a *Adapter) Sign(ctx context.Context, t *clouds.Target, r *http.Request, body []byte) error {
	secret, err := clouds.Need(ctx, t)
	if err != nil {
		return err
	}
	id, rest, pair := strings.Cut(secret, ":")
	if !pair {
		r.Header["Authorization"] = []string{"Bearer " + secret}
		return nil
	}
	key, token, _ := strings.Cut(rest, ":")
	region := regionOf(t)
	if region == "" {
		return fmt.Errorf("sign for deployment %s: %w", t.Deployment, errNoRegion)
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	r.Header["X-Amz-Content-Sha256"] = []string{hash}
	// A length that the signer sees becomes a signed header, and the transport may send the body chunked. Headers outside
	// of the signature are free to change on the way, so that only what Amazon asks for is signed.
	length := r.ContentLength
	r.ContentLength = -1
	kept := r.Header
	r.Header = http.Header{"X-Amz-Content-Sha256": kept["X-Amz-Content-Sha256"], "Content-Type": kept["Content-Type"]}
	signer := v4.NewSigner()
	err = signer.SignHTTP(ctx, aws.Credentials{AccessKeyID: id, SecretAccessKey: key, SessionToken: token}, r, hash,
		service(t), region, a.now())
	for name, v := range r.Header {
		kept[name] = v
	}
	r.Header, r.ContentLength = kept, length
	if err != nil {
		return fmt.Errorf("sign for deployment %s: %w", t.Deployment, err)
	}
	return nil
}

var errNoRegion = errors.New("a signature needs a region: set the deployment's region")

// mantle reports whether a target is on that plane: as the configuration says, or else by its host.
func mantle(t *clouds.Target) bool {
	if t.Plane != "" {
		return t.Plane == clouds.Mantle
	}
	return strings.Contains(t.Base.Host, "bedrock-mantle")
}

func service(t *clouds.Target) string {
	if mantle(t) {
		return "bedrock-mantle"
	}
	return "bedrock"
}

// regionOf reads the region from an Amazon host ("bedrock-runtime.us-east-1.amazonaws.com"), since the signature must name
// the host's; any other host has the target's.
func regionOf(t *clouds.Target) string {
	name, rest, ok := strings.Cut(t.Base.Hostname(), ".")
	if ok && strings.HasPrefix(name, "bedrock") {
		if region, _, ok := strings.Cut(rest, "."); ok {
			return region
		}
	}
	return t.Region
}
