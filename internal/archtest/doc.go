// Package archtest holds the repository to its architecture: which package may import which, what the pure rings may
// touch, and the budgets of style. It has tests only; each rule says why it is there, and a failure repeats it.
package archtest
