package portal

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/portal/page"
)

// checkpointRows is how many checkpoints a page shows.
const checkpointRows = 50

// ofTree answers only where a tree of footprints is grown.
func (s *server) ofTree(h handler) handler {
	return func(c *gin.Context, actor access.Actor) error {
		if s.tree == nil {
			return notThere()
		}
		return h(c, actor)
	}
}

// seal is the newest checkpoint for the foot of a page. A page is shown without
// it rather than not at all.
func (s *server) seal(c *gin.Context) *page.Seal {
	if s.tree == nil {
		return nil
	}
	last, ok, err := s.tree.Foot(c.Request.Context())
	if err != nil {
		s.log.Warn("the newest checkpoint could not be read", "error", err)
	}
	if !ok || err != nil {
		return nil
	}
	return &page.Seal{Count: page.Figures(last.Size), When: page.Minute(last.At), Stamp: last.At.UTC().Format(time.RFC3339), Short: last.Short()}
}

// checkpoints shows whoever may audit what was signed.
func (s *server) checkpoints(c *gin.Context, actor access.Actor) error {
	before := after(c, "before")
	list, err := audit.Checkpoints(c.Request.Context(), s.db, actor, before, checkpointRows+1)
	if err != nil {
		return err
	}
	return s.showCheckpoints(c, actor, page.CheckpointsOf(list, before, checkpointRows, now()))
}

func (s *server) showCheckpoints(c *gin.Context, actor access.Actor, v page.Checkpoints) error {
	f, err := s.frame(c, actor, "Checkpoints", "/oversight")
	if err != nil {
		return err
	}
	f.Crumbs = []page.Link{{Words: "Oversight", Address: "/oversight"}, {Words: "Checkpoints"}}
	if v.Checks, err = audit.Checks(c.Request.Context(), s.db, actor); err != nil {
		return err
	}
	f.Notice, f.Problems = v.Notice, v.Problems
	v.Frame = f
	return s.show(c, http.StatusOK, "checkpoints", v)
}

// checkTree goes through every footprint, and says what was found.
func (s *server) checkTree(c *gin.Context, actor access.Actor) error {
	found, err := s.tree.Check(c.Request.Context(), actor)
	if err != nil {
		return err
	}
	list, err := audit.Checkpoints(c.Request.Context(), s.db, actor, 0, checkpointRows+1)
	if err != nil {
		return err
	}
	v := page.CheckpointsOf(list, 0, checkpointRows, now())
	v.Tell(found)
	return s.showCheckpoints(c, actor, v)
}

// checkpointFile gives a checkpoint to be kept elsewhere.
func (s *server) checkpointFile(c *gin.Context, actor access.Actor) error {
	number, err := id(c, "id")
	if err != nil {
		return err
	}
	one, err := audit.OneCheckpoint(c.Request.Context(), s.db, actor, number)
	if err != nil {
		return err
	}
	return s.give(c, "checkpoint-"+one.At.UTC().Format("2006-01-02-150405")+".txt", one.Note)
}

// checkpointKey gives the public key, by which checkpoints are checked.
func (s *server) checkpointKey(c *gin.Context, actor access.Actor) error {
	if _, err := audit.Checkpoints(c.Request.Context(), s.db, actor, 0, 1); err != nil {
		return err
	}
	return s.give(c, "checkpoint-key.txt", []byte(s.tree.Public()+"\n"))
}

// give sends a small text of ours as a file.
func (s *server) give(c *gin.Context, name string, text []byte) error {
	c.Writer.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	c.Data(http.StatusOK, "text/plain; charset=utf-8", text)
	return nil
}
