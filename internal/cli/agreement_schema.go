package cli

import (
	"github.com/spf13/cobra"

	"concord/agreement/agreementfile"
)

func newAgreementSchema(env Env) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON schema of agreement files, for editors", Args: cobra.NoArgs,
		Long: "Prints a JSON schema (2020-12) of the agreement file. Editors complete and check by it; what an agreement means is checked by\n" +
			"`concord agreement check`. Save it, and begin the file with: # yaml-language-server: $schema=agreement.schema.json",
		Example: "  concord agreement schema > agreement.schema.json",
		RunE: func(*cobra.Command, []string) error {
			schema, err := agreementfile.Schema()
			if err != nil {
				return err
			}
			_, err = env.Stdout.Write(schema)
			return err
		},
	}
}
