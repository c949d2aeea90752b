package access

// The actions about sessions that others end, and about what asks for more than a
// session.
var (
	EndSessions       = Action{Name: "sessions.ended", Needs: Manage}           // of somebody else
	GiveAdministrator = Action{Name: "administrator-role.given", Needs: Manage} // besides GiveRole; footprints say GiveRole
	TellLogout        = Action{Name: "log-out.told"}                            // by the sign-in service
	Release           = Action{Name: "content.released"}                        // besides ApproveVersion and MoveSection, where somebody outside reads; footprints say those
	LetIn             = Action{Name: "outsider.let-in", Needs: Manage}          // besides GiveGrant and GiveRole; footprints say those
)

// Fresh tells whether the action asks for a sign-in of a few minutes ago: what
// somebody who finds an unlocked screen, or has taken a session's cookie, must not
// be able to do. A page asks for it; an API token cannot show it, and is refused.
//
// What lets somebody read who does not work here is in it: a release cannot be
// taken back. Approving is not, except where somebody outside reads what is
// approved (Release): who is asked at each approval no longer looks.
//
// An action is in the list by its name, which never changes.
func (a Action) Fresh() bool {
	switch a.Name {
	case "token.made", MakeDirectoryToken.Name, // keys
		StopDirectory.Name,                             // which lets leavers in again
		"sessions.ended",                               // of somebody else
		"group-role.given", "administrator-role.given", // who may come in, and who keeps them
		"looks.exported",                  // everybody's footprints at once
		DecideOutside.Name,                // weeks and months of access outside a role
		"lodging.shared", "lodging.ended", // restricted matter, to whomever
		Release.Name, LetIn.Name, "consent.recorded": // to whom it is about, an inspector, an independent visitor
		return true
	}
	switch a.Name {
	case Leave.Name, Return.Name: // the end of somebody's roles, sessions and tokens at once, and their way back
		return true
	}
	return false
}
