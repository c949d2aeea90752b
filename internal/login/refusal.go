package login

import (
	"errors"
	"sync"
	"time"

	"custodian/internal/fault"
)

// refusal is an answer of the service that came to nothing. because is one word
// for footprint and log.
type refusal struct {
	because string
	kind    fault.Kind
	words   string
	cause   error
}

func (r *refusal) Error() string { return "login: " + r.because }
func (r *refusal) Unwrap() error { return r.cause }

// logged is the cause as the log may have it: no claim of anybody.
func (r *refusal) logged() string {
	if r.cause == nil {
		return ""
	}
	return short(r.cause)
}

// short is an error's text without the tail: some hold the whole page that a
// service answered with.
func short(err error) string {
	text := []rune(err.Error())
	return string(text[:min(len(text), 300)])
}

func (r *refusal) public() error { return fault.Wrap(r.kind, r.words, r) }

func refusalOf(err error) (*refusal, bool) { return errors.AsType[*refusal](err) }

const again = " Start again by signing in."

// unfinished is an answer that is not of a sign-in begun here, in this browser,
// just now, or that somebody has altered.
func unfinished(because, why string, cause error) *refusal {
	return &refusal{because, fault.Invalid, "This sign-in could not be finished. " + why + again, cause}
}

// away is a service that does not answer, or not in a way that can be used.
func away(because string, cause error) *refusal {
	return &refusal{because, fault.Unavailable, "Your organisation's sign-in service is not answering. Try again in a few minutes. Nothing is lost.", cause}
}

// misset is a service that answers, and will not work for us as the settings stand.
func misset(because string, cause error) *refusal {
	return &refusal{because, fault.Unavailable, "Your organisation's sign-in service and Custodian do not agree about their settings. Trying again does not help until that is put right.", cause}
}

// pace allows so many things in so much time.
type pace struct {
	most int
	per  time.Duration

	mu    sync.Mutex
	since time.Time
	count int
}

func (p *pace) allows(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.since) >= p.per {
		p.since, p.count = now, 0
	}
	p.count++
	return p.count <= p.most
}
