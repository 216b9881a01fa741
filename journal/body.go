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

// Kind returns KindRefund.
func (*Refund) Kind() Kind { return KindRefund }

// Kind returns KindCredit.
func (*Credit) Kind() Kind { return KindCredit }

// Kind returns KindFee.
func (*Fee) Kind() Kind { return KindFee }

// Kind returns KindPayment.
func (*Payment) Kind() Kind { return KindPayment }

// Kind returns KindInvoice.
func (*Invoice) Kind() Kind { return KindInvoice }

// Kind returns KindRate.
func (*Rate) Kind() Kind { return KindRate }

// Kind returns KindFact.
func (*Fact) Kind() Kind { return KindFact }

// Kind returns KindClose.
func (*Close) Kind() Kind { return KindClose }

// Kind returns KindAcceptance.
func (*Acceptance) Kind() Kind { return KindAcceptance }

// Kind returns KindDispute.
func (*Dispute) Kind() Kind { return KindDispute }

// Kind returns KindCorrection.
func (*Correction) Kind() Kind { return KindCorrection }

// Kind returns KindMerge.
func (*Merge) Kind() Kind { return KindMerge }

func (*Refund) isBody()     {}
func (*Credit) isBody()     {}
func (*Fee) isBody()        {}
func (*Payment) isBody()    {}
func (*Invoice) isBody()    {}
func (*Rate) isBody()       {}
func (*Fact) isBody()       {}
func (*Close) isBody()      {}
func (*Acceptance) isBody() {}
func (*Dispute) isBody()    {}
func (*Correction) isBody() {}
func (*Merge) isBody()      {}
