// Package clienttest holds the tests that use the program as customers do: `concord serve` over five `concord emulate`, real
// processes all, asked by the official clients of OpenAI (Go, its Azure form, Node) on every surface, with clouds that fail on
// command. What they get is held to OpenAI's own description of its answers, and to what the clouds wrote down themselves.
package clienttest
