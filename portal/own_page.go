package portal

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/portal/page"
)

// errAsked says that a form asks one thing more before it does anything, and that
// nothing is wrong.
var errAsked = errors.New("something more is asked")

// readerKey is where a request keeps whom an address belongs to.
const readerKey = "reader"

// lettingRead lets somebody read their own file. Whom the address belongs to is shown
// first, and nothing is opened until somebody has said that it is them.
func (s *server) lettingRead() recordForm {
	return recordForm{access.GiveGrant, access.LetIn, "own", func(c *gin.Context, actor access.Actor, r people.Record, form *page.Form) (page.Change, error) {
		if _, ok := grants.OwnKinds()[r.Kind]; !ok {
			return page.Change{}, notThere()
		}
		var first []grants.Unreleased
		var err error
		if form.Wrong("consulted") {
			first, err = grants.ToRelease(c.Request.Context(), s.db, actor, r.ID)
		}
		v := page.LetRead(r, first, form)
		if who, ok := c.Get(readerKey); ok {
			page.ConfirmReader(&v, who.(grants.Reader), form)
		}
		return v, err
	}, beginsToday, s.letRead}
}

func (s *server) letRead(c *gin.Context, actor access.Actor, record int64, values url.Values) error {
	from, bad := needDay(values, "from", "the first day")
	until, wrong := lastDay(values)
	if bad = append(bad, wrong...); len(bad) > 0 {
		return fault.Bad(bad)
	}
	r := grants.Reading{Record: record, Email: values.Get("email"), From: spanOf(from).start(), Until: until.end(),
		Why: strings.TrimSpace(values.Get("why")), Checked: strings.TrimSpace(values.Get("checked"))}
	who, err := grants.WhoReads(c.Request.Context(), s.db, actor, r)
	if err != nil {
		return err
	}
	if values.Get("reader") != strconv.FormatInt(int64(who.ID), 10) {
		values.Del("them") // it was said of nobody, or of somebody else
		c.Set(readerKey, who)
		return errAsked
	}
	switch values.Get("them") {
	case "yes":
		r.To = who.ID
		_, err = grants.LetRead(c.Request.Context(), s.db, actor, r)
		return err
	case "no":
		return fault.Bad([]fault.Field{{Name: "email", Problem: "Enter their own address. If this is theirs and somebody else signs in with it, tell an administrator."}})
	}
	c.Set(readerKey, who)
	return fault.Bad([]fault.Field{{Name: "them", Problem: "Choose whether this is them."}})
}
