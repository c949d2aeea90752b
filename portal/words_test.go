package portal_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	blockEnd = regexp.MustCompile(`</(?:p|li|h1|h2|h3|dt|dd|a)>`)
	tag      = regexp.MustCompile(`<[^>]*>`)
	linkTo   = regexp.MustCompile(`href="([^"]*)"`)
)

// The pages of words are there for everybody, say whom to ask, and lead nowhere
// that is not.
func TestPagesOfWords(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	admin := o.as("admin")
	for _, path := range []string{"/help", "/accessibility", "/privacy", "/records-safe"} {
		a := o.caller().get(200, path)
		a.says(askWhom)
		for _, m := range linkTo.FindAllStringSubmatch(mainOf(a), -1) {
			to := html.UnescapeString(m[1])
			switch {
			case strings.HasPrefix(to, "#"):
				a.says(`id="` + to[1:] + `"`)
			case strings.HasPrefix(to, "/"):
				admin.get(200, to)
			case !strings.HasPrefix(to, "https://") && !strings.HasPrefix(to, "tel:"):
				t.Errorf("%s leads to %s", path, to)
			}
		}
	}
}

// Young people and families can read how their records are kept safe: at eleven
// years of age, by the Flesch-Kincaid grade (US Navy, 1975) and the five years
// before the first grade.
func TestReadingAge(t *testing.T) {
	t.Parallel()
	if easy, hard := readingAge("We keep it. You can ask us."), readingAge("Organisational accountability necessitates comprehensive documentation of administrative authorisations."); easy > 7 || hard < 18 {
		t.Fatalf("the measure is off: %.1f for an easy text, %.1f for a hard one", easy, hard)
	}
	o := newOffice(t)
	text := blockEnd.ReplaceAllString(mainOf(o.caller().get(200, "/records-safe")), ". ")
	_, text, _ = strings.Cut(text, ">") // the rest of the tag that mainOf cut through
	text = html.UnescapeString(tag.ReplaceAllString(text, ""))
	if age := readingAge(text); age > 11 {
		t.Errorf("takes a reader of %.1f years, want 11 at most", age)
	}
	for _, word := range []string{"redact", "data", "subject", "access request", "retention", "audit"} {
		if strings.Contains(strings.ToLower(text), word) {
			t.Errorf("says %q, which is no word of theirs", word)
		}
	}
}

// readingAge is the age at which a text can be read.
func readingAge(text string) float64 {
	sentences, words, syllables := 0, 0, 0
	for _, s := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(".!?:", r) }) {
		said := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && r != '’' })
		if len(said) == 0 {
			continue
		}
		sentences++
		words += len(said)
		for _, w := range said {
			syllables += syllablesOf(strings.ToLower(w))
		}
	}
	return 0.39*float64(words)/float64(sentences) + 11.8*float64(syllables)/float64(words) - 15.59 + 5
}

// syllablesOf counts the groups of vowels, but for a silent e at the end.
func syllablesOf(word string) int {
	n, before := 0, false
	for _, r := range word {
		vowel := strings.ContainsRune("aeiouy", r)
		if vowel && !before {
			n++
		}
		before = vowel
	}
	if strings.HasSuffix(word, "e") && !strings.HasSuffix(word, "le") && n > 1 {
		n--
	}
	return max(1, n)
}
