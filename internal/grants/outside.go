package grants

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// OutsideReason is why somebody reads a record outside their role.
type OutsideReason string

// The reasons. What each asks for in addition, and how far it reaches, is said
// by Colleague, Worded and Deepest.
const (
	ForAudit     OutsideReason = "audit"     // audit or moderation
	ForOversight OutsideReason = "oversight" // management oversight for a named colleague
	ForSupport   OutsideReason = "support"   // technical support, naming the issue
	ForEmergency OutsideReason = "emergency" // somebody is to be kept safe now
	ForOther     OutsideReason = "other"     // in words
)

// OutsideReasons lists them, in the order in which a page offers them.
func OutsideReasons() []OutsideReason {
	return []OutsideReason{ForAudit, ForOversight, ForSupport, ForEmergency, ForOther}
}

// Worded tells whether the reason is said in words.
func (r OutsideReason) Worded() bool { return r == ForSupport || r == ForEmergency || r == ForOther }

// asksWords tells whether words are needed: with some reasons always, and with any
// that reaches it for what is restricted.
func (a Asking) asksWords() bool {
	return a.Reason.Worded() || a.Section == access.Restricted && a.Reason.Deepest() == access.Restricted
}

// Deepest is the closest section that may be asked for with the reason: what is
// restricted only for an audit, by whoever audits or manages it where the record
// is, and in an emergency.
func (r OutsideReason) Deepest() access.Section {
	if r == ForAudit || r == ForEmergency {
		return access.Restricted
	}
	return access.Sensitive
}

// Usual is the section that is offered first: the least that does. In an
// emergency it matters what somebody is allergic to.
func (r OutsideReason) Usual() access.Section {
	if r == ForEmergency {
		return access.Sensitive
	}
	return access.General
}

// Span is how long access outside one's role is to last.
type Span string

// The spans. A day is given at once; the longer ones need a manager's approval.
const (
	ForDay      Span = "day"
	ForTwoWeeks Span = "fortnight"
	ForSixMonth Span = "half-year"
)

// interval is the span as PostgreSQL takes it.
func (s Span) interval() string {
	return map[Span]string{ForDay: "24 hours", ForTwoWeeks: "14 days", ForSixMonth: "6 months"}[s]
}

// Oversight is what management oversight came to.
type Oversight struct{ Discussion, Analysis, Direction, Actions string }

// Said tells whether anything of it is said.
func (o Oversight) Said() bool {
	return strings.TrimSpace(o.Discussion+o.Analysis+o.Direction+o.Actions) != ""
}

// Wrong says what is wrong with it: every part is needed.
func (o Oversight) Wrong() []fault.Field {
	return slices.Concat(checkText("discussion", "Enter what was discussed, and with whom.", o.Discussion, 5000), checkText("analysis", "Enter your analysis.", o.Analysis, 5000),
		checkText("direction", "Enter the direction that you gave.", o.Direction, 5000), checkText("actions", "Enter the actions: what is to be done, by whom and by when.", o.Actions, 5000))
}

// checkText says what is wrong with a text of several lines.
func checkText(name, empty, text string, most int) []fault.Field {
	switch n := len([]rune(text)); {
	case strings.TrimSpace(text) == "":
		return []fault.Field{{Name: name, Problem: empty}}
	case !strings.ContainsFunc(text, unicode.IsLetter):
		return []fault.Field{{Name: name, Problem: "Say it in words."}}
	case n > most:
		return []fault.Field{{Name: name, Problem: fmt.Sprintf("This has %d letters. Shorten it to %d or fewer.", n, most)}}
	case strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && fault.Hidden(r) }):
		return []fault.Field{{Name: name, Problem: "This holds characters that cannot be seen. Type it again."}}
	}
	return nil
}

// Asking is a request for access outside one's role. The record is meant by its
// number or, where that is 0, by its exact name and kind.
type Asking struct {
	Number    int64
	Name      string
	Kind      access.RecordKind
	Reason    OutsideReason
	Colleague string
	Words     string
	Section   access.Section
	Span      Span
	AtOnce    bool      // 24 hours begin now, while the longer time waits for approval
	Oversight Oversight // may be said now, or later
}

