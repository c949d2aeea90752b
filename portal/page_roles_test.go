package portal_test

import (
	"fmt"
	"net/http"
	"strings"

	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/membership"
	"custodian/internal/sample"
	"custodian/portal"
)

// stage is a scene with what only pages have: sessions, uploads that wait, a
// mapping, and a stranger who tried to sign in.
type stage struct {
	scene
	visitor                          *visitor
	session, mapping, stranger, held int64
	directory                        int64 // a token of it
	gone, entrusted, consent         int64
}

// newStageOn makes one in a world, for one of the people.
func newStageOn(w *world, who string) stage {
	t := w.t
	t.Helper()
	s := stage{scene: w.scene(who)}
	if who != "" {
		w.visitor(who) // another browser of theirs, to be ended
		w.Scan(t, `select max(id) from app.session`, nil, &s.session)
	}
	s.visitor = w.visitor(who)
	var err error
	s.mapping, err = membership.New(w.DB, w.signIn.Issuer()).MapGroup(t.Context(), w.Actors["admin"], membership.NewMapping{Group: "larkfield-staff", Role: grants.MemberOfStaff, Home: w.Homes[sample.ChildrensHome], Why: "for the test"})
	must(t, err)
	w.Scan(t, `insert into app.sign_in (answer, issuer, subject, name, outcome) values (sha256('stranger'), $1, 'stranger', 'Vic Visitor', 'no-role') returning id`, []any{w.signIn.Issuer()}, &s.stranger)
	made, err := w.directory().MakeToken(t.Context(), w.Actors["admin"], "for the test", 30)
	must(t, err)
	s.directory = made.ID
	s.beside()
	w.Scan(t, `select id from app.role_held where actor_id = $1`, []any{int64(w.Actors["staff2"].ID)}, &s.held)
	return s
}

// upload lets two files wait, of whoever asks if they may add, else of a
// colleague. It gives the upload and one of its files.
func (s stage) upload() (batch, file int64) {
	s.t.Helper()
	by := s.visitor
	if who := s.visitor.who; who != "staff" && who != "manager" {
		by = s.world.visitor("staff")
	}
	const part = "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"%s.txt\"\r\n\r\nThe words of %s.\r\n"
	body := fmt.Sprintf(part+part+"--b--\r\n", "one", "one", "two", "two")
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/records/"+s.record()+"/add", strings.NewReader(body))
	must(s.t, err)
	r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	r.Header.Set("Cookie", login.SessionCookie+"="+by.secret)
	resp, err := http.DefaultTransport.RoundTrip(r)
	must(s.t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("two files are not kept: %s", resp.Status)
	}
	s.Scan(s.t, `select batch_id, max(id) from app.held group by batch_id order by batch_id desc limit 1`, nil, &batch, &file)
	return batch, file
}

func (s stage) record() string { return strings.TrimPrefix(s.library(), "/api/v1/records/") }

func (s stage) number(path string) string { return strings.TrimPrefix(path, "/api/v1/records/") }

// filling says how the address of a page is filled, and what is put into its form.
type filling struct {
	path   string
	fields []string
}

