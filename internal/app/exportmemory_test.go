package app

// CollectAt is the GOGC for a heap of which so many bytes live.
func CollectAt(live int64) int { return collectAt(live) }
