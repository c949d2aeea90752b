package portal_test

import (
	"fmt"
	"net/url"
	"testing"

	"custodian/internal/grants"
)

// Every page about access outside a role and shields, at both widths: nothing that
// axe-core finds, nothing that scrolls sideways, no complaint of the browser.
func TestOutsideLooks(t *testing.T) {
	t.Parallel()
	for _, width := range []int{1200, 375} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			wren := "/records/" + number(o.Records["Wren Sample"])
			ask := func(who string, a grants.Asking) string {
				a.Number = o.Records["Wren Sample"]
				id, err := grants.AskOutside(t.Context(), o.DB, o.Actors[who], a)
				must(t, err)
				return "/outside-role/" + number(id)
			}
			over := ask("other-manager", grants.Asking{Reason: grants.ForOversight, Colleague: "Morgan Example", Span: grants.ForDay,
				Oversight: grants.Oversight{Discussion: "With Sam.\nBy telephone.", Analysis: "It is safe.", Direction: "Go on.", Actions: "Sam calls on Monday."}})
			for range 3 {
				o.as("other-manager").get(200, wren)
			}
			must(t, grants.EndOutside(t.Context(), o.DB, o.Actors["other-manager"], mustID(over), "done"))
			longer := ask("supported-manager", grants.Asking{Reason: grants.ForSupport, Words: "a plan that opens as an empty page", Span: grants.ForTwoWeeks, AtOnce: true})
			must(t, grants.Declare(t.Context(), o.DB, o.Actors["staff2"], grants.Declaring{Relation: "my sister’s son", Words: "A nephew who may come here after the summer"}))
			var relative int64
			o.Scan(t, `select max(id) from app.relative`, nil, &relative)
			m := o.as("manager")
			m.post(303, wren+"/shields/from", url.Values{"who": {number(int64(o.Actors["staff"].ID))}, "ground": {"family"}, "why": {"her aunt"}})
			m.post(303, wren+"/shields/circle", url.Values{"ground": {"high-profile"}, "why": {"in the news"}})
			m.post(303, wren+"/shields/let-in", url.Values{"who": {number(int64(o.Actors["supported-manager"].ID))}, "why": {"puts it right"}})

			p := o.page(someone("manager"), width)
			for _, one := range []struct{ name, path string }{
				{"home", "/home"}, {"outside-role", "/outside-role"}, {"outside-ask", "/outside-role/ask?reason=oversight"}, {"outside-list", "/oversight/outside-role"}, {"outside-one", over}, {"outside-looks", over + "/looks"}, {"outside-review", over + "/review"},
				{"outside-decide", longer + "/decide"}, {"outside-end", longer + "/end"}, {"record", wren}, {"outside-notes", wren + "/outside"}, {"shields", wren + "/shields"}, {"shield-from", wren + "/shields/from"},
				{"let-in", wren + "/shields/let-in"}, {"staff-relatives", "/oversight/relatives"}, {"staff-relative", "/oversight/relatives/" + number(relative)}, {"relatives", "/me/relatives"}, {"declare", "/me/relatives/declare"},
			} {
				p.Open(o.url + one.path)
				p.Axe()
				p.Shot(one.name)
			}
			p.Open(o.url + "/outside-role/ask?reason=other")
			p.Allow("400")
			p.Click("Open the record")
			p.Axe()
			p.Shot("outside-ask-wrong")
			p.Open(o.url + "/records/" + number(o.Records["Finch Sample"]) + "/people/own")
			p.Type("With which e-mail address do they sign in?", "young-person@demo.example")
			p.Type("How did you make sure that it is them?", "Signed in beside me")
			p.Type("Why now?", "Asked for it")
			p.Click("Let them read it")
			p.Axe()
			p.Shot("own-confirm")
			s := o.page(someone("supported-manager"), width)
			s.Open(o.url + wren)
			s.Axe()
			s.Shot("record-outside")
		})
	}
}

// mustID is the number at the end of an address.
func mustID(address string) (id int64) {
	fmt.Sscanf(address, "/outside-role/%d", &id)
	return id
}
