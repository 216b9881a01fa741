// Command bench measures the gateway beside what others need: a direct call, nginx, and Go's own ReverseProxy, all in front
// of one upstream, in turns, in one run. docs/performance.md says what the figures mean and has the last ones.
//
// Everything that is measured is a process of its own. Except for nginx it is this program again in another role: the
// upstream, the ReverseProxy, or `concord serve` as users run it. The gateway with its metering off is a role of this program
// too, and of nothing else.
package main
