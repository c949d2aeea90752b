package portal_test

import (
	"net/http"
	"strings"
	"testing"
)

// Whoever a record is about is told of looks from outside a role by the role and
// the kind of reason, in words for eleven-year-olds, without a name and without the
// words that were given; and is led to the letter, which stands on their record.
func TestLookedFromOutside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record := number(w.Records["Wren Sample"])
	ask := func(who, reason string, more ...string) {
		t.Helper()
		form := askForm(append([]string{"reason", reason, "record", record}, more...)...)
		l := w.visitor(who).ask(http.MethodPost, "/outside-role/ask", form)
		if l.status != http.StatusSeeOther {
			t.Fatalf("%s asks for %s: %d %s", who, reason, l.status, l.text("main"))
		}
		w.visitor(who).open("/records/" + record)
	}
	ask("other-manager", "audit")
	ask("supported-manager", "oversight", "colleague", "Robin Tellname")
	ask("other-staff", "support", "words", "Robin Tellname’s page is empty")
	ask("front-door", "emergency", "section", "1", "words", "Robin Tellname has not come home")
	subject := w.subject("Wren Sample")
	own := subject.open("/records/" + record + "/looked")
	own.says("main", "The manager of another of our homes looked at your file.", "They do not usually see your file. The reason they gave: they had to check if we do our work well.",
		"The reason they gave: a manager was away, and they had to help with a choice.",
		"A person who works at another of our homes looked at your file.", "The reason they gave: something on the computer was broken, and they had to fix it.")
	for _, never := range []string{"Robin", "Tellname", "Val ", "Ollie", "Frankie", "not come home", "page is empty"} {
		if strings.Contains(own.text("main"), never) {
			t.Errorf("the page tells %q", never)
		}
	}
	if age := readingAge(strings.ReplaceAll(own.text("main"), "\n", ". ")); age > 11 {
		t.Errorf("the page is for readers of %.1f", age)
	}
	letter := own.link("Read what they wrote to you: A person who works at another of our homes looked at your file.")
	at, anchor, _ := strings.Cut(letter, "#")
	first := subject.open(at)
	first.says("main", "Wren Sample I have accessed your file to provide support in relation to Robin Tellname’s page is empty, to help resolve this.")
	if !strings.Contains(first.source, `id="`+anchor+`"`) || strings.Contains(first.source, "keeping somebody safe") {
		t.Errorf("the address does not lead to the letter: %s", letter)
	}
	concern := subject.open(own.link("Tell us if this worries you: A person who works at another of our homes looked at your file."))
	concern.says("aside", "A person who works at another of our homes looked at your file.").hides("main", "Ollie")
	// who may not read the letter is not led to it
	w.Exec(t, `do $$ begin set local session_replication_role = replica; update app.outside_note set record_id = (select id from app.record where name = 'Finch Sample'); end $$`)
	if again := subject.open("/records/" + record + "/looked"); strings.Contains(again.source, "what they wrote to you") {
		t.Error("leads to a letter that they may not read")
	}
}
