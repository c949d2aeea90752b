package audit_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"custodian/internal/audit"
	"custodian/internal/audit/tree"
)

// tampering is one way to change the past as the database's superuser.
type tampering struct {
	kind string
	do   func(g *grove, r *rand.Rand, n int64) (place int64) // gives the first place that is wrong by it
}

// pick gives a random place and the footprint there.
func (g *grove) pick(r *rand.Rand, n int64) (place, footprint int64) {
	g.t.Helper()
	place = r.Int64N(n)
	g.Scan(g.t, `select footprint_id from app.leaf where place = $1`, []any{place}, &footprint)
	return place, footprint
}

// tamperings are all the ways. Some come in several forms.
func tamperings() []tampering {
	return []tampering{
		{"edit", edit}, {"edit a name", editName},
		{"delete", func(g *grove, r *rand.Rand, n int64) int64 {
			place, f := g.pick(r, n)
			g.tamper(`delete from app.footprint where id = $1`, f)
			if r.IntN(2) == 0 {
				g.tamper(`delete from app.leaf where place = $1`, place)
			}
			return place
		}},
		{"delete, and move the others up", func(g *grove, r *rand.Rand, n int64) int64 {
			place, f := g.pick(r, n)
			g.tamper(`delete from app.footprint where id = $1`, f)
			g.tamper(`delete from app.leaf where place = $1`, place)
			g.shift(place, -1)
			return place
		}},
		{"reorder", reorder},
		{"insert", insert},
		{"truncate the tail", func(g *grove, r *rand.Rand, n int64) int64 {
			from := n - 1 - r.Int64N(n/2)
			g.tamper(`delete from app.footprint where id in (select footprint_id from app.leaf where place >= $1) or not exists (select from app.leaf l where l.footprint_id = footprint.id)`, from)
			if r.IntN(3) > 0 {
				g.tamper(`delete from app.leaf where place >= $1`, from)
			}
			g.tamper(`delete from app.checkpoint where size > $1`, from)
			return from
		}},
		{"restore an older dump", func(g *grove, r *rand.Rand, n int64) int64 {
			var from int64
			g.Scan(g.t, `select size from app.checkpoint where size < $1 order by random() limit 1`, []any{n}, &from)
			g.tamper(`delete from app.footprint where id in (select footprint_id from app.leaf where place >= $1) or not exists (select from app.leaf l where l.footprint_id = footprint.id)`, from)
			g.tamper(`delete from app.leaf where place >= $1`, from)
			g.tamper(`delete from app.checkpoint where size > $1`, from)
			if r.IntN(2) == 0 { // and work went on for a while
				g.leave(int(r.Int64N(2*(n-from)))+1, false)
				g.regrow()
			}
			return from
		}},
		{"fork", func(g *grove, r *rand.Rand, n int64) int64 {
			place := edit(g, r, n)
			g.tamper(`delete from app.leaf`)
			g.tamper(`delete from app.checkpoint`)
			g.regrow() // every hash anew, even with the keys of the commitments
			return place
		}},
	}
}

// regrow gives places without signing: whoever rules the database alone has not
// got the key for that.
func (g *grove) regrow() {
	g.t.Helper()
	g.places(audit.NewTree(g.options))
}

// shift moves all leaves from a place on.
func (g *grove) shift(from, by int64) {
	g.tamper(`update app.leaf set place = place + 1000000000 where place >= $1`, from)
	g.tamper(`update app.leaf set place = place - 1000000000 + $1 where place >= 1000000000`, by)
}

