package gateway

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// TransportSettings tune the way to the clouds; zero fields take the defaults.
type TransportSettings struct {
	Connect     time.Duration // default 5 s, TLS handshake included twice over
	IdlePerHost int           // connections kept open to one host (default 512)
	IdleFor     time.Duration // how long (default 90 s)
	TLS         *tls.Config   // nil = the system's roots
}

// NewTransport returns the transport for the clouds: HTTP/1.1 with connections kept open, no compression asked for (usage is
// read from the bytes that pass), no redirect followed.
func NewTransport(s TransportSettings) *http.Transport {
	if s.Connect == 0 {
		s.Connect = 5 * time.Second
	}
	if s.IdlePerHost == 0 {
		s.IdlePerHost = 512
	}
	if s.IdleFor == 0 {
		s.IdleFor = 90 * time.Second
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: s.Connect, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     s.TLS,
		TLSHandshakeTimeout: s.Connect,
		MaxIdleConnsPerHost: s.IdlePerHost,
		IdleConnTimeout:     s.IdleFor,
		DisableCompression:  true,
		Protocols:           protocols,
	}
}
