package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The functions here make the put of a Setting: they check a text and store it. Their errors are read by a person beside
// the setting's name, and never repeat the text of a secret.

func text(at func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, t string) error {
		if strings.ContainsFunc(t, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return errors.New("must be one line without control characters")
		}
		*at(s) = t
		return nil
	}
}

// words takes a list of words, separated by commas or spaces.
func words(at func(*Settings) *[]string) func(*Settings, string) error {
	return func(s *Settings, t string) error {
		list := strings.FieldsFunc(t, func(r rune) bool { return r == ',' || r == ' ' })
		for _, w := range list {
			if len(w) > 200 || strings.ContainsFunc(w, func(r rune) bool { return r < '!' || r > '~' }) {
				return fmt.Errorf("has %q, which is not a word of plain letters", w)
			}
		}
		*at(s) = list
		return nil
	}
}

func secret(at func(*Settings) *Secret) func(*Settings, string) error {
	return func(s *Settings, t string) error { *at(s) = NewSecret(t); return nil }
}

func choice(at func(*Settings) *string, of ...string) func(*Settings, string) error {
	return func(s *Settings, t string) error {
		if !slices.Contains(of, t) {
			return fmt.Errorf("must be %s, not %q", alternatives(of), t)
		}
		*at(s) = t
		return nil
	}
}

func yesNo(at func(*Settings) *bool) func(*Settings, string) error {
	return func(s *Settings, t string) error {
		switch t {
		case "true":
			*at(s) = true
		case "false":
			*at(s) = false
		default:
			return fmt.Errorf("must be true or false, not %q", t)
		}
		return nil
	}
}

func address(at func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, t string) error {
		host, port, err := net.SplitHostPort(t)
		if err != nil || host == "" {
			return fmt.Errorf("must be a host and a port such as 127.0.0.1:8080, not %q", t)
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
			return fmt.Errorf("has the port %q; a port is a number from 0 to 65535", port)
		}
		*at(s) = t
		return nil
	}
}

// web takes an http or https address. With origin it may have no path, because links are made by adding one.
func web(at func(*Settings) *string, origin bool) func(*Settings, string) error {
	return func(s *Settings, t string) error {
		if t == "" {
			return nil
		}
		u, err := url.Parse(t)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return fmt.Errorf("must be a web address that begins with https:// (or http://), not %q", t)
		}
		if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return errors.New("must be a plain web address, without a name, a question mark or a hash sign in it")
		}
		if origin && strings.Trim(u.Path, "/") != "" {
			return fmt.Errorf("must end after the host, without %q", u.Path)
		}
		*at(s) = t
		return nil
	}
}

func folder(at func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, t string) error {
		if strings.ContainsRune(t, 0) {
			return errors.New("must be a path")
		}
		if t != "" {
			full, err := filepath.Abs(t)
			if err != nil {
				return fmt.Errorf("the working directory cannot be found, so %q cannot either; give a path that begins with /", t)
			}
			t = full
		}
		*at(s) = t
		return nil
	}
}

func database(at func(*Settings) *Secret) func(*Settings, string) error {
	return func(s *Settings, t string) error {
		if t == "" {
			return nil
		}
		// The text may hold a password: say what is wrong without repeating it.
		u, err := url.Parse(t)
		if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
			return errors.New("must be an address that begins with postgres://, such as postgres://login:password@host:5432/database")
		}
		if strings.Trim(u.Path, "/") == "" {
			return errors.New("must name the database after the host, such as postgres://login@host:5432/custodian")
		}
		*at(s) = NewSecret(t)
		return nil
	}
}

func endpoint(at func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, t string) error {
		if strings.ContainsAny(t, "/@? ") {
			return fmt.Errorf("must be a host name such as s3.eu-west-2.amazonaws.com, without https:// and without a path, not %q", t)
		}
		*at(s) = t
		return nil
	}
}

func size(at func(*Settings) *int64) func(*Settings, string) error {
	return func(s *Settings, t string) error {
		n, err := parseSize(t)
		if err != nil {
			return err
		}
		*at(s) = n
		return nil
	}
}

// parseSize reads bytes, or a number with KiB, MiB, GiB or TiB (IEC 80000-13: powers of 1024). It is at least 1.
func parseSize(t string) (int64, error) {
	bad := fmt.Errorf("must be a whole number of bytes above 0, or one with KiB, MiB or GiB such as 500MiB, not %q", t)
	digits := strings.TrimRight(t, "KMGTiB ")
	shift, ok := map[string]uint{"": 0, "B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}[strings.TrimSpace(t[len(digits):])]
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n <= 0 || n > math.MaxInt64>>shift {
		return 0, bad
	}
	return n << shift, nil
}

func level(s *Settings, t string) error {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, t) {
		return fmt.Errorf("must be debug, info, warn or error, not %q", t)
	}
	return s.LogLevel.UnmarshalText([]byte(t))
}

// atLeast takes a length of time that is not shorter than least.
func atLeast(least time.Duration, at func(*Settings) *time.Duration) func(*Settings, string) error {
	return func(s *Settings, t string) error {
		d, err := time.ParseDuration(t)
		if err != nil || d < 0 {
			return fmt.Errorf("must be a length of time such as 20s or 2m, not %q", t)
		}
		if d < least {
			return fmt.Errorf("must be at least %s, not %q", strings.Replace(least.String(), "m0s", "m", 1), t)
		}
		*at(s) = d
		return nil
	}
}

// alternatives joins words as a sentence does: "a, b or c".
func alternatives(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func join(dir, name string) string { return filepath.Join(dir, name) }

// inside says whether path is dir or lies below it, by their names alone.
func inside(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
