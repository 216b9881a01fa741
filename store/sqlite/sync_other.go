//go:build !linux

package sqlite

// syncData changes nothing where SQLite has a sync of its own (F_FULLFSYNC, FlushFileBuffers).
func (f *file) syncData() error { return nil }
