package whole

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// uploads is how many are under way while the portal is killed.
func uploads() int {
	if os.Getenv("CUSTODIAN_DEEP") != "" {
		return 500
	}
	return 50
}

// The portal is killed again and again while people upload. Whatever was
// answered with 201 is there and whole; whatever has a row has its object.
func TestKilledWhileUploading(t *testing.T) {
	for _, store := range []string{"s3", "dir"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			s := start(t, store)
			kept, kills := s.uploadUnderFire(uploads())
			t.Logf("%s: %d of %d uploads acknowledged, %d kills", store, len(kept), uploads(), kills)
			if kills == 0 || len(kept) == 0 {
				t.Errorf("%d acknowledged, %d kills prove nothing", len(kept), kills)
			}
			s.allWhole(kept)
		})
	}
}

// uploadUnderFire gives the acknowledged versions (path of content -> SHA-256)
// and how often the portal was killed.
func (s *stack) uploadUnderFire(count int) (map[string]string, int) {
	s.t.Helper()
	library := s.library("staff")
	kept := map[string]string{}
	var mu sync.Mutex
	var next, left atomic.Int64
	left.Store(int64(count))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(count); n = next.Add(1) {
				text := strings.Repeat(fmt.Sprintf("upload %d, plainly made up. ", n), 2_000+int(n%7)*15_000)
				send := func() (added, error) {
					_, a, err := s.upload("staff", "/api/v1/records/"+library+"/documents",
						map[string]string{"title": fmt.Sprintf("Paper %d", n), "kind": "procedure", "in_force_from": "2026-01-01"}, "paper.txt", strings.NewReader(text))
					return a, err
				}
				a, err := send()
				for errors.Is(err, syscall.ECONNREFUSED) { // no portal was there to be killed: not an upload yet
					time.Sleep(20 * time.Millisecond)
					a, err = send()
				}
				if err == nil {
					sum := sha256.Sum256([]byte(text))
					mu.Lock()
					kept["/api/v1/documents/"+a.Document.ID+"/versions/1/content"] = hex.EncodeToString(sum[:])
					mu.Unlock()
				}
				left.Add(-1)
			}
		})
	}
	kills := 0
	r := rand.New(rand.NewPCG(1, 9))
	ended := make(chan error)
	for left.Load() > int64(count)/10 {
		time.Sleep(time.Duration(20+r.IntN(300)) * time.Millisecond)
		pid := s.PortalPID
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			s.t.Errorf("kill: %v", err)
			break
		}
		kills++
		s.wait(ended, pid)
		// let some through: a portal that is always dead acknowledges nothing
		for before := left.Load(); left.Load() > before-3 && left.Load() > 0; {
			time.Sleep(10 * time.Millisecond)
		}
	}
	wg.Wait()
	return kept, kills
}

// allWhole reads every version that has a row, the acknowledged ones among them.
func (s *stack) allWhole(kept map[string]string) {
	s.t.Helper()
	rows, err := s.database().Query(context.Background(), `select document_id, number, encode(sha256, 'hex') from app.version`)
	must(s.t, err)
	var document, number int64
	var sum string
	found := map[string]string{}
	_, err = pgx.ForEachRow(rows, []any{&document, &number, &sum}, func() error {
		found[fmt.Sprintf("/api/v1/documents/%d/versions/%d/content", document, number)] = sum
		return nil
	})
	must(s.t, err)
	for path, want := range kept {
		if found[path] != want {
			s.t.Errorf("acknowledged and lost: %s", path)
		}
	}
	for path, want := range found {
		code, body, err := s.call("manager", http.MethodGet, path, nil, nil)
		got := sha256.Sum256(body)
		if err != nil || code != http.StatusOK || hex.EncodeToString(got[:]) != want {
			s.t.Errorf("%s: %d, %v, %x want %s", path, code, err, got, want)
		}
	}
	var documents int
	must(s.t, s.database().QueryRow(context.Background(), `select count(*) from app.document d where not exists (select from app.version v where v.document_id = d.id)`).Scan(&documents))
	if documents != 0 {
		s.t.Errorf("%d documents without a version", documents)
	}
}
