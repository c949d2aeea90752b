package login

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"custodian/internal/access"
)

const (
	// transactionLife is how long somebody may take to sign in at the service.
	transactionLife = 10 * time.Minute
	// transactionPrefix begins the name of a transaction's cookie.
	transactionPrefix = "__Host-sign-in-"
	longestPath       = 500
	home              = "/home"
)

// transaction is one sign-in under way. It lives in a cookie: nothing is kept
// here until the service has said who it is.
//
//	version 1 | begun, Unix seconds 8 | who 8 | anew 1 | state 32 | nonce 32 | verifier 32 | to 1..500 | HMAC-SHA256 of all before it 32
//
// in unpadded URL-safe base 64. The service gets state, the SHA-256 of nonce
// (OpenID Connect Core 1.0, 15.5.2) and the SHA-256 of the verifier's text (RFC 7636, S256).
type transaction struct {
	begun                  time.Time      // to the second
	who                    access.ActorID // who has to come back: the person who was at work already; 0 for anybody
	anew                   bool           // they have to show who they are again, not only that they did once
	state, nonce, verifier [32]byte
	to                     string
	name                   string // of the cookie that it came in
}

const transactionVersion = 2

func newTransaction(to string, now time.Time) transaction {
	t := transaction{begun: now.Truncate(time.Second), to: to}
	rand.Read(t.state[:])
	rand.Read(t.nonce[:])
	rand.Read(t.verifier[:])
	return t
}

func (t transaction) stateText() string { return base64.RawURLEncoding.EncodeToString(t.state[:]) }
func (t transaction) verifierText() string {
	return base64.RawURLEncoding.EncodeToString(t.verifier[:])
}

func (t transaction) nonceText() string {
	h := sha256.Sum256(t.nonce[:])
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// cookieName tells transactions apart and tells nothing about them.
func (t transaction) cookieName() string {
	h := sha256.Sum256(t.state[:])
	return transactionPrefix + hex.EncodeToString(h[:6])
}

// nameFor is the name of the cookie in which the transaction of an answer must
// have come, "" where no transaction has such a state.
func nameFor(state string) string {
	var t transaction
	if len(state) != base64.RawURLEncoding.EncodedLen(len(t.state)) {
		return ""
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(state)
	if err != nil {
		return ""
	}
	copy(t.state[:], b)
	return t.cookieName()
}

// answer names the one answer that this transaction can have.
func (t transaction) answer() []byte {
	h := sha256.Sum256(append([]byte("custodian sign-in answer:"), t.state[:]...))
	return h[:]
}

// sealer makes transactions that nobody else can: what comes back is what was
// sent out. Its key follows from the client secret, so that every program of one
// installation has the same and a restart loses nobody.
type sealer struct{ key []byte }

func newSealer(clientSecret string) sealer {
	m := hmac.New(sha256.New, []byte(clientSecret))
	m.Write([]byte("custodian sign-in transaction v1"))
	return sealer{m.Sum(nil)}
}

func (s sealer) mac(body []byte) []byte {
	m := hmac.New(sha256.New, s.key)
	m.Write(body)
	return m.Sum(nil)
}

func (s sealer) lock(t transaction) string {
	b := []byte{transactionVersion}
	b = binary.BigEndian.AppendUint64(b, uint64(t.begun.Unix()))
	b = binary.BigEndian.AppendUint64(b, uint64(t.who))
	b = append(b, map[bool]byte{true: 1}[t.anew])
	b = append(b, t.state[:]...)
	b = append(b, t.nonce[:]...)
	b = append(b, t.verifier[:]...)
	b = append(b, t.to...)
	return base64.RawURLEncoding.EncodeToString(append(b, s.mac(b)...))
}

// open reads a cookie's value. It gives false for whatever lock did not make.
func (s sealer) open(value string) (transaction, bool) {
	const fixed = 1 + 8 + 8 + 1 + 3*32
	var t transaction
	if len(value) > base64.RawURLEncoding.EncodedLen(fixed+longestPath+sha256.Size) {
		return t, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(b) < fixed+1+sha256.Size || b[0] != transactionVersion {
		return t, false
	}
	body, mac := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if !hmac.Equal(mac, s.mac(body)) {
		return t, false
	}
	t.begun = time.Unix(int64(binary.BigEndian.Uint64(body[1:])), 0)
	t.who, t.anew = access.ActorID(binary.BigEndian.Uint64(body[9:])), body[17] == 1
	r := bytes.NewReader(body[18:])
	for _, into := range [][]byte{t.state[:], t.nonce[:], t.verifier[:]} {
		_, _ = r.Read(into) // the length is checked above
	}
	t.to = string(body[fixed:])
	return t, ReturnPath(t.to) == t.to
}

// find gives the transaction that an answer with this state belongs to, among
// the cookies of its request.
func (s sealer) find(cookies []*http.Cookie, state string, now time.Time) (transaction, error) {
	name := nameFor(state)
	for _, c := range cookies {
		if name == "" || c.Name != name {
			continue
		}
		t, ok := s.open(c.Value)
		if !ok || subtle.ConstantTimeCompare([]byte(t.stateText()), []byte(state)) != 1 {
			continue
		}
		t.name = c.Name
		if age := now.Sub(t.begun); age > transactionLife || age < -transactionLife {
			return t, unfinished("late", "It took longer than ten minutes.", nil)
		}
		return t, nil
	}
	return transaction{}, unfinished("foreign", "It was not begun in this browser, or it was finished before.", nil)
}

// ReturnPath gives the path of ours that a person set out for: path itself when
// it is one, else /home. A browser must not be able to read it as an address of
// somebody else.
func ReturnPath(path string) string {
	// "//host" is another's address, and "/.//host" becomes it once its dots are resolved
	if len(path) > longestPath || !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.Contains(path, "/.") {
		return home
	}
	for _, c := range []byte(path) {
		// a browser drops control characters and takes a backslash for a slash (WHATWG URL, 4.4)
		if c <= ' ' || c >= 0x7f || c == '\\' {
			return home
		}
	}
	return path
}
