// Package house holds the tests that keep the plan of the house true: which package stands on which floor, who may import
// what, which doors lead to the database, how large things may grow, and what must never change once it has landed.
//
// It promises that every rule is itself seen to fail once, on a small made-up tree (mutations_test.go), so that a rule that
// has stopped looking is noticed. It parses the source in-process and opens every file itself, so that Go's test cache
// notices when one changes.
//
// It reads; it never runs, builds or repairs anything. A rule sees syntax and not types, so it stops forgetting, not intent.
package house
