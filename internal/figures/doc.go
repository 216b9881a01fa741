// Package figures holds the tests that measure journal, poster and books at scale, as ratios to the raw store in the same run:
// `make bench` prints their table (docs/performance.md). Without its flags they run the same way on little, and hold what does
// not depend on the machine: that all of it comes back the same, and that memory does not grow with the number of records.
package figures
