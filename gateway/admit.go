package gateway

import "concord/journal"

// admit gives the journal what the request cannot go on without. A full queue makes it wait before it refuses it.
func (q *request) admit(entries ...journal.Entry) (c *journal.Commit, err error) {
	if a, ok := q.g.config.Journal.(journal.Admitter); ok {
		c, err = a.Admit(q.ctx, entries...)
	} else {
		c, err = q.g.config.Journal.Append(entries...)
	}
	q.g.noteJournal(err)
	return c, err
}
