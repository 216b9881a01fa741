package focus

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"concord/money"
)

// applied holds the column ContractApplied to its form: an object of elements, each of which names a contract, a commitment of it
// and what of the charge counts to that, as a number.
func (c *checker) applied(line int) {
	text := c.text("ContractApplied")
	if text == "" {
		return
	}
	bad := func(what string) { c.find(line, "ContractApplied", "contract", what) }
	var object struct {
		Elements []map[string]json.RawMessage
	}
	d := json.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&object); err != nil || d.More() {
		bad("it is not a JSON object with an array of Elements")
		return
	}
	if len(object.Elements) == 0 {
		bad("it has no Elements: without a commitment it is null")
	}
	seen := map[string]bool{}
	for _, e := range object.Elements {
		id := c.element(e, bad)
		if seen[id] {
			bad("commitment " + id + " stands twice")
		}
		seen[id] = true
	}
}

// element checks one of the elements and returns which commitment it is about.
func (c *checker) element(e map[string]json.RawMessage, bad func(string)) (id string) {
	const cost, quantity, unit = "ContractCommitmentAppliedCost", "ContractCommitmentAppliedQuantity", "ContractCommitmentAppliedUnit"
	for _, key := range []string{"ContractId", "ContractCommitmentId", unit} {
		raw, ok := e[key]
		if !ok {
			if key != unit {
				bad("an element has no " + key)
			}
			continue
		}
		var text string
		if json.Unmarshal(raw, &text) != nil || text == "" {
			bad(key + " is not a text")
		}
		if key == "ContractCommitmentId" {
			id = text
		}
	}
	for _, key := range []string{cost, quantity} {
		if raw, ok := e[key]; ok {
			if _, _, err := ParseDecimal(string(bytes.TrimSpace(raw))); err != nil {
				bad(key + " is not a number")
			}
		}
	}
	_, costs := e[cost]
	_, counts := e[quantity]
	if _, unit := e[unit]; counts != unit {
		bad("a quantity and its unit stand together")
	}
	if !costs && !counts {
		bad("an element says neither a cost nor a quantity")
	}
	for key := range e {
		if !slices.Contains([]string{"ContractId", "ContractCommitmentId", cost, quantity, unit}, key) && !customName.MatchString(key) {
			bad("FOCUS has no such key as " + clip(key) + ": a key of one's own begins with x_")
		}
	}
	return id
}

// checkCommitments holds the rows of the dataset of contract commitments to its rules.
func (c *checker) checkCommitments() (*Checked, error) {
	c.columns(commitmentColumns(), nil)
	seen := map[string]int{}
	contracts := map[string]string{}
	for {
		err := c.t.next()
		if errors.Is(err, io.EOF) {
			return &c.done, nil
		}
		if err != nil {
			return nil, err
		}
		c.done.Rows++
		c.commitment(seen, contracts)
	}
}

// commitment checks a row: seen are the commitments so far by line, contracts the periods of theirs.
func (c *checker) commitment(seen map[string]int, contracts map[string]string) {
	line := c.t.line()
	c.need("", "ContractCommitmentCategory", "ContractCommitmentId", "ContractCommitmentPeriodStart", "ContractCommitmentPeriodEnd", "ContractCommitmentType", "ContractId",
		"ContractPeriodStart", "ContractPeriodEnd")
	switch c.text("ContractCommitmentCategory") {
	case "Spend":
		c.need(", and a commitment to spend has one", "ContractCommitmentCost", "BillingCurrency")
	case "Usage":
		c.need(", and a commitment to use has one", "ContractCommitmentQuantity", "ContractCommitmentUnit")
	case "":
	default:
		c.find(line, "ContractCommitmentCategory", "value", "it is none of Spend, Usage")
	}
	if (c.text("ContractCommitmentQuantity") == "") != (c.text("ContractCommitmentUnit") == "") {
		c.find(line, "ContractCommitmentUnit", "null", "it and ContractCommitmentQuantity are null together or not at all")
	}
	for _, name := range []string{"ContractCommitmentCost", "ContractCommitmentQuantity"} {
		var value money.Amount
		var err error
		if text := c.text(name); text != "" {
			if value, _, err = ParseDecimal(text); err != nil {
				c.find(line, name, "value", err.Error())
			}
		}
		if value.Sign() < 0 {
			c.find(line, name, "value", "nobody is bound to less than nothing")
		}
	}
	if text := c.text("BillingCurrency"); text != "" && !currencyCode(text) {
		c.find(line, "BillingCurrency", "value", "it is not the code of a currency, such as USD")
	}
	c.contractPeriods(line)
	id := strings.Clone(c.text("ContractCommitmentId"))
	if first := seen[id]; first > 0 && id != "" {
		c.find(line, "ContractCommitmentId", "contract", "the commitment stands twice")
	} else {
		seen[id] = line
	}
	contract, span := strings.Clone(c.text("ContractId")), c.text("ContractPeriodStart")+" "+c.text("ContractPeriodEnd")
	if before, ok := contracts[contract]; ok && before != span && contract != "" {
		c.find(line, "ContractId", "contract", "the contract has another period in a row before")
	}
	contracts[contract] = span
}

// contractPeriods holds the period of a commitment to that of its contract.
func (c *checker) contractPeriods(line int) {
	var at [4]time.Time
	for i, name := range []string{"ContractPeriodStart", "ContractPeriodEnd", "ContractCommitmentPeriodStart", "ContractCommitmentPeriodEnd"} {
		text := c.text(name)
		if text == "" {
			return // found already
		}
		when, err := time.Parse(time.RFC3339, text)
		if err != nil || !strings.HasSuffix(text, "Z") {
			c.find(line, name, "value", "it is not an instant of UTC such as 2026-05-01T00:00:00Z")
			return
		}
		at[i] = when
	}
	if !at[0].Before(at[1]) {
		c.find(line, "ContractPeriodEnd", "period", "the contract ends before it begins")
	}
	if !at[2].Before(at[3]) {
		c.find(line, "ContractCommitmentPeriodEnd", "period", "the commitment ends before it begins")
	}
	if at[2].Before(at[0]) || at[3].After(at[1]) {
		c.find(line, "ContractCommitmentPeriodStart", "period", "the commitment lies outside of its contract")
	}
}

func currencyCode(s string) bool {
	return len(s) == 3 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}
