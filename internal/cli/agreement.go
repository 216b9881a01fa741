package cli

import "github.com/spf13/cobra"

func newAgreement(env Env) *cobra.Command {
	return group("agreement", "Check agreements, and show the terms in force", newAgreementCheck(env), newAgreementShow(env), newAgreementExplain(env),
		newAgreementTest(env), newAgreementCalendar(env), newAgreementConvert(env), newAgreementSchema(env), newAgreementDiff(env))
}
