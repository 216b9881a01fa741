package app

import "concord/journal"

// SetDocuments returns all documents that a journal keeps of the configuration, in order, and the hash by which records name
// them together.
func (c *Config) SetDocuments() ([]journal.Document, journal.Hash, error) { return setDocuments(c) }
