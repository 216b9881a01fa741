package app

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"slices"

	"concord/clouds"
	"concord/clouds/behaviour"
	"concord/clouds/emulator"
)

// EmulatorOptions are how an emulated cloud behaves.
type EmulatorOptions struct {
	Speed          float64 // divides latencies and Retry-After; 0 = no waiting at all
	TokensPerChunk int
	Seed           uint64
	Plane          string // aws: runtime or mantle; "" = as the accounts say, all of them the same
	AsyncFilter    bool   // azure: its content filter runs beside the stream
	Limits         emulator.Limits
	Faults         behaviour.Faults
	Observe        func(emulator.Served)
}

// NewEmulator makes the emulated cloud that a configuration expects: the models that its deployments there name, and the
// secrets of its accounts there.
func NewEmulator(c *Config, cloud string, o EmulatorOptions) (*emulator.Emulator, error) {
	config := emulator.Config{
		Cloud: cloud, Accounts: map[string]string{}, Plane: o.Plane, AsyncFilter: o.AsyncFilter, Limits: o.Limits, Speed: o.Speed, TokensPerChunk: o.TokensPerChunk, Seed: o.Seed, Faults: o.Faults, Observe: o.Observe,
	}
	for i := range c.Targets {
		t, product := &c.Targets[i], c.Catalog.Deployments[i].Product
		if t.Cloud != cloud || o.Plane != "" && t.Plane != "" && t.Plane != o.Plane {
			continue
		}
		if err := admitAccount(&config, t); err != nil {
			return nil, fmt.Errorf("emulate %s: account %s: %w", cloud, t.Account, err)
		}
		if !slices.ContainsFunc(config.Models, func(m emulator.Model) bool { return m.Name == t.Model }) {
			config.Models = append(config.Models, emulator.Model{Name: t.Model, Serve: path.Base(product)})
		}
		if t.APIVersion != "" && !slices.Contains(config.APIVersions, t.APIVersion) {
			config.APIVersions = append(config.APIVersions, t.APIVersion)
		}
		if o.Plane == "" && t.Plane != "" {
			if config.Plane != "" && config.Plane != t.Plane {
				return nil, fmt.Errorf("%s has accounts on both planes of Bedrock, and an emulated cloud is one of them\n  name it: --plane runtime or --plane mantle", c.File)
			}
			config.Plane = t.Plane
		}
		if t.Project != "" {
			config.Project = t.Project
		}
		config.Region = t.Region
	}
	if !slices.Contains(emulator.Clouds(), cloud) {
		return nil, fmt.Errorf("there is no emulated cloud %q\n  use one of: %s", cloud, joinWords(emulator.Clouds()))
	}
	if len(config.Models) == 0 {
		return nil, fmt.Errorf("%s has no deployment on %s, so that there is nothing to emulate\n  add an account and a deployment on it", c.File, cloud)
	}
	return emulator.New(config)
}

// admitAccount lets the emulated cloud know who an account is: by its key, or by what gets it a token.
func admitAccount(c *emulator.Config, t *clouds.Target) error {
	key := t.Secret.Reveal()
	if t.Auth == "" {
		if !slices.Contains(c.Keys, key) {
			c.Keys = append(c.Keys, key)
			c.Accounts[key] = t.Account
		}
		return nil
	}
	var kind, tenant, client, file, authority, scope, profile string // as credential writes them
	if _, err := fmt.Sscanf(t.Auth, "[%q %q %q %q %q %q %q]", &kind, &tenant, &client, &file, &authority, &scope, &profile); err != nil {
		return fmt.Errorf("read how its credential is got: %w", err)
	}
	id := emulator.Identity{Account: t.Account, Tenant: tenant, ClientID: client}
	switch kind {
	case entraSecret:
		id.Secret = key
	case entraManaged, googleMachine:
		id.Machine = true
	case entraWorkload:
		assertion, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the workload's token: %w", err)
		}
		id.Assertion = string(assertion)
	case googleKey:
		var err error
		if id.ClientID, id.PublicKey, err = serviceAccount([]byte(key)); err != nil {
			return err
		}
	default:
		return fmt.Errorf("an emulated cloud does not know credentials of the kind %s\n  give the account a key as its secret", kind)
	}
	if !slices.ContainsFunc(c.Identities, func(o emulator.Identity) bool { return o.Account == id.Account }) {
		c.Identities = append(c.Identities, id)
	}
	return nil
}

// serviceAccount reads a key file of Google: the account's address, and the public half of its key.
func serviceAccount(file []byte) (address string, public []byte, err error) {
	var doc struct {
		Email string `json:"client_email"`
		Key   string `json:"private_key"`
	}
	if err := json.Unmarshal(file, &doc); err != nil {
		return "", nil, fmt.Errorf("read the service account's key file: %w", err)
	}
	block, _ := pem.Decode([]byte(doc.Key))
	if block == nil {
		return "", nil, errors.New("the service account's key file has no private key")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "", nil, fmt.Errorf("read the service account's private key: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return "", nil, errors.New("the service account's private key cannot sign")
	}
	der, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return "", nil, fmt.Errorf("write the service account's public key: %w", err)
	}
	return doc.Email, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// largestFaults bounds a document of faults that comes over HTTP.
const largestFaults = 1 << 20

// LiveFaults serves an emulated cloud and, beside it, /emulator/faults: PUT a faults file to put others in force, DELETE to heal
// the cloud. Times and requests of faults count since the cloud started.
func LiveFaults(e *emulator.Emulator) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/emulator/faults" {
			e.ServeHTTP(w, r)
			return
		}
		switch r.Method {
		case http.MethodDelete:
			e.SetFaults(nil)
		case http.MethodPut:
			source, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestFaults))
			if err != nil {
				http.Error(w, "read the faults: "+err.Error(), http.StatusBadRequest)
				return
			}
			faults, err := ParseFaults("faults", source)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			e.SetFaults(faults)
		default:
			w.Header().Set("Allow", "PUT, DELETE")
			http.Error(w, "PUT a faults file, or DELETE", http.StatusMethodNotAllowed)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}
