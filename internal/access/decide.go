package access

import "slices"

// Action is something a person can ask to do. Every route carries one.
type Action struct {
	Name  string // as it stands in footprints
	Needs Right
}

// The actions. Names are "noun.verb" and are never changed, since footprints
// carry them.
var (
	ViewSelf       = Action{"self.viewed", 0}
	ViewHomes      = Action{"homes.listed", 0}
	ListRecords    = Action{"records.listed", Read}
	ListDocuments  = Action{"documents.listed", Read}
	ViewDocument   = Action{"document.viewed", Read}
	OpenVersion    = Action{"version.opened", Read}
	AskAsAt        = Action{"record.asked-as-at", Read}
	ViewRecord     = Action{"record.viewed", Read}
	ViewFootprints = Action{"footprints.viewed", Read}
	AddDocument    = Action{"document.added", Add}
	AddVersion     = Action{"version.added", Add}
	ApproveVersion = Action{"version.approved", Approve}
	CorrectDate    = Action{"date.corrected", Approve}
	Withdraw       = Action{"document.withdrawn", Approve}
	RestoreVersion = Action{"version.restored", Add}
	OpenRecord     = Action{"record.opened", Manage}
	CloseRecord    = Action{"record.closed", Manage}
	ReopenRecord   = Action{"record.reopened", Manage}
	MoveRecord     = Action{"record.moved", Manage}
	Found          = Action{"provider.founded", Manage}
	AddHome        = Action{"home.added", Manage}
	AddActor       = Action{"actor.added", Manage}
	GiveRole       = Action{"role.given", Manage}
	EndRole        = Action{"role.ended", Manage}
	GiveGrant      = Action{"grant.given", Manage}
	GiveShield     = Action{"shield.given", Manage}
	MakeToken      = Action{"token.made", 0}
	RevokeToken    = Action{"token.revoked", 0}
	Public         = Action{"public", 0} // needs nobody to be signed in
)

// Decide tells whether the rights allow the action on a document lying at the
// place, and by which grant (0 when not). A shield refuses whatever the grants
// say; a service account never approves.
func Decide(r Rights, a Action, p Place) (grant int64, ok bool) {
	return decide(r, a, p, func(m Mask) bool { return m.Has(p.Class) })
}

// DecideRecord is Decide for a record as a whole: any section of its kind
// counts, and a grant on a single document does not.
func DecideRecord(r Rights, a Action, p Place) (grant int64, ok bool) {
	p.Document = 0
	first := ClassOf(p.Class.Kind(), General)
	return decide(r, a, p, func(m Mask) bool { return m.Has(first) || m.Has(first+1) || m.Has(first+2) })
}

func decide(r Rights, a Action, p Place, covers func(Mask) bool) (int64, bool) {
	if a.Needs == Approve && r.Actor.Kind != Person {
		return 0, false
	}
	if slices.Contains(r.Shields, p.Record) {
		return 0, false
	}
	for _, g := range r.Grants {
		if a.Needs != 0 && g.Rights&a.Needs == a.Needs && covers(g.Mask) && g.at(p) {
			return g.ID, true
		}
	}
	return 0, false
}

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
	}
	return false
}
