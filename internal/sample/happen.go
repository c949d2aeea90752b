package sample

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/versions"
)

// planLife lays out the acts of one record.
func (t *telling) planLife(l *life) error {
	opened, err := t.moment(l.opened)
	if err != nil {
		return err
	}
	t.at(opened, func(ctx context.Context) error { return t.open(ctx, l, opened) })
	for i := range l.series {
		if err := t.planSeries(l, &l.series[i]); err != nil {
			return err
		}
	}
	for _, turn := range l.turns {
		if err := t.planTurn(l, turn); err != nil {
			return err
		}
	}
	for i := range l.pieces {
		if err := t.planPiece(l, &l.pieces[i]); err != nil {
			return fmt.Errorf("%s: %w", l.pieces[i].title, err)
		}
	}
	return nil
}

func (t *telling) open(ctx context.Context, l *life, at time.Time) error {
	id, err := people.Open(ctx, t.o.DB, t.who(l.opener), people.NewRecord{Provider: t.Provider, Home: t.Homes[l.setting], Kind: l.kind,
		Name: l.record, Person: int64(t.Actors[l.person].ID), On: clock.DayOf(at), Why: l.why})
	t.Records[l.record], t.lies[l.record], t.kinds[l.record] = id, l.setting, l.kind
	t.names = append(t.names, l.record)
	return err
}

// dates of an edition.
type dates struct {
	from               clock.Day
	recorded, approved time.Time
	never              bool // not approved yet
}

// dates says when an edition was recorded and approved: ten and four days
// before it holds where approval is needed, else on the day.
func (t *telling) dates(l *life, s *series, e edition) (d dates, err error) {
	if d.from, err = t.day(e.from); err != nil {
		return d, err
	}
	recorded, approved := d.from, d.from.Plus(-4)
	if s.approver != "-" {
		recorded = d.from.Plus(-10)
	}
	if e.recorded != "" {
		if recorded, err = t.day(e.recorded); err != nil {
			return d, err
		}
		approved = recorded.Plus(2)
	}
	if d.never = e.approved == "-" || s.approver == "-"; !d.never && e.approved != "" {
		if approved, err = t.day(e.approved); err != nil {
			return d, err
		}
	}
	d.recorded = office(recorded, l.record+s.text)
	if opened, _ := t.moment(l.opened); clock.DayOf(d.recorded) == clock.DayOf(opened) && d.recorded.Before(opened) { // what comes with the record is added after it is opened
		d.recorded = opened.Add(time.Duration(10+draw64(s.text)%50) * time.Minute)
	}
	if d.approved = office(approved, s.text+"approved"); d.approved.Before(d.recorded.Add(time.Hour)) {
		d.approved = d.recorded.Add(time.Hour)
	}
	return d, nil
}

func (t *telling) planSeries(l *life, s *series) error {
	raw, err := text(s.text)
	if err != nil {
		return err
	}
	key := l.record + "/" + s.text
	for i, e := range s.editions {
		d, err := t.dates(l, s, e)
		if err != nil {
			return err
		}
		n := i + 1
		t.at(d.recorded, func(ctx context.Context) error {
			made, err := readPaper(raw, n, t.words(l, e, d))
			if err != nil {
				return err
			}
			made.Setting, made.Author = t.lies[l.record], t.name(s.author)
			made.Facts = append(t.facts(l, s, e, d, n), made.Facts...)
			entry := versions.Entry{Title: made.Title, Kind: made.Kind, InForceFrom: d.from.String(), Note: made.Note, ReviewOn: t.review(s, made.Kind, i)}
			return t.add(ctx, s.author, l.record, key, entry, made, s.format)
		})
		if !d.never {
			t.at(d.approved, func(ctx context.Context) error { return t.approve(ctx, s.approver, key) })
		}
	}
	return nil
}

// words for the places of a text.
func (t *telling) words(l *life, e edition, d dates) map[string]string {
	w := settingWords(t.lies[l.record])
	for k, v := range l.words {
		w[k] = v
	}
	if !relative(e.from) { // else the bytes would depend on the day of planting
		w["from"] = longDate(d.from)
	}
	return w
}

func (t *telling) facts(l *life, s *series, e edition, d dates, n int) [][2]string {
	by := "Written by"
	if l.kind == access.Staff {
		by = "Recorded by" // what a manager keeps is mostly not the manager's writing
	}
	list := [][2]string{{"Edition", fmt.Sprint(n)}, {by, t.post(s.author)}}
	if !relative(e.from) {
		list = append(list, [2]string{"Holds from", longDate(d.from)})
	}
	if s.approver != "-" {
		list = append(list, [2]string{"For approval by", t.post(s.approver)})
	}
	if l.kind != access.Library {
		list = append([][2]string{{"About", l.record}}, list...)
	}
	return list
}

func longDate(d clock.Day) string { return d.UTC().Format("2 January 2006") }

