package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// BlockVersion is the version byte of the blocks that this program writes. It governs how a block is laid out and hashed.
const BlockVersion = 1

// blockHeader is the version and the recorded instant.
const blockHeader = 1 + 8

// MaxBlock is the longest block, in bytes: one entry of full length beside a full group.
const MaxBlock = MaxEntry + 2<<20

// BeginBlock appends the head of a block's bytes to dst, which is empty.
func BeginBlock(dst []byte) []byte {
	return append(dst, BlockVersion, 0, 0, 0, 0, 0, 0, 0, 0)
}

// AppendToBlock appends e with its length before it. On an error b is returned as it came.
func AppendToBlock(b []byte, e *Entry) ([]byte, error) {
	out, at := begin(b)
	out, err := AppendEntry(out, e)
	if err != nil {
		return b, err
	}
	return end(out, at), nil
}

// Finish sets what follows from the block before it, the recorded instant in Bytes, and Hash. prev is nil for the first
// block of a chain.
func (b *Block) Finish(prev *Block, recorded int64) {
	b.Number, b.First, b.Prev = 1, 1, Hash{}
	if prev != nil {
		b.Number, b.First, b.Prev = prev.Number+1, prev.First+uint64(prev.Count), prev.Hash
	}
	b.Recorded = recorded
	binary.BigEndian.PutUint64(b.Bytes[1:blockHeader], uint64(recorded))
	b.Hash = b.Sum()
}

// Sum returns the hash that the block must have: SHA-256 of the previous block's hash, the chain's id with its length
// (4 bytes), the block's number, its first sequence and the length of its bytes (8 bytes each, big endian), and its
// bytes. docs/journal-format.md has a worked example.
func (b *Block) Sum() Hash {
	var scratch [256]byte
	head := append(scratch[:0], b.Prev[:]...)
	at := len(head)
	head = append(head, 0, 0, 0, 0)
	head = appendChain(head, b.Chain)
	binary.BigEndian.PutUint32(head[at:], uint32(len(head)-at-4))
	head = binary.BigEndian.AppendUint64(head, b.Number)
	head = binary.BigEndian.AppendUint64(head, b.First)
	head = binary.BigEndian.AppendUint64(head, uint64(len(b.Bytes)))
	h := sha256.New()
	h.Write(head)
	h.Write(b.Bytes)
	var sum Hash
	h.Sum(sum[:0])
	return sum
}

// At returns the cursor of whoever has taken this block.
func (b *Block) At() Cursor {
	if b.Merged > 0 {
		return Cursor{Block: b.Merged}
	}
	return Cursor{Chain: b.Ordinal, Block: b.Number}
}

// Position names a place in the journal in errors.
func (b *Block) Position(offset int) string {
	return fmt.Sprintf("chain %s, block %d, offset %d", b.Chain, b.Number, offset)
}

// Entries calls yield with the offset in b.Bytes and the entry, for each entry in order, until it returns false. Without
// d.Reuse entries share no memory with b.
func (b *Block) Entries(d *Decoder, yield func(offset int, e *Entry) bool) error {
	var e Entry
	return b.each(func(offset int, raw []byte, recorded int64) (bool, error) {
		if err := d.Decode(raw, &e); err != nil {
			return false, err
		}
		e.Recorded, e.At = recorded, b.At()
		return yield(offset, &e), nil
	})
}

// each calls take for each entry's bytes with the block's recorded instant.
func (b *Block) each(take func(offset int, raw []byte, recorded int64) (bool, error)) error {
	if err := b.checkHead(); err != nil {
		return err
	}
	recorded := int64(binary.BigEndian.Uint64(b.Bytes[1:blockHeader]))
	for at := blockHeader; at < len(b.Bytes); {
		n, w := binary.Uvarint(b.Bytes[at:])
		switch {
		case w <= 0 || w != uvarintLen(n):
			return fmt.Errorf("%s: an entry's length is missing or not in its shortest form", b.Position(at))
		case n > uint64(len(b.Bytes)-at-w):
			return fmt.Errorf("%s: an entry is said to have %d bytes and %d are left", b.Position(at), n, len(b.Bytes)-at-w)
		}
		next := at + w + int(n)
		more, err := take(at, b.Bytes[at+w:next:next], recorded)
		if err != nil {
			return fmt.Errorf("%s: %w", b.Position(at), err)
		}
		if !more {
			return nil
		}
		at = next
	}
	return nil
}

func (b *Block) checkHead() error {
	if len(b.Bytes) < blockHeader {
		return fmt.Errorf("%s: a block of %d bytes has no head of %d", b.Position(0), len(b.Bytes), blockHeader)
	}
	if v := b.Bytes[0]; v == 0 {
		return fmt.Errorf("%s: block version 0 does not exist", b.Position(0))
	} else if v > BlockVersion {
		return fmt.Errorf("%s: block version %d, this program reads up to %d: %w", b.Position(0), v, BlockVersion, ErrFuture)
	}
	return nil
}

// ContentHash is the hash of what an entry says: SHA-256 of its bytes, which hold neither sequence nor recorded.
func ContentHash(entry []byte) Hash { return sha256.Sum256(entry) }

// EntryAt reads the entry at an offset that a Heading gave.
func (b *Block) EntryAt(offset int) (Entry, error) {
	rest := b.Bytes[min(max(offset, 0), len(b.Bytes)):]
	n, w := binary.Uvarint(rest)
	if err := b.checkHead(); err != nil {
		return Entry{}, err
	}
	if offset < blockHeader || w <= 0 || n > uint64(len(rest)-w) {
		return Entry{}, fmt.Errorf("%s: no entry begins here", b.Position(offset))
	}
	e, err := DecodeEntry(rest[w : w+int(n)])
	if err != nil {
		return Entry{}, fmt.Errorf("%s: %w", b.Position(offset), err)
	}
	e.Recorded, e.At = int64(binary.BigEndian.Uint64(b.Bytes[1:blockHeader])), b.At()
	return e, nil
}
