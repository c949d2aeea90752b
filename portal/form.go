package portal

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/portal/page"
)

// longestForm is the most bytes a form without files may have.
const longestForm = 256 << 10

// typed reads a form that carries no file.
func typed(c *gin.Context) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, fault.New(fault.Invalid, "This address takes what its own page sends. Open the page again and send it from there.")
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, longestForm))
	if tooMuch(err) {
		return nil, fault.New(fault.TooLarge, "What you typed is too long to be sent. Make it shorter.")
	}
	if err != nil {
		return nil, brokenOff(err)
	}
	values, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "What was sent cannot be read. Open the page again and send it from there.", err)
	}
	return plainLines(values), nil
}

// formOf is the form of a page on which one thing is done: empty but for what
// stands in it the first time, or as it was sent and refused. What was sent is
// handed to do, which gives the page that comes after it and the word of its notice;
// then, and on any other error, there is no form to show.
func (s *server) formOf(c *gin.Context, first url.Values, do func(url.Values) (next, done string, err error)) (form *page.Form, status int, err error) {
	if c.Request.Method == http.MethodGet {
		return page.NewForm(first, nil), http.StatusOK, nil
	}
	values, err := typed(c)
	if err != nil {
		return nil, 0, err
	}
	next, done, err := do(values)
	if err == nil {
		return nil, 0, s.done(c, next, done)
	}
	if errors.Is(err, errAsked) {
		return page.NewForm(values, nil), http.StatusOK, nil
	}
	status, problems, ok := refused(err)
	if !ok {
		return nil, 0, err
	}
	return page.NewForm(values, problems), status, nil
}

// daysTyped reads a number of days; 0 is no number, which is told where it is judged.
func daysTyped(values url.Values) int {
	days, err := strconv.Atoi(line(values, "days"))
	if err != nil {
		return 0
	}
	return days
}

// plainLines gives line ends their one form: browsers send CR LF.
func plainLines(values url.Values) url.Values {
	for name, all := range values {
		for i, v := range all {
			all[i] = strings.ReplaceAll(v, "\r\n", "\n")
		}
		values[name] = all
	}
	return values
}

// readDay puts the three fields of a day together as YYYY-MM-DD, "" when all
// three are empty. what says which day it is in a sentence: "the day it happened".
func readDay(values url.Values, name, what string) (string, []fault.Field) {
	var parts [3]int
	var text [3]string
	for i, part := range []string{"day", "month", "year"} {
		text[i] = strings.TrimSpace(values.Get(name + "-" + part))
	}
	wrong := func(problem string) (string, []fault.Field) {
		return "", []fault.Field{{Name: name, Problem: problem}}
	}
	if text == [3]string{} {
		return "", nil
	}
	text[1] = monthNumber(text[1])
	for i, part := range []string{"day", "month", "year"} {
		if text[i] == "" {
			return wrong(fmt.Sprintf("Enter the %s of %s.", part, what))
		}
		n, err := strconv.Atoi(text[i])
		if err != nil || n < 1 {
			return wrong(fmt.Sprintf("Enter the %s of %s in figures.", part, what))
		}
		parts[i] = n
	}
	if parts[2] < 100 {
		return wrong(fmt.Sprintf("Enter the year of %s with four figures, such as 2026.", what))
	}
	if first, last := clock.First.UTC().Year(), clock.Last.UTC().Year(); parts[2] < first || parts[2] > last {
		return wrong(fmt.Sprintf("Enter a year from %d to %d for %s.", first, last, what))
	}
	d, err := clock.ParseDay(fmt.Sprintf("%04d-%02d-%02d", parts[2], parts[1], parts[0]))
	if err != nil {
		return wrong(fmt.Sprintf("There is no %s %s %s. Check %s.", text[0], monthName(parts[1]), text[2], what))
	}
	return d.String(), nil
}

// monthNumber takes a month's name as well as its number.
func monthNumber(text string) string {
	lower := strings.ToLower(text)
	for i := 1; i <= 12; i++ {
		if name := strings.ToLower(monthName(i)); len(lower) >= 3 && strings.HasPrefix(name, lower) {
			return strconv.Itoa(i)
		}
	}
	return text
}

func monthName(n int) string {
	names := []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	if n < 1 || n > len(names) {
		return strconv.Itoa(n)
	}
	return names[n-1]
}

// keptLetters is how much of what was typed is given back when a session ended.
const keptLetters = 200 << 10

// keepTyped answers a form that came without a session: what was typed stands in
// the page, from where it can be sent again after signing in. A file cannot be
// kept for a stranger.
func (s *server) keepTyped(c *gin.Context) error {
	values, files, err := anyForm(c)
	if err != nil {
		return err
	}
	return s.giveBack(c, values, files)
}

const signedOutMeanwhile = "Nothing you typed is lost. It stands on this page, and nothing has been sent yet."

// giveBack writes the page on which what was typed stands.
func (s *server) giveBack(c *gin.Context, values url.Values, files bool) error {
	v := page.Again{Lead: signedOutMeanwhile, SignIn: "/sign-in?to=/signed-in"}
	return s.giveBackIn(c, v, noActor, "You have been signed out", values, files)
}

// giveBackIn writes it with other words, for somebody who has more to show.
func (s *server) giveBackIn(c *gin.Context, v page.Again, actor access.Actor, title string, values url.Values, files bool) (err error) {
	if v.Frame, err = s.frame(c, actor, title, ""); err != nil {
		return err
	}
	v.Address, v.Files = c.Request.URL.RequestURI(), files
	for _, name := range sortedNames(values) {
		for _, text := range values[name] {
			v.Typed = append(v.Typed, page.Kept{Name: name, Text: text})
		}
	}
	return s.show(c, http.StatusUnauthorized, "again", v)
}

func sortedNames(values url.Values) []string {
	names := make([]string, 0, len(values))
	for n := range values {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// anyForm reads a form of either kind without its files. It tells whether there
// were any.
func anyForm(c *gin.Context) (url.Values, bool, error) {
	kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if kind != "multipart/form-data" {
		values, err := typed(c)
		return values, false, err
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, skippedBytes)
	form, err := c.Request.MultipartReader()
	if err != nil {
		return nil, false, brokenOff(err)
	}
	values, files, left := url.Values{}, false, keptLetters
	for range mostParts {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) || tooMuch(err) {
			break
		}
		if err != nil {
			return nil, false, brokenOff(err)
		}
		if _, isFile := partFile(part); isFile {
			files = true // skipped when the next part is asked for
			continue
		}
		name := part.FormName()
		if len(name) > left {
			continue // no page has a field with such a name
		}
		left -= len(name)
		text, err := io.ReadAll(io.LimitReader(part, int64(left)))
		if err != nil {
			break
		}
		left -= len(text)
		values.Add(name, string(text))
	}
	return plainLines(values), files, nil
}

// partFile gives the name of the file that a part holds, and whether it holds one.
func partFile(p *multipart.Part) (string, bool) {
	_, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	name, ok := params["filename"]
	return name, err == nil && ok
}

// skippedBytes is how much of a stranger's files is read and thrown away to find
// what was typed behind them.
const skippedBytes = 64 << 20

// line is a field that is one line, without the blanks around it.
func line(values url.Values, name string) string { return strings.TrimSpace(values.Get(name)) }
