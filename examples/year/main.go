// Command year makes a year of synthetic usage under the example agreements and closes it month by month, with the commands of
// Concord, which it prints as it runs them: docs/year.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	_ "time/tzdata" // agreements name time zones, and not every machine has them

	"concord/internal/year"
)

func main() {
	out := flag.String("out", "year", "folder to make")
	months := flag.Int("months", 12, "how many, from November 2025 on")
	perDay := flag.Int("per-day", 20, "requests on an ordinary day of the first month")
	seed := flag.Uint64("seed", 1, "of all draws")
	flag.Parse()
	if err := run(*out, *months, *perDay, *seed); err != nil {
		fmt.Fprintf(os.Stderr, "year: %v\n", err)
		os.Exit(2)
	}
}

func run(out string, months, perDay int, seed uint64) error {
	begin, err := year.Begin()
	if err != nil {
		return err
	}
	o := year.Options{From: begin, Months: months, PerDay: perDay, Seed: seed}
	y, err := year.Make(o)
	if err != nil {
		return err
	}
	if err := os.Mkdir(out, 0o755); err != nil {
		return fmt.Errorf("make the folder of the year: %w\n  name one that does not exist: --out DIR", err)
	}
	if err := y.Write(out); err != nil {
		return err
	}
	r := &year.Run{Year: y, Dir: out, Concord: year.InProcess(context.Background()), Log: os.Stdout}
	if err := r.All(); err != nil {
		return err
	}
	rows, err := r.Rows()
	if err != nil {
		return err
	}
	_, err = fmt.Print("\n", r.Markdown(rows))
	return err
}
