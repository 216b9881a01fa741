package usage

import (
	"fmt"
	"strings"
)

// Class is a disjoint kind of consumption: the counts of all classes add up to the whole, no class contains another.
type Class uint8

// The classes. Their numbers are part of the journal's bytes and never change, their names of files and output.
const (
	Input        Class = iota + 1 // prompt tokens that were neither read from nor written to a cache
	CacheRead                     // prompt tokens read from a cache
	CacheWrite                    // prompt tokens written to a cache
	Output                        // visible output tokens
	Reasoning                     // output tokens spent on reasoning
	InputAudio                    // audio tokens of the prompt
	OutputAudio                   // audio tokens of the answer
	InputImage                    // image tokens of the prompt
	Rejected                      // rejected prediction tokens: not visible, billed as output
	OutputImage                   // image tokens of the answer
	Images                        // pictures made, where they are billed by the piece; no tokens
	Seconds                       // of audio transcribed or translated, begun ones count; no tokens
	Characters                    // of text spoken; no tokens
	WebSearches                   // calls of a cloud's own search of the web; no tokens
	FileSearches                  // calls of a cloud's own search of files; no tokens
	Containers                    // in which a cloud ran code; no tokens
	numClasses
)

// NumClasses is one more than the highest class.
const NumClasses = int(numClasses)

// String returns the class's name, such as "cache_read".
func (c Class) String() string {
	switch c {
	case Input:
		return "input"
	case CacheRead:
		return "cache_read"
	case CacheWrite:
		return "cache_write"
	case Output:
		return "output"
	case Reasoning:
		return "reasoning"
	case InputAudio:
		return "input_audio"
	case OutputAudio:
		return "output_audio"
	case InputImage:
		return "input_image"
	case Rejected:
		return "rejected"
	case OutputImage:
		return "output_image"
	case Images:
		return "images"
	case Seconds:
		return "seconds"
	case Characters:
		return "characters"
	case WebSearches:
		return "web_searches"
	case FileSearches:
		return "file_searches"
	case Containers:
		return "containers"
	}
	return unknown("class", uint8(c))
}

// Valid reports whether c is one of the classes.
func (c Class) Valid() bool { return c >= Input && c < numClasses }

// ParseClass finds a class by its name.
func ParseClass(name string) (Class, error) { return parse("class", name, Input, numClasses-1) }

// MarshalText gives the name.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the name.
func (c *Class) UnmarshalText(b []byte) (err error) { *c, err = ParseClass(string(b)); return err }

// Tier is the service tier that the cloud says it used; the answer's value is billed, not the request's.
type Tier uint8

// The tiers. Their numbers are part of the journal's bytes and never change, their names of files and output.
const (
	Standard Tier = iota
	Batch
	Flex
	Priority
	numTiers
)

// String returns the tier's name, such as "standard".
func (t Tier) String() string {
	switch t {
	case Standard:
		return "standard"
	case Batch:
		return "batch"
	case Flex:
		return "flex"
	case Priority:
		return "priority"
	}
	return unknown("tier", uint8(t))
}

// ParseTier finds a tier by its name. Clouds call the standard tier "default" too; their adapters know that.
func ParseTier(name string) (Tier, error) { return parse("tier", name, Standard, numTiers-1) }

// MarshalText gives the name.
func (t Tier) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the name.
func (t *Tier) UnmarshalText(b []byte) (err error) { *t, err = ParseTier(string(b)); return err }

// Evidence is how usage is known.
type Evidence uint8

// The grades of evidence, best first. Their numbers are part of the journal's bytes and never change, their names of
// files and output.
const (
	NoEvidence Evidence = iota // nothing was consumed, or nothing is known
	Reported                   // the cloud said so
	Counted                    // counted from the content that was delivered
	Estimated                  // derived from sizes and bounds
	numEvidence
)

// String returns the grade's name: "none", "reported", "counted" or "estimated".
func (e Evidence) String() string {
	switch e {
	case NoEvidence:
		return "none"
	case Reported:
		return "reported"
	case Counted:
		return "counted"
	case Estimated:
		return "estimated"
	}
	return unknown("evidence", uint8(e))
}

// ParseEvidence finds a grade by its name.
func ParseEvidence(name string) (Evidence, error) {
	return parse("evidence", name, NoEvidence, numEvidence-1)
}

// MarshalText gives the name.
func (e Evidence) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads the name.
func (e *Evidence) UnmarshalText(b []byte) (err error) {
	*e, err = ParseEvidence(string(b))
	return err
}

// parse finds name among the constants first to last.
func parse[T interface {
	~uint8
	fmt.Stringer
}](kind, name string, first, last T) (T, error) {
	var names []string
	for v := first; v <= last; v++ {
		if v.String() == name {
			return v, nil
		}
		names = append(names, v.String())
	}
	if len(name) > 40 {
		name = name[:40] + "..."
	}
	return 0, fmt.Errorf("usage: unknown %s %q: write one of %s", kind, name, strings.Join(names, ", "))
}
