// Package killtest holds the tests that treat the program as the world does: real processes, killed at random points under
// load, on a disk that fills up, and watched at the system calls that they make. Emulated clouds are processes of their own
// and keep journals of their own, so that what the gateway recorded is held against what others saw.
package killtest
