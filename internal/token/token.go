// Package token makes the secrets by which somebody is known again: API tokens,
// the tokens of directory services, and sessions.
//
// Promise: a secret is random, begins with words by which a scanner finds one that
// strayed, is given away by one method alone and is never printed; of it only the
// SHA-256 is kept.
//
// Limits: it knows nobody, and no database. Whose secret it is, and whether it still
// counts, is asked by its hash.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// Secret is a token as it is shown once. It does not print itself.
type Secret struct{ text string }

// New makes a secret that begins with prefix.
func New(prefix string) Secret {
	raw := make([]byte, 32)
	rand.Read(raw)
	return Secret{prefix + base64.RawURLEncoding.EncodeToString(raw)}
}

// Reveal gives the secret, for the one place that shows it.
func (s Secret) Reveal() string { return s.text }

// Hash is what is kept of the secret.
func (s Secret) Hash() []byte {
	h := sha256.Sum256([]byte(s.text))
	return h[:]
}

// String hides the secret from logs.
func (Secret) String() string { return "(secret)" }

// Format hides the secret from every verb, %#v and %d among them.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// longest is more than any secret has.
const longest = 100

// Shown takes a secret as somebody shows it; ok is false for what New cannot have
// made. It is looked up by its hash, so the time that takes tells nothing about it.
func Shown(text, prefix string) (s Secret, ok bool) {
	return Secret{text}, strings.HasPrefix(text, prefix) && len(text) <= longest
}

// Bearer takes the secret from an Authorization header (RFC 6750).
func Bearer(header, prefix string) (s Secret, ok bool) {
	scheme, text, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "bearer") {
		return Secret{}, false
	}
	return Shown(text, prefix)
}