// review is the day on which an edition is to be looked at again: a year after
// it holds, half a year for plans about people. The editions in use are always
// reviewed later than within the next two months, but for those whose review
// the story gives; so the demonstration never looks neglected, whenever it is
// planted.
func (t *telling) review(s *series, kind string, i int) string {
	months := 0
	switch kind {
	case "policy", "statement-of-purpose":
		months = 12
	case "care-plan", "placement-plan", "risk-assessment", "behaviour-plan", "health-plan", "education-plan", "pathway-plan", "agreement":
		months = 6
	default:
		return ""
	}
	inUse := i == len(s.editions)-1 || relative(s.editions[i+1].from) || i+1 == s.restored
	if inUse && s.review != "" {
		d, _ := t.day(s.review)
		return d.String()
	}
	d, _ := t.day(s.editions[i].from)
	at := d.UTC().AddDate(0, months, 0)
	for inUse && !at.After(t.today.Plus(61).UTC()) {
		at = at.AddDate(0, months, 0)
	}
	return at.Format(time.DateOnly)
}

// add puts a painted paper on a record, as a new document or the next version.
func (t *telling) add(ctx context.Context, who, record, key string, e versions.Entry, made paper, format string) error {
	content, err := made.paint(format)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s-%d.%s", slug(e.Title), made.Edition, format)
	actor, known := t.who(who), t.docs[key]
	var slot versions.Slot
	if known == nil {
		slot, err = t.o.Keeper.BeginDocument(ctx, actor, t.Records[record])
	} else {
		slot, err = t.o.Keeper.BeginVersion(ctx, actor, known.id)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	r, err := t.o.Keeper.Receive(ctx, name, bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if known != nil {
		_, err = t.o.Keeper.AddVersion(ctx, actor, slot, e, r, "")
		known.latest++
		return err
	}
	a, err := t.o.Keeper.AddDocument(ctx, actor, slot, e, r, "")
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	d := &doc{id: a.Document.ID, latest: 1}
	t.docs[key], t.shelf[record] = d, append(t.shelf[record], d)
	t.Documents[key] = d.id
	return nil
}

// slug makes a file's name of a title.
func slug(title string) string {
	words := strings.FieldsFunc(strings.ToLower(strings.ReplaceAll(title, "’", "")), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return strings.Join(words, "-")
}

func (t *telling) approve(ctx context.Context, who, key string) error {
	d := t.docs[key]
	_, _, err := t.o.Keeper.Approve(ctx, t.who(who), versions.Target{Document: d.id, Number: d.latest}, versions.Approval{})
	if err != nil {
		return fmt.Errorf("approve %s: %w", key, err)
	}
	return nil
}

func (t *telling) planTurn(l *life, u turn) error {
	at, err := t.moment(u.at)
	if err != nil {
		return err
	}
	key := l.record + "/" + u.text
	from := u.from
	if relative(from) {
		d, err := t.day(from)
		if err != nil {
			return err
		}
		from = d.String()
	}
	on := people.Change{On: clock.DayOf(at), Why: u.why}
	do := map[string]func(context.Context) error{
		"close": func(ctx context.Context) error {
			t.closed[l.record] = true
			return people.Close(ctx, t.o.DB, t.who(u.by), t.Records[l.record], on)
		},
		"move": func(ctx context.Context) error {
			t.lies[l.record] = from
			return people.Move(ctx, t.o.DB, t.who(u.by), t.Records[l.record], t.Homes[from], on)
		},
		"entrust": func(ctx context.Context) error {
			_, err := grants.Entrust(ctx, t.o.DB, t.who(u.by), t.who(from).ID, t.Records[l.record], u.why)
			return err
		},
		"withdraw": func(ctx context.Context) error {
			return t.o.Keeper.Withdraw(ctx, t.who(u.by), t.docs[key].id, from, u.why)
		},
		"correct": func(ctx context.Context) error {
			_, _, err := t.o.Keeper.CorrectDate(ctx, t.who(u.by), versions.Target{Document: t.docs[key].id, Number: u.number}, versions.Correction{InForceFrom: from, Why: u.why})
			return err
		},
		"restore": func(ctx context.Context) error {
			_, err := t.o.Keeper.Restore(ctx, t.who(u.by), versions.Target{Document: t.docs[key].id, Number: u.number}, from, u.why)
			t.docs[key].latest++
			return err
		},
	}[u.what]
	t.at(at, func(ctx context.Context) error {
		if err := do(ctx); err != nil {
			return fmt.Errorf("%s %s: %w", u.what, key, err)
		}
		return nil
	})
	if u.what == "restore" {
		for _, s := range l.series {
			if s.text == u.text {
				t.at(at.Add(26*time.Hour), func(ctx context.Context) error { return t.approve(ctx, s.approver, key) })
			}
		}
	}
	return nil
}
