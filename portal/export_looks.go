package portal

import (
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/looks"
	"custodian/portal/page"
)

// exportLooks sends the footprints of some days as CSV, a part at a time: memory
// does not grow with their number. The last line says which checkpoint was the
// newest, so that the file can be held against the tree. That it was taken is
// recorded before its first byte.
func (s *server) exportLooks(c *gin.Context, actor access.Actor) error {
	n := narrow(c, 0)
	if n.status != http.StatusOK {
		return s.everyLook(c, actor) // which says what is to be put right
	}
	n.Before = 0
	var out *csv.Writer
	err := looks.Export(c.Request.Context(), s.db, actor, n.Filter, func(list []looks.Look) error {
		if out == nil {
			h := c.Writer.Header()
			h.Set("Content-Type", "text/csv; charset=utf-8")
			h.Set("Content-Disposition", `attachment; filename="`+exportName(n.From, n.Until)+`"`)
			c.Status(http.StatusOK)
			out = csv.NewWriter(c.Writer)
			out.UseCRLF = true
			if err := out.Write(exportHead()); err != nil {
				return err
			}
		}
		for _, l := range list {
			if err := out.Write(exportLine(l)); err != nil {
				return err
			}
		}
		out.Flush()
		c.Writer.Flush()
		return out.Error()
	})
	if err != nil {
		return err
	}
	if err := out.Write([]string{"checkpoint", s.checkpointLine(c)}); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// checkpointLine says the newest signed checkpoint of the footprints: how many it
// covers, their root (in base64, as the signed note has it), and when.
func (s *server) checkpointLine(c *gin.Context) string {
	if s.tree == nil {
		return "none: no footprints are signed here"
	}
	last, ok, err := s.tree.Foot(c.Request.Context())
	if err != nil {
		s.log.Warn("no checkpoint for an export", "request", audit.Request(c.Request.Context()), "error", err)
	}
	if err != nil || !ok {
		return "none: no checkpoint has been signed"
	}
	return fmt.Sprintf("%d footprints; root %s; signed %s", last.Size, base64.StdEncoding.EncodeToString(last.Root[:]), stamp(last.At))
}

// exportName is the name of the file: its days, and nothing else.
func exportName(from, until time.Time) string {
	name := "footprints"
	if !from.IsZero() {
		name += "-from-" + clock.DayOf(from).String()
	}
	if !until.IsZero() {
		name += "-to-" + clock.DayOf(until.Add(-time.Microsecond)).String()
	}
	return name + ".csv"
}

func exportHead() []string {
	return []string{"footprint", "time (UTC)", "time (London)", "person", "name", "post", "roles then", "seen by", "act", "outcome", "in words", "record", "kind of record", "document", "sought"}
}

func exportLine(l looks.Look) []string {
	var roles, ways []string
	for _, r := range l.Roles {
		roles = append(roles, strings.TrimSuffix(string(r.Role)+" at "+r.Home, " at "))
	}
	for _, w := range l.Ways {
		ways = append(ways, page.BasisWords(w.Basis, string(w.Role)))
	}
	kind := ""
	if l.Kind != nil {
		kind = l.Kind.String()
	}
	line := []string{strconv.FormatInt(l.ID, 10), stamp(l.At), l.At.In(clock.London).Format("2006-01-02 15:04:05 MST"), strconv.FormatInt(l.ActorID, 10), l.Actor, l.PostTitle, strings.Join(roles, "; "), strings.Join(ways, "; "),
		l.Action, l.Outcome, page.LookWords(l), numberOf(l.Record), kind, numberOf(l.Document), l.Sought}
	for i := range line {
		line[i] = cell(line[i])
	}
	return line
}

func numberOf(id *int64) string {
	if id == nil {
		return ""
	}
	return fmt.Sprint(*id)
}

// cell makes a text safe for a spreadsheet, which would take one that begins so for
// a formula.
func cell(text string) string {
	if strings.ContainsAny(firstLetter(text), "=+-@\t\r\n|%") || strings.HasPrefix(text, "＝") || strings.HasPrefix(text, "＋") || strings.HasPrefix(text, "－") || strings.HasPrefix(text, "＠") {
		return "'" + text
	}
	return text
}

func firstLetter(text string) string {
	if text = strings.TrimLeft(text, " "); text == "" {
		return ""
	}
	return text[:1]
}
