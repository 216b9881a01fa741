//go:build unix

package upstream

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// waiting returns how a connection says that there is something to read; nil = it cannot.
func waiting(c net.Conn) syscall.RawConn {
	s, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// attempt reads what there is, into a buffer that is kept only if something came; false = nothing has come yet.
func (w *wire) attempt(fd uintptr) bool {
	into, _ := rooms.Get().(*room)
	for {
		n, err := syscall.Read(int(fd), into[:])
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case n > 0:
			w.room, w.start, w.end = into[:], 0, n
			return true
		case err == nil:
			w.err = io.EOF
		case !errors.Is(err, syscall.EAGAIN):
			w.err = os.NewSyscallError("read", err)
		}
		rooms.Put(into)
		return w.err != nil
	}
}
