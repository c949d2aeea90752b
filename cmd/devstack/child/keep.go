package child

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Keeper keeps one program going.
type Keeper struct {
	Name    string // for messages
	Program Program

	// Answers returns when the program does its work, or an error when ctx ends before that.
	Answers func(ctx context.Context) error
	// Up is called each time the program has begun to do its work.
	Up func(pid int) error
	// Say tells a person what happened.
	Say func(text string)

	Patience time.Duration // how long a start may take
	Grace    time.Duration // how long a stop may take
}

// A program that cannot even start is given up soon; one that worked and was killed is always started again.
const (
	failuresAllowed = 5
	failuresWithin  = time.Minute
	firstDelay      = 50 * time.Millisecond
	longestDelay    = 5 * time.Second
)

// ErrGivenUp is returned when the program ended too often before it did its work.
var ErrGivenUp = errors.New("given up")

// Run keeps the program going until ctx ends, then stops it and returns how that went.
func (k Keeper) Run(ctx context.Context) error {
	var failures []time.Time
	delay := firstDelay
	for {
		p, err := Start(k.Program)
		if err != nil {
			return err
		}
		worked, err := k.attend(ctx, p)
		if ctx.Err() != nil || err != nil {
			return err
		}
		if worked {
			failures, delay = nil, firstDelay
		} else {
			now := time.Now()
			failures = slices.DeleteFunc(append(failures, now), func(t time.Time) bool { return now.Sub(t) > failuresWithin })
			if len(failures) >= failuresAllowed {
				return fmt.Errorf("%s ended %d times within a minute before it was ready (%v): %w", k.Name, len(failures), p.Err(), ErrGivenUp)
			}
		}
		k.Say(fmt.Sprintf("%s has ended (%s); starting it again.", k.Name, how(p.Err())))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(delay):
			delay = min(2*delay, longestDelay)
		}
	}
}

// attend stays with one run of the program to its end. worked tells whether it ever did its work.
func (k Keeper) attend(ctx context.Context, p *Process) (worked bool, err error) {
	starting, cancel := context.WithTimeout(ctx, k.Patience)
	defer cancel()
	answered := make(chan error, 1)
	go func() { answered <- k.Answers(starting) }()
	for {
		select {
		case err := <-answered:
			if err != nil && ctx.Err() == nil { // it runs and does not answer
				_ = p.Stop(k.Grace)
				return false, nil
			}
			if err == nil && !worked {
				worked = true
				if err := k.Up(p.Pid()); err != nil {
					_ = p.Stop(k.Grace)
					return true, err
				}
			}
			answered = nil
		case <-p.Gone():
			return worked, nil
		case <-ctx.Done():
			return worked, p.Stop(k.Grace)
		}
	}
}

func how(err error) string {
	if err == nil {
		return "by itself"
	}
	return err.Error()
}
