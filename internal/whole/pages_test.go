package whole

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"custodian/internal/browsertest"
)

// shown are the pages of the demonstration that each person is shown, by a name
// for their picture. {record NAME} and {document RECORD/TITLE} stand for numbers.
func shown() map[string][][2]string {
	library, wren, sam := "/records/{record Policies of Larkfield House}", "/records/{record Wren Sample}", "/records/{record Sam Example}"
	safe := "/documents/{document Policies of Larkfield House/Safeguarding policy}"
	waiting := "/documents/{document Policies of Larkfield House/Missing from home policy}"
	return withRest(withSections(map[string][][2]string{
		"": {{"front", "/"}, {"help", "/help"}, {"accessibility", "/accessibility"}, {"privacy", "/privacy"}, {"records-safe", "/records-safe"}, {"signed-out", "/signed-out"}, {"nowhere", "/nowhere"}},
		"staff": {{"home", "/home"}, {"me", "/me"}, {"library", library}, {"young-people", "/records?kind=young-person"}, {"young-person", wren},
			{"young-person-as-at", wren + "?on-day=1&on-month=2&on-year=2025"}, {"add", wren + "/add"}, {"add-version", safe + "/add"}, {"own-footprints", wren + "/footprints"},
			{"not-yours", sam}, {"outside-role", "/outside-role"}, {"relatives", "/me/relatives"}, {"declare", "/me/relatives/declare"}},
		"manager": {{"home", "/home"}, {"library", library}, {"library-as-at", library + "?on-day=14&on-month=3&on-year=2025"}, {"library-no-day", library + "?on-day=31&on-month=2&on-year=2025"},
			{"library-early", library + "?on-day=1&on-month=1&on-year=2001"}, {"library-known", library + "?on-day=14&on-month=3&on-year=2025&known-day=1&known-month=1&known-year=2025"},
			{"document", safe}, {"document-waiting", waiting + "/versions/4"}, {"approve", waiting + "/versions/4/approve"}, {"correct", safe + "/versions/3/correct"}, {"restore", safe + "/versions/2/restore"},
			{"withdraw", safe + "/withdraw"}, {"withdrawn", "/documents/{document Policies of Larkfield House/Visitors policy}"}, {"staff-files", "/records?kind=staff"}, {"staff-file", sam},
			{"open", "/records/open?kind=young-person"}, {"close", wren + "/close"}, {"move", wren + "/move"}, {"footprints", wren + "/footprints"}, {"footprints-narrowed", wren + "/footprints?act=refused"},
			{"record-people", wren + "/people"}, {"key-worker", wren + "/people/key-worker"}, {"let-read", wren + "/people/own"}, {"consent", wren + "/people/consent"}, {"person", "/people/{person Toni Example}"}, {"hand-on", "/people/{person Sam Example}/roles/give"}, {"left", "/people/{person Sam Example}/left"},
			{"outside-role", "/outside-role"}, {"outside-ask", "/outside-role/ask?reason=oversight"}, {"outside-list", "/oversight/outside-role?show=all"}, {"outside-notes", wren + "/outside"},
			{"outside-one", "/outside-role/{access Wren Sample}"}, {"shields", "/records/{record Finch Sample}/shields"}, {"shield", wren + "/shields/from"}, {"shield-circle", wren + "/shields/circle"},
			{"staff-relatives", "/oversight/relatives"}, {"staff-relative", "/oversight/relatives/{relative Toni Example}"},
			{"document-footprints", safe + "/footprints"}, {"why", wren + "/why"}, {"oversight", "/oversight"}, {"looks", "/oversight/looks"}, {"unusual", "/oversight/unusual"}, {"care-plan", "/documents/{document Wren Sample/Care plan}"}, {"visit", "/documents/{document Wren Sample/A weekend with her aunt}"}},
		"inspector":     {{"home", "/home"}, {"library", library}, {"library-as-at", library + "?on-day=14&on-month=3&on-year=2025"}, {"document-as-at", safe + "/versions/3?on=2025-03-14"}, {"staff-file", sam}, {"footprints", library + "/footprints"}},
		"other-manager": {{"home", "/home"}, {"outside-review", "/outside-role/{access Teal Specimen}/review"}, {"families", "/records?kind=family"}, {"family", "/records/{record The Specimen family}"}, {"parents", "/records?kind=parent"}},
		"dpo": {{"home", "/home"}, {"checkpoints", "/oversight/checkpoints"}, {"libraries", "/records?kind=library"}, {"footprints", wren + "/footprints"},
			{"oversight", "/oversight"}, {"looks", "/oversight/looks"}, {"unusual", "/oversight/unusual"}, {"sample", "/oversight/sample"}, {"sample-drawn", "/oversight/sample?size=5"}, {"concerns", "/oversight/concerns"},
			{"concern", "/oversight/concerns/{concern}"}, {"concern-closes", "/oversight/concerns/{concern}/closed"}, {"raise", "/looks/{look}/concern"}, {"questions", "/questions"}, {"question", "/questions/{question}"},
			{"person-footprints", "/people/{person Sam Example}/footprints"}, {"no-days", "/oversight/unusual?from-day=31&from-month=2&from-year=2025"}},
		"individual":   {{"home", "/home"}, {"own", "/people/{person Jules Example}/footprints"}},
		"auditor":      {{"home", "/home"}, {"record-people", wren + "/people"}, {"record-footprints", wren + "/footprints"}, {"person", "/people/{person Sam Example}"}},
		"young-person": {{"home", "/home"}, {"own-file", wren}},
		"visitor-44":   {{"home", "/home"}, {"file-by-consents", wren}},
		"admin": {{"home", "/home"}, {"people", "/people"}, {"person", "/people/{person Sam Example}"}, {"give-role", "/people/{person Sam Example}/roles/give"}, {"settings", "/settings"}, {"add-setting", "/settings/add"},
			{"directory", "/settings/directory"}, {"directory-token", "/settings/directory/tokens/new"}, {"directory-stop", "/settings/directory/stop"},
			{"sign-ins", "/sign-ins"}, {"map", "/sign-ins/map"}, {"staff-file", sam}, {"token", "/me/tokens/new"}},
	}))
}

