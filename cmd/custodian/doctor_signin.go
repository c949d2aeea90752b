package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"custodian/internal/config"
)

const checkNameSignIn = "sign-in service"

func checkSignIn(ctx context.Context, s *config.Settings) []finding {
	if s.OIDC.Issuer == "" {
		return []finding{skipped(checkNameSignIn, "oidc_issuer is not set")}
	}
	if err := discover(ctx, s.OIDC.Issuer); err != nil {
		return []finding{wrong(checkNameSignIn, err, "compare oidc_issuer with what the service itself calls its issuer, letter by letter, a slash at the end included")}
	}
	return []finding{fine(checkNameSignIn, "%s answers as itself", s.OIDC.Issuer)}
}

// discover reads the provider's configuration, which must name the very issuer it was asked for (OpenID Connect Discovery 1.0, 4.3).
func discover(ctx context.Context, issuer string) error {
	at := strings.TrimRight(issuer, "/") + "/.well-known/openid-configuration"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 10 * time.Second}
	answer, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the sign-in service cannot be reached: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", at, answer.Status)
	}
	var said struct {
		Issuer string `json:"issuer"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&said); err != nil {
		return fmt.Errorf("%s did not answer with a configuration: %w", at, err)
	}
	if said.Issuer != issuer {
		return fmt.Errorf("the service calls itself %q, and oidc_issuer says %q", said.Issuer, issuer)
	}
	return nil
}
