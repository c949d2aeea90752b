package portal_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
)

// The warning before an access outside a role ends stands on the record's page and on
// the home page, on this side of four hours and of a day and not on the other.
func TestWarnedBeforeAnAccessEnds(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	record := "/records/" + number(o.Records["Plover Sample"])
	warns := func(c *caller, who string, minutes int, want bool) {
		t.Helper()
		o.Exec(t, fmt.Sprintf(`set session_replication_role = replica; update app.grants set valid_from = now() + interval '%d minutes' - (valid_until - valid_from), valid_until = now() + interval '%d minutes' where basis = 'break-glass' and actor_id = %d`,
			minutes, minutes, o.Actors[who].ID))
		on, home := c.get(http.StatusOK, record), c.get(http.StatusOK, "/home")
		on.says("You see this record outside your role until")
		home.says("Finish", "Plover Sample")
		const again = "nds soon. Ask again if you still need it."
		if want {
			on.says("It e" + again)
			home.says("Your access outside your role e" + again)
			return
		}
		on.saysNot(again)
		home.saysNot(again)
	}
	day, long := o.as("manager"), o.as("staff2")
	day.post(http.StatusSeeOther, "/outside-role/ask", askForm("name", "Plover Sample"))
	warns(day, "manager", 23*60, false)
	warns(day, "manager", 4*60+5, false)
	warns(day, "manager", 4*60-1, true)

	long.post(http.StatusSeeOther, "/outside-role/ask", askForm("name", "Plover Sample", "span", "fortnight", "now", "no"))
	var id int64
	o.Scan(t, `select max(id) from app.outside_access`, nil, &id)
	o.as("supported-manager").post(http.StatusSeeOther, "/outside-role/"+number(id)+"/decide", url.Values{"approve": {"yes"}, "why": {"They work on it."}})
	warns(long, "staff2", 10*24*60, false)
	warns(long, "staff2", 24*60+5, false)
	warns(long, "staff2", 24*60-1, true)
}
