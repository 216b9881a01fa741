// Package agreement holds agreements: parties, products, clauses and their dated amendments, and answers what they say
// at an instant. It owns the six clause kinds, AsOf, Lint, the six checks of who may serve, and the words that explain
// them. It reads no clock, no file and no network; YAML is the business of agreementfile.
//
// A Set is several agreements loaded together. Set.AsOf gives the Terms in force, immutable and identified by a hash.
package agreement
