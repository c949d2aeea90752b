package page

import (
	"custodian/internal/people"
)

// SettingRow is one of the provider's settings.
type SettingRow struct{ Name, Kind, People string }

// Settings is the list of the provider's settings.
type Settings struct {
	Frame
	Rows      []SettingRow
	Kept      []Link // administrators whom no group names any more, and who stay because there is no other
	Directory bool   // there is a sign-in service, so a directory service can be connected
}

// SettingsOf makes the list.
func SettingsOf(found []people.Setting) Settings {
	var v Settings
	for _, h := range found {
		row := SettingRow{h.Name, HomeKind(h.Kind), "Nobody yet"}
		if h.People > 0 {
			row.People = upperFirst(Count(h.People, "person", "people"))
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// HomeKind says a kind of setting in the field's words.
func HomeKind(kind string) string {
	return map[string]string{"childrens-home": "Children’s home", "family-centre": "Residential family centre", "supported-accommodation": "Supported accommodation"}[kind]
}

// HomeKindOptions are the kinds of setting.
func HomeKindOptions() []Option {
	var list []Option
	for _, k := range people.HomeKinds() {
		list = append(list, Option{Value: k, Words: HomeKind(k)})
	}
	return list
}
