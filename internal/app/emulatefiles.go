package app

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"

	"concord/clouds/emulator"
)

// LoadEmulatorPrices reads the list that an emulated cloud bills by; no path is no list.
func LoadEmulatorPrices(path string) (emulator.Prices, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the emulated cloud's prices: %w", err)
	}
	defer file.Close()
	prices, err := emulator.ParsePrices(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return prices, nil
}

// ServeTLS puts TLS on a listener.
func ServeTLS(l net.Listener, certificate, key string) (net.Listener, error) {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("read the certificate and its key: %w", err)
	}
	return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}), nil
}
