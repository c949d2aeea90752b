package page

// See are the ways from a record to more about it: who looked, why the reader sees
// it, and who else does.
func (r Record) See() []Link {
	list := there(Link{"Who has looked at your file", r.Looked})
	if r.Footprints != nil {
		list = append(list, *r.Footprints)
	}
	return append(list, there(Link{"Why can I see this?", r.Reasons}, Link{"Restricted section", r.Restricted}, Link{"Who may see this record", r.People}, Link{"From whom it is kept", r.Outside.Shields})...)
}

// Do are what the reader can do with a record besides adding to it.
func (r Record) Do() []Link {
	return there(Link{"Ask to see more than your role shows", r.Outside.Ask}, Link{"Move this record", r.Move}, Link{"Close this record", r.Close})
}

// there leaves out the links that lead nowhere.
func there(links ...Link) []Link {
	var list []Link
	for _, l := range links {
		if l.Address != "" {
			list = append(list, l)
		}
	}
	return list
}
