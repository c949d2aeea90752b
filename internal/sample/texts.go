package sample

import (
	"embed"
	"path"
	"slices"
	"strings"
)

// texts holds what the demonstration says: texts/paper is what documents say,
// texts/life what happens to records.
//
//go:embed texts
var texts embed.FS

// lives reads every life, in the order of the files' names.
func lives() ([]*life, error) {
	entries, err := texts.ReadDir("texts/life")
	if err != nil {
		return nil, err
	}
	var list []*life
	for _, e := range entries {
		b, err := texts.ReadFile(path.Join("texts/life", e.Name()))
		if err != nil {
			return nil, err
		}
		for _, text := range strings.Split(string(b), "\n=====\n") { // one file may hold several
			l, err := readLife(text)
			if err != nil {
				return nil, err
			}
			list = append(list, l)
		}
	}
	slices.SortStableFunc(list, func(a, b *life) int { return strings.Compare(a.opened, b.opened) })
	return list, nil
}

// text gives the words of a document.
func text(name string) (string, error) {
	b, err := texts.ReadFile("texts/paper/" + name + ".md")
	return string(b), err
}

// settingWords are the words that every text about a setting may use.
func settingWords(setting string) map[string]string {
	w := map[string]string{"setting": setting, "provider": "Example Care", "individual": "Jules Example", "officer": "Dana Example",
		"council": "Example Borough Council", "helpline": "0800 000 0000"}
	switch setting {
	case ChildrensHome:
		w["manager"], w["kind"], w["people"], w["person"] = "Morgan Example", "children’s home", "children and young people", "child"
		w["address"], w["places"] = "1 Made-up Lane, Sampleton", "six children"
		w["law"] = "the Children’s Homes (England) Regulations 2015 and the quality standards"
	case FamilyCentre:
		w["manager"], w["kind"], w["people"], w["person"] = "Robin Example", "residential family centre", "parents and their children", "family"
		w["address"], w["places"] = "2 Made-up Lane, Sampleton", "five families"
		w["law"] = "the Residential Family Centres Regulations 2002 and the national minimum standards"
	case Supported:
		w["manager"], w["kind"], w["people"], w["person"] = "Val Example", "supported accommodation", "young people of 16 and 17", "young person"
		w["address"], w["places"] = "3 Made-up Lane, Sampleton", "eight young people"
		w["law"] = "the Supported Accommodation (England) Regulations 2023 and the quality standards"
	}
	return w
}
