package delivery

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"concord/agreement"
)

// slotClouds are the clouds that take part in the draw of a group: those with a weight by name, so that the order in
// which a clause lists them changes nothing, then the others as listed.
func slotClouds(d *agreement.Delivery, group int) []string {
	var drawn, rest []string
	for _, cloud := range groupOf(d, group) {
		if weightOf(d, cloud) > 0 {
			drawn = append(drawn, cloud)
		} else {
			rest = append(rest, cloud)
		}
	}
	slices.Sort(drawn)
	return append(drawn, rest...)
}

func weightOf(d *agreement.Delivery, cloud string) int64 {
	for _, w := range d.Within.Weights {
		if w.Cloud == cloud {
			return w.Weight
		}
	}
	return 0
}

// segments cuts sorted candidates into runs whose order is fixed and runs that are drawn.
func segments(all []sorting) []segment {
	var out []segment
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && sameSegment(&all[from], &all[to]) {
			to++
		}
		out = append(out, cut(all, from, to))
		from = to
	}
	return out
}

func drawn(s *sorting) bool {
	return s.clause != nil && s.clause.Within.Rule == "weighted" && !s.choice
}

func sameSegment(a, b *sorting) bool {
	if !drawn(a) || !drawn(b) {
		return drawn(a) == drawn(b)
	}
	return compareLevel(a, b) == 0 && a.policy.group == b.policy.group
}

func cut(all []sorting, from, to int) segment {
	seg := segment{from: from, to: to}
	first := &all[from]
	if !drawn(first) {
		return seg
	}
	seg.salt = uint64(first.group)
	at := from
	for place, cloud := range slotClouds(first.clause, first.group) {
		s := slot{weight: weightOf(first.clause, cloud), from: at}
		for at < to && all[at].within == place {
			at++
		}
		s.to = at
		seg.total += s.weight
		seg.slots = append(seg.slots, s)
	}
	// Clouds that the group does not list come last.
	seg.slots = append(seg.slots, slot{from: at, to: to})
	return seg
}

// A stream is splitmix64: one addition and three mixes a number, and any seed is a good one.
type stream uint64

func newStream(request [16]byte, salt uint64) stream {
	hi, lo := binary.BigEndian.Uint64(request[:8]), binary.BigEndian.Uint64(request[8:])
	s := stream(hi)
	s = stream(s.next() ^ lo)
	return stream(s.next() + salt)
}

func (s *stream) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number in [0, n); its bias is less than n/2^64.
func (s *stream) below(n int64) int64 {
	hi, _ := bits.Mul64(s.next(), uint64(n))
	return int64(hi)
}

// draw appends the candidates of a drawn segment: clouds are picked one after another, each as likely as its weight is
// part of the weights that are left. All clouds of the group take part, permitted or not: the order among the permitted
// ones has the same odds as if they were drawn alone, and does not change when a license ends for one of the others.
func (p *Plan) draw(rt *route, s *segment, seen []State) {
	p.weights = p.weights[:0]
	for i := range s.slots {
		p.weights = append(p.weights, s.slots[i].weight)
	}
	random := newStream(p.Facts.Request, s.salt)
	for total := s.total; total > 0; {
		n := random.below(total)
		for i, w := range p.weights {
			if n -= w; n < 0 {
				p.add(rt, s.slots[i].from, s.slots[i].to, seen)
				total -= w
				p.weights[i] = 0
				break
			}
		}
	}
	for i := range s.slots {
		if s.slots[i].weight == 0 {
			p.add(rt, s.slots[i].from, s.slots[i].to, seen)
		}
	}
}
