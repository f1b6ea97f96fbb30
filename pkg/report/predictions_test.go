package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
)

func TestPredictions(t *testing.T) {
	for name, o := range allCases() {
		var text bytes.Buffer
		opt := Options{}
		if name == "multilabel" {
			opt.Threshold = map[string]float64{"closing": 0.34}
		}
		if err := WritePredictions(&text, o, opt); err != nil {
			t.Fatal(err)
		}
		filetest.Golden(t, name+".csv", text.Bytes())
	}
}

func TestPredictionsOfBadOutputs(t *testing.T) {
	o := classCase()
	o.Heads[0].Truth[0][0] = 7
	if err := WritePredictions(&bytes.Buffer{}, o, Options{}); err == nil || !strings.Contains(err.Error(), "predictions of task cases: head area: record 3") {
		t.Errorf("got error %v", err)
	}
	if err := WritePredictions(&bytes.Buffer{}, flagCase(), Options{Threshold: map[string]float64{"closing": 2}}); err == nil {
		t.Error("a threshold of 2 was taken")
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWritersErrorsComeThrough(t *testing.T) {
	r := report(t, classCase(), Options{})
	c, err := Compare([]Model{{Name: "one", Reports: []Report{r}}})
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"predictions": WritePredictions(full{}, classCase(), Options{}),
		"report":      r.Markdown(full{}, Page{}),
		"comparison":  c.Markdown(full{}),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}
