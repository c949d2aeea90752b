package main

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"custodian/internal/config"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/pg"
)

// signIn is the way in through the sign-in service, nil where none is set.
func signIn(s *config.Settings, db *pg.DB, log *slog.Logger) (*login.SignIn, error) {
	if s.OIDC.Issuer == "" {
		return nil, nil
	}
	demand, err := secondFactor(s)
	if err != nil {
		return nil, err
	}
	return login.NewSignIn(login.Options{DB: db, Issuer: s.OIDC.Issuer, ClientID: s.OIDC.ClientID, ClientSecret: s.OIDC.ClientSecret.Reveal(),
		PublicURL: s.PublicURL, GroupsClaim: s.OIDC.GroupsClaim, TrustsEmail: s.OIDC.TrustsEmail, Idle: s.SessionIdle, Absolute: s.SessionLimit, Fresh: s.FreshSignIn, SecondFactor: demand, Log: log}), nil
}

// secondFactor reads of whom a second factor is demanded, and what shows that there was one.
func secondFactor(s *config.Settings) (login.SecondFactor, error) {
	f := login.SecondFactor{ACR: s.OIDC.SecondFactorACR, AMR: s.OIDC.SecondFactorAMR}
	if slices.Equal(s.OIDC.SecondFactorRoles, []string{"nobody"}) {
		return f, nil
	}
	if len(s.OIDC.SecondFactorRoles) == 0 {
		return f, errors.New("oidc_second_factor_roles names no role; to ask a second factor of nobody, write nobody")
	}
	for _, name := range s.OIDC.SecondFactorRoles {
		switch {
		case name == "all":
			f.Roles = append(f.Roles, grants.Roles()...)
		case slices.Contains(grants.Roles(), grants.Role(name)):
			f.Roles = append(f.Roles, grants.Role(name))
		default:
			return f, fmt.Errorf("oidc_second_factor_roles: there is no role %q; the roles are %v, \"all\" means every one, and \"nobody\" by itself none", name, grants.Roles())
		}
	}
	return f, nil
}
