package looks_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"custodian/internal/fault"
	"custodian/internal/looks"
)

// The same seed draws the same looks, also when more come later; another draws
// others; and only looks at what the reader audits are drawn.
func TestSample(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren, teal := w.Records["Wren Sample"], w.Records["Teal Specimen"]
	mine := map[int64]bool{}
	for i := range 60 {
		mine[w.leave("staff", "record.viewed", wren, 0, time.Time{}, "done")] = true
		w.leave("other-staff", "record.viewed", teal, 0, time.Time{}, "done")
		if i%10 == 0 {
			w.leave("staff", "record.closed", wren, 0, time.Time{}, "done")
			w.leave("manager", "record.viewed", wren, 0, time.Time{}, "done")
			w.leave("other-staff", "record.viewed", wren, 0, time.Time{}, "refused")
		}
	}
	s, err := looks.Sample{From: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Hour), Size: 10}.Begin(t.Context(), w.DB)
	must(t, err)
	draw := func(s looks.Sample) []int64 {
		list, err := looks.Draw(t.Context(), w.DB, w.Actors["manager"], s)
		must(t, err)
		var ids []int64
		for _, d := range list {
			ids = append(ids, d.ID)
			if !mine[d.ID] {
				t.Errorf("%d is drawn: %s by %s", d.ID, d.Action, d.Actor)
			}
		}
		return ids
	}
	first := draw(s)
	if len(first) != 10 {
		t.Fatalf("%d are drawn", len(first))
	}
	for range 20 {
		w.leave("staff", "record.viewed", wren, 0, time.Time{}, "done")
	}
	if again := draw(s); !slices.Equal(first, again) {
		t.Errorf("%v, and then %v", first, again)
	}
	other := s
	other.Seed++
	if slices.Equal(first, draw(other)) {
		t.Error("another seed draws the same")
	}
	var seeds int
	w.Scan(t, `select count(*) from app.footprint where action = 'looks.sampled' and (detail ->> 'seed')::bigint = $1 and (detail ->> 'upto')::bigint = $2`, []any{s.Seed, s.Upto}, &seeds)
	if seeds != 2 {
		t.Errorf("%d drawings are recorded", seeds)
	}
	if _, err := looks.Draw(t.Context(), w.DB, w.Actors["staff"], s); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	questions(t, w, first[0], s)
}

// Whoever looked is asked, finds it, and answers once.
func questions(t *testing.T, w *world, look int64, s looks.Sample) {
	t.Helper()
	ask := func(who string) (int64, error) {
		return looks.Ask(t.Context(), w.DB, w.Actors[who], look, "Why on that day?")
	}
	id, err := ask("manager")
	must(t, err)
	if _, err := ask("manager"); !fault.Is(err, fault.Conflict) {
		t.Errorf("asked twice: %v", err)
	}
	for _, who := range []string{"staff", "staff2", "other-manager"} {
		if _, err := ask(who); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s asks: %v", who, err)
		}
	}
	wait, err := looks.WaitsFor(t.Context(), w.DB, w.Actors["staff"])
	must(t, err)
	if len(wait.Questions) != 1 || wait.Questions[0].Words != "Why on that day?" || wait.Questions[0].By != "Morgan Example" {
		t.Errorf("%+v", wait)
	}
	answer := func(who, words string) error { return looks.Answer(t.Context(), w.DB, w.Actors[who], id, words) }
	if err := answer("staff", ""); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	for _, who := range []string{"manager", "staff2"} {
		if err := answer(who, "x"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s answers: %v", who, err)
		}
	}
	must(t, answer("staff", "I wrote the plan."))
	if err := answer("staff", "And more."); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
	if wait, _ = looks.WaitsFor(t.Context(), w.DB, w.Actors["staff"]); len(wait.Questions) != 0 {
		t.Error("it still waits")
	}
	drawn, err := looks.Draw(t.Context(), w.DB, w.Actors["manager"], s)
	must(t, err)
	if drawn[slices.IndexFunc(drawn, func(d looks.Drawn) bool { return d.ID == look })].Question.Answer != "I wrote the plan." {
		t.Error("the answer does not stand with the look")
	}
	q, l, err := looks.GetQuestion(t.Context(), w.DB, w.Actors["dpo"], id)
	if err != nil || q.Answer == "" || l.ID != look {
		t.Errorf("%+v %v", q, err)
	}
	if _, _, err := looks.GetQuestion(t.Context(), w.DB, w.Actors["staff2"], id); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	list, err := looks.Questions(t.Context(), w.DB, w.Actors["staff"], 0, 10)
	if err != nil || len(list) != 1 || !list[0].ToMe {
		t.Errorf("%+v %v", list, err)
	}
}

