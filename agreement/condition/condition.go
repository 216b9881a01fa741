// Package condition owns the language of a clause's when: a small part of CEL over the facts of one request. CEL's own parser
// and type checker read a condition when its file is loaded; what is then evaluated is code of ours, made from the checked
// tree, which allocates nothing and cannot loop. Tests hold it to what CEL itself says of the same facts.
//
// The language has ==, != and < of texts, == and != of truths, in over a list of texts, startsWith, &&, ||, ! and the
// attributes of a customer: attributes.class, "class" in attributes, has(attributes.class). No numbers, no time, no loops: which
// terms hold is a matter of amendments, and never of the clock.
//
// A value has three states. A fact that is not stated, such as the zone of a deployment that names none, makes what rests on
// it Unknown, and so does an attribute that the customer does not have. A clause grants only where its condition is True, and
// forbids where it is not False.
package condition

import (
	"maps"
	"slices"
	"strings"
)

// Truth is what a condition comes to.
type Truth uint8

// The truths.
const (
	Unknown Truth = iota
	False
	True
)

// String returns the word for a truth.
func (t Truth) String() string {
	switch t {
	case False:
		return "false"
	case True:
		return "true"
	default:
		return "unknown"
	}
}

// Of returns the truth of b.
func Of(b bool) Truth {
	if b {
		return True
	}
	return False
}

func (t Truth) not() Truth {
	switch t {
	case False:
		return True
	case True:
		return False
	default:
		return Unknown
	}
}

// Name is a fact that a condition may name.
type Name string

// The facts.
const (
	Product    Name = "product"    // owner/model
	Owner      Name = "owner"      // of the product
	State      Name = "state"      // of the product: stateless or stateful
	Cloud      Name = "cloud"      // on which the deployment runs
	Region     Name = "region"     // of the deployment, as the cloud calls it
	Zone       Name = "zone"       // residency zone of the deployment
	Account    Name = "account"    // cloud account of the deployment
	Seller     Name = "seller"     // who bills
	Customer   Name = "customer"   // who buys
	Territory  Name = "territory"  // where the customer is
	API        Name = "api"        // surface of the request
	Stream     Name = "stream"     // whether the answer is streamed
	Attributes Name = "attributes" // of the customer
)

// Names returns the facts in the order in which pages list them.
func Names() []Name {
	return []Name{Product, Owner, State, Cloud, Region, Zone, Account, Seller, Customer, Territory, API, Stream, Attributes}
}

// An Attribute is something that the configuration says of a customer.
type Attribute struct{ Name, Value string }

// Facts are what a condition is evaluated over. An empty text is a fact that is not stated; attributes are stated whole.
type Facts struct {
	Product, Owner, State        string
	Cloud, Region, Zone, Account string
	Seller, Customer, Territory  string
	API                          string
	Stream                       Truth
	Attributes                   []Attribute // of any order; of two with one name the first counts
}

// Attribute returns the value of an attribute.
func (f *Facts) Attribute(name string) (string, bool) {
	for i := range f.Attributes {
		if f.Attributes[i].Name == name {
			return f.Attributes[i].Value, true
		}
	}
	return "", false
}

// Text returns a fact that is a text; "" if it is not stated, or is none.
func (f *Facts) Text(n Name) string {
	switch n {
	case Product:
		return f.Product
	case Owner:
		return f.Owner
	case State:
		return f.State
	case Cloud:
		return f.Cloud
	case Region:
		return f.Region
	case Zone:
		return f.Zone
	case Account:
		return f.Account
	case Seller:
		return f.Seller
	case Customer:
		return f.Customer
	case Territory:
		return f.Territory
	case API:
		return f.API
	case Stream, Attributes:
	}
	return ""
}

// A Condition is a compiled when. It is immutable and safe for concurrent use.
type Condition struct {
	text       string
	root       test
	literals   []Literal
	uses       []Use
	attributes []string
}

// A Literal is a text that a condition compares a fact with.
type Literal struct {
	Fact      Name
	Attribute string // which of the attributes
	Value     string
	Prefix    bool // compared by startsWith
	Ordered   bool // compared by <
	Offset    int  // of the literal in the text, in characters
}

// A Use is the first place where a condition names a fact.
type Use struct {
	Fact   Name
	Offset int // in characters
}

// Text returns the condition as it was written.
func (c *Condition) Text() string { return c.text }

// Eval returns what the condition comes to. It allocates nothing.
func (c *Condition) Eval(f *Facts) Truth { return c.root(f) }

// Literals returns the texts that facts are compared with, in the order of the text.
func (c *Condition) Literals() []Literal { return c.literals }

// Uses returns the facts that the condition names, in the order of the text.
func (c *Condition) Uses() []Use { return c.uses }

// Names reports whether the condition names a fact.
func (c *Condition) Names(n Name) bool {
	return slices.ContainsFunc(c.uses, func(u Use) bool { return u.Fact == n })
}

