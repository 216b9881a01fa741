package app

import (
	"encoding/json"

	"concord/journal"
)

// Repeated finds the identities that stand twice, as an import does, by portions of a size: pairs of lines, the second one
// negative where it says something else.
func Repeated(portion int, ids []journal.RequestID, contents []journal.Hash) ([][2]int, error) {
	s, err := newSightings()
	if err != nil {
		return nil, err
	}
	s.portion = portion
	for i := range ids {
		if err := s.add(ids[i], 0, contents[i], i+1); err != nil {
			return nil, err
		}
	}
	all, err := s.repeated()
	var pairs [][2]int
	for _, a := range all {
		if !a.same {
			a.line = -a.line
		}
		pairs = append(pairs, [2]int{a.first, a.line})
	}
	if closed := s.close(); err == nil {
		err = closed
	}
	return pairs, err
}

// DocumentOf returns the hash, in hex, of an agreement's document in the set that is in force.
func (h *History) DocumentOf(name string) string {
	var set journal.SetDoc
	if err := json.Unmarshal(h.documents[h.last].Bytes, &set); err != nil {
		return err.Error()
	}
	for _, text := range set.Agreements {
		if d, err := h.document(text); err == nil && d.Name == name {
			return text
		}
	}
	return ""
}
