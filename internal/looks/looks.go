// Package looks is looking at who has looked: footprints by record, document,
// person and place, with the basis by which each thing was seen; in plain words
// for whoever a record is about; concerns about a look; questions to whoever
// looked; and what is out of the ordinary.
//
// It promises that nobody is shown a footprint that they may not audit, but for
// their own, of which a refusal is shown only while they see what was refused; that an auditor who may not read is shown no title; that the one
// whom a concern is about never sees it; and that whoever a record is about
// learns roles and reasons, no names, and of no document that they may not read.
// Looking at footprints is a footprint too.
//
// It reads any table and writes only its own: concern, concern_event,
// look_question, look_answer and looked_into. The database applies the rule
// (migrations/00016_looks.sql); docs/design/looks.md says why.
package looks

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/pg"
)

// Held is a role that somebody held, and where: "" for the whole provider.
type Held struct {
	Role grants.Role
	Home string
}

// Way is a basis by which something was seen; Held where it was a role.
type Way struct {
	Basis string // role, key-worker, break-glass, inspector-pass, portal-link, data-subject
	Held
}

// Look is a footprint as it is shown: with where it was left, and what its actor
// was at that time.
type Look struct {
	audit.Footprint
	Record     *int64
	RecordName string             // "" where the reader may not read or manage the record
	Kind       *access.RecordKind // of the record
	Sought     string             // what was sought by an act that was refused: "document 1017"
	Audited    bool               // the reader audits it, and not only left it
	Mine       bool               // the reader left it
	Roles      []Held             `db:"-"` // then
	Ways       []Way              `db:"-"` // by which it was seen then

	HeldText []string
	WaysText []string
}

// Act narrows footprints to a sort of act.
type Act string

// The sorts of act. Whatever is no look is a change.
const (
	AnyAct  Act = ""
	Looked  Act = "looked"
	Changed Act = "changed"
	Refused Act = "refused"
)

// Acts lists the sorts of act, in the order in which a page offers them.
func Acts() []Act { return []Act{AnyAct, Looked, Changed, Refused} }

// Filter narrows a list of footprints. Zero values do not.
type Filter struct {
	From, Until time.Time
	Act         Act
	Person      access.ActorID
	Before      int64 // those before the footprint with this id: the next page
	Limit       int
}

func (f Filter) args() pgx.NamedArgs {
	a := pgx.NamedArgs{"from": any("-infinity"), "until": any("infinity"), "act": string(f.Act), "person": f.Person, "before": int64(math.MaxInt64), "limit": f.Limit}
	if !f.From.IsZero() {
		a["from"] = f.From
	}
	if !f.Until.IsZero() {
		a["until"] = f.Until
	}
	if f.Before != 0 {
		a["before"] = f.Before
	}
	return a
}

// detail is what a footprint of looking keeps of the filter.
func (f Filter) detail(more audit.Detail) audit.Detail {
	d := audit.Detail{}
	for name, t := range map[string]time.Time{"period_from": f.From, "period_until": f.Until} {
		if !t.IsZero() {
			d[name] = t.UTC().Format(time.RFC3339)
		}
	}
	if f.Act != AnyAct {
		d["act"] = string(f.Act)
	}
	if f.Person != 0 {
		d["actor"] = f.Person
	}
	for k, v := range more {
		d[k] = v
	}
	return d
}

// narrow is the filter in SQL, on the footprint f.
const narrow = ` f.at >= @from::timestamptz and f.at < @until::timestamptz and (@person::bigint = 0 or f.actor_id = @person)
	and case @act when '' then true when 'refused' then f.outcome <> 'done' when 'looked' then f.outcome = 'done' and app.is_look(f.action) else f.outcome = 'done' and not app.is_look(f.action) end `