func edit(g *grove, r *rand.Rand, n int64) int64 {
	place, f := g.pick(r, n)
	set := []string{
		`at = at + interval '1 second'`, `at = at - interval '1 microsecond'`, `at = 'infinity'`, `actor_id = 10001 - actor_id`, `action = 'document.added'`,
		`outcome = case outcome when 'damaged' then 'done' else 'damaged' end`, `provider_id = provider_id + 1`, `home_id = coalesce(home_id, 0) + 1`,
		`record_id = case when record_id is null then 3000 end`, `document_id = case when document_id is null then 4000 end`, `version_id = 4500`,
		`class = case when class is null then 0 end`, `sought = sought || 'x'`, `detail = detail || '{"x": 1}'`, `request = request || '-'`, `request = E'a\tb'`,
		`epoch = epoch + 1`, `xid = (xid::text::bigint + 1)::text::xid8`,
	}
	g.tamper(`update app.footprint set `+set[r.IntN(len(set))]+` where id = $1`, f)
	return place
}

// editName makes somebody else of who did it, or something else of what it was done to.
func editName(g *grove, r *rand.Rand, _ int64) (place int64) {
	first := func(where string) {
		g.Scan(g.t, `select min(l.place) from app.leaf l join app.footprint f on f.id = l.footprint_id where `+where, nil, &place)
	}
	switch r.IntN(4) {
	case 0:
		g.tamper(`update app.actor set name = 'Toni Example' where id = 5001`)
		first(`f.actor_id = 5001`)
	case 1:
		g.tamper(`update app.actor set post_title = 'Cook' where id = 5000`)
		first(`f.actor_id = 5000`)
	case 2:
		g.tamper(`update app.record set name = 'Another' where id = 3002`)
		first(`f.record_id = 3002`)
	default:
		g.tamper(`update app.document set title = 'Another letter' where id = 4000`)
		first(`f.document_id = 4000`)
	}
	return place
}

func reorder(g *grove, r *rand.Rand, n int64) int64 {
	a, fa := g.pick(r, n)
	b, fb := g.pick(r, n)
	for a == b {
		b, fb = g.pick(r, n)
	}
	switch r.IntN(4) {
	case 0: // what was done changes places
		g.tamper(`update app.footprint x set at = y.at, actor_id = y.actor_id, action = y.action, request = y.request from app.footprint y where (x.id, y.id) in (($1::bigint, $2::bigint), ($2, $1))`, fa, fb)
	case 1: // the leaves do, with all that they hold
		g.tamper(`update app.leaf set place = case place when $1 then 1000000001 else 1000000002 end where place in ($1, $2)`, a, b)
		g.tamper(`update app.leaf set place = case place when 1000000001 then $2::bigint else $1 end where place > 1000000000`, a, b)
	case 2: // what the leaves speak of does
		g.tamper(`update app.leaf set footprint_id = -footprint_id where place in ($1, $2)`, a, b)
		g.tamper(`update app.leaf x set footprint_id = -y.footprint_id, marks = y.marks from (select * from app.leaf) y where (x.place, y.place) in (($1::bigint, $2::bigint), ($2, $1))`, a, b)
	default: // only the moments do
		g.tamper(`update app.footprint x set at = y.at from app.footprint y where (x.id, y.id) in (($1::bigint, $2::bigint), ($2, $1))`, fa, fb)
	}
	return min(a, b)
}

func insert(g *grove, r *rand.Rand, n int64) int64 {
	place, f := g.pick(r, n)
	const copied = `insert into app.footprint (id, at, actor_id, action, outcome, provider_id, home_id, record_id, document_id, class, sought, detail, request, epoch, xid)
		select $2::bigint, at, 10001 - actor_id, action, outcome, provider_id, home_id, record_id, document_id, class, sought, detail, 'forged', epoch, xid from app.footprint where id = $1::bigint`
	var fresh int64
	g.Scan(g.t, `select nextval('app.ids')`, nil, &fresh)
	if r.IntN(2) == 0 { // beside the tree, with the transaction of an older one
		var before int64
		g.Scan(g.t, `select footprint_id from app.leaf where place = $1`, []any{min(place, n-2)}, &before)
		g.tamper(copied, before, fresh)
		return -fresh
	}
	g.tamper(copied, f, fresh)
	g.shift(place, 1)
	g.tamper(`insert into app.leaf (place, footprint_id, epoch, xid, marks, hashes) select $1::bigint, $2::bigint, epoch, xid, marks, hashes from app.leaf where place = $1::bigint + 1`, place, fresh)
	return place
}