// fill gives the right request for a route. A page without ids, whose form needs
// nothing, has no line here: it is asked as it stands.
func (s stage) fill(r portal.Route) filling {
	s.t.Helper()
	if f, ok := s.sectionFill(r); ok {
		return f
	}
	home, actor := number(s.Homes[sample.ChildrensHome]), number(int64(s.Actors["staff2"].ID))
	document := func(a added, rest string) string { return "/documents/" + a.Document.ID + rest }
	waiting := func(rest string) string {
		batch, file := s.upload()
		return strings.NewReplacer(":id", number(batch), ":file", number(file)).Replace("/uploads/:id" + rest)
	}
	why := []string{"why", "for the test"}
	role := append([]string{"role", "staff", "setting", home}, why...)
	switch name := r.Method + " " + r.Path; name {
	case "GET /sign-in/callback":
		return filling{"/sign-in/callback?state=x&code=y", nil}
	case "POST /me/sessions/:id/end":
		return filling{"/me/sessions/" + number(s.session) + "/end", nil}
	case "POST /people/:id/sessions/end":
		return filling{strings.Replace(r.Path, ":id", actor, 1), nil}
	case "POST /me/tokens/new":
		return filling{r.Path, []string{"label", "for the test", "days", "30"}}
	case "POST /me/tokens/:id/revoke":
		return filling{"/me/tokens/" + s.token + "/revoke", nil}
	case "GET /people/:id", "GET /people/:id/roles/give":
		return filling{strings.Replace(r.Path, ":id", actor, 1), nil}
	case "POST /people/:id/roles/give":
		return filling{strings.Replace(r.Path, ":id", actor, 1), append(append([]string{"role", "shift-lead", "setting", home}, fields("until", day(1))...), why...)}
	case "GET /people/:id/roles/:role/end", "POST /people/:id/roles/:role/end":
		return filling{strings.NewReplacer(":id", actor, ":role", number(s.held)).Replace(r.Path), why}
	case "GET /people/:id/left", "POST /people/:id/left":
		return filling{strings.Replace(r.Path, ":id", number(int64(s.Actors["other-staff"].ID)), 1), append(fields("from", day(0)), why...)}
	case "GET /people/:id/back", "POST /people/:id/back":
		return filling{strings.Replace(r.Path, ":id", number(s.gone), 1), why}
	case "GET /records/:id/people", "GET /records/:id/people/key-worker", "POST /records/:id/people/key-worker", "GET /records/:id/people/own", "POST /records/:id/people/own",
		"GET /records/:id/people/consent", "POST /records/:id/people/consent", "GET /records/:id/people/inspector", "POST /records/:id/people/inspector":
		return filling{strings.Replace(r.Path, ":id", number(s.Records["Finch Sample"]), 1), s.onPeople(r.Path)}
	case "GET /records/:id/people/grants/:grant/end", "POST /records/:id/people/grants/:grant/end",
		"GET /records/:id/people/consents/:consent/withdraw", "POST /records/:id/people/consents/:consent/withdraw":
		return filling{strings.NewReplacer(":id", number(s.Records["Wren Sample"]), ":grant", number(s.entrusted), ":consent", number(s.consent)).Replace(r.Path), why}
	case "POST /settings/add":
		return filling{r.Path, []string{"name", "Another House", "kind", "childrens-home"}}
	case "POST /settings/directory/tokens/new":
		return filling{r.Path, []string{"label", "for the test", "days", "30"}}
	case "GET /settings/directory/tokens/:id/end", "POST /settings/directory/tokens/:id/end":
		return filling{strings.Replace(r.Path, ":id", number(s.directory), 1), nil}
	case "POST /settings/directory/stop":
		return filling{r.Path, why}
	case "POST /sign-ins/map":
		return filling{r.Path, append([]string{"group", "bramble-staff"}, role...)}
	case "GET /sign-ins/mappings/:id/end", "POST /sign-ins/mappings/:id/end":
		return filling{strings.Replace(r.Path, ":id", number(s.mapping), 1), nil}
	case "GET /sign-ins/:id/give", "POST /sign-ins/:id/give":
		return filling{strings.Replace(r.Path, ":id", number(s.stranger), 1), append([]string{"name", "Vic Visitor", "post", "Support worker"}, role...)}
	case "GET /oversight/checkpoints/:id/file":
		return filling{strings.Replace(r.Path, ":id", number(s.world.checkpoint()), 1), nil}
	case "GET /records":
		return filling{"/records?kind=library", nil}
	case "GET /records/open":
		return filling{"/records/open?kind=library", nil}
	case "POST /records/open":
		return filling{r.Path, append([]string{"kind", "library", "name", "Another", "setting_id", home}, why...)}
	case "GET /records/:id", "GET /records/:id/footprints", "GET /records/:id/add":
		return filling{strings.Replace(r.Path, ":id", s.record(), 1), nil}
	case "GET /records/:id/close", "POST /records/:id/close":
		return filling{strings.Replace(r.Path, ":id", s.number(s.closing), 1), why}
	case "GET /records/:id/reopen", "POST /records/:id/reopen":
		return filling{strings.Replace(r.Path, ":id", s.number(s.reopening), 1), why}
	case "GET /records/:id/move", "POST /records/:id/move":
		return filling{strings.Replace(r.Path, ":id", s.number(s.moving), 1), append([]string{"setting_id", number(s.Homes[sample.Supported])}, why...)}
	case "POST /records/:id/add":
		return filling{strings.Replace(r.Path, ":id", s.record(), 1), append([]string{"title", "Paper of the test", "kind", "policy"}, fields("in_force_from", day(0))...)}
	case "POST /documents/:id/add":
		return filling{document(s.approved, "/add"), fields("in_force_from", day(0))}
	case "GET /records/:id/outside":
		return filling{strings.Replace(r.Path, ":id", s.record(), 1), nil}
	case "GET /outside-role/ask":
		return filling{r.Path + "?reason=audit", nil}
	case "POST /outside-role/ask":
		return filling{r.Path, []string{"reason", "audit", "record", number(s.Records["Plover Sample"]), "section", "0", "span", "day"}}
	case "POST /me/relatives/declare":
		return filling{r.Path, []string{"relation", "a cousin", "number", "12"}}
	case "GET /oversight/relatives/:id", "POST /oversight/relatives/:id":
		return filling{strings.Replace(r.Path, ":id", number(s.outside().relative), 1), append([]string{"what", "noted"}, why...)}
	case "GET /records/:id/shields", "GET /records/:id/shields/from", "POST /records/:id/shields/from", "GET /records/:id/shields/circle", "POST /records/:id/shields/circle",
		"GET /records/:id/shields/let-in", "POST /records/:id/shields/let-in", "GET /records/:id/shields/:kind/:shield/end", "POST /records/:id/shields/:kind/:shield/end":
		record, shield := s.shielded(strings.Contains(r.Path, "let-in"))
		return filling{strings.NewReplacer(":id", number(record), ":kind", "person", ":shield", number(shield)).Replace(r.Path), append([]string{"who", actor, "ground", "other"}, why...)}
	case "GET /outside-role/:id", "GET /outside-role/:id/looks", "GET /outside-role/:id/decide", "POST /outside-role/:id/decide", "GET /outside-role/:id/end", "POST /outside-role/:id/end",
		"GET /outside-role/:id/review", "POST /outside-role/:id/review", "GET /outside-role/:id/oversight", "POST /outside-role/:id/oversight":
		return filling{strings.Replace(r.Path, ":id", number(s.outside().access), 1), append([]string{"approve", "no", "verdict", "escalated", "discussion", "x", "analysis", "x", "direction", "x", "actions", "x"}, why...)}
	case "GET /documents/:id", "GET /documents/:id/add":
		return filling{document(s.approved, strings.TrimPrefix(r.Path, "/documents/:id")), nil}
	case "GET /documents/:id/withdraw", "POST /documents/:id/withdraw":
		return filling{document(s.withdraw, "/withdraw"), append(fields("from", day(1)), why...)}
	case "GET /documents/:id/versions/:n", "GET /documents/:id/versions/:n/file", "HEAD /documents/:id/versions/:n/file":
		return filling{document(s.approved, strings.Replace(strings.TrimPrefix(r.Path, "/documents/:id"), ":n", "1", 1)), nil}
	case "GET /documents/:id/versions/:n/approve", "POST /documents/:id/versions/:n/approve":
		return filling{document(s.submitted, "/versions/1/approve"), nil}
	case "GET /documents/:id/versions/:n/correct", "POST /documents/:id/versions/:n/correct":
		return filling{document(s.corrected, "/versions/1/correct"), append(fields("in_force_from", day(-1)), why...)}
	case "GET /documents/:id/versions/:n/restore", "POST /documents/:id/versions/:n/restore":
		return filling{document(s.approved, "/versions/1/restore"), why}
	case "GET /uploads/:id", "GET /uploads/:id/more", "POST /uploads/:id/more", "POST /uploads/:id/drop", "POST /uploads/:id/files/:file/drop", "POST /uploads/:id/files/:file/keep":
		return filling{waiting(strings.TrimPrefix(r.Path, "/uploads/:id")), nil}
	case "POST /uploads/:id/files/:file":
		return filling{waiting("/files/:file"), append([]string{"title", "Paper of the test", "kind", "policy"}, fields("in_force_from", day(0))...)}
	}
	if f, ok := s.fillLooks(r); ok {
		return f
	}
	if strings.Contains(r.Path, ":") {
		s.t.Fatalf("say in fill how the address of %s %s is filled", r.Method, r.Path)
	}
	return filling{r.Path, nil}
}
