package sample

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// docx paints the paper as an Office Open XML document (ISO/IEC 29500-1,
// transitional), with the parts that Word and LibreOffice ask for and no more.
func (p paper) docx() ([]byte, error) {
	parts := []struct{ name, text string }{
		{"[Content_Types].xml", contentTypes},
		{"_rels/.rels", packageRelations},
		{"word/document.xml", p.wordDocument()},
		{"word/_rels/document.xml.rels", documentRelations},
		{"word/styles.xml", wordStyles},
		{"word/numbering.xml", wordNumbering},
		{"word/footer1.xml", p.wordFooter()},
		{"docProps/core.xml", p.coreProperties()},
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range parts {
		w, err := z.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Deflate, Modified: printed()})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" + part.text)); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return out.Bytes(), err
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}

// para is one paragraph in a style; further properties go before its text.
func para(style, properties, text string) string {
	return `<w:p><w:pPr><w:pStyle w:val="` + style + `"/>` + properties + `</w:pPr><w:r><w:t xml:space="preserve">` + escape(text) + `</w:t></w:r></w:p>`
}

func (p paper) wordDocument() string {
	var b strings.Builder
	b.WriteString(`<w:document xmlns:w="` + wordSpace + `" xmlns:r="` + relationSpace + `"><w:body>`)
	b.WriteString(para("Setting", "", "Example Care · "+p.Setting))
	b.WriteString(para("Title", "", p.Title))
	if len(p.Facts) > 0 {
		var rows [][]string
		for _, f := range p.Facts {
			rows = append(rows, []string{f[0], f[1]})
		}
		wordTable(&b, rows, false)
	}
	n := 0
	for _, x := range p.Blocks {
		switch x.kind {
		case heading:
			n++
			b.WriteString(para("Heading1", "", strconv.Itoa(n)+"  "+x.text))
		case bullet:
			b.WriteString(para("ListBullet", `<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>`, x.text))
		case quote:
			b.WriteString(para("Quote", "", x.text))
		case table:
			wordTable(&b, x.rows, true)
		default:
			b.WriteString(para("Normal", "", x.text))
		}
	}
	if p.Signed {
		for _, who := range []string{"Signed", "Manager"} {
			b.WriteString(para("Normal", `<w:spacing w:before="360"/>`, who+"  "+strings.Repeat("_", 34)+"   Date  "+strings.Repeat("_", 16)))
		}
	}
	b.WriteString(`<w:sectPr><w:footerReference w:type="default" r:id="rId3"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="1247" w:bottom="1247" w:left="1247" w:header="567" w:footer="567" w:gutter="0"/></w:sectPr></w:body></w:document>`)
	return b.String()
}

// tableWidth is the text's, in twentieths of a point.
const tableWidth = 11906 - 2*1247

func wordTable(b *strings.Builder, rows [][]string, headed bool) {
	b.WriteString(`<w:tbl><w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="` + strconv.Itoa(tableWidth) + `" w:type="dxa"/><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>`)
	each := tableWidth / len(rows[0])
	for range rows[0] {
		fmt.Fprintf(b, `<w:gridCol w:w="%d"/>`, each)
	}
	b.WriteString(`</w:tblGrid>`)
	for i, row := range rows {
		b.WriteString(`<w:tr>`)
		if headed && i == 0 {
			b.WriteString(`<w:trPr><w:tblHeader/></w:trPr>`)
		}
		for j, cell := range row {
			style := "TableText"
			if headed && i == 0 || !headed && j == 0 {
				style = "TableHead"
			}
			fmt.Fprintf(b, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr>%s</w:tc>`, each, para(style, "", cell))
		}
		b.WriteString(`</w:tr>`)
	}
	b.WriteString(`</w:tbl>` + para("Normal", "", ""))
}

func (p paper) wordFooter() string {
	field := func(name string) string {
		return `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> ` + name + ` </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>`
	}
	text := func(s string) string { return `<w:r><w:t xml:space="preserve">` + escape(s) + `</w:t></w:r>` }
	return `<w:ftr xmlns:w="` + wordSpace + `"><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>` +
		text(p.Title+", edition "+strconv.Itoa(p.Edition)+". Made up for demonstration.   Page ") + field("PAGE") + text(" of ") + field("NUMPAGES") + `</w:p></w:ftr>`
}

func (p paper) coreProperties() string {
	at := printed().Format(time.RFC3339)
	return `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
		`<dc:title>` + escape(p.Title) + `</dc:title><dc:subject>` + escape(madeUp) + `</dc:subject><dc:creator>` + escape(p.Author) + `</dc:creator><dc:language>en-GB</dc:language>` +
		`<dcterms:created xsi:type="dcterms:W3CDTF">` + at + `</dcterms:created><dcterms:modified xsi:type="dcterms:W3CDTF">` + at + `</dcterms:modified></cp:coreProperties>`
}
