package portal_test

import (
	"net/http"
	"testing"
)

// Whoever watches sees for how long footprints have waited for their place in the
// tree. That takes nobody out of service: people can go on working.
func TestReadinessTellsHowLongFootprintsWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	type ready struct {
		Status string `json:"status"`
		Waits  int    `json:"footprints_wait_seconds"`
	}
	w.get("staff", "/api/v1/records/"+number(w.Records["Wren Sample"]))
	w.Exec(t, `do $do$ begin set local session_replication_role = replica; update app.footprint set at = at - interval '1 hour'; end $do$`)
	if r := read[ready](w.ok(http.StatusOK, "", http.MethodGet, "/readyz", nil)); r.Status != "ready" || r.Waits < 3600 || r.Waits > 7200 {
		t.Errorf("footprints of an hour ago: %+v", r)
	}
	w.sign()
	if r := read[ready](w.ok(http.StatusOK, "", http.MethodGet, "/readyz", nil)); r != (ready{"ready", 0}) {
		t.Errorf("none waits: %+v", r)
	}
}
