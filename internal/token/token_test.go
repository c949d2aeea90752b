package token_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"custodian/internal/token"
)

func TestSecretIsNotPrinted(t *testing.T) {
	t.Parallel()
	s, other := token.New("custodian_x_"), token.New("custodian_x_")
	if !strings.HasPrefix(s.Reveal(), "custodian_x_") || len(s.Reveal()) != len("custodian_x_")+43 || s == other {
		t.Errorf("%q, %q", s.Reveal(), other.Reveal())
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "secret", s)
	slog.New(slog.NewTextHandler(&log, nil)).Info("made", "secret", s)
	for _, verb := range []string{"%v", "%s", "%q", "%+v", "%#v", "%d", "%x"} {
		fmt.Fprintf(&log, verb, s)
		fmt.Fprintf(&log, verb, struct{ S token.Secret }{s})
	}
	if out := s.Reveal()[len("custodian_x_"):]; strings.Contains(log.String(), out) || strings.Contains(log.String(), fmt.Sprintf("%x", out)) {
		t.Errorf("it is printed: %s", log.String())
	}
	if want := sha256.Sum256([]byte(s.Reveal())); !bytes.Equal(s.Hash(), want[:]) {
		t.Error("another hash")
	}
}

func TestOnlyWhatWasMadeIsTaken(t *testing.T) {
	t.Parallel()
	s := token.New("custodian_x_")
	for _, header := range []string{"Bearer " + s.Reveal(), "bearer " + s.Reveal(), "BEARER " + s.Reveal()} {
		if got, ok := token.Bearer(header, "custodian_x_"); !ok || got != s {
			t.Errorf("%q is not taken", header[:7])
		}
	}
	for _, header := range []string{"", "Bearer", "Bearer ", s.Reveal(), "Basic " + s.Reveal(), "Bearer  " + s.Reveal(), "Bearer " + s.Reveal()[1:], "Bearer custodian_y_" + s.Reveal()[12:],
		"Bearer " + s.Reveal() + strings.Repeat("x", 100)} {
		if _, ok := token.Bearer(header, "custodian_x_"); ok {
			t.Errorf("%q is taken", header)
		}
	}
}
