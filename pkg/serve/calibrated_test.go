package serve

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/client"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// TestCalibrated checks that a calibrated model's answers stay, with other probabilities,
// sets of labels, suspicions, and a review of each call.
func TestCalibrated(t *testing.T) {
	s := newReadyServer(t, func(*Config) {})
	ask := func(more string) client.Prediction {
		t.Helper()
		got := s.predict(`{"texts": ["my son was beaten"], "text_scores": true` + more + `}`)
		var answer client.Response
		if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.code != http.StatusOK {
			t.Fatalf("%d %s: %v", got.code, got.body, err)
		}
		return answer.Predictions[0]
	}
	before := ask("")
	if before.Review == nil || before.Review.Cost < 1 || len(before.Review.Reasons) == 0 || before.Calibrated || before.Sets != nil {
		t.Errorf("without a calibration: %+v", before)
	}
	hash, err := fusion.HashDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	c := &calibrate.Calibration{Model: hash, Heads: map[string]map[string]calibrate.Head{"cls": {"priority": {
		Temperature: 3, Sets: []calibrate.Set{{Coverage: 0.9, Score: 0}}, Languages: map[string][]calibrate.Set{"sw": {{Coverage: 0.9, Score: 1}}},
	}}}, Thresholds: []calibrate.Threshold{{Task: "cls", Head: "priority", Label: "1", Recall: 0.9}}}
	if err := c.Write(s.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, swahili := ask(""), ask(`, "language": "sw"`)
	if !after.Calibrated || len(after.Suspected) != 1 || !reflect.DeepEqual(after.Classification, before.Classification) ||
		reflect.DeepEqual(after.Scores.Classification["priority"], before.Scores.Classification["priority"]) {
		t.Errorf("calibrated: %+v, before %+v", after, before)
	}
	if len(after.Sets["cls"]["priority"]["0.9"]) != 1 || len(swahili.Sets["cls"]["priority"]["0.9"]) != 3 {
		t.Errorf("sets %v, in Swahili %v", after.Sets, swahili.Sets)
	}
	if status, field, _ := s.predict(`{"texts": ["my son"], "language": 5}`).problem(t); status != http.StatusUnprocessableEntity || field != "language" {
		t.Errorf("a language that is no text: %d, %s", status, field)
	}

	c.Model = "other"
	if err := c.Write(s.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenModel(s.dir, gotch.CPU, torchx.FP32); err == nil || !strings.Contains(err.Error(), "it is of another model") {
		t.Errorf("a calibration of another model: %v", err)
	}
}
