package config

import (
	"fmt"
	"strings"
)

// Markdown returns the documentation of every setting, as docs/settings.md holds it.
func Markdown() string {
	var b strings.Builder
	b.WriteString(opening)
	group := ""
	for _, s := range Table() {
		if s.Group != group {
			group = s.Group
			fmt.Fprintf(&b, "\n## %s\n", group)
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", s.Key, s.Help)
		b.WriteString("| flag | environment | in the file | takes | left out |\n|---|---|---|---|---|\n")
		fmt.Fprintf(&b, "| `--%s` | `%s` | `%s` | %s | %s |\n", s.Flag(), s.Env(), s.Key, s.takes(), s.leftOut())
		if s.Secret {
			fmt.Fprintf(&b, "| `--%s` | `%s` | `%s` | the path of a file that holds it | |\n", s.FileFlag(), s.FileEnv(), s.FileKey())
		}
	}
	return b.String()
}

const opening = `# Settings

This page is made from the program's own table of settings; a test fails when the two differ.

Custodian starts with no settings at all. Each one below can be given in three ways. When it is given in more than one, the
first of these wins:

1. a flag on the command line, such as ` + "`--upload-limit 500MiB`" + `
2. a variable in the environment, such as ` + "`CUSTODIAN_UPLOAD_LIMIT=500MiB`" + ` (one that is empty counts as not set)
3. a line in a settings file, such as ` + "`upload_limit = \"500MiB\"`" + `. The file is TOML; name it with ` + "`--config FILE`" + ` or ` + "`CUSTODIAN_CONFIG`" + `

A secret can also be put in a file of its own, so that it stands neither on the command line, where other people on the computer
can see it, nor in the environment: give the path with the second form shown. Giving a secret both ways at once is refused.
Paths that do not begin with ` + "`/`" + ` are taken from the directory in which the program was started.

` + "`custodian config`" + ` shows every setting as it stands, and where its value came from. It never shows a secret.
`

func (s Setting) takes() string {
	t := string(s.Kind)
	if len(s.Choices) > 0 {
		t = "`" + strings.Join(s.Choices, "` or `") + "`"
	}
	if s.Secret {
		t += " (secret)"
	}
	return t
}

func (s Setting) leftOut() string {
	if s.Default != "" {
		return "`" + s.Default + "`"
	}
	return s.Follows
}
