package page

// Field is one field of a Change; one of the four is there.
type Field struct {
	Input  *Input
	Date   *Date
	Select *Choice
	Radios *Choice
}

// Fact is a fact beside a form: what is, before it is changed.
type Fact struct{ Name, Text string }

// Submit is a form's button, and the way out.
type Submit struct{ Words, Cancel string }

// Change is a page with one form: something is to be opened, closed, approved,
// corrected, and why.
type Change struct {
	Frame
	Caption, Heading string
	Words            []string // what will happen
	Address          string   // where the form goes
	Hidden           []Kept   // fields that nobody sees
	Fields           []Field
	Submit           Submit // without words there is no form: it cannot be done
	Compare          *Compare
	FactsTitle       string
	Facts            []Fact
	Links            []Link
}

// Compare lays the facts of a version beside those of the one in force.
type Compare struct {
	Heading, Sentence string
	Old, New          string // what the two columns hold; Old is "" where there is one column
	Rows              []Pair
	Links             []Link // to the files
}

// Pair is one fact of both.
type Pair struct {
	Name, Old, New string
	Changed        bool
}

// Ask adds fields to a change, in order.
func (c *Change) Ask(fields ...any) {
	for _, f := range fields {
		switch f := f.(type) {
		case Input:
			c.Fields = append(c.Fields, Field{Input: &f})
		case Date:
			c.Fields = append(c.Fields, Field{Date: &f})
		case Choice:
			if len(f.Options) > 5 {
				c.Fields = append(c.Fields, Field{Select: &f})
			} else {
				c.Fields = append(c.Fields, Field{Radios: &f})
			}
		}
	}
}
