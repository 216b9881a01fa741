package store_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"concord/journal"
	"concord/journal/journaltest"
	"concord/store"
	"concord/store/storetest"
)

// disk tells of free space as it is told to, at a clock that each look moves on.
type disk struct {
	bytes atomic.Int64
	gone  atomic.Bool
	clock atomic.Int64
}

func (d *disk) free() (int64, error) {
	if d.gone.Load() {
		return 0, errDisk
	}
	return d.bytes.Load(), nil
}

func (d *disk) options(reserve int64) store.CommitterOptions {
	return store.CommitterOptions{Free: d.free, Reserve: reserve, Now: func() int64 { return d.clock.Add(int64(time.Second)) }}
}

func TestBelowTheReserveNothingBeginsAndEverythingEnds(t *testing.T) {
	t.Parallel()
	d := &disk{}
	d.bytes.Store(1 << 30)
	j := journal.NewMemory()
	c := commit(t, j, 1, d.options(1<<20))
	if err := storetest.Add(t, c, journaltest.Intent(1)); err != nil {
		t.Fatal(err)
	}
	d.bytes.Store(1<<20 - 1)

	for _, e := range []journal.Entry{journaltest.Intent(2), journaltest.Refused(3), journaltest.Progress(1, 1)} {
		if err := storetest.Add(t, c, e); !errors.Is(err, journal.ErrUnwell) {
			t.Errorf("%s: got %v, want %v", e.Body.Kind(), err, journal.ErrUnwell)
		}
	}
	if err := c.Well(); !c.Stats().Short || !errors.Is(err, journal.ErrUnwell) {
		t.Errorf("the committer does not say that space is short: %v", err)
	}
	for _, e := range []journal.Entry{journaltest.Attempt(1), journaltest.Record(1), journaltest.Document(100)} {
		if err := storetest.Add(t, c, e); err != nil {
			t.Errorf("%s: %v", e.Body.Kind(), err)
		}
	}
	d.bytes.Store(1 << 30)
	if err := c.Well(); err != nil {
		t.Errorf("with space again: %v", err)
	}
	if err := storetest.Add(t, c, journaltest.Intent(2)); err != nil {
		t.Errorf("an intent once there is space: %v", err)
	}
	if err := storetest.Add(t, c, journaltest.Record(2)); err != nil {
		t.Error(err)
	}
	storetest.Close(t, c)
	storetest.Good(t, j)
}

func TestWhatIsOpenIsKeptRoomForBesideTheReserve(t *testing.T) {
	t.Parallel()
	d := &disk{}
	d.bytes.Store(1<<20 + 200<<10) // the reserve and three records
	j := journal.NewMemory()
	c := commit(t, j, 1, d.options(1<<20))
	admitted := 0
	for n := range 10 {
		switch err := storetest.Add(t, c, journaltest.Intent(n)); {
		case err == nil:
			admitted++
		case !errors.Is(err, journal.ErrUnwell):
			t.Fatal(err)
		}
	}
	if admitted < 3 || admitted > 4 {
		t.Errorf("%d requests were admitted into room for three", admitted)
	}
	for n := range admitted {
		if err := storetest.Add(t, c, journaltest.Record(n)); err != nil {
			t.Error(err)
		}
	}
	if err := storetest.Add(t, c, journaltest.Intent(20)); err != nil {
		t.Errorf("an intent when the others ended: %v", err)
	}
}

func TestADiskThatCannotBeAskedAdmitsNothing(t *testing.T) {
	t.Parallel()
	d := &disk{}
	d.bytes.Store(1 << 30)
	c := commit(t, journal.NewMemory(), 1, d.options(1<<20))
	d.gone.Store(true)
	if err := storetest.Add(t, c, journaltest.Intent(1)); !errors.Is(err, journal.ErrUnwell) || !errors.Is(err, errDisk) {
		t.Errorf("got %v", err)
	}
	d.gone.Store(false)
	if err := storetest.Add(t, c, journaltest.Refused(1)); err != nil {
		t.Error(err)
	}
	storetest.Close(t, c)
}
