package scim

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"custodian/internal/fault"
)

// group is a group as it is now.
type group struct {
	ID                int64
	DisplayName       string
	ExternalID        string
	CreatedAt, FromAt time.Time
	Members           []int64 `db:"-"`
}

// of reads a whole group from a body.
func (g *group) of(o object) error {
	g.DisplayName, g.ExternalID, g.Members = "", "", nil
	for _, name := range sorted(o) {
		p, err := parsePath(name)
		if err != nil {
			continue
		}
		if err := g.set("replace", p, o[name], true); err != nil {
			return err
		}
	}
	return g.check()
}

// patch changes a group by operations, in order.
func (g *group) patch(ops []op) error {
	for _, o := range ops {
		if err := g.set(o.does, o.path, o.value, o.said); err != nil {
			return err
		}
	}
	return g.check()
}

func (g *group) set(does string, p path, v any, said bool) error {
	switch p.attr {
	case "members":
		return g.setMembers(does, p, v, said)
	case "displayname", "externalid":
		s, ok := text(v)
		if !ok {
			return badValue(p.attr + " is a text.")
		}
		if does == "remove" {
			s = ""
		}
		if p.attr == "displayname" {
			g.DisplayName = s
		} else {
			g.ExternalID = s
		}
	}
	return nil // what nobody here knows, the id that some send along among it
}

// setMembers adds, removes or replaces members. Those to remove stand in the path's
// filter, or in the value; with neither, all go (RFC 7644, 3.5.2.2).
func (g *group) setMembers(does string, p path, v any, said bool) error {
	named, err := members(v)
	if err != nil {
		return err
	}
	if len(p.where) > 0 {
		if named, err = chosen(p); err != nil {
			return err
		}
		if does != "remove" {
			return refuse(fault.Invalid, noTarget, "A member is added or removed, and has nothing that could be replaced.")
		}
	}
	switch {
	case does == "add":
		g.Members = append(slices.Clone(g.Members), named...) // a copy: what it was is compared with it
	case does == "replace":
		g.Members = named
	case len(p.where) == 0 && (!said || v == nil):
		g.Members = nil
	default:
		gone := map[int64]bool{}
		for _, n := range named {
			gone[n] = true
		}
		g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(n int64) bool { return gone[n] })
	}
	slices.Sort(g.Members)
	if g.Members = slices.Compact(g.Members); len(g.Members) > mostMembers {
		return refuse(fault.TooLarge, tooMany, "A group has at most "+strconv.Itoa(mostMembers)+" members here.")
	}
	return nil
}

// chosen is whom the filter of a path names: members[value eq "123"].
func chosen(p path) ([]int64, error) {
	if len(p.where) != 1 || p.where[0].attr != "value" || p.sub != "" && p.sub != "value" {
		return nil, refuse(fault.Invalid, invalidPath, `Name a member as members[value eq "..."].`)
	}
	s, ok := p.where[0].value.(string)
	n, err := number(s)
	if !ok || err != nil {
		return nil, nil // nobody
	}
	return []int64{n}, nil
}

// members reads the ids of members: a list of objects, one object, or bare ids.
func members(v any) ([]int64, error) {
	list, ok := v.([]any)
	if !ok && v != nil {
		list = []any{v}
	}
	var ids []int64
	for _, one := range list {
		if o, ok := one.(object); ok {
			if kind, _ := o["type"].(string); strings.EqualFold(kind, "Group") {
				return nil, badValue("A group inside a group is not followed. Send its people.")
			}
			one = o["value"]
		}
		s, ok := one.(string)
		n, err := number(s)
		if !ok || err != nil {
			return nil, noMember()
		}
		ids = append(ids, n)
	}
	return ids, nil
}

// noMember is the answer to an id that is nobody's, whoever's it is elsewhere.
func noMember() error {
	return badValue("A member is not a user of this directory. Make the user first.")
}

func (g *group) check() error {
	for name, text := range map[string]string{"displayName": g.DisplayName, "externalId": g.ExternalID} {
		if len([]rune(text)) > fault.Longest || strings.ContainsFunc(text, fault.Hidden) {
			return badValue(name + " is too long, or holds characters that cannot be seen.")
		}
	}
	if strings.TrimSpace(g.DisplayName) == "" {
		return badValue("displayName is needed.")
	}
	return nil
}

func (s *Service) showGroup(g group, q shape) map[string]any {
	id := strconv.FormatInt(g.ID, 10)
	r := map[string]any{"schemas": []string{groupSchema}, "id": id, "displayName": g.DisplayName, "meta": meta("Group", g.CreatedAt, g.FromAt, s.Address()+"/Groups/"+id)}
	if g.ExternalID != "" {
		r["externalId"] = g.ExternalID
	}
	if q.leaves("members") {
		list := make([]map[string]any, 0, len(g.Members))
		for _, m := range g.Members {
			n := strconv.FormatInt(m, 10)
			list = append(list, map[string]any{"value": n, "$ref": s.Address() + "/Users/" + n, "type": "User"})
		}
		r["members"] = list
	}
	return r
}
