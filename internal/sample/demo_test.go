package sample_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"custodian/internal/clock"
	"custodian/internal/pgtest"
	"custodian/internal/sample"
	"custodian/storage"
	"custodian/storage/storagetest"
	"custodian/versions"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// planted is a demonstration, told up to the earliest day on which it can be.
type planted struct {
	pgtest.Database
	*sample.Planted
	keeper *versions.Keeper
	told   int // acts, as its progress says
}

const today = "2026-07-01"

func day(t *testing.T, s string) clock.Day {
	t.Helper()
	d, err := clock.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// plant plants the whole demonstration in a database of its own.
func plant(ctx context.Context, db pgtest.Database, dir string, on clock.Day) (*planted, error) {
	p := &planted{Database: db}
	root, err := storage.NewFileRoot(dir + "/root.key")
	if err != nil {
		return nil, err
	}
	ring, err := storage.OpenKeyring(dir+"/keyring", root)
	if err != nil {
		return nil, err
	}
	p.keeper = versions.New(versions.Options{DB: db.DB, Sealed: storage.NewSealed(storagetest.Memory(), ring), UploadLimit: 1 << 20})
	users := sample.Everybody("demo")
	for i := range users {
		users[i].Subject = "subject of " + users[i].ID
	}
	p.Planted, err = sample.Plant(ctx, sample.Options{DB: db.DB, Keeper: p.keeper, Seed: "demo", Issuer: "https://sign-in.example", Users: users, Super: db.Super, Today: on,
		Progress: func(done, total int) {
			if p.told++; done != p.told || done > total {
				err = fmt.Errorf("act %d is told as %d of %d", p.told, done, total)
			}
		}})
	return p, err
}

// The demonstration is planted twice, side by side; everything is asked of the
// first, and the second must equal it.
func TestDemonstration(t *testing.T) {
	t.Parallel()
	var both [2]*planted
	done := make(chan error, len(both))
	for i := range both {
		db, dir, on := pgtest.New(t), t.TempDir(), day(t, today)
		go func() {
			var err error
			both[i], err = plant(t.Context(), db, dir, on)
			done <- err
		}()
	}
	if err := errors.Join(<-done, <-done); err != nil {
		t.Fatal(err)
	}
	one := both[0]
	t.Run("Footprints", func(t *testing.T) { checkFootprints(t, one) }) // before anybody asks, which leaves some
	for name, check := range map[string]func(*testing.T, *planted){
		"Counts": checkCounts, "Documents": checkDocuments, "InForce": checkInForce, "History": checkHistory, "Needs": checkNeeds,
		"Nothing waits": checkNothingWaits, "Groups": checkGroups, "Sections": checkSections, "Directory": checkDirectory,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, one)
		})
	}
	t.Run("Twice", func(t *testing.T) {
		t.Parallel()
		if diff := cmp.Diff(all(t, one, everything), all(t, both[1], everything)); diff != "" {
			t.Errorf("planted twice it differs (-first +second):\n%s", diff)
		}
	})
}

// everything that was said of every version, and every period, in order.
const everything = `
	select concat_ws(' | ', r.name, d.title, d.kind, v.number, encode(v.sha256, 'hex'), v.file_name, v.media_type, v.wanted_from, v.wanted_to, v.received_on,
		v.review_on, v.note, v.source, v.late_reason, v.restored_from, v.post_title, v.recorded_at::date, v.event_at::date, x.at::date,
		(select string_agg(concat_ws(' to ', s.in_from, s.in_to, s.known_from::date, s.known_to::date), ', ' order by s.known_from, s.in_from)
			from app.standing s where s.version_id = v.id))
	from app.version v join app.document d on d.id = v.document_id join app.record r on r.id = d.record_id
	left join app.decision x on x.version_id = v.id order by r.name, d.title, v.number`

