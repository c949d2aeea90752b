package sample

import (
	"strings"
	"testing"

	"custodian/internal/clock"
	"custodian/internal/grants"
)

func newTelling(o Options, today clock.Day) *telling {
	return &telling{Planted: &Planted{}, o: o, today: today, lies: map[string]string{}, closed: map[string]bool{}}
}

// The story fits every day on which it may be planted: it ends before that day,
// and its acts lie in order, none of them too near to the next.
func TestPlanOnAnyDay(t *testing.T) {
	t.Parallel()
	first, err := clock.ParseDay(earliest)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 30 {
		on := first.Plus(n * 17) // over all days of the week, and both changes of the clock
		story := newTelling(Options{Users: Everybody("demo")}, on)
		if err := story.plan(); err != nil {
			t.Fatalf("planted on %s: %v", on, err)
		}
		if len(story.acts) < 4000 {
			t.Errorf("planted on %s there are only %d acts", on, len(story.acts))
		}
		for i := 1; i < len(story.acts); i++ {
			if gap := story.acts[i].at.Sub(story.acts[i-1].at); gap < apart {
				t.Fatalf("planted on %s, act %d comes %s after the one before", on, i, gap)
			}
		}
	}
}

func TestTooEarlyADay(t *testing.T) {
	t.Parallel()
	first, err := clock.ParseDay(earliest)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Plant(t.Context(), Options{Seed: "demo", Today: first.Plus(-1)})
	if err == nil || !strings.Contains(err.Error(), "set the clock") {
		t.Errorf("planted on the day before the story may end: %v", err)
	}
}

// What texts may say, and what is refused rather than printed.
func TestReadPaper(t *testing.T) {
	t.Parallel()
	const text = "kind: policy\ntitle: Policy of {setting}\n1: First.\n2: Changed by {who2}.\n---\nAlways.\n[-1] Old {word1}.\n[2+] New {word2}.\n| | A |\n[2+] | b | {word2} |\n"
	p, err := readPaper(text, 1, map[string]string{"setting": "Larkfield House", "word1": "rule"})
	if err != nil {
		t.Fatal(err)
	}
	if p.Title != "Policy of Larkfield House" || p.Note != "First." {
		t.Errorf("title %q, note %q", p.Title, p.Note)
	}
	for name, c := range map[string]struct {
		text  string
		words map[string]string
	}{
		"a word is missing":   {text, map[string]string{"setting": "x", "who2": "x"}},
		"the head is strange": {"colour: red\n---\n", nil},
		"no head":             {"Only a body", nil},
	} {
		if p, err := readPaper(c.text, 2, c.words); err == nil {
			t.Errorf("%s: it is read as %+v", name, p)
		}
	}
	crooked := paper{Title: "x", Blocks: []block{{kind: table, rows: [][]string{{"a", "b"}, {"c"}}}}}
	if _, err := crooked.paint("pdf"); err == nil {
		t.Error("a table with a short row is painted")
	}
	if _, err := (paper{}).paint("odt"); err == nil {
		t.Error("an unknown format is painted")
	}
}

func TestReadLife(t *testing.T) {
	t.Parallel()
	const head = "record: A\nkind: library\nsetting: B\nopened 2024-01-02 10:00 staff: why\n"
	if l, err := readLife(head + "doc fire pdf staff manager: 2024-02-01@2024-01-05 +7@-3!-\n"); err != nil || len(l.series) != 1 || l.series[0].editions[1] != (edition{"+7", "-3", "-"}) {
		t.Errorf("%+v, %v", l, err)
	}
	for _, text := range []string{
		"record: A\n", head + "kind: tree\n", head + "dance 2024-01-02 10:00 staff: why\n", head + "close 2024-01-02: why\n", head + "correct fire x 2024-01-02 10:00 staff 2024-01-01: why\n",
		head + "restore fire 1: why\n", head + "nothing\n", head + "\n=== letter | 2024-01-02 10:00 | 2h\n\nbody", head + "\n=== letter | 2024-01-02 10:00 | 2h | staff | txt | T\ncolour: red\n\nbody",
	} {
		if l, err := readLife(text); err == nil {
			t.Errorf("%q is read as %+v", text, l)
		}
	}
}

// Everybody knows one of each role, and what it is for.
func TestEverybody(t *testing.T) {
	t.Parallel()
	may := map[grants.Role]string{}
	for _, u := range Everybody("demo") {
		may[u.role] = u.May
		if u.May == "" || u.Email == "" || u.Role == "" {
			t.Errorf("half a person: %+v", u)
		}
		if !u.role.Own() && len(u.Groups) != 1 && u.ID != "visitor" {
			t.Errorf("%s is in the groups %v", u.ID, u.Groups)
		}
	}
	for _, r := range grants.Roles() {
		if may[r] == "" {
			t.Errorf("nobody is %s", r)
		}
	}
	if len(Everybody("none")) != len(People()) {
		t.Error("the seed none knows more than its people")
	}
}
