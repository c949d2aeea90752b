package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"custodian/internal/config"
	"custodian/internal/login"
)

func (p program) whoamiVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "whoami-claims",
		Short: "Show what your sign-in service sends about somebody, and what it comes to here",
		Long: `Show what your sign-in service sends about somebody, and what it comes to here: which group gives which role, and whether
there is evidence of a second factor.

It is a real sign-in that lets nobody in and writes nothing. It prints an address, which you open in any browser, on any computer, and
sign in. Then you paste the address that you were sent back to. No secret and no token is shown. It wants the same settings as serve.
Where Custodian runs a private PostgreSQL of its own, stop serve before.`,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := p.settings(c)
			if err != nil {
				return err
			}
			ctx, stop := p.untilSignal(c.Context())
			defer stop()
			return p.whoami(ctx, s)
		},
	}
}

func (p program) whoami(ctx context.Context, s *config.Settings) (err error) {
	if s.OIDC.Issuer == "" {
		return errors.New("oidc_issuer is not set. Register Custodian at your organisation's sign-in service, and set oidc_issuer, oidc_client_id and oidc_client_secret")
	}
	if err := openDataDir(s); err != nil {
		return err
	}
	db, err := openDatabase(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	in, err := signIn(s, db.DB, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	r, err := in.Rehearse(ctx)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(p.out, `1. Open this address in a browser, and sign in as whom you want to look at:

%s

2. You are sent back to %s. There it says that you are not signed in, or that nothing answers: both are right.
   Copy the whole address from the browser's address bar, paste it here, and press Enter within a minute:

`, r.URL, r.BackAt); err != nil {
		return err
	}
	line, err := readLine(ctx, p.in)
	if err != nil {
		return err
	}
	sent, err := r.Finish(ctx, line)
	if err != nil {
		return err
	}
	return showSent(p.out, s, sent)
}

// longestLine is the longest address that is read.
const longestLine = 64 << 10

// readLine reads one line, or gives up when ctx ends: whoever has nothing to paste presses Ctrl+C.
func readLine(ctx context.Context, in io.Reader) (string, error) {
	type answer struct {
		line string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(io.LimitReader(in, longestLine)).ReadString('\n')
		if errors.Is(err, io.EOF) && strings.TrimSpace(line) != "" {
			err = nil
		}
		got <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case a := <-got:
		if errors.Is(a.err, io.EOF) {
			return "", errors.New("no address was given")
		}
		return a.line, a.err
	}
}

// showSent says it in words.
func showSent(out io.Writer, s *config.Settings, sent login.Sent) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "What the service says in its ID token:\n\n")
	for _, c := range sent.Claims {
		fmt.Fprintf(b, "  %-20s %s\n", c.Name, c.Value)
	}
	fmt.Fprintf(b, "\nWho that is: %s (%s), known by the subject %q\n", sent.Name, orElse(sent.Email, "no e-mail address"), sent.Subject)
	if sent.Unproven != "" {
		fmt.Fprintf(b, "The e-mail address %q does not count: the service does not say that it is theirs (email_verified). If nobody can choose their address there, set oidc_trust_email.\n", sent.Unproven)
	}
	fmt.Fprintf(b, "Here before: %s\n", map[bool]string{true: "yes", false: "no"}[sent.Known])
	fmt.Fprintf(b, "\nGroups (%s), and what each gives:\n\n", s.OIDC.GroupsClaim)
	for _, g := range sent.Groups {
		var gives []string
		for _, to := range g.Gives {
			gives = append(gives, fmt.Sprintf("%s, %s (mapping %d)", to.Role, orElse(to.Home, "the whole provider"), to.Mapping))
		}
		fmt.Fprintf(b, "  %-30s %s\n", g.Name, orElse(strings.Join(gives, "; "), "nothing"))
	}
	if len(sent.Groups) == 0 {
		fmt.Fprintf(b, "  none came\n")
	}
	fmt.Fprintf(b, "\nGiven by hand: %s\n", orElse(strings.Join(sent.ByHand, ", "), "nothing"))
	fmt.Fprintf(b, "Would hold: %s\n", orElse(strings.Join(sent.Roles, ", "), "no role, and would not be let in"))
	fmt.Fprintf(b, "\nSecond factor: amr %s, acr %s: %s\n", orElse(strings.Join(sent.Methods, " "), "not sent"), orElse(sent.Context, "not sent"),
		map[bool]string{true: "evidence of one", false: "no evidence of one"}[sent.Two])
	switch {
	case len(sent.Demanding) == 0:
		fmt.Fprintf(b, "Demanded of these roles: no\n")
	case sent.Two:
		fmt.Fprintf(b, "Demanded of %s: met\n", strings.Join(sent.Demanding, ", "))
	default:
		fmt.Fprintf(b, "Demanded of %s: NOT met, and would not be let in\n", strings.Join(sent.Demanding, ", "))
	}
	said := "not sent: whatever asks for a fresh sign-in will ask again"
	if !sent.ProvedAt.IsZero() {
		said = sent.ProvedAt.Format("2 January 2006 15:04:05 MST")
	}
	fmt.Fprintf(b, "Last showed the service who they are (auth_time): %s\n\nNothing was written, and nobody was let in.\n", said)
	_, err := io.WriteString(out, b.String())
	return err
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
