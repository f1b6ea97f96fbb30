package fusion

import (
	"strconv"

	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// ReadCalibration reads the calibration in a model's folder, for [Predictor.Calibrate]; nil
// if there is none. One of another model is an error.
func ReadCalibration(dir string, list []tasks.Task) (*calibrate.Calibration, error) {
	return calibrate.Read(dir, func() (string, error) { return HashDir(dir) }, list)
}

// Sets are sets of a head's labels, by the share of calls in which such a set is to hold
// the right label: "0.9", "0.95" ([calibrate.Set]).
type Sets = Fields[[]string]

// Suspicion is a label whose probability is at least its threshold ([calibrate.Threshold]).
type Suspicion struct {
	Task        string  `json:"task"`
	Head        string  `json:"head"` // its field
	Label       string  `json:"label"`
	Probability float32 `json:"probability"`
	Threshold   float64 `json:"threshold"`
	Recall      float64 `json:"recall"` // the share of the calls with the label that are to be suspected
}

// addCalibrated adds what a calibration says of a task: sets, and suspicions.
func (p *Prediction) addCalibrated(c *call, task tasks.Task, scores CustomScores) {
	if c.calibration == nil {
		return
	}
	var heads Fields[Sets]
	for _, head := range task.Heads {
		labels := scores.Heads.Get(head.Field)
		if sets := setsOf(c.calibration.Sets(task.Name, head.Name, c.language), labels); sets != nil {
			heads = append(heads, Field[Sets]{head.Field, sets})
		}
		for _, t := range c.calibration.Thresholds {
			if t.Task != task.Name || t.Head != head.Name {
				continue
			}
			if q := labels.Get(t.Label); float64(q) >= t.Probability {
				p.Suspected = append(p.Suspected, Suspicion{t.Task, head.Field, t.Label, q, t.Probability, t.Recall})
			}
		}
	}
	if heads != nil {
		p.Sets = append(p.Sets, Field[Fields[Sets]]{task.Name, heads})
	}
}

func setsOf(list []calibrate.Set, labels Fields[float32]) Sets {
	probabilities := make([]float32, len(labels))
	for i, label := range labels {
		probabilities[i] = label.Value
	}
	var sets Sets
	for _, set := range list {
		var names []string
		for _, class := range set.Classes(probabilities) {
			names = append(names, labels[class].Name)
		}
		sets = append(sets, Field[[]string]{strconv.FormatFloat(set.Coverage, 'g', -1, 64), names})
	}
	return sets
}
