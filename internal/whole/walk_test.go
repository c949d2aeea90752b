package whole

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
)

// A policy is uploaded by staff, approved by the manager and superseded; the
// inspector asks which was in force; then somebody with the run of the machine
// swaps and cuts what is stored. On both stores.
func TestWalkAndTamper(t *testing.T) {
	for _, store := range []string{"s3", "dir"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			s := start(t, store)
			walk(s)
			tamperAll(s)
		})
	}
}

type asAt struct {
	Items []struct {
		Document struct {
			ID string `json:"id"`
		} `json:"document"`
		Version struct {
			Number int    `json:"number"`
			SHA256 string `json:"sha256"`
		} `json:"version"`
	} `json:"items"`
}

func walk(s *stack) {
	s.t.Helper()
	library := s.library("staff")
	texts := map[int]string{1: "The first edition of a policy that is plainly made up.", 2: "The second edition of a policy that is plainly made up."}
	fields := map[string]string{"title": "Visitors", "kind": "policy", "in_force_from": "2025-01-01"}
	_, a, err := s.upload("staff", "/api/v1/records/"+library+"/documents", fields, "visitors.txt", strings.NewReader(texts[1]))
	must(s.t, err)
	if sum := sha256.Sum256([]byte(texts[1])); a.Version.SHA256 != hex.EncodeToString(sum[:]) || a.Version.Number != 1 {
		s.t.Errorf("the answer to the upload is wrong: %+v", a)
	}
	doc := "/api/v1/documents/" + a.Document.ID
	approve := func(n int) {
		s.want(http.StatusOK, "manager", http.MethodPost, doc+"/versions/"+strconv.Itoa(n)+"/approve", nil, nil)
	}
	s.want(http.StatusForbidden, "staff", http.MethodPost, doc+"/versions/1/approve", nil, nil)
	s.want(http.StatusForbidden, "service", http.MethodPost, doc+"/versions/1/approve", nil, nil)
	s.want(http.StatusNotFound, "other-setting-staff", http.MethodGet, doc+"/versions", nil, nil)
	approve(1)
	_, _, err = s.upload("staff", doc+"/versions", map[string]string{"in_force_from": "2025-06-01"}, "visitors.txt", strings.NewReader(texts[2]))
	must(s.t, err)
	approve(2)
	for day, want := range map[string]int{"2024-12-31": 0, "2025-01-01": 1, "2025-05-31": 1, "2025-06-01": 2, "2026-06-01": 2} {
		var got asAt
		s.want(http.StatusOK, "inspector", http.MethodGet, "/api/v1/records/"+library+"/as-at?date="+day, nil, &got)
		n := 0
		for _, i := range got.Items {
			if i.Document.ID == a.Document.ID {
				n = i.Version.Number
			}
		}
		if n != want {
			s.t.Errorf("on %s version %d, want %d", day, n, want)
		}
	}
	for n, text := range texts {
		code, body, err := s.call("inspector", http.MethodGet, doc+"/versions/"+strconv.Itoa(n)+"/content", nil, nil)
		if err != nil || code != http.StatusOK || string(body) != text {
			s.t.Errorf("version %d: %d %q %v", n, code, body, err)
		}
	}
}

// tamperAll: each kind of tampering is refused when read, and footprinted.
func tamperAll(s *stack) {
	s.t.Helper()
	library := s.library("staff")
	put := func(n int) added {
		_, a, err := s.upload("staff", "/api/v1/records/"+library+"/documents", map[string]string{"title": "A notice", "kind": "procedure", "in_force_from": "2025-01-01"},
			"notice.txt", strings.NewReader(strings.Repeat("notice "+strconv.Itoa(n)+" ", 30_000)))
		must(s.t, err)
		return a
	}
	damaged := 0
	refused := func(what string, a added) {
		s.t.Helper()
		code, body, err := s.call("manager", http.MethodGet, "/api/v1/documents/"+a.Document.ID+"/versions/1/content", nil, nil)
		must(s.t, err)
		if damaged++; code != http.StatusInternalServerError || !strings.Contains(string(body), "damaged") || strings.Contains(string(body), "notice") {
			s.t.Errorf("%s: %d %.200s", what, code, body)
		}
		var n int
		must(s.t, s.database().QueryRow(context.Background(), `select count(*) from app.footprint where outcome = 'damaged'`).Scan(&n))
		if n != damaged {
			s.t.Errorf("%s: %d footprints of damage, want %d", what, n, damaged)
		}
	}
	a, b := put(1), put(2)
	one, two := s.object(a.Document.ID, 1), s.object(b.Document.ID, 1)
	must(s.t, os.Rename(one, one+".kept"))
	must(s.t, os.Rename(two, one))
	must(s.t, os.Rename(one+".kept", two))
	refused("two objects swapped", a)
	refused("two objects swapped", b)

	c, d := put(3), put(4)
	s.tamper(`update app.version v set wrapped_key = w.wrapped_key from app.version w
		where v.document_id in ($1::bigint, $2::bigint) and w.document_id in ($1::bigint, $2::bigint) and w.id <> v.id`, c.Document.ID, d.Document.ID)
	refused("two wrapped keys swapped", c)
	refused("two wrapped keys swapped", d)

	e := put(5)
	path := s.object(e.Document.ID, 1)
	info, err := os.Stat(path)
	must(s.t, err)
	must(s.t, os.Chmod(path, 0o600))
	must(s.t, os.Truncate(path, info.Size()-1))
	refused("cut short by a byte", e)
	must(s.t, os.Truncate(path, 0))
	refused("cut to nothing", e)
	must(s.t, os.Remove(path))
	refused("gone", e)

	f := put(6)
	s.tamper(`update app.version set sha256 = sha256('other') where document_id = $1::bigint`, f.Document.ID)
	refused("another hash in the row", f)
}
