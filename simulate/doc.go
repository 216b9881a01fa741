// Package simulate asks what would have been: the same records under other terms. It uses the very decisions, postings and
// statements of the live path, in books of its own; it reads no clock, and the same records give the same answer.
package simulate
