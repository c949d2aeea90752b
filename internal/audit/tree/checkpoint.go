package tree

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint says that a tree had a size and a root at a moment.
type Checkpoint struct {
	Origin string // which tree: a name that no other has
	Size   int64
	Root   Hash
	Epoch  int32
	At     time.Time
}

// text is the body of the signed note (C2SP tlog-checkpoint), with two lines of
// our own after the three that everybody knows.
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\nepoch %d\ntime %s\n", c.Origin, c.Size, c.Root, c.Epoch, c.At.UTC().Format(stamp))
}

// Short is how people compare checkpoints.
func (c Checkpoint) Short() string { return Short(c.Root) }

// Name is the name under which a checkpoint is kept outside the database. It
// tells what the checkpoint says, so that a list of names is enough to find the
// newest.
func (c Checkpoint) Name() string {
	return fmt.Sprintf("%s-e%d-%016d-%s", c.Origin, c.Epoch, c.Size, hex.EncodeToString(c.Root[:]))
}

// ParseName reads what Name wrote; the moment is not in it.
func ParseName(name string) (c Checkpoint, ok bool) {
	p := strings.Split(name, "-")
	if len(p) != 4 || !strings.HasPrefix(p[1], "e") {
		return c, false
	}
	epoch, err1 := strconv.ParseInt(p[1][1:], 10, 32)
	size, err2 := strconv.ParseInt(p[2], 10, 64)
	root, err3 := hex.DecodeString(p[3])
	if err1 != nil || err2 != nil || err3 != nil || len(root) != tlog.HashSize {
		return c, false
	}
	c = Checkpoint{Origin: p[0], Size: size, Root: Hash(root), Epoch: int32(epoch)}
	return c, c.Name() == name
}

func parseText(text string) (c Checkpoint, err error) {
	p := strings.Split(text, "\n")
	if len(p) != 6 {
		return c, errors.New("a checkpoint has five lines")
	}
	c.Origin = p[0]
	var e [4]error
	c.Size, e[0] = strconv.ParseInt(p[1], 10, 64)
	c.Root, e[1] = tlog.ParseHash(p[2])
	epoch, e2 := strconv.ParseInt(strings.TrimPrefix(p[3], "epoch "), 10, 32)
	c.At, e[3] = time.Parse(stamp, strings.TrimPrefix(p[4], "time "))
	c.Epoch, e[2] = int32(epoch), e2
	if err := errors.Join(e[:]...); err != nil {
		return c, err
	}
	if c.Size < 0 || c.text() != text {
		return c, errors.New("a checkpoint is written in one way only")
	}
	return c, nil
}

// Signer signs checkpoints of the tree that it is named for.
type Signer struct {
	note.Signer
	public string
}

// Public is the key with which anybody checks what was signed.
func (s *Signer) Public() string { return s.public }

// Sign gives a signed checkpoint.
func (s *Signer) Sign(size int64, root Hash, epoch int32, at time.Time) (Checkpoint, []byte, error) {
	c := Checkpoint{Origin: s.Name(), Size: size, Root: root, Epoch: epoch, At: at.UTC().Truncate(time.Microsecond)}
	signed, err := note.Sign(&note.Note{Text: c.text()}, s.Signer)
	return c, signed, err
}

// NewSigner makes a fresh key, for a tree with a name of its own, and gives the
// secret that LoadSigner reads.
func NewSigner() (secret string, err error) {
	random := make([]byte, 10)
	rand.Read(random) // never fails: crypto/rand ends the program instead
	name := "custodian." + strings.ToLower(base32.StdEncoding.EncodeToString(random))
	secret, _, err = note.GenerateKey(rand.Reader, name)
	return secret, err
}

// ParseSigner reads a secret of NewSigner.
func ParseSigner(secret string) (*Signer, error) {
	s, err := note.NewSigner(secret)
	if err != nil {
		return nil, errors.New("this is not a key that signs checkpoints")
	}
	// The public half follows from the secret one.
	public, err := publicOf(secret)
	if err != nil {
		return nil, err
	}
	return &Signer{Signer: s, public: public}, nil
}

// LoadSigner reads the signing key from a file that nobody else may read, and
// makes it when it is not there. Of several that start at once all end with the
// same key.
func LoadSigner(path string) (*Signer, error) {
	s, err := readSigner(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	secret, err := NewSigner()
	if err != nil {
		return nil, err
	}
	if err := writeOnce(path, []byte(secret+"\n")); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("the key that signs checkpoints cannot be made: %w", err)
	}
	return readSigner(path)
}

func readSigner(path string) (*Signer, error) {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the key that signs checkpoints: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("the key that signs checkpoints, %s, is not a regular file", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("the key that signs checkpoints, %s, has mode %04o: group and others must have no rights on it", path, info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the key that signs checkpoints: %w", err)
	}
	s, err := ParseSigner(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// writeOnce makes a file of mode 0600 whole or not at all, and never in the
// place of another.
func writeOnce(path string, content []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// OpenCheckpoint reads a signed checkpoint and checks that the key signed it.
func OpenCheckpoint(signed []byte, public string) (Checkpoint, error) {
	v, err := note.NewVerifier(public)
	if err != nil {
		return Checkpoint{}, ErrKey
	}
	return open(signed, v)
}

// ErrKey says that a public key is not one.
var ErrKey = errors.New("this is not a public key of checkpoints: it looks like name+12345678+letters")

func open(signed []byte, v note.Verifier) (Checkpoint, error) {
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("the key did not sign this: %w", err)
	}
	c, err := parseText(n.Text)
	if err != nil {
		return c, err
	}
	if c.Origin != v.Name() {
		return c, errors.New("it speaks of another tree than the key is for")
	}
	return c, nil
}

// publicOf makes the public form of a secret key.
func publicOf(secret string) (string, error) {
	p := strings.SplitN(secret, "+", 5)
	if len(p) != 5 {
		return "", ErrKey
	}
	raw, err := base64.StdEncoding.DecodeString(p[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return "", ErrKey
	}
	return note.NewEd25519VerifierKey(p[2], ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey))
}
