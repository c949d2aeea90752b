package cluster

import (
	"os"
	"path/filepath"
	"strings"
)

// Reach gives the address of a database in a cluster that another program of
// this computer is running, for one role; ok is false where none is running.
// It starts nothing and stops nothing.
func Reach(dir, database, role string) (address string, ok bool) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return "", false
	}
	places := []string{filepath.Join(full, "run")}
	if note, err := os.ReadFile(filepath.Join(full, socketNote)); err == nil {
		places = append(places, strings.TrimSpace(string(note)))
	}
	for _, place := range places {
		if _, err := os.Lstat(filepath.Join(place, socketFile)); err == nil && filepath.IsAbs(place) {
			c := Cluster{socket: socket{dir: place}}
			return c.URL(database, role), true
		}
	}
	return "", false
}
