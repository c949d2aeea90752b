package access

// Sections lists the sections, loosest first.
func Sections() []Section { return []Section{General, Sensitive, Restricted} }

var sectionNames = [...]string{"general", "sensitive", "restricted"}

// String is the word used in forms and answers.
func (s Section) String() string {
	if s < 0 || int(s) >= len(sectionNames) {
		return "unknown"
	}
	return sectionNames[s]
}

// ParseSection reads the word; "" is the general section.
func ParseSection(s string) (Section, bool) {
	if s == "" {
		return General, true
	}
	for i, n := range sectionNames {
		if n == s {
			return Section(i), true
		}
	}
	return 0, false
}

// Section is the section of the class.
func (c Class) Section() Section { return Section(c % 3) }

// SectionsOf lists the sections that a record of this kind has: nobody is the
// subject of a library, so there is nobody to keep anything in it from.
func SectionsOf(k RecordKind) []Section {
	if k == Library {
		return []Section{General}
	}
	return Sections()
}

// MayIn lists the sections of a record in which the rights allow an action.
func MayIn(r Rights, a Action, p Place) []Section {
	var list []Section
	for _, s := range SectionsOf(p.Class.Kind()) {
		p.Class = ClassOf(p.Class.Kind(), s)
		if _, ok := Decide(r, a, p); ok {
			list = append(list, s)
		}
	}
	return list
}
