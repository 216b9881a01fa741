package postgretest

import "os/exec"

func (i identity) apply(*exec.Cmd) {}