// about gives the looks whose ids the common table "these" holds.
const about = `, seen as materialized (select * from app.how_seen(array(select id from these)))
	select f.id, f.at, f.actor_id, ` + audit.ActorName + ` as actor, coalesce(a.post_title, '') as post_title, f.action, f.outcome,
		f.document_id as document, coalesce(d.title, '') as title, v.number as version, f.detail,
		f.record_id as record, coalesce(r.name, '') as record_name, (f.class / 3)::smallint as kind, f.sought,
		coalesce(s.audited, false) as audited, f.actor_id = app.me() as mine, coalesce(s.roles, '{}') as held_text, coalesce(s.ways, '{}') as ways_text
	from these join app.footprint f on f.id = these.id
	left join seen s on s.footprint_id = f.id
	left join app.actor a on a.id = f.actor_id
	left join app.record r on r.id = f.record_id
	left join app.document d on d.id = f.document_id
	left join app.version v on v.id = f.version_id
	order by these.place desc, f.id desc`

const (
	ofRecord   = `with these as materialized (select f.id, f.id as place from app.footprint f where f.record_id = @id and f.id < @before and` + narrow + `order by f.id desc limit @limit)` + about
	ofDocument = `with these as materialized (select f.id, f.id as place from app.footprint f where f.document_id = @id and f.id < @before and` + narrow + `order by f.id desc limit @limit)` + about
	ofPerson   = `with these as materialized (select f.id, f.id as place from app.footprint f where f.actor_id = @person and f.id < @before and` + narrow + `order by f.id desc limit @limit)` + about
	ofIDs      = `with these as materialized (select f.id, f.id as place from app.footprint f where f.id = any (@ids))` + about

	later = ` and (f.at, f.id) < (@before_at::timestamptz, @before) and` + narrow + `order by f.at desc, f.id desc limit @limit)`

	// one walk of an index for each place where the reader audits; where a record came from another setting, its footprints from there
	everywhere = `with these as materialized (
		select x.id, x.at as place from (
			select distinct y.id, y.at from app.scopes(64) s cross join lateral (
				(select f.id, f.at from app.footprint f where s.scope = 0 and f.provider_id = s.scope_id` + later + `
				union all
				(select f.id, f.at from app.footprint f where s.scope = 1 and f.home_id = s.scope_id` + later + `
				union all
				(select m.id, m.at from app.moved_in(s.scope_id) r cross join lateral (select f.id, f.at from app.footprint f where f.record_id = r.id and f.home_id is distinct from r.home_id` + later + ` m
					where s.scope = 1)
				union all
				(select f.id, f.at from app.footprint f where s.scope = 2 and f.record_id = s.scope_id` + later + `
				union all
				(select f.id, f.at from app.footprint f where s.scope = 3 and f.document_id = s.scope_id` + later + `
			) y
		) x order by x.at desc, x.id desc limit @limit)` + about
)

// collect runs one of the statements above.
func collect(ctx context.Context, tx *pg.Tx, sql string, args pgx.NamedArgs) ([]Look, error) {
	rows, err := tx.Query(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Look])
	for i := range list {
		l := &list[i]
		for _, t := range l.HeldText {
			l.Roles = append(l.Roles, held(t))
		}
		for _, t := range l.WaysText {
			basis, rest, _ := strings.Cut(t, ":")
			l.Ways = append(l.Ways, Way{basis, held(rest)})
		}
	}
	return list, err
}

func held(text string) Held {
	role, home, _ := strings.Cut(text, "@")
	return Held{grants.Role(role), home}
}

// audits tells whether the actor audits anything at all.
func audits(ctx context.Context, tx *pg.Tx) (bool, error) {
	rights, err := tx.Rights(ctx)
	if err != nil {
		return false, err
	}
	return access.Anywhere(rights, func(g access.Grant) bool { return g.Rights&access.Audit != 0 }), nil
}

// needAudit refuses whoever audits nothing.
func needAudit(ctx context.Context, tx *pg.Tx) error {
	ok, err := audits(ctx, tx)
	if err == nil && !ok {
		err = fault.NotThere()
	}
	return err
}
