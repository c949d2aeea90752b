package whole

// withSections adds the pages about sections of records. {lodging NAME} stands for
// the number of the lodging in a record.
func withSections(pages map[string][][2]string) map[string][][2]string {
	wren, lodging := "/records/{record Wren Sample}", "/lodgings/{lodging Wren Sample}"
	plan := "/documents/{document Wren Sample/Care plan}"
	pages["staff"] = append(pages["staff"], [2]string{"safety", wren + "/safety"}, [2]string{"say-safety", wren + "/safety/allergies"},
		[2]string{"safety-as-at", wren + "/safety?on-day=1&on-month=2&on-year=2024"}, [2]string{"young-person-little-known", "/records/{record Finch Sample}"})
	pages["manager"] = append(pages["manager"], [2]string{"record-lodged", wren}, [2]string{"restricted", wren + "/restricted"}, [2]string{"restrict", wren + "/add?section=restricted"},
		[2]string{"lodging", lodging}, [2]string{"lodging-keep", lodging + "/keep"}, [2]string{"lodging-share", lodging + "/share"}, [2]string{"lodging-move-out", lodging + "/move-out"},
		[2]string{"lodging-withdraw", lodging + "/withdraw"}, [2]string{"lodging-originator", lodging + "/originator"}, [2]string{"lodgings", "/oversight/restricted"},
		[2]string{"section", plan + "/section"}, [2]string{"lodge", plan + "/lodge"}, [2]string{"restricted-document", "/documents/{document Wren Sample/Letter from a neighbour}"},
		[2]string{"sensitive-document", "/documents/{document Sam Example/Occupational health, September 2025}"})
	pages["dpo"] = append(pages["dpo"], [2]string{"lodgings", "/oversight/restricted"}, [2]string{"lodging", lodging})
	return pages
}
