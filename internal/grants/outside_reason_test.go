package grants_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
)

// Each role's right to ask reaches as far as its reason: what is restricted for an
// audit only to somebody who audits or manages it where the record is, in an
// emergency with words, and never to an administrator. Go says it to people; the
// database, asked past Go, refuses the same.
func TestHowFarAReasonReaches(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	plover := w.Records["Plover Sample"]
	w.back(`insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values (` +
		w.id("other-staff") + `, 2, ` + number(plover) + `, 4, 64, 'role', 1, 'audits it', now() - interval '1 hour'), (` +
		w.id("staff2") + `, 2, ` + number(plover) + `, 4, 8, 'role', 1, 'manages it', now() - interval '1 hour'), (` +
		w.id("front-door") + `, 2, ` + number(plover) + `, 1, 64, 'role', 1, 'audits what is general', now() - interval '1 hour')`)
	const request = `insert into app.outside_access (id, provider_id, record_id, kind, actor_id, reason, colleague, words, section, wanted, asked_at, letter)
		values (90, 1, %record, 0, %asker, '%reason', '', '%words', %section, 'fortnight', now(), 'forged')`
	for _, words := range []string{".", "12", "-- --"} {
		if _, err := w.ask("staff", grants.Asking{Number: plover, Reason: grants.ForOther, Section: access.General, Words: words, Span: grants.ForDay}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q is a reason: %v", words, err)
		}
	}
	asks := []struct {
		reason  grants.OutsideReason
		section access.Section
		words   string
	}{
		{grants.ForAudit, access.Sensitive, ""}, {grants.ForAudit, access.Restricted, ""}, {grants.ForAudit, access.Restricted, "the lodging of March"},
		{grants.ForEmergency, access.Restricted, ""}, {grants.ForEmergency, access.Restricted, "not home"}, {grants.ForSupport, access.Sensitive, "an empty page"}, {grants.ForSupport, access.Restricted, "an empty page"},
		{grants.ForOther, access.General, "a complaint"}, {grants.ForOther, access.Restricted, "a complaint"},
	}
	// what is answered: "" for yes, else the field that something is wrong with, "-" for another refusal
	outsider := []string{"", "words", "section", "words", "", "", "section", "", "section"}
	audits := []string{"", "words", "", "words", "", "", "section", "", "section"}
	nobody := []string{"-", "-", "-", "-", "-", "-", "-", "-", "-"}
	for who, want := range map[string][]string{
		"staff": outsider, "shift-lead": outsider, "manager": outsider, "other-manager": outsider,
		"other-staff": audits, "staff2": audits, "inspector": nobody, "auditor": nobody,
		"front-door": {"", "words", "section", "words", "", "", "section", "record", "section"}, // who reads what is general
		"admin":      {"-", "words", "-", "words", "-", "", "section", "-", "section"},
	} {
		for i, a := range asks {
			id, err := w.ask(who, grants.Asking{Number: plover, Reason: a.reason, Section: a.section, Words: a.words, Span: grants.ForTwoWeeks})
			got := ""
			if f, ok := fault.Of(err); ok && len(f.Fields) > 0 {
				got = f.Fields[0].Name
			} else if err != nil {
				got = "-"
			}
			if got != want[i] {
				t.Errorf("%s asks for %s, section %d, %q: %q (%v), want %q", who, a.reason, a.section, a.words, got, err, want[i])
			}
			if got == "record" {
				continue // it is no secret from them
			}
			if err == nil {
				must(t, grants.EndOutside(t.Context(), w.DB, w.Actors[who], id, "the test is over"))
				continue
			}
			raw := fill(request, map[string]string{"%record": number(plover), "%asker": w.id(who), "%reason": string(a.reason), "%words": a.words, "%section": number(int64(a.section))}, nil)
			if err := w.raw(who, raw); err == nil {
				t.Errorf("the database lets %s ask for %s, section %d, %q", who, a.reason, a.section, a.words)
			}
		}
	}
	// a manager's approval opens no more than the asker's right covers by then
	id := w.asked("other-staff", grants.Asking{Number: plover, Reason: grants.ForAudit, Section: access.Restricted, Words: "the lodging of March", Span: grants.ForTwoWeeks})
	w.back(`update app.grants set valid_until = now() where why = 'audits it'`)
	w.kind(grants.DecideOutside(t.Context(), w.DB, w.Actors["supported-manager"], id, true, "yes"), fault.Conflict, "approving an audit by somebody who audits no longer")
}

// What only a role that reads could ask for ends with that role, though the right
// to ask for technical support stays.
func TestWhatAnAdministratorKeeps(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	_, err := grants.Give(t.Context(), w.DB, w.Actors["admin"], grants.Giving{To: w.Actors["staff"].ID, Role: grants.Administrator, Provider: w.Provider, Why: "the test"})
	must(t, err)
	w.asked("staff", w.plover(func(a *grants.Asking) { a.Reason, a.Words = grants.ForEmergency, "not home" }))
	w.asked("staff", grants.Asking{Number: w.Records["Teal Specimen"], Reason: grants.ForSupport, Words: "an empty page", Span: grants.ForDay})
	var held int64
	w.Scan(t, `select id from app.role_held where actor_id = $1 and role = 'staff'`, []any{w.Actors["staff"].ID}, &held)
	must(t, grants.End(t.Context(), w.DB, w.Actors["admin"], held))
	w.want(false, "staff", "Plover Sample")
	w.want(true, "staff", "Teal Specimen")
}

// The letters say what the source says, word for word, but for "ICS", which is the
// name of one council's services, and for a word that its sentence on support lacks.
func TestTheLetterIsTheSources(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	text, err := os.ReadFile(filepath.Join("testdata", "letters.txt"))
	must(t, err)
	source := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i, c := range []struct {
		asking grants.Asking
		mend   *strings.Replacer
	}{
		{grants.Asking{Reason: grants.ForAudit}, strings.NewReplacer("ICS Audit/Moderation", "audit/moderation")},
		{grants.Asking{Reason: grants.ForOversight, Colleague: "Val Example"}, strings.NewReplacer("[name of manager]", "Val Example")},
		{grants.Asking{Reason: grants.ForSupport, Words: "a plan that does not open."}, strings.NewReplacer("in relation [explain the nature of the technical issue] to help", "in relation to a plan that does not open, to help")},
	} {
		c.asking.Number, c.asking.Span = w.Records["Plover Sample"], grants.ForDay
		id := w.asked("other-manager", c.asking)
		want := strings.NewReplacer("[Name of Child/Family]", "Plover Sample").Replace(c.mend.Replace(source[i]))
		o := w.outside("other-manager", id)
		if o.Letter != want || len(o.Notes) == 0 || o.Notes[0].Letter != want {
			t.Errorf("%s: the letter is\n%q, the source says\n%q", c.asking.Reason, o.Letter, want)
		}
		must(t, grants.EndOutside(t.Context(), w.DB, w.Actors["other-manager"], id, "the test is over"))
	}
	// addressed to the family where the record is theirs, and on a closed record as well
	w.back(`update app.record set open = false where name = 'The Specimen family'`)
	id := w.asked("manager", grants.Asking{Name: "The Specimen family", Kind: access.Family, Reason: grants.ForAudit, Span: grants.ForDay})
	list, err := grants.NotesOn(t.Context(), w.DB, w.Actors["other-manager"], w.Records["The Specimen family"], 0, 10)
	must(t, err)
	if len(list) != 1 || list[0].Access != id || list[0].Letter != "The Specimen family I have accessed your file for the purpose of audit/moderation." {
		t.Errorf("on the closed record of a family stands %+v", list)
	}
}