// all gives the lines that a query answers, as the superuser.
func all(t *testing.T, p *planted, sql string, args ...any) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.Super)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// What the demonstration is to hold.
func checkCounts(t *testing.T, p *planted) {
	for _, c := range []struct {
		what, sql string
		want      int
	}{
		{"settings", `select count(*) from app.home`, 3},
		{"staff files", `select count(*) from app.record where kind = 1`, 8},
		{"young people", `select count(*) from app.record where kind = 0`, 6},
		{"parents", `select count(*) from app.record where kind = 4`, 3},
		{"families", `select count(*) from app.record where kind = 2`, 3},
		{"different policies", `select count(distinct title) from app.document where kind = 'policy'`, 12},
		{"policies with fewer than two or more than four versions", `
			select count(*) from app.document d where kind = 'policy' and (select count(*) from app.version v where v.document_id = d.id) not between 2 and 4`, 0},
		{"settings with a statement of purpose in more than one version", `
			select count(distinct d.home_id) from app.document d where kind = 'statement-of-purpose' and (select count(*) from app.version v where v.document_id = d.id) > 1`, 3},
		{"young people with a care plan in versions, a placement plan and a risk assessment", `
			select count(*) from app.record r where r.kind = 0
				and exists (select from app.document d join app.version v on v.document_id = d.id where d.record_id = r.id and d.kind = 'care-plan' and v.number = 2)
				and exists (select from app.document d where d.record_id = r.id and d.kind = 'placement-plan')
				and exists (select from app.document d where d.record_id = r.id and d.kind = 'risk-assessment')`, 6},
		{"records that moved", `select count(*) from app.record_event where what = 'moved'`, 1},
		{"closed records", `select count(*) from app.record where not open`, 5},
		{"withdrawn policies", `select count(*) from app.statement where kind = 'withdrawn'`, 1},
		{"corrected dates", `select count(*) from app.statement where kind = 'corrected'`, 1},
		{"restored versions", `select count(*) from app.version where restored_from is not null`, 1},
		{"late records", `select count(*) from app.version where late_reason <> ''`, 2},
		{"late records without their reason", `
			select count(*) from app.version v join app.document d on d.id = v.document_id
			where d.kind in ('visit', 'incident', 'restraint', 'missing', 'complaint', 'meeting') and (v.late_reason <> '') <> (v.recorded_at - v.event_at > interval '24 hours')`, 0},
	} {
		var got int
		p.Scan(t, c.sql, nil, &got)
		if got != c.want {
			t.Errorf("%s: %d, want %d", c.what, got, c.want)
		}
	}
}

// Whatever can be opened says what it is, and is it.
func checkDocuments(t *testing.T, p *planted) {
	formats := map[string]int{}
	for _, line := range all(t, p, `
		select concat_ws(' ', d.id, v.number, v.file_name, v.media_type) from app.version v join app.document d on d.id = v.document_id order by d.id, v.number`) {
		var at versions.Target
		var name, media string
		if _, err := fmt.Sscan(line, &at.Document, &at.Number, &name, &media); err != nil {
			t.Fatal(err)
		}
		o, err := p.keeper.Open(t.Context(), p.Actors["dpo"], at, "")
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		content, err := io.ReadAll(o) // which checks its hash
		if err := errors.Join(err, o.Close()); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		format, err := sound(name, media, content)
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		formats[format]++
	}
	for _, f := range []string{"pdf", "docx", "png", "jpg", "txt", "eml"} {
		if formats[f] == 0 {
			t.Errorf("nothing is a %s", f)
		}
	}
}

// Everything happened before today, over three years, and in order.
func checkFootprints(t *testing.T, p *planted) {
	var first, last time.Time
	var years, outOfOrder, refused int
	p.Scan(t, `
		select min(at), max(at), count(distinct extract(year from at)), count(*) filter (where outcome = 'refused'), count(*) filter (where at < before)
		from (select at, outcome, lag(at) over (order by id) as before from app.footprint) f`, nil, &first, &last, &years, &refused, &outOfOrder)
	if last.Sub(first) < 3*365*24*time.Hour || years < 4 {
		t.Errorf("footprints from %s to %s, of %d years", first, last, years)
	}
	if !last.Before(day(t, today).Start()) {
		t.Errorf("the last footprint is of %s", last)
	}
	if outOfOrder != 0 {
		t.Errorf("%d footprints come before the one before", outOfOrder)
	}
	if refused < 10 {
		t.Errorf("only %d refusals", refused)
	}
	for _, c := range [][2]string{{"version", "recorded_at"}, {"version", "event_at"}, {"decision", "at"}, {"statement", "said_at"}, {"standing", "known_from"}, {"role_held", "from_at"},
		{"record", "created_at"}, {"record_event", "at"}, {"document", "latest_at"}, {"grants", "valid_from"}, {"group_role", "from_at"}, {"token", "created_at"}, {"actor", "created_at"}} {
		var late int
		p.Scan(t, `select count(*) from app.`+c[0]+` where `+c[1]+` >= $1`, []any{day(t, today).Start()}, &late)
		if late != 0 {
			t.Errorf("%d of %v are not before today", late, c)
		}
	}
}
