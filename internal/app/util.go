package app

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strings"

	"concord/agreement"
)

func sum(content []byte) agreement.Hash { return sha256.Sum256(content) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// or returns the value that was given, or else the preset.
func or(t text, preset string) string {
	if t.Value == "" {
		return preset
	}
	return t.Value
}

func joinWords(list []string) string { return strings.Join(list, ", ") }
