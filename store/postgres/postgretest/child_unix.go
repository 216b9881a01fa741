//go:build unix && !linux

package postgretest

import (
	"os/exec"
	"syscall"
)

func (i identity) apply(cmd *exec.Cmd) {
	if i.other {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: i.uid, Gid: i.gid}}
	}
}