// AttributeNames returns the attributes that the condition names, by name.
func (c *Condition) AttributeNames() []string { return c.attributes }

// Equal reports whether two conditions are the same text.
func (c *Condition) Equal(o *Condition) bool {
	if c == nil || o == nil {
		return c == o
	}
	return c.text == o.text
}

// A test evaluates a part of a condition.
type test func(*Facts) Truth

// An operand is a part that is a text: a literal, a fact, or an attribute.
type operand struct {
	literal   bool
	value     string // of a literal
	fact      Name
	attribute string
	get       func(*Facts) string // of a fact that is no attribute
}

// text returns the operand's value; false if it is not stated.
func (o *operand) text(f *Facts) (string, bool) {
	switch {
	case o.literal:
		return o.value, true
	case o.get != nil:
		s := o.get(f)
		return s, s != ""
	}
	return f.Attribute(o.attribute)
}

// getter returns how a fact that is a text is read.
func getter(n Name) func(*Facts) string {
	switch n {
	case Product:
		return func(f *Facts) string { return f.Product }
	case Owner:
		return func(f *Facts) string { return f.Owner }
	case State:
		return func(f *Facts) string { return f.State }
	case Cloud:
		return func(f *Facts) string { return f.Cloud }
	case Region:
		return func(f *Facts) string { return f.Region }
	case Zone:
		return func(f *Facts) string { return f.Zone }
	case Account:
		return func(f *Facts) string { return f.Account }
	case Seller:
		return func(f *Facts) string { return f.Seller }
	case Customer:
		return func(f *Facts) string { return f.Customer }
	case Territory:
		return func(f *Facts) string { return f.Territory }
	case API:
		return func(f *Facts) string { return f.API }
	case Stream, Attributes:
	}
	return nil
}

func constant(t Truth) test { return func(*Facts) Truth { return t } }

func and(x, y test) test {
	return func(f *Facts) Truth {
		a := x(f)
		if a == False {
			return False
		}
		b := y(f)
		if b == False {
			return False
		}
		return min(a, b) // Unknown, if either is
	}
}

func or(x, y test) test {
	return func(f *Facts) Truth {
		a := x(f)
		if a == True {
			return True
		}
		b := y(f)
		if b == True {
			return True
		}
		return min(a, b)
	}
}

func not(x test) test { return func(f *Facts) Truth { return x(f).not() } }

func sameTruth(x, y test) test {
	return func(f *Facts) Truth {
		a, b := x(f), y(f)
		if a == Unknown || b == Unknown {
			return Unknown
		}
		return Of(a == b)
	}
}

// compared makes a test of two texts.
func compared(x, y operand, is func(a, b string) bool) test {
	return func(f *Facts) Truth {
		a, ok := x.text(f)
		if !ok {
			return Unknown
		}
		b, ok := y.text(f)
		if !ok {
			return Unknown
		}
		return Of(is(a, b))
	}
}

// equal makes the test that is by far the most common, a fact against a literal, without a detour.
func equal(x, y operand) test {
	if x.literal {
		x, y = y, x
	}
	if x.get == nil || !y.literal {
		return compared(x, y, func(a, b string) bool { return a == b })
	}
	get, want := x.get, y.value
	return func(f *Facts) Truth {
		s := get(f)
		if s == "" {
			return Unknown
		}
		return Of(s == want)
	}
}

func less(x, y operand) test {
	return compared(x, y, func(a, b string) bool { return a < b })
}

func begins(x, y operand) test { return compared(x, y, strings.HasPrefix) }

func among(x operand, list []string) test {
	return func(f *Facts) Truth {
		s, ok := x.text(f)
		if !ok {
			return Unknown
		}
		return Of(slices.Contains(list, s))
	}
}

func has(x operand) test {
	return func(f *Facts) Truth {
		name, ok := x.text(f)
		if !ok {
			return Unknown
		}
		_, there := f.Attribute(name)
		return Of(there)
	}
}

// SetText states a fact that is a text; of any other fact it does nothing.
func (f *Facts) SetText(n Name, v string) {
	switch n {
	case Product:
		f.Product = v
	case Owner:
		f.Owner = v
	case State:
		f.State = v
	case Cloud:
		f.Cloud = v
	case Region:
		f.Region = v
	case Zone:
		f.Zone = v
	case Account:
		f.Account = v
	case Seller:
		f.Seller = v
	case Customer:
		f.Customer = v
	case Territory:
		f.Territory = v
	case API:
		f.API = v
	case Stream, Attributes:
	}
}

// AttributesOf returns attributes by name.
func AttributesOf(values map[string]string) []Attribute {
	var all []Attribute
	for _, name := range slices.Sorted(maps.Keys(values)) {
		all = append(all, Attribute{name, values[name]})
	}
	return all
}
