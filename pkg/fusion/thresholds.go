package fusion

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// Thresholds are thresholds by task and head: {"qa": {"opening": 0.4}}.
type Thresholds map[string]map[string]float64

// threshold returns the threshold of one head.
func (o PredictOptions) threshold(task, head string) float64 {
	if t, set := o.Heads[task][head]; set {
		return t
	}
	return o.Threshold
}

// Check returns an error for the first entry, by name, that isn't a probability or
// doesn't match a head of the tasks.
func (t Thresholds) Check(list []tasks.Task) error {
	for _, name := range slices.Sorted(maps.Keys(t)) {
		task, err := tasks.Find(list, name)
		if err != nil {
			return fmt.Errorf("thresholds: %w", err)
		}
		if !task.YesNo() {
			return fmt.Errorf("thresholds: task %s has no yes/no outputs", name)
		}
		for _, head := range slices.Sorted(maps.Keys(t[name])) {
			p := t[name][head]
			switch {
			case !slices.ContainsFunc(task.Heads, func(h tasks.Head) bool { return h.Name == head }):
				return fmt.Errorf("thresholds: task %s has no head %q", name, head)
			case !(p > 0 && p < 1):
				return fmt.Errorf("thresholds: %s.%s is %g; want more than 0 and less than 1", name, head, p)
			}
		}
	}
	return nil
}

// ReadThresholds reads a file such as {"qa": {"opening": 0.43}}, as written by eval.
// [Thresholds.Check] checks whether they match a model. Errors name the file.
func ReadThresholds(path string) (Thresholds, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read thresholds: %w", err) // err names the file
	}
	t, err := parseThresholds(data)
	if err != nil {
		return nil, fmt.Errorf("read thresholds: %s: %w", path, err)
	}
	return t, nil
}

func parseThresholds(data []byte) (Thresholds, error) {
	var file map[string]map[string]*float64
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&file); err != nil {
		return nil, thresholdsProblem(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object's end")
	}
	if file == nil { // null
		return nil, errShape
	}
	t := Thresholds{}
	for task, heads := range file {
		if heads == nil {
			return nil, errShape
		}
		t[task] = map[string]float64{}
		for head, p := range heads {
			if p == nil {
				return nil, errShape
			}
			t[task][head] = *p
		}
	}
	return t, nil
}

var errShape = errors.New(`want a JSON object of tasks, each an object of heads with numbers: {"qa": {"opening": 0.43}}`)

// thresholdsProblem describes an error without quoting the file: it may be another file,
// with transcripts.
func thresholdsProblem(err error) error {
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("the file is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON ends too early")
	case errors.As(err, &syntax):
		return fmt.Errorf("broken JSON at byte %d", syntax.Offset)
	case errors.As(err, &wrongType):
		return errShape
	}
	return err
}
