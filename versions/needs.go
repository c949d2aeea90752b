package versions

import (
	"context"
	"slices"
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
	Approve []Need // versions of others that they may approve, the longest waiting first
	Sent    []Need // their own versions that wait for another
	Review  []Need // in force in an open record, with a review overdue or due within soon, that they may approve; the earliest first
	InForce int    // documents that need approval and are in force in an open record, where they may approve
	Soon    int    // of these, with a review due within soon
	Late    int    // and overdue
}

// soon is how many days ahead a review is told of.
const soon = 60

// Needs tells what waits for the actor. It is driven from the places where they
// may add or approve, and walks the documents there that need approval, which are
// few beside all the others. Looking is recorded.
func (k *Keeper) Needs(ctx context.Context, actor access.Actor) (Needs, error) {
	var n Needs
	about := audit.Act{Action: access.ViewNeeds}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		n.Today = clock.DayOf(tx.Now)
		rows, err := tx.Query(ctx, waiting, pgx.NamedArgs{"now": tx.Now})
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[waits])
		if err != nil {
			return err
		}
		for _, w := range list {
			n.add(w)
		}
		slices.SortStableFunc(n.Review, func(a, b Need) int { return a.ReviewOn.Compare(*b.ReviewOn) })
		tx.Record(about)
		return nil
	})
	return n, err
}

// waiting gives the documents that need approval at the actor's places, with the
// newest version of each where nothing was decided about it, and the one in force.
// The rule is asked once for each document (app.heads_of). An earlier version waits no more: the newest is what would hold. A version with
// content of the actor's own is not theirs to approve, whoever brought it back.
const waiting = `
	with reach as materialized (select app.reach(4) as approve, app.shields() as shields, app.my_kind() = 'person' as person), mine as (
		select distinct on (x.id) x.* from app.scopes(6) s cross join lateral (
			select d.* from app.document d where s.scope = 0 and d.provider_id = s.scope_id and d.needs_approval
			union all
			select d.* from app.document d where s.scope = 1 and d.home_id = s.scope_id and d.needs_approval
			union all
			select d.* from app.document d where s.scope = 2 and d.record_id = s.scope_id and d.needs_approval
		) x order by x.id
	)
	select d.id, d.title, r.id, r.name, coalesce(p.name, ''), r.open,
		reach.person and app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, reach.approve, reach.shields),
		coalesce(w.number, 0), coalesce(w.author, ''), coalesce(w.post_title, ''), w.recorded_at, coalesce(w.note, ''),
		coalesce(w.author_id = app.me(), false),
		w.number is not null and exists (select from app.version o where o.document_id = d.id and o.sha256 = w.sha256 and o.author_id = app.me()),
		coalesce(h.holds, 0), h.review_on
	from app.heads_of(array(select m.id from mine m), @now) h
	join mine d on d.id = h.document_id
	cross join reach
	join app.record r on r.id = d.record_id
	left join app.home p on p.id = d.home_id
	left join lateral (select v.*, (select a.name from app.actor a where a.id = v.author_id) as author from app.version v where v.id = h.waits) w on true
	where w.number is not null or h.holds is not null
	order by coalesce(w.recorded_at, 'infinity'), d.id`

// waits is a row of it.
type waits struct {
	Document   int64
	Title      string
	Record     int64
	RecordName string
	HomeName   string
	Open, May  bool
	Waiting    int // 0: nothing waits
	By, Post   string
	At         *time.Time
	Note       string
	Wrote, Own bool // the actor sent it; it is, or repeats, what they once wrote
	Holds      int  // 0: none is in force
	ReviewOn   *time.Time
}

// add sorts a row into what waits.
func (n *Needs) add(w waits) {
	d := Need{Document: w.Document, Title: w.Title, Record: w.Record, RecordName: w.RecordName, HomeName: w.HomeName}
	if w.Waiting != 0 {
		v := d
		v.Number, v.By, v.Post, v.At, v.Note = w.Waiting, w.By, w.Post, *w.At, w.Note
		switch {
		case w.Wrote:
			n.Sent = append(n.Sent, v)
		case w.May && !w.Own:
			n.Approve = append(n.Approve, v)
		}
	}
	if w.Holds == 0 || !w.May || !w.Open {
		return
	}
	n.InForce++
	if w.ReviewOn == nil || n.Today.Plus(soon).Before(clock.DayOf(*w.ReviewOn)) {
		return
	}
	if clock.DayOf(*w.ReviewOn).Before(n.Today) {
		n.Late++
	} else {
		n.Soon++
	}
	d.Number, d.ReviewOn = w.Holds, w.ReviewOn
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
// limit. Each class of content at each place is one short walk of an index, so
// that what the actor may not read costs nothing. It leaves no footprint: it is
// asked beside Needs, which does.
func (k *Keeper) News(ctx context.Context, actor access.Actor, limit int) ([]News, error) {
	var list []News
	err := pg.Read(ctx, k.db, actor, func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `
			with places as (
				select distinct g.scope, g.scope_id, c::smallint as class from app.my_grants() g, generate_series(0, 14) c where g.rights & 1 = 1 and g.mask >> c & 1 = 1
					and c % 3 <> 2 -- what is restricted does not stand on a page that is open all day
			), lately as (
				select distinct on (x.latest_at, x.id) x.* from places s cross join lateral (
					(select d.* from app.document d where s.scope = 0 and d.provider_id = s.scope_id and d.class = s.class order by d.latest_at desc, d.id desc limit @limit)
					union all
					(select d.* from app.document d where s.scope = 1 and d.home_id = s.scope_id and d.class = s.class order by d.latest_at desc, d.id desc limit @limit)
					union all
					(select d.* from app.document d where s.scope = 2 and d.record_id = s.scope_id and d.class = s.class order by d.latest_at desc, d.id desc limit @limit)
				) x order by x.latest_at desc, x.id desc limit @limit
			)
			select d.id, d.title, v.number, coalesce(h.name, ''), coalesce((select a.name from app.actor a where a.id = v.author_id), ''), v.recorded_at,
				case when not d.needs_approval then 'added'
					when exists (select from app.decision x where x.document_id = d.id and x.version_id = v.id and x.verdict = 'approved') then 'approved' else 'submitted' end
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
