package sink

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

// Message is one message, decoded.
type Message struct {
	ID          int       `json:"id"`
	Received    time.Time `json:"received"`
	From        string    `json:"from"` // of the envelope
	To          []string  `json:"to"`   // of the envelope, blind copies included
	Subject     string    `json:"subject"`
	Text        string    `json:"text"`
	HTML        string    `json:"html"` // the source; never served as a page
	Attachments []string  `json:"attachments"`
}

// The bounds of what is decoded: a message can nest parts in parts without end.
const (
	longestText = 1 << 20
	mostParts   = 100
	deepest     = 8
)

// read decodes a message. Something is always returned: what is not a message becomes the text.
func read(raw []byte) Message {
	m := Message{To: []string{}, Attachments: []string{}}
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		m.Text = clean(raw)
		return m
	}
	m.Subject = word(parsed.Header.Get("Subject"))
	parts := mostParts
	m.take(textproto.MIMEHeader(parsed.Header), parsed.Body, deepest, &parts)
	return m
}

// take adds one part, and what it holds, to the message.
func (m *Message) take(h textproto.MIMEHeader, body io.Reader, depth int, parts *int) {
	if depth == 0 || *parts == 0 {
		return
	}
	*parts--
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		kind = "text/plain" // RFC 2045, 5.2
	}
	if strings.HasPrefix(kind, "multipart/") {
		m.takeAll(multipart.NewReader(body, params["boundary"]), depth, parts)
		return
	}
	if name, attached := attachment(h, params["name"]); attached {
		m.Attachments = append(m.Attachments, name)
		return
	}
	content, _ := io.ReadAll(io.LimitReader(decoded(h, body), longestText)) // what was readable before an error is shown
	switch {
	case kind == "text/plain" && m.Text == "":
		m.Text = clean(content)
	case kind == "text/html" && m.HTML == "":
		m.HTML = clean(content)
	default:
		m.Attachments = append(m.Attachments, kind)
	}
}

func (m *Message) takeAll(r *multipart.Reader, depth int, parts *int) {
	for {
		part, err := r.NextRawPart()
		if err != nil {
			return
		}
		m.take(part.Header, part, depth-1, parts)
		if *parts == 0 {
			return
		}
	}
}

// attachment reports whether a part is one, and the name it was given.
func attachment(h textproto.MIMEHeader, typeName string) (name string, ok bool) {
	disposition, params, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	if err != nil || disposition != "attachment" {
		return "", false
	}
	for _, n := range []string{params["filename"], typeName} {
		if n != "" {
			return clean([]byte(word(n))), true
		}
	}
	return "(no name)", true
}

func decoded(h textproto.MIMEHeader, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(h.Get("Content-Transfer-Encoding"))) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	}
	return body
}

// word decodes a header (RFC 2047); one that cannot be decoded is shown as it is.
func word(s string) string {
	if d, err := new(mime.WordDecoder).DecodeHeader(s); err == nil {
		s = d
	}
	return clean([]byte(s))
}

// clean makes bytes into text that a page can show: valid UTF-8 with Unix line ends.
func clean(b []byte) string {
	return strings.ToValidUTF8(strings.ReplaceAll(string(b), "\r\n", "\n"), "\uFFFD")
}
