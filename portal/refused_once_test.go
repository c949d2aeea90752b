package portal_test

import (
	"net/http"
	"strings"
	"testing"

	"custodian/internal/sample"
)

// Whoever sends more files to an upload, or says what a file of it is, and is refused
// leaves one footprint of it: whether it is not theirs, not there, or what it belongs
// to is not theirs any more.
func TestWhatIsSentToAnUploadIsRefusedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	batch := strings.SplitN(s.send(w.libraryAdd(), paperFacts("form", ""), scrap{"a.txt", "a"}, scrap{"b.txt", "b"}).to(), "?", 2)[0]
	var file int64
	w.Scan(t, `select min(id) from app.held`, nil, &file)
	refused := func(s sender, what, path string) {
		t.Helper()
		var before int64
		w.Scan(t, `select max(id) from app.footprint`, nil, &before)
		if strings.HasSuffix(path, "/more") {
			s.send(path, nil, scrap{"c.txt", "c"}).status(http.StatusNotFound)
		} else {
			s.post(path, paperFacts("form", "Theirs")).status(http.StatusNotFound)
		}
		var left []string
		w.Scan(t, `select coalesce(array_agg(action || ' ' || outcome order by id), '{}') from app.footprint where id > $1`, []any{before}, &left)
		if len(left) != 1 || !strings.HasPrefix(left[0], "upload.") || !strings.HasSuffix(left[0], " refused") {
			t.Errorf("%s: %s left %q", what, path, left)
		}
	}
	try := func(s sender, what, batch string) {
		t.Helper()
		refused(s, what, batch+"/more")
		refused(s, what, batch+"/files/"+number(file))
	}
	try(w.sender("staff2"), "somebody else's", batch)
	try(w.sender("other-staff"), "somebody's elsewhere", batch)
	try(s, "not there", "/uploads/1")
	w.Exec(t, `insert into app.shield (actor_id, record_id, why, given_by, valid_from) values ($1, $2, 'x', 1, now())`, int64(w.Actors["staff"].ID), w.Records["Policies of "+sample.ChildrensHome])
	try(s, "shielded meanwhile", batch)
}
