package sample

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"custodian/internal/clock"
	"custodian/internal/people"
	"custodian/versions"
)

// planSections lays out what the sections of records hold: safety panels, a
// sensitive staff document, and two documents that are restricted, one of them
// with a review that is overdue.
func (t *telling) planSections() error {
	for _, s := range safety() {
		at, err := t.moment(s.at)
		if err != nil {
			return err
		}
		t.at(at, func(ctx context.Context) error {
			return people.SaySafety(ctx, t.o.DB, t.who(s.by), t.Records[s.record],
				people.NewStatement{Topic: s.topic, None: s.words == "", Words: s.words, Source: s.source, From: clock.DayOf(at).String()})
		})
	}
	for _, p := range heldClose() {
		at, err := t.moment(p.at)
		if err != nil {
			return err
		}
		t.at(at, func(ctx context.Context) error { return t.addClose(ctx, p, at.Format("2006-01-02")) })
	}
	asked, err := t.moment("-20 15:10")
	if err != nil {
		return err
	}
	t.at(asked, func(ctx context.Context) error {
		var lodging int64
		section, err := t.o.Keeper.RestrictedOf(ctx, t.who("manager"), t.Records["Wren Sample"])
		for _, l := range section.Lodgings {
			lodging = l.ID
		}
		if err != nil {
			return err
		}
		return t.o.Keeper.Consult(ctx, t.who("manager"), lodging, versions.Consulted{Answer: "objects", On: clock.DayOf(asked).String(),
			Words: "She lives next door to the aunt and wants no trouble there. She may say yes later."})
	})
	return nil
}

// saying is something that is said in a safety panel.
type saying struct {
	at, by, record string
	topic          people.Topic
	words, source  string // no words: none known
}

func safety() []saying {
	const wren, finch, worker = "Wren Sample", "Finch Sample", "Jay Placeholder, social worker"
	return []saying{
		{"2023-05-03 09:10", "manager", wren, people.Allergies, "", "Starling Sample, her mother"},
		{"2023-05-03 09:14", "manager", wren, people.Medication, "Reliever inhaler, two puffs when she wheezes. One in her rucksack, one in the office.", "Her doctor in Sampleton"},
		{"2023-05-03 09:20", "manager", wren, people.Responsibility, "The council, shared with her mother, Starling Sample.", worker},
		{"2023-05-03 09:24", "manager", wren, people.LegalStatus, "Care order (made up), since 3 April 2023.", worker},
		{"2023-05-10 16:05", "staff", wren, people.Risks, "Walks out when she is to be driven to school. Do not insist: walk with her.", "Sam Example, key worker"},
		{"2023-06-02 16:40", "manager", wren, people.Orders, "Order about family time: every second Sunday, 11am to 3pm.", "Family Court at Sampleton (made up)"},
		{"2023-06-02 16:44", "manager", wren, people.Contact, "Her mother every second Sunday, watched over. Nobody else without the social worker’s word.", worker},
		{"2024-04-02 10:15", "manager", wren, people.Contact, "Her mother every second Sunday, not watched over any more. Nobody else without the social worker’s word.", worker},
		{"2024-09-12 11:30", "staff", wren, people.Allergies, "Penicillin: a rash, and once short of breath. Ring 999 if she cannot speak in whole sentences.", "Her doctor in Sampleton"},
		{"2024-09-12 11:38", "staff", wren, people.Withheld, "From callers who say that they are family. Take a number, and ask the manager.", worker},
		{"2024-03-05 09:30", "manager", finch, people.Allergies, "", "Starling Sample, his mother"},
		{"2024-03-05 09:34", "manager", finch, people.Risks, "Hides food, and is ashamed of it. Say nothing; keep a box for him.", "His foster carers"},
	}
}

// closePaper is a document that does not lie in the general section.
type closePaper struct {
	at, by, record, section, kind, title, source, body string
	ground, reason                                     string
	days                                               int // after which its lodging is looked at again
}

func heldClose() []closePaper {
	return []closePaper{
		{at: "2025-09-08 10:20", by: "manager", record: "Sam Example", section: "sensitive", kind: "letter", title: "Occupational health, September 2025", source: "Sampleton Occupational Health (made up)",
			body: "We saw Sam Example on 5 September.\nA strained back, mending. Nothing heavier than ten kilograms until the end of October.\nNo other limits."},
		{at: "-34 16:20", by: "manager", record: "Wren Sample", section: "restricted", kind: "letter", title: "Letter from a neighbour", source: "A neighbour of Curlew Sample",
			body:   "I live beside Wren’s aunt and like them both.\nThere was shouting twice this month, from a visitor whom I do not know. I write so that somebody asks, and I ask you not to say that it was me.",
			ground: "in-confidence", reason: "She asks not to be named, and Wren would know at once who wrote. The social worker follows it up with the aunt.", days: 91},
		{at: "-131 11:05", by: "manager", record: "Finch Sample", section: "restricted", kind: "other", title: "Note of a call from the police", source: "Sampleton police (made up)",
			body:   "They ask that Finch is not told yet that they look for the man from the bus, until they have spoken to the driver.\nThey ring again.",
			ground: "police-ask", reason: "They have asked us to withhold it until they have spoken to a witness.", days: 91},
	}
}

// addClose adds it. It is not among the papers that people of the story look at.
func (t *telling) addClose(ctx context.Context, p closePaper, day string) error {
	made := paper{Kind: p.kind, Title: p.title, Setting: t.lies[p.record], Edition: 1, Author: t.name(p.by), Blocks: readBlocks(p.body),
		Facts: [][2]string{{"About", p.record}, {"From", p.source}}}
	content, err := made.paint("docx")
	if err != nil {
		return err
	}
	e := versions.Entry{Title: p.title, Kind: p.kind, InForceFrom: day, Section: p.section, Source: p.source}
	if kind, _ := versions.KindOf(p.kind); kind.Arrives {
		e.ReceivedOn = day
	}
	if p.section == "restricted" {
		// the review lies ahead of the moment at which it is really lodged, and goes back with it
		e.Lodging = versions.Lodging{Ground: p.ground, Reason: p.reason, Originator: p.source, AdvisedBy: fmt.Sprint(t.Actors["manager"].ID), ReviewOn: clock.DayOf(t.now).Plus(p.days).String()}
	}
	slot, err := t.o.Keeper.BeginDocument(ctx, t.who(p.by), t.Records[p.record])
	if err != nil {
		return err
	}
	r, err := t.o.Keeper.Receive(ctx, slug(p.title)+".docx", bytes.NewReader(content))
	if err != nil {
		return err
	}
	a, err := t.o.Keeper.AddDocument(ctx, t.who(p.by), slot, e, r, "")
	if err == nil {
		t.Documents[p.record+"/"+p.title] = a.Document.ID
	}
	return err
}

// reviewsBack takes the days of reviews back by as many days as the lodgings that
// they belong to, so that one can be overdue.
func (t *telling) reviewsBack(ctx context.Context, tx pgx.Tx) error {
	for _, sql := range []string{
		`update app.lodging set review_on = review_on - ((lodged_at at time zone 'Europe/London')::date - (pg_temp.told(lodged_at) at time zone 'Europe/London')::date)`,
		`update app.lodging_event set review_on = review_on - ((at at time zone 'Europe/London')::date - (pg_temp.told(at) at time zone 'Europe/London')::date) where review_on is not null`,
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("sample: reviews: %w", err)
		}
	}
	return nil
}
