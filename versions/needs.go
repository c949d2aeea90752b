package versions

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/pg"
)

// Need is something that waits for somebody: a version for approval, or a
// document whose review is due.
type Need struct {
	Document   int64
	Title      string
	Number     int
	Record     int64
	RecordName string
	HomeName   string
	By, Post   string // who sent the version
	At         time.Time
	Note       string
	ReviewOn   *time.Time
}

// Needs is what waits for an actor at one moment.
type Needs struct {
	Today   clock.Day
	Approve []Need // versions of others that they may approve
	Sent    []Need // their own versions that wait for another
	Review  []Need // in force, with a review overdue or due within soon, that they may approve
	InForce int    // documents that need approval and are in force where they may approve
	Soon    int    // of these, with a review due within soon
	Late    int    // and overdue
}

const (
	// soon is how far ahead a review is told of.
	soon = 60 * 24 * time.Hour
	// mostNeeds is how many documents are looked through.
	mostNeeds = 2000
)

// Needs tells what waits for the actor. It is driven from the places where they
// may add or approve. Looking is recorded.
func (k *Keeper) Needs(ctx context.Context, actor access.Actor) (Needs, error) {
	var n Needs
	about := audit.Act{Action: access.ViewNeeds}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		n.Today = clock.DayOf(tx.Now)
		rows, err := tx.Query(ctx, `
			with reach as (select app.reach(4) as approve, app.shields() as shields), mine as (
				select distinct on (x.id) x.* from app.scopes(6) s cross join lateral (
					(select d.* from app.document d where s.scope = 0 and d.provider_id = s.scope_id and d.needs_approval limit @most)
					union all
					(select d.* from app.document d where s.scope = 1 and d.home_id = s.scope_id and d.needs_approval limit @most)
					union all
					(select d.* from app.document d where s.scope = 2 and d.record_id = s.scope_id and d.needs_approval limit @most)
				) x order by x.id
			)
			select d.id, d.title, r.id, r.name, coalesce(h.name, ''),
				app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, reach.approve, reach.shields),
				w.number, coalesce(w.author, ''), coalesce(w.post_title, ''), w.recorded_at, coalesce(w.note, ''), coalesce(w.author_id, 0),
				c.number, c.review_on
			from mine d cross join reach
			join app.record r on r.id = d.record_id
			left join app.home h on h.id = d.home_id
			left join lateral (
				select v.number, (select a.name from app.actor a where a.id = v.author_id) as author, v.post_title, v.recorded_at, v.note, v.author_id
				from app.version v
				where v.document_id = d.id and not exists (
					select from app.version l join app.decision x on x.version_id = l.id where l.document_id = d.id and l.number >= v.number)
				order by v.number desc limit 1
			) w on true
			left join lateral (
				select v.number, v.review_on from app.standing s join app.version v on v.id = s.version_id
				where s.document_id = d.id and s.in_from <= @now and s.in_to > @now and s.known_to = 'infinity' limit 1
			) c on true
			order by coalesce(w.recorded_at, 'infinity'), c.review_on, d.id`,
			pgx.NamedArgs{"most": mostNeeds, "now": tx.Now})
		if err != nil {
			return err
		}
		tx.Record(about)
		return n.gather(rows, tx.Now, actor.ID)
	})
	return n, err
}

// gather sorts rows into what waits.
func (n *Needs) gather(rows pgx.Rows, now time.Time, me access.ActorID) error {
	var d Need
	var may bool
	var waits, holds *int
	var at, review *time.Time
	var author access.ActorID
	into := []any{&d.Document, &d.Title, &d.Record, &d.RecordName, &d.HomeName, &may, &waits, &d.By, &d.Post, &at, &d.Note, &author, &holds, &review}
	_, err := pgx.ForEachRow(rows, into, func() error {
		if waits != nil {
			d.Number, d.At = *waits, *at
			switch {
			case author == me:
				n.Sent = append(n.Sent, d)
			case may:
				n.Approve = append(n.Approve, d)
			}
		}
		if holds != nil && may {
			n.review(d, *holds, review, now)
		}
		return nil
	})
	return err
}

// review counts a document that is in force, and lists it when its review is near.
func (n *Needs) review(d Need, number int, on *time.Time, now time.Time) {
	n.InForce++
	if on == nil || on.After(now.Add(soon)) {
		return
	}
	if clock.DayOf(*on).Before(n.Today) {
		n.Late++
	} else {
		n.Soon++
	}
	day := *on
	d.Number, d.ReviewOn = number, &day
	n.Review = append(n.Review, d)
}

// News is a version that has come lately.
type News struct {
	Document int64
	Title    string
	Number   int
	HomeName string
	By       string
	At       time.Time
	State    string // approved, submitted, added
}

// News gives the newest versions where the actor reads, newest first, at most
// limit. It leaves no footprint: it is asked beside Needs, which does.
func (k *Keeper) News(ctx context.Context, actor access.Actor, limit int) ([]News, error) {
	var list []News
	err := pg.Read(ctx, k.db, actor, func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `
			with lately as (
				select distinct on (x.latest_at, x.id) x.* from app.scopes(1) s cross join lateral (
					(select d.* from app.document d where s.scope = 0 and d.provider_id = s.scope_id order by d.latest_at desc, d.id desc limit @limit)
					union all
					(select d.* from app.document d where s.scope = 1 and d.home_id = s.scope_id order by d.latest_at desc, d.id desc limit @limit)
					union all
					(select d.* from app.document d where s.scope = 2 and d.record_id = s.scope_id order by d.latest_at desc, d.id desc limit @limit)
				) x order by x.latest_at desc, x.id desc limit @limit
			)
			select d.id, d.title, v.number, coalesce(h.name, ''), coalesce((select a.name from app.actor a where a.id = v.author_id), ''), v.recorded_at,
				case when not d.needs_approval then 'added' when exists (select from app.decision x where x.version_id = v.id) then 'approved' else 'submitted' end
			from lately d
			join lateral (select v.* from app.version v where v.document_id = d.id order by v.number desc limit 1) v on true
			left join app.home h on h.id = d.home_id
			order by d.latest_at desc, d.id desc`, pgx.NamedArgs{"limit": limit})
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[News])
		return err
	})
	return list, err
}
