package tree_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"custodian/internal/audit/tree"
)

// stampService is a small time-stamp service with a certificate of its own.
func stampService(t *testing.T, spoil func(*timestamp.Timestamp)) (url string, certificate []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	model := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example time-stamps"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}, BasicConstraintsValid: true, IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, model, model, key.Public(), key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		ask, err := timestamp.ParseRequest(body)
		if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" {
			http.Error(w, "what?", http.StatusBadRequest)
			return
		}
		ts := timestamp.Timestamp{HashAlgorithm: ask.HashAlgorithm, HashedMessage: ask.HashedMessage, Time: time.Now(), Nonce: ask.Nonce, Policy: []int{1, 2, 3}, AddTSACertificate: true}
		if spoil != nil {
			spoil(&ts)
		}
		answer, err := ts.CreateResponseWithOpts(cert, key, crypto.SHA256)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		_, _ = w.Write(answer)
	}))
	t.Cleanup(server.Close)
	return server.URL, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// A time-stamp of a real service proves when a checkpoint was there; one about
// something else, or to another question, is refused.
func TestTimeStamps(t *testing.T) {
	t.Parallel()
	s := signer(t)
	c, signed, err := s.Sign(1, tree.LeafHash([]byte("x")), 1, time.Now())
	must(t, err)
	url, certificate := stampService(t, nil)
	token, err := tree.Stamp(t.Context(), http.DefaultClient, url, signed)
	must(t, err)
	_, other := stampService(t, nil)
	pool, strange := x509.NewCertPool(), x509.NewCertPool()
	pool.AppendCertsFromPEM(certificate)
	strange.AppendCertsFromPEM(other)
	if at, err := tree.CheckStamp(token, signed, pool); err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("at %v, %v", at, err)
	}
	if _, err := tree.CheckStamp(token, append([]byte("x"), signed...), pool); err == nil {
		t.Error("it proves another checkpoint")
	}
	if _, err := tree.CheckStamp(token, signed, strange); err == nil {
		t.Error("it is proven by a stranger's certificate")
	}
	for i := 0; i < len(token); i += 7 {
		bad := bytes.Clone(token)
		bad[i] ^= 0x10
		if at, err := tree.CheckStamp(bad, signed, pool); err == nil && time.Since(at).Abs() > time.Minute {
			t.Errorf("with byte %d changed it proves %v", i, at)
		}
	}
	dir := filepath.Join(t.TempDir(), "export")
	x, err := tree.NewExport(dir, s.Public())
	must(t, err)
	must(t, errors.Join(x.Checkpoint(signed), x.Stamp(c.Name(), token), x.Close()))
	if got, err := tree.CheckStamps(dir, certificate); err != nil || got.Good != 1 || len(got.Bad) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	must(t, os.WriteFile(filepath.Join(dir, tree.StampsDir, c.Name()+".tsr"), token[:len(token)-1], 0o600))
	if got, err := tree.CheckStamps(dir, certificate); err != nil || got.Good != 0 || len(got.Bad) != 1 {
		t.Errorf("half a time-stamp: %+v, %v", got, err)
	}
	for what, spoil := range map[string]func(*timestamp.Timestamp){
		"another hash":  func(ts *timestamp.Timestamp) { ts.HashedMessage = bytes.Repeat([]byte{1}, 32) },
		"another nonce": func(ts *timestamp.Timestamp) { ts.Nonce = big.NewInt(1) },
		"no nonce":      func(ts *timestamp.Timestamp) { ts.Nonce = nil },
	} {
		url, _ := stampService(t, spoil)
		if _, err := tree.Stamp(t.Context(), http.DefaultClient, url, signed); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
	for what, answer := range map[string]http.HandlerFunc{
		"nothing":     func(http.ResponseWriter, *http.Request) {},
		"an error":    func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) },
		"nonsense":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("0\x82"), 5000)) },
		"a long tale": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 3<<20)) },
	} {
		server := httptest.NewServer(answer)
		defer server.Close()
		if _, err := tree.Stamp(t.Context(), http.DefaultClient, server.URL, signed); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
}

// witness is a small witness: it signs what continues the last it signed.
type witness struct {
	signer note.Signer
	log    note.Verifier
	size   int64
	root   tlog.Hash
}

