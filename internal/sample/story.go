package sample

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/clock"
)

// act is one thing that happens in the story of the demonstration.
type act struct {
	at time.Time
	do func(context.Context) error
}

// telling is the story while it is being planted. Every act goes through the
// product's own doors, in the order of the story; the moments at which it
// really happened are noted, so that the footprints can be dated back to the
// moments at which it is said to have happened.
type telling struct {
	*Planted
	o     Options
	today clock.Day
	acts  []act
	marks []mark
	now   time.Time // the real moment at which the present act began
	super *pgx.Conn // nil: nothing is dated back

	docs  map[string]*doc   // by record and text
	shelf map[string][]*doc // by record, in the order in which they came
	lies  map[string]string // record -> the setting at which it lies
	kinds map[string]access.RecordKind

	closed map[string]bool
	names  []string         // of the records, in the order in which they were opened
	held   map[string]int64 // the role that somebody was given last
}

// doc is a document of the story, as far as it has come.
type doc struct {
	id     int64
	latest int
}

// The first day of the story, and the earliest day on which it can be planted:
// it has to lie behind.
const (
	firstDay = "2023-05-02"
	earliest = "2026-07-01"
)

// tell plants the whole story.
func (p *Planted) tell(ctx context.Context, o Options) error {
	t := &telling{Planted: p, o: o, today: o.Today, docs: map[string]*doc{}, shelf: map[string][]*doc{}, lies: map[string]string{}, kinds: map[string]access.RecordKind{},
		closed: map[string]bool{}, held: map[string]int64{}}
	if t.today.IsZero() {
		t.today = clock.DayOf(time.Now())
	}
	if d, _ := clock.ParseDay(earliest); t.today.Before(d) {
		return fmt.Errorf("sample: the demonstration tells of the years up to %s, and the clock of this computer says that today is %s; set the clock, or use --seed none", earliest, t.today)
	}
	if o.Super != "" {
		var err error
		if t.super, err = pgx.Connect(ctx, o.Super); err != nil {
			return fmt.Errorf("sample: %w", err)
		}
		defer t.super.Close(context.WithoutCancel(ctx))
	}
	if err := t.plan(); err != nil {
		return err
	}
	for i, a := range t.acts {
		if err := t.mark(ctx, a.at); err != nil {
			return err
		}
		if err := a.do(ctx); err != nil {
			return fmt.Errorf("sample: on %s: %w", a.at.Format(time.DateTime), err)
		}
		if o.Progress != nil {
			o.Progress(i+1, len(t.acts))
		}
	}
	if t.super == nil {
		return nil
	}
	return t.age(ctx)
}

// apart is the least time between two acts of the story: much longer than any
// of them takes, so that dating back keeps them in order.
const apart = 20 * time.Second

// plan lays out all acts, in order.
func (t *telling) plan() error {
	t.beginnings()
	all, err := lives()
	if err != nil {
		return err
	}
	for _, l := range all {
		if err := t.planLife(l); err != nil {
			return fmt.Errorf("sample: %s: %w", l.record, err)
		}
	}
	if err := t.planSections(); err != nil {
		return err
	}
	t.planLooks()
	t.planOversight()
	t.planOutside()
	t.planDirectory()
	t.planUnusual()
	t.endings()
	slices.SortStableFunc(t.acts, func(a, b act) int { return cmp.Compare(a.at.Unix(), b.at.Unix()) })
	for i := 1; i < len(t.acts); i++ {
		if least := t.acts[i-1].at.Add(apart); t.acts[i].at.Before(least) {
			t.acts[i].at = least
		}
	}
	if last := t.acts[len(t.acts)-1].at; !last.Before(t.today.Start()) {
		return fmt.Errorf("sample: the story goes on until %s, which is not before %s", last, t.today)
	}
	return nil
}

func (t *telling) at(when time.Time, do func(context.Context) error) {
	t.acts = append(t.acts, act{when, do})
}

// day reads a day: YYYY-MM-DD, or +7 or -3 from the day of planting.
func (t *telling) day(s string) (clock.Day, error) {
	if !relative(s) {
		return clock.ParseDay(s)
	}
	var n int
	if _, err := fmt.Sscanf(s, "%d", &n); err != nil {
		return clock.Day{}, fmt.Errorf("sample: %q is no day", s)
	}
	return t.today.Plus(n), nil
}

// relative tells whether a day counts from the day of planting.
func relative(s string) bool { return strings.HasPrefix(s, "+") || strings.HasPrefix(s, "-") }

// moment reads a day and a time of day, by London's clocks.
func (t *telling) moment(s string) (time.Time, error) {
	date, hour, _ := strings.Cut(s, " ")
	d, err := t.day(date)
	if err != nil {
		return time.Time{}, err
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", d.String()+" "+hour, clock.London)
	return at.UTC(), err
}

// office is a moment in office hours of a day, or of the working day before:
// always the same one for the same day and name.
func office(d clock.Day, name string) time.Time {
	for d.UTC().Weekday() == time.Saturday || d.UTC().Weekday() == time.Sunday {
		d = d.Plus(-1)
	}
	return hours(d, name, 9, 8)
}

// hours is a moment of the day in the so many hours from the first on.
func hours(d clock.Day, name string, first, many int) time.Time {
	at, _ := time.ParseInLocation("2006-01-02 15:04", fmt.Sprintf("%s %02d:00", d, first), clock.London)
	return at.Add(time.Duration(draw64(d.String(), name)%uint64(many*3600)) * time.Second).UTC()
}

// draw64 is a number that looks like chance and is always the same for the
// same names.
func draw64(names ...string) uint64 {
	h := fnv.New64a()
	for _, n := range names {
		_, _ = h.Write([]byte(n + "\x00")) // a hash takes everything
	}
	x := h.Sum64()
	x ^= x >> 33 // mixed as in MurmurHash3: FNV alone leaves neighbours alike
	x *= 0xff51afd7ed558ccd
	return x ^ x>>33
}
