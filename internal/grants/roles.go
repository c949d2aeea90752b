package grants

import "custodian/internal/access"

// Role is a bundle of grants that a person is given by its name. A key worker has
// no role for it: being one is a grant on a single record, beside a role at its
// setting.
type Role string

// The roles.
const (
	MemberOfStaff         Role = "staff"
	ShiftLead             Role = "shift-lead" // the person in charge of the shift
	RegisteredManager     Role = "manager"
	Inspector             Role = "inspector"
	Visitor44             Role = "visitor-44" // independent person, Children's Homes (England) Regulations 2015, regulation 44
	Visitor25             Role = "visitor-25" // who visits for the provider, Residential Family Centres Regulations 2002, regulation 25
	ResponsibleIndividual Role = "responsible-individual"
	DataProtectionOfficer Role = "data-protection-officer"
	FrontDoor             Role = "front-door"
	Auditor               Role = "auditor"
	Administrator         Role = "administrator"
	YoungPerson           Role = "young-person"
	Parent                Role = "parent"
	Directory             Role = "directory" // the account of a directory service; offered to nobody
)

// Roles lists the roles that are given at a setting or for the whole provider, in
// the order in which a page offers them. Those given on a record are not among
// them.
func Roles() []Role {
	return []Role{MemberOfStaff, ShiftLead, RegisteredManager, Inspector, Visitor44, Visitor25,
		ResponsibleIndividual, DataProtectionOfficer, FrontDoor, Auditor, Administrator}
}

// Wide tells whether the role holds for the whole provider, and not at one
// setting.
func (r Role) Wide() bool {
	b, _ := bundles(r)
	return b.wide
}

// Own tells whether the role is given to somebody on their own record alone.
func (r Role) Own() bool {
	b, _ := bundles(r)
	return b.own
}

// Outside tells whether who has the role does not work here, and reads all the same.
func (r Role) Outside() bool { return r == Inspector || r.Visits() != "" || r.Own() }

// Visits gives the kind of setting that an independent visitor is for, "" for any
// other role.
func (r Role) Visits() string {
	return map[Role]string{Visitor44: "childrens-home", Visitor25: "family-centre"}[r]
}

// share of a bundle: these rights on these classes of content.
type share struct {
	mask   access.Mask
	rights access.Right
}

// bundle is what a role holds, and whether at one home, at the whole provider, or
// on somebody's own record.
type bundle struct {
	wide, own bool
	shares    []share
}

// classes are the first sections of these kinds of record: 1 the general one, 2
// the sensitive one besides, 3 all.
func classes(sections int, kinds ...access.RecordKind) access.Mask {
	var m access.Mask
	for _, k := range kinds {
		for s := range sections {
			m |= access.MaskOf(access.ClassOf(k, access.Section(s)))
		}
	}
	return m
}

// bundles says what each role holds; docs/roles.md says it to those who give
// roles, and docs/adr/0019-roles.md why. The administrator sets up and gives
// roles, and never sees content; an auditor sees who did what, and neither content
// nor titles; an inspector and an independent visitor read no young person's
// record.
func bundles(r Role) (bundle, bool) {
	people := []access.RecordKind{access.YoungPerson, access.Family, access.Parent}
	policies, files := classes(1, access.Library), classes(2, people...)
	switch r {
	case MemberOfStaff:
		return bundle{shares: []share{{policies | files, access.Read | access.Add | access.Break}}}, true
	case ShiftLead: // what staff have; and hands a file on in the night, to a hospital or the police
		return bundle{shares: []share{{policies | files, access.Read | access.Add | access.Break}, {files, access.Share}}}, true
	case RegisteredManager:
		return bundle{shares: []share{{access.EveryClass, access.Read | access.Add | access.Approve | access.Manage | access.Share | access.Audit | access.Break}}}, true
	case Inspector:
		return bundle{shares: []share{{classes(1, access.Library, access.Staff), access.Read | access.Audit}}}, true
	case Visitor44, Visitor25: // case records by consents alone (migrations/00013_roles.sql)
		return bundle{shares: []share{{policies, access.Read}}}, true
	case Administrator:
		return bundle{wide: true, shares: []share{{classes(1, access.Staff), access.Manage | access.Break}}}, true
	case ResponsibleIndividual:
		return bundle{wide: true, shares: []share{{access.EveryClass, access.Read | access.Approve | access.Audit | access.Break}}}, true
	case DataProtectionOfficer:
		return bundle{wide: true, shares: []share{{access.EveryClass, access.Read | access.Disclose | access.Audit | access.Break}}}, true
	case FrontDoor:
		return bundle{wide: true, shares: []share{{classes(1, append(people, access.Library)...), access.Read | access.Break}}}, true
	case Auditor:
		return bundle{wide: true, shares: []share{{access.EveryClass, access.Audit}}}, true
	case Directory:
		return bundle{wide: true, shares: []share{{classes(1, access.Staff), access.Enrol}}}, true
	case YoungPerson:
		return bundle{own: true, shares: []share{{classes(2, access.YoungPerson), access.Read}}}, true
	case Parent:
		return bundle{own: true, shares: []share{{classes(2, access.Parent), access.Read}}}, true
	}
	return bundle{}, false
}
