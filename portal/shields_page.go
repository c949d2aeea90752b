package portal

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/portal/page"
)

func chooseField(name, problem string) error {
	return fault.Bad([]fault.Field{{Name: name, Problem: problem}})
}

// relatives lists what somebody has declared.
func (s *server) relatives(c *gin.Context, actor access.Actor) error {
	list, err := grants.OwnDeclared(c.Request.Context(), s.db, actor, rowsOfPage)
	if err != nil {
		return err
	}
	v := page.Relatives{Rows: page.RelativeRows(list, true, now())}
	if v.Frame, err = s.frame(c, actor, "Relatives and friends", ""); err != nil {
		return err
	}
	v.Back = "/me"
	return s.show(c, http.StatusOK, "relatives", v)
}

// declare shows the form by which a relative or friend is declared, and takes it.
// The answer is the same whether or not there is such a record.
func (s *server) declare(c *gin.Context, actor access.Actor) error {
	if c.Request.Method == http.MethodGet {
		form := page.NewForm(url.Values{"kind": {access.YoungPerson.String()}}, nil)
		return s.askPage(c, actor, page.Declare(form), "", http.StatusOK, form)
	}
	values, err := typed(c)
	if err != nil {
		return err
	}
	d := grants.Declaring{Relation: line(values, "relation"), Name: line(values, "name"), Words: line(values, "words")}
	kind, known := access.ParseRecordKind(values.Get("kind"))
	number, ok := figures(line(values, "number"))
	switch d.Number, d.Kind = number, kind; {
	case !ok:
		err = chooseField("number", "Enter the record’s number in figures.")
	case d.Name != "" && (!known || kind == access.Library):
		err = chooseField("kind", "Choose whose record it would be.")
	default:
		err = grants.Declare(c.Request.Context(), s.db, actor, d)
	}
	if status, problems, ok := refused(err); ok {
		form := page.NewForm(values, problems)
		return s.askPage(c, actor, page.Declare(form), "", status, form)
	}
	if err != nil {
		return err
	}
	return s.done(c, "/me/relatives", "declared")
}

// staffRelatives lists what a manager's staff have declared.
func (s *server) staffRelatives(c *gin.Context, actor access.Actor) error {
	list, err := grants.DeclaredByStaff(c.Request.Context(), s.db, actor, after(c, "before"), rowsOfPage+1)
	if err != nil {
		return err
	}
	v := page.Relatives{}
	if len(list) > rowsOfPage {
		list = list[:rowsOfPage]
		v.Next = "/oversight/relatives?before=" + strconv.FormatInt(list[rowsOfPage-1].ID, 10)
	}
	v.Rows = page.RelativeRows(list, false, now())
	if v.Frame, err = s.frame(c, actor, "Relatives and friends of staff", "/oversight"); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "relatives-staff", v)
}

// actOnRelative shows what was declared, and what a manager does about it.
func (s *server) actOnRelative(c *gin.Context, actor access.Actor) error {
	id, err := id(c, "id")
	if err != nil {
		return err
	}
	d, err := grants.DeclaredOf(c.Request.Context(), s.db, actor, id)
	if err != nil {
		return err
	}
	ask := func(status int, form *page.Form) error {
		v := page.ActOnDeclared(d, form, now())
		v.Address = c.Request.URL.Path
		return s.askPage(c, actor, v, "/oversight", status, form)
	}
	if c.Request.Method == http.MethodGet {
		return ask(http.StatusOK, page.NewForm(nil, nil))
	}
	values, err := typed(c)
	if err != nil {
		return err
	}
	number, ok := figures(line(values, "record"))
	if !ok {
		err = chooseField("record", "Enter the number of the record in figures.")
	} else {
		err = grants.ActOnDeclared(c.Request.Context(), s.db, actor, id, values.Get("what"), number, line(values, "why"))
	}
	if status, problems, ok := refused(err); ok {
		return ask(status, page.NewForm(values, problems))
	}
	if err != nil {
		return err
	}
	return s.done(c, "/oversight/relatives", "acted")
}

// shields shows from whom a record is kept.
func (s *server) shields(c *gin.Context, actor access.Actor) error {
	found, err := s.shieldsOf(c, actor)
	if err != nil {
		return err
	}
	v := page.ShieldsOf(found, now())
	kind := page.ListAddress(found.Kind)
	if v.Frame, err = s.frame(c, actor, "Shields: "+page.Kind(found.Kind), kind); err != nil {
		return err
	}
	v.Crumbs = []page.Link{{Words: page.Kinds(found.Kind), Address: kind}, {Words: found.Name, Address: v.Record}, {Words: "Shields"}}
	return s.show(c, http.StatusOK, "shields", v)
}

