package portal

import (
	"math"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/versions"
)

func (s *server) addDocument(c *gin.Context, actor access.Actor) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	slot, err := s.keeper.BeginDocument(c.Request.Context(), actor, record)
	if err != nil {
		return err
	}
	u, err := s.receive(c, actor, versions.Sending{Record: record})
	if err != nil {
		return err
	}
	added, err := s.keeper.AddDocument(c.Request.Context(), actor, slot, u.entry, u.received, u.key)
	return s.added(c, added, err)
}

func (s *server) addVersion(c *gin.Context, actor access.Actor) error {
	document, err := id(c, "id")
	if err != nil {
		return err
	}
	slot, err := s.keeper.BeginVersion(c.Request.Context(), actor, document)
	if err != nil {
		return err
	}
	u, err := s.receive(c, actor, versions.Sending{Document: document})
	if err != nil {
		return err
	}
	u.entry.Title, u.entry.Kind, u.entry.Section, u.entry.Lodging = "", "", "", versions.Lodging{} // a version has those of its document
	added, err := s.keeper.AddVersion(c.Request.Context(), actor, slot, u.entry, u.received, u.key)
	return s.added(c, added, err)
}

func (s *server) added(c *gin.Context, a versions.Added, err error) error {
	if err != nil {
		return err
	}
	if a.Repeated {
		c.Header("Idempotency-Replayed", "true")
	}
	c.Header("Location", "/api/v1/documents/"+string(refOf(a.Document.ID))+"/versions/"+strconv.Itoa(a.Version.Number)+"/content")
	return answer(c, http.StatusCreated, addedView{showDocument(a.Document), showDetailed(a.Version)})
}

func (s *server) versions(c *gin.Context, actor access.Actor) error {
	document, err := id(c, "id")
	if err != nil {
		return err
	}
	p, before, err := onePlace(c)
	if err != nil {
		return err
	}
	if before > math.MaxInt32 {
		return fault.Bad([]fault.Field{badCursor()})
	}
	h, err := s.keeper.Versions(c.Request.Context(), actor, document, int(before), p.limit+1)
	if err != nil {
		return err
	}
	withdrawn := []saidView{}
	for _, w := range h.Withdrawn {
		withdrawn = append(withdrawn, showSaid(w))
	}
	return answer(c, http.StatusOK, struct {
		Document  documentView `json:"document"`
		Withdrawn []saidView   `json:"withdrawn"`
		listed[detailedView]
	}{showDocument(h.Document), withdrawn, list(p, h.Versions, showDetailed, func(v versions.Detailed) []int64 { return []int64{int64(v.Number)} })})
}

// target reads which version the address names.
func target(c *gin.Context) (versions.Target, error) {
	document, err := id(c, "id")
	if err != nil {
		return versions.Target{}, err
	}
	n, err := number(c)
	return versions.Target{Document: document, Number: n}, err
}

func (s *server) approve(c *gin.Context, actor access.Actor) error {
	t, err := target(c)
	if err != nil {
		return err
	}
	var in struct {
		InForceFrom string `json:"in_force_from"`
		Note        string `json:"note"`
	}
	if err := body(c, &in); err != nil {
		return err
	}
	if err := s.noReleaseByToken(c, actor, access.ApproveVersion, versions.Release{Document: t.Document}); err != nil {
		return err
	}
	d, v, err := s.keeper.Approve(c.Request.Context(), actor, t, versions.Approval{InForceFrom: in.InForceFrom, Note: in.Note})
	return s.changed(c, d, v, err)
}

func (s *server) correct(c *gin.Context, actor access.Actor) error {
	t, err := target(c)
	if err != nil {
		return err
	}
	var in struct {
		InForceFrom string `json:"in_force_from"`
		InForceTo   string `json:"in_force_to"`
		Why         string `json:"why"`
	}
	if err := body(c, &in); err != nil {
		return err
	}
	d, v, err := s.keeper.CorrectDate(c.Request.Context(), actor, t, versions.Correction{InForceFrom: in.InForceFrom, InForceTo: in.InForceTo, Why: in.Why})
	return s.changed(c, d, v, err)
}

func (s *server) changed(c *gin.Context, d versions.Document, v versions.Detailed, err error) error {
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, addedView{showDocument(d), showDetailed(v)})
}

func (s *server) restore(c *gin.Context, actor access.Actor) error {
	t, err := target(c)
	if err != nil {
		return err
	}
	var in struct {
		InForceFrom string `json:"in_force_from"`
		Why         string `json:"why"`
	}
	if err := body(c, &in); err != nil {
		return err
	}
	added, err := s.keeper.Restore(c.Request.Context(), actor, t, in.InForceFrom, in.Why)
	return s.added(c, added, err)
}

func (s *server) withdraw(c *gin.Context, actor access.Actor) error {
	document, err := id(c, "id")
	if err != nil {
		return err
	}
	var in struct {
		From string `json:"from"`
		Why  string `json:"why"`
	}
	if err := body(c, &in); err != nil {
		return err
	}
	if err := s.keeper.Withdraw(c.Request.Context(), actor, document, in.From, in.Why); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
