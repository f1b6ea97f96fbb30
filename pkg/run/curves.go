package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trident-nlp/trident/internal/plot"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// drawCurves saves the run's losses and scores beside the model: losses.png and
// scores.png, and both as SVG. tmp is a folder for unfinished files.
func drawCurves(dir, tmp string, history *trainer.History, evalSteps int) error {
	axis, at := "epoch", func(e trainer.Evaluation) float64 { return float64(e.Epoch) }
	if evalSteps > 0 {
		axis, at = "step", func(e trainer.Evaluation) float64 { return float64(e.Step) }
	}
	var losses, scores curves
	for _, e := range history.All {
		for _, loss := range e.Train.Losses {
			losses.add(loss.Name+", training", at(e), loss.Value)
		}
		for _, s := range e.Val {
			losses.add(s.Task+", validation", at(e), s.Loss)
			scores.add(s.Task+" "+s.Headline().Name, at(e), s.Headline().Value)
		}
	}
	for _, figure := range []struct {
		name, title, y string
		curves
	}{{"losses", "Losses", "mean loss of a batch", losses}, {"scores", "Validation scores", "score", scores}} {
		if err := draw(figure.title, axis, figure.y, figure.list, filepath.Join(tmp, figure.name), dir); err != nil {
			return fmt.Errorf("draw the run's %s: %w", figure.name, err)
		}
	}
	return nil
}

// draw saves a figure at path and moves it to dir.
func draw(title, x, y string, lines []plot.Series, path, dir string) error {
	drawn, err := plot.Lines(title, x, y, lines)
	if err != nil {
		return err
	}
	names, err := drawn.Save(path)
	for _, name := range names {
		err = errors.Join(err, os.Rename(name, filepath.Join(dir, filepath.Base(name))))
	}
	return err
}

// curves are named lines, in the order of their first points.
type curves struct{ list []plot.Series }

func (c *curves) add(name string, x, y float64) {
	for i := range c.list {
		if s := &c.list[i]; s.Name == name {
			s.X, s.Y = append(s.X, x), append(s.Y, y)
			return
		}
	}
	c.list = append(c.list, plot.Series{Name: name, X: []float64{x}, Y: []float64{y}})
}