func (s *server) shieldsOf(c *gin.Context, actor access.Actor) (grants.Shields, error) {
	record, err := id(c, "id")
	if err != nil {
		return grants.Shields{}, err
	}
	return grants.ShieldsOf(c.Request.Context(), s.db, actor, record)
}

// shieldStep is something that is done to a record's shields, on a page of its own.
type shieldStep struct {
	done string
	face func(*gin.Context, grants.Shields, *page.Form) (page.Change, error)
	do   func(ctx context.Context, c *gin.Context, db *audit.DB, actor access.Actor, record int64, values url.Values) error
}

func whoOf(values url.Values) access.ActorID {
	n, err := strconv.ParseInt(values.Get("who"), 10, 64)
	if err != nil {
		return 0 // nobody: the act says so
	}
	return access.ActorID(n)
}

func shieldingFrom() shieldStep {
	return shieldStep{"shielded", func(_ *gin.Context, f grants.Shields, form *page.Form) (page.Change, error) {
		return page.ShieldFrom(f, form), nil
	},
		func(ctx context.Context, _ *gin.Context, db *audit.DB, actor access.Actor, record int64, values url.Values) error {
			return grants.ShieldFrom(ctx, db, actor, record, whoOf(values), values.Get("ground"), line(values, "why"))
		}}
}

func drawingCircle() shieldStep {
	return shieldStep{"circle", func(_ *gin.Context, f grants.Shields, form *page.Form) (page.Change, error) {
		return page.DrawCircle(f, form), nil
	},
		func(ctx context.Context, _ *gin.Context, db *audit.DB, actor access.Actor, record int64, values url.Values) error {
			return grants.DrawCircle(ctx, db, actor, record, values.Get("ground"), line(values, "why"))
		}}
}

func lettingIn() shieldStep {
	return shieldStep{"let-in", func(_ *gin.Context, f grants.Shields, form *page.Form) (page.Change, error) {
		v := page.LetIn(f, form)
		if f.Now() == nil {
			v.Fields, v.Submit.Words, v.Words = nil, "", []string{"This record is not kept from everybody. There is nobody to let in."}
		}
		return v, nil
	},
		func(ctx context.Context, _ *gin.Context, db *audit.DB, actor access.Actor, record int64, values url.Values) error {
			return grants.LetIn(ctx, db, actor, record, whoOf(values), line(values, "why"))
		}}
}

func endingShield() shieldStep {
	return shieldStep{"shield-ended", func(c *gin.Context, f grants.Shields, form *page.Form) (page.Change, error) {
		one, err := id(c, "shield")
		if err != nil {
			return page.Change{}, err
		}
		kind := grants.ShieldKind(c.Param("kind"))
		found := f.Find(kind, one)
		if found == nil {
			return page.Change{}, notThere()
		}
		return page.EndShield(kind, *found, now(), form), nil
	}, func(ctx context.Context, c *gin.Context, db *audit.DB, actor access.Actor, record int64, values url.Values) error {
		one, err := id(c, "shield")
		if err != nil {
			return err
		}
		return grants.EndShield(ctx, db, actor, record, grants.ShieldKind(c.Param("kind")), one, line(values, "why"))
	}}
}

// shieldStep shows the page of a step, and carries it out.
func (s *server) shieldStep(t shieldStep) handler {
	return func(c *gin.Context, actor access.Actor) error {
		found, err := s.shieldsOf(c, actor)
		if err != nil {
			return err
		}
		status, form := http.StatusOK, page.NewForm(nil, nil)
		if c.Request.Method == http.MethodPost {
			values, err := typed(c)
			if err != nil {
				return err
			}
			err = t.do(c.Request.Context(), c, s.db, actor, found.Record, values)
			if err == nil {
				return s.done(c, page.RecordAddress(found.Record)+"/shields", t.done)
			}
			refusal, problems, ok := refused(err)
			if !ok {
				return err
			}
			status, form = refusal, page.NewForm(values, problems)
		}
		v, err := t.face(c, found, form)
		if err != nil {
			return err
		}
		if !found.MayChange {
			v.Fields, v.Submit.Words, v.Words = nil, "", []string{"This record is kept from you as well, so you cannot change from whom it is kept. Ask one of those who are named."}
		}
		if v.Submit.Words == "" && status == http.StatusOK {
			status = http.StatusConflict
		}
		v.Caption, v.Address, v.Submit.Cancel = found.Name, c.Request.URL.Path, page.RecordAddress(found.Record)+"/shields"
		return s.askPage(c, actor, v, page.ListAddress(found.Kind), status, form)
	}
}
