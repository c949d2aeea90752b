package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
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
	fmt.Fprintf(w, "\nCustodian is ready: %s\n\nWho can sign in (fictional people, passwords made for this data directory):\n", r.URL)
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
	if who := slices.Sorted(maps.Keys(r.Tokens)); len(who) > 0 {
		as := who[0]
		if slices.Contains(who, "manager") {
			as = "manager"
		}
		fmt.Fprintf(w, "\nThe API, as %s (there are tokens for %s):\n  curl -H 'Authorization: Bearer %s' %s/api/v1/me\n",
			as, strings.Join(who, ", "), r.Tokens[as], r.URL)
	}
	fmt.Fprintf(w, "\nStop with Ctrl-C. This is a demonstration; keep no real records in it.\n")
}