func (w *witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	head, signed, _ := strings.Cut(string(body), "\n\n")
	lines := strings.Split(head, "\n")
	old, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
	n, openErr := note.Open([]byte(signed), note.VerifierList(w.log))
	if err != nil || openErr != nil || r.URL.Path != "/add-checkpoint" {
		http.Error(rw, "bad", http.StatusBadRequest)
		return
	}
	if old != w.size {
		rw.WriteHeader(http.StatusConflict)
		fmt.Fprintf(rw, "%d\n", w.size)
		return
	}
	text := strings.Split(n.Text, "\n")
	size, _ := strconv.ParseInt(text[1], 10, 64)
	root, _ := tlog.ParseHash(text[2])
	var proof tlog.TreeProof
	for _, line := range lines[1:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			http.Error(rw, "bad proof", http.StatusBadRequest)
			return
		}
		proof = append(proof, h)
	}
	if w.size > 0 && w.size != size && tlog.CheckTree(proof, size, root, w.size, w.root) != nil || w.size == size && w.root != root {
		http.Error(rw, "not a continuation", http.StatusUnprocessableEntity)
		return
	}
	w.size, w.root = size, root
	both, err := note.Sign(&note.Note{Text: n.Text}, w.signer)
	if err != nil {
		http.Error(rw, "no", http.StatusInternalServerError)
		return
	}
	_, _ = rw.Write(both[bytes.Index(both, []byte("\n\n"))+2:])
}

// A witness signs what continues what it signed before, and nothing else.
func TestWitness(t *testing.T) {
	t.Parallel()
	s := signer(t)
	log, err := note.NewVerifier(s.Public())
	must(t, err)
	secret, public, err := note.GenerateKey(rand.Reader, "witness.example")
	must(t, err)
	ws, err := note.NewSigner(secret)
	must(t, err)
	service := &witness{signer: ws, log: log}
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	var roll tree.Roll
	var stored []byte
	read := func(indexes []int64) ([]tree.Hash, error) {
		out := make([]tree.Hash, len(indexes))
		for i, x := range indexes {
			copy(out[i][:], stored[32*x:])
		}
		return out, nil
	}
	w := &tree.Witness{URL: server.URL + "/", Key: public, Client: http.DefaultClient}
	cosign := func(w *tree.Witness, root tree.Hash) (tree.Checkpoint, []byte, error) {
		size := roll.Size()
		c, signed, err := s.Sign(size, root, 1, time.Now())
		must(t, err)
		both, err := w.Cosign(context.Background(), c, signed, func(earlier int64) ([]tree.Hash, error) { return tree.Consistency(size, earlier, read) })
		return c, both, err
	}
	dir := filepath.Join(t.TempDir(), "export")
	x, err := tree.NewExport(dir, s.Public())
	must(t, err)
	for step := range 5 {
		for range 7 {
			stored = roll.Append(tree.LeafHash(leafOf(roll.Size())), stored)
		}
		if step == 3 { // a portal that has been started again does not know what the witness has seen
			w = &tree.Witness{URL: server.URL, Key: public, Client: http.DefaultClient}
		}
		c, both, err := cosign(w, roll.Root())
		must(t, err)
		if got, err := tree.OpenCheckpoint(both, s.Public()); err != nil || got != c {
			t.Errorf("with two signatures: %v", err)
		}
		must(t, x.Checkpoint(both))
	}
	must(t, x.Close())
	if n, widest, err := tree.CheckWitness(dir, public); err != nil || n != 5 || widest.Size != 35 {
		t.Errorf("the witness signed %d, the widest of %d, %v", n, widest.Size, err)
	}
	if n, _, err := tree.CheckWitness(dir, s.Public()[:5]+public[5:]); err == nil || n != 0 {
		t.Errorf("a key that is none counts %d, %v", n, err)
	}
	stored = roll.Append(tree.LeafHash([]byte("y")), stored)
	if _, _, err := cosign(w, tree.LeafHash([]byte("another history"))); err == nil {
		t.Error("the witness signed another history")
	}
	stranger := &tree.Witness{URL: server.URL, Key: signer(t).Public(), Client: http.DefaultClient}
	if _, _, err := cosign(stranger, roll.Root()); err == nil {
		t.Error("what another signed is taken for the witness's")
	}
}
