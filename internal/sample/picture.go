package sample

import (
	"bytes"
	"hash/fnv"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// The scanned sheet, in points of the picture: A4 at some 100 to the inch.
const (
	sheetWidth  = 826
	sheetHeight = 1169
	sheetMargin = 92
)

// picture paints the paper as a scan: a sheet that lay a little askew, in grey,
// with specks.
func (p paper) picture(format string) ([]byte, error) {
	sheet := image.NewGray(image.Rect(0, 0, sheetWidth, sheetHeight))
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(color.Gray{Y: 247}), image.Point{}, draw.Src)
	pen := pencil{sheet: sheet, y: 120}
	var err error
	if pen.regular, err = face(goregular.TTF, 17); err != nil {
		return nil, err
	}
	if pen.bold, err = face(gobold.TTF, 27); err != nil {
		return nil, err
	}
	pen.lines(pen.regular, "Example Care, "+p.Setting, 26)
	pen.y += 14
	pen.lines(pen.bold, p.Title, 38)
	pen.y += 16
	for _, f := range p.Facts {
		pen.lines(pen.regular, f[0]+": "+f[1], 27)
	}
	pen.y += 12
	for _, b := range p.Blocks {
		for _, row := range b.rows {
			pen.lines(pen.regular, strings.Join(row, "    "), 27)
		}
		if b.text != "" {
			pen.lines(pen.regular, map[blockKind]string{bullet: "•  "}[b.kind]+b.text, 27)
			pen.y += 9
		}
	}
	pen.y = sheetHeight - 70
	pen.lines(pen.regular, madeUp, 26)
	scan := askew(sheet, p.Title)
	var out bytes.Buffer
	if format == "jpg" {
		err = jpeg.Encode(&out, scan, &jpeg.Options{Quality: 70})
	} else {
		err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, scan)
	}
	return out.Bytes(), err
}

func face(ttf []byte, size float64) (font.Face, error) {
	f, err := opentype.Parse(ttf)
	if err != nil {
		return nil, err
	}
	return opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
}

// pencil writes lines from the top of a sheet down.
type pencil struct {
	sheet         *image.Gray
	regular, bold font.Face
	y             int
}

// lines writes text, broken between words, with so many points to a line.
func (p *pencil) lines(f font.Face, text string, high int) {
	d := font.Drawer{Dst: p.sheet, Src: image.NewUniform(color.Gray{Y: 42}), Face: f}
	line := ""
	flush := func() {
		d.Dot = fixed.P(sheetMargin, p.y)
		d.DrawString(line)
		p.y += high
		line = ""
	}
	for _, word := range strings.Fields(text) {
		if line != "" && d.MeasureString(line+" "+word) > fixed.I(sheetWidth-2*sheetMargin) {
			flush()
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	flush()
}

// askew shifts each row a little, as a sheet does that was laid on the glass by
// hand, and strews specks; which ones follows from the seed.
func askew(sheet *image.Gray, seed string) *image.Gray {
	h := fnv.New64a()
	_, _ = h.Write([]byte(seed)) // a hash takes everything
	dust := h.Sum64()
	out := image.NewGray(sheet.Bounds())
	for y := range sheetHeight {
		shift := (y - sheetHeight/2) / 90
		for x := range sheetWidth {
			from := x + shift
			v := uint8(225) // beside the sheet
			if from >= 0 && from < sheetWidth {
				v = sheet.GrayAt(from, y).Y
			}
			out.SetGray(x, y, color.Gray{Y: v})
		}
	}
	for range 420 {
		dust = dust*6364136223846793005 + 1442695040888963407 // Knuth's linear congruence
		out.SetGray(int(dust>>33)%sheetWidth, int(dust>>13)%sheetHeight, color.Gray{Y: 120 + uint8(dust>>56)%80})
	}
	return out
}
