package page

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"custodian/internal/access"
)

// ListAddress is the address of the list of records of a kind, which is also the
// menu's entry to which pages about them belong.
func ListAddress(k access.RecordKind) string { return "/records?kind=" + k.String() }

// RecordAddress is the address of a record's page.
func RecordAddress(id int64) string { return "/records/" + strconv.FormatInt(id, 10) }

// DocumentAddress is the address of a document, at the version that is in force.
func DocumentAddress(id int64) string { return "/documents/" + strconv.FormatInt(id, 10) }

// VersionAddress is the address of a version of a document.
func VersionAddress(document int64, number int) string {
	return fmt.Sprintf("%s/versions/%d", DocumentAddress(document), number)
}

// OutsideAddress is the address of an access outside a role.
func OutsideAddress(id int64) string { return "/outside-role/" + strconv.FormatInt(id, 10) }

// NoteAddress is where a note about an access outside a role stands among those on
// its record.
func NoteAddress(record, note int64) string {
	return RecordAddress(record) + "/outside?before=" + strconv.FormatInt(note+1, 10) + "#note-" + strconv.FormatInt(note, 10)
}

// UploadAddress is the address of files that wait to be added.
func UploadAddress(batch int64) string { return "/uploads/" + strconv.FormatInt(batch, 10) }

// PersonAddress is the address of somebody's page.
func PersonAddress(id int64) string { return "/people/" + strconv.FormatInt(id, 10) }

// LookAddress is the address of what is made of one footprint: a concern, or a
// question to whoever left it.
func LookAddress(footprint int64, what string) string {
	return "/looks/" + strconv.FormatInt(footprint, 10) + "/" + what
}

// ConcernAddress is the address of a concern.
func ConcernAddress(id int64) string { return "/oversight/concerns/" + strconv.FormatInt(id, 10) }

// QuestionAddress is the address of a question about a look.
func QuestionAddress(id int64) string { return "/questions/" + strconv.FormatInt(id, 10) }

// with adds a part to the query of an address.
func with(address, name, value string) string {
	joint := "?"
	if strings.Contains(address, "?") {
		joint = "&"
	}
	return address + joint + name + "=" + url.QueryEscape(value)
}
