package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// identity says as whom the server's programs run. PostgreSQL refuses to run as root, so root has to become somebody else:
// the account postgres where it can reach the directory, else root itself seen from inside a user namespace, which is what
// makes a cluster under a 0700 home possible.
type identity struct {
	uid, gid  uint32 // who owns the files, as this process sees it
	drop      bool   // become uid and gid
	namespace bool   // stay root outside, be uid 1000 inside
}

const insideNamespace = 1000 // any uid but 0 will do

func self() identity {
	return identity{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}
}

// chooseIdentity settles as whom the cluster at data runs: as its owner when it exists; for a new one as this account, or,
// run as root, as the account postgres if that may enter dir, else in a user namespace.
func chooseIdentity(dir, data, bin string) (identity, error) {
	info, err := os.Stat(data)
	switch {
	case err == nil:
		return ownerOf(info)
	case !errors.Is(err, os.ErrNotExist):
		return identity{}, err
	case os.Geteuid() != 0:
		return self(), nil
	}
	var why []error
	for _, as := range candidates(filepath.Dir(dir)) {
		err := as.enters(bin, filepath.Dir(dir))
		if err == nil {
			return as, nil
		}
		why = append(why, fmt.Errorf("as %s: %w", as, err))
	}
	return identity{}, fmt.Errorf("PostgreSQL refuses to run as root, and nobody else can run it under %s; "+
		"choose a data directory that every account may enter (chmod o+x on its parents), "+
		"run as an ordinary user, or set DATABASE_URL\n%w", filepath.Dir(dir), errors.Join(why...))
}

// candidates are those that root may become for a new cluster under parent, the preferred one first: the account postgres;
// root in a user namespace, for a 0700 home of root; and the owner of parent, for a 0700 home of somebody who used sudo.
func candidates(parent string) []identity {
	var list []identity
	if as, ok := postgresAccount(); ok {
		list = append(list, as)
	}
	list = append(list, identity{namespace: true})
	if info, err := os.Stat(parent); err == nil {
		if as, err := ownerOf(info); err == nil && as.drop {
			list = append(list, as)
		}
	}
	return list
}

func (i identity) String() string {
	if i.namespace {
		return "root in a user namespace"
	}
	return "account " + strconv.FormatUint(uint64(i.uid), 10)
}

// ownerOf is the identity that an existing cluster demands: its files must belong to whoever runs the server.
func ownerOf(info fs.FileInfo) (identity, error) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}, errors.New("this system does not say who owns a file")
	}
	me := self()
	switch {
	case me.uid == 0 && st.Uid == 0:
		return identity{namespace: true}, nil
	case me.uid == 0:
		return identity{uid: st.Uid, gid: st.Gid, drop: true}, nil
	case me.uid != st.Uid:
		return identity{}, fmt.Errorf("the database belongs to account %d: run as that account, or as root", st.Uid)
	}
	return me, nil
}

func postgresAccount() (identity, bool) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return identity{}, false
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err1 != nil || err2 != nil || uid == 0 {
		return identity{}, false
	}
	return identity{uid: uint32(uid), gid: uint32(gid), drop: true}, true
}

// attributes is how a program is started as i: in a process group of its own, so that Ctrl-C at the terminal reaches us and
// not the server behind our back, and told to shut down when the thread that started it dies.
func (i identity) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
	if i.drop {
		a.Credential = &syscall.Credential{Uid: i.uid, Gid: i.gid}
	}
	if i.namespace {
		a.Cloneflags = syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: insideNamespace, HostID: 0, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: insideNamespace, HostID: 0, Size: 1}}
	}
	return a
}

// enters asks by trying: can i work in dir and run the programs? Mode bits alone would miss access lists and mount options.
func (i identity) enters(bin, dir string) error {
	cmd := exec.Command(filepath.Join(bin, "postgres"), "--version")
	cmd.Dir = dir
	cmd.Env = environment(dir)
	cmd.SysProcAttr = i.attributes()
	p, err := launch(cmd)
	if err != nil {
		return err
	}
	return <-p.done
}

// explain adds what to do when i turned out not to be able to enter the directory.
func (i identity) explain(err error) error {
	if i.drop && errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%w: account %d owns the database but may not enter every directory above it; "+
			"give it that (chmod o+x), or move the database", err, i.uid)
	}
	return err
}

// take makes dir belong to i. Only a directory that is empty, or already ours, is taken: run as root, this changes its owner.
func (i identity) take(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !ours(e.Name()) {
			return fmt.Errorf("%s is to hold PostgreSQL's files, but something else is there already (%s); "+
				"give an empty directory, or one that does not exist", dir, e.Name())
		}
	}
	if i.drop {
		if err := os.Lchown(dir, int(i.uid), int(i.gid)); err != nil {
			return fmt.Errorf("give %s to the account that runs PostgreSQL: %w", dir, err)
		}
	}
	return os.Chmod(dir, 0o700)
}

func ours(name string) bool {
	switch name {
	case "data", "lock", "postgres.log", "postgres.log.old", "run", socketNote:
		return true
	}
	return strings.HasPrefix(name, "data.new-")
}

// openFile opens a file of the cluster as one that i owns. It follows no symbolic link: the directory belongs to i, and root
// must not be led elsewhere by what i put there.
func (i identity) openFile(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if i.drop {
		if err := f.Chown(int(i.uid), int(i.gid)); err != nil {
			f.Close()
			return nil, err
		}
	}
	return f, nil
}

// takeLock makes this process the only one that works in the directory. It waits a little, because the holder may be stopping.
func takeLock(ctx context.Context, path string, as identity) (*os.File, error) {
	f, err := as.openFile(path, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(5 * time.Second); ; {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if time.Now().After(deadline) {
			f.Close()
			return nil, fmt.Errorf("another running program uses the database in %s; stop it first, or give another data directory",
				filepath.Dir(path))
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			f.Close()
			return nil, err
		}
	}
}
