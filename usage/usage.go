// Package usage says what a request consumed, in one normal form for all clouds.
package usage

// Class is a disjoint kind of consumption: the counts of all classes add up to the whole, no class contains another.
type Class uint8

// The classes. Their numbers are part of the journal's bytes and never change.
const (
	Input       Class = iota + 1 // prompt tokens that were neither read from nor written to a cache
	CacheRead                    // prompt tokens read from a cache
	CacheWrite                   // prompt tokens written to a cache
	Output                       // visible output tokens
	Reasoning                    // output tokens spent on reasoning
	InputAudio                   // audio tokens of the prompt
	OutputAudio                  // audio tokens of the answer
	InputImage                   // image tokens of the prompt
	Rejected                     // rejected prediction tokens: not visible, billed as output
	numClasses
)

// NumClasses is one more than the highest class.
const NumClasses = int(numClasses)

// Tokens counts consumption by class; index it with a Class.
type Tokens [NumClasses]int64

// Tier is the service tier that the cloud says it used; the answer's value is billed, not the request's.
type Tier uint8

// The tiers. Their numbers are part of the journal's bytes and never change.
const (
	Standard Tier = iota
	Batch
	Flex
	Priority
)

// Evidence is how usage is known.
type Evidence uint8

// The grades of evidence, best first. Their numbers are part of the journal's bytes and never change.
const (
	NoEvidence Evidence = iota // nothing was consumed, or nothing is known
	Reported                   // the cloud said so
	Counted                    // counted from the content that was delivered
	Estimated                  // derived from sizes and bounds
)

// Usage is what one attempt consumed.
type Usage struct {
	Tokens   Tokens
	Tier     Tier
	Evidence Evidence
}
