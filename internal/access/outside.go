package access

// Access outside one's role, and shields.
var (
	AskOutside      = Action{Name: "outside-access.begun", Needs: Break}
	SeekOutside     = Action{Name: "outside-access.sought", Needs: Break}
	ListOutside     = Action{Name: "outside-access.listed"}
	ViewOutside     = Action{Name: "outside-access.viewed"}
	DecideOutside   = Action{Name: "outside-access.decided"}
	EndOutside      = Action{Name: "outside-access.ended"}
	ReviewOutside   = Action{Name: "outside-access.reviewed"}
	NoteOutside     = Action{Name: "outside-access.noted"}
	ReadOutside     = Action{Name: "outside-notes.viewed", Needs: Read}
	ListRelatives   = Action{Name: "relatives.listed"}
	DeclareRelative = Action{Name: "relative.declared"}
	ActOnRelative   = Action{Name: "relative.acted-on", Needs: Manage}
	ViewShields     = Action{Name: "shields.viewed"}
	GiveShield      = Action{Name: "shield.given"}
	EndShield       = Action{Name: "shield.ended"}
)
