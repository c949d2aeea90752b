package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"custodian/internal/config"
)

func (p program) configVerb() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "config",
		Short: "Show every setting as it stands, and where its value came from",
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := p.settings(c)
			if err != nil {
				return err
			}
			for _, w := range s.Warnings {
				fmt.Fprintf(p.err, "custodian: %s\n", w)
			}
			if asJSON {
				return showJSON(p.out, s.Values())
			}
			return showTable(p.out, s.Values())
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func showTable(out io.Writer, values []config.Value) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SETTING\tVALUE\tFROM")
	for _, v := range values {
		shown := v.Text
		if shown == "" {
			shown = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", v.Setting.Key, shown, v.Source)
	}
	return w.Flush()
}

func showJSON(out io.Writer, values []config.Value) error {
	type line struct {
		Setting string `json:"setting"`
		Value   string `json:"value"`
		Source  string `json:"source"`
		Secret  bool   `json:"secret"`
	}
	lines := make([]line, 0, len(values))
	for _, v := range values {
		lines = append(lines, line{v.Setting.Key, v.Text, v.Source, v.Setting.Secret})
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(lines)
}
