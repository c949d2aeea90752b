package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"

	"custodian/internal/config"
	"custodian/internal/pg"
	"custodian/internal/pg/cluster"
)

const (
	checkNameDatabase = "database"
	checkNameVersion  = "PostgreSQL version"
	checkNameRole     = "database login"
	checkNameSchema   = "database tables"
	checkNameClock    = "clocks"
)

const (
	leastPostgres = 15
	clockLimit    = 2 * time.Second // beyond it, two moments of one act could stand in the wrong order
)

func checkDatabase(ctx context.Context, s *config.Settings) []finding {
	if s.DatabaseURL.IsSet() {
		db, err := pg.Open(ctx, s.DatabaseURL.Reveal())
		if err != nil {
			return []finding{wrong(checkNameDatabase, err, "see that the server runs, that database_url names it, and that the login may sign in from this computer")}
		}
		defer db.Close()
		return append([]finding{fine(checkNameDatabase, "answers")}, checkServer(ctx, db)...)
	}
	if running(ctx, s) {
		return checkRunning(ctx, s)
	}
	if _, err := os.Stat(postgresDir(s)); errors.Is(err, fs.ErrNotExist) {
		return tryPostgres(ctx, s)
	}
	return checkOwn(ctx, s)
}

// checkServer asks a database that answers.
func checkServer(ctx context.Context, db *pg.DB) []finding {
	before := time.Now()
	facts, err := pg.Look(ctx, db)
	if err != nil {
		return []finding{wrong(checkNameVersion, err, "see the server's log")}
	}
	middle := before.Add(time.Since(before) / 2)
	all := []finding{checkVersion(facts.Version), checkClock(facts.Now.Sub(middle))}
	if err := pg.CheckRole(ctx, db); err != nil {
		all = append(all, wrong(checkNameRole, err, "make the roles with custodian migrate --print-roles, and sign in as "+pg.AppRole))
	} else {
		all = append(all, fine(checkNameRole, "owns nothing and is bound by row-level security"))
	}
	if err := checkSchema(ctx, db); err != nil {
		return append(all, wrong(checkNameSchema, err, "back the database up, then run custodian migrate"))
	}
	return append(all, fine(checkNameSchema, "are what this program needs"), checkTree(ctx, db))
}

func checkVersion(major int) finding {
	if major < leastPostgres {
		return wrong(checkNameVersion, fmt.Errorf("the server is PostgreSQL %d", major), fmt.Sprintf("use PostgreSQL %d or later", leastPostgres))
	}
	return fine(checkNameVersion, "%d", major)
}

func checkClock(apart time.Duration) finding {
	if apart.Abs() >= clockLimit {
		return wrong(checkNameClock, fmt.Errorf("the clocks of the database and of this computer are %v apart", apart.Abs().Round(time.Millisecond)),
			"let both set their clocks from the network (NTP)")
	}
	return fine(checkNameClock, "those of the database and of this computer agree within %v", clockLimit)
}

// running says whether somebody answers where we would listen.
func running(ctx context.Context, s *config.Settings) bool {
	conn, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "tcp", s.Listen)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// checkRunning asks the portal that is running, because it alone can reach its private PostgreSQL.
func checkRunning(ctx context.Context, s *config.Settings) []finding {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Listen+"/readyz", nil)
	if err != nil {
		return []finding{wrong(checkNameDatabase, err, "correct the setting listen")}
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return []finding{wrong(checkNameDatabase, err, "something else may be listening on "+s.Listen+"; stop it, or set listen to another port")}
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return []finding{wrong(checkNameDatabase, fmt.Errorf("custodian is running on %s and answers that it is not ready (%s)", s.Listen, answer.Status), "look in its log for the reason")}
	}
	return []finding{
		fine(checkNameDatabase, "custodian is running on %s with its private PostgreSQL and says that it is ready", s.Listen),
		skipped(checkNameVersion, "stop custodian and run doctor again to look at the private PostgreSQL itself"),
	}
}

// checkOwn starts the private PostgreSQL that is there and looks at it. It changes nothing in it.
func checkOwn(ctx context.Context, s *config.Settings) []finding {
	c, err := cluster.Start(ctx, cluster.Options{Dir: postgresDir(s), Bin: s.PostgresBin})
	if err != nil {
		return []finding{wrong(checkNameDatabase, err, "see "+postgresDir(s)+"/postgres.log; if custodian is running elsewhere with this data directory, stop it first")}
	}
	db, err := pg.Open(ctx, c.URL(pg.Database, pg.AppRole))
	if err != nil {
		return []finding{wrong(checkNameDatabase, errors.Join(err, c.Stop()), "the first start was cut short; run custodian serve once more")}
	}
	all := append([]finding{fine(checkNameDatabase, "the private PostgreSQL in %s starts and answers", postgresDir(s))}, checkServer(ctx, db)...)
	db.Close()
	if err := c.Stop(); err != nil {
		all = append(all, wrong(checkNameDatabase, err, "see "+postgresDir(s)+"/postgres.log"))
	}
	return all
}

// tryPostgres makes a private PostgreSQL in a temporary directory, all the way to its tables, and throws it away.
func tryPostgres(ctx context.Context, s *config.Settings) []finding {
	dir, err := os.MkdirTemp("", "custodian-doctor-*")
	if err != nil {
		return []finding{wrong(checkNameDatabase, err, "see that the temporary directory can be written to")}
	}
	defer os.RemoveAll(dir)
	trial := *s
	trial.DataDir = dir
	if os.Geteuid() == 0 { // PostgreSQL will work as another account, which must pass through
		if err := os.Chmod(dir, 0o711); err != nil {
			return []finding{wrong(checkNameDatabase, err, "see that the temporary directory can be written to")}
		}
	}
	db, err := openDatabase(ctx, &trial)
	if err != nil {
		return []finding{wrong(checkNameDatabase, err, "install PostgreSQL's server programs (the package postgresql), or set database_url")}
	}
	all := append([]finding{fine(checkNameDatabase, "none yet; a private PostgreSQL was tried out in a temporary directory and works")}, checkServer(ctx, db.DB)...)
	if err := db.close(); err != nil {
		all = append(all, wrong(checkNameDatabase, err, "see that the temporary directory has room"))
	}
	return all
}