// kept are the tables that tamperings touch.
const kept = "footprint leaf checkpoint actor record document"

// saveAll lays copies of them aside; putBack puts them back.
func (g *grove) saveAll() {
	g.Exec(g.t, `create schema aside`)
	for table := range strings.FieldsSeq(kept) {
		g.Exec(g.t, `create table aside.`+table+` as table app.`+table)
	}
}

func (g *grove) putBack() {
	g.t.Helper()
	sql := ""
	for table := range strings.FieldsSeq(kept) {
		sql += `delete from app.` + table + `; insert into app.` + table + ` select * from aside.` + table + `;`
	}
	g.tamper(`do $$ begin ` + sql + ` end $$`)
}

// tried is one tampering that was done and exported.
type tried struct {
	Dir, Key, Held string
	kind           string
	place          int64
	lo, hi         int64 // the neighbouring checkpoints: between them lies the place
	report         tree.Report
}

// tries is how many tamperings are done.
func tries() int {
	if os.Getenv("CUSTODIAN_DEEP") != "" {
		return 1000
	}
	return 100
}

// Whatever a superuser of the database changes among footprints that a held
// checkpoint covers is found offline by both verifiers, in the same words, and
// where it is.
func TestTampersAreFoundAndLocated(t *testing.T) {
	t.Parallel()
	g := newGrove(t)
	for range 9 {
		g.leave(30, false)
		g.leave(7, true)
		g.grow()
	}
	held, dir := g.newest(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "held.txt"), held, 0o600))
	var n int64
	g.Scan(t, `select count(*) from app.leaf`, nil, &n)
	var sizes []int64
	g.Scan(t, `select array_agg(size order by size) from app.checkpoint`, nil, &sizes)
	g.leave(3, true) // a tail that waits
	g.saveAll()
	ways := tamperings()
	all := []tried{{kind: "nothing", place: -1}}
	seed := uint64(20261124)
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range tries() + 1 {
		if i > 0 {
			way := ways[(i-1)%len(ways)]
			all = append(all, tried{kind: way.kind, place: way.do(g, r, n)})
			all[i].between(sizes)
		}
		this := &all[i]
		this.Dir, this.Key, this.Held = filepath.Join(dir, strconv.Itoa(i)), g.tree.Public(), filepath.Join(dir, "held.txt")
		_, err := g.tree.Export(t.Context(), this.Dir, nil)
		must(t, err)
		this.report = g.verify(this.Dir, held)
		this.judge(t, "Go", this.report.Words)
		if i > 0 {
			g.putBack()
		}
	}
	python(t, all)
}

// between finds the neighbouring checkpoints.
func (x *tried) between(sizes []int64) {
	for _, size := range sizes {
		if size <= x.place {
			x.lo = size
		} else if x.hi == 0 {
			x.hi = size
		}
	}
}

var (
	atPlace   = regexp.MustCompile(`^(changed|deleted|inserted|differs) at place (\d+): |^(moved) to place (\d+): `)
	fromPlace = regexp.MustCompile(`^(rewritten|not proven|cut off) from place (\d+) to (\d+): `)
)

// judge sees by what a verifier says that a tampering was found where it was done:
// an edit and a deletion at the single place; the rest there, or between the two
// neighbouring checkpoints (a deletion whose hole was closed takes the stored hashes
// with it, by which the place would be known); what was cut off from the place on.
func (x *tried) judge(t *testing.T, verifier string, said []string) {
	t.Helper()
	if x.kind == "nothing" {
		if !x.report.Whole() {
			t.Errorf("%s: nothing was changed: %s", verifier, strings.Join(said, "\n"))
		}
		return
	}
	if !x.located(said) {
		t.Errorf("%s: %s at place %d (between %d and %d) is not located:\n%s", verifier, x.kind, x.place, x.lo, x.hi, strings.Join(said, "\n"))
	}
}

