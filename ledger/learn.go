package ledger

import "concord/agreement"

// Learn makes terms known to a state as the documents of a journal would: their shares begin with what they open with. What
// no document of the journal has cannot be decoded again: it is for questions, not for books that are kept.
func Learn(s *State, t *agreement.Terms) error { return s.learn([]*agreement.Terms{t}) }
