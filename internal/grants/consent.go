package grants

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// The capacities in which somebody consents that an independent visitor reads a
// file. It takes the placing authority's consent, and that of whom it is about. On
// a young person's record at a children's home that is the young person's own: a
// parent's stands in for it only with a reason why the young person does not
// understand enough to decide, and never once they said no themselves.
const (
	OfYoungPerson = "young-person"
	OfParent      = "parent"
	OfAuthority   = "placing-authority"
)

// What somebody says who is asked.
const (
	Yes = "yes"
	No  = "no"
)

// NewConsent is a consent to be recorded, or that somebody was asked and said no.
type NewConsent struct {
	Record      int64
	Capacity    string
	Who         string // who consents, by name and post
	Evidence    string // how it is known
	Because     string // why the young person does not decide, where a parent does in their place
	Answer      string // Yes, or No: it counts from now on, and opens nothing
	From, Until time.Time
}

// Consent is one that was recorded.
type Consent struct {
	ID                     int64
	Purpose, Capacity      string
	Who, Evidence, Because string
	Given                  bool // false: they said no
	From, Until            time.Time
	By                     string
	EndedBy, How, EndedWhy string // How: withdrawn, record-moved, record-closed, overruled; "" for its day
}

// Visited gives the role of the visitors to a kind of setting, "" where there are
// none.
func Visited(homeKind string) Role {
	for _, r := range []Role{Visitor44, Visitor25} {
		if r.Visits() == homeKind {
			return r
		}
	}
	return ""
}

// visitedKinds are the kinds of record that consents can open to a visitor.
func visitedKinds() map[access.RecordKind]bool {
	return map[access.RecordKind]bool{access.YoungPerson: true, access.Family: true, access.Parent: true}
}

// StandIn tells whether a parent's consent on a record would be in place of the
// young person's, and so takes a reason.
func StandIn(purpose Role, of access.RecordKind) bool {
	return purpose == Visitor44 && of == access.YoungPerson
}

// RecordConsent records that somebody consents, or was asked and said no. While
// both consents are in date, the setting's independent visitors read the general
// and the sensitive section of the record; the moment one ends, they do no longer.
// A no ends what the same had said before, and a young person's what a parent had
// said in their place. Whoever manages the record may. Its faults name the fields
// capacity, who, evidence, because, from and until.
func RecordConsent(ctx context.Context, db *pg.DB, actor access.Actor, n NewConsent) error {
	about := audit.Act{Action: access.RecordConsent, Target: audit.Target{Record: n.Record}}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		s, err := siteOf(ctx, tx, n.Record)
		if err != nil {
			return err
		}
		purpose := Visited(s.homeKind)
		if purpose == "" || !visitedKinds()[s.kind] || !s.open {
			return fault.New(fault.Conflict, "Consents are for the open file of somebody who is cared for at a children’s home or a residential family centre.")
		}
		instead := n.Capacity == OfParent && StandIn(purpose, s.kind)
		refused := n.Answer == No
		if !instead || refused {
			n.Because = ""
		}
		if err := fault.Bad(n.wrong(tx.Now, instead)); err != nil {
			return err
		}
		id, err := tx.NewID(ctx)
		if err != nil {
			return err
		}
		if n.From.Before(tx.Now) || refused {
			n.From = tx.Now
		}
		if refused {
			n.Until = n.From
		}
		_, err = tx.Exec(ctx, `
			insert into app.consent (id, record_id, purpose, capacity, who, evidence, stand_in_why, given, from_at, until_at, recorded_by)
			values (@id, @record, @purpose, @capacity, @who, @evidence, @because, @given, @from, @until, @by)`,
			pgx.NamedArgs{"id": id, "record": n.Record, "purpose": purpose, "capacity": n.Capacity, "who": n.Who, "evidence": n.Evidence, "because": n.Because, "given": !refused,
				"from": n.From, "until": n.Until, "by": actor.ID})
		if pg.Broke(err, "consent_young_person_said_no") {
			return fault.At(fault.Conflict, "capacity", "The young person has said no themselves, so nobody’s consent stands in for theirs. Only their own can be recorded.")
		}
		tx.Record(audit.Act{Action: access.RecordConsent, Target: about.Target, Detail: audit.Detail{"consent": id, "capacity": n.Capacity, "refused": refused}})
		return err
	})
}

