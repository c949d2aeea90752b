package grants

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/pg"
)

// OutsideNeeds is what waits for somebody about access outside a role and about
// declared relatives.
type OutsideNeeds struct {
	Mine     []Outside  // their own that is running, waits for a manager, or owes what oversight came to
	Decide   []Outside  // a longer time that they may approve
	Running  []Outside  // on records that they manage: told at once
	Review   []Outside  // over, and not reviewed
	Judge    []Outside  // escalated to them
	Declared []Declared // relatives and friends in words, on which nobody has acted
	More     bool       // there are more of some kind of others' than are told
}

// mostNeeds is how many of each are told.
const mostNeeds = 30

// OutsideNeedsOf tells what waits for the actor. Managers are told about records
// that they manage; whoever answers for the whole provider about what is
// escalated, and about records that belong to no setting. It leaves no
// footprint: it is asked beside an act that does.
func OutsideNeedsOf(ctx context.Context, db *pg.DB, actor access.Actor) (OutsideNeeds, error) {
	var n OutsideNeeds
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) error {
		mine, err := outsides(ctx, tx, `select `+outsideColumns+outsideTables+`
			where a.actor_id = @me and (g.until_at > statement_timestamp() or a.wanted <> 'day' and d.at is null and e.at is null
				or a.reason = 'oversight' and g.from_at is not null and not exists (select from app.outside_note n where n.access_id = a.id and n.kind = 'oversight'))
			order by a.id limit @limit`, pgx.NamedArgs{"me": actor.ID, "limit": mostNeeds})
		if err != nil {
			return err
		}
		n.Mine = mine
		rights, err := tx.Rights(ctx)
		if err != nil {
			return err
		}
		if manages := slices.ContainsFunc(rights.Grants, func(g access.Grant) bool { return g.Rights&access.Manage != 0 }); manages {
			if n.Declared, err = declared(ctx, tx, `where d.actor_id <> @me and d.words <> '' and app.manages_person(d.actor_id)
				and not exists (select from app.relative_act x where x.relative_id = d.id) order by d.id limit @limit`, pgx.NamedArgs{"me": actor.ID, "limit": mostNeeds}); err != nil {
				return err
			}
		} else if !Attends(rights) {
			return nil
		}
		return n.others(ctx, tx)
	})
	return n, err
}

// What waits of others' accesses on records that the actor answers for, and is not
// settled. A record in a setting is told to whoever manages it; one in none, and
// what is escalated, to whoever answers for the whole provider.
const (
	othersOpen = `
		where a.actor_id <> @me and a.provider_id = @provider and app.answers_for(a.record_id, app.shields())`
	toldHere   = othersOpen + ` and (@manages or r.home_id is null)`
	waiting    = `(a.wanted <> 'day' and d.at is null and e.at is null and v.verdict is null)`
	needDecide = toldHere + ` and ` + waiting + ` order by a.id limit @limit`
	// not those that wait for a decision meanwhile, or for a judgement: they are told as that
	needRunning = toldHere + ` and not ` + waiting + ` and (v.verdict is distinct from 'escalated' or w.verdict is not null) and g.until_at > statement_timestamp() order by a.id desc limit @limit`
	needReview  = toldHere + ` and not ` + waiting + ` and v.verdict is null and g.until_at <= statement_timestamp() order by a.id limit @limit`
	needJudge   = othersOpen + ` and v.verdict = 'escalated' and w.verdict is null and v.by_actor <> @me and app.answers_wide(a.record_id, app.shields()) order by a.id limit @limit`
)

// others finds what waits on records that the actor answers for: each kind by a
// query of its own, so that many of one do not hide another.
func (n *OutsideNeeds) others(ctx context.Context, tx *pg.Tx) error {
	rights, err := tx.Rights(ctx)
	if err != nil {
		return err
	}
	args := pgx.NamedArgs{"me": tx.Actor.ID, "provider": tx.Actor.Provider, "manages": managesRecord(rights), "limit": mostNeeds + 1}
	for _, kind := range []struct {
		where string
		into  *[]Outside
	}{{needDecide, &n.Decide}, {needRunning, &n.Running}, {needReview, &n.Review}, {needJudge, &n.Judge}} {
		if *kind.into, err = outsides(ctx, tx, `select `+outsideColumns+outsideTables+kind.where, args); err != nil {
			return err
		}
		if len(*kind.into) > mostNeeds {
			*kind.into, n.More = (*kind.into)[:mostNeeds], true
		}
	}
	return nil
}

// managesRecord tells whether somebody who answers for a record is the one to whom
// its setting is entrusted. Whoever answers for the whole provider holds no such
// right.
func managesRecord(r access.Rights) bool {
	return slices.ContainsFunc(r.Grants, func(g access.Grant) bool { return g.Rights&access.Manage != 0 && g.Scope != access.AtProvider })
}
