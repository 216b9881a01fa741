package emulator

import (
	"encoding/binary"
	"hash/crc32"
)

// appendEvent writes a message of application/vnd.amazon.eventstream: two lengths and their checksum, headers, payload, and
// the checksum of it all.
func appendEvent(dst []byte, headers [][2]string, payload []byte) []byte {
	var h []byte
	for _, pair := range headers {
		h = append(append(h, byte(len(pair[0]))), pair[0]...)
		h = append(h, 7) // a string
		h = append(binary.BigEndian.AppendUint16(h, uint16(len(pair[1]))), pair[1]...)
	}
	start := len(dst)
	dst = binary.BigEndian.AppendUint32(dst, uint32(4+4+4+len(h)+len(payload)+4))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(h)))
	dst = binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[start:]))
	dst = append(append(dst, h...), payload...)
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[start:]))
}

const eventStream = "application/vnd.amazon.eventstream"

// frame writes an event of that type.
func (a *writing) frame(kind string, payload []byte) {
	a.buf = appendEvent(a.buf, [][2]string{{":event-type", kind}, {":content-type", "application/json"}, {":message-type", "event"}}, payload)
}

// exception writes what Bedrock says of an error after status 200.
func (a *writing) exception() {
	a.buf = appendEvent(a.buf, [][2]string{{":exception-type", "internalServerException"}, {":content-type", "application/json"}, {":message-type", "exception"}},
		[]byte(`{"message":"The system encountered an unexpected error during processing. Try your request again."}`))
}
