package house

import (
	"encoding/json"
	"fmt"
	"regexp"
)

const (
	packageFile  = "web/package.json"
	packageLocks = "web/package-lock.json"
)

var exactVersion = regexp.MustCompile(`^\d+\.\d+\.\d+$`)

// packages are the npm packages that the pages are built with, and the versions asked for.
func (tr *tree) packages() map[string]string {
	var file struct{ Dependencies, DevDependencies map[string]string }
	if json.Unmarshal(tr.files[packageFile], &file) != nil {
		return nil
	}
	all := map[string]string{}
	for _, some := range []map[string]string{file.Dependencies, file.DevDependencies} {
		for name, version := range some {
			all[name] = version
		}
	}
	return all
}

// packageRule: npm packages are pinned, each to one version with one hash, and no address: they come from the registry that a machine
// is set up for, and the hash says whether it is they.
func packageRule(tr *tree) (wrong []string) {
	if tr.files[packageFile] == nil {
		return nil
	}
	asked := tr.packages()
	if len(asked) == 0 {
		wrong = append(wrong, packageFile+" cannot be read, or asks for nothing")
	}
	var locks struct {
		Packages map[string]struct {
			Version, Resolved, Integrity string
		}
	}
	if err := json.Unmarshal(tr.files[packageLocks], &locks); err != nil {
		return append(wrong, fmt.Sprintf("%s cannot be read: %v", packageLocks, err))
	}
	for name, version := range asked {
		if !exactVersion.MatchString(version) {
			wrong = append(wrong, fmt.Sprintf("%s asks for %s %s; name one version", packageFile, name, version))
		} else if have := locks.Packages["node_modules/"+name].Version; have != version {
			wrong = append(wrong, fmt.Sprintf("%s asks for %s %s, and %s has %q", packageFile, name, version, packageLocks, have))
		}
	}
	for name, p := range locks.Packages {
		if name == "" {
			continue // the product itself
		}
		if p.Resolved != "" || p.Integrity == "" {
			wrong = append(wrong, fmt.Sprintf("%s: %s wants a hash and no address, and has %q and %q", packageLocks, name, p.Integrity, p.Resolved))
		}
	}
	return wrong
}
