package browsertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// shared is the one browser of this test program.
var shared struct {
	mu      sync.Mutex
	browser *Browser
	err     error
}

// Browser is a running Chromium with a private profile.
type Browser struct {
	ctx  context.Context
	stop []context.CancelFunc
	dir  string // 0700: the profile and what was downloaded
}

// Main runs a package's tests and then stops the browser. A package that has a
// TestMain of its own calls Stop at its end instead.
func Main(m *testing.M) {
	code := m.Run()
	Stop()
	os.Exit(code)
}

// Start gives the browser of this test program, started by the first who asks.
// Without a browser to start the test fails: it is needed, not optional.
func Start(t testing.TB) *Browser {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.browser == nil && shared.err == nil {
		shared.browser, shared.err = open(t)
	}
	if shared.err != nil {
		t.Fatalf("browsertest: %v", shared.err)
	}
	return shared.browser
}

// Stop ends the browser, if one was started, and removes its profile.
func Stop() {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.browser != nil {
		shared.browser.close()
		shared.browser = nil
	}
}

// find looks for an installed Chromium under the names it is packaged by.
func find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New(`no Chromium is on the PATH, and the tests need one: run "make setup"`)
}

// open starts the browser in its sandbox where there can be one: root cannot
// have it, and some containers do not let a user make one. Only pages of this
// machine are ever opened, so going on without is no loss.
func open(t testing.TB) (*Browser, error) {
	path, err := find()
	if err != nil {
		return nil, err
	}
	if os.Getuid() != 0 {
		b, err := launch(path, false)
		if err == nil {
			return b, nil
		}
		t.Logf("browsertest: Chromium does not start in its sandbox, so it runs without: %v", err)
	}
	return launch(path, true)
}

func launch(path string, bare bool) (*Browser, error) {
	dir, err := os.MkdirTemp("", "browsertest-")
	if err != nil {
		return nil, err
	}
	b := &Browser{dir: dir}
	if err := b.profile(); err != nil {
		b.close()
		return nil, err
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), b.flags(path, bare)...)
	b.stop = append(b.stop, stop)
	b.ctx, stop = chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
	b.stop = append(b.stop, stop)
	started := make(chan error, 1)
	go func() { started <- chromedp.Do(b.ctx) }()
	select {
	case err = <-started:
	case <-time.After(time.Minute):
		err = errors.New("it did not answer within a minute")
	}
	if err != nil {
		b.close()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return b, nil
}

// profile lays down the settings that have no flag: a PDF is fetched as a file,
// whose bytes a test can compare, and not drawn by the browser's own viewer.
func (b *Browser) profile() error {
	for _, d := range []string{"Default", "downloads"} {
		if err := os.MkdirAll(filepath.Join(b.dir, d), 0o700); err != nil {
			return err
		}
	}
	settings := `{"plugins":{"always_open_pdf_externally":true},"download":{"prompt_for_download":false},"intl":{"accept_languages":"en-GB,en"}}`
	return os.WriteFile(filepath.Join(b.dir, "Default", "Preferences"), []byte(settings), 0o600)
}

func (b *Browser) flags(path string, bare bool) []chromedp.ExecAllocatorOption {
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(b.dir),
		// Crash reports and caches go with the profile, not into somebody's home.
		chromedp.Env("HOME="+b.dir, "XDG_CONFIG_HOME="+b.dir, "XDG_CACHE_HOME="+b.dir, "TZ=Europe/London", "LANGUAGE=en_GB"),
		chromedp.DisableGPU,
		chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("mute-audio", true),
		chromedp.Flag("no-pings", true),
		chromedp.Flag("lang", "en-GB"),
		chromedp.Flag("accept-lang", "en-GB,en"),
		chromedp.Flag("force-prefers-reduced-motion", true),
		chromedp.Flag("font-render-hinting", "none"),
		// Nothing but this machine is there to be asked.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
		chromedp.Flag("no-proxy-server", true),
	)
	if bare {
		opts = append(opts, chromedp.NoSandbox)
	}
	return opts
}

func (b *Browser) close() {
	for i := len(b.stop) - 1; i >= 0; i-- {
		b.stop[i]()
	}
	// A process that is just ending may still write into its profile.
	for range 50 {
		if err := os.RemoveAll(b.dir); err == nil || !strings.Contains(err.Error(), "not empty") {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
