package portal

import (
	"fmt"
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

// waiting is an upload with where it belongs, as its page needs it.
type waiting struct {
	versions.Batch
	spot
}

// uploadOf finds an upload of the reader's own.
func (s *server) uploadOf(c *gin.Context, actor access.Actor) (waiting, error) {
	batch, err := id(c, "id")
	if err != nil {
		return waiting{}, err
	}
	b, err := s.keeper.Batch(c.Request.Context(), actor, batch)
	if err != nil {
		return waiting{}, err
	}
	where, err := s.keeper.Where(c.Request.Context(), actor, b.Record)
	if err != nil {
		return waiting{}, err
	}
	w := waiting{b, spot{where: where, latest: b.Latest, address: page.UploadAddress(batch), back: page.RecordAddress(b.Record)}}
	if w.advisers, err = s.advisersFor(c, actor, where); err != nil {
		return waiting{}, err
	}
	if b.Document != 0 {
		w.spot.document = versions.Document{ID: b.Document, Record: b.Record, Kind: b.Kind, Title: b.Title}
		w.back = page.DocumentAddress(b.Document)
	}
	return w, nil
}

// held finds one of its files, by default the first that can be added.
func (w waiting) held(id int64) (versions.Held, bool) {
	for _, h := range w.Files {
		if h.ID == id {
			return h, true
		}
	}
	i := max(0, slices.IndexFunc(w.Files, func(h versions.Held) bool { return !h.Gone }))
	if i < len(w.Files) {
		return w.Files[i], false
	}
	return versions.Held{}, false
}

// own is where what was typed about one file is kept, beside what holds for all.
func own(held int64) string { return fmt.Sprintf("f%d.", held) }

// typedAbout gives what was typed about a file, or what stands in its form
// before anything was, and what was found wrong with it.
func (w waiting) typedAbout(h versions.Held) (url.Values, []fault.Field) {
	values, prefix := url.Values{}, own(h.ID)
	if w.Typed[prefix+"kept"] != "" {
		for name, text := range w.Typed {
			if plain, ok := strings.CutPrefix(name, prefix); ok {
				values.Set(plain, text)
			}
		}
		return values, recalled[fault.Field](w.Typed, prefix+saidKey)
	}
	for _, name := range factNames() {
		values.Set(name, w.Typed[name])
	}
	first := len(w.Files) == w.Came && h.ID == w.Files[0].ID
	if !first || values.Get("title") == "" {
		values.Set("title", page.TitleOf(h.FileName))
	}
	if !first {
		return values, nil
	}
	return values, recalled[fault.Field](w.Typed, saidKey)
}

// noteTyped keeps what was typed about one file, and nothing that was said of it before.
func (s *server) noteTyped(c *gin.Context, actor access.Actor, w waiting, held int64, values url.Values) error {
	typed := map[string]string{own(held) + "kept": "yes"}
	for name, text := range w.Typed {
		if !strings.HasPrefix(name, own(held)) && name != refusedKey {
			typed[name] = text
		}
	}
	for name, text := range keptOf(values, own(held)) {
		typed[name] = text
	}
	return s.keeper.Note(c.Request.Context(), actor, w.ID, typed)
}

// uploadPage shows what waits, and asks about one of the files.
func (s *server) uploadPage(c *gin.Context, actor access.Actor) error {
	w, err := s.uploadOf(c, actor)
	if err != nil {
		return err
	}
	asked, _ := strconv.ParseInt(c.Query("file"), 10, 64)
	h, _ := w.held(asked)
	values, bad := w.typedAbout(h)
	return s.showWaiting(c, actor, w, h, http.StatusOK, values, bad)
}

// showWaiting writes the page.
func (s *server) showWaiting(c *gin.Context, actor access.Actor, w waiting, h versions.Held, status int, values url.Values, problems []fault.Field) error {
	v := page.WaitingOf(w.Batch, h.ID, now())
	v.Caption = w.where.Name
	if w.document.ID != 0 {
		v.Caption = w.document.Title
	}
	var err error
	if v.Frame, err = s.frame(c, actor, "Files to add", page.ListAddress(w.where.Kind)); err != nil {
		return err
	}
	for _, r := range recalled[refusedFile](w.Typed, refusedKey) {
		v.Refused = append(v.Refused, r.words())
	}
	form := page.NewForm(values, problems)
	if len(v.File.Same) > 0 {
		v.Meant = form.Meant()
	}
	if h.Gone {
		again := form.FileField(s.keeper.UploadLimit(), true)
		v.Again = &again
	}
	if !w.where.Open && len(problems) == 0 {
		v.Refused = append(v.Refused, "This record was closed meanwhile, so nothing can be added to it now. Ask its manager to open it again. What you typed is kept.")
	}
	v.Facts = form.Facts(s.about(v.Who, w.spot, values))
	if seen, err := strconv.Atoi(values.Get("latest")); err == nil && w.document.ID != 0 && seen < w.latest {
		v.Theirs = &page.Link{Words: fmt.Sprintf("%s, version %d", w.document.Title, w.latest), Address: page.VersionAddress(w.document.ID, w.latest)}
	}
	v.Going, v.Stamp = page.PlaceOf(w.where, w.document, w.latest), page.StampOf(v.Who, now())
	v.Back, v.Problems, v.Scripts = w.back, form.Summary(), []string{"facts.js"}
	if h.Gone {
		v.Scripts = append(v.Scripts, "upload.js")
	}
	for _, r := range v.Refused {
		v.Problems = append(v.Problems, page.Problem{Text: r})
	}
	return s.show(c, status, "waiting", v)
}

// addWaiting adds one file with what was said about it.
func (s *server) addWaiting(c *gin.Context, actor access.Actor) error {
	held, err := id(c, "file")
	if err != nil {
		return err
	}
	values, err := typed(c)
	if err != nil {
		return err
	}
	w, err := s.uploadOf(c, actor)
	if fault.Is(err, fault.NotFound) {
		return s.addGone(c, actor, held, values, err)
	}
	if err != nil {
		return err
	}
	h, there := w.held(held)
	f := readFacts(values, w.where.Kind, w.document)
	if len(f.bad) > 0 && there {
		return s.mend(c, actor, w, h, http.StatusBadRequest, values, f.bad)
	}
	claim := versions.Claim{Entry: f.entry, Latest: latestSeen(values, w.latest), Meant: values.Get("meant") == "yes"}
	added, err := s.keeper.AddHeld(c.Request.Context(), actor, w.ID, held, claim)
	if err == nil {
		return s.addedWaiting(c, actor, w, held, values, added)
	}
	status, problems, ok := refused(err)
	switch {
	case !ok:
		return err
	case !there:
		return s.noLonger(c, actor, values, added, err)
	}
	if w, err = s.uploadOf(c, actor); err != nil { // as it stands after what came in between
		return s.noLonger(c, actor, values, added, versions.NotWaiting())
	}
	if h, there = w.held(held); !there {
		return s.noLonger(c, actor, values, added, versions.NotWaiting())
	}
	return s.mend(c, actor, w, h, status, values, problems)
}

// mend shows the form of a file again, and keeps what was typed.
func (s *server) mend(c *gin.Context, actor access.Actor, w waiting, h versions.Held, status int, values url.Values, problems []fault.Field) error {
	if err := s.noteTyped(c, actor, w, h.ID, values); err != nil {
		again, more, ok := refused(err)
		if !ok {
			return err
		}
		status, problems = again, append(problems, more...)
	}
	delete(w.Typed, refusedKey)
	return s.showWaiting(c, actor, w, h, status, values, problems)
}

// addedWaiting goes on to the next file, whose form begins with the same
// answers, or to what was added with the last one.
func (s *server) addedWaiting(c *gin.Context, actor access.Actor, w waiting, held int64, values url.Values, added versions.Added) error {
	if len(w.Files) < 2 || !slices.ContainsFunc(w.Files, func(h versions.Held) bool { return h.ID == held }) {
		return s.toAdded(c, added)
	}
	for _, name := range []string{"title", "note", "late_reason"} {
		values.Del(name)
	}
	typed := keptOf(values, "")
	if w.document.ID != 0 {
		typed["latest"] = strconv.Itoa(added.Version.Number)
	}
	for name, text := range w.Typed {
		if strings.HasPrefix(name, "f") && strings.Contains(name, ".") && !strings.HasPrefix(name, own(held)) {
			typed[name] = text
		}
	}
	// it is added, whatever becomes of the answers for the next one
	if err := s.keeper.Note(c.Request.Context(), actor, w.ID, typed); err != nil && !fault.Is(err, fault.NotFound) {
		s.log.Warn("answers not carried on", "upload", w.ID, "error", err)
	}
	return s.done(c, page.UploadAddress(w.ID), addedAs(added))
}

// addGone answers the form of an upload that is not there. Where its file was
// added, by this form or in another tab, it says so.
func (s *server) addGone(c *gin.Context, actor access.Actor, held int64, values url.Values, notFound error) error {
	document := versions.Document{Kind: values.Get("of")}
	if document.Kind != "" {
		document.ID = 1 // of which only matters that there is one
	}
	var entry versions.Entry
	for _, kind := range access.RecordKinds() {
		if f := readFacts(values, kind, document); len(f.bad) == 0 {
			entry = f.entry
			break
		}
	}
	claim := versions.Claim{Entry: entry, Meant: values.Get("meant") == "yes"}
	added, ok, err := s.keeper.AddedBefore(c.Request.Context(), actor, held, claim)
	_, told := fault.Of(err)
	switch {
	case err != nil && !told:
		return err
	case ok && err == nil:
		return s.toAdded(c, added)
	case added.Document.ID == 0:
		return notFound
	}
	return s.noLonger(c, actor, values, added, err)
}

// noLonger says that a file does not wait any more, and gives back what was typed.
func (s *server) noLonger(c *gin.Context, actor access.Actor, values url.Values, added versions.Added, err error) error {
	status, problems, ok := refused(err)
	if !ok {
		return err
	}
	v := page.NoLonger{Text: problems[0].Problem}
	if v.Frame, err = s.frame(c, actor, "No longer waiting", ""); err != nil {
		return err
	}
	if added.Document.ID != 0 {
		v.There = &page.Link{Words: fmt.Sprintf("%s, version %d", added.Document.Title, added.Version.Number), Address: page.VersionAddress(added.Document.ID, added.Version.Number)}
	}
	v.Typed = page.TypedFacts(values)
	return s.show(c, status, "no-longer", v)
}
