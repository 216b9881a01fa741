package agreement

import "fmt"

// retired returns why a product is no longer delivered on a cloud: the last fact of the two, in any agreement, says that it
// was retired there, and not that it was shipped. "" if it is not retired.
func (t *Terms) retired(product, cloud string) string {
	var last *inForceFact
	for i := range t.facts {
		f := &t.facts[i]
		if f.Kind != Ships && f.Kind != Retires || f.Product != product || f.Cloud != cloud {
			continue
		}
		if last == nil || f.On.After(last.On) || f.On.Equal(last.On) && f.Kind == Retires {
			last = f
		}
	}
	if last == nil || last.Kind != Retires {
		return ""
	}
	on := last.On
	if last.agreement.Zone != nil {
		on = on.In(last.agreement.Zone)
	}
	return fmt.Sprintf("%s is retired on %s since %s (fact %s of %s)", product, cloud, on.Format("2006-01-02"), last.ID, last.agreement.Name)
}
