package app

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"concord/clouds/emulator"
)

// BillEmulator writes the FOCUS export of an emulated cloud from the file that it kept of what it served.
func BillEmulator(w io.Writer, journal, prices string, o emulator.Billing, compress bool) (done emulator.Billed, err error) {
	if o.Prices, err = LoadEmulatorPrices(prices); err != nil {
		return done, err
	}
	kept, err := os.Open(journal)
	if err != nil {
		return done, fmt.Errorf("open what the cloud served: %w", err)
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	err = written(w, compress, func(w io.Writer) (err error) {
		done, err = emulator.WriteBill(w, kept, o)
		return err
	})
	if err != nil {
		return done, fmt.Errorf("%s: %w", journal, err)
	}
	return done, nil
}

// written calls write with w, or with what compresses into it: with no name and no instant, so that the same input gives the same bytes.
func written(w io.Writer, compress bool, write func(io.Writer) error) error {
	out := bufio.NewWriterSize(w, 1<<16)
	if !compress {
		return errors.Join(write(out), out.Flush())
	}
	zipped := gzip.NewWriter(out)
	if err := write(zipped); err != nil {
		return err
	}
	return errors.Join(zipped.Close(), out.Flush())
}
