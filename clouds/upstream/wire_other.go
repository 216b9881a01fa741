//go:build !unix

package upstream

import (
	"net"
	"syscall"
)

// waiting returns how a connection says that there is something to read; nil = it cannot.
func waiting(net.Conn) syscall.RawConn { return nil }

func (w *wire) attempt(uintptr) bool { return false }
