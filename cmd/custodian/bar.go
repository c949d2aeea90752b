package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// bar shows how far something long has come: as a bar that grows where a terminal shows it, and as a few lines anywhere else.
type bar struct {
	out   io.Writer
	words string
	draws bool
	said  int // per cent
}

func newBar(out io.Writer, words string) *bar {
	b := &bar{out: out, words: words}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		b.draws = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return b
}

// barWidth is the bar's, in letters.
const barWidth = 40

// told is called now and then with how much is done.
func (b *bar) told(done, total int64) {
	now := int(done * 100 / max(total, 1))
	switch {
	case now <= b.said:
	case b.draws:
		b.said = now
		full := now * barWidth / 100
		fmt.Fprintf(b.out, "\r  [%s%s] %3d%%", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), now)
		if now == 100 {
			fmt.Fprintln(b.out)
		}
	case now/25 > b.said/25:
		b.said = now
		fmt.Fprintf(b.out, "  %d%% %s\n", now, b.words)
	}
}
