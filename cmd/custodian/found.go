package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"custodian/internal/config"
	"custodian/internal/fault"
	"custodian/internal/membership"
)

func (p program) foundVerb() *cobra.Command {
	var f membership.Founding
	c := &cobra.Command{
		Use:   "found",
		Short: "Set up your organisation, so that its administrators can sign in",
		Long: `Set up your organisation: give its name, and the group of your sign-in service whose members shall administer Custodian.

  custodian found --name "Example Care" --administrators custodian-administrators

It wants the same settings as serve, the sign-in service (oidc_issuer) among them, and is run once. Where Custodian runs a private
PostgreSQL of its own, stop serve before and start it again afterwards.`,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := p.settings(c)
			if err != nil {
				return err
			}
			ctx, stop := p.untilSignal(c.Context())
			defer stop()
			return p.found(ctx, s, f)
		},
	}
	c.Flags().StringVar(&f.Name, "name", "", "the name of the organisation, as its people shall see it")
	c.Flags().StringVar(&f.Administrators, "administrators", "", "the group at the sign-in service whose members administer Custodian, as the service sends it")
	c.Flags().BoolVar(&f.Another, "another", false, "set it up beside an organisation that is there already")
	return c
}

func (p program) found(ctx context.Context, s *config.Settings, f membership.Founding) (err error) {
	switch {
	case f.Name == "" || f.Administrators == "":
		return usage{errors.New(`say what the organisation is called and which group administers it: custodian found --name "Example Care" --administrators GROUP`)}
	case s.OIDC.Issuer == "":
		return errors.New("oidc_issuer is not set. Custodian lets people in through your organisation's sign-in service: " +
			"register Custodian there first, and set oidc_issuer, oidc_client_id and oidc_client_secret")
	}
	if err := openDataDir(s); err != nil {
		return err
	}
	db, err := openDatabase(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	f.Issuer = s.OIDC.Issuer
	if _, err := membership.Found(ctx, db.DB, f); err != nil {
		return foundRefusal(err)
	}
	_, err = fmt.Fprintf(p.out, `%s is set up. What to do next:

  1. Start Custodian: custodian serve
  2. Let a member of the group %s open %s and sign in.
  3. They add the settings under "Settings", and say under "Sign-ins" which group gives which role.

If they are told that they have no role, see that the service sends the group under the name %s (oidc_groups_claim).
`, f.Name, f.Administrators, s.PublicURL, s.OIDC.GroupsClaim)
	return err
}

// foundRefusal puts a refusal in the words of a command line.
func foundRefusal(err error) error {
	f, ok := fault.Of(err)
	if !ok {
		return err
	}
	if f.Kind == fault.Conflict {
		return errors.New(f.Public + " To set up one more beside those that are there, say --another, and name a group that administers no other.")
	}
	words := []string{"this cannot be set up:"}
	for _, field := range f.Fields {
		flag := map[string]string{"name": "--name", "group": "--administrators"}[field.Name]
		words = append(words, flag+": "+field.Problem)
	}
	if len(f.Fields) == 0 {
		words = append(words, f.Public)
	}
	return errors.New(strings.Join(words, "\n  "))
}
