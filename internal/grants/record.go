package grants

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// site is where a record lies, for what is given on it.
type site struct {
	provider int64
	home     *int64
	homeKind string
	kind     access.RecordKind
	open     bool
}

// siteOf finds a record that the actor manages, and holds it where it is.
func siteOf(ctx context.Context, tx *audit.Tx, record int64) (site, error) {
	if err := tx.Share(ctx, "record", record); err != nil { // it does not move until this is committed
		return site{}, err
	}
	s, rights, err := whereIs(ctx, tx.Reader(), record)
	if err != nil {
		return s, err
	}
	if _, ok := access.DecideRecord(rights, access.GiveGrant, s.place(record)); !ok {
		return s, fault.New(fault.Forbidden, "Only somebody who manages this record can do this. Ask its manager.")
	}
	return s, nil
}

// place is where a record stands before access.Decide.
func (s site) place(record int64) access.Place {
	p := access.Place{Provider: s.provider, Record: record, Class: access.ClassOf(s.kind, access.General)}
	if s.home != nil {
		p.Home = *s.home
	}
	return p
}

// whereIs finds a record that the actor sees at all, and what they hold.
func whereIs(ctx context.Context, tx *pg.Tx, record int64) (s site, rights access.Rights, err error) {
	err = tx.QueryRow(ctx, `select r.provider_id, r.home_id, coalesce(h.kind, ''), r.kind, r.open from app.record r left join app.home h on h.id = r.home_id where r.id = @record`,
		pgx.NamedArgs{"record": record}).Scan(&s.provider, &s.home, &s.homeKind, &s.kind, &s.open)
	if pg.None(err) {
		return s, rights, fault.NotThere()
	}
	if err != nil {
		return s, rights, err
	}
	rights, err = tx.Rights(ctx)
	return s, rights, err
}

// OwnKinds are the kinds of record that somebody can be let read as their own, and
// the role that it is.
func OwnKinds() map[access.RecordKind]Role {
	return map[access.RecordKind]Role{access.YoungPerson: YoungPerson, access.Parent: Parent}
}

// Reading lets somebody read their own file.
type Reading struct {
	Record      int64
	Email       string         // by which the sign-in service knows them
	To          access.ActorID // whom the address was shown to belong to: see WhoReads
	From, Until time.Time
	Why         string
	Checked     string // how it was made sure that it is them
}

// Reader is somebody whom an address belongs to, as they are shown before anything is
// opened to them.
type Reader struct {
	ID          access.ActorID
	Name, Email string
	Service     string // the sign-in service that knows them
	Since       time.Time
	Works       bool // has a role here: it may be somebody else than one thinks
	ReadsOther  bool // reads another file as their own
}

// WhoReads tells to whom LetRead would open the file, where it would: an address may
// belong to somebody else than one thinks. Its faults are those of LetRead. Looking is
// recorded.
func WhoReads(ctx context.Context, db *pg.DB, actor access.Actor, r Reading) (Reader, error) {
	var who Reader
	about := audit.Act{Action: access.GiveGrant, Target: audit.Target{Record: r.Record}, Detail: audit.Detail{"basis": "data-subject"}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		id, _, _, err := r.meant(ctx, tx)
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `select a.id, a.name, a.email, a.issuer, a.created_at, coalesce(bool_or(h.record_id is null), false), coalesce(bool_or(h.record_id is not null), false)
			from app.actor a left join app.role_held h on h.actor_id = a.id and h.until_at > greatest(h.from_at, now()) where a.id = @id group by a.id`,
			pgx.NamedArgs{"id": id}).Scan(&who.ID, &who.Name, &who.Email, &who.Service, &who.Since, &who.Works, &who.ReadsOther)
		tx.Record(audit.Act{Action: access.ViewPerson, Target: about.Target, Detail: audit.Detail{"actor": id}})
		return err
	})
	return who, err
}

// LetRead lets a young person or a parent read the general and the sensitive
// section of their own record, and nothing else. Whoever manages the record may, and
// says to whom: an address that belongs to another is a Conflict. Its faults name the
// fields email, from, until, why and checked; consulted, a Conflict, where something
// that was restricted once is not released to them yet (ToRelease says where that is
// mended).
func LetRead(ctx context.Context, db *pg.DB, actor access.Actor, r Reading) (int64, error) {
	var id int64
	about := audit.Act{Action: access.GiveGrant, Target: audit.Target{Record: r.Record}, Detail: audit.Detail{"basis": "data-subject"}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		who, s, role, err := r.meant(ctx, tx)
		if err != nil {
			return err
		}
		if who != r.To {
			return fault.At(fault.Conflict, "email", "This address belongs to somebody else than you were shown. Look again who it is.")
		}
		g := Giving{To: who, Role: role, Provider: s.provider, From: r.From, Until: r.Until, Why: r.Why, Own: r.Record, Checked: r.Checked}
		if s.home != nil {
			g.Home = *s.home
		}
		if g.From.Before(tx.Now) {
			g.From = tx.Now
		}
		id, err = GiveIn(ctx, tx, g)
		return err
	})
	if pg.Broke(err, "grants_released") {
		err = toAsk(ctx, db, actor, r.Record)
	}
	return id, err
}

