package browsertest

import (
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/page"
)

// shots names the environment variable that says where pictures go.
const shots = "CUSTODIAN_SHOTS"

// Shot takes a picture of the whole page, NAME-WIDTH.png in the directory that
// CUSTODIAN_SHOTS names. Where it names none, no picture is taken.
func (p *Page) Shot(name string) {
	p.t.Helper()
	dir := os.Getenv(shots)
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		p.t.Fatalf("browsertest: %v", err)
	}
	p.js(nil, `() => document.fonts.ready.then(() => null)`)
	// The window is made as tall as the page, so that what keeps to its foot is at the foot.
	p.resize(int64(math.Ceil(p.rect().Height)))
	yes := true
	r := p.rect()
	shot := call(p, page.CaptureScreenshot, page.CaptureScreenshotParams{
		Clip:                  &page.Viewport{Width: math.Max(r.Width, float64(p.o.Width)), Height: r.Height, Scale: 1},
		CaptureBeyondViewport: &yes,
	})
	p.resize(0)
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, p.o.Width)), shot.Data, 0o644); err != nil {
		p.t.Fatalf("browsertest: %v", err)
	}
}
