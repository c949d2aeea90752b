package portal

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/portal/page"
	"custodian/versions"
)

// spot is where files are to be added.
type spot struct {
	slot     versions.Slot
	where    versions.Where
	document versions.Document // whose next version is added; the zero Document for new ones
	latest   int
	address  string // of the page and its form
	back     string
	advisers []versions.Adviser // who may be named where something is restricted
}

// newDocuments finds the record to which documents are to be added. Where that
// is refused for now, the spot is given with the error.
func (s *server) newDocuments(c *gin.Context, actor access.Actor) (spot, error) {
	record, err := id(c, "id")
	if err != nil {
		return spot{}, err
	}
	slot, refusal := s.keeper.BeginDocument(c.Request.Context(), actor, record)
	return s.spot(c, actor, slot, record, page.RecordAddress(record), refusal)
}

// nextVersion finds the document whose next version is to be added.
func (s *server) nextVersion(c *gin.Context, actor access.Actor) (spot, error) {
	document, err := id(c, "id")
	if err != nil {
		return spot{}, err
	}
	slot, refusal := s.keeper.BeginVersion(c.Request.Context(), actor, document)
	return s.spot(c, actor, slot, slot.Document().Record, page.DocumentAddress(document), refusal)
}

func (s *server) spot(c *gin.Context, actor access.Actor, slot versions.Slot, record int64, back string, refusal error) (spot, error) {
	if _, _, ok := refused(refusal); refusal != nil && !ok {
		return spot{}, refusal
	}
	where, err := s.keeper.Where(c.Request.Context(), actor, record)
	if err != nil {
		return spot{}, err
	}
	advisers, err := s.advisersFor(c, actor, where)
	if err != nil {
		return spot{}, err
	}
	return spot{slot, where, slot.Document(), slot.Latest(), back + "/add", back, advisers}, refusal
}

// adding makes the handler of a page on which files are added to the spot that
// find gives.
func (s *server) adding(find func(*gin.Context, access.Actor) (spot, error)) handler {
	return func(c *gin.Context, actor access.Actor) error {
		at, err := find(c, actor)
		if err != nil {
			return err
		}
		values := page.DayFields(nil, "in_force_from", today())
		values.Set("section", c.Query("section"))
		page.DayFields(values, "received_on", today())
		return s.addPage(c, actor, at, http.StatusOK, values, nil)
	}
}

// addPage shows the form.
func (s *server) addPage(c *gin.Context, actor access.Actor, at spot, status int, values url.Values, problems []fault.Field) error {
	if !plainKey(values.Get("key")) {
		values.Set("key", rand.Text())
	}
	v := page.Add{Caption: at.where.Name, Heading: "Add documents", Address: at.address, Submit: page.Submit{Words: "Check and add", Cancel: at.back}}
	if at.document.ID != 0 {
		v.Caption, v.Heading = at.document.Title, "Add the next version"
	}
	var err error
	if v.Frame, err = s.frame(c, actor, v.Heading, page.ListAddress(at.where.Kind)); err != nil {
		return err
	}
	form := page.NewForm(values, problems)
	v.File = form.FileField(s.keeper.UploadLimit(), at.document.ID != 0)
	facts := form.Facts(s.about(v.Who, at, values))
	v.Facts, v.Going, v.Stamp = &facts, page.PlaceOf(at.where, at.document, at.latest), page.StampOf(v.Who, now())
	v.Back, v.Problems, v.Scripts = at.back, form.Summary(), []string{"facts.js", "upload.js"}
	return s.show(c, status, "add", v)
}

// about says for the form what the file is to be.
func (s *server) about(who *page.Who, at spot, values url.Values) page.About {
	a := page.About{Record: at.where.Kind, Document: at.document, Latest: at.latest, Now: now(), Sections: at.where.Adds, Advisers: at.advisers}
	a.Happened = readFacts(values, at.where.Kind, at.document).event
	if who != nil {
		a.Post = who.Post
	}
	return a
}

// plainKey tells whether a form's key is one of ours: it is kept, and compared.
func plainKey(key string) bool {
	strange := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	}
	return len(key) >= 26 && len(key) <= 64 && !strings.ContainsFunc(key, strange)
}

// sendFiles makes the handler of the form. One file with all its facts right is added
// at once. Several files, or facts that have to be mended, wait in an upload, of
// which each is then asked about.
func (s *server) sendFiles(find func(*gin.Context, access.Actor) (spot, error)) handler {
	return func(c *gin.Context, actor access.Actor) error {
		at, refusal := find(c, actor)
		if _, _, ok := refused(refusal); refusal != nil && (!ok || at.where.Record == 0) {
			return refusal
		}
		in, err := s.take(c, actor, versions.Sending{Record: at.where.Record, Document: at.document.ID}, refusal == nil)
		if err == nil {
			err = still(c)(c.Request.Context()) // sending may have taken long
		}
		if err == nil {
			err = refusal
		}
		if err != nil {
			s.discard(c, in.files)
			return s.addAgain(c, actor, at, in, err)
		}
		f := readFacts(in.values, at.where.Kind, at.document)
		if len(in.files) == 0 {
			return s.addPage(c, actor, at, in.status(), in.values, append(in.problems(), f.bad...))
		}
		if len(in.files) > 1 || len(in.refused) > 0 || len(f.bad) > 0 {
			return s.wait(c, actor, at, in, f)
		}
		return s.addAtOnce(c, actor, at, in, f)
	}
}

