package journal

import "encoding/json"

// key returns what Find finds a set by that follows another one; zero for every other document.
func (d *Document) key() RequestID {
	follows := d.follows()
	if follows == "" {
		return RequestID{}
	}
	return key("set-after:" + follows)
}

// follows returns the hash of the set that this one follows; "" = it is no set, or follows none.
func (d *Document) follows() string {
	if d.Doc != DocSet {
		return ""
	}
	var set SetDoc
	if err := json.Unmarshal(d.Bytes, &set); err != nil {
		return "" // whoever puts it into force says so
	}
	return set.Follows
}

// Follows returns the hash, in hex, of the set that a set follows; "" = none.
func (d *Document) Follows() string { return d.follows() }
