// Package year shows a year of months under the example agreements: synthetic usage, written as files that the commands of
// Concord import; what the clouds served of it, from which the emulators write their bills; and the months, closed one after
// the other by the commands themselves. docs/year.md has the figures of one run.
//
// It draws from a seed, so that the same options give the same files. The lengths of requests are those of a public trace.
package year
