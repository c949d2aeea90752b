package page

import (
	"net/url"
	"slices"
	"strconv"

	"custodian/internal/clock"
	"custodian/internal/fault"
)

// Form makes the fields of a page from what was typed and what was found wrong
// with it, and gathers the summary in the order of the fields.
type Form struct {
	typed    url.Values
	problems []fault.Field
	order    []Problem
	used     []string
}

// NewForm makes a form. typed is nil for one that is shown the first time.
func NewForm(typed url.Values, problems []fault.Field) *Form {
	return &Form{typed: typed, problems: problems}
}

// Typed is what stands in a field.
func (f *Form) Typed(name string) string { return f.typed.Get(name) }

// Wrong tells whether something was found wrong under a name.
func (f *Form) Wrong(name string) bool {
	return slices.ContainsFunc(f.problems, func(p fault.Field) bool { return p.Name == name })
}

// problem finds what is wrong with a field and notes it for the summary.
func (f *Form) problem(name, at string) string {
	f.used = append(f.used, name)
	text := ""
	for _, p := range f.problems {
		if p.Name == name {
			if text == "" {
				text = p.Problem
			}
			f.order = append(f.order, Problem{at, p.Problem})
		}
	}
	return text
}

// Summary lists every problem: those of the fields in their order, then what
// belongs to no field that is shown.
func (f *Form) Summary() []Problem {
	list := slices.Clone(f.order)
	for _, p := range f.problems {
		if !slices.Contains(f.used, p.Name) {
			list = append(list, Problem{"", p.Problem})
		}
	}
	return list
}

// Input is a field of one line, or of several where Rows is above 0.
type Input struct {
	Name, Label, Hint, Value, Problem, Width, Kind string
	Rows                                           int
}

// Line makes a field of one line.
func (f *Form) Line(name, label, hint string) Input {
	return Input{Name: name, Label: label, Hint: hint, Value: f.Typed(name), Problem: f.problem(name, name), Kind: "text"}
}

// Text makes a field of several lines.
func (f *Form) Text(name, label, hint string) Input {
	i := f.Line(name, label, hint)
	i.Rows = 3
	return i
}

// Date is a day in three fields.
type Date struct{ Name, Legend, Hint, Day, Month, Year, Problem string }

// Date makes a field for a day.
func (f *Form) Date(name, legend, hint string) Date {
	return Date{name, legend, hint, f.Typed(name + "-day"), f.Typed(name + "-month"), f.Typed(name + "-year"), f.problem(name, name+"-day")}
}

// Option is one of the answers of a Choice.
type Option struct {
	Value, Words, Hint string
	Chosen             bool
}

// Choice is a question with given answers: radios, or a list.
type Choice struct {
	Name, Legend, Hint, Problem string
	Options                     []Option
}

// Choice makes such a question; the answer that was given is chosen.
func (f *Form) Choice(name, legend, hint string, options ...Option) Choice {
	options = slices.Clone(options)
	for i := range options {
		options[i].Chosen = options[i].Value == f.Typed(name)
	}
	at := name
	return Choice{Name: name, Legend: legend, Hint: hint, Options: options, Problem: f.problem(name, at)}
}

// DayFields fills in the three fields of a day, of a form or an address; values
// may be nil, and the zero Day fills in nothing.
func DayFields(values url.Values, name string, d clock.Day) url.Values {
	if values == nil {
		values = url.Values{}
	}
	if !d.IsZero() {
		t := d.UTC()
		values.Set(name+"-day", strconv.Itoa(t.Day()))
		values.Set(name+"-month", strconv.Itoa(int(t.Month())))
		values.Set(name+"-year", strconv.Itoa(t.Year()))
	}
	return values
}

// Problems are what was found wrong, as it was given.
func (f *Form) Problems() []fault.Field { return f.problems }
