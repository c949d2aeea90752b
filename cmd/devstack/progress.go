package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// progress shows how far something long has come: as a bar that grows where a
// terminal shows it, and as a few lines anywhere else.
type progress struct {
	out  io.Writer
	bar  bool
	said int // per cent
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.bar = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// barWidth is the bar's, in letters.
const barWidth = 40

// told is called after each part that is done.
func (p *progress) told(done, total int) {
	now := done * 100 / max(total, 1)
	switch {
	case now <= p.said:
	case p.bar:
		p.said = now
		full := now * barWidth / 100
		fmt.Fprintf(p.out, "\r  [%s%s] %3d%%", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), now)
		if now == 100 {
			fmt.Fprintln(p.out)
		}
	case now/25 > p.said/25:
		p.said = now
		fmt.Fprintf(p.out, "  %d%% planted\n", now)
	}
}
