package emulator

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"time"
)

// Billing says what a bill is made of.
type Billing struct {
	Cloud   string
	Account string // "" = all
	From    time.Time
	Until   time.Time // exclusive
	Prices  Prices
}

// A Billed says what a bill came to.
type Billed struct {
	Requests int
	Rows     int
	Total    string // US dollars, before the cloud's own rounding
}

// billKey is what a cloud sums up by.
type billKey struct {
	account, region, model, tier, class, unit string
	start                                     time.Time
	price                                     string // exact; "" = the list has none
}

func (k billKey) compare(o billKey) int {
	return cmp.Or(k.start.Compare(o.start), cmp.Compare(k.account, o.account), cmp.Compare(k.region, o.region), cmp.Compare(k.model, o.model),
		cmp.Compare(k.class, o.class), cmp.Compare(k.tier, o.tier), cmp.Compare(k.price, o.price))
}

type billSum struct {
	quantity *big.Rat
	price    *big.Rat // nil = none
	requests int
}

// WriteBill makes the FOCUS export of a billing period from a cloud's own journal of what it served: what was answered, when it
// was asked, by the cloud's own list. Each cloud has its own habits (docs/focus.md).
func WriteBill(w io.Writer, kept io.Reader, o Billing) (done Billed, err error) {
	h, ok := habitOf(o.Cloud)
	if !ok {
		return done, fmt.Errorf("bill %s: no such cloud is emulated", o.Cloud)
	}
	sums := map[billKey]*billSum{}
	total := new(big.Rat)
	lines := bufio.NewScanner(kept)
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var line KeptLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return done, fmt.Errorf("line %d of what was served: %w", number, err)
		}
		if line.Cloud != o.Cloud || line.Status != http.StatusOK || o.Account != "" && line.Account != o.Account || line.Started.Before(o.From) || !line.Started.Before(o.Until) {
			continue
		}
		if h.take(sums, &line, o.Prices) {
			done.Requests++
		}
	}
	if err := lines.Err(); err != nil {
		return done, fmt.Errorf("read what was served: %w", err)
	}
	out := csv.NewWriter(w)
	if err := out.Write(h.columns); err != nil {
		return done, fmt.Errorf("write the bill: %w", err)
	}
	for _, k := range slices.SortedFunc(maps.Keys(sums), billKey.compare) {
		s := sums[k]
		amount := new(big.Rat)
		if s.price != nil {
			amount.Mul(s.quantity, s.price)
		}
		total.Add(total, amount)
		if err := out.Write(h.row(k, s, amount, o)); err != nil {
			return done, fmt.Errorf("write the bill: %w", err)
		}
		done.Rows++
	}
	out.Flush()
	done.Total = decimal(total)
	return done, out.Error()
}

// take adds what one request used to the sums, and reports whether it used anything.
func (h *habit) take(sums map[billKey]*billSum, line *KeptLine, prices Prices) bool {
	s := Served{Model: line.Model, Region: line.Region, Tier: line.Tier, Usage: Usage{
		Prompt: line.Prompt, Cached: line.Cached, CacheWrite: line.CacheWrite, AudioIn: line.AudioIn, ImageIn: line.ImageIn, Completion: line.Completion,
		Reasoning: line.Reasoning, AudioOut: line.AudioOut, ImageOut: line.ImageOut, Images: line.Images, Characters: line.Characters, Milliseconds: line.Milliseconds}}
	parts := s.Usage.parts()
	for _, part := range parts {
		k := billKey{line.Account, line.Region, line.Model, line.Tier, part.class, part.unit, line.Started.UTC().Truncate(h.step), ""}
		if k.tier == "default" {
			k.tier = ""
		}
		price := prices.find(&s, part.class)
		if price != nil {
			k.price = price.RatString()
		}
		sum, ok := sums[k]
		if !ok {
			sum = &billSum{quantity: new(big.Rat), price: price}
			sums[k] = sum
		}
		n := big.NewRat(part.n, 1)
		if part.unit == unitSeconds {
			n = big.NewRat((part.n+999)/1000, 1) // begun seconds count
		}
		sum.quantity.Add(sum.quantity, n)
		sum.requests++
	}
	return len(parts) > 0
}
