package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"concord/internal/app"
)

// place is the flags that say where journal and books are.
type place struct {
	config string
	data   string
}

func (p *place) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.config, "config", "", "configuration that says where the data is (default: ./concord.yaml)")
	cmd.Flags().StringVar(&p.data, "data", "", "data directory (default: ./concord-data where there is no ./concord.yaml)")
	cmd.MarkFlagsMutuallyExclusive("config", "data")
}

// dir finds the data directory, or the configuration that keeps its data elsewhere: --data, --config, ./concord.yaml, ./concord-data.
func (p *place) dir() (string, error) {
	if p.data != "" {
		return p.data, nil
	}
	if p.config != "" {
		return app.Where(p.config, app.Disk())
	}
	if _, err := os.Stat("concord.yaml"); !errors.Is(err, fs.ErrNotExist) {
		return app.Where("concord.yaml", app.Disk())
	}
	return "concord-data", nil
}

// reading opens journal and books, calls do and closes them. Books that cannot follow the journal are not read: whoever asks what
// is owed must not get a part of it.
func (p *place) reading(ctx context.Context, do func(*app.Reading) error) error {
	return p.readingJournal(ctx, func(r *app.Reading) error {
		if r.Stopped != nil {
			return r.Stopped
		}
		return do(r)
	})
}

// readingJournal is reading for what is told from the journal alone.
func (p *place) readingJournal(ctx context.Context, do func(*app.Reading) error) (err error) {
	dir, err := p.dir()
	if err != nil {
		return err
	}
	r, err := app.OpenReading(ctx, dir)
	if err != nil {
		return err
	}
	defer func() {
		if closed := r.Close(); closed != nil && err == nil {
			err = fmt.Errorf("close the books: %w", closed)
		}
	}()
	return do(r)
}
