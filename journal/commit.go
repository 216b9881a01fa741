package journal

// Commit is the fate of what Append queued; entries of one group share it. It is safe for concurrent use.
type Commit struct {
	done chan struct{}
	err  error
}

// Done is closed when the entries are durable, or cannot become so.
func (c *Commit) Done() <-chan struct{} { return c.done }

// Err returns nil if the entries are durable; it may be called after Done.
func (c *Commit) Err() error { return c.err }

// NewCommit returns an open commit and the function that ends it, once.
func NewCommit() (*Commit, func(error)) {
	c := &Commit{done: make(chan struct{})}
	return c, func(err error) { c.err = err; close(c.done) }
}
