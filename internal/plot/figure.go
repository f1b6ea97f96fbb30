// Package plot draws the figures of evaluation reports: confusion matrices,
// reliability diagrams, threshold sweeps, bars, lines and intervals. A figure is as large
// as its labels need, and looks the same as PNG and as SVG. The same input
// gives the same bytes.
//
// Figures show class names and numbers only; no text of a transcript.
package plot

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"path/filepath"

	"github.com/google/renameio/v2"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// dpi is the resolution of PNG files: two pixels per point.
const dpi = 144

// margin is the white space around a figure.
const margin = 14

// Figure is a drawing of a fixed size.
type Figure struct {
	width, height vg.Length
	draw          func(p pen)
}

// Save writes base.png and base.svg and returns these two names. The folder must exist.
// Both files are complete before either appears.
func (f *Figure) Save(base string) ([]string, error) {
	if base == "" || filepath.Base(base) == "." || base[len(base)-1] == filepath.Separator {
		return nil, fmt.Errorf("save a figure as %q: no file name", base)
	}
	var names []string
	var pending []*renameio.PendingFile
	defer func() {
		for _, file := range pending {
			file.Cleanup() //nolint:errcheck // nothing is left to do about a file that stays
		}
	}()
	for _, format := range []struct {
		ext    string
		encode func() ([]byte, error)
	}{{".png", f.png}, {".svg", f.svg}} {
		name := base + format.ext
		data, err := format.encode()
		if err != nil {
			return nil, fmt.Errorf("draw %s: %w", name, err)
		}
		file, err := renameio.NewPendingFile(name, renameio.WithTempDir(filepath.Dir(name)), renameio.WithPermissions(0o666))
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		pending, names = append(pending, file), append(names, name)
		if _, err := file.Write(data); err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
	}
	for i, file := range pending {
		if err := file.CloseAtomicallyReplace(); err != nil {
			return nil, fmt.Errorf("write %s: %w", names[i], err)
		}
	}
	return names, nil
}

// png returns the figure as a PNG file.
func (f *Figure) png() ([]byte, error) {
	var out bytes.Buffer
	err := f.paint(func() vg.Canvas {
		return vgimg.NewWith(vgimg.UseWH(f.width, f.height), vgimg.UseDPI(dpi))
	}, func(c vg.Canvas) error {
		return png.Encode(&out, c.(*vgimg.Canvas).Image())
	})
	return out.Bytes(), err
}

// svg returns the figure as an SVG file. Text stays text, in Liberation Sans or else in
// Arial, which has the same widths.
func (f *Figure) svg() ([]byte, error) {
	var out bytes.Buffer
	err := f.paint(func() vg.Canvas {
		return vgsvg.New(f.width, f.height)
	}, func(c vg.Canvas) error {
		_, err := c.(*vgsvg.Canvas).WriteTo(&out)
		return err
	})
	// Text can't hold this: its quotes are escaped.
	return bytes.ReplaceAll(out.Bytes(), []byte(`style="font-family:Liberation Sans;`),
		[]byte(`style="font-family:'Liberation Sans',Arial,Helvetica,sans-serif;`)), err
}

// paint draws the figure on a canvas and passes that to finish. gonum reports errors in
// fonts and paths by panics; they become errors here.
func (f *Figure) paint(open func() vg.Canvas, finish func(vg.Canvas) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.Join(err, fmt.Errorf("gonum: %v", r))
		}
	}()
	c := open()
	_, pixels := c.(*vgimg.Canvas)
	p := pen{c, pixels}
	p.rect(white, 0, 0, f.width, f.height)
	f.draw(p)
	return finish(c)
}
