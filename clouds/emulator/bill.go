package emulator

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// A Price is one line of a cloud's own list: US dollars for so many units of a class of a model.
type Price struct {
	Model  string // as requests name it
	Region string // "" = everywhere
	Tier   string // "" = every tier
	Class  string
	Above  int64 // only for requests with more prompt tokens than this
	Per    int64
	Amount *big.Rat
}

// Prices is a list. Of the lines that fit a request, the last counts.
type Prices []Price

// The classes of what is billed, and their units.
const (
	unitTokens     = "tokens"
	unitImages     = "images"
	unitCharacters = "characters"
	unitSeconds    = "seconds"
	unitCalls      = "calls"
)

// A Charge is one line of what a request costs: a quantity of a class at a price.
type Charge struct {
	SKU       string `json:"sku"` // model/class, with the tier where it is not the default
	Class     string `json:"class"`
	Unit      string `json:"unit"`
	Quantity  string `json:"quantity"`
	UnitPrice string `json:"unit_price,omitempty"` // US dollars for one; "" = the list has no price
	Amount    string `json:"amount,omitempty"`     // US dollars, exact
}

var priceColumns = []string{"model", "region", "tier", "class", "above", "per", "price"}

// ParsePrices reads a list as CSV with the columns model, region, tier, class, above, per, price.
func ParsePrices(r io.Reader) (Prices, error) {
	in := csv.NewReader(r)
	in.Comment = '#'
	in.FieldsPerRecord = len(priceColumns)
	header, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("read the header of prices: %w", err)
	}
	if !slices.Equal(header, priceColumns) {
		return nil, fmt.Errorf("prices have the columns %s; write %s", strings.Join(header, ","), strings.Join(priceColumns, ","))
	}
	var all Prices
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read prices: %w", err)
		}
		line, _ := in.FieldPos(0)
		p, err := parsePrice(row)
		if err != nil {
			return nil, fmt.Errorf("prices, line %d: %w", line, err)
		}
		all = append(all, p)
	}
}

func parsePrice(row []string) (Price, error) {
	p := Price{Model: row[0], Region: row[1], Tier: row[2], Class: row[3], Per: 1}
	if p.Model == "" {
		return p, errors.New("no model is named")
	}
	if !slices.Contains(classNames, p.Class) {
		return p, fmt.Errorf("%q is no class; use one of %s", p.Class, strings.Join(classNames, ", "))
	}
	var err error
	if row[4] != "" {
		if p.Above, err = strconv.ParseInt(row[4], 10, 64); err != nil || p.Above < 0 {
			return p, fmt.Errorf("above %q is not a number of tokens", row[4])
		}
	}
	if row[5] != "" {
		if p.Per, err = strconv.ParseInt(row[5], 10, 64); err != nil || p.Per < 1 {
			return p, fmt.Errorf("per %q is not a number of units", row[5])
		}
	}
	if p.Amount, err = parseAmount(row[6]); err != nil {
		return p, err
	}
	return p, nil
}

// parseAmount reads a decimal, and nothing else that big.Rat would take.
func parseAmount(s string) (*big.Rat, error) {
	whole, part, dotted := strings.Cut(s, ".")
	digits := func(s string) bool { return s != "" && len(s) <= 18 && strings.Trim(s, "0123456789") == "" }
	if !digits(whole) || dotted && !digits(part) {
		return nil, fmt.Errorf("price %q is not a decimal such as 1.25", s)
	}
	amount, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil, fmt.Errorf("price %q is not a decimal such as 1.25", s)
	}
	return amount, nil
}

// A quantity is so much of one class.
type quantity struct {
	class, unit string
	n           int64
}

var classNames = []string{"input", "cached", "cache-write", "audio-input", "image-input", "output", "audio-output", "image-output", "image", "character", "second",
	"web-search", "file-search", "container"}

// parts splits what was consumed into classes that do not overlap.
func (u *Usage) parts() []quantity {
	all := []quantity{
		{"input", unitTokens, u.Prompt - u.Cached - u.CacheWrite - u.AudioIn - u.ImageIn}, {"cached", unitTokens, u.Cached}, {"cache-write", unitTokens, u.CacheWrite},
		{"audio-input", unitTokens, u.AudioIn}, {"image-input", unitTokens, u.ImageIn},
		{"output", unitTokens, u.Completion - u.AudioOut - u.ImageOut}, {"audio-output", unitTokens, u.AudioOut}, {"image-output", unitTokens, u.ImageOut},
		{"image", unitImages, u.Images}, {"character", unitCharacters, u.Characters}, {"second", unitSeconds, u.Milliseconds},
		{"web-search", unitCalls, u.WebSearches}, {"file-search", unitCalls, u.FileSearches}, {"container", unitCalls, u.Containers},
	}
	return slices.DeleteFunc(all, func(q quantity) bool { return q.n <= 0 })
}

// Charges is what the list makes of a request, with the sum; a class without a price has none and adds nothing.
func (p Prices) Charges(s *Served) (charges []Charge, total string) {
	sum := new(big.Rat)
	for _, part := range s.Usage.parts() {
		n := big.NewRat(part.n, 1)
		if part.class == "second" {
			n = big.NewRat(part.n, 1000)
		}
		c := Charge{SKU: s.Model + "/" + part.class, Class: part.class, Unit: part.unit, Quantity: decimal(n)}
		if s.Tier != "" && s.Tier != "default" {
			c.SKU += "/" + s.Tier
		}
		if unit := p.find(s, part.class); unit != nil {
			amount := new(big.Rat).Mul(unit, n)
			sum.Add(sum, amount)
			c.UnitPrice, c.Amount = decimal(unit), decimal(amount)
		}
		charges = append(charges, c)
	}
	return charges, decimal(sum)
}

// find gives the price of one unit.
func (p Prices) find(s *Served, class string) *big.Rat {
	for i := len(p) - 1; i >= 0; i-- {
		x := &p[i]
		if x.Class == class && x.Model == s.Model && (x.Region == "" || x.Region == s.Region) && (x.Tier == "" || x.Tier == s.Tier) && s.Usage.Prompt >= x.Above+min(x.Above, 1) {
			return new(big.Rat).Quo(x.Amount, big.NewRat(x.Per, 1))
		}
	}
	return nil
}

// decimal writes a number without loss where that is possible, and to 24 places where it is not.
func decimal(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	digits, exact := r.FloatPrec()
	if !exact {
		digits = 24
	}
	return r.FloatString(digits)
}
