package people_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/people"
	"custodian/internal/pg"
	"custodian/internal/pgtest"
	"custodian/internal/sample"
)

// panel is a planted provider with the safety panel of one record.
type panel struct {
	pgtest.Database
	*sample.Planted
	t      *testing.T
	record int64
}

func newPanel(t *testing.T) *panel {
	t.Helper()
	p := &panel{Database: pgtest.New(t), t: t}
	var err error
	if p.Planted, err = sample.Plant(t.Context(), sample.Options{DB: p.DB, Seed: "none"}); err != nil {
		t.Fatal(err)
	}
	p.record = p.Records["Wren Sample"]
	return p
}

// on is a day before today.
func on(days int) clock.Day { return clock.DayOf(time.Now()).Plus(-days) }

func (p *panel) say(who string, topic people.Topic, words string, from clock.Day) error {
	return people.SaySafety(p.t.Context(), p.DB, p.Actors[who], p.record,
		people.NewStatement{Topic: topic, None: words == "", Words: words, Source: "The social worker, by telephone", From: from.String()})
}

func (p *panel) said(who string, topic people.Topic, words string, from clock.Day) time.Time {
	p.t.Helper()
	if err := p.say(who, topic, words, from); err != nil {
		p.t.Fatalf("%s says %q: %v", who, words, err)
	}
	var at time.Time
	p.Scan(p.t, `select max(at) from app.safety_statement`, nil, &at)
	return at
}

// pgExec runs a statement as somebody, past the program.
func pgExec(t *testing.T, url string, actor int64, sql string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), `select set_config('app.actor', $1, false)`, fmt.Sprint(actor)); err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), sql)
	return err
}

// shows gives what stands under a topic: "-" for one that is not shown, "?" for not
// yet asked, "none" for none known.
func (p *panel) shows(who string, topic people.Topic, day clock.Day, known time.Time) string {
	p.t.Helper()
	s, err := people.SafetyOf(p.t.Context(), p.DB, p.Actors[who], p.record, people.SafetyAsk{Day: day, Known: known})
	if err != nil {
		return fmt.Sprint(err)
	}
	i := slices.IndexFunc(s.Lines, func(l people.Line) bool { return l.Topic == topic })
	switch {
	case i < 0:
		return "-"
	case s.Lines[i].Said == nil:
		return "?"
	case s.Lines[i].Said.None:
		return "none"
	}
	return s.Lines[i].Said.Words
}

