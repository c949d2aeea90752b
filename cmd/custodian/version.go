package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

// The linker writes these (see Makefile).
var (
	version = "development"
	commit  = "unknown"
)

func (p program) versionVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show which version this is",
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(p.out, "custodian %s\ncommit %s\n%s %s/%s\n", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
