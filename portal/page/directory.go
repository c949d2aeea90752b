package page

import "strconv"

// DirectoryToken is a token of the directory service.
type DirectoryToken struct {
	Label, By, Made, Until, Last string
	Status                       Status
	End                          string // "" where it has ended
}

// DirectoryGroup is a group that the directory tells of.
type DirectoryGroup struct {
	Name, Members string
	Gives         bool
}

// Directory is the page about the organisation's directory service.
type Directory struct {
	Frame
	Address, Subject    string
	Facts               []Fact
	Tokens              []DirectoryToken
	Groups              []DirectoryGroup
	MoreGroups, MayStop bool
}

// NewDirectoryToken shows a token's secret, the one time that it can be seen.
type NewDirectoryToken struct {
	Frame
	Secret, Until, Address string
}

// DirectoryTokenAddress is where a token of the directory service is ended.
func DirectoryTokenAddress(id int64) string {
	return "/settings/directory/tokens/" + strconv.FormatInt(id, 10) + "/end"
}