// An export holds each footprint once, in parts, and is recorded before the first.
func TestExport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren := w.Records["Wren Sample"]
	w.Exec(t, fmt.Sprintf(`insert into app.footprint (actor_id, action, outcome, record_id) select %d, 'record.viewed', 'done', %d from generate_series(1, 2345)`, w.Actors["staff"].ID, wren))
	seen, parts := map[int64]int{}, 0
	err := looks.Export(t.Context(), w.DB, w.Actors["manager"], looks.Filter{Act: looks.Looked, From: time.Now().Add(-time.Hour)}, func(list []looks.Look) error {
		parts++
		for _, l := range list {
			if l.Action == "record.viewed" {
				seen[l.ID]++
			}
		}
		return nil
	})
	must(t, err)
	if len(seen) != 2345 || parts != 3 {
		t.Errorf("%d in %d parts", len(seen), parts)
	}
	var n int
	w.Scan(t, `select count(*) from app.footprint where action = 'looks.exported'`, nil, &n)
	if n != 1 {
		t.Errorf("%d are recorded", n)
	}
	if err := looks.Export(t.Context(), w.DB, w.Actors["staff"], looks.Filter{}, func([]looks.Look) error { return nil }); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
}

// Every grant that shows a thing is told, and none that does not.
func TestWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren := w.Records["Wren Sample"]
	w.Exec(t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from, valid_until) values
		($1, 2, $2, 7, 1, 'break-glass', 1, 'to help with a form', now(), now() + interval '1 day'), ($1, 2, $3, 7, 1, 'break-glass', 1, 'another record', now(), now() + interval '2 days'), ($1, 2, $2, 7, 1, 'break-glass', 1, 'over', now() - interval '2 days', now() - interval '1 day')`,
		int64(w.Actors["staff"].ID), wren, w.Records["Finch Sample"])
	b, err := looks.WhyRecord(t.Context(), w.DB, w.Actors["staff"], wren)
	must(t, err)
	if len(b.Reasons) != 2 || b.Reasons[0].Role != "staff" || len(b.Reasons[0].Sections) != 2 || b.Reasons[1].Why != "to help with a form" || b.Reasons[1].Until == nil || len(b.Reasons[1].Sections) != 3 {
		t.Errorf("%+v", b.Reasons)
	}
	secret := w.document("Wren Sample", "In confidence", "court-report", 2)
	b, err = looks.WhyDocument(t.Context(), w.DB, w.Actors["staff"], secret)
	must(t, err)
	if len(b.Reasons) != 1 || b.Reasons[0].Basis != "break-glass" || b.Title != "In confidence" || b.Section != 2 {
		t.Errorf("%+v", b)
	}
	for name, err := range map[string]error{
		"a record":   func() error { _, err := looks.WhyRecord(t.Context(), w.DB, w.Actors["other-staff"], wren); return err }(),
		"a document": func() error { _, err := looks.WhyDocument(t.Context(), w.DB, w.Actors["staff2"], secret); return err }(),
		"nothing":    func() error { _, err := looks.WhyDocument(t.Context(), w.DB, w.Actors["dpo"], 1); return err }(),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b, err := looks.WhyRecord(t.Context(), w.DB, w.Actors["manager"], w.Records["Sam Example"]); err != nil || len(b.Reasons) != 1 {
		t.Errorf("%+v %v", b, err)
	}
}