// addAgain shows the form again when it was refused as a whole, with what was
// typed. Who has been signed out gets it to be sent again.
func (s *server) addAgain(c *gin.Context, actor access.Actor, at spot, in sent, err error) error {
	if fault.Is(err, fault.Unauthenticated) {
		return s.giveBack(c, in.values, in.any)
	}
	status, problems, ok := refused(err)
	if !ok || c.Request.Context().Err() != nil {
		return err
	}
	if in.values == nil {
		in.values = url.Values{}
	}
	return s.addPage(c, actor, at, status, in.values, problems)
}

// wait keeps what came, and leads to where each file is asked about.
func (s *server) wait(c *gin.Context, actor access.Actor, at spot, in sent, f facts) error {
	typed := keptOf(in.values, "")
	var bad []fault.Field
	if len(in.files) == 1 {
		bad = suggested(f)
	}
	remember(typed, in.refused, bad)
	batch, err := s.keeper.NewBatch(c.Request.Context(), actor, at.slot, typed, in.files...)
	if err != nil {
		return s.addAgain(c, actor, at, in, err)
	}
	return s.onward(c, page.UploadAddress(batch))
}

// suggested is what is wrong with the facts of a file for which the next page
// suggests a title by its name.
func suggested(f facts) []fault.Field {
	bad := slices.Clone(f.bad)
	for i := range bad {
		if bad[i].Name == "title" && f.entry.Title == "" {
			bad[i].Problem = "Check the title. It is made from the file’s name."
		}
	}
	return bad
}

// addAtOnce adds the one file that came.
func (s *server) addAtOnce(c *gin.Context, actor access.Actor, at spot, in sent, f facts) error {
	key := in.values.Get("key")
	if !plainKey(key) {
		key = ""
	}
	typed := keptOf(in.values, "")
	claim := versions.Claim{Entry: f.entry, Latest: latestSeen(in.values, at.latest)}
	batch, added, err := s.keeper.AddSent(c.Request.Context(), actor, at.slot, typed, in.files[0], claim, key)
	if err == nil {
		return s.toAdded(c, added)
	}
	_, problems, ok := refused(err)
	if batch == 0 || !ok {
		return s.addAgain(c, actor, at, in, err)
	}
	remember(typed, nil, problems)
	if e := s.keeper.Note(c.Request.Context(), actor, batch, typed); e != nil {
		return errors.Join(err, e)
	}
	return s.onward(c, page.UploadAddress(batch))
}

// latestSeen is the newest version as the person saw it when the page was made.
func latestSeen(values url.Values, latest int) int {
	if n, err := strconv.Atoi(values.Get("latest")); err == nil {
		return n
	}
	return latest
}

// addedAs is the word by which the next page says what became of a file.
func addedAs(a versions.Added) string {
	if a.Version.State == versions.Submitted {
		return "submitted"
	}
	return "added"
}

// toAdded leads to what was added, with a notice of it.
func (s *server) toAdded(c *gin.Context, a versions.Added) error {
	return s.onward(c, page.VersionAddress(a.Document.ID, a.Version.Number)+"?done="+addedAs(a))
}

// scripted is the header with which the page's script sends a form. It cannot
// stop at a redirect, and would otherwise open the next page twice.
const scripted = "Custodian-Script"

// onward leads to the page that comes after a form.
func (s *server) onward(c *gin.Context, address string) error {
	if c.GetHeader(scripted) != "" {
		c.Header("Location", address)
		c.Status(http.StatusCreated)
		return nil
	}
	c.Redirect(http.StatusSeeOther, address)
	return nil
}

// What is remembered beside what was typed.
const (
	refusedKey = "refused"
	saidKey    = "said"
)

// remember notes files that were not kept, and what was wrong with the facts.
func remember(typed map[string]string, files []refusedFile, problems []fault.Field) {
	for key, list := range map[string]any{refusedKey: files, saidKey: problems} {
		text, err := json.Marshal(list)
		if err == nil && string(text) != "null" {
			typed[key] = string(text)
		}
	}
}

// recalled reads what was remembered.
func recalled[T any](typed map[string]string, key string) (list []T) {
	if json.Unmarshal([]byte(typed[key]), &list) != nil {
		return nil
	}
	return list
}
