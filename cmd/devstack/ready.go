package main

import (
	"fmt"
	"io"
	"path/filepath"
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
	May      string `json:"may"`
}

func reportUsers(users []user) []reportUser {
	list := make([]reportUser, 0, len(users))
	for _, u := range users {
		list = append(list, reportUser{Email: u.Email, Password: u.Password, Role: u.Role, Setting: u.Setting, Name: u.Name, May: u.May})
	}
	return list
}

// print tells a person what is there and how to use it.
func (r report) print(w io.Writer, dir string) {
	fmt.Fprintf(w, "\nCustodian is ready: %s\nMail it sends:      %s\n", r.URL, r.Inbox)
	r.printPeople(w)
	fmt.Fprintf(w, "\nEverybody else's passwords, and API tokens, are in %s.\n", filepath.Join(dir, stateFile))
	fmt.Fprintf(w, "Stop with Ctrl-C. This is a demonstration; keep no real records in it.\n")
}

// printPeople lists one person for each role, and what they can do. The
// passwords were made for this data directory.
func (r report) printPeople(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "\n  Sign in as\tPassword\tWho that is, and what they can do")
	shown := map[string]bool{}
	for _, u := range r.Users {
		if shown[u.Role] {
			continue
		}
		shown[u.Role] = true
		fmt.Fprintf(t, "  %s\t%s\t%s, %s\n", u.Email, u.Password, u.Name, u.seat())
		if u.May != "" {
			fmt.Fprintf(t, "  \t\t%s\n", u.May)
		}
	}
	t.Flush()
}

// seat is the role and where it is held, in words.
func (u reportUser) seat() string {
	role := strings.ReplaceAll(u.Role, "-", " ")
	switch u.Setting {
	case "none":
		return "no role"
	case "":
		return role + " of the whole provider"
	}
	return role + " at " + u.Setting
}
