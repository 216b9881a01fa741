package gateway

// Lose tells the gateway that another process has taken its chain over, if whoever keeps the chain alive learns it before a
// request does: nothing is admitted any more, and open answers end.
func (g *Gateway) Lose(err error) { g.lose(err) }
