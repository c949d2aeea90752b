package sample

import (
	"context"
	"fmt"
	"strings"

	"custodian/versions"
)

// policy is a made-up policy with the days from which its editions hold.
type policy struct {
	kind, title string
	from        []string
	body        string
}

// policies are the same every time.
func policies() []policy {
	return []policy{
		{"statement-of-purpose", "Statement of purpose", []string{"2023-04-01", "2024-04-01", "2025-09-01"}, "what the setting is for, whom it cares for and how"},
		{"policy", "Safeguarding policy", []string{"2023-05-15", "2024-06-01", "2026-02-05"}, "how we keep children safe, and what to do when worried"},
		{"policy", "Missing from care policy", []string{"2023-06-01", "2025-01-10"}, "what we do in the first hour, the first day and after"},
		{"policy", "Behaviour support policy", []string{"2023-09-01", "2024-11-18"}, "how we help with feelings, and when touch is right"},
		{"policy", "Recording policy", []string{"2024-01-08", "2026-01-05"}, "what to write, by when, and whose words they are"},
		{"childrens-guide", "Children's guide", []string{"2024-02-01", "2025-02-01"}, "who we are, what you can expect and who can help"},
	}
}

// demonstrate adds a small library of dated editions, approved by the manager.
func (p *Planted) demonstrate(ctx context.Context, o Options) error {
	library := p.Records["Policies of "+ChildrensHome]
	for _, pol := range policies() {
		var document int64
		for i, from := range pol.from {
			a, err := p.edition(ctx, o, library, document, pol, i+1, from)
			if err != nil {
				return fmt.Errorf("sample: %s: %w", pol.title, err)
			}
			document = a.Document.ID
			if !a.Document.NeedsApproval {
				continue
			}
			if _, _, err := o.Keeper.Approve(ctx, p.Actors["manager"], versions.Target{Document: document, Number: i + 1}, versions.Approval{}); err != nil {
				return fmt.Errorf("sample: approve %s: %w", pol.title, err)
			}
		}
	}
	return nil
}

func (p *Planted) edition(ctx context.Context, o Options, library, document int64, pol policy, n int, from string) (versions.Added, error) {
	staff := p.Actors["staff"]
	text := fmt.Sprintf("%s\nEdition %d, in force from %s\nExample Care, %s. Made up for demonstration.\n\nThis paper says %s.\n", pol.title, n, from, ChildrensHome, pol.body)
	name := fmt.Sprintf("%s %d.txt", strings.ToLower(pol.title), n)
	e := versions.Entry{InForceFrom: from, Source: "Policy group"}
	var slot versions.Slot
	var err error
	if document == 0 {
		e.Title, e.Kind = pol.title, pol.kind
		slot, err = o.Keeper.BeginDocument(ctx, staff, library)
	} else {
		slot, err = o.Keeper.BeginVersion(ctx, staff, document)
	}
	if err != nil {
		return versions.Added{}, err
	}
	r, err := o.Keeper.Receive(ctx, name, strings.NewReader(text))
	if err != nil {
		return versions.Added{}, err
	}
	if document == 0 {
		return o.Keeper.AddDocument(ctx, staff, slot, e, r, "")
	}
	return o.Keeper.AddVersion(ctx, staff, slot, e, r, "")
}
