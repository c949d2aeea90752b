package portal

import (
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/versions"
)

// content serves a version's bytes: always as an attachment, whole or by range
// (RFC 9110), with its SHA-256 as ETag. The footprint is committed before the
// first byte.
func (s *server) content(c *gin.Context, actor access.Actor) error {
	t, err := target(c)
	if err != nil {
		return err
	}
	asked := c.GetHeader("Range")
	if !oneRange.MatchString(asked) || backwards(asked) {
		// RFC 9110, 14.2 lets a server ignore what it does not take. Several ranges in one request are not taken: they make a
		// small request into a large amount of work, and a footprint could not say in few words what was read
		c.Request.Header.Del("Range")
		asked = ""
	}
	part := asked
	if part != "" && c.GetHeader("If-Range") != "" {
		part += " if unchanged" // the whole is sent otherwise
	}
	changed, heard := s.changes.Of(actor.ID) // before the right is asked about, so that no change falls between the two
	defer heard()
	o, err := s.keeper.Open(c.Request.Context(), actor, t, part)
	if err != nil {
		return err
	}
	defer o.Close()
	if err := o.Probe(rangeStart(asked, o.Version.Size)); err != nil {
		return err
	}
	h := c.Writer.Header()
	h.Set("Content-Type", versions.ServedAs(o.Version.MediaType))
	h.Set("Content-Disposition", attachment(o.Version.FileName))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("ETag", `"`+hex.EncodeToString(o.Version.SHA256)+`"`)
	r := s.watch(c, o, changed)
	defer r.stop()
	w := &ranged{ResponseWriter: c.Writer}
	http.ServeContent(w, c.Request, "", time.Time{}, r)
	if w.outside {
		s.say(c, problem{Type: "range", Title: "Not in the file", Status: http.StatusRequestedRangeNotSatisfiable,
			Detail: fmt.Sprintf("The file has %d bytes, and none of them lies in the range that was asked for.", o.Version.Size)})
	}
	return r.refused() // where the answer has begun, fail cuts the connection
}

// ranged keeps back http.ServeContent's own words for a range outside the content.
type ranged struct {
	gin.ResponseWriter
	outside bool
}

// WriteHeader passes on every status but one.
func (w *ranged) WriteHeader(status int) {
	if w.outside = status == http.StatusRequestedRangeNotSatisfiable; !w.outside {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write passes on what is content.
func (w *ranged) Write(p []byte) (int, error) {
	if w.outside {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// oneRange is a Range header that asks for one stretch of bytes.
var oneRange = regexp.MustCompile(`^bytes=([0-9]{1,18}-[0-9]{0,18}|-[1-9][0-9]{0,17})$`)

// attachment names the file for saving: in ASCII for old programs, whole for
// others (RFC 6266).
func attachment(name string) string {
	ascii := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\%;`, r) {
			return '_'
		}
		return r
	}, name)
	return mime.FormatMediaType("attachment", map[string]string{"filename": ascii}) + "; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}

// backwards tells whether a range ends before it begins, which makes it no range.
func backwards(asked string) bool {
	from, to, _ := strings.Cut(strings.TrimPrefix(asked, "bytes="), "-")
	first, errFirst := strconv.ParseInt(from, 10, 64)
	last, errLast := strconv.ParseInt(to, 10, 64)
	return errFirst == nil && errLast == nil && last < first
}

// rangeStart is where a range begins, 0 when there is none.
func rangeStart(asked string, size int64) int64 {
	from, to, there := strings.Cut(strings.TrimPrefix(asked, "bytes="), "-")
	if !there {
		return 0
	}
	if from == "" {
		last, _ := strconv.ParseInt(to, 10, 64)
		return max(0, size-last)
	}
	n, _ := strconv.ParseInt(from, 10, 64) // oneRange let only numbers through
	return n
}
