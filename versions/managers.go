package versions

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
)

// Manager is somebody who was the registered manager of a setting on a day,
// with the qualifications in their staff file that were in force then.
type Manager struct {
	Name           string
	Since          time.Time
	Qualifications []Qualification
}

// Qualification is a document of a staff file.
type Qualification struct {
	Document int64
	Number   int
	Title    string
	From     time.Time
}

// Managers tells who managed a setting on a day, to whoever reads its policies;
// of their staff files it shows what the reader may see. Looking is recorded.
func (k *Keeper) Managers(ctx context.Context, actor access.Actor, home int64, day clock.Day) ([]Manager, error) {
	var list []Manager
	about := audit.Act{Action: access.ListDocuments, Target: audit.Target{Home: home}}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		rows, err := tx.Query(ctx, `
			select m.actor_id, m.name, m.since, coalesce(r.id, 0), coalesce(q.id, 0), coalesce(q.title, ''), coalesce(q.number, 0), coalesce(q.in_from, m.since)
			from app.managers_at(@home, @start, @end) m
			left join app.record r on r.actor_id = m.actor_id and r.kind = @staff
			left join lateral (
				select d.id, d.title, v.number, s.in_from from app.document d
				join app.standing s on s.document_id = d.id and s.in_from <= @start and s.in_to > @start and s.known_to = 'infinity'
				join app.version v on v.id = s.version_id
				where d.record_id = r.id and d.kind = 'qualification'
				order by s.in_from desc, d.id limit @most
			) q on true
			order by m.since, m.actor_id, r.id, q.in_from desc, q.id`,
			pgx.NamedArgs{"home": home, "start": day.Start(), "end": day.Next().Start(), "staff": access.Staff, "most": mostQualifications})
		if err != nil {
			return err
		}
		if list, err = gatherManagers(tx, rows); err == nil {
			tx.Record(about)
		}
		return err
	})
	return list, err
}

// mostQualifications is how many are shown of one person.
const mostQualifications = 6

// gatherManagers puts the rows of each person together, and records the look
// into their staff file.
func gatherManagers(tx *audit.Tx, rows pgx.Rows) ([]Manager, error) {
	var list []Manager
	var id, last, file, looked int64
	var m Manager
	var q Qualification
	_, err := pgx.ForEachRow(rows, []any{&id, &m.Name, &m.Since, &file, &q.Document, &q.Title, &q.Number, &q.From}, func() error {
		if id != last {
			last = id
			list = append(list, m)
		}
		if q.Document != 0 && file != looked {
			looked = file
			tx.Record(audit.Act{Action: access.ListDocuments, Target: audit.Target{Record: file}})
		}
		if q.Document != 0 {
			list[len(list)-1].Qualifications = append(list[len(list)-1].Qualifications, q)
		}
		return nil
	})
	return list, err
}
