//go:build unix

package upstream

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// alive reports whether an idle connection still stands: the other side has neither closed it nor sent what nobody asked
// for. Under TLS something may wait that is no answer, such as a ticket.
func alive(c net.Conn, secure bool) bool {
	s, ok := c.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	stands := false
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		stands = err == unix.EAGAIN || err == nil && n > 0 && secure
		return true // never wait
	})
	return err == nil && stands
}
