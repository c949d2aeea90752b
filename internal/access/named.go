package access

// Actions about who may see what.
var (
	ViewAccess      = Action{Name: "access.viewed", Needs: Manage, Or: Audit}
	EndGrant        = Action{Name: "grant.ended", Needs: Manage}
	RecordConsent   = Action{Name: "consent.recorded", Needs: Manage}
	WithdrawConsent = Action{Name: "consent.withdrawn", Needs: Manage}
	Leave           = Action{Name: "person.left", Needs: Manage}
	Return          = Action{Name: "person.back", Needs: Manage}
)
