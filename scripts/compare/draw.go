package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/trident-nlp/trident/internal/plot"
)

// draw saves the data set's plots in a folder: means, with all figures and their intervals,
// and validation-TASK, the course of training. Each is a PNG and an SVG file.
func (s summary) draw(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	failed := s.drawMeans(filepath.Join(dir, "means"))
	for _, c := range columns() {
		failed = errors.Join(failed, s.drawCurves(c, filepath.Join(dir, "validation-"+c.task)))
	}
	return failed
}

func (s summary) drawMeans(path string) error {
	var labels []string
	for _, r := range s.Recipes {
		labels = append(labels, r.Name)
	}
	var groups []plot.Estimates
	for _, key := range figureKeys() {
		g := plot.Estimates{Title: titleOf(key)}
		for _, r := range s.Recipes {
			e := r.Figures[key]
			low, high := e.Mean-e.Half, e.Mean+e.Half
			if e.Interval != nil {
				low, high = min(e.Interval.Low, low), max(e.Interval.High, high)
			}
			g.Values, g.Low, g.High = append(g.Values, e.Mean), append(g.Low, low), append(g.High, high)
		}
		groups = append(groups, g)
	}
	f, err := plot.Intervals("Test calls: "+s.Data, labels, groups)
	if err != nil {
		return err
	}
	_, err = f.Save(path)
	return err
}

func (s summary) drawCurves(c column, path string) error {
	var lines []plot.Series
	for _, r := range s.Recipes {
		line := plot.Series{Name: r.Name}
		for _, p := range r.Curves[c.figure] {
			line.X, line.Y = append(line.X, p.Epochs), append(line.Y, p.Mean)
			line.Low, line.High = append(line.Low, p.Mean-p.Half), append(line.High, p.Mean+p.Half)
		}
		if len(line.X) > 0 {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	f, err := plot.Lines("Validation calls: "+s.Data, "epochs", c.title, lines)
	if err != nil {
		return err
	}
	_, err = f.Save(path)
	return err
}
