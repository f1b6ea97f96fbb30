package plot

import (
	"fmt"
	"image/color"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	stdfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// maxText is the length in characters up to which a label or title is drawn.
const maxText = 200

// capital is the height of capitals in Liberation Sans, in ems.
const capital = 0.729

// fonts are regular and bold Liberation Sans.
var fonts = sync.OnceValues(func() (*font.Cache, error) {
	var faces font.Collection
	for _, f := range []struct {
		weight stdfont.Weight
		data   []byte
	}{{stdfont.WeightNormal, liberationsansregular.TTF}, {stdfont.WeightBold, liberationsansbold.TTF}} {
		parsed, err := opentype.Parse(f.data)
		if err != nil {
			return nil, fmt.Errorf("read the font Liberation Sans: %w", err)
		}
		faces = append(faces, font.Face{Font: font.Font{Typeface: "Liberation", Variant: "Sans", Weight: f.weight}, Face: parsed})
	}
	return font.NewCache(faces), nil
})

// face is a font with size and colour.
type face struct {
	cache *font.Cache
	size  vg.Length
	bold  bool
	color color.Color
}

// newFace returns a regular dark face; sized, inked and heavy return variants.
func newFace(size vg.Length) (face, error) {
	cache, err := fonts()
	return face{cache: cache, size: size, color: ink}, err
}

func (f face) sized(size vg.Length) face { f.size = size; return f }
func (f face) inked(c color.Color) face  { f.color = c; return f }
func (f face) heavy() face               { f.bold = true; return f }

// line returns the height of a line of text.
func (f face) line() vg.Length { return 1.25 * f.size }

func (f face) lookup() font.Face {
	key := font.Font{Typeface: "Liberation", Variant: "Sans"}
	if f.bold {
		key.Weight = stdfont.WeightBold
	}
	return f.cache.Lookup(key, f.size)
}

// width returns a line's width. A character that the font lacks, which an SVG viewer
// shows in another font, counts as one em.
func (f face) width(s string) vg.Length {
	shown, missing := f.shown(s, -1)
	w := f.size * vg.Length(missing)
	l := f.lookup()
	for _, part := range unkerned(shown) {
		w += l.Width(part)
	}
	return w
}

// unkerned splits text between ones: the font kerns them so tightly that 11 is illegible
// at a small size.
func unkerned(s string) []string {
	var parts []string
	for {
		i := strings.Index(s, "11")
		if i < 0 {
			return append(parts, s)
		}
		parts, s = append(parts, s[:i+1]), s[i+1:]
	}
}

func (f face) widest(texts []string) vg.Length {
	var w vg.Length
	for _, s := range texts {
		w = max(w, f.width(s))
	}
	return w
}

// shown replaces characters that the font lacks with a substitute, or removes them if
// that is negative, and counts them.
func (f face) shown(s string, substitute rune) (string, int) {
	font := f.lookup().Face
	missing := 0
	s = strings.Map(func(r rune) rune {
		var buf sfnt.Buffer
		if i, err := font.GlyphIndex(&buf, r); err == nil && i != 0 {
			return r
		}
		missing++
		return substitute
	}, s)
	return s, missing
}

// wrap breaks text into lines of at most the given width, at spaces if possible. Empty
// text has no lines.
func (f face) wrap(text string, width vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if longer := strings.TrimSpace(line + " " + word); f.width(longer) <= width {
			line = longer
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for f.width(word) > width {
			cut := f.fits(word, width)
			lines, word = append(lines, word[:cut]), word[cut:]
		}
		line = word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// fits returns the length in bytes of the longest prefix of a word that fits in width, at
// least one character.
func (f face) fits(word string, width vg.Length) int {
	_, cut := utf8.DecodeRuneInString(word)
	for i, r := range word {
		end := i + utf8.RuneLen(r)
		if i > 0 && f.width(word[:end]) > width {
			break
		}
		cut = end
	}
	return cut
}

// clean prepares text for one line of XML: control characters become spaces, and invalid
// characters U+FFFD.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case r == 0xFFFE, r == 0xFFFF:
			return utf8.RuneError
		}
		return r
	}, text) // also turns bytes that aren't UTF-8 into U+FFFD
}

// cleanAll is clean for several texts. Their kind is for the error if one is too long to
// draw.
func cleanAll(what string, texts []string) ([]string, error) {
	cleaned := make([]string, len(texts))
	for i, s := range texts {
		if n := utf8.RuneCountInString(s); n > maxText {
			return nil, fmt.Errorf("%s %d has %d characters, more than %d", what, i, n, maxText)
		}
		cleaned[i] = clean(s)
	}
	return cleaned, nil
}

// cleanTitle is clean for a title or an axis's name.
func cleanTitle(what, text string) (string, error) {
	if n := utf8.RuneCountInString(text); n > maxText {
		return "", fmt.Errorf("the %s has %d characters, more than %d", what, n, maxText)
	}
	return clean(text), nil
}
