package versions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/gabriel-vasile/mimetype"

	"custodian/internal/fault"
	"custodian/internal/pg"
	"custodian/storage"
)

// Received is content that has been stored and that no version speaks of yet. It
// must be given to an Add method, to NewBatch or Hold, or to Discard.
type Received struct {
	FileName  string
	MediaType string

	written *storage.Written
	held    *heldAs // where it waits, if it does
}

// SHA256 is the hash of the content; of no content, all zeroes.
func (r *Received) SHA256() (hash [32]byte) {
	if r != nil {
		hash = r.written.SHA256
	}
	return hash
}

// headSize is how much of a file is looked at to tell what it is.
const headSize = 4096

// Receive streams content into the store, sealed, and tells what it is. name
// is the file's own name, which is checked and kept but never used as a path.
// Refused are: empty content, content over the limit, content that breaks off,
// names with paths or hidden characters, and content that plainly is something
// else than its name says.
func (k *Keeper) Receive(ctx context.Context, name string, body io.Reader) (*Received, error) {
	if err := checkFileName(name); err != nil {
		return nil, err
	}
	src := &source{r: body, left: k.limit}
	head := make([]byte, headSize)
	n, err := io.ReadFull(src, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF || src.err != nil {
		return nil, k.broken(src, err)
	}
	head = head[:n]
	if n == 0 {
		return nil, file("The file is empty. Choose the file again; if it opens as empty on your own device too, it was not saved.")
	}
	media, err := sniff(name, head)
	if err != nil {
		return nil, err
	}
	written, err := k.keep(ctx, io.MultiReader(bytes.NewReader(head), src))
	if err != nil {
		return nil, k.broken(src, err)
	}
	return &Received{FileName: name, MediaType: media, written: written}, nil
}

// mostAtOnce is how many uploads are stored at the same time; each takes some
// 10 MiB of memory. Others wait their turn, as long as longestWait.
const (
	mostAtOnce  = 32
	longestWait = time.Minute
)

var errCrowded = errors.New("too many uploads at once")

// keep stores content under a name that is written down first, so that what a
// crash leaves behind can be found, and nothing else is ever taken for that.
func (k *Keeper) keep(ctx context.Context, body io.Reader) (*storage.Written, error) {
	select {
	case k.places <- struct{}{}:
		defer func() { <-k.places }()
	case <-time.After(longestWait):
		return nil, errCrowded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	name := storage.NewName()
	if err := pg.Keep(ctx, k.db, `insert into app.upload (object_name) values ($1)`, string(name)); err != nil {
		return nil, err
	}
	// where this fails the note stays: a write whose answer was lost may still land, and Sweep removes what is there by then
	return k.sealed.PutAs(ctx, name, body)
}

// Size is the length of the content in bytes.
func (r *Received) Size() int64 { return r.written.Size }

// Discard removes content that no row will speak of. What cannot be removed
// now is left to Sweep. A file that waits to be added goes on waiting.
func (k *Keeper) Discard(ctx context.Context, r *Received) {
	if r == nil || r.held != nil {
		return
	}
	if err := k.sealed.Remove(context.WithoutCancel(ctx), r.written.Name); err == nil {
		k.forget(ctx, r.written.Name)
	}
}

// forget drops the note of an object that is gone. A note that stays is looked
// at by Sweep.
func (k *Keeper) forget(ctx context.Context, name storage.Name) {
	_ = pg.Keep(context.WithoutCancel(ctx), k.db, `delete from app.upload where object_name = $1`, string(name))
}

func file(problem string) error { return fault.Bad([]fault.Field{{Name: "file", Problem: problem}}) }

func (k *Keeper) broken(src *source, err error) error {
	switch {
	case errors.Is(src.err, errOver):
		return TooLarge(k.limit)
	case src.err != nil:
		return fault.Wrap(fault.Invalid, "The upload broke off before the file was whole. Nothing was kept; send it again.", src.err)
	}
	return notStored(err)
}

// notStored is what a person is told when the store, and not what they sent, is at fault.
func notStored(err error) error {
	if _, ok := fault.Of(err); ok {
		return err
	}
	return fault.Wrap(fault.Unavailable, "Documents cannot be stored just now. Nothing was kept; try again in a while, and if it lasts tell your administrator.", err)
}

// TooLarge is the fault for a file over the limit of so many bytes.
func TooLarge(limit int64) error {
	return fault.New(fault.TooLarge, fmt.Sprintf("The file is larger than %s, which is the most that can be stored here. Split it, or ask your administrator to raise the limit.", size(limit)))
}

func size(n int64) string {
	for _, u := range []struct {
		bytes int64
		word  string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= u.bytes {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/float64(u.bytes)), ".0") + " " + u.word
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

var errOver = errors.New("over the limit")

// source remembers the body's own failure, to tell it from the store's, and
// ends at the limit.
type source struct {
	r    io.Reader
	left int64
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if s.left -= int64(n); s.left < 0 {
		s.err = errOver
		return 0, s.err
	}
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func checkFileName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return file("The file has no name. Give it one and send it again.")
	case len([]rune(name)) > fault.Longest || len(name) > 4*fault.Longest:
		return file(fmt.Sprintf("The file's name has %d letters; %d is the most. Shorten it and send it again.", len([]rune(name)), fault.Longest))
	case strings.ContainsAny(name, `/\"<>`) || strings.Contains(name, "%22"): // browsers send a quote as %22
		return file(`The file's name holds a character that a name may not have (/ \ " < >). Rename it and send it again.`)
	case name == "." || name == "..":
		return file("The file's name is only dots, which name a folder. Rename it and send it again.")
	case strings.ContainsFunc(name, fault.Hidden):
		return file("The file's name holds characters that cannot be seen, which can make it look like another. Rename it and send it again.")
	}
	return nil
}

// claims says what content a name's ending promises: one of these types, or a
// type derived from one. Word, Excel and PowerPoint files are zip or OLE
// containers, and are sometimes recognised only as such.
func claims(ending string) []string {
	const zip, ole = "application/zip", "application/x-ole-storage"
	switch ending {
	case ".pdf":
		return []string{"application/pdf"}
	case ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp":
		return []string{zip, ole}
	case ".doc", ".xls", ".ppt", ".msg":
		return []string{ole, "text/rtf"}
	case ".zip":
		return []string{zip}
	case ".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".webp", ".bmp", ".heic", ".heif":
		return []string{"image/"}
	case ".txt", ".csv", ".md", ".eml", ".rtf":
		return []string{"text/", "message/", "application/"}
	case ".mp3", ".m4a", ".wav", ".ogg", ".aac", ".mp4", ".mov", ".avi", ".mkv", ".webm":
		return []string{"audio/", "video/", "application/ogg"}
	}
	return nil
}

// active are types that a browser or a machine would run.
func active(m *mimetype.MIME) bool {
	for ; m != nil; m = m.Parent() {
		switch base(m) {
		case "text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript", "application/javascript",
			"application/vnd.microsoft.portable-executable", "application/x-elf", "application/x-mach-binary", "application/x-executable", "text/x-shellscript":
			return true
		}
	}
	return false
}

// ServedAs is the media type under which content of this type is given out. What
// a browser would run comes as plain bytes: the pages' policy lets them load
// scripts from our own address, and what people store there is not ours.
func ServedAs(media string) string {
	plain, _, _ := strings.Cut(media, ";")
	if active(mimetype.Lookup(plain)) {
		return "application/octet-stream"
	}
	return media
}

func base(m *mimetype.MIME) string {
	t, _, _ := strings.Cut(m.String(), ";")
	return t
}

// sniff tells the media type by content, and refuses content that is plainly
// something else than its name says. Content that cannot be told is believed.
func sniff(name string, head []byte) (string, error) {
	m := mimetype.Detect(head)
	promised := claims(strings.ToLower(path.Ext(name)))
	if promised == nil || m.Is("application/octet-stream") || base(m) == "text/plain" {
		return m.String(), nil
	}
	if !active(m) {
		for p := m; p != nil; p = p.Parent() {
			for _, want := range promised {
				if base(p) == want || strings.HasSuffix(want, "/") && strings.HasPrefix(base(p), want) {
					return m.String(), nil
				}
			}
		}
	}
	return "", file(fmt.Sprintf("The file's name ends in %s, but its content is %s. Send the right file, or rename it to what it is.", path.Ext(name), words(m)))
}

func words(m *mimetype.MIME) string {
	switch t := base(m); {
	case t == "text/html":
		return "a web page (HTML)"
	case strings.HasPrefix(t, "image/"):
		return "a picture (" + strings.TrimPrefix(t, "image/") + ")"
	case active(m):
		return "a program"
	case strings.HasPrefix(t, "audio/"):
		return "a sound recording (" + strings.TrimPrefix(t, "audio/") + ")"
	case strings.HasPrefix(t, "video/"):
		return "a film (" + strings.TrimPrefix(t, "video/") + ")"
	case t == "application/pdf":
		return "a PDF"
	default:
		return "another kind of file (" + t + ")"
	}
}
