package journal

// Kind returns KindOpen.
func (*Open) Kind() Kind { return KindOpen }

// Kind returns KindSeal.
func (*Seal) Kind() Kind { return KindSeal }

// Kind returns KindPrices for a price book, else KindTerms.
func (d *Document) Kind() Kind {
	if d.Doc == DocPrices {
		return KindPrices
	}
	return KindTerms
}

// Kind returns KindIntent.
func (*Intent) Kind() Kind { return KindIntent }

// Kind returns KindAttempt.
func (*Attempt) Kind() Kind { return KindAttempt }

// Kind returns KindProgress.
func (*Progress) Kind() Kind { return KindProgress }

// Kind returns KindRecord.
func (*Record) Kind() Kind { return KindRecord }

func (*Open) isBody()     {}
func (*Seal) isBody()     {}
func (*Document) isBody() {}
func (*Intent) isBody()   {}
func (*Attempt) isBody()  {}
func (*Progress) isBody() {}
func (*Record) isBody()   {}
