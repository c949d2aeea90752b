package portal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/versions"
)

// sent is a page's form as it came, with its files already in the store.
type sent struct {
	values  url.Values
	files   []*versions.Received
	refused []refusedFile // with why each is not kept
	any     bool          // there were files, kept or not
}

// refusedFile is a file that is not kept, and why.
type refusedFile struct {
	Name, Problem string
	kind          fault.Kind
}

// status is that of an answer to a form of which no file is kept.
func (s sent) status() int {
	status := http.StatusBadRequest
	for _, r := range s.refused {
		if code, _, _ := face(r.kind); code > status {
			status = code
		}
	}
	return status
}

// problems says at the field of the files what is wrong with each.
func (s sent) problems() []fault.Field {
	var list []fault.Field
	for _, r := range s.refused {
		list = append(list, fault.Field{Name: "file", Problem: r.words()})
	}
	if !s.any {
		list = append(list, fault.Field{Name: "file", Problem: "Choose a file to add."})
	}
	return list
}

func (r refusedFile) words() string {
	if r.Name == "" {
		return r.Problem
	}
	return r.Name + ": " + r.Problem
}

// take reads a page's form, of several files at most as many as may wait
// together. Each file goes straight to the store; one that is refused does not
// hold up the others. With keep false files are skipped, and so they are where
// there is no room for them. When it fails nothing is kept but what was typed.
func (s *server) take(c *gin.Context, actor access.Actor, what versions.Sending, keep bool) (in sent, err error) {
	kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if kind != "multipart/form-data" { // what was typed, sent again after the session had ended
		in.values, err = typed(c)
		return in, err
	}
	leave, err := s.turns.take(c.Request.Context(), actor.ID)
	if err != nil {
		return in, err
	}
	defer leave()
	most := s.keeper.UploadLimit()*versions.MostFiles + formRoom
	if c.Request.ContentLength > most {
		return in, versions.TooLarge(s.keeper.UploadLimit())
	}
	tail := &tail{ReadCloser: http.MaxBytesReader(c.Writer, c.Request.Body, most)}
	c.Request.Body = tail
	defer func() {
		if err != nil {
			s.discard(c, in.files)
			in.files = nil
		}
	}()
	what.Bytes = c.Request.ContentLength - formRoom
	full := s.keeper.Room(c.Request.Context(), actor, what)
	if err = s.parts(c, &in, keep && full == nil); err == nil && !tail.closes(c.GetHeader("Content-Type")) {
		err = brokenOff(io.ErrUnexpectedEOF)
	}
	if tooMuch(err) {
		err = versions.TooLarge(s.keeper.UploadLimit())
	}
	if err == nil && in.any && keep {
		err = full
	}
	in.values = plainLines(in.values)
	return in, err
}

func (s *server) discard(c *gin.Context, files []*versions.Received) {
	for _, f := range files {
		s.keeper.Discard(c.Request.Context(), f)
	}
}

// parts reads every part of the form.
func (s *server) parts(c *gin.Context, in *sent, keep bool) error {
	form, err := c.Request.MultipartReader()
	if err != nil {
		return fault.Wrap(fault.Invalid, "What was sent cannot be read. Open the page again and send it from there.", err)
	}
	in.values = url.Values{}
	left := longestForm
	for range 8 * mostParts {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return broken(err)
		}
		name, isFile := partFile(part)
		switch {
		case part.FormName() == "":
			in.any = true
			in.refused = append(in.refused, refusedFile{"", "The name of one file cannot be read. Rename that file and send it again.", fault.Invalid})
		case isFile:
			err = s.takeFile(c, in, name, part, keep)
		default:
			var text []byte
			if text, err = io.ReadAll(io.LimitReader(part, int64(left)+1)); err != nil {
				return broken(err)
			}
			if left -= len(part.FormName()) + len(text); left < 0 {
				return fault.New(fault.TooLarge, "What you typed is too long to be sent. Make it shorter.")
			}
			in.values.Add(part.FormName(), string(text))
		}
		if err != nil {
			return err
		}
	}
	return fault.New(fault.Invalid, "The form has too many fields.")
}

func broken(err error) error {
	if tooMuch(err) {
		return err
	}
	return brokenOff(err)
}

// takeFile stores one file. A field in which nothing was chosen comes as a file
// without name and content.
func (s *server) takeFile(c *gin.Context, in *sent, name string, part io.Reader, keep bool) error {
	body := bufio.NewReader(part)
	if _, err := body.Peek(1); name == "" && errors.Is(err, io.EOF) {
		return nil
	}
	in.any = true
	switch {
	case !keep:
		return nil
	case len(in.files) == versions.MostFiles:
		problem := fmt.Sprintf("It was not kept, for %d files are the most that can wait together. Send it after these.", versions.MostFiles)
		in.refused = append(in.refused, refusedFile{shownName(name), problem, fault.Invalid})
		return nil
	}
	r, err := s.keeper.Receive(c.Request.Context(), name, body)
	if err == nil {
		in.files = append(in.files, r)
		return nil
	}
	f, ok := fault.Of(err)
	if !ok {
		return err
	}
	if f.Kind == fault.Unavailable {
		s.log.Warn("a file was not stored", "error", err)
	}
	problem := f.Public
	if len(f.Fields) > 0 {
		problem = f.Fields[0].Problem
	}
	in.refused = append(in.refused, refusedFile{shownName(name), problem, f.Kind})
	return nil
}

// shownName is the name of a file that is not kept, without what would hide or
// reorder other letters.
func shownName(name string) string {
	return clip(strings.Map(func(r rune) rune {
		if fault.Hidden(r) {
			return '\ufffd'
		}
		return r
	}, name))
}
