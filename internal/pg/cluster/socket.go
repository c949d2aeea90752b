package cluster

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// longestSocket is how long the path of a Unix socket may be on Linux: sun_path has 108 bytes, the last one zero (unix(7)).
const longestSocket = 107

const (
	socketFile   = ".s.PGSQL.5432"
	socketNote   = "socket"        // names the directory when it is not under ours
	socketPrefix = "custodian-pg-" // of such a directory
)

// socket is where the server listens: a directory of mode 0700, which is the whole of its access control.
type socket struct {
	dir  string
	away bool // not under the cluster's own directory, whose path is too long
}

// openSocket makes the directory of the socket: run under dir where the path is short enough, else a fresh one in the
// system's temporary directory.
func openSocket(dir, bin string, as identity) (socket, error) {
	run := filepath.Join(dir, "run")
	if fits(run) {
		if err := os.Mkdir(run, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return socket{}, err
		}
		return socket{dir: run}, as.own(run)
	}
	for _, temp := range []string{os.TempDir(), "/tmp"} {
		if !fits(filepath.Join(temp, socketPrefix+"0123456789")) || as.enters(bin, temp) != nil {
			continue
		}
		made, err := os.MkdirTemp(temp, socketPrefix)
		if err != nil {
			continue
		}
		return socket{dir: made, away: true}, as.own(made)
	}
	return socket{}, fmt.Errorf("the path %s is too long for a socket (%d bytes at most), and no temporary directory will do; "+
		"choose a data directory with a shorter path", run, longestSocket)
}

func fits(dir string) bool {
	return len(filepath.Join(dir, socketFile)) <= longestSocket
}

// own gives a directory that we just made, or made earlier, to i, closed to everybody else. A symbolic link in its place is
// refused.
func (i identity) own(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s must be a directory", dir)
	}
	if i.drop {
		if err := os.Lchown(dir, int(i.uid), int(i.gid)); err != nil {
			return err
		}
	}
	return os.Chmod(dir, 0o700)
}

// remember notes a socket directory that lies elsewhere, so that the next start can clear it away should this process be
// killed; and clears away the one before. Our server holds the data directory now, so nobody uses that any more.
func (s socket) remember(dir string, as identity) {
	note := filepath.Join(dir, socketNote)
	if _, err := os.Lstat(note); err != nil && !s.away {
		return // neither is there one to remember, nor was there one before
	}
	f, err := as.openFile(note, os.O_RDWR)
	if err != nil {
		return // housekeeping: at worst an empty directory stays behind
	}
	defer f.Close()
	if b, err := io.ReadAll(io.LimitReader(f, 4096)); err == nil {
		if old := strings.TrimSpace(string(b)); old != s.dir {
			clearSocket(old)
		}
	}
	if f.Truncate(0) == nil && s.away {
		_, _ = f.WriteAt([]byte(s.dir+"\n"), 0)
	}
}

// remove clears the directory away when it is not part of the cluster's own.
func (s socket) remove(dir string) {
	if s.away {
		clearSocket(s.dir)
		_ = os.Remove(filepath.Join(dir, socketNote))
	}
}

// clearSocket removes a socket directory by what can lie in it, never recursively: its name may come from a file.
func clearSocket(dir string) {
	if !strings.HasPrefix(filepath.Base(dir), socketPrefix) || !filepath.IsAbs(dir) {
		return
	}
	_ = os.Remove(filepath.Join(dir, socketFile))
	_ = os.Remove(filepath.Join(dir, socketFile+".lock"))
	_ = os.Remove(dir)
}
