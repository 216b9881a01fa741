package journal

// Commit is the fate of what one Append queued. It is safe for concurrent use.
type Commit struct {
	group *Group
	err   error
}

// Done is closed when the entries are durable, or cannot become so. Commits of one group share the channel.
func (c *Commit) Done() <-chan struct{} { return c.group.done }

// Await is Done of somebody who waits for it: entries that are left to gather are committed at once.
func (c *Commit) Await() <-chan struct{} {
	if c.group.haste != nil {
		c.group.haste()
	}
	return c.group.done
}

// Err returns nil if the entries are durable; it may be called after Done.
func (c *Commit) Err() error {
	if c.err != nil {
		return c.err
	}
	return c.group.err
}

// Fail gives this commit an error of its own, before its group ends.
func (c *Commit) Fail(err error) { c.err = err }

// A Group is commits that end together: one channel wakes all who wait.
type Group struct {
	done  chan struct{}
	err   error
	haste func()
}

// NewGroup returns a group that has not ended.
func NewGroup() *Group { return &Group{done: make(chan struct{})} }

// Haste sets what is called when somebody waits for the group, nil = nothing; it must be set before the group has commits.
func (g *Group) Haste(call func()) { g.haste = call }

// Commit returns a new commit of the group.
func (g *Group) Commit() *Commit { return &Commit{group: g} }

// End ends the group's commits, once; a commit that failed by itself keeps its error.
func (g *Group) End(err error) {
	g.err = err
	close(g.done)
}

// NewCommit returns an open commit and the function that ends it, once.
func NewCommit() (*Commit, func(error)) {
	g := NewGroup()
	return g.Commit(), g.End
}
