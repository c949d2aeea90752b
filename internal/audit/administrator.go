package audit

import (
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// LastAdministrator is the answer to whatever would leave a provider without an
// administrator.
func LastAdministrator() *fault.Fault {
	return fault.New(fault.Conflict, "This would leave your organisation without an administrator, and nobody could put it right. Give that role to somebody else who can sign in first.")
}

// stays gives a refusal by the constraint that keeps the last administrator the
// words for people.
func stays(err error) error {
	if !pg.Broke(err, "administrator_stays") {
		return err
	}
	f := LastAdministrator()
	return fault.Wrap(f.Kind, f.Public, err)
}