// wrong says all that is wrong with a request, in the fields record, reason,
// colleague, words, section, span and those of Oversight.
func (a Asking) wrong() []fault.Field {
	var bad []fault.Field
	say := func(name, problem string) { bad = append(bad, fault.Field{Name: name, Problem: problem}) }
	if a.Number < 0 || a.Number == 0 && strings.TrimSpace(a.Name) == "" {
		say("record", "Enter the record’s number, or the exact name on it.")
	} else if a.Number == 0 {
		for _, f := range fault.CheckLine("name", a.Name) {
			say("record", f.Problem)
		}
	}
	if !slices.Contains(OutsideReasons(), a.Reason) {
		say("reason", "Choose why you need to see the record.")
		return bad
	}
	if a.Reason == ForOversight {
		if strings.TrimSpace(a.Colleague) == "" {
			say("colleague", "Enter the name of the manager who is not available.")
		} else {
			bad = append(bad, fault.CheckLine("colleague", a.Colleague)...)
		}
		if a.Oversight.Said() {
			bad = append(bad, a.Oversight.Wrong()...)
		}
	}
	if a.asksWords() || a.Words != "" {
		bad = append(bad, checkText("words", map[OutsideReason]string{ForAudit: "Enter why the audit needs the restricted section.", ForSupport: "Enter what the technical issue is.", ForEmergency: "Enter what the emergency is.", ForOther: "Enter why you need to see the record."}[a.Reason], a.Words, 1000)...)
	}
	if a.Section < access.General || a.Section > a.Reason.Deepest() {
		say("section", "Choose how much you need to see.")
	}
	if a.Span.interval() == "" {
		say("span", "Choose how long you need it.")
	}
	return bad
}

// noRecord answers alike whether there is no such record, or one that the actor
// must not see.
func noRecord() error {
	return fault.At(fault.Invalid, "record", "We cannot find a record with that number, or with that exact name and kind. Check it with the person who asked you to look. If two records have the same name, use the number.")
}

// AskOutside gives the actor access to a record outside their role: at once for
// 24 hours, or for longer when somebody else approves it. It writes the grant,
// the letter on the record and the footprint together. Whoever holds the right
// to ask may; what they must not see is answered as what is not there, and
// leaves the footprint of a refusal.
func AskOutside(ctx context.Context, db *pg.DB, actor access.Actor, a Asking) (int64, error) {
	if a.Span == ForDay {
		a.AtOnce = true
	}
	if a.Reason != ForOversight {
		a.Colleague, a.Oversight = "", Oversight{}
	}
	if a.Reason == ForOversight { // which is worded by what it came to
		a.Words = ""
	}
	var id int64
	found := true
	about := audit.Act{Action: access.AskOutside}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		if err := mayAsk(ctx, tx.Reader()); err != nil {
			return err
		}
		if err := fault.Bad(a.wrong()); err != nil {
			return err
		}
		if err := coversReason(ctx, tx.Reader(), a.Reason); err != nil {
			return err
		}
		if err := tx.Lock(ctx, "outside", int64(actor.ID)); err != nil {
			return err
		}
		record, err := seek(ctx, tx, a)
		if found = record != 0; err != nil || !found {
			tx.Record(audit.Act{Action: access.SeekOutside, Detail: audit.Detail{"by_name": a.Number == 0}})
			return err
		}
		if err := needed(ctx, tx.Reader(), record, a); err != nil {
			return err
		}
		if err := within(ctx, tx.Reader(), record, a); err != nil {
			return err
		}
		id, err = begin(ctx, tx, record, a)
		return err
	})
	if err == nil && !found {
		err = noRecord()
	}
	return id, err
}

// seek finds the record that is meant, 0 for none.
func seek(ctx context.Context, tx *audit.Tx, a Asking) (int64, error) {
	var record *int64
	err := tx.QueryRow(ctx, `select app.outside_record(@number, @name, @kind, @request)`,
		pgx.NamedArgs{"number": pg.Null(a.Number), "name": strings.TrimSpace(a.Name), "kind": a.Kind, "request": audit.Request(ctx)}).Scan(&record)
	if err != nil || record == nil {
		return 0, err
	}
	return *record, nil
}

