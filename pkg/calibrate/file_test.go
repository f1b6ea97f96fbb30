package calibrate

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// described are the tasks of the tests' calibrations.
func described() []tasks.Task {
	return []tasks.Task{tasks.CLS(tasks.CaseLabels{Main: []string{"a", "b"}, Sub: []string{"c", "d"}, Intervention: []string{"e"}, Priority: []string{"1", "2", "3"}}), tasks.QA()}
}

func example() *Calibration {
	return &Calibration{
		Model: "abc", LanguageField: "lang",
		Heads: map[string]map[string]Head{
			"cls": {"priority": {
				Records: 300, Temperature: 1.5, NLL: Change{0.8, 0.7}, ECE: Change{0.09, 0.02},
				Sets:      []Set{{0.9, 0.8, 0.91, 1.5}, {0.95, 0.9, 0.96, 1.8}},
				Languages: map[string][]Set{"sw": {{0.9, 1, 1, 3}}},
			}},
			"qa": {"opening": {Records: 300, Temperature: 0.5}},
		},
		Thresholds: []Threshold{{"cls", "priority", "1", 0.95, 0.125, 60, 0.4}},
	}
}

func hashed(hash string) func() (string, error) { return func() (string, error) { return hash, nil } }

func TestFile(t *testing.T) {
	dir := t.TempDir()
	c := example()
	if err := c.Write(dir); err != nil {
		t.Fatal(err)
	}
	got, err := Read(dir, hashed("abc"), described())
	if err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("got %+v, %v", got, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("files %v, %v", entries, err)
	}
	if LanguageField(dir) != "lang" || LanguageField(t.TempDir()) != "" {
		t.Error("another field of the language")
	}
	_, err = Read(dir, hashed("abd"), described())
	if !errors.Is(err, ErrOtherModel) || !strings.Contains(err.Error(), "eval --calibrate") {
		t.Errorf("another model: %v", err)
	}
	called := false
	if got, err := Read(t.TempDir(), func() (string, error) { called = true; return "", nil }, described()); got != nil || err != nil || called {
		t.Errorf("no file: %v, %v, hashed %t", got, err, called)
	}
	failed := errors.New("disk")
	if _, err := Read(dir, func() (string, error) { return "", failed }, described()); !errors.Is(err, failed) {
		t.Errorf("no hash: %v", err)
	}
}

func TestNoFolder(t *testing.T) {
	if err := example().Write(t.TempDir() + "/none"); err == nil || !strings.Contains(err.Error(), "write the calibration into") {
		t.Errorf("error %v", err)
	}
}

func TestCalibrationOf(t *testing.T) {
	c := example()
	var none *Calibration
	if c.Temperature("cls", "priority") != 1.5 || c.Temperature("cls", "main") != 1 || c.Temperature("x", "y") != 1 || none.Temperature("cls", "priority") != 1 {
		t.Error("other temperatures")
	}
	if got := c.Sets("cls", "priority", "sw"); len(got) != 1 || got[0].Score != 1 {
		t.Errorf("sets in Swahili %v", got)
	}
	if len(c.Sets("cls", "priority", "fr")) != 2 || c.Sets("cls", "main", "") != nil || none.Sets("cls", "priority", "") != nil {
		t.Error("other sets")
	}
}

func TestBadFiles(t *testing.T) {
	for content, want := range map[string]string{
		"":              "it isn't JSON",
		"{":             "it isn't JSON",
		`{"heads": 5}`:  "it isn't JSON",
		`{"model": ""}`: `it has no "heads"`,
		`{"heads": {"x": {"y": {"temperature": 1}}}}`:                                                          `no task "x"`,
		`{"heads": {"cls": {"y": {"temperature": 1}}}}`:                                                        `no head "y"`,
		`{"heads": {"cls": {"main": {}}}}`:                                                                     "the temperature of cls.main is 0; want 0.05 to 20",
		`{"heads": {"cls": {"main": {"temperature": 1e9}}}}`:                                                   "the temperature of cls.main is 1e+09",
		`{"heads": {"cls": {"main": {"temperature": 1, "sets": [{"coverage": 0.9, "score": 2}]}}}}`:            "the score 2",
		`{"heads": {"cls": {"main": {"temperature": 1, "languages": {"sw": [{"coverage": 1, "score": 0}]}}}}}`: "the coverage 1",
		`{"heads": {}, "thresholds": [{"task": "cls", "head": "main", "label": "x", "probability": 0.5}]}`:     `cls.main has no label "x"`,
		`{"heads": {}, "thresholds": [{"task": "cls", "head": "main", "label": "a", "probability": -1}]}`:      "the threshold of cls.main=a is -1",
		`{"heads": {}, "thresholds": [{"task": "cls", "head": "none", "label": "a", "probability": 1}]}`:       `no head "none"`,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(Path(dir), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Read(dir, hashed(""), described())
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), Path(dir)) || !strings.Contains(err.Error(), advice) {
			t.Errorf("%s: error %v, want %q", content, err, want)
		}
	}
}

// FuzzRead checks that whatever is read can be written and read again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"model": "", "heads": {"cls": {"main": {"temperature": 1, "sets": [{"coverage": 0.9, "score": 0.5}]}}}}`))
	f.Add([]byte(`{"heads": {}, "thresholds": [{"task": "qa", "head": "opening", "label": "Use of call opening phrase", "probability": 0.5}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(Path(dir), data, 0o666); err != nil {
			t.Fatal(err)
		}
		c, err := Read(dir, hashed(""), described())
		if err != nil {
			return
		}
		if err := c.Write(dir); err != nil {
			t.Fatal(err)
		}
		if again, err := Read(dir, hashed(""), described()); err != nil || !reflect.DeepEqual(again.Thresholds, c.Thresholds) || len(again.Heads) != len(c.Heads) {
			t.Errorf("read again: %+v, %v", again, err)
		}
	})
}
