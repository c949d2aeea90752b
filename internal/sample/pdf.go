package sample

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// printed is the moment that files say they were made at: a fixed one, so that
// their bytes are always the same.
func printed() time.Time { return time.Date(2023, 5, 1, 9, 0, 0, 0, time.UTC) }

// Measures of the page, in millimetres and points.
const (
	margin = 22.0
	width  = 210 - 2*margin
	leaf   = 5.6 // one line of text
)

// press paints one PDF.
type press struct {
	*fpdf.Fpdf
	say func(string) string // into the encoding of the built-in fonts
	n   int                 // headings so far
}

// pdf paints the paper as PDF 1.3 with the fonts that every reader has.
func (p paper) pdf() ([]byte, error) {
	x := press{Fpdf: fpdf.New("P", "mm", "A4", "")}
	x.say = x.UnicodeTranslatorFromDescriptor("")
	x.SetCreationDate(printed())
	x.SetModificationDate(printed())
	x.SetCatalogSort(true)
	x.SetProducer("Custodian demonstration", true)
	x.SetTitle(p.Title, true)
	x.SetAuthor(p.Author, true)
	x.SetSubject(madeUp, true)
	x.SetLang("en-GB")
	x.SetMargins(margin, 20, margin)
	x.SetAutoPageBreak(true, 24)
	x.AliasNbPages("{pages}")
	x.SetFooterFunc(func() { x.foot(p) })
	x.AddPage()
	x.cover(p)
	for _, b := range p.Blocks {
		x.block(b)
	}
	if p.Signed {
		x.signatures()
	}
	var out bytes.Buffer
	err := x.Output(&out)
	return out.Bytes(), err
}

func (x *press) ink(r, g, b int) { x.SetTextColor(r, g, b) }

func (x *press) cover(p paper) {
	x.SetFillColor(31, 78, 95)
	x.Rect(0, 0, 210, 9, "F")
	x.SetY(19)
	x.SetFont("Helvetica", "", 10)
	x.ink(31, 78, 95)
	x.CellFormat(width, 5, x.say("Example Care  ·  "+p.Setting), "", 1, "L", false, 0, "")
	x.Ln(2)
	x.SetFont("Helvetica", "B", 22)
	x.ink(20, 30, 38)
	x.MultiCell(width, 9.2, x.say(p.Title), "", "L", false)
	x.Ln(2)
	x.SetDrawColor(198, 208, 214)
	for _, f := range p.Facts {
		x.SetFont("Helvetica", "B", 9.5)
		x.ink(80, 94, 102)
		x.CellFormat(38, 6.4, x.say(f[0]), "B", 0, "L", false, 0, "")
		x.SetFont("Helvetica", "", 9.5)
		x.ink(20, 30, 38)
		x.CellFormat(width-38, 6.4, x.say(f[1]), "B", 1, "L", false, 0, "")
	}
	x.Ln(4)
}

func (x *press) foot(p paper) {
	x.SetY(-17)
	x.SetDrawColor(198, 208, 214)
	x.Line(margin, x.GetY(), 210-margin, x.GetY())
	x.Ln(1.5)
	x.SetFont("Helvetica", "", 8)
	x.ink(80, 94, 102)
	x.CellFormat(width-36, 5, x.say(p.Title+", edition "+strconv.Itoa(p.Edition)+". Made up for demonstration."), "", 0, "L", false, 0, "")
	x.CellFormat(36, 5, x.say(fmt.Sprintf("Page %d of {pages}", x.PageNo())), "", 0, "R", false, 0, "")
}

func (x *press) block(b block) {
	x.ink(20, 30, 38)
	x.SetFont("Helvetica", "", 10.5)
	switch b.kind {
	case heading:
		x.n++
		x.room(18)
		x.Ln(3)
		x.SetFont("Helvetica", "B", 13)
		x.ink(31, 78, 95)
		x.MultiCell(width, 7, x.say(strconv.Itoa(x.n)+"  "+b.text), "", "L", false)
		x.Ln(0.8)
	case bullet:
		x.SetX(margin + 2)
		x.CellFormat(4.5, leaf, x.say("•"), "", 0, "L", false, 0, "")
		x.MultiCell(width-6.5, leaf, x.say(b.text), "", "L", false)
		x.Ln(0.9)
	case quote:
		x.room(14)
		x.SetFillColor(236, 243, 246)
		x.SetFont("Helvetica", "I", 10.5)
		x.MultiCell(width, 6.6, x.say(b.text), "", "L", true)
		x.Ln(2)
	case table:
		x.table(b.rows)
	default:
		x.MultiCell(width, leaf, x.say(b.text), "", "L", false)
		x.Ln(1.8)
	}
}

// room goes to the next page where less than so many millimetres are left.
func (x *press) room(mm float64) {
	_, page := x.GetPageSize()
	if x.GetY()+mm > page-24 {
		x.AddPage()
	}
}

// table paints rows whose cells wrap, each row as high as its highest cell.
func (x *press) table(rows [][]string) {
	each := width / float64(len(rows[0]))
	x.SetDrawColor(198, 208, 214)
	x.Ln(1)
	for i, row := range rows {
		x.SetFont("Helvetica", map[bool]string{true: "B", false: ""}[i == 0], 9.5)
		high := 1
		for _, c := range row {
			high = max(high, len(x.SplitLines([]byte(x.say(c)), each-2)))
		}
		h := float64(high)*4.8 + 2.6
		if i == 0 {
			x.room(h + 16) // a heading never stands alone at the foot of a page
		}
		x.room(h)
		top := x.GetY()
		for j, c := range row {
			left := margin + float64(j)*each
			if i == 0 {
				x.SetFillColor(236, 243, 246)
				x.Rect(left, top, each, h, "F")
			}
			x.Rect(left, top, each, h, "D")
			x.SetXY(left, top+1.3)
			x.MultiCell(each, 4.8, x.say(c), "", "L", false)
		}
		x.SetXY(margin, top+h)
	}
	x.Ln(3)
}

func (x *press) signatures() {
	x.room(30)
	x.Ln(6)
	x.SetFont("Helvetica", "", 9.5)
	for _, who := range []string{"Signed", "Manager"} {
		x.CellFormat(width, 9, x.say(who+"  "+strings.Repeat("_", 34)+"   Date  "+strings.Repeat("_", 16)), "", 1, "L", false, 0, "")
	}
}
