package portal

import (
	"context"
	"sync"
	"time"

	"custodian/internal/access"
	"custodian/internal/fault"
)

// turns lets each person send a few files at once. Others of theirs wait, so that
// one person, or a stolen token, with many slow uploads does not keep everybody
// else from sending.
type turns struct {
	mu     sync.Mutex
	people map[access.ActorID]*turn
}

type turn struct {
	places chan struct{}
	users  int // who hold or wait for a place
}

const (
	placesEach  = 4
	longestTurn = time.Minute
)

func newTurns() *turns { return &turns{people: map[access.ActorID]*turn{}} }

// take waits for a place and gives the function that leaves it.
func (t *turns) take(ctx context.Context, who access.ActorID) (leave func(), err error) {
	t.mu.Lock()
	mine := t.people[who]
	if mine == nil {
		mine = &turn{places: make(chan struct{}, placesEach)}
		t.people[who] = mine
	}
	mine.users++
	t.mu.Unlock()
	gone := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if mine.users--; mine.users == 0 {
			delete(t.people, who)
		}
	}
	select {
	case mine.places <- struct{}{}:
		return func() { <-mine.places; gone() }, nil
	case <-time.After(longestTurn):
		gone()
		return nil, fault.New(fault.Unavailable, "You are sending several files already. Wait until one of them is there, and send this one again.")
	case <-ctx.Done():
		gone()
		return nil, ctx.Err()
	}
}
