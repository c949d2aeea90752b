package grants

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"custodian/internal/access"
	"custodian/internal/pg"
)

// Changes tells whoever serves something for a long time that the rights of whom
// they serve may have changed: a grant, a role, a shield, a session or a token of
// theirs, or where a record or document lies. It says that it is time to ask again, and never what the answer is. It
// hears of changes by any program on the same database, after their commit.
//
// It is a hint and no fence: where the database cannot be heard nothing is told,
// so that whoever serves asks again from time to time all the same.
type Changes struct {
	mu   sync.Mutex
	open map[access.ActorID]map[chan struct{}]bool
}

// rightsChannel is where the database tells of changes (migrations/00019_rule.sql).
const rightsChannel = "custodian_rights"

// everybody is said in place of an actor where the rights of many may have changed.
const everybody = "all"

// listenAgain is how long the database is left alone after it could not be heard.
const listenAgain = time.Second

// NewChanges makes one that has heard of nothing yet.
func NewChanges() *Changes { return &Changes{open: map[access.ActorID]map[chan struct{}]bool{}} }

// Run listens until ctx ends. Where the connection is lost it begins again, and
// everybody is told to ask, since what was said meanwhile was not heard.
func (c *Changes) Run(ctx context.Context, db *pg.DB, log *slog.Logger) {
	for ctx.Err() == nil {
		err := pg.Listen(ctx, db, rightsChannel, c.tellAll, func(said string) {
			if said == everybody {
				c.tellAll()
			} else if id, err := strconv.ParseInt(said, 10, 64); err == nil {
				c.tell(access.ActorID(id))
			}
		})
		if ctx.Err() != nil {
			return
		}
		log.Warn("changes of rights are not heard; they are asked about each second meanwhile", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(listenAgain):
		}
	}
}

// Of gives a channel that tells of changes to one actor's rights: several that
// come close together are one. stop ends it.
func (c *Changes) Of(actor access.ActorID) (changed <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[actor] == nil {
		c.open[actor] = map[chan struct{}]bool{}
	}
	c.open[actor][ch] = true
	return ch, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if delete(c.open[actor], ch); len(c.open[actor]) == 0 {
			delete(c.open, actor)
		}
	}
}

func (c *Changes) tell(actor access.ActorID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ch := range c.open[actor] {
		poke(ch)
	}
}

func (c *Changes) tellAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range c.open {
		for ch := range of {
			poke(ch)
		}
	}
}

// poke leaves word, unless there is some already.
func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
