package access

import "slices"

// Action is something a person can ask to do. Every route carries one.
type Action struct {
	Name  string // as it stands in footprints
	Needs Right
	Or    Right // a right that does as well, 0 for none
}

// The actions. Names are "noun.verb" and are never changed, since footprints
// carry them.
var (
	ViewSelf           = Action{Name: "self.viewed"}
	ViewHomes          = Action{Name: "homes.listed"}
	ListRecords        = Action{Name: "records.listed", Needs: Read, Or: Manage}
	ListDocuments      = Action{Name: "documents.listed", Needs: Read}
	ViewDocument       = Action{Name: "document.viewed", Needs: Read}
	OpenVersion        = Action{Name: "version.opened", Needs: Read}
	AskAsAt            = Action{Name: "record.asked-as-at", Needs: Read}
	ViewRecord         = Action{Name: "record.viewed", Needs: Read, Or: Manage}
	ViewFootprints     = Action{Name: "footprints.viewed", Needs: Read}
	AddDocument        = Action{Name: "document.added", Needs: Add}
	AddVersion         = Action{Name: "version.added", Needs: Add}
	HoldUpload         = Action{Name: "upload.held", Needs: Add}
	ViewUpload         = Action{Name: "upload.viewed", Needs: Add}
	NoteUpload         = Action{Name: "upload.noted", Needs: Add}
	DropUpload         = Action{Name: "upload.dropped", Needs: Add}
	ApproveVersion     = Action{Name: "version.approved", Needs: Approve}
	CorrectDate        = Action{Name: "date.corrected", Needs: Approve}
	Withdraw           = Action{Name: "document.withdrawn", Needs: Approve}
	RestoreVersion     = Action{Name: "version.restored", Needs: Add}
	OpenRecord         = Action{Name: "record.opened", Needs: Manage}
	CloseRecord        = Action{Name: "record.closed", Needs: Manage}
	ReopenRecord       = Action{Name: "record.reopened", Needs: Manage}
	MoveRecord         = Action{Name: "record.moved", Needs: Manage}
	Found              = Action{Name: "provider.founded", Needs: Manage}
	AddHome            = Action{Name: "home.added", Needs: Manage}
	AddActor           = Action{Name: "actor.added", Needs: Manage}
	GiveRole           = Action{Name: "role.given", Needs: Manage}
	EndRole            = Action{Name: "role.ended", Needs: Manage}
	GiveGrant          = Action{Name: "grant.given", Needs: Manage}
	MakeToken          = Action{Name: "token.made"}
	RevokeToken        = Action{Name: "token.revoked"}
	ViewNeeds          = Action{Name: "needs.viewed"}
	AuditRecord        = Action{Name: "record.audited", Needs: Audit} // sees everybody's footprints, not only their own
	BeginSession       = Action{Name: "session.begun"}
	EndSession         = Action{Name: "session.ended"}
	RecordSignIn       = Action{Name: "sign-in.recorded"}
	ViewSignIns        = Action{Name: "sign-ins.viewed", Needs: Manage}
	ViewGroups         = Action{Name: "group-roles.viewed", Needs: Manage}
	ViewPeople         = Action{Name: "people.listed", Needs: Manage}
	ViewPerson         = Action{Name: "person.viewed", Needs: Manage}
	ViewSettings       = Action{Name: "settings.viewed", Needs: Manage}
	MapGroup           = Action{Name: "group-role.given", Needs: Manage}
	UnmapGroup         = Action{Name: "group-role.ended", Needs: Manage}
	KeepRole           = Action{Name: "role.kept", Needs: Manage} // the last administrator's, which nothing gave any more
	ReadDirectory      = Action{Name: "directory.read", Needs: Enrol}
	SayUser            = Action{Name: "directory.user-said", Needs: Enrol}
	SayGroup           = Action{Name: "directory.group-said", Needs: Enrol}
	ViewDirectory      = Action{Name: "directory.viewed", Needs: Manage}
	MakeDirectoryToken = Action{Name: "scim-token.made", Needs: Manage}
	EndDirectoryToken  = Action{Name: "scim-token.ended", Needs: Manage}
	StopDirectory      = Action{Name: "directory.stopped", Needs: Manage}
	ListCheckpoints    = Action{Name: "checkpoints.listed", Needs: Audit}
	CheckTree          = Action{Name: "footprints.checked", Needs: Audit}
	ExportTree         = Action{Name: "footprints.exported"}
	RaiseEpoch         = Action{Name: "epoch.raised"}
	ViewOversight      = Action{Name: "oversight.viewed", Needs: Audit, Or: Manage}
	ListLooks          = Action{Name: "looks.listed", Needs: Audit}
	ExportLooks        = Action{Name: "looks.exported", Needs: Audit}
	DrawSample         = Action{Name: "looks.sampled", Needs: Audit}
	ViewLooked         = Action{Name: "looked.viewed", Needs: Read} // by whoever the record is about
	ViewReasons        = Action{Name: "reasons.viewed", Needs: Read, Or: Manage}
	ListUnusual        = Action{Name: "unusual-looks.listed", Needs: Audit}
	LookInto           = Action{Name: "unusual.looked-into", Needs: Audit}
	ListConcerns       = Action{Name: "concerns.listed"}
	ViewConcern        = Action{Name: "concern.viewed"}
	RaiseConcern       = Action{Name: "concern.raised"}
	AnswerConcern      = Action{Name: "concern.answered", Needs: Audit}
	PassConcernOn      = Action{Name: "concern.passed-on", Needs: Audit}
	CloseConcern       = Action{Name: "concern.closed", Needs: Audit}
	AskReason          = Action{Name: "reason.asked", Needs: Audit}
	ViewQuestion       = Action{Name: "question.viewed"}
	ListQuestions      = Action{Name: "questions.listed"}
	AnswerQuestion     = Action{Name: "question.answered"}
	Public             = Action{Name: "public"} // needs nobody to be signed in
)