// wrong is what is to be put right. instead tells that it is in a young person's
// place.
func (n NewConsent) wrong(now time.Time, instead bool) []fault.Field {
	var wrong []fault.Field
	if n.Capacity != OfYoungPerson && n.Capacity != OfParent && n.Capacity != OfAuthority {
		wrong = append(wrong, fault.Field{Name: "capacity", Problem: "Choose who was asked."})
	}
	if n.Answer != Yes && n.Answer != No {
		wrong = append(wrong, fault.Field{Name: "answer", Problem: "Choose whether they consent."})
	}
	wrong = append(wrong, wrongText("who", "Enter who said it.", n.Who)...)
	wrong = append(wrong, wrongText("evidence", "Enter how you know of it.", n.Evidence)...)
	if n.Answer == No {
		return wrong
	}
	if instead {
		wrong = append(wrong, wrongText("because", "Enter why the young person does not understand enough to decide. Where they do, it takes their own consent.", n.Because)...)
	}
	wrong = append(wrong, wrongDays(now, n.From, n.Until)...)
	if n.Until.IsZero() {
		wrong = append(wrong, fault.Field{Name: "until", Problem: "Enter the last day on which the consent counts."})
	}
	return wrong
}

// WithdrawConsent ends a consent at once, and with it what it opened. Whoever
// manages the record may.
func WithdrawConsent(ctx context.Context, db *pg.DB, actor access.Actor, record, consent int64, why string) error {
	about := audit.Act{Action: access.WithdrawConsent, Target: audit.Target{Record: record}, Detail: audit.Detail{"consent": consent}}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		if _, err := siteOf(ctx, tx, record); err != nil {
			return err
		}
		if err := fault.Bad(wrongText("why", "Enter who withdrew it, and what they said.", why)); err != nil {
			return err
		}
		args := pgx.NamedArgs{"id": consent, "record": record, "by": actor.ID, "why": why}
		tag, err := tx.Exec(ctx, `
			insert into app.consent_ending (consent_id, by_actor, how, why) select id, @by, 'withdrawn', @why from app.consent
			where id = @id and record_id = @record and until_at > clock_timestamp()`, args)
		if pg.Broke(err, "consent_ending_pkey") || err == nil && tag.RowsAffected() == 0 {
			return fault.NotThere()
		}
		if err != nil {
			return err
		}
		// what it opened ends with it, by the table's trigger, where what was said twice did not end it already
		_, err = tx.Exec(ctx, `update app.consent set until_at = greatest(from_at, clock_timestamp()) where id = @id and until_at > clock_timestamp()`, args)
		tx.Record(about)
		return err
	})
}

// Consents lists the consents on a record, newest first, and the role of the
// visitors that they are for, "" where there are none. It leaves no footprint: it
// is asked beside an act that does.
func Consents(ctx context.Context, db *pg.DB, actor access.Actor, record int64) (list []Consent, visitor Role, err error) {
	err = pg.Read(ctx, db, actor, func(tx *pg.Tx) error {
		var kind string
		var of access.RecordKind
		err := tx.QueryRow(ctx, `select coalesce(h.kind, ''), r.kind from app.record r left join app.home h on h.id = r.home_id where r.id = @record`,
			pgx.NamedArgs{"record": record}).Scan(&kind, &of)
		if pg.None(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if visitedKinds()[of] {
			visitor = Visited(kind)
		}
		rows, err := tx.Query(ctx, `
			select c.id, c.purpose, c.capacity, c.who, c.evidence, c.stand_in_why as because, c.given, c.from_at as "from", c.until_at as until, coalesce(a.name, '') as by,
				coalesce(b.name, '') as ended_by, coalesce(e.how, '') as how, coalesce(e.why, '') as ended_why
			from app.consent c left join app.actor a on a.id = c.recorded_by left join app.consent_ending e on e.consent_id = c.id left join app.actor b on b.id = e.by_actor
			where c.record_id = @record order by c.id desc`, pgx.NamedArgs{"record": record})
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Consent])
		return err
	})
	return list, visitor, err
}
