package ledger

import (
	"fmt"

	"concord/journal"
)

// Read returns the documents that the books keep, in the order in which they were posted.
func (s *Saved) Read() ([]journal.Document, error) {
	all := make([]journal.Document, len(s.Documents))
	for i, raw := range s.Documents {
		d, err := decodeDocument(raw)
		if err != nil {
			return nil, fmt.Errorf("read document %d of the books: %w", i+1, err)
		}
		all[i] = *d
	}
	return all, nil
}