// needed refuses what the actor has already: by their role, or outside it.
func needed(ctx context.Context, tx *pg.Tx, record int64, a Asking) error {
	var p access.Place
	var kind access.RecordKind
	err := tx.QueryRow(ctx, `select provider_id, coalesce(home_id, 0), kind from app.record where id = @id`, pgx.NamedArgs{"id": record}).Scan(&p.Provider, &p.Home, &kind)
	if err == nil {
		rights, err := tx.Rights(ctx)
		if err != nil {
			return err
		}
		p.Record, p.Class = record, access.ClassOf(kind, a.Section)
		if _, ok := access.Decide(rights, access.ViewDocument, p); ok {
			return fault.At(fault.Conflict, "record", "You can read this part of the record already. Open it from the list of records.")
		}
	} else if !pg.None(err) {
		return err
	}
	var waits bool
	err = tx.QueryRow(ctx, `
		select exists (select from app.outside_access a where a.actor_id = @me and a.record_id = @record and a.wanted <> 'day'
			and not exists (select from app.outside_decision d where d.access_id = a.id) and not exists (select from app.outside_ending e where e.access_id = a.id))`,
		pgx.NamedArgs{"me": tx.Actor.ID, "record": record}).Scan(&waits)
	if err == nil && waits && a.Span != ForDay {
		err = fault.At(fault.Conflict, "record", "You have asked for this record already, and a manager has still to decide. Take that back first, or wait.")
	}
	return err
}

// begin writes the request and, where the day begins at once, its grant, with
// which the letter comes to stand on the record.
func begin(ctx context.Context, tx *audit.Tx, record int64, a Asking) (int64, error) {
	id, err := tx.NewID(ctx)
	if err != nil {
		return 0, err
	}
	var grant int64
	if a.AtOnce {
		if grant, err = tx.NewID(ctx); err != nil {
			return 0, err
		}
	}
	_, err = tx.Exec(ctx, `
		insert into app.outside_access (id, provider_id, record_id, kind, actor_id, reason, colleague, words, section, wanted, asked_at, grant_id, letter)
		values (@id, @provider, @record, 0, @me, @reason, @colleague, @words, @section, @wanted, now(), @grant, '')`,
		pgx.NamedArgs{"id": id, "provider": tx.Actor.Provider, "record": record, "me": tx.Actor.ID, "reason": a.Reason, "colleague": strings.TrimSpace(a.Colleague),
			"words": strings.TrimSpace(a.Words), "section": a.Section, "wanted": a.Span, "grant": pg.Null(grant)})
	if err == nil && grant != 0 {
		err = lend(ctx, tx, id, grant, ForDay)
	}
	if err == nil && a.Oversight.Said() {
		err = oversee(ctx, tx, id, record, a.Oversight)
	}
	tx.Record(audit.Act{Action: access.AskOutside, Target: audit.Target{Record: record},
		Detail: audit.Detail{"access": id, "reason": a.Reason, "section": a.Section, "span": a.Span, "at_once": a.AtOnce}})
	return id, err
}

// lend writes the grant of a request, no longer than the right to ask lasts.
func lend(ctx context.Context, tx *audit.Tx, id, grant int64, span Span) error {
	tag, err := tx.Exec(ctx, `
		insert into app.grants (id, actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from, valid_until)
		select @grant, a.actor_id, @scope, a.record_id, b.mask, @read, 'break-glass', @me, a.reason, statement_timestamp(), least(statement_timestamp() + @span::interval, b.until_at)
		from app.outside_access a cross join app.outside_bounds(a.id) b where a.id = @id`,
		pgx.NamedArgs{"grant": grant, "scope": access.AtRecord, "read": access.Read, "me": tx.Actor.ID, "span": span.interval(), "id": id})
	if err == nil && tag.RowsAffected() != 1 {
		err = fault.New(fault.Conflict, "This person may no longer ask for access to this record. Nothing was given.")
	}
	return err
}

func oversee(ctx context.Context, tx *audit.Tx, id, record int64, o Oversight) error {
	_, err := tx.Exec(ctx, `
		insert into app.outside_note (access_id, record_id, actor_id, kind, discussion, analysis, direction, actions)
		values (@id, @record, @me, 'oversight', @discussion, @analysis, @direction, @actions)`,
		pgx.NamedArgs{"id": id, "record": record, "me": tx.Actor.ID, "discussion": o.Discussion, "analysis": o.Analysis, "direction": o.Direction, "actions": o.Actions})
	return err
}
