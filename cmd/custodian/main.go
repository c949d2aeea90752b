// Command custodian is the whole product in one program: a secure, dated, audited document store for children's social care.
//
// Its verbs are serve (run the portal), found (set up an organisation), whoami-claims (show what the sign-in service sends), migrate (bring a database up
// to date), doctor (say what is wrong with this machine and how to put it right), audit (prove that nobody changed the footprints), config (show every
// setting and where it came from) and version.
//
// It promises to start with no settings at all, to say in words what to do when it cannot go on, and to write no person's
// name, title or file name to its log. It exits 0 when it did what was asked, 1 when it could not, 2 when it was asked wrongly.
// It holds no rule of the product: it builds the parts, joins them and closes them in order.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	// The dates of the product are London's, also on a machine without a time zone database.
	_ "time/tzdata"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"custodian/internal/config"
)

func main() {
	p := program{environ: os.Environ(), in: os.Stdin, out: os.Stdout, err: os.Stderr, exit: os.Exit}
	os.Exit(p.run(os.Args[1:]))
}

// program is what a run takes from the world around it.
type program struct {
	environ  []string
	in       io.Reader // for what is pasted
	out, err io.Writer
	exit     func(int) // leaves at once, for the second signal
}

// errTold ends a verb that has already said what went wrong.
var errTold = errors.New("told already")

// usage marks the errors of someone who asked for something that there is not.
type usage struct{ error }

func (p program) run(args []string) int {
	root := p.commands()
	root.SetArgs(args)
	err := root.Execute()
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errTold):
		return 1
	}
	fmt.Fprintf(p.err, "custodian: %v\n", err)
	if _, ok := errors.AsType[usage](err); ok {
		return 2
	}
	return 1
}

func (p program) commands() *cobra.Command {
	root := &cobra.Command{
		Use:           "custodian",
		Short:         "A secure, dated, audited document store for children's social care",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage{fmt.Errorf("there is no verb %q; custodian --help lists them", args[0])}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(p.out)
	root.SetErr(p.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage{err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	addSettings(root.PersistentFlags())
	root.AddCommand(p.serveVerb(), p.foundVerb(), p.whoamiVerb(), p.migrateVerb(), p.doctorVerb(), p.auditVerb(), p.configVerb(), p.versionVerb())
	for _, verb := range root.Commands() {
		verb.Args = func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage{fmt.Errorf("%q is one word too many; settings are given as flags", args[0])}
			}
			return nil
		}
	}
	return root
}

// addSettings makes a flag of every setting. They are read as text, because config judges them all in one way.
func addSettings(flags *pflag.FlagSet) {
	flags.String(config.ConfigFlag, "", "the settings file (TOML); also "+config.ConfigEnv)
	for _, s := range config.Table() {
		flags.String(s.Flag(), "", strings.ReplaceAll(s.Help, "`", "'")) // in backquotes, a word would be taken for the name of the value
		if s.Secret {
			flags.String(s.FileFlag(), "", "a file that holds "+s.Key)
		}
	}
	flags.SortFlags = false
}

// settings reads what was given to a verb.
func (p program) settings(c *cobra.Command) (*config.Settings, error) {
	given := map[string]string{}
	c.Flags().Visit(func(f *pflag.Flag) { given[f.Name] = f.Value.String() })
	return config.Load(given, p.environ)
}
