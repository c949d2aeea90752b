package tree

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/digitorus/timestamp"
	"golang.org/x/mod/sumdb/note"
)

// StampsDir is where an export keeps time-stamps.
const StampsDir = "timestamps"

// longestAnswer bounds what a service outside may answer.
const longestAnswer = 1 << 20

// Stamp asks a time-stamp service (RFC 3161) to say when a signed checkpoint
// was there. The token it gives is checked: that it is about this checkpoint and
// this question. Whose certificate signed it is for whoever relies on it.
func Stamp(ctx context.Context, client *http.Client, url string, signed []byte) ([]byte, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, err
	}
	ask, err := timestamp.CreateRequest(bytes.NewReader(signed), &timestamp.RequestOptions{Hash: crypto.SHA256, Certificates: true, Nonce: nonce})
	if err != nil {
		return nil, fmt.Errorf("time-stamp: %w", err)
	}
	body, err := post(ctx, client, url, "application/timestamp-query", ask)
	if err != nil {
		return nil, fmt.Errorf("time-stamp: %w", err)
	}
	ts, err := timestamp.ParseResponse(body)
	if err != nil {
		return nil, fmt.Errorf("time-stamp: %w", err)
	}
	if sum := sha256.Sum256(signed); !bytes.Equal(ts.HashedMessage, sum[:]) || ts.Nonce == nil || ts.Nonce.Cmp(nonce) != 0 {
		return nil, errors.New("time-stamp: the answer is to another question")
	}
	return ts.RawToken, nil
}

// Stamped is what the time-stamps of an export prove.
type Stamped struct {
	Good   int
	Newest time.Time
	Bad    []string
}

// CheckStamps checks every time-stamp of an export against the certificates of
// a PEM file.
func CheckStamps(dir string, certificates []byte) (s Stamped, err error) {
	roots := x509.NewCertPool()
	for block, rest := pem.Decode(certificates); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return s, errors.New("the file with the certificates of the time-stamp service cannot be read; it must be in PEM form")
		}
		roots.AddCert(c)
	}
	text, err := os.ReadFile(filepath.Join(dir, CheckpointsFile))
	if err != nil {
		return s, notExport(dir, err)
	}
	for one := range strings.SplitSeq(strings.TrimSuffix(string(text), between), between) {
		body, _, _ := strings.Cut(one, "\n\n")
		c, err := parseText(body + "\n")
		if err != nil {
			continue
		}
		token, err := os.ReadFile(filepath.Join(dir, StampsDir, c.Name()+".tsr"))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		at, err := CheckStamp(token, []byte(one), roots)
		if err != nil {
			s.Bad = append(s.Bad, fmt.Sprintf("the checkpoint of %d footprints: %s", c.Size, plain(err.Error())))
			continue
		}
		if s.Good++; at.After(s.Newest) {
			s.Newest = at
		}
	}
	return s, nil
}

// Witness is somebody else's service that signs a checkpoint as well, once it
// has seen that it continues the one it signed before.
type Witness struct {
	URL    string
	Key    string // its public key
	Client *http.Client

	seen int64 // the size that it signed last, as far as we know
}

// errSeen says that the witness knows another size than we thought.
type errSeen int64

func (e errSeen) Error() string { return fmt.Sprintf("the witness has seen a tree of %d", int64(e)) }

// Cosign has a checkpoint signed by the witness and gives the note with both
// signatures. prove gives the proof that the tree continues one of an earlier
// size.
func (w *Witness) Cosign(ctx context.Context, c Checkpoint, signed []byte, prove func(earlier int64) ([]Hash, error)) ([]byte, error) {
	v, err := note.NewVerifier(w.Key)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", ErrKey)
	}
	line, err := w.ask(ctx, signed, prove)
	if other, is := errors.AsType[errSeen](err); is && int64(other) <= c.Size {
		w.seen = int64(other)
		line, err = w.ask(ctx, signed, prove)
	}
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	both := append(bytes.Clone(signed), line...)
	if n, err := note.Open(both, note.VerifierList(v)); err != nil || len(n.Sigs) != 1 {
		return nil, errors.New("witness: what it answered is not its signature of this checkpoint")
	}
	w.seen = c.Size
	return both, nil
}

// ask sends the checkpoint with its proof, as C2SP tlog-witness has it.
func (w *Witness) ask(ctx context.Context, signed []byte, prove func(int64) ([]Hash, error)) ([]byte, error) {
	proof, err := prove(w.seen)
	if err != nil {
		return nil, err
	}
	body := fmt.Appendf(nil, "old %d\n", w.seen)
	for _, h := range proof {
		body = fmt.Appendf(body, "%s\n", h)
	}
	return post(ctx, w.Client, strings.TrimRight(w.URL, "/")+"/add-checkpoint", "text/plain; charset=utf-8", append(append(body, '\n'), signed...))
}

func post(ctx context.Context, client *http.Client, url, kind string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", kind)
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusConflict {
		if size, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && size >= 0 {
			return nil, errSeen(size)
		}
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answered %s", resp.Status)
	}
	return text, nil
}

// CheckWitness counts the checkpoints of an export that a witness signed as
// well, and gives the widest of them.
func CheckWitness(dir, public string) (count int, widest Checkpoint, err error) {
	v, err := note.NewVerifier(public)
	if err != nil {
		return 0, widest, ErrKey
	}
	text, err := os.ReadFile(filepath.Join(dir, CheckpointsFile))
	if err != nil {
		return 0, widest, notExport(dir, err)
	}
	for one := range strings.SplitSeq(strings.TrimSuffix(string(text), between), between) {
		n, err := note.Open([]byte(one), note.VerifierList(v))
		if err != nil {
			continue
		}
		if c, err := parseText(n.Text); err == nil {
			if count++; c.Size >= widest.Size {
				widest = c
			}
		}
	}
	return count, widest, nil
}
