package sample

import (
	"context"
	"strconv"
	"strings"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/versions"
)

// planPiece lays out a document of one edition. Something that happened is
// noted at the moment it happens, and recorded later: so its moment goes back
// with all others.
func (t *telling) planPiece(l *life, p *piece) error {
	at, err := t.moment(p.at)
	if err != nil {
		return err
	}
	after, err := span(p.after)
	if err != nil {
		return err
	}
	kind, _ := versions.KindOf(p.kind)
	var happened time.Time
	if kind.Event {
		t.at(at, func(context.Context) error {
			happened = t.now
			return nil
		})
	}
	t.at(at.Add(after), func(ctx context.Context) error {
		made, err := t.pieceOfPaper(l, p, at)
		if err != nil {
			return err
		}
		e := versions.Entry{Title: p.title, Kind: p.kind, InForceFrom: clock.DayOf(at).String(), LateReason: p.late, Source: p.source}
		if kind.Event {
			e.EventAt = happened.UTC().Format(time.RFC3339Nano)
		}
		if kind.Arrives {
			e.ReceivedOn = clock.DayOf(at).String()
		}
		return t.add(ctx, p.by, l.record, l.record+"/"+p.title, e, made, p.format)
	})
	return nil
}

func (t *telling) pieceOfPaper(l *life, p *piece, at time.Time) (paper, error) {
	setting := t.lies[l.record]
	words := settingWords(setting)
	for k, v := range l.words {
		words[k] = v
	}
	body, err := putIn(p.body, words)
	if err != nil {
		return paper{}, err
	}
	made := paper{Kind: p.kind, Title: p.title, Setting: setting, Edition: 1, Author: t.name(p.by), Blocks: readBlocks(body)}
	if l.kind != access.Library {
		made.Facts = [][2]string{{"About", l.record}}
	}
	if p.source != "" {
		made.Author, made.Facts = p.source, append(made.Facts, [2]string{"From", p.source})
	} else {
		made.Facts = append(made.Facts, [2]string{"Recorded by", t.post(p.by)})
	}
	if !relative(p.at) { // else the bytes would depend on the day of planting
		made.At = at.In(clock.London)
		made.Facts = append(made.Facts, [2]string{"Date", at.In(clock.London).Format("2 January 2006")})
	}
	return made, nil
}

// span reads 90m, 5h or 3d.
func span(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}
