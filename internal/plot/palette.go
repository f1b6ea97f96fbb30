package plot

import (
	"image/color"
	"math"
)

// Colours of text and lines.
var (
	white = color.Gray{Y: 0xFF}
	ink   = color.Gray{Y: 0x22}
	grey  = color.Gray{Y: 0x70}
	faint = color.Gray{Y: 0xDD}
)

// hues are from Okabe and Ito, "Color Universal Design" (2008), distinguishable with any
// colour vision; without yellow, which is too pale on white.
var hues = []color.NRGBA{
	{R: 0x00, G: 0x72, B: 0xB2, A: 0xFF}, // blue
	{R: 0xD5, G: 0x5E, B: 0x00, A: 0xFF}, // vermilion
	{R: 0x00, G: 0x9E, B: 0x73, A: 0xFF}, // bluish green
	{R: 0xCC, G: 0x79, B: 0xA7, A: 0xFF}, // reddish purple
	{R: 0xE6, G: 0x9F, B: 0x00, A: 0xFF}, // orange
	{R: 0x56, G: 0xB4, B: 0xE9, A: 0xFF}, // sky blue
	{R: 0x22, G: 0x22, B: 0x22, A: 0xFF}, // near black
}

const (
	blue = iota
	vermilion
	green
)

// pale is a hue for areas below lines.
func pale(c color.NRGBA) color.NRGBA {
	c.A = 0x38
	return c
}

// shades is the colour scale from a small share to a share of one, light to dark in one
// hue, so that it is readable in grey.
var shades = []color.NRGBA{
	{R: 0xEC, G: 0xF4, B: 0xFA, A: 0xFF},
	{R: 0x9F, G: 0xCA, B: 0xE6, A: 0xFF},
	{R: 0x3D, G: 0x93, B: 0xC9, A: 0xFF},
	{R: 0x05, G: 0x5A, B: 0x91, A: 0xFF},
	{R: 0x02, G: 0x2B, B: 0x49, A: 0xFF},
}

// shade is the colour of a share in [0, 1].
func shade(share float64) color.NRGBA {
	at := share * float64(len(shades)-1)
	i := min(int(at), len(shades)-2)
	t := at - float64(i)
	a, b := shades[i], shades[i+1]
	mix := func(x, y uint8) uint8 { return uint8(math.Round(float64(x)*(1-t) + float64(y)*t)) }
	return color.NRGBA{R: mix(a.R, b.R), G: mix(a.G, b.G), B: mix(a.B, b.B), A: 0xFF}
}

// on is the colour of text on a background: dark or white, by the
// background's luma (ITU-R BT.601).
func on(background color.NRGBA) color.Color {
	c := background
	if 0.299*float64(c.R)+0.587*float64(c.G)+0.114*float64(c.B) < 145 {
		return white
	}
	return ink
}
