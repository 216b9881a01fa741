package agreement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// SaleCatalog derives what could be offered from the agreements alone: one deployment for every product, cloud and seller
// that a sale clause names, in force or not, so that a question about any instant finds them all. The seller holds the
// account. zone is where they are supposed to run; "" = not stated. Deployments are ordered by product, cloud, seller.
func (s *Set) SaleCatalog(zone string) *Catalog {
	var clouds []string
	for cloud := range s.registry.operators {
		clouds = append(clouds, cloud)
	}
	c := &Catalog{}
	seen := map[string]bool{}
	for _, a := range s.agreements {
		for i := range a.Amendments {
			for _, clause := range slices.Concat(a.Amendments[i].Adds, a.Amendments[i].Replaces) {
				if sale, ok := clause.(*Sale); ok {
					c.offer(s.registry.products, clouds, sale, zone, seen)
				}
			}
		}
	}
	slices.SortFunc(c.Deployments, func(x, y Deployment) int {
		return cmp.Or(strings.Compare(x.Product, y.Product), strings.Compare(x.Cloud, y.Cloud), strings.Compare(x.Seller, y.Seller))
	})
	return c
}

func (c *Catalog) offer(products []*Product, all []string, sale *Sale, zone string, seen map[string]bool) {
	clouds := sale.Clouds
	if len(clouds) == 0 {
		clouds = all
	}
	for _, p := range products {
		if !sale.Products.Matches(p.ID) {
			continue
		}
		_, model, _ := strings.Cut(p.ID, "/")
		for _, cloud := range clouds {
			id := fmt.Sprintf("%s-%s-%s", sale.Seller, cloud, model)
			if seen[id] {
				continue
			}
			seen[id] = true
			c.Deployments = append(c.Deployments, Deployment{ID: id, Product: p.ID, Cloud: cloud, Zone: zone, Holder: sale.Seller, Seller: sale.Seller, Model: model, Pos: sale.Pos})
		}
	}
}

// AnyBuyer returns a customer that buys from every seller of the catalog and prefers none.
func (c *Catalog) AnyBuyer(id string) Customer {
	var sellers []string
	for i := range c.Deployments {
		sellers = append(sellers, c.Deployments[i].Seller)
	}
	slices.Sort(sellers)
	return Customer{ID: id, Name: id, Sellers: [][]string{slices.Compact(sellers)}}
}
