package portal

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/portal/page"
	"custodian/versions"
)

// keepWaiting keeps what was typed about a file and goes where the pressed
// button leads: to another file, to sending more, or away for now.
func (s *server) keepWaiting(c *gin.Context, actor access.Actor) error {
	held, err := id(c, "file")
	if err != nil {
		return err
	}
	values, err := typed(c)
	if err != nil {
		return err
	}
	w, err := s.uploadOf(c, actor)
	if err != nil {
		return err
	}
	h, there := w.held(held)
	if !there {
		return s.noLonger(c, actor, values, versions.Added{}, versions.NotWaiting())
	}
	if err := s.noteTyped(c, actor, w, held, values); err != nil {
		status, problems, ok := refused(err)
		if !ok {
			return err
		}
		return s.showWaiting(c, actor, w, h, status, values, problems)
	}
	switch then := values.Get("then"); {
	case then == "more":
		return s.onward(c, w.address+"/more")
	case strings.HasPrefix(then, "file-"):
		if n, err := strconv.ParseInt(strings.TrimPrefix(then, "file-"), 10, 64); err == nil {
			return s.onward(c, w.address+"?file="+strconv.FormatInt(n, 10))
		}
	}
	return s.done(c, "/home", "kept")
}

// morePage asks for more files.
func (s *server) morePage(c *gin.Context, actor access.Actor) error {
	w, err := s.uploadOf(c, actor)
	if err != nil {
		return err
	}
	return s.showMore(c, actor, w, http.StatusOK, nil)
}

func (s *server) showMore(c *gin.Context, actor access.Actor, w waiting, status int, problems []fault.Field) error {
	v := page.Add{Caption: w.where.Name, Heading: "Send more files", Address: w.address + "/more", Submit: page.Submit{Words: "Send", Cancel: w.address}}
	var err error
	if v.Frame, err = s.frame(c, actor, v.Heading, page.ListAddress(w.where.Kind)); err != nil {
		return err
	}
	form := page.NewForm(nil, problems)
	v.File = form.FileField(s.keeper.UploadLimit(), false)
	v.Going, v.Stamp = page.PlaceOf(w.where, w.document, w.latest), page.StampOf(v.Who, now())
	v.Back, v.Problems, v.Scripts = w.address, form.Summary(), []string{"upload.js"}
	return s.show(c, status, "add", v)
}

// more takes more files into an upload, or one in place of a file whose day is
// over, which gets what was typed about that.
func (s *server) more(c *gin.Context, actor access.Actor) error {
	w, err := s.uploadOf(c, actor)
	if err != nil {
		return err
	}
	in, err := s.take(c, actor, versions.Sending{Record: w.Record, Document: w.Document}, true)
	if err == nil {
		err = still(c)(c.Request.Context())
	}
	if err != nil {
		s.discard(c, in.files)
		return s.moreAgain(c, actor, w, in, err)
	}
	if len(in.files) == 0 {
		return s.moreAgain(c, actor, w, in, &fault.Fault{Kind: fault.Invalid, Fields: in.problems()})
	}
	if err := s.keeper.Hold(c.Request.Context(), actor, w.ID, in.files...); err != nil {
		return s.moreAgain(c, actor, w, in, err)
	}
	to, err := s.inPlace(c, actor, w, in)
	if err != nil {
		return err
	}
	return s.onward(c, to)
}

// moreAgain says why no file was taken, with what was typed beside it.
func (s *server) moreAgain(c *gin.Context, actor access.Actor, w waiting, in sent, err error) error {
	if fault.Is(err, fault.Unauthenticated) {
		return s.giveBack(c, in.values, in.any)
	}
	status, problems, ok := refused(err)
	if !ok || c.Request.Context().Err() != nil {
		return err
	}
	if h, ok := w.held(instead(in.values)); ok {
		return s.mend(c, actor, w, h, status, in.values, problems)
	}
	return s.showMore(c, actor, w, status, problems)
}

// instead is the file in whose place another is sent, 0 for none.
func instead(values url.Values) int64 {
	n, err := strconv.ParseInt(values.Get("instead"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// inPlace gives the first of the files that came what was typed about the one
// that it replaces, and takes that away. It gives the address to go on to.
func (s *server) inPlace(c *gin.Context, actor access.Actor, w waiting, in sent) (string, error) {
	typed := w.Typed
	delete(typed, refusedKey)
	remember(typed, in.refused, nil)
	old, ok := w.held(instead(in.values))
	if !ok || !old.Gone {
		return w.address, s.keeper.Note(c.Request.Context(), actor, w.ID, typed)
	}
	fresh, err := s.keeper.Batch(c.Request.Context(), actor, w.ID)
	if err != nil {
		return "", err
	}
	is := fresh.Files[len(fresh.Files)-len(in.files)].ID
	for name, text := range keptOf(in.values, own(is)) {
		typed[name] = text
	}
	typed[own(is)+"kept"] = "yes"
	if err := s.keeper.Note(c.Request.Context(), actor, w.ID, typed); err != nil {
		return "", err
	}
	if err := s.keeper.DropHeld(c.Request.Context(), actor, w.ID, old.ID); err != nil && !fault.Is(err, fault.Conflict) {
		return "", err
	}
	return w.address + "?file=" + strconv.FormatInt(is, 10), nil
}

// dropWaiting takes one file away, or all that are left.
func (s *server) dropWaiting(c *gin.Context, actor access.Actor) error {
	w, err := s.uploadOf(c, actor)
	if err != nil {
		return err
	}
	var files []int64
	if c.Param("file") == "" {
		for _, h := range w.Files {
			files = append(files, h.ID)
		}
	} else {
		held, err := id(c, "file")
		if err != nil {
			return err
		}
		files = append(files, held)
	}
	for _, held := range files {
		err := s.keeper.DropHeld(c.Request.Context(), actor, w.ID, held)
		if fault.Is(err, fault.Conflict) && c.Param("file") != "" {
			return s.noLonger(c, actor, nil, versions.Added{}, err)
		}
		if err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	if len(files) < len(w.Files) {
		return s.done(c, w.address, "dropped")
	}
	if len(files) > 1 {
		return s.done(c, page.RecordAddress(w.Record), "none")
	}
	return s.done(c, page.RecordAddress(w.Record), "dropped")
}
