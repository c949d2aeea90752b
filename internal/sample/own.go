package sample

import (
	"context"
	"fmt"

	"custodian/internal/grants"
)

// own lets those read their own file who are on the list for it: their record bears
// their name.
func (p *Planted) own(ctx context.Context, o Options) error {
	for _, u := range o.Users {
		if !u.role.Own() {
			continue
		}
		if err := p.letRead(ctx, o, u); err != nil {
			return fmt.Errorf("sample: %s: %w", u.ID, err)
		}
	}
	return nil
}

func (p *Planted) letRead(ctx context.Context, o Options, u User) error {
	by := map[string]string{ChildrensHome: "manager", FamilyCentre: "other-manager"}[u.Setting]
	_, err := grants.LetRead(ctx, o.DB, p.Actors[by], grants.Reading{Record: p.Records[u.Name], Email: u.Email, To: p.Actors[u.ID].ID,
		Why: "asked to read the file, and we agreed how", Checked: "signed in beside me, with their own telephone"})
	return err
}
