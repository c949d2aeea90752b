package main

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The portal gets what every program needs, the settings one may try out, and
// the stack's own; no other setting that happens to be set around it.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	got := environment([]string{"PATH=/bin", "CUSTODIAN_UPLOAD_LIMIT=1MiB", "CUSTODIAN_STORE=dir", "CUSTODIAN_S3_SECRET_KEY=x", "DATABASE_URL=postgres://other", "PGHOST=other", "OWNER_DATABASE_URL=x"},
		map[string]string{"CUSTODIAN_STORE": "s3"})
	slices.Sort(got)
	if diff := cmp.Diff([]string{"CUSTODIAN_STORE=s3", "CUSTODIAN_UPLOAD_LIMIT=1MiB", "PATH=/bin"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
