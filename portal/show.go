package portal

import (
	"encoding/hex"
	"strconv"
	"time"

	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/people"
	"custodian/versions"
)

// ref is an id as it is sent: text, since not every reader of JSON keeps whole
// numbers whole.
type ref string

func refOf(id int64) ref { return ref(strconv.FormatInt(id, 10)) }

func refOrNil(id *int64) *ref {
	if id == nil {
		return nil
	}
	r := refOf(*id)
	return &r
}

// instant is sent in UTC.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func instantOrNil(t *time.Time) *string {
	if t == nil {
		return nil
	}
	s := instant(*t)
	return &s
}

// plain is a calendar day that the database keeps without a time.
func plain(t *time.Time) *string {
	if t == nil {
		return nil
	}
	s := t.Format(time.DateOnly)
	return &s
}

type documentView struct {
	ID            ref    `json:"id"`
	Record        ref    `json:"record"`
	Kind          string `json:"kind"`
	Title         string `json:"title"`
	Section       string `json:"section"`
	NeedsApproval bool   `json:"needs_approval"`
	CreatedAt     string `json:"created_at"`
	LatestAt      string `json:"latest_at"`
}

func showDocument(d versions.Document) documentView {
	return documentView{refOf(d.ID), refOf(d.Record), d.Kind, d.Title, d.Section.String(), d.NeedsApproval, instant(d.CreatedAt), instant(d.LatestAt)}
}

// periodView gives both the days a person reads (to is the last day) and the
// exact instants (until is the first instant no longer in it).
type periodView struct {
	From    string  `json:"from"`
	To      *string `json:"to"`
	FromAt  string  `json:"from_at"`
	UntilAt *string `json:"until_at"`
}

func showPeriod(p versions.Period) periodView {
	v := periodView{From: clock.DayOf(p.From).String(), FromAt: instant(p.From), UntilAt: instantOrNil(p.To)}
	if p.To != nil {
		last := clock.DayOf(p.To.Add(-time.Microsecond)).String()
		v.To = &last
	}
	return v
}

type approvalView struct {
	By        string `json:"by"`
	PostTitle string `json:"post_title"`
	At        string `json:"at"`
	Note      string `json:"note"`
}

func showApproval(d *versions.Decision) *approvalView {
	if d == nil {
		return nil
	}
	return &approvalView{d.By, d.PostTitle, instant(d.At), d.Note}
}

type saidView struct {
	Kind string `json:"kind"`
	periodView
	Why string `json:"why"`
	By  string `json:"by"`
	At  string `json:"at"`
}

func showSaid(s versions.Said) saidView {
	return saidView{s.Kind, showPeriod(s.Period), s.Why, s.By, instant(s.At)}
}

type versionView struct {
	Number       int        `json:"number"`
	SHA256       string     `json:"sha256"`
	Size         int64      `json:"size"`
	MediaType    string     `json:"media_type"`
	FileName     string     `json:"file_name"`
	Author       string     `json:"author"`
	PostTitle    string     `json:"post_title"`
	Source       string     `json:"source"`
	EventAt      *string    `json:"event_at"`
	ReceivedOn   *string    `json:"received_on"`
	RecordedAt   string     `json:"recorded_at"`
	LateReason   string     `json:"late_reason"`
	Note         string     `json:"note"`
	ReviewOn     *string    `json:"review_on"`
	Wanted       periodView `json:"wanted"`
	RestoredFrom *int32     `json:"restored_from"`
}

func showVersion(v versions.Version) versionView {
	return versionView{v.Number, hex.EncodeToString(v.SHA256), v.Size, v.MediaType, v.FileName, v.Author, v.PostTitle, v.Source,
		instantOrNil(v.EventAt), plain(v.ReceivedOn), instant(v.RecordedAt), v.LateReason, v.Note, plain(v.ReviewOn),
		showPeriod(versions.Period{From: v.WantedFrom, To: v.WantedTo}), v.RestoredFrom}
}

type detailedView struct {
	versionView
	State    string        `json:"state"`
	InForce  []periodView  `json:"in_force"`
	Approval *approvalView `json:"approval"`
	Said     []saidView    `json:"said"`
}

func showDetailed(d versions.Detailed) detailedView {
	v := detailedView{versionView: showVersion(d.Version), State: string(d.State), InForce: []periodView{}, Approval: showApproval(d.Approval), Said: []saidView{}}
	for _, p := range d.Periods {
		v.InForce = append(v.InForce, showPeriod(p))
	}
	for _, s := range d.Said {
		v.Said = append(v.Said, showSaid(s))
	}
	return v
}

// addedView is the answer to content that was added, approved, corrected or restored.
type addedView struct {
	Document documentView `json:"document"`
	Version  detailedView `json:"version"`
}

type answerView struct {
	Document documentView  `json:"document"`
	Version  versionView   `json:"version"`
	InForce  periodView    `json:"in_force"`
	Known    string        `json:"known_from"`
	Approval *approvalView `json:"approval"`
}

func showAnswer(a versions.Answer) answerView {
	return answerView{showDocument(a.Document), showVersion(a.Version), showPeriod(a.Period), instant(a.Known), showApproval(a.Approval)}
}

type recordView struct {
	ID        ref    `json:"id"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	SettingID *ref   `json:"setting_id"`
	Setting   string `json:"setting"`
	Open      bool   `json:"open"`
}

func showRecord(r people.Record) recordView {
	return recordView{refOf(r.ID), r.Kind.String(), r.Name, refOrNil(r.HomeID), r.Home, r.Open}
}

type footprintView struct {
	ID        ref            `json:"id"`
	At        string         `json:"at"`
	ActorID   ref            `json:"actor_id"`
	Actor     string         `json:"actor"`
	PostTitle string         `json:"post_title"`
	Action    string         `json:"action"`
	Outcome   string         `json:"outcome"`
	Document  *ref           `json:"document"`
	Version   *int32         `json:"version"`
	Detail    map[string]any `json:"detail"`
}

func showFootprint(f audit.Footprint) footprintView {
	return footprintView{refOf(f.ID), instant(f.At), refOf(f.ActorID), f.Actor, f.PostTitle, f.Action, f.Outcome, refOrNil(f.Document), f.Version, f.Detail}
}
