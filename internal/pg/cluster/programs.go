package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// debianPrograms is where Debian and its relatives keep the server programs, one directory per major version.
const debianPrograms = "/usr/lib/postgresql"

var errNoPrograms = errors.New("PostgreSQL's server programs were not found; " +
	"install the package postgresql, or set postgres_bin, or set DATABASE_URL to use a server of your own")

// findPrograms returns the directory of the server programs: the given one, else the newest installed. A cluster that exists
// at data is opened by the major version that made it, and by no other: PostgreSQL would refuse, less clearly.
func findPrograms(given, data string) (string, error) {
	made, err := madeBy(data)
	if err != nil {
		return "", err
	}
	if given != "" {
		return givenPrograms(given, made)
	}
	var found []string
	for _, major := range installed(debianPrograms) {
		found = append(found, filepath.Join(debianPrograms, strconv.Itoa(major), "bin"))
	}
	if p, err := exec.LookPath("postgres"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil && complete(filepath.Dir(p)) {
			found = append(found, filepath.Dir(p))
		}
	}
	if len(found) == 0 {
		return "", errNoPrograms
	}
	if made == "" {
		return found[0], nil
	}
	for _, bin := range found {
		if major, err := versionOf(bin); err == nil && major == made {
			return bin, nil
		}
	}
	return "", fmt.Errorf("the database in %s was made by PostgreSQL %s, which is not installed; "+
		"install the package postgresql-%s, or set postgres_bin to its programs", data, made, made)
}

func givenPrograms(bin, made string) (string, error) {
	bin, err := filepath.Abs(bin)
	if err != nil {
		return "", err
	}
	if !complete(bin) {
		return "", fmt.Errorf("postgres_bin is %s, but the programs postgres and initdb are not both there", bin)
	}
	major, err := versionOf(bin)
	if err != nil {
		return "", err
	}
	if made != "" && major != made {
		return "", fmt.Errorf("the database was made by PostgreSQL %s, and postgres_bin (%s) is PostgreSQL %s", made, bin, major)
	}
	return bin, nil
}

// madeBy reads which major version made the cluster at data: "" when there is none yet.
func madeBy(data string) (string, error) {
	b, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", nil
	case errors.Is(err, os.ErrPermission):
		return "", fmt.Errorf("the database in %s belongs to another account: run as that account, or as root: %w", data, err)
	case err != nil:
		return "", err
	}
	return strings.TrimSpace(string(b)), nil
}

// installed lists the major versions with both programs under root, newest first.
func installed(root string) []int {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil
	}
	var majors []int
	for _, e := range entries {
		major, err := strconv.Atoi(e.Name())
		if err == nil && complete(filepath.Join(root, e.Name(), "bin")) {
			majors = append(majors, major)
		}
	}
	slices.Sort(majors)
	slices.Reverse(majors)
	return majors
}

// complete reports whether both programs lie in bin: a client-only installation has neither, some packages split them.
func complete(bin string) bool {
	for _, name := range []string{"postgres", "initdb"} {
		info, err := os.Stat(filepath.Join(bin, name))
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}

// versionOf asks the program for its major version. `postgres --version` answers before it checks who runs it.
func versionOf(bin string) (string, error) {
	out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", filepath.Join(bin, "postgres"), err)
	}
	m := regexp.MustCompile(`\(PostgreSQL\) (\d+)`).FindSubmatch(out)
	if m == nil {
		return "", fmt.Errorf("%s does not say which PostgreSQL it is: %q", filepath.Join(bin, "postgres"), out)
	}
	return string(m[1]), nil
}