// Two times, as with everything: what held on a day, and what was known of it then.
func TestThePanelAsAtADay(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	start := time.Now()
	if got := p.shows("staff", people.Allergies, on(0), time.Time{}); got != "?" {
		t.Fatalf("before anybody was asked: %s", got)
	}
	first := p.said("staff", people.Allergies, "", on(20))
	second := p.said("staff", people.Allergies, "Nuts", on(5))
	p.said("manager", people.Allergies, "Eggs, until she was ten", on(30)) // found later, of an earlier time: what holds now is not pushed out
	fourth := p.said("manager", people.Allergies, "Peanuts. Her pen is in the office.", on(5))
	for _, c := range []struct {
		what  string
		day   int
		known time.Time
		want  string
	}{
		{"today", 0, time.Time{}, "Peanuts. Her pen is in the office."},
		{"on the first day", 5, time.Time{}, "Peanuts. Her pen is in the office."},
		{"the day before it", 6, time.Time{}, "none"},
		{"on the day from which none was known", 20, time.Time{}, "none"},
		{"before that, as found later", 21, time.Time{}, "Eggs, until she was ten"},
		{"before anything", 31, time.Time{}, "?"},
		{"today, before anything was said", 0, start, "?"},
		{"today, as known after the first", 0, first, "none"},
		{"today, as known after the second", 0, second, "Nuts"},
		{"long ago, as known after the second", 25, second, "?"},
		{"as known after the fourth", 3, fourth, "Peanuts. Her pen is in the office."},
	} {
		if got := p.shows("staff", people.Allergies, on(c.day), c.known); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	h, err := people.SafetyHistory(t.Context(), p.DB, p.Actors["staff"], p.record, people.SafetyAsk{})
	if err != nil || len(h.History) != 4 || h.History[0].By != "Morgan Example" || h.History[0].Source != "The social worker, by telephone" || h.History[3].Post != "Residential support worker" {
		t.Errorf("everything that was said: %+v %v", h.History, err)
	}
}

// Everybody who reads the general section sees the panel; whom it is about does not
// see what must be kept from them, and a link sees none of it.
func TestWhoSeesThePanel(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.said("staff", people.Risks, "Runs when she is frightened", on(1))
	p.said("staff", people.Withheld, "From her father", on(1))
	p.said("staff", people.Contact, "None with her father", on(1))
	somebody := func(name, basis string) {
		var id int64
		p.Scan(t, `insert into app.actor (provider_id, kind, name, created_by) values ($1, 'person', $2, 1) returning id`, []any{p.Provider, name}, &id)
		p.Exec(t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values ($1, 2, $2, 7, 3, $3, 1, 'for the test', now())`, id, p.record, basis)
		p.Actors[name] = access.Actor{ID: access.ActorID(id), Kind: access.Person, Provider: p.Provider}
	}
	somebody("subject", "data-subject")
	somebody("link", "portal-link")
	somebody("worker", "key-worker")
	for _, c := range []struct{ who, risks, withheld, contact string }{
		{"staff", "Runs when she is frightened", "From her father", "None with her father"},
		{"manager", "Runs when she is frightened", "From her father", "None with her father"},
		{"worker", "Runs when she is frightened", "From her father", "None with her father"},
		{"dpo", "Runs when she is frightened", "From her father", "None with her father"},
		{"subject", "Runs when she is frightened", "-", "-"},
		{"link", "-", "-", "-"},
	} {
		for topic, want := range map[people.Topic]string{people.Risks: c.risks, people.Withheld: c.withheld, people.Contact: c.contact} {
			if got := p.shows(c.who, topic, on(0), time.Time{}); got != want {
				t.Errorf("%s is shown %s: %q, want %q", c.who, topic, got, want)
			}
		}
	}
	h, err := people.SafetyHistory(t.Context(), p.DB, p.Actors["subject"], p.record, people.SafetyAsk{})
	if err != nil || len(h.History) != 1 || h.History[0].Topic != people.Risks {
		t.Errorf("what was said before shows more to whom it is about: %+v %v", h.History, err)
	}
	for _, who := range []string{"link", "other-staff", "inspector", "admin"} {
		if _, err := people.SafetyHistory(t.Context(), p.DB, p.Actors[who], p.record, people.SafetyAsk{}); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s opens the panel: %v", who, err)
		}
	}
	for _, who := range []string{"subject", "link"} { // both hold the right to add here, by a basis that is not for working with the record
		if err := p.say(who, people.Risks, "Nobody", on(0)); err == nil {
			t.Errorf("%s says what keeps her safe", who)
		}
	}
}

func TestWhatThePanelRefuses(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	today := clock.DayOf(time.Now())
	right := people.NewStatement{Topic: people.Risks, Words: "x", Source: "y", From: today.String()}
	for field, spoil := range map[string]func(*people.NewStatement){
		"topic":     func(n *people.NewStatement) { n.Topic = "" },
		"topic ":    func(n *people.NewStatement) { n.Topic = "<script>alert(1)</script>" },
		"words":     func(n *people.NewStatement) { n.Words = " \n" },
		"words ":    func(n *people.NewStatement) { n.None = true },
		"words  ":   func(n *people.NewStatement) { n.Words = strings.Repeat("x", 2001) },
		"words   ":  func(n *people.NewStatement) { n.Words = "a\u202eb" },
		"source":    func(n *people.NewStatement) { n.Source = "" },
		"source ":   func(n *people.NewStatement) { n.Source = "a\nb" },
		"source  ":  func(n *people.NewStatement) { n.Source = strings.Repeat("x", 201) },
		"from_on":   func(n *people.NewStatement) { n.From = "" },
		"from_on ":  func(n *people.NewStatement) { n.From = today.Plus(1).String() },
		"from_on  ": func(n *people.NewStatement) { n.From = "2025-02-30" },
	} {
		n := right
		spoil(&n)
		err := people.SaySafety(t.Context(), p.DB, p.Actors["staff"], p.record, n)
		if f, ok := fault.Of(err); !ok || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != strings.TrimSpace(field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	for name, kind := range map[string]fault.Kind{"Policies of " + sample.ChildrensHome: fault.Conflict, "Plover Sample": fault.NotFound} {
		if err := people.SaySafety(t.Context(), p.DB, p.Actors["staff"], p.Records[name], right); !fault.Is(err, kind) {
			t.Errorf("said on %s: %v", name, err)
		}
	}
	if err := people.SaySafety(t.Context(), p.DB, p.Actors["dpo"], p.record, right); !fault.Is(err, fault.Forbidden) {
		t.Errorf("who reads and may not add: %v", err)
	}
	family := people.NewStatement{Topic: people.Allergies, Words: "x", Source: "y", From: today.String()}
	if err := people.SaySafety(t.Context(), p.DB, p.Actors["other-staff"], p.Records["The Specimen family"], family); !fault.Is(err, fault.Invalid) {
		t.Errorf("a family's allergies: %v", err)
	}
	if err := people.Close(t.Context(), p.DB, p.Actors["manager"], p.record, people.Change{Why: "moved on"}); err != nil {
		t.Fatal(err)
	}
	if err := people.SaySafety(t.Context(), p.DB, p.Actors["staff"], p.record, right); !fault.Is(err, fault.Conflict) {
		t.Errorf("on a closed record: %v", err)
	}
	var n int
	p.Scan(t, `select count(*) from app.safety_statement`, nil, &n)
	if n != 0 {
		t.Errorf("%d statements are left of what was refused", n)
	}
	// past the program
	for _, c := range []struct{ what, topic, day string }{{"a family's panel has no allergies", "allergies", "current_date"}, {"a day ahead", "risks", "current_date + 1"}} {
		err := pgExec(t, p.App, int64(p.Actors["other-staff"].ID), fmt.Sprintf(`insert into app.safety_statement (record_id, topic, none_known, source, from_on, by_actor) values (%d, '%s', true, 'x', %s, app.me())`,
			p.Records["The Specimen family"], c.topic, c.day))
		if !pg.Broke(err, "safety_topic_fits") && !pg.Broke(err, "safety_day_past") {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	err := pgExec(t, p.App, int64(p.Actors["other-staff"].ID), fmt.Sprintf(`insert into app.safety_statement (record_id, topic, none_known, source, from_on, by_actor) values (%d, 'risks', true, 'x', current_date, app.me())`, p.record))
	if !pg.Refused(err) {
		t.Errorf("on another setting's record: %v", err)
	}
}
