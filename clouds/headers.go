package clouds

import "net/http"

// Values of headers that are the same in every exchange; nobody changes them in place.
var (
	jsonValue     = []string{"application/json"}
	streamValue   = []string{"text/event-stream"}
	identityValue = []string{"identity"}
	agentValue    = []string{"concord"}
)

// UpstreamHeader makes the headers of an exchange, without credentials. It takes from the client's headers only what is named
// in pass: whatever else a client sends (its key, hop-by-hop headers, X-Stainless-*, organization and project) says
// something about its connection to the gateway and nothing to a cloud. idHeader carries the gateway's request id.
func UpstreamHeader(c *Call, idHeader string, pass ...string) http.Header {
	h := make(http.Header, 6+len(pass))
	h["Content-Type"] = jsonValue
	if v := c.Header["Content-Type"]; len(v) > 0 && v[0] != "" {
		h["Content-Type"] = v[:1:1]
	}
	h["Accept"] = jsonValue
	if c.Scan.Stream {
		h["Accept"] = streamValue
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
