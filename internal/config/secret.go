package config

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret holds a value that must not be shown: a password, a key, or an address with a password in it. Printing, logging or
// encoding it says only "set" or "not set". The zero value is not set.
//
// The text stands behind a function and not in a field, so that fmt, a JSON encoder or a debugger's dump that walks
// unexported fields by reflection finds nothing either.
type Secret struct{ text func() string }

// NewSecret keeps text. An empty text is a secret that is not set.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: func() string { return text }}
}

// Reveal returns the text itself, for handing to the one library that needs it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return s.text()
}

// IsSet says whether there is a text.
func (s Secret) IsSet() bool { return s.text != nil }

func (s Secret) shown() string {
	if s.IsSet() {
		return "set"
	}
	return "not set"
}

// Format writes "set" or "not set" for every verb of fmt.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.shown()) }

// MarshalText writes "set" or "not set"; encoding/json and toml use it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.shown()), nil }

// LogValue writes "set" or "not set".
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.shown()) }