// everyPage looks at each page as each person, with axe-core on a desk's window and
// on a telephone's, and whether it has to be scrolled sideways (which the browser
// notices) there and at the widths between and below, where the style sheet breaks.
// Set CUSTODIAN_SHOTS to a folder to have their pictures.
func (s *stack) everyPage(t *testing.T) {
	for who, pages := range shown() {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			db := s.database()
			for width, others := range map[int][]int{1200: {960, 768, 641}, 375: {320}} {
				p := browsertest.Start(t).Visitor(t, browsertest.Options{Width: width})
				name := "anybody"
				if who != "" {
					p, name = s.come(t, who, browsertest.Options{Width: width}, false).Page, who
				}
				for _, at := range pages {
					if refused(at[0]) {
						p.Allow("40")
					}
					p.Open(s.URL + s.address(db, at[1]))
					if got := p.Status(); got >= 400 != refused(at[0]) || got >= 500 {
						t.Errorf("%s is answered with %d: %s", at[1], got, p.Text())
					}
					p.Axe()
					p.Shot(name + "-" + at[0])
					p.At(others...)
				}
			}
		})
	}
}

// refused are the pages that are shown to say no.
func refused(name string) bool {
	return name == "nowhere" || name == "not-yours" || name == "library-no-day" || name == "no-days"
}

// address puts numbers in for names.
func (s *stack) address(db *pgx.Conn, path string) string {
	s.t.Helper()
	for {
		before, rest, ok := strings.Cut(path, "{")
		if !ok {
			return path
		}
		name, after, _ := strings.Cut(rest, "}")
		kind, name, _ := strings.Cut(name, " ")
		sql, args := `select id from app.record where name = $1`, []any{name}
		switch kind {
		case "concern":
			sql, args = `select max(id) from app.concern where about_actor = raised_by`, nil
		case "question":
			sql, args = `select max(id) from app.look_question where id in (select question_id from app.look_answer)`, nil
		case "look":
			sql, args = `select max(f.id) from app.footprint f join app.actor a on a.id = f.actor_id where a.name = 'Toni Example' and f.action = 'record.viewed'`, nil
		case "person":
			sql = `select id from app.actor where name = $1`
		case "lodging":
			sql = `select l.id from app.lodging l join app.record r on r.id = l.record_id where r.name = $1`
		case "access":
			sql = `select max(a.id) from app.outside_access a join app.record r on r.id = a.record_id where r.name = $1`
		case "relative":
			sql = `select max(d.id) from app.relative d join app.actor a on a.id = d.actor_id where a.name = $1`
		case "document":
			record, title, _ := strings.Cut(name, "/")
			sql, args = `select d.id from app.document d join app.record r on r.id = d.record_id where r.name = $1 and d.title = $2`, []any{record, title}
		}
		var id int64
		if err := db.QueryRow(context.Background(), sql, args...).Scan(&id); err != nil {
			s.t.Fatalf("%s %s: %v", kind, name, err)
		}
		path = fmt.Sprint(before, id, after)
	}
}
