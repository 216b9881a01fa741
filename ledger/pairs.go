package ledger

// kinds is a set of account kinds, as the rules about who may meet see them.
type kinds uint16

const (
	kindAccrued   kinds = 1 << iota // receivable or payable, accrued
	kindStated                      // receivable or payable, stated
	kindPrepaid                     // prepaid or deferred
	kindCash                        //
	kindCollected                   // tax of a sale
	kindWithheld                    // tax that a payer kept back, in its book and in the payee's
	kindIncome                      //
	kindExpense                     //
	kindMemo                        //
	kindShare                       // beside income or expense: a share, which may have several payees
	kindParties                     // of a group: receivables and payables of more than one counterparty
)

const (
	kindFlow = kindIncome | kindExpense
	kindOwed = kindAccrued | kindStated | kindPrepaid
)

// kinds returns the kind of the account.
func (p Parts) kinds() kinds {
	switch {
	case p.Type == Memo:
		return kindMemo
	case p.Type == Income || p.Type == Expense:
		k := kindIncome
		if p.Type == Expense {
			k = kindExpense
		}
		if p.Branch == "share" {
			k |= kindShare
		}
		return k
	case p.Branch == "accrued":
		return kindAccrued
	case p.Branch == "stated":
		return kindStated
	case p.Root == "tax" && p.Branch == "collected":
		return kindCollected
	case p.Root == "tax":
		return kindWithheld
	case p.Root == "cash":
		return kindCash
	}
	return kindPrepaid
}

// mayMeet says whether accounts of these kinds may stand together in what one clause posts to one book in one transaction
// (BOOKS: "Allowed pairs"); the answer is "" or what is wrong.
func (k kinds) mayMeet() string {
	switch {
	case k&kindMemo != 0 && k != kindMemo:
		return "a memo account meets money"
	case k&kindFlow == kindFlow:
		return "revenue meets cost"
	case k&kindFlow != 0 && k&kindCash != 0:
		return "revenue or cost meets cash"
	case k&kindFlow != 0 && k&kindWithheld != 0:
		return "revenue or cost meets tax that was withheld"
	case k&kindFlow != 0 && k&kindParties != 0 && k&kindShare == 0:
		return "revenue or cost meets what is owed between others than its own counterparty"
	case k&kindCollected != 0 && k&(kindCash|kindWithheld|kindPrepaid|kindExpense) != 0:
		return "tax of a sale meets other than its receivable"
	}
	return k.mayStand()
}

// mayStand is what still holds when all that one clause posted to one book is seen together, whenever it was: cells do not
// tell which of them met.
func (k kinds) mayStand() string {
	switch {
	case k&kindMemo != 0 && k != kindMemo:
		return "a memo account meets money"
	case k&kindFlow != 0 && k&kindOwed == 0:
		return "revenue or cost meets no receivable, payable or prepaid"
	case k&kindCash != 0 && k&kindOwed == 0:
		return "cash meets neither what is owed nor prepaid"
	case k&kindWithheld != 0 && k&kindOwed == 0:
		return "tax that was withheld meets neither what is owed nor prepaid"
	case k&kindCollected != 0 && k&(kindAccrued|kindStated) == 0:
		return "tax of a sale meets no receivable"
	}
	return ""
}
