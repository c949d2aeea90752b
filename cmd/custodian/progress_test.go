package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"custodian/internal/config"
)

// TestStalledSender: a sender that stops in the middle is given up, and the handler is told.
func TestStalledSender(t *testing.T) {
	t.Parallel()
	told := make(chan error, 1)
	server := httptest.NewServer(moving(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		told <- err
	}), 50*time.Millisecond))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
	if err := <-told; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the handler was told %v, want that a deadline passed", err)
	}
}

// TestStalledReader: a reader that takes nothing is given up, and the handler is told.
func TestStalledReader(t *testing.T) {
	t.Parallel()
	told := make(chan error, 1)
	server := httptest.NewServer(moving(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for chunk := make([]byte, 1<<20); ; {
			if _, err := w.Write(chunk); err != nil {
				told <- err
				return
			}
		}
	}), 50*time.Millisecond))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if err := <-told; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the handler was told %v, want that a deadline passed", err)
	}
}

// TestStalledRest: a body that the handler did not want, and that never comes whole, holds the connection no longer either.
func TestStalledRest(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(moving(http.NotFoundHandler(), 50*time.Millisecond))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("the connection was ended by %v", err)
	}
}

// TestMovingConnection: what moves is never cut, however long it takes, and neither is a handler that works for longer than the
// patience, nor a second request after an idle spell.
func TestMovingConnection(t *testing.T) {
	t.Parallel()
	const patience = 200 * time.Millisecond
	server := httptest.NewServer(moving(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		time.Sleep(2 * patience)
		if err == nil {
			err = r.Context().Err()
		}
		fmt.Fprintf(w, "%d %v", len(body), err)
	}), patience))
	defer server.Close()
	for range 2 {
		answer, err := server.Client().Post(server.URL, "text/plain", io.MultiReader(strings.NewReader("abc"), strings.NewReader("def")))
		if err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || string(said) != "6 <nil>" {
			t.Fatalf("answered %q, %v", said, err)
		}
		time.Sleep(2 * patience)
	}
}

// TestDrain: told to stop, what is running finishes, and what outlasts the grace is cut.
func TestDrain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		grace  time.Duration
		finish bool
	}{"finishes": {time.Minute, true}, "is cut": {time.Millisecond, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			entered, release := make(chan struct{}), make(chan struct{})
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				close(entered)
				select {
				case <-release:
				case <-r.Context().Done():
				}
				fmt.Fprint(w, "done")
			})
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				ended <- answer(ctx, &config.Settings{ShutdownGrace: c.grace}, slog.New(slog.DiscardHandler), listener, h, nil)
			}()
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			<-entered
			stop()
			if c.finish {
				close(release)
			}
			got, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if c.finish != (err == nil && got.StatusCode == http.StatusOK) {
				t.Errorf("the request in hand ended with %v, %v", got, err)
			}
			if err := <-ended; err != nil {
				t.Errorf("answer returned %v", err)
			}
		})
	}
}

// TestDatabaseGone: when the private PostgreSQL ends by itself, so do we, and say why.
func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	gone <- errors.New("signal: killed")
	err = answer(t.Context(), &config.Settings{}, slog.New(slog.DiscardHandler), listener, http.NotFoundHandler(), gone)
	if err == nil || !strings.Contains(err.Error(), "the private PostgreSQL has ended") || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("answer returned %v", err)
	}
}
