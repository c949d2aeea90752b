package page

import "custodian/internal/people"

// RoleRow is a role that somebody holds.
type RoleRow struct{ Role, Setting, Since string }

// SessionRow is a browser in which somebody is signed in.
type SessionRow struct {
	Begun, Last, Until string
	Current            bool
	Browser            string // its family and kind of computer
	End                string
}

// TokenRow is an API token of somebody.
type TokenRow struct {
	Label, Made, Last, Until string
	Status                   Status
	Revoke                   string // "" where it has ended
}

// Myself tells somebody what they may see and why, and where they are signed in.
type Myself struct {
	Frame
	Name, Post, Provider string
	Roles                []RoleRow
	Sessions             []SessionRow
	Tokens               []TokenRow
	MoreTokens           string
	More                 []Link // what else is theirs
	Works                bool   // they work or visit here, and so may make tokens
}

// MyselfOf begins the page with who somebody is and which roles they hold. works tells
// that they work or visit here, asks that they may ask for access outside their role.
func MyselfOf(p people.Profile, works, asks bool) Myself {
	m := Myself{Name: p.Name, Post: p.PostTitle, Provider: p.Provider, Works: works}
	m.More = []Link{{"What you did", PersonAddress(int64(p.ID)) + "/footprints"}, {"Concerns you raised", "/oversight/concerns"}}
	if works {
		m.More = append(m.More, Link{"Declare a relative or friend whose record may be here", "/me/relatives"})
	}
	if asks {
		m.More = append(m.More, Link{"Access outside your role", "/outside-role"})
	}
	for _, r := range p.Roles {
		m.Roles = append(m.Roles, RoleRow{RoleWords(r.Role), Where(r.Home), DayOf(r.From)})
	}
	return m
}

// Others tells whether they are signed in anywhere else.
func (m Myself) Others() bool { return len(m.Sessions) > 1 }

// NewToken shows a token's secret, the one time that it can be seen.
type NewToken struct {
	Frame
	Secret, Until string
}
