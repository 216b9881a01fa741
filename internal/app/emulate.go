package app

import (
	"fmt"
	"path"
	"slices"

	"concord/clouds/behaviour"
	"concord/clouds/emulator"
)

// EmulatorOptions are how an emulated cloud behaves.
type EmulatorOptions struct {
	Speed          float64 // divides latencies and Retry-After; 0 = no waiting at all
	TokensPerChunk int
	Seed           uint64
	Faults         behaviour.Faults
	Observe        func(emulator.Served)
}

// NewEmulator makes the emulated cloud that a configuration expects: the models that its deployments there name, and the
// secrets of its accounts there.
func NewEmulator(c *Config, cloud string, o EmulatorOptions) (*emulator.Emulator, error) {
	config := emulator.Config{
		Cloud: cloud, Speed: o.Speed, TokensPerChunk: o.TokensPerChunk, Seed: o.Seed, Faults: o.Faults, Observe: o.Observe,
	}
	for i := range c.Targets {
		t, product := &c.Targets[i], c.Catalog.Deployments[i].Product
		if t.Cloud != cloud {
			continue
		}
		if key := t.Secret.Reveal(); !slices.Contains(config.Keys, key) {
			config.Keys = append(config.Keys, key)
		}
		if !slices.ContainsFunc(config.Models, func(m emulator.Model) bool { return m.Name == t.Model }) {
			config.Models = append(config.Models, emulator.Model{Name: t.Model, Serve: path.Base(product)})
		}
		if t.APIVersion != "" && !slices.Contains(config.APIVersions, t.APIVersion) {
			config.APIVersions = append(config.APIVersions, t.APIVersion)
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
