package clouds

import (
	"net/http"
	"net/url"
	"strings"

	"concord/agreement"
)

// Values of headers that are the same in every exchange; nobody changes them in place.
var (
	jsonValue     = []string{"application/json"}
	anyValue      = []string{"*/*"}
	streamValue   = []string{"text/event-stream"}
	identityValue = []string{"identity"}
	agentValue    = []string{"concord"}
)

// UpstreamHeader makes the headers of an exchange, without credentials. It takes from the client's headers only what is named
// in pass: whatever else a client sends (its key, hop-by-hop headers, X-Stainless-*, organization and project) says
// something about its connection to the gateway and nothing to a cloud. idHeader carries the gateway's request id.
func UpstreamHeader(c *Call, idHeader string, pass ...string) http.Header {
	h := make(http.Header, 6+len(pass))
	switch v := c.Header["Content-Type"]; {
	case len(c.Body) == 0:
	case c.Scan.Form || len(v) > 0 && isJSON(v[0]):
		h["Content-Type"] = v[:1:1]
	default:
		h["Content-Type"] = jsonValue // it was read as JSON, and no cloud shall read it as something else
	}
	switch {
	case c.Scan.Stream:
		h["Accept"] = streamValue
	case c.API() == agreement.Audio: // sound, or a transcript in the format that was asked for
		h["Accept"] = anyValue
	default:
		h["Accept"] = jsonValue
	}
	// Events are read as they come: no compression between cloud and gateway.
	h["Accept-Encoding"] = identityValue
	h["User-Agent"] = agentValue
	if c.ID != "" && idHeader != "" {
		h[http.CanonicalHeaderKey(idHeader)] = []string{c.ID}
	}
	for _, name := range pass {
		name = http.CanonicalHeaderKey(name)
		if v := c.Header[name]; len(v) > 0 {
			h[name] = v[:1:1]
		}
	}
	return h
}

func isJSON(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/json")
}

// Send makes an exchange: the call at an address, with the edited body and the headers of UpstreamHeader. A stored operation
// takes along the members of the client's query that such operations know, and no body.
func Send(c *Call, u *url.URL, edit *Edit, idHeader string, pass ...string) *Exchange {
	x := &Exchange{Method: c.Method(), URL: u, Header: UpstreamHeader(c, idHeader, pass...)}
	if !c.Op.Stored() {
		x.Body = EditBody(c, edit)
		return x
	}
	if q := storedQuery(c.Query); q != "" {
		if u.RawQuery != "" {
			q = u.RawQuery + "&" + q
		}
		u.RawQuery = q
	}
	return x
}

// storedQuery keeps what operations on stored objects know of a query, as it is written. The API version is the gateway's own
// business, and so is whatever else a client may have been told to write there.
func storedQuery(raw string) string {
	var kept []string
	for _, pair := range strings.Split(raw, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if unescaped, err := url.QueryUnescape(name); err == nil {
			name = strings.TrimSuffix(unescaped, "[]")
		}
		switch name {
		case "include", "include_obfuscation", "starting_after", "stream", "after", "before", "limit", "order":
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

// EditBody applies an edit to a call's body: the body itself where nothing changes, else a copy in the call's scratch room.
func EditBody(c *Call, e *Edit) []byte {
	if !e.Changes(&c.Scan) {
		return c.Body
	}
	dst := c.Scratch[:0]
	if dst == nil {
		dst = make([]byte, 0, len(c.Body)+128)
	}
	return e.Append(dst, c.Body, &c.Scan)
}
