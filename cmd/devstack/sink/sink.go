// Package sink takes every message the demonstration sends and shows it on a small web page instead of delivering it.
//
// Promise: nothing leaves the machine. What a message holds is shown as text, never run: no markup of a message reaches a
// browser. Only the newest messages are kept, in memory.
//
// Limits: no authentication and no TLS, so it listens on the loopback interface only. Attachments are named, not kept.
package sink

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// The bounds of what is kept.
const (
	keptMessages  = 500
	longestBytes  = 10 << 20 // of one message as it arrives
	mostReceivers = 100
)

// Inbox holds the newest messages. It is safe for concurrent use.
type Inbox struct {
	mu   sync.RWMutex
	last int
	kept []Message // oldest first
	now  func() time.Time
}

// NewInbox returns an empty inbox; now is its clock.
func NewInbox(now func() time.Time) *Inbox { return &Inbox{now: now} }

// Add keeps a message as it came over the wire. What cannot be read as a message is kept as plain text.
func (b *Inbox) Add(from string, to []string, raw []byte) {
	m := read(raw)
	m.From, m.To, m.Received = from, to, b.now().UTC()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	m.ID = b.last
	b.kept = append(b.kept, m)
	if over := len(b.kept) - keptMessages; over > 0 {
		b.kept = append([]Message(nil), b.kept[over:]...)
	}
}

// Newest lists what is kept, the newest first.
func (b *Inbox) Newest() []Message {
	b.mu.RLock()
	defer b.mu.RUnlock()
	list := make([]Message, 0, len(b.kept))
	for i := len(b.kept) - 1; i >= 0; i-- {
		list = append(list, b.kept[i])
	}
	return list
}

// Find returns one message, or false when it is not, or no longer, kept.
func (b *Inbox) Find(id int) (Message, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, m := range b.kept {
		if m.ID == id {
			return m, true
		}
	}
	return Message{}, false
}

// Server returns the SMTP server that fills the inbox. It takes mail from and for anybody.
func (b *Inbox) Server() *smtp.Server {
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &conversation{inbox: b}, nil }))
	s.Domain = "localhost"
	s.MaxMessageBytes = longestBytes
	s.MaxRecipients = mostReceivers
	s.ReadTimeout, s.WriteTimeout = time.Minute, time.Minute
	s.EnableSMTPUTF8 = true
	s.ErrorLog = quiet{}
	return s
}

// conversation is one client's connection.
type conversation struct {
	inbox *Inbox
	from  string
	to    []string
}

// Mail is called for MAIL FROM (RFC 5321, 4.1.1.2).
func (c *conversation) Mail(from string, _ *smtp.MailOptions) error {
	c.from = from
	return nil
}

// Rcpt is called for RCPT TO.
func (c *conversation) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.to = append(c.to, to)
	return nil
}

// Data is called with the message; a message over the limit is refused by the reader.
func (c *conversation) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("read the message: %w", err)
	}
	c.inbox.Add(c.from, c.to, raw)
	return nil
}

// Reset is called between two messages of one connection.
func (c *conversation) Reset() { c.from, c.to = "", nil }

// Logout is called at the end of the connection.
func (c *conversation) Logout() error { return nil }

// quiet drops what the server would print about broken connections: a sink has nobody to tell.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}
