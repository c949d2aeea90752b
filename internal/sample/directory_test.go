package sample_test

import (
	"fmt"
	"testing"

	"custodian/internal/scim"
)

// The directory tells of three groups, of people who work here, and of one who has
// left and holds nothing any more.
func checkDirectory(t *testing.T, p *planted) {
	s, err := scim.New(scim.Options{DB: p.DB, Issuer: "https://sign-in.example"}).State(t.Context(), p.Actors["admin"])
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintln(s.Working, s.Left, s.WithoutRoles, len(s.Tokens), s.Stopped == nil)
	for _, g := range s.Groups {
		got += fmt.Sprintln(g.Name, g.Members, g.Gives)
	}
	if want := "3 1 1 1 true\nbramble-staff 1 1\ntern-street-staff 1 1\neveryone-at-example-care 3 0\n"; got != want {
		t.Errorf("the directory says\n%s, want\n%s", got, want)
	}
	var held string
	p.Scan(t, `select coalesce(string_agg(h.role, ' '), 'none now') || ', ' || (select count(*) from app.role_held x where x.actor_id = a.id)::text || ' ever'
		from app.actor a left join app.role_held h on h.actor_id = a.id and h.until_at > now() where a.name = 'Lee Pretend' group by a.id`, nil, &held)
	if held != "none now, 1 ever" {
		t.Errorf("who has left holds: %s", held)
	}
}
