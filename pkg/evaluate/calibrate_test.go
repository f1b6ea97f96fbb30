package evaluate

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// calibratable makes a model and 120 calls of each kind, whose every third case has a
// language.
func calibratable(t *testing.T) {
	t.Helper()
	w := tinymodel.NewWorld(t)
	w.Scale = 0.5
	w.Model("model", 1, 512, w.Three()...)
	if _, err := synth.WriteAll(t.Context(), "data", synth.Options{NER: 120, Cases: 120, QA: 120, Seed: 6, Short: true}, nil); err != nil {
		t.Fatal(err)
	}
	var cases []map[string]any
	data, err := os.ReadFile(clsFile)
	if err == nil {
		err = json.Unmarshal(data, &cases)
	}
	for i := range cases {
		if i%2 == 0 {
			cases[i]["lang"] = "sw"
		}
	}
	if err == nil {
		data, err = json.Marshal(cases)
	}
	if err == nil {
		err = os.WriteFile(clsFile, data, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestCalibrate(t *testing.T) {
	calibratable(t)
	o := options(t, "model", allData...)
	before := score(t, o)
	o.Calibrate, o.LanguageField = true, "lang"
	o.Data = o.Data[1:2] // only cases have a language
	for _, text := range []string{"priority=critical:0.8", "cls.priority=3:0.5"} {
		wish, err := ParseRecall(text)
		if err != nil {
			t.Fatal(err)
		}
		o.Recall = append(o.Recall, wish)
	}
	o.Notice = func(string) {}
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	c := r.Calibration
	if len(c.Thresholds) != 2 || c.Thresholds[0].Label != "1" || c.Thresholds[0].Positives == 0 || c.LanguageField != "lang" {
		t.Errorf("thresholds %+v", c.Thresholds)
	}
	if h := c.Heads["cls"]["priority"]; h.Records != 120 || len(h.Sets) != 2 || len(h.Languages["sw"]) != 2 || len(h.Languages) != 1 {
		t.Errorf("priority: %+v", h)
	}
	if r.Models[0].Reports[0].Heads[3].Calibrated == nil {
		t.Error("no calibrated reliability in the report")
	}

	o.Recall, o.LanguageField, o.Data = nil, "", options(t, "model", allData...).Data
	if r, err = Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := r.SaveCalibration(); err != nil {
		t.Fatal(err)
	}
	for task, heads := range map[string]int{"ner": 1, "cls": 4, "qa": 6} {
		if len(r.Calibration.Heads[task]) != heads {
			t.Errorf("%s: %d heads calibrated, want %d", task, len(r.Calibration.Heads[task]), heads)
		}
	}
	var table bytes.Buffer
	if err := r.Markdown(&table); err != nil || !strings.Contains(table.String(), "| cls.priority | 120 |") {
		t.Errorf("no table of the calibration: %v", err)
	}
	mustSave(t, r, "out")

	// Evaluated again, the model has the same answers, and probabilities with the fitted
	// temperatures, which are those of the lowest NLL on these records.
	after := score(t, options(t, "model", allData...))
	for i, made := range after.Reports {
		if !reflect.DeepEqual(made.Headline, before.Reports[i].Headline) {
			t.Errorf("%s: figures %v, before %v", made.Task, made.Headline, before.Reports[i].Headline)
		}
		for h, head := range made.Heads {
			was := before.Reports[i].Heads[h].Calibration.ECE
			if temperature := r.Calibration.Temperature(made.Task, head.Name); temperature != 1 && head.Calibration.ECE == was {
				t.Errorf("%s.%s: the ECE is still %g with temperature %g", made.Task, head.Name, was, temperature)
			}
		}
	}
}

// TestCalibrateGathers compares the fitted temperature with that of the predictor's
// own logits.
// TestCalibrateAgain: what a new calibration lacks of the one that it replaces is said.
func TestCalibrateAgain(t *testing.T) {
	calibratable(t)
	o := options(t, "model", allData...)
	var notices strings.Builder
	o.Calibrate, o.Notice = true, func(text string) { notices.WriteString(text + "\n") }
	wish, err := ParseRecall("priority=critical:0.8")
	if err != nil {
		t.Fatal(err)
	}
	o.Recall = []Recall{wish}
	const lost = "the earlier calibration is replaced"
	for range 2 {
		r, err := Run(t.Context(), o)
		if err == nil {
			err = r.SaveCalibration()
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(notices.String(), lost) {
			t.Errorf("nothing is lost, but: %s", notices.String())
		}
	}
	o.Data, o.Recall = o.Data[:1], nil
	if _, err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if got := notices.String(); !strings.Contains(got, lost) || !strings.Contains(got, "cls.main, cls.sub, cls.intervention, cls.priority, qa.") ||
		!strings.Contains(got, "--recall cls.priority=1:0.8") || strings.Contains(got, "ner.ner,") {
		t.Errorf("notices %q", got)
	}
}

func TestCalibrateGathers(t *testing.T) {
	calibratable(t)
	o := options(t, "model", "cls="+clsFile)
	o.Calibrate, o.Notice = true, func(string) {}
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	m, tok, err := fusion.Load("model", gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	records, err := datasets.Load(t.Context(), datasets.Source{Path: clsFile, Tasks: m.Tasks[1:2], KeepUnknown: true})
	if err != nil {
		t.Fatal(err)
	}
	logits, err := fusion.NewPredictor(m, tok).TaskLogits(t.Context(), tasks.CLSName, records.Texts, fusion.PredictOptions{})
	if err != nil {
		t.Fatal(err)
	}
	labels := m.Tasks[1].Heads[3].Labels
	outputs := calibrate.Outputs{Labels: len(labels)}
	var cases []datasets.CaseRecord
	data, err := os.ReadFile(clsFile)
	if err == nil {
		err = json.Unmarshal(data, &cases)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range logits {
		outputs.Logits, outputs.Records = append(outputs.Logits, l.Values[3]...), append(outputs.Records, i)
		outputs.Truth = append(outputs.Truth, slices.Index(labels, cases[i].Priority))
	}
	want, err := outputs.Temperature()
	if err != nil && !errors.Is(err, calibrate.ErrNoTemperature) {
		t.Fatal(err)
	}
	if got := r.Calibration.Temperature("cls", "priority"); math.Abs(got-want) > 1e-3*want {
		t.Errorf("temperature %g, want %g", got, want)
	}
}

func TestCalibrateRefuses(t *testing.T) {
	calibratable(t)
	few := "data/few.json"
	var cases []map[string]any
	data, err := os.ReadFile(clsFile)
	if err == nil {
		err = json.Unmarshal(data, &cases)
	}
	if err == nil {
		data, err = json.Marshal(cases[:20])
	}
	if err == nil {
		err = os.WriteFile(few, data, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		set  func(*Options)
		want string
	}{
		"few records":   {func(o *Options) { o.Data[0].Path = few }, "no head has 50 records or more"},
		"no such label": {func(o *Options) { o.Recall = []Recall{{Head: "priority", Label: "9", Share: 0.5}} }, "it has 1, 2, 3"},
		"no such head":  {func(o *Options) { o.Recall = []Recall{{Head: "urgency", Label: "1", Share: 0.5}} }, "the model has no such head"},
		"no data of it": {func(o *Options) {
			o.Recall = []Recall{{Head: "opening", Label: "Use of call opening phrase", Share: 0.5}}
		}, "there is no data for task qa"},
		"high recall":    {func(o *Options) { o.Recall = []Recall{{Head: "priority", Label: "1", Share: 0.9999}} }, "a recall of 0.9999 takes at least 9999"},
		"no language":    {func(o *Options) { o.LanguageField = "language" }, "no record of " + clsFile + " has such a field"},
		"a transcript":   {func(o *Options) { o.LanguageField = "narrative" }, "want the name of a language"},
		"other options":  {func(o *Options) { o.Calibrate, o.LanguageField = false, "lang" }, "--language-field belongs to --calibrate"},
		"another option": {func(o *Options) { o.Calibrate, o.Recall = false, []Recall{{}} }, "--recall belongs to --calibrate"},
		"two models":     {func(o *Options) { o.Compare = []string{"model"} }, "--calibrate is for one model directory"},
	} {
		o := options(t, "model", "cls="+clsFile)
		o.Calibrate, o.Notice = true, func(string) {}
		test.set(&o)
		_, err := Run(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
	if _, err := os.Stat("model/" + calibrate.FileName); err == nil {
		t.Error("a file was written")
	}
}

func TestParseRecall(t *testing.T) {
	for text, want := range map[string]Recall{
		"priority=critical:0.95":    {"", "priority", "critical", 0.95},
		"cls.priority=1:0.9":        {"cls", "priority", "1", 0.9},
		"listening=Says: thanks:.5": {"", "listening", "Says: thanks", 0.5},
	} {
		if got, err := ParseRecall(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "priority", "priority=1", "priority=1:", "priority=:0.9", "=1:0.9", "priority=1:1", "priority=1:0", "priority=1:NaN", "priority=1:x"} {
		if _, err := ParseRecall(text); !errors.Is(err, ErrOptions) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