// What is done in the sections of a record.
var (
	MoveSection   = Action{Name: "document.sectioned", Needs: Manage}
	Lodge         = Action{Name: "lodging.made", Needs: Manage, Or: Add}
	ViewLodgings  = Action{Name: "lodging.viewed", Needs: Read}
	ListLodgings  = Action{Name: "lodging.listed", Needs: Manage, Or: Audit}
	KeepLodging   = Action{Name: "lodging.kept", Needs: Manage}
	ShareLodging  = Action{Name: "lodging.shared", Needs: Manage}
	EndLodging    = Action{Name: "lodging.ended", Needs: Manage}
	AskOriginator = Action{Name: "lodging.consulted", Needs: Manage}
	ViewSafety    = Action{Name: "safety.viewed", Needs: Read}
	SaySafety     = Action{Name: "safety.said", Needs: Add}
)

// Actions about who may see what.
var (
	ViewAccess      = Action{Name: "access.viewed", Needs: Manage, Or: Audit}
	EndGrant        = Action{Name: "grant.ended", Needs: Manage}
	RecordConsent   = Action{Name: "consent.recorded", Needs: Manage}
	WithdrawConsent = Action{Name: "consent.withdrawn", Needs: Manage}
	Leave           = Action{Name: "person.left", Needs: Manage}
	Return          = Action{Name: "person.back", Needs: Manage}
)

// Decide tells whether the rights allow the action on a document, or on one
// version of it, lying at the place, and by which grant (0 when not). A shield refuses whatever the grants
// say; a service account never approves.
func Decide(r Rights, a Action, p Place) (grant int64, ok bool) {
	return decide(r, a, p, func(m Mask) bool { return m.Has(p.Class) })
}

// DecideRecord is Decide for a record as a whole: any section of its kind
// counts, and a grant on a single document or version does not.
func DecideRecord(r Rights, a Action, p Place) (grant int64, ok bool) {
	p.Document, p.Version = 0, 0
	first := ClassOf(p.Class.Kind(), General)
	return decide(r, a, p, func(m Mask) bool { return m.Has(first) || m.Has(first+1) || m.Has(first+2) })
}

// Anywhere tells whether somebody holds any grant of a kind, wherever that is:
// whether a list that spans places is theirs to ask for. What stands in it is
// decided place by place.
func Anywhere(r Rights, of func(Grant) bool) bool { return slices.ContainsFunc(r.Grants, of) }

func decide(r Rights, a Action, p Place, covers func(Mask) bool) (int64, bool) {
	if a.Needs == Approve && r.Actor.Kind != Person {
		return 0, false
	}
	if slices.Contains(r.Shields, p.Record) {
		return 0, false
	}
	for _, g := range r.Grants {
		if (g.has(a.Needs) || g.has(a.Or)) && covers(g.Mask) && g.at(p) {
			return g.ID, true
		}
	}
	return 0, false
}

func (g Grant) has(r Right) bool { return r != 0 && g.Rights&r == r }

func (g Grant) at(p Place) bool {
	switch g.Scope {
	case AtProvider:
		return p.Provider != 0 && g.ScopeID == p.Provider
	case AtHome:
		return p.Home != 0 && g.ScopeID == p.Home
	case AtRecord:
		return p.Record != 0 && g.ScopeID == p.Record
	case AtDocument:
		return p.Document != 0 && g.ScopeID == p.Document
	case AtVersion:
		return p.Version != 0 && g.ScopeID == p.Version
	}
	return false
}
