package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"custodian/internal/config"
)

func (p program) doctorVerb() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong with this machine, and say how to put it right",
		Long: `Look for what is wrong with this machine, the database, the store and the sign-in service, with the same settings as serve.

It changes nothing of yours. It writes one small object into the store and removes it again. Where nothing has been set up yet it
tries things out in a temporary directory. It exits 1 when anything failed.`,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := p.settings(c)
			if err != nil {
				return err
			}
			ctx, stop := p.untilSignal(c.Context())
			defer stop()
			findings := examine(ctx, s)
			show := showFindings
			if asJSON {
				show = showFindingsJSON
			}
			if err := show(p.out, findings); err != nil {
				return err
			}
			for _, f := range findings {
				if f.Status == failed {
					return errTold
				}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

// status is the outcome of a check.
type status string

const (
	good       status = "ok"
	failed     status = "failed"
	notChecked status = "not checked"
	advised    status = "advice" // works, and could be better
)

// finding is the outcome of one check, for the person who runs the service.
type finding struct {
	Check  string `json:"check"`
	Status status `json:"status"`
	Detail string `json:"detail"`
	Advice string `json:"advice,omitempty"` // what to do, when it failed
}

func fine(check, format string, args ...any) finding {
	return finding{Check: check, Status: good, Detail: fmt.Sprintf(format, args...)}
}

func wrong(check string, err error, advice string) finding {
	return finding{Check: check, Status: failed, Detail: err.Error(), Advice: advice}
}

func skipped(check, why string) finding {
	return finding{Check: check, Status: notChecked, Detail: why}
}

// patience bounds each group of checks, so that a server that never answers is a finding too.
const patience = 90 * time.Second

// examine makes every check, in the order in which things build upon one another.
func examine(ctx context.Context, s *config.Settings) []finding {
	groups := []func(context.Context, *config.Settings) []finding{
		checkSettings, checkDirectory, checkSpace, checkKeys, checkDatabase, checkStore, checkSignIn,
	}
	var all []finding
	for _, group := range groups {
		within, cancel := context.WithTimeout(ctx, patience)
		all = append(all, group(within, s)...)
		cancel()
	}
	return all
}

func checkSettings(_ context.Context, s *config.Settings) []finding {
	if len(s.Warnings) == 0 {
		return []finding{fine("settings", "understood; custodian config shows each one")}
	}
	var all []finding
	for _, w := range s.Warnings {
		all = append(all, finding{Check: "settings", Status: failed, Detail: w, Advice: "correct its name, or remove it"})
	}
	return all
}

func showFindings(out io.Writer, findings []finding) error {
	failures := 0
	for _, f := range findings {
		if _, err := fmt.Fprintf(out, "%-12s %s: %s\n", f.Status, f.Check, f.Detail); err != nil {
			return err
		}
		if f.Status == failed {
			failures++
		}
		if f.Advice != "" {
			fmt.Fprintf(out, "%-12s   what to do: %s\n", "", f.Advice)
		}
	}
	verdict := "Nothing is wrong."
	if failures > 0 {
		verdict = fmt.Sprintf("%d of %d checks failed.", failures, len(findings))
	}
	_, err := fmt.Fprintln(out, verdict)
	return err
}

func showFindingsJSON(out io.Writer, findings []finding) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(findings)
}
