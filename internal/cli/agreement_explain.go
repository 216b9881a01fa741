package cli

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"concord/agreement"
	"concord/agreement/condition"
	"concord/internal/app"
	"concord/report"
	"concord/simulate"
)

func newAgreementExplain(env Env) *cobra.Command {
	var out format
	var at, known, used, api string
	var files app.SceneFiles
	var q simulate.Question
	var attributes map[string]string
	cmd := &cobra.Command{
		Use: "explain FILE... --at T --product P", Short: "Decide a request that was never made, and say which clause allows, ranks or denies and who would owe whom",
		Long: "Decides a request that was never made as the gateway would decide it at that instant, with every deployment healthy.\n\n" +
			"With --config the deployments, customers and prices are those of a configuration, and agreement files, if any are named,\n" +
			"stand in for its own. Without it one deployment is supposed for every product, cloud and seller that a sale clause names, and\n" +
			"any customer buys from every seller. Money is shown where there are price books: those of --config, or --prices FILE...\n\n" +
			"Exit code 1: nobody may serve the request; every denial is explained.",
		Example: "  concord agreement explain examples/openai-microsoft.yaml examples/openai-clouds.yaml --at 2026-05-04 --product gpt-5.4\n" +
			"  concord agreement explain --config examples/concord.yaml --at 2026-05-04 --product gpt-5.4 --customer acme --usage input=4000,cache_read=4000,output=600",
		RunE: func(cmd *cobra.Command, args []string) error {
			files.Agreements = args
			if len(args) == 0 && files.Config == "" {
				return errors.New("name the agreement files, or a configuration that names them: --config concord.yaml")
			}
			var err error
			if files.Known, err = knownAt(known); err != nil {
				return err
			}
			tokens := app.DefaultUsage()
			if used != "" {
				if tokens, err = app.ParseUsage(used); err != nil {
					return err
				}
			}
			scene, err := app.LoadScene(files, app.Disk())
			if err != nil {
				return reportInvalid(env, out, err)
			}
			if q.At, err = parseInstant("at", at, zoneOf(scene.Set)); err != nil {
				return err
			}
			q.API, q.Attributes = agreement.API(api), condition.AttributesOf(attributes)
			explanation, refused, err := app.Suppose(scene, q, tokens)
			if err != nil {
				return err
			}
			if out.json() {
				err = report.WriteJSON(env.Stdout, explanation)
			} else {
				err = app.PrintExplanation(env.Stdout, explanation)
			}
			if err == nil && refused {
				return errNo
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&at, "at", "", "the instant of the request: a date (its first instant in the agreement's zone), or RFC 3339")
	flags.StringVar(&known, "known", "", "what was recorded later does not count (default: now)")
	flags.StringVar(&q.Product, "product", "", "the product, or an alias of it")
	flags.StringVar(&q.Customer, "customer", "", "who asks (default: somebody who buys from every seller and prefers none)")
	flags.StringVar(&q.Region, "region", "", "the residency zone in which the customer wants it processed")
	flags.StringVar(&q.Territory, "territory", "", "where the customer is")
	flags.StringVar(&q.Cloud, "cloud", "", "ask about deployments on this cloud alone")
	flags.StringVar(&q.Home, "home", "", "the customer's home cloud, which goes first where a clause lets customers choose")
	flags.StringVar(&api, "api", "", "the surface: chat, responses, ... (default: chat where the product has it)")
	flags.BoolVar(&q.Stream, "stream", false, "the answer is streamed")
	flags.StringToStringVar(&attributes, "attributes", nil, "what conditions ask of the customer, such as class=gov (default: what the configuration says)")
	flags.StringVar(&used, "usage", "", `the usage, "input=4000,cache_read=4000,output=600" (default: input=1000,output=200)`)
	flags.StringVar(&files.Config, "config", "", "configuration with deployments, customers and prices")
	flags.StringSliceVar(&files.Prices, "prices", nil, "price books, separated by commas")
	_ = cmd.MarkFlagRequired("at")      // the flags exist: they were made above
	_ = cmd.MarkFlagRequired("product") // likewise
	out.register(cmd)
	return cmd
}

// knownAt reads --known; without it everything counts that is recorded by now.
func knownAt(known string) (time.Time, error) {
	if known == "" {
		return time.Now().UTC(), nil
	}
	return parseInstant("known", known, time.UTC)
}

// zoneOf returns the zone in which dates on the command line are read: that of the first agreement.
func zoneOf(set *agreement.Set) *time.Location {
	for _, a := range set.Agreements() {
		if a.Zone != nil {
			return a.Zone
		}
	}
	return time.UTC
}
