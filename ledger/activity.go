package ledger

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"concord/journal"
	"concord/money"
)

// An Activity is what statements say of requests beside money, added up: how many were charged, refused or had usage without
// a price, and what was recorded of earlier sales. It is kept with the cells, so that nobody reads records to count them.
// Instants of one row lie between the same midnights of all agreements and the same changes of terms, as far as these were
// known when the entries were posted; First and Last tell whoever knows more whether the row can still be used whole.
type Activity struct {
	ActivityKey
	First, Last         int64 // instants of its entries
	SoldFirst, SoldLast int64 // instants of the sales that they belong to; 0 = these are their own
	Count               int64
	Amount              money.Amount // charged, or by which the charge of earlier sales grew
}

// ActivityKey is the identity of a row.
type ActivityKey struct {
	Since      int64        // of the stretch of time that its entries are in
	Sold       int64        // of that of their sales; 0 = their own
	Kind       journal.Kind // record, refund, credit or correction
	Refused    bool         // the requests
	Charged    bool         // there were priced lines
	Seller     string       // "" = nobody: the request was not tried
	Product    string
	Customer   string
	Deployment string // that served
	Cloud      string
	Currency   money.Currency
	Evidence   string // how the usage is known
	Detail     string // why it was refused; of what was recorded later, what it cites
	Unpriced   string // classes without a price, with commas
	Tried      string // by cloud what became of the last attempt there, in the order of these: "azure=throttled,aws=answered"
}

const activityVersion = 1

// sinceBytes puts an instant into bytes that sort as instants do.
func sinceBytes(b []byte, at int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(at)^(1<<63))
}

// ActivityRange returns the bounds of the keys whose stretches begin in a range of instants: for storages.
func ActivityRange(since, until int64) (from, to []byte) {
	return sinceBytes([]byte{activityVersion}, since), sinceBytes([]byte{activityVersion}, until)
}

// An ActivityRow is an Activity as books store it: keys sort by their bytes.
type ActivityRow struct{ Key, Value []byte }

// Row encodes it.
func (a *Activity) Row() ActivityRow {
	k := &a.ActivityKey
	key := binary.BigEndian.AppendUint64(sinceBytes([]byte{activityVersion}, k.Since), uint64(k.Sold))
	flags := byte(0)
	if k.Refused {
		flags |= 1
	}
	if k.Charged {
		flags |= 2
	}
	key = append(key, byte(k.Kind), flags)
	for _, text := range k.texts() {
		key = appendString(key, *text)
	}
	var value []byte
	for _, n := range []int64{a.First, a.Last, a.SoldFirst, a.SoldLast, a.Count} {
		value = binary.BigEndian.AppendUint64(value, uint64(n))
	}
	return ActivityRow{key, appendAmount(value, a.Amount)}
}

func (k *ActivityKey) texts() [10]*string {
	return [...]*string{&k.Seller, &k.Product, &k.Customer, &k.Deployment, &k.Cloud, (*string)(&k.Currency), &k.Evidence, &k.Detail, &k.Unpriced, &k.Tried}
}

// Read decodes a row.
func (r ActivityRow) Read() (a Activity, err error) {
	if len(r.Key) < 1 || r.Key[0] != activityVersion {
		return a, fmt.Errorf("a row of activity is not of this version: %w", ErrUnreadable)
	}
	d := decoder{b: r.Key[1:]}
	a.Since = int64(binary.BigEndian.Uint64(d.take(8)) ^ 1<<63)
	a.Sold = d.int64()
	kind, flags := d.take(1)[0], d.take(1)[0]
	a.Kind, a.Refused, a.Charged = journal.Kind(kind), flags&1 != 0, flags&2 != 0
	for _, text := range a.texts() {
		*text = d.text()
	}
	v := decoder{b: r.Value}
	for _, n := range []*int64{&a.First, &a.Last, &a.SoldFirst, &a.SoldLast, &a.Count} {
		*n = v.int64()
	}
	a.Amount = v.amount()
	if d.err != nil || v.err != nil || len(d.b)+len(v.b) > 0 || flags > 3 {
		return a, fmt.Errorf("a row of activity cannot be read: %w: %w", cmp.Or(d.err, v.err, errors.New("bytes are left over")), ErrUnreadable)
	}
	return a, nil
}

// Plus adds what another row of the same key counts.
func (a *Activity) Plus(b *Activity) (err error) {
	a.First, a.Last = min(a.First, b.First), max(a.Last, b.Last)
	a.SoldFirst, a.SoldLast = min(a.SoldFirst, b.SoldFirst), max(a.SoldLast, b.SoldLast)
	a.Count += b.Count
	a.Amount, err = a.Amount.Add(b.Amount)
	return err
}

// compareRows puts rows in the order of their keys.
func compareRows(a, b ActivityRow) int { return bytes.Compare(a.Key, b.Key) }

// EverSince and EverUntil are the bounds of all activity.
const (
	EverSince = math.MinInt64
	EverUntil = math.MaxInt64
)

// AddRows adds to stored rows what Observed gives of a state that was decoded without them.
func AddRows(stored, more []ActivityRow) ([]ActivityRow, error) {
	all := slices.Clone(stored)
	for _, row := range more {
		i, found := slices.BinarySearchFunc(stored, row, compareRows)
		if !found {
			all = append(all, row)
			continue
		}
		a, err1 := stored[i].Read()
		b, err2 := row.Read()
		if err := cmp.Or(err1, err2, a.Plus(&b)); err != nil {
			return nil, err
		}
		all[i] = a.Row()
	}
	slices.SortFunc(all, compareRows)
	return all, nil
}
