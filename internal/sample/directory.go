package sample

import (
	"context"
	"encoding/json"
	"time"

	"custodian/internal/access"
	"custodian/internal/scim"
)

// told is somebody of whom the demonstration's directory tells.
type told struct {
	name, title string
	groups      []string
}

// everyone is a group of the directory that gives nothing here.
const everyone = "everyone-at-example-care"

// toldOf lists them in the order in which they are told: the last one has left since.
func toldOf() []told {
	return []told{
		{"Ashley Pretend", "Support worker", []string{"tern-street-staff", everyone}},
		{"Billie Pretend", "Family support worker", []string{"bramble-staff", everyone}},
		{"Charlie Pretend", "Cook", []string{everyone}},
		{"Lee Pretend", "Support worker", []string{"tern-street-staff", everyone}},
	}
}

// directory is the organisation's directory service in the story.
type directory struct {
	service *scim.Service
	account access.Actor
	ids     map[string]string // of people and groups, by name
}

// connected is how many days ago the organisation connected its directory.
const connected = 45

// planDirectory lays out that the organisation connects its directory, which then
// tells of people who joined, of the groups they are in, and of one who has left.
func (t *telling) planDirectory() {
	if t.o.Issuer == "" {
		return // nobody could be told of: people are known by what the sign-in service calls them
	}
	d := &directory{service: scim.New(scim.Options{DB: t.o.DB, Issuer: t.o.Issuer}), ids: map[string]string{}}
	at := hours(t.today.Plus(-connected), "", 9, 1)
	step := func(do func(context.Context) error) {
		t.at(at, do)
		at = at.Add(2 * time.Minute)
	}
	step(func(ctx context.Context) error { return d.connect(ctx, t) })
	members := map[string][]string{}
	for _, p := range toldOf() {
		step(func(ctx context.Context) error { return d.join(ctx, p) })
		for _, g := range p.groups {
			members[g] = append(members[g], p.name)
		}
	}
	for _, g := range sortedKeys(members) {
		step(func(ctx context.Context) error { return d.group(ctx, g, members[g]) })
	}
	list := toldOf()
	t.at(hours(t.today.Plus(-12), "", 16, 1), func(ctx context.Context) error { return d.leave(ctx, list[len(list)-1]) })
}

// connect makes the directory's token, and shows it as the directory does.
func (d *directory) connect(ctx context.Context, t *telling) error {
	made, err := d.service.MakeToken(ctx, t.Actors["admin"], "The staff directory; kept in its own settings", scim.UsualDays-connected)
	if err != nil {
		return err
	}
	if d.account, err = scim.Bearer(ctx, t.o.DB, "Bearer "+made.Secret.Reveal()); err != nil {
		return err
	}
	return scim.Seen(ctx, t.o.DB, d.account)
}

// join tells of somebody who joined.
func (d *directory) join(ctx context.Context, p told) error {
	return d.say(ctx, d.service.AddUser, p.name, map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"},
		"userName": p.name, "externalId": "directory of the demonstration: " + p.name, "displayName": p.name, "title": p.title, "active": true})
}

// group tells of a group with its members.
func (d *directory) group(ctx context.Context, name string, members []string) error {
	in := []map[string]string{}
	for _, m := range members {
		in = append(in, map[string]string{"value": d.ids[m]})
	}
	return d.say(ctx, d.service.AddGroup, name, map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": name, "members": in})
}

// leave tells that somebody has left, and is in no group any more.
func (d *directory) leave(ctx context.Context, p told) error {
	patch := func(op map[string]any) ([]byte, error) {
		return json.Marshal(map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []any{op}})
	}
	body, err := patch(map[string]any{"op": "replace", "path": "active", "value": false})
	if err == nil {
		_, err = d.service.PatchUser(ctx, d.account, d.ids[p.name], body)
	}
	for _, g := range p.groups {
		if err != nil {
			return err
		}
		if body, err = patch(map[string]any{"op": "remove", "path": `members[value eq "` + d.ids[p.name] + `"]`}); err == nil {
			err = d.service.PatchGroup(ctx, d.account, d.ids[g], body)
		}
	}
	return err
}

// say sends what the directory tells, and keeps the id that the answer gives.
func (d *directory) say(ctx context.Context, to func(context.Context, access.Actor, []byte) ([]byte, error), name string, what map[string]any) error {
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	answer, err := to(ctx, d.account, body)
	if err != nil {
		return err
	}
	var made struct{ ID string }
	err = json.Unmarshal(answer, &made)
	d.ids[name] = made.ID
	return err
}
