// Package journal is the book of original entry: append-only, hash-chained, and the only input of the ledger. It owns the
// entry kinds, their bytes, the chain, verification and the recovery rule, and the contract of a journal's storage. It
// reads no clock: instants are arguments, int64 ns UTC.
package journal

import (
	"context"
	"errors"

	"concord/agreement"
	"concord/delivery"
	"concord/money"
	"concord/pricing"
	"concord/usage"
)

// Hash is a SHA-256.
type Hash = agreement.Hash

// RequestID is 48 bits of ms, 16 bits of chain tag and 64 random bits; its text is "req_" and 26 letters of base32.
type RequestID [16]byte

// Kind is an entry's kind. The numbers are frozen.
type Kind uint8

// The kinds (JOURNAL: Entries).
const (
	KindOpen Kind = iota + 1
	KindSeal
	KindIntent
	KindAttempt
	KindProgress
	KindRecord
	KindTerms
	KindPrices
	KindFact
	KindRate
	KindRefund
	KindCredit
	KindFee
	KindPayment
	KindInvoice
	KindClose
	KindAcceptance
	KindDispute
	KindCorrection
	KindMerge
)

// An Entry is one line of the journal. (Source, ID, Part) is its identity.
type Entry struct {
	Time     int64  // when it happened
	Recorded int64  // when the journal took it; set by the committer
	Source   string // "" = the chain that it stands in
	ID       string // of live requests: the request id's 16 bytes
	Part     uint32
	At       Cursor // the block that it stands in; set by readers, no part of its bytes
	Body     Body
}

// A Body is what an entry says: *Open, *Seal, *Intent, *Attempt, *Progress, *Record, *Document, or one of dues.go.
type Body interface {
	Kind() Kind
	isBody()
}

// Open begins a chain.
type Open struct {
	Chain   ChainID
	Gateway string
	Version string // of the program
}

// Seal ends a chain.
type Seal struct {
	Chain  ChainID // that is ended
	Reason string  // "stop", "recovered"
}

// DocKind is the kind of a Document.
type DocKind uint8

// The kinds of documents. The numbers are frozen.
const (
	DocAgreement      DocKind = iota + 1 // an agreement file, as read
	DocCatalog                           // agreement.Catalog as canonical JSON
	DocSet                               // which documents are in force together: canonical JSON of a SetDoc
	DocPrices                            // a price book, as read (kind KindPrices)
	DocReconciliation                    // what a provider's bill was held against, and what came of it: canonical JSON
)

// Document is an agreement, catalog, set or price book, whole (kinds "terms" and "prices").
type Document struct {
	Doc   DocKind
	Name  string
	Hash  Hash // of Bytes
	Bytes []byte
}

// SetDoc names the documents that are in force together, by hash (hex), in order.
type SetDoc struct {
	Agreements []string `json:"agreements"`
	Prices     []string `json:"prices"`
	Catalog    string   `json:"catalog"`
	Known      int64    `json:"known"` // ns UTC: what was recorded after it does not count in these terms
	// Follows is the hash (hex) of the set that was in force when this one was made, of a journal that several gateways write: no two
	// sets may follow the same one. "" = nobody else writes.
	Follows string `json:"follows,omitempty"`
}

// Seen is the health of one deployment that was not closed when a decision was made.
type Seen struct {
	Deployment string
	State      delivery.State
}

// Intent is written before a request is served.
type Intent struct {
	Request     RequestID
	Key         string // key id, never the key
	Customer    string
	Product     string
	API         agreement.API
	Stream      bool
	Terms       Hash // of the terms in force at Entry.Time, the admitted instant
	Set         Hash // of the set document: agreements, price books and catalog
	Health      []Seen
	InputBytes  int64
	OutputBound int64 // tokens; 0 = unbounded by client, key and model
	Hold        money.Amount
	Currency    money.Currency // of Hold
	First       string         // deployment of the first attempt
	Claims      []Claim        // budgets that Hold is taken of, each whole; empty = none
}

// Attempt is written before each attempt after the first is sent.
type Attempt struct {
	Request    RequestID
	Number     int // 2, 3, ...
	Deployment string
	Left       string // the deployment that was left
	Why        delivery.Outcome
	Health     []Seen
}

// Progress is written while a stream is open.
type Progress struct {
	Request RequestID
	Number  int   // attempt
	Units   int64 // content events delivered
	Bytes   int64 // of content delivered
}

// Outcome is what came of a request; the set is closed and its numbers are frozen.
type Outcome uint8

// The outcomes of a record.
const (
	Answered    Outcome = iota + 1
	Cut                 // by the cloud, after content
	Cancelled           // by the client
	Failed              // no deployment could answer, or the answer was the client's own fault
	Refused             // by agreement or budget; has no intent
	Interrupted         // by a crash
	Void                // by a crash before any attempt can have been sent
)

// Tried is one attempt as the record tells it.
type Tried struct {
	Deployment string
	Cloud      string
	Seller     string
	Holder     string // account holder
	Outcome    delivery.Outcome
	Status     int   // HTTP status of the cloud; 0 = none
	Started    int64 // ns after the admitted instant
	FirstByte  int64 // ns after the admitted instant; 0 = none
	Ended      int64 // ns after the admitted instant
	Usage      usage.Usage
	Cost       []pricing.Line // what the operator charges the holder; empty where holder and operator are one
	CostUnsure bool           // the cloud may charge for it and nobody said what
}

