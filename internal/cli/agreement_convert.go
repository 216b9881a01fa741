package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"concord/agreement"
	"concord/agreement/agreementfile"
	"concord/internal/app"
)

func newAgreementConvert(env Env) *cobra.Command {
	var out, file string
	var set []string
	cmd := &cobra.Command{
		Use: "convert FILE", Short: "Write the full form of the article's short form, with a marked choice for all that it leaves open", Args: cobra.ExactArgs(1),
		Long: "Reads the article's short form (cloud_deployment_strategy, ip_licensing_model) and writes an agreement that runs. The short form\n" +
			"contradicts itself and leaves much open: each such point becomes a comment CHOICE KEY with what was taken and what else could be.\n" +
			"`concord agreement check FILE` lists the keys and their answers. The same file and choices always give the same bytes.",
		Example: "  concord agreement convert examples/seed.yaml --out agreement.yaml\n" +
			"  concord agreement convert examples/seed.yaml --set \"duration=until 2032-01-01\" --set openai_to_microsoft.rate=15%",
		RunE: func(_ *cobra.Command, args []string) error {
			doc, err := os.ReadFile(args[0])
			if err != nil {
				return fmt.Errorf("read the short form: %w", err)
			}
			choices, err := readChoices(file, set)
			if err != nil {
				return err
			}
			full, findings := agreementfile.Convert(args[0], doc, choices)
			if full == nil {
				return &app.Invalid{What: "agreement", Findings: findings}
			}
			if out == "" {
				_, err = env.Stdout.Write(full)
				return err
			}
			if err := os.WriteFile(out, full, 0o644); err != nil {
				return fmt.Errorf("write the full form: %w", err)
			}
			fmt.Fprintf(env.Stderr, "%s: written, with %d choices marked\n", out, strings.Count(string(full), "# CHOICE "))
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write to this file (default: standard output)")
	cmd.Flags().StringVar(&file, "choices", "", "YAML file of choices, KEY: ANSWER")
	cmd.Flags().StringArrayVar(&set, "set", nil, "a choice, KEY=ANSWER; overrides the file")
	return cmd
}

// readChoices reads those of the file, then those of the flags.
func readChoices(file string, set []string) (choices []agreementfile.Choice, err error) {
	if file != "" {
		doc, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the choices: %w", err)
		}
		var findings []agreement.Finding
		if choices, findings = agreementfile.ParseChoices(file, doc); len(findings) > 0 {
			return nil, &app.Invalid{What: "choices", Findings: findings}
		}
	}
	for _, s := range set {
		key, answer, ok := strings.Cut(s, "=")
		if !ok {
			return nil, fmt.Errorf("--set %q is no choice; write --set KEY=ANSWER, such as --set exclusivity=non-exclusive", s)
		}
		choices = append(choices, agreementfile.Choice{Key: key, Answer: answer, Pos: agreement.Pos{File: "--set"}})
	}
	return choices, nil
}
