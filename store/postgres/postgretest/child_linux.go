package postgretest

import (
	"os/exec"
	"syscall"
)

// apply also has the process end with this one, should a test that hangs be cut off.
func (i identity) apply(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if i.other {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: i.uid, Gid: i.gid}
	}
}