// Record is the end of a request. It repeats what the books need, so that posting needs no look-back.
type Record struct {
	Request   RequestID
	Outcome   Outcome
	Customer  string
	Key       string
	Product   string
	API       agreement.API
	Stream    bool
	Terms     Hash
	Set       Hash
	Currency  money.Currency
	Attempts  []Tried
	Served    int            // index into Attempts of the one whose content was delivered; -1 = none
	Usage     usage.Usage    // what the customer is charged for
	Lines     []pricing.Line // the customer's price; empty if nothing is charged
	Unpriced  []usage.Class
	Refusal   string       // reason and clause of a refusal; "" otherwise
	Delivered int64        // bytes of content that the client was sent
	Ended     int64        // ns after the admitted instant (Entry.Time)
	Object    string       // id that the cloud gave to what it made, such as of a response: later calls name it; "" = none
	Pending   bool         // the object is still being made: what it uses follows as part 1
	Held      money.Amount // hold that this record ends: no more is charged; zero = none, or a later part ends it
	Above     money.Amount // price of what was used above the hold, which is not charged
	About     string       // id of the object that the request named, and with whose home it had to be served; "" = it was free to go
}

// objects reports whether the record says what EntryVersion cannot.
func (r *Record) objects() bool { return r.Object != "" || r.Pending }

// holds reports whether the record says what only HoldVersion can.
func (r *Record) holds() bool { return !r.Held.IsZero() || !r.Above.IsZero() }

// ChainID names a chain: gateway name, start instant and 64 random bits.
type ChainID struct {
	Gateway string
	Started int64
	Random  uint64
}

// A Block is one group commit of one chain.
type Block struct {
	Chain    ChainID
	Ordinal  uint64 // of its chain by order of opening, from 1; set by the storage
	Number   uint64 // in its chain, from 1
	First    uint64 // sequence of its first entry in its chain, from 1
	Count    int
	Recorded int64
	Prev     Hash   // of the block before it; zero for the first
	Hash     Hash   // Sum of this one
	Bytes    []byte // as stored: version, Recorded, then the entries, each with its length

	// What the block does to budgets, in the transaction that stores it; readers do not get them. The holds of one request
	// follow each other.
	Holds  []Hold
	Posts  []Post
	Merged uint64 // position in the order of merges, from 1; 0 = it stands in none (Merging)
}

// Errors of a journal's storage.
var (
	ErrFenced   = errors.New("journal: chain was sealed by another process") // stop serving, exit 3
	ErrLocked   = errors.New("journal: data directory is in use by another server")
	ErrQueue    = errors.New("journal: queue is full")
	ErrUnwell   = errors.New("journal: last commit failed or space is short")
	ErrConflict = errors.New("journal: other content under the same identity")
	ErrNotFound = errors.New("journal: not found")
)

// Journal is the storage of chains. Implementations: memory, SQLite, PostgreSQL. All calls are safe for concurrent use.
type Journal interface {
	// OpenChain begins a chain for a live process, as its only writer.
	OpenChain(ctx context.Context, id ChainID) error
	// AppendBlock makes b durable in one transaction, if it follows its chain's head and the chain is not sealed;
	// otherwise ErrFenced. It keeps nothing of b. A *BudgetError says that nothing was stored and which requests do not fit
	// their budgets. After any other error the block may or may not have become durable: Chains tells which.
	AppendBlock(ctx context.Context, b *Block) error
	// SealChain ends a chain in favour of whoever recovers it; ending one that is ended is no error.
	SealChain(ctx context.Context, id ChainID) error
	// Chains lists all chains in the order in which they were opened.
	Chains(ctx context.Context) ([]ChainState, error)
	// Blocks calls yield for the blocks after cursor in posting order until it returns false or none is left. A block is
	// valid until yield returns.
	Blocks(ctx context.Context, after Cursor, yield func(*Block) bool) error
	// Find returns the entries of a request, in order, and after them in the same order what was recorded of it later
	// (Heading.Also); ErrNotFound if there is none.
	Find(ctx context.Context, id RequestID) ([]Entry, error)
	// FindObject returns what Find does of each request whose record names the object, oldest request first: ids of objects are
	// the clouds', and two may give the same. ErrNotFound if there is none.
	FindObject(ctx context.Context, object string) ([]Entry, error)
	// Pending calls yield for the records, admitted at an instant or after it, that are pending and have no later part, by that
	// instant, until it returns false.
	Pending(ctx context.Context, since int64, yield func(*Entry) bool) error
	Close() error
}

// ChainState is what the storage knows of a chain.
type ChainState struct {
	ID      ChainID
	Ordinal uint64 // by order of opening, from 1
	Blocks  uint64
	Entries uint64
	Head    Hash
	Sealed  bool // nothing can be appended any more
	Settled bool // a seal entry for it stands in the journal: every intent of it has its record
}

// Cursor is a position in posting order: chain by order of opening, block number; of a Merging journal chain 0 and the place in
// the order of merges. The zero Cursor is before everything.
type Cursor struct {
	Chain uint64 // ordinal of the chain, from 1
	Block uint64 // blocks of it that were taken
}

// Appender takes entries for the next group commit.
type Appender interface {
	// Append queues entries that are committed together and returns at once; ErrQueue or ErrUnwell if it cannot. Once it has
	// returned it keeps nothing of them: the caller may use their bodies again.
	Append(entries ...Entry) (*Commit, error)
}

// Admitter is an Appender whose full queue can be waited for.
type Admitter interface {
	Appender
	// Admit is Append that waits for room while the queue is full: until ctx ends, and no longer than a bound of its own.
	Admit(ctx context.Context, entries ...Entry) (*Commit, error)
}
