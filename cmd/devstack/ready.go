package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// report is the ready file: everything that a test, or a person with a script, needs in order to use the stack.
type report struct {
	URL         string            `json:"url"`
	Inbox       string            `json:"inbox"`
	SMTP        string            `json:"smtp"` // host:port of the mail sink
	Issuer      string            `json:"issuer"`
	DatabaseURL string            `json:"database_url"` // the superuser of the private cluster
	Store       string            `json:"store"`
	Objects     string            `json:"objects"`
	Keyring     string            `json:"keyring"`
	PortalPID   int               `json:"portal_pid"`
	Users       []reportUser      `json:"users"`
	Tokens      map[string]string `json:"tokens"`
}

type reportUser struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Role     string `json:"role"`
	Setting  string `json:"setting"`
	Name     string `json:"name"`
}

func reportUsers(users []user) []reportUser {
	list := make([]reportUser, 0, len(users))
	for _, u := range users {
		list = append(list, reportUser{Email: u.Email, Password: u.Password, Role: u.Role, Setting: u.Setting, Name: u.Name})
	}
	return list
}

// print tells a person what is there and how to use it.
func (r report) print(w io.Writer, dir string) {
	fmt.Fprintf(w, "\nCustodian is ready: %s\n\nThe fictional people. For now they use the API with their tokens, below; the sign-in service knows\nthem already (passwords made for this data directory):\n", r.URL)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "  E-mail\tPassword\tRole\tSetting")
	for _, u := range r.Users {
		setting := u.Setting
		if setting == "" {
			setting = "(the provider)"
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", u.Email, u.Password, u.Role, setting)
	}
	t.Flush()
	fmt.Fprintf(w, "\nMail it sends:   %s\nSign-in service: %s\nEverything else: %s\n", r.Inbox, r.Issuer, dir)
	r.printTokens(w)
	fmt.Fprintf(w, "\nStop with Ctrl-C. This is a demonstration; keep no real records in it.\n")
}

// printTokens lists the API token of each role, and what to do with one.
func (r report) printTokens(w io.Writer) {
	who := slices.Sorted(maps.Keys(r.Tokens))
	if len(who) == 0 {
		return
	}
	fmt.Fprintf(w, "\nAPI tokens, one for each role:\n")
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, role := range who {
		fmt.Fprintf(t, "  %s\t%s\n", role, r.Tokens[role])
	}
	t.Flush()
	as := who[0]
	if slices.Contains(who, "manager") {
		as = "manager"
	}
	fmt.Fprintf(w, "For example, as %s:\n  curl -H 'Authorization: Bearer %s' '%s/api/v1/records?kind=library'\n", as, r.Tokens[as], r.URL)
}
