package access

// The actions about sessions that others end, and about what asks for more than a
// session.
var (
	EndSessions       = Action{Name: "sessions.ended", Needs: Manage}           // of somebody else
	GiveAdministrator = Action{Name: "administrator-role.given", Needs: Manage} // besides GiveRole; footprints say GiveRole
	TellLogout        = Action{Name: "log-out.told"}                            // by the sign-in service
)

// Fresh tells whether the action asks for a sign-in of a few minutes ago: what
// somebody who finds an unlocked screen, or has taken a session's cookie, must not
// be able to do. A page asks for it; an API token cannot show it, and is refused.
//
// An action is in the list by its name, which never changes.
func (a Action) Fresh() bool {
	switch a.Name {
	case "token.made", MakeDirectoryToken.Name, // keys
		StopDirectory.Name,                             // which lets leavers in again
		"sessions.ended",                               // of somebody else
		"group-role.given", "administrator-role.given", // who may come in, and who keeps them
		"looks.exported",   // everybody's footprints at once
		DecideOutside.Name: // weeks and months of access outside a role
		return true
	}
	switch a.Name {
	case Leave.Name, Return.Name: // the end of somebody's roles, sessions and tokens at once, and their way back
		return true
	}
	return false
}
