package portal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/login"
	"custodian/versions"
)

// upload is a multipart form as it came, its file already in the store.
type upload struct {
	entry    versions.Entry
	received *versions.Received
	key      string
}

const (
	longestField = 16 << 10
	mostParts    = 40
	// formRoom is what a form may hold besides its file.
	formRoom   = 1 << 20
	longestKey = 200
)

// receive streams a form: the file goes straight to the store, in whatever order
// the parts come, and nothing is put on this machine's disk. Whether there is room
// is asked before any of it is read. When it fails nothing is kept.
func (s *server) receive(c *gin.Context, actor access.Actor, what versions.Sending) (u upload, err error) {
	leave, err := s.turns.take(c.Request.Context(), actor.ID)
	if err != nil {
		return u, err
	}
	defer leave()
	if u.key, err = onceKey(c); err != nil {
		return u, err
	}
	limit := s.keeper.UploadLimit()
	if c.Request.ContentLength > limit+formRoom {
		return u, versions.TooLarge(limit)
	}
	what.Bytes, what.Key = c.Request.ContentLength-formRoom, u.key
	if err := s.keeper.Room(c.Request.Context(), actor, what); err != nil {
		return u, err
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, limit+formRoom)
	tail := &tail{ReadCloser: c.Request.Body}
	c.Request.Body = tail
	form, err := c.Request.MultipartReader()
	if err != nil {
		return u, fault.Wrap(fault.Invalid, "Send a form (multipart/form-data) with the fields and the file.", err)
	}
	defer func() {
		if err != nil {
			s.keeper.Discard(c.Request.Context(), u.received)
			u.received = nil
		}
	}()
	said := map[string]bool{}
	for range mostParts {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) && tail.closes(c.GetHeader("Content-Type")) {
			// sending may have taken long: the token must still stand
			_, err = login.Bearer(c.Request.Context(), s.db, c.GetHeader("Authorization"))
			return u, err
		}
		if tooMuch(err) {
			return u, versions.TooLarge(limit)
		}
		if err != nil {
			return u, brokenOff(err)
		}
		if err := s.receivePart(c, &u, part, said); err != nil {
			return u, err
		}
	}
	return u, fault.New(fault.Invalid, "The form has too many fields.")
}

// receivePart takes one part of a form: the file, or a field. said is what came before.
func (s *server) receivePart(c *gin.Context, u *upload, part *multipart.Part, said map[string]bool) (err error) {
	name := part.FormName()
	if name == "" {
		return fault.New(fault.Invalid, "A part of the form has a name that cannot be read. A file's name may hold no quotes: rename the file and send it again.")
	}
	if said[name] {
		return fault.Bad([]fault.Field{{Name: name, Problem: fmt.Sprintf("The field %q came twice. Send it once.", name)}})
	}
	said[name] = true
	if name == "file" {
		u.received, err = s.keeper.Receive(c.Request.Context(), fileName(part), part)
		return err
	}
	into, ok := u.entry.Fields()[name]
	if !ok {
		return fault.Bad([]fault.Field{{Name: clip(name), Problem: fmt.Sprintf("There is no field called %q. The fields are listed in /api/v1/openapi.json.", clip(name))}})
	}
	*into, err = field(name, part)
	return err
}

// tail remembers the last of what was read. multipart takes the end of a body
// after any boundary for the end of the form; only the closing boundary is.
type tail struct {
	io.ReadCloser
	last []byte
}

// tailSize is more than multipart reads ahead, and a boundary (70 letters at most).
const tailSize = 16 << 10

// Read reads on.
func (t *tail) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.last = append(t.last, p[:n]...)
	if over := len(t.last) - tailSize; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	return n, err
}

// closes tells whether the closing boundary (RFC 2046, 5.1.1) has come.
func (t *tail) closes(contentType string) bool {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	// the last boundary at the beginning of a line: content may hold the same letters elsewhere
	at := bytes.LastIndex(t.last, []byte("\n--"+params["boundary"]))
	return at >= 0 && bytes.HasPrefix(t.last[at+len("\n--"+params["boundary"]):], []byte("--"))
}

// onceKey reads the key of a request that may be sent again, "" for none.
func onceKey(c *gin.Context) (string, error) {
	sent := c.Request.Header.Values("Idempotency-Key")
	if len(sent) == 0 {
		return "", nil
	}
	strange := func(r rune) bool { return r <= ' ' || r > '~' }
	if len(sent) > 1 || sent[0] == "" || len(sent[0]) > longestKey || strings.ContainsFunc(sent[0], strange) {
		return "", fault.New(fault.Invalid, fmt.Sprintf("An Idempotency-Key is one word of 1 to %d ASCII letters, figures and signs, such as a UUID.", longestKey))
	}
	return sent[0], nil
}

// fileName is the name as it was sent. multipart's own FileName would quietly
// drop a path; a path is refused instead, so that the sender learns of it.
func fileName(p *multipart.Part) string {
	_, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	if err != nil {
		return ""
	}
	return params["filename"]
}

func field(name string, p *multipart.Part) (string, error) {
	b, err := io.ReadAll(io.LimitReader(p, longestField+1))
	if err != nil {
		return "", brokenOff(err)
	}
	if len(b) > longestField {
		return "", fault.Bad([]fault.Field{{Name: name, Problem: fmt.Sprintf("The field %q is too long.", name)}})
	}
	return string(b), nil
}

func brokenOff(err error) error {
	return fault.Wrap(fault.Invalid, "The upload broke off before it was whole. Nothing was kept; send it again.", err)
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40])
	}
	return s
}
