package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// sources are the places a value can come from, in their order of weight.
type sources struct {
	flags map[string]string
	env   map[string]string
	file  map[string]string // by key
	name  string            // of the file; empty when there is none
}

// found is the text of one setting and where it came from.
type found struct {
	text   string
	source string
}

func (f found) shown(setting Setting) Value {
	v := Value{Setting: setting, Text: f.text, Source: f.source}
	if setting.Secret {
		v.Text = NewSecret(f.text).shown()
	}
	return v
}

func environment(lines []string) map[string]string {
	env := map[string]string{}
	for _, line := range lines {
		if key, text, ok := strings.Cut(line, "="); ok && text != "" {
			env[key] = text
		}
	}
	return env
}

// find returns the text of a setting from the heaviest source that has one. A secret is taken directly or from a file, and
// giving both in one source is refused, because one of the two would silently not be used.
func (in sources) find(s Setting) (found, error) {
	for _, place := range []struct {
		from        map[string]string
		name, file  string
		label, look string
	}{
		{in.flags, s.Flag(), s.FileFlag(), "flag --" + s.Flag(), "flag --" + s.FileFlag()},
		{in.env, s.Env(), s.FileEnv(), "environment " + s.Env(), "environment " + s.FileEnv()},
		{in.file, s.Key, s.FileKey(), "file " + in.name, "file " + in.name},
	} {
		direct, given := place.from[place.name]
		path, byFile := "", false
		if s.Secret {
			path, byFile = place.from[place.file]
		}
		switch {
		case given && byFile:
			return found{source: place.label}, fmt.Errorf("%s and %s are both given; give one", place.name, place.file)
		case given:
			return found{text: direct, source: place.label}, nil
		case byFile:
			return in.secretFile(path, place.look)
		}
	}
	return found{text: s.Default, source: "default"}, nil
}

// secretLimit bounds what is read from a secret's file: longer is a wrong file, not a password.
const secretLimit = 64 << 10

// secretFile reads a secret. One line end after it is dropped, because editors add one.
func (in sources) secretFile(path, source string) (found, error) {
	f := found{source: source + " (read from " + path + ")"}
	file, err := os.Open(path)
	if err != nil {
		return f, fmt.Errorf("the file with the secret cannot be read: %w", err)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, secretLimit+1))
	if err != nil {
		return f, fmt.Errorf("the file with the secret cannot be read: %w", err)
	}
	raw = bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r"))
	switch {
	case len(raw) == 0:
		return f, errors.New("the file with the secret is empty")
	case len(raw) > secretLimit:
		return f, fmt.Errorf("the file with the secret is longer than %d bytes; is it the right file?", secretLimit)
	case bytes.ContainsAny(raw, "\n\r\x00"):
		return f, errors.New("the file with the secret has more than one line; is it the right file?")
	}
	f.text = string(raw)
	return f, nil
}

// readFile reads the settings file that a flag or the environment names, if one does. Every mistake in it is told at once.
func (in *sources) readFile() error {
	path, label := in.flags[ConfigFlag], "flag --"+ConfigFlag
	if path == "" {
		path, label = in.env[ConfigEnv], "environment "+ConfigEnv
	}
	if path == "" {
		return nil
	}
	in.name = path
	var raw map[string]any
	if _, err := toml.DecodeFile(path, &raw); err != nil {
		if syntax, ok := errors.AsType[toml.ParseError](err); ok {
			// The error's own text quotes the line, which may hold a secret.
			return fmt.Errorf("%s (%s) is not a settings file: line %d: %s", path, label, syntax.Position.Line, syntax.Message)
		}
		return fmt.Errorf("the settings file (%s) cannot be read: %w", label, err)
	}
	in.file = map[string]string{}
	known := keys()
	var mistakes []error
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		if !slices.Contains(known, key) {
			mistakes = append(mistakes, fmt.Errorf("file %s: %q is not a setting%s", path, key, suggest(key, known)))
			continue
		}
		t, ok := asText(raw[key])
		if !ok {
			mistakes = append(mistakes, fmt.Errorf("file %s: %s must be a single value: text in quotes, a number, true or false", path, key))
			continue
		}
		in.file[key] = t
	}
	if len(mistakes) > 0 {
		return &Error{Mistakes: mistakes}
	}
	return nil
}

// asText turns a value of a TOML file into the text a flag would have.
func asText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case int64, bool:
		return fmt.Sprint(v), true
	default:
		return "", false
	}
}

// keys returns every key that may stand in the file.
func keys() []string {
	var all []string
	for _, s := range Table() {
		all = append(all, s.Key)
		if s.Secret {
			all = append(all, s.FileKey())
		}
	}
	return all
}

// strangers warns of environment variables that look like a misspelt setting. Others with our prefix are let be: hosting
// platforms make some of their own for a service of this name.
func (in sources) strangers() []string {
	known := []string{ConfigEnv}
	for _, s := range Table() {
		known = append(known, s.Env())
		if s.Secret {
			known = append(known, s.FileEnv())
		}
	}
	var out []string
	for _, key := range slices.Sorted(maps.Keys(in.env)) {
		if !strings.HasPrefix(key, "CUSTODIAN_") || slices.Contains(known, key) {
			continue
		}
		if near := suggest(key, known); near != "" {
			out = append(out, fmt.Sprintf("the environment has %s, which is not a setting and is not used%s", key, near))
		}
	}
	return out
}

// suggest returns "; did you mean X?" for the nearest known word, or nothing when none is near.
func suggest(word string, known []string) string {
	best, least := "", 4
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	if best == "" || least > len(word)/2 {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance counts the letters to add, drop or change to turn a into b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			above := row[j]
			change := before
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, above+1, row[j-1]+1)
			before = above
		}
	}
	return row[len(b)]
}