func (x *tried) located(said []string) bool {
	number := func(s string) int64 { n, _ := strconv.ParseInt(s, 10, 64); return n }
	for _, line := range said {
		if m := atPlace.FindStringSubmatch(line); m != nil && number(m[2]+m[4]) == x.place {
			return true
		}
		if x.place < 0 && strings.HasPrefix(line, "inserted beside the tree: footprint "+strconv.FormatInt(-x.place, 10)+" ") {
			return true
		}
		m := fromPlace.FindStringSubmatch(line)
		if m == nil || x.kind == "edit" || x.kind == "edit a name" || x.kind == "delete" {
			continue
		}
		from, to := number(m[2]), number(m[3])
		if m[1] == "cut off" && from == x.place || m[1] != "cut off" && from >= x.lo && from <= x.place && x.place <= to && to < x.hi {
			return true
		}
	}
	return false
}

// A verifier that only says that something is wrong somewhere does not locate it.
func TestSomewhereIsNotLocated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, said string
		want       bool
	}{
		{"edit", "rewritten from place 0 to 399: the footprints there are not those that were signed", false},
		{"edit", "rewritten from place 40 to 79: the footprints there are not those that were signed", false},
		{"edit", "changed at place 51: footprint 7 is not as it was signed", false},
		{"edit", "changed at place 50: footprint 7 is not as it was signed", true},
		{"delete", "deleted at place 50: footprint 7 is gone", true},
		{"delete", "cut off from place 50 to 399: 350 footprints that were signed are gone", false},
		{"fork", "rewritten from place 0 to 399: the footprints there are not those that were signed", false},
		{"fork", "rewritten from place 40 to 80: the footprints there are not those that were signed", false},
		{"fork", "rewritten from place 40 to 79: the footprints there are not those that were signed", true},
		{"truncate the tail", "cut off from place 49 to 399: 351 footprints that were signed are gone", false},
		{"truncate the tail", "cut off from place 50 to 399: 350 footprints that were signed are gone", true},
	} {
		x := tried{kind: c.kind, place: 50}
		x.between([]int64{20, 40, 80, 400})
		if got := x.located([]string{"The export holds 400 footprints.", c.said}); got != c.want {
			t.Errorf("%s: %q locates place 50: %v", c.kind, c.said, got)
		}
	}
}

// python checks all exports in one process of the other verifier and sees that
// it says the same.
func python(t *testing.T, all []tried) {
	t.Helper()
	const program = `import json, sys
sys.path.insert(0, sys.argv[1])
import verify
for line in sys.stdin:
    x = json.loads(line)
    print(json.dumps(verify.verify(x["Dir"], x["Key"], [open(x["Held"], "rb").read()] if x["Held"] else [])))`
	var in, out, errs bytes.Buffer
	for _, x := range all {
		must(t, json.NewEncoder(&in).Encode(x))
	}
	c := exec.CommandContext(t.Context(), "python3", "-B", "-c", program, filepath.Join("..", "..", "docs", "verify"))
	c.Stdin, c.Stdout, c.Stderr = &in, &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("python3: %v\n%s", err, errs.String())
	}
	answers := json.NewDecoder(&out)
	for _, x := range all {
		var got [2]any
		must(t, answers.Decode(&got))
		said := []string{}
		for _, line := range got[0].([]any) {
			said = append(said, line.(string))
		}
		x.judge(t, "Python", said)
		if a, b := strings.Join(x.report.Words, "\n"), strings.Join(said, "\n"); a != b || got[1].(bool) != x.report.Whole() {
			t.Errorf("%s: the verifiers differ\nGo:\n%s\nPython:\n%s", x.kind, a, b)
		}
	}
}
