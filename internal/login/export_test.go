package login

import (
	"net/http"
	"time"
)

// Backdate makes a departure's cookie as it would be had it begun so much earlier.
func Backdate(clientSecret string, d Departure, by time.Duration) *http.Cookie {
	s := newSealer(clientSecret)
	t, _ := s.open(d.Cookie)
	t.begun = t.begun.Add(-by)
	return &http.Cookie{Name: d.Name, Value: s.lock(t)}
}
