package login

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"custodian/internal/fault"
	"custodian/internal/grants"
)

// SecondFactor says of whom evidence of a second factor is demanded, and which
// words of the sign-in service are evidence besides those that everybody uses.
type SecondFactor struct {
	Roles []grants.Role // none: of nobody
	ACR   []string      // values of acr that mean two factors; asked for, and taken
	AMR   []string      // further values of amr, each evidence by itself
}

// proof is what the service says about how and when somebody showed who they are.
type proof struct {
	at      time.Time // by our clock; zero where it does not say
	methods []string  // amr
	context string    // acr
	sid     string    // what it calls their session there
}

const (
	mostMethods   = 20
	longestMethod = 50
	longestWord   = 255 // of acr and sid
	// behind is how much may pass at the service between somebody's showing who
	// they are and what it then says about it.
	behind = time.Minute
	// longAgo is when something was that is older than anything here.
	longAgo = 50 * 365 * 24 * time.Hour
)

// readProof reads the evidence from an ID token. What is not of the right kind
// counts as not said: the only claim that can be refused is a time to come. Times
// are compared with the token's own, since both are by the service's clock.
func readProof(said map[string]json.RawMessage, issued, now time.Time) (proof, error) {
	p := proof{context: oneWord(said["acr"]), sid: oneWord(said["sid"])}
	var methods []string
	if json.Unmarshal(said["amr"], &methods) == nil && len(methods) <= mostMethods {
		for _, m := range methods {
			if m != "" && len(m) <= longestMethod && !strings.ContainsFunc(m, fault.Hidden) {
				p.methods = append(p.methods, m)
			}
		}
	}
	var seconds float64
	if raw := bytes.TrimSpace(said["auth_time"]); len(raw) == 0 || json.Unmarshal(raw, &seconds) != nil || string(raw) == "null" {
		return p, nil
	}
	age := float64(issued.Unix()) - seconds
	if age < -behind.Seconds() {
		return p, unfinished("auth-time", "The sign-in service says that you will sign in later than now.", errors.New("auth_time lies after iat"))
	}
	p.at = now.Add(-time.Duration(min(max(age, 0), longAgo.Seconds()) * float64(time.Second)))
	return p, nil
}

// oneWord reads a text that is taken whole or not at all.
func oneWord(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil || len(text) > longestWord || strings.ContainsFunc(text, fault.Hidden) {
		return ""
	}
	return text
}

// anew tells whether somebody showed who they are within a sign-in that began then.
func (p proof) anew(began, now time.Time) bool {
	return !p.at.IsZero() && now.Sub(p.at) <= now.Sub(began)+behind
}

// factors sorts the methods of RFC 8176 by what they show: something that
// somebody knows, has or is. Those that show none of these stand for nothing.
func factors(method string) string {
	switch method {
	case "pwd", "pin", "kba":
		return "knows"
	case "otp", "hwk", "swk", "sc", "sms", "tel":
		return "has"
	case "fpt", "face", "iris", "retina", "vbm":
		return "is"
	}
	return ""
}

// two tells whether there is evidence of a second factor: the service says so
// (mfa, or a word that the settings name), or says two methods of different sorts.
func (p proof) two(s SecondFactor) bool {
	if p.context != "" && slices.Contains(s.ACR, p.context) {
		return true
	}
	sorts := map[string]bool{}
	for _, m := range p.methods {
		if m == "mfa" || slices.Contains(s.AMR, m) {
			return true
		}
		if sort := factors(m); sort != "" {
			sorts[sort] = true
		}
	}
	return len(sorts) > 1
}

// demands lists those of the roles that ask for a second factor.
func (s SecondFactor) demands(held []string) (list []string) {
	for _, r := range held {
		if slices.Contains(s.Roles, grants.Role(r)) {
			list = append(list, r)
		}
	}
	return list
}

// saidOnce tells whether no claim stands twice in a token, in whichever case:
// readers do not agree on which of two counts (RFC 7519, 4; RFC 8725, 2.10).
func saidOnce(payload []byte) bool {
	d := json.NewDecoder(bytes.NewReader(payload))
	if t, err := d.Token(); err != nil || t != json.Delim('{') || !utf8.Valid(payload) {
		return false
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return false
		}
		key := strings.ToLower(name.(string))
		var value json.RawMessage
		if seen[key] || d.Decode(&value) != nil {
			return false
		}
		seen[key] = true
	}
	return true
}