// meant finds whom a record can be opened to as their own, with the record's place and
// the role that it is.
func (r Reading) meant(ctx context.Context, tx *audit.Tx) (access.ActorID, site, Role, error) {
	s, err := siteOf(ctx, tx, r.Record)
	if err != nil {
		return 0, s, "", err
	}
	role, ok := OwnKinds()[s.kind]
	if !ok {
		return 0, s, "", fault.New(fault.Conflict, "Only a young person’s or a parent’s own file can be opened to them.")
	}
	who, wrong, err := r.wrong(ctx, tx)
	if err != nil {
		return 0, s, role, err
	}
	if err := fault.Bad(wrong); err != nil {
		return 0, s, role, err
	}
	if err := notLeft(ctx, tx, who, "email"); err != nil {
		return 0, s, role, err
	}
	var has bool
	err = tx.QueryRow(ctx, `select exists (select from app.role_held where actor_id = @who and record_id = @record and until_at > now())`,
		pgx.NamedArgs{"who": who, "record": r.Record}).Scan(&has)
	if err == nil && has {
		err = fault.At(fault.Conflict, "email", "This person reads this file already. End that first, or leave it as it is.")
	}
	return who, s, role, err
}

func (r Reading) wrong(ctx context.Context, tx *audit.Tx) (access.ActorID, []fault.Field, error) {
	who, wrong, err := byEmail(ctx, tx, r.Email)
	if err != nil {
		return 0, nil, err
	}
	wrong = append(wrong, wrongDays(tx.Now, r.From, r.Until)...)
	wrong = append(wrong, wrongText("why", "Enter why they read it now.", r.Why)...)
	return who, append(wrong, wrongText("checked", "Enter how you made sure that it is them.", r.Checked)...), nil
}

// byEmail finds whom the sign-in service knows by an address. Names are not
// offered: who reads their own file is nobody else's to know.
func byEmail(ctx context.Context, tx *audit.Tx, email string) (access.ActorID, []fault.Field, error) {
	wrong := func(problem string) (access.ActorID, []fault.Field, error) {
		return 0, []fault.Field{{Name: "email", Problem: problem}}, nil
	}
	if strings.TrimSpace(email) == "" {
		return wrong("Enter the e-mail address with which they sign in.")
	}
	rows, err := tx.Query(ctx, `select id from app.actor where provider_id = @provider and kind = 'person' and lower(email) = lower(@email) limit 2`,
		pgx.NamedArgs{"provider": tx.Actor.Provider, "email": strings.TrimSpace(email)})
	if err != nil {
		return 0, nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[access.ActorID])
	switch {
	case err != nil:
		return 0, nil, err
	case len(found) == 0:
		return wrong("Nobody who was taken in here signs in with this address. Let them sign in once, and ask an administrator to take them in under “Sign-ins”. Only an address that the sign-in service says is theirs counts.")
	case len(found) > 1:
		return wrong("More than one person was taken in with this address. Ask an administrator.")
	}
	return found[0], nil, nil
}

func wrongDays(now, from, until time.Time) []fault.Field {
	var wrong []fault.Field
	begins := orElse(from, now)
	if clock.DayOf(begins).Before(clock.DayOf(now)) {
		wrong = append(wrong, fault.Field{Name: "from", Problem: "It begins today or later. Enter today, or a day to come."})
	}
	if !until.IsZero() && (!until.After(begins) || !until.After(now)) {
		wrong = append(wrong, fault.Field{Name: "until", Problem: "The last day lies before the first. Enter a later one."})
	}
	return wrong
}

// wrongText checks several lines that a person typed.
func wrongText(name, empty, text string) []fault.Field {
	if strings.TrimSpace(text) == "" {
		return []fault.Field{{Name: name, Problem: empty}}
	}
	return fault.CheckLine(name, strings.ReplaceAll(text, "\n", " "))
}

// EndGrant ends what was given on a record to one person: a key worker's grant, that
// it was opened to an inspector, or that somebody reads their own file. It ends with the next byte. Whoever manages
// the record may.
func EndGrant(ctx context.Context, db *pg.DB, actor access.Actor, record, grant int64, why string) error {
	about := audit.Act{Action: access.EndGrant, Target: audit.Target{Record: record}, Detail: audit.Detail{"grant": grant}}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		if _, err := siteOf(ctx, tx, record); err != nil {
			return err
		}
		if err := fault.Bad(wrongText("why", "Enter a reason.", why)); err != nil {
			return err
		}
		var basis string
		var held *int64
		err := tx.QueryRow(ctx, `select basis, role_held_id from app.grants where id = @id and scope = @scope and scope_id = @record and valid_until > clock_timestamp()`,
			pgx.NamedArgs{"id": grant, "record": record, "scope": access.AtRecord}).Scan(&basis, &held)
		if pg.None(err) {
			return fault.NotThere()
		}
		if err != nil {
			return err
		}
		tx.Record(about)
		if basis == "data-subject" && held != nil {
			return EndIn(ctx, tx, *held, why)
		}
		if basis != "key-worker" && basis != "inspector-pass" {
			return fault.New(fault.Conflict, "This does not end here. It follows from a role, from consents, or ends by itself.")
		}
		args := pgx.NamedArgs{"id": grant, "by": actor.ID, "why": why}
		if _, err := tx.Exec(ctx, `insert into app.grant_ending (grant_id, by_actor, how, why) values (@id, @by, 'by-hand', @why)`, args); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `update app.grants set valid_until = greatest(valid_from, clock_timestamp()) where id = @id and valid_until > clock_timestamp()`, args)
		return err
	})
}
