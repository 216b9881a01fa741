package journal

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// letters is Crockford's base32 in lower case: no i, l, o or u, and texts sort as the bytes do.
const letters = "0123456789abcdefghjkmnpqrstvwxyz"

const (
	requestPrefix  = "req_"
	requestLetters = 26 // 130 bits: the first letter carries three
)

// values is the inverse of letters; 0xff marks what is no letter.
var values = func() (v [256]byte) {
	for i := range v {
		v[i] = 0xff
	}
	for i := range len(letters) {
		v[letters[i]] = byte(i)
	}
	return v
}()

// NewRequestID makes an id of the admitted instant in ms since 1970, the tag of the chain and 64 random bits.
func NewRequestID(ms int64, tag uint16, random uint64) RequestID {
	var id RequestID
	binary.BigEndian.PutUint64(id[:8], uint64(ms)<<16|uint64(tag))
	binary.BigEndian.PutUint64(id[8:], random)
	return id
}

// Millis returns the ms since 1970 that the id was made with.
func (id RequestID) Millis() int64 { return int64(binary.BigEndian.Uint64(id[:8]) >> 16) }

// ChainTag returns the tag of the chain that made the id.
func (id RequestID) ChainTag() uint16 { return binary.BigEndian.Uint16(id[6:8]) }

// IsZero reports whether the id is all zero, which no request has.
func (id RequestID) IsZero() bool { return id == RequestID{} }

// Compare orders ids as their bytes and texts do: by the instant that they were made at first.
func (id RequestID) Compare(o RequestID) int { return bytes.Compare(id[:], o[:]) }

// String returns "req_" and 26 letters.
func (id RequestID) String() string {
	var text [len(requestPrefix) + requestLetters]byte
	copy(text[:], requestPrefix)
	hi, lo := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	for i := len(text) - 1; i >= len(requestPrefix); i-- {
		text[i] = letters[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(text[:])
}

// ParseRequestID is the inverse of String. Exactly one text stands for an id.
func ParseRequestID(s string) (RequestID, error) {
	var id RequestID
	rest, ok := strings.CutPrefix(s, requestPrefix)
	if !ok {
		return id, fmt.Errorf("request id %q: does not begin with %q", clip(s), requestPrefix)
	}
	if len(rest) != requestLetters {
		return id, fmt.Errorf("request id %q: has %d letters after %q, want %d", clip(s), len(rest), requestPrefix, requestLetters)
	}
	var hi, lo uint64
	for i := range len(rest) {
		v := values[rest[i]]
		if v == 0xff {
			return id, fmt.Errorf("request id %q: letter %d is %q, want one of %s", s, i+1, rest[i:i+1], letters)
		}
		if i == 0 && v > 7 {
			return id, fmt.Errorf("request id %q: first letter is %q, want one of 0 to 7", s, rest[:1])
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(v)
	}
	binary.BigEndian.PutUint64(id[:8], hi)
	binary.BigEndian.PutUint64(id[8:], lo)
	return id, nil
}

// MarshalText returns String.
func (id RequestID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseRequestID.
func (id *RequestID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseRequestID(string(text))
	return err
}

// chainTime is fixed in width, so that a gateway's name may hold dashes and dots.
const chainTime = "20060102T150405.000000000Z"

// MaxGateway is the longest name of a gateway, in bytes.
const MaxGateway = 64

// Tag returns the chain's part of its request ids.
func (id ChainID) Tag() uint16 { return uint16(id.Random) }

// String returns gateway, start instant and random bits, such as "local-20260504T101112.000000000Z-0123456789abcdef".
func (id ChainID) String() string {
	var random [8]byte
	binary.BigEndian.PutUint64(random[:], id.Random)
	return id.Gateway + "-" + time.Unix(0, id.Started).UTC().Format(chainTime) + "-" + hex.EncodeToString(random[:])
}

// Check reports what is wrong with a chain's name before a chain is opened under it.
func (id ChainID) Check() error {
	if id.Gateway == "" || len(id.Gateway) > MaxGateway {
		return fmt.Errorf("gateway name %q: want 1 to %d characters", clip(id.Gateway), MaxGateway)
	}
	for i := range len(id.Gateway) {
		c := id.Gateway[i]
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", rune(c)) {
			return fmt.Errorf("gateway name %q: has %q, want letters, digits, dots, dashes and underscores", id.Gateway, c)
		}
	}
	return nil
}

// ParseChainID is the inverse of String.
func ParseChainID(s string) (ChainID, error) {
	const tail = 1 + len(chainTime) + 1 + 16
	if len(s) <= tail {
		return ChainID{}, fmt.Errorf("chain id %q: want GATEWAY-START-RANDOM, such as local-20260504T101112.000000000Z-0123456789abcdef", clip(s))
	}
	name, rest := s[:len(s)-tail], s[len(s)-tail:]
	if rest[0] != '-' || rest[1+len(chainTime)] != '-' {
		return ChainID{}, fmt.Errorf("chain id %q: want a dash before the start instant and before the random bits", clip(s))
	}
	started, err := time.Parse(chainTime, rest[1:1+len(chainTime)])
	if err != nil {
		return ChainID{}, fmt.Errorf("chain id %q: start instant: %w", clip(s), err)
	}
	random, err := hex.DecodeString(rest[len(rest)-16:])
	if err != nil {
		return ChainID{}, fmt.Errorf("chain id %q: random bits: %w", clip(s), err)
	}
	id := ChainID{Gateway: name, Started: started.UnixNano(), Random: binary.BigEndian.Uint64(random)}
	if err := id.Check(); err != nil {
		return ChainID{}, err
	}
	if id.String() != s {
		return ChainID{}, errors.New("chain id " + clip(s) + ": not the text of any chain, which would be " + id.String())
	}
	return id, nil
}

// MarshalText returns String.
func (id ChainID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseChainID.
func (id *ChainID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseChainID(string(text))
	return err
}

// clip keeps a hostile value from filling an error.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}
