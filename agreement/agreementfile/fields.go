package agreementfile

import (
	"github.com/goccy/go-yaml/token"
)

// maxFields bounds the fields of one mapping: the YAML parser compares them pairwise.
const maxFields = 2_000

// A census counts, token by token, what the YAML parser would take more than linear time for: the fields of each mapping,
// and documents in one file.
type census struct {
	block   []tally             // of the open mappings in block style, by column
	flow    [maxDepth + 2]tally // of those in flow style, by depth
	content bool                // of the first document
	ended   bool                // and its end
}

// A tally is how many fields a mapping has so far.
type tally struct{ column, fields int }

// documents reports whether a token belongs to the one document that a file holds.
func (c *census) documents(t *token.Token) bool {
	switch t.Type {
	case token.CommentType:
	case token.DocumentHeaderType:
		return !c.content
	case token.DocumentEndType:
		c.ended = c.content
	default:
		c.content = true
		return !c.ended
	}
	return true
}

// count counts a token's field, if it begins the value of one, and returns how many fields its mapping has so far. A key
// that is a list or mapping itself, of which there is none in the format, is not comparable: ok is false.
func (c *census) count(t *token.Token, flow int) (n int, ok bool) {
	switch t.Type {
	case token.MappingStartType, token.SequenceStartType:
		c.flow[flow] = tally{}
	case token.SequenceEntryType:
		if flow == 0 {
			c.leave(t.Position.Column)
		}
	case token.MappingKeyType: // ? key
		return c.add(t.Position.Column, flow), true
	case token.MappingValueType:
		key := t.Prev
		if key == nil || flow == 0 && key.Position.Line != t.Position.Line {
			return c.add(t.Position.Column, flow), true
		}
		if key.Type == token.MappingEndType || key.Type == token.SequenceEndType {
			return 0, false
		}
		return c.add(key.Position.Column, flow), true
	}
	return 0, true
}

func (c *census) add(column, flow int) int {
	if flow > 0 {
		c.flow[flow].fields++
		return c.flow[flow].fields
	}
	c.leave(column)
	if n := len(c.block); n == 0 || c.block[n-1].column < column {
		c.block = append(c.block, tally{column: column})
	}
	last := &c.block[len(c.block)-1]
	last.fields++
	return last.fields
}

// leave forgets the block mappings that end because something begins further left.
func (c *census) leave(column int) {
	for len(c.block) > 0 && c.block[len(c.block)-1].column > column {
		c.block = c.block[:len(c.block)-1]
	}
}
