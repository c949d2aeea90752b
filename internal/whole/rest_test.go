package whole

// withRest adds the pages about who may see what and who has looked, for those whose
// pages they are.
func withRest(pages map[string][][2]string) map[string][][2]string {
	wren, heron := "/records/{record Wren Sample}", "/records/{record Heron Specimen}"
	plan := "/documents/{document Wren Sample/Care plan}"
	for who, list := range map[string][][2]string{
		"staff": {{"why", wren + "/why"}, {"document-why", plan + "/why"}, {"concerns", "/oversight/concerns"}},
		"manager": {{"me", "/me"}, {"open-to-inspector", wren + "/people/inspector"}, {"record-people-then", wren + "/people?on-day=1&on-month=2&on-year=2026"}, {"safety", wren + "/safety"}, {"document-why", plan + "/why"},
			{"care-plan-footprints", plan + "/footprints"}, {"person-footprints", "/people/{person Sam Example}/footprints"}, {"person-then", "/people/{person Toni Example}?on-day=1&on-month=2&on-year=2026"},
			{"outside", "/oversight/outside-role"}, {"concerns", "/oversight/concerns"}, {"checkpoints", "/oversight/checkpoints"}, {"give-role", "/people/{person Sam Example}/roles/give"}},
		"shift-lead": {{"home", "/home"}, {"young-person", wren}, {"safety", wren + "/safety"}, {"why", wren + "/why"}},
		"auditor": {{"oversight", "/oversight"}, {"looks", "/oversight/looks"}, {"unusual", "/oversight/unusual"}, {"sample", "/oversight/sample"}, {"sample-drawn", "/oversight/sample?size=5"},
			{"concerns", "/oversight/concerns"}, {"outside", "/oversight/outside-role?show=all"}, {"lodgings", "/oversight/restricted"}, {"checkpoints", "/oversight/checkpoints"}, {"questions", "/questions"},
			{"ask", "/looks/{look}/ask"}, {"raise", "/looks/{look}/concern"}, {"person-footprints", "/people/{person Sam Example}/footprints"}, {"people", "/people"}, {"me", "/me"}},
		"young-person": {{"looked", wren + "/looked"}, {"why", wren + "/why"}, {"me", "/me"}, {"own-document", plan}},
		"parent":       {{"home", "/home"}, {"own-file", heron}, {"looked", heron + "/looked"}, {"why", heron + "/why"}},
		"visitor-44":   {{"why", wren + "/why"}, {"young-people", "/records?kind=young-person"}, {"library", "/records/{record Policies of Larkfield House}"}},
		"visitor-25":   {{"home", "/home"}, {"library", "/records/{record Policies of Bramble Court}"}},
		"front-door":   {{"home", "/home"}, {"young-people", "/records?kind=young-person"}, {"young-person", wren}, {"why", wren + "/why"}, {"outside-role", "/outside-role"}},
		"dpo":          {{"restricted", wren + "/restricted"}, {"outside", "/oversight/outside-role"}, {"record-people", wren + "/people"}, {"ask", "/looks/{look}/ask"}, {"why", wren + "/why"}},
		"admin":        {{"oversight", "/oversight"}, {"person-left", "/people/{person Sam Example}/left"}},
	} {
		pages[who] = append(pages[who], list...)
	}
	return pages
}
