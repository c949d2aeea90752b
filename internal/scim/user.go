package scim

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"custodian/internal/fault"
)

// said is what a directory says of somebody. An attribute that Custodian has no use
// for is not kept (RFC 7644, 3.3: the answer shows what was).
type said struct {
	UserName    string
	ExternalID  string
	DisplayName string
	GivenName   string
	FamilyName  string
	Title       string
	Email       string
	Active      bool
}

// user is a user as they are now.
type user struct {
	ID                int64
	Subject           string
	Said              said `db:"-"`
	CreatedAt, FromAt time.Time
	GroupIDs          []int64
	GroupNames        []string
	Stale             bool // said before the directory was followed no longer: it does not count until it is said again
}

func sorted(o object) []string { return slices.Sorted(maps.Keys(o)) }

// shown is a text without what cannot be seen: directories hold such letters.
func shown(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if fault.Hidden(r) {
			return -1
		}
		return r
	}, text))
}

// of reads a whole user from a body. active stays as it is where nothing is said of
// it: a PUT that leaves it out brings nobody back.
func (u *said) of(o object) error {
	fresh := said{Active: u.Active}
	for _, name := range sorted(o) {
		p, err := parsePath(name)
		if err != nil {
			continue // nothing that anybody here knows
		}
		if err := fresh.set(p, o[name]); err != nil {
			return err
		}
	}
	*u = fresh
	return u.check()
}

// patch changes a user by operations, in order.
func (u *said) patch(ops []op) error {
	for _, o := range ops {
		value := o.value
		if o.does == "remove" {
			if o.path.attr == "active" || o.path.attr == "username" {
				return refuse(fault.Invalid, mutability, o.path.attr+" cannot be removed.")
			}
			value = nil
		}
		if err := u.set(o.path, value); err != nil {
			return err
		}
	}
	return u.check()
}

// set sets one attribute; one that nobody here knows is left alone.
func (u *said) set(p path, v any) error {
	if p.attr == "name" && p.sub == "" {
		return u.setName(v)
	}
	if p.attr == "emails" {
		u.setEmail(p, v)
		return nil
	}
	if p.attr == "active" {
		is, ok := yes(v)
		if !ok {
			return badValue("active is true or false.")
		}
		u.Active = is
		return nil
	}
	at := map[string]*string{"username": &u.UserName, "externalid": &u.ExternalID, "displayname": &u.DisplayName, "title": &u.Title,
		"name.givenname": &u.GivenName, "name.familyname": &u.FamilyName}[p.name()]
	if p.name() == "name.formatted" && u.DisplayName == "" {
		at = &u.DisplayName
	}
	if at == nil {
		return nil
	}
	s, ok := text(v)
	if !ok {
		return badValue(p.name() + " is a text.")
	}
	if at != &u.UserName && at != &u.ExternalID {
		s = shown(s)
	}
	*at = s
	return nil
}

func (u *said) setName(v any) error {
	if v == nil {
		u.GivenName, u.FamilyName = "", ""
		return nil
	}
	o, ok := v.(object)
	if !ok {
		return badValue("name is an object.")
	}
	for _, sub := range sorted(o) {
		if err := u.set(path{attr: "name", sub: sub}, o[sub]); err != nil {
			return err
		}
	}
	return nil
}

// setEmail takes the one address that is kept: the primary one, else the one for
// work, else the first. A path that takes those of another type changes nothing.
func (u *said) setEmail(p path, v any) {
	for _, t := range p.where {
		if t.attr == "type" && t.value != "work" {
			return
		}
	}
	if p.sub != "" && p.sub != "value" {
		return
	}
	if s, ok := text(v); ok {
		u.Email = shown(s)
		return
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	best := -1
	for _, one := range list {
		o, _ := one.(object)
		s, _ := o["value"].(string)
		rank := 0
		if o["type"] == "work" {
			rank = 1
		}
		if is, _ := yes(o["primary"]); is {
			rank = 2
		}
		if s != "" && rank > best {
			best, u.Email = rank, shown(s)
		}
	}
}

// check refuses what cannot be kept, as the table would.
func (u *said) check() error {
	for _, f := range []struct {
		name, text string
		most       int
	}{{"userName", u.UserName, 255}, {"externalId", u.ExternalID, 255}, {"displayName", u.DisplayName, fault.Longest}, {"name.givenName", u.GivenName, fault.Longest},
		{"name.familyName", u.FamilyName, fault.Longest}, {"title", u.Title, fault.Longest}, {"emails", u.Email, 320}} {
		if len([]rune(f.text)) > f.most {
			return badValue(f.name + " is too long: at most " + strconv.Itoa(f.most) + " letters are kept.")
		}
		if strings.ContainsFunc(f.text, fault.Hidden) {
			return badValue(f.name + " holds characters that cannot be seen.")
		}
	}
	if strings.TrimSpace(u.UserName) == "" {
		return badValue("userName is needed.")
	}
	return nil
}

// name is what colleagues know somebody by.
func (u *said) name() string {
	for _, n := range []string{u.DisplayName, strings.TrimSpace(u.GivenName + " " + u.FamilyName), u.UserName} {
		if n != "" {
			if r := []rune(n); len(r) > fault.Longest {
				n = string(r[:fault.Longest])
			}
			return n
		}
	}
	return ""
}

// show makes the resource.
func (s *Service) showUser(u user) map[string]any {
	id := strconv.FormatInt(u.ID, 10)
	r := map[string]any{"schemas": []string{userSchema}, "id": id, "userName": u.Said.UserName, "active": u.Said.Active,
		"meta": meta("User", u.CreatedAt, u.FromAt, s.Address()+"/Users/"+id)}
	for name, text := range map[string]string{"externalId": u.Said.ExternalID, "displayName": u.Said.DisplayName, "title": u.Said.Title} {
		if text != "" {
			r[name] = text
		}
	}
	name := map[string]any{}
	if u.Said.GivenName != "" {
		name["givenName"] = u.Said.GivenName
	}
	if u.Said.FamilyName != "" {
		name["familyName"] = u.Said.FamilyName
	}
	if len(name) > 0 {
		name["formatted"] = strings.TrimSpace(u.Said.GivenName + " " + u.Said.FamilyName)
		r["name"] = name
	}
	if u.Said.Email != "" {
		r["emails"] = []map[string]any{{"value": u.Said.Email, "type": "work", "primary": true}}
	}
	var groups []map[string]any
	for i, g := range u.GroupIDs {
		n := strconv.FormatInt(g, 10)
		groups = append(groups, map[string]any{"value": n, "display": u.GroupNames[i], "$ref": s.Address() + "/Groups/" + n, "type": "direct"})
	}
	if groups != nil {
		r["groups"] = groups
	}
	return r
}

func meta(kind string, created, modified time.Time, at string) map[string]any {
	return map[string]any{"resourceType": kind, "created": created.UTC().Format(time.RFC3339Nano), "lastModified": modified.UTC().Format(time.RFC3339Nano), "location": at}
}
