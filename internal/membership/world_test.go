package membership_test

import (
	"testing"

	"custodian/internal/logintest"
	"custodian/internal/oidctest"
	"custodian/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is an organisation and its sign-in service. Groups come as they do in
// earnest: somebody signs in.
type world struct{ *logintest.Place }

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{logintest.New(t, oidctest.Options{}, nil)}
}
