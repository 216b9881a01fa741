// Package store runs the journal and the books over their contracts, once for all storages: the group committer, the
// poster, recovery and the rebuilding of the books. It owns the goroutines and none of the bytes: the journal's are
// package journal's, the books' are package ledger's, and how they reach a disk is the business of the folders below.
//
//	committer, err := store.NewCommitter(ctx, j, chain, store.CommitterOptions{Now: now})
//	resolved, err := store.Recover(ctx, j, committer, store.RecoverOptions{Chain: chain, Price: price, Now: now})
//	poster := store.NewPoster(j, books, store.PosterOptions{Wake: committer.Committed()})
package store
