package gateway

import (
	"net/http"
	"strings"

	"concord/agreement"
)

type customer = agreement.Customer

// authenticate finds the key of a request: "Authorization: Bearer KEY", or "api-key: KEY" as Azure clients send it. Only its
// hash is compared, so that the time that it takes says nothing about other keys.
func (o *offer) authenticate(h http.Header) (*Key, bool) {
	presented := ""
	if v := h["Authorization"]; len(v) > 0 {
		if scheme, rest, ok := strings.Cut(v[0], " "); ok && strings.EqualFold(scheme, "bearer") {
			presented = strings.TrimSpace(rest)
		}
	} else if v := h["Api-Key"]; len(v) > 0 {
		presented = v[0]
	}
	key, ok := o.keys[HashKey(presented)]
	return key, ok && presented != ""
}
