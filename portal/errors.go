package portal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"custodian/internal/fault"
)

// problem is an error as RFC 9457 writes it.
type problem struct {
	Type   string        `json:"type"`
	Title  string        `json:"title"`
	Status int           `json:"status"`
	Detail string        `json:"detail"`
	Errors []fault.Field `json:"errors,omitempty"`
}

// face gives a kind of fault its status and title.
func face(k fault.Kind) (status int, name, title string) {
	switch k {
	case fault.Invalid:
		return http.StatusBadRequest, "invalid", "Something needs to be put right"
	case fault.Unauthenticated:
		return http.StatusUnauthorized, "sign-in", "Sign in first"
	case fault.Forbidden:
		return http.StatusForbidden, "not-allowed", "You may not do this"
	case fault.NotFound:
		return http.StatusNotFound, "not-found", "Nothing here"
	case fault.Conflict:
		return http.StatusConflict, "conflict", "Something came first"
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge, "too-large", "Too large"
	case fault.Damaged:
		return http.StatusInternalServerError, "damaged", "This file is damaged"
	case fault.Unavailable:
		return http.StatusServiceUnavailable, "unavailable", "Not available just now"
	}
	return http.StatusInternalServerError, "internal", "Something went wrong"
}

// internal is all that a person is told about an error of ours.
const internal = "Something went wrong on our side. Nothing you sent was half kept. Try again, and if it happens again tell your administrator the X-Request-Id of this answer."

func notThere() error { return fault.NotThere() }

// fail answers with an error. Nothing is written when an answer has begun: the
// connection is cut instead, so that half an answer cannot be taken for a whole one.
func (s *server) fail(c *gin.Context, err error) {
	f, ok := fault.Of(err)
	if !ok {
		f = fault.New(0, internal)
	}
	status, name, title := face(f.Kind)
	if status >= http.StatusInternalServerError && !gone(err) {
		c.Set(causeKey, err)
	}
	if c.Writer.Written() {
		panic(http.ErrAbortHandler)
	}
	if f.Kind == fault.Unauthenticated {
		c.Header("WWW-Authenticate", "Bearer")
	}
	if f.Kind == fault.TooLarge {
		c.Header("Connection", "close")
	}
	body, err := json.Marshal(problem{"/problems/" + name, title, status, f.Public, f.Fields})
	if err != nil {
		panic(err)
	}
	c.Data(status, "application/problem+json", append(body, '\n'))
	c.Abort()
}

// gone tells whether the person closed the connection: nothing to log as a failure of ours.
func gone(err error) bool { return errors.Is(err, context.Canceled) }
