package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/metrics"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// The cases are those of scripts/golden/metrics.py.
func TestFiguresEqualScikitLearnAndSeqeval(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "figures.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name    string
		Kind    tasks.Kind
		Records int
		Heads   []struct {
			Name          string
			Labels        []string
			Truth         [][]int
			Probabilities [][]float32
		}
		Figures map[string]float64
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			o := Outputs{Task: tasks.Task{Name: "task", Kind: c.Kind}, Records: recordNumbers(c.Records)}
			for _, h := range c.Heads {
				o.Task.Heads = append(o.Task.Heads, tasks.Head{Name: h.Name, Labels: h.Labels})
				o.Heads = append(o.Heads, HeadOutputs{h.Truth, h.Probabilities})
			}
			r := report(t, o, Options{})
			if len(r.Headline) != len(c.Figures) {
				t.Errorf("headline %v, want %v", r.Headline, c.Figures)
			}
			for name, want := range c.Figures {
				equal(t, name, r.figure(t, name).Value, want)
			}
		})
	}
}

func TestTokenReport(t *testing.T) {
	r := report(t, tokenCase(), Options{})
	// Of NAME (2 words), AGE, NAME (2), AGE, unknown the first two are found; NAME, AGE, NAME (1), NAME, NAME were said.
	equal(t, "recall", r.figure(t, "entity_recall").Value, 2.0/5)
	equal(t, "precision", r.figure(t, "entity_precision").Value, 2.0/5)
	equal(t, "accuracy", r.figure(t, "token_accuracy").Value, 11.0/14)
	equal(t, "F1 of AGE", r.figure(t, "f1_AGE").Value, 2.0/3)
	want := []LabelScore{
		{"NAME", metrics.Score{Precision: 0.25, Recall: 0.5, F1: 2.0 / 6, Support: 2, Predicted: 4}},
		{"AGE", metrics.Score{Precision: 1, Recall: 0.5, F1: 2.0 / 3, Support: 2, Predicted: 1}},
		{UnknownLabel, metrics.Score{Support: 1}},
	}
	if len(r.Entities.PerLabel) != len(want) {
		t.Fatalf("entities: got %+v", r.Entities.PerLabel)
	}
	for i, got := range r.Entities.PerLabel {
		if got != want[i] {
			t.Errorf("got %+v, want %+v", got, want[i])
		}
	}
	words := r.Heads[0].Classes
	if words.Total != 14 || words.Unknown != 1 || words.Confusion[3][1] != 1 || words.Confusion[1][0] != 1 || r.Heads[0].Records != 4 {
		t.Errorf("words: got %+v", words)
	}
}

func TestClassReport(t *testing.T) {
	r := report(t, classCase(), Options{})
	equal(t, "accuracy of area", r.figure(t, "acc_area").Value, 4.0/6)
	equal(t, "accuracy of urgency, of which two records have none", r.figure(t, "acc_urgency").Value, 2.0/4)
	equal(t, "mean", r.Headline[0].Value, (4.0/6+2.0/4)/2)
	area, urgency := r.Heads[0], r.Heads[1]
	equal(t, "macro-F1 of the three areas that are there", area.Classes.MacroF1, (0.8+0.5+2.0/3)/3)
	equal(t, "weighted F1", area.Classes.WeightedF1, (3*0.8+2*0.5+2.0/3)/6)
	if unused := area.Classes.PerLabel[3]; unused != (LabelScore{Label: "Unused"}) {
		t.Errorf("a class without support: got %+v", unused)
	}
	if area.Records != 6 || area.Classes.Unknown != 0 || len(area.Classes.Labels) != 4 {
		t.Errorf("area: got %+v", area)
	}
	if urgency.Records != 4 || urgency.Classes.Unknown != 1 || urgency.Classes.Labels[2] != UnknownLabel || urgency.Classes.Confusion[2][1] != 1 {
		t.Errorf("urgency: got %+v", urgency.Classes)
	}
	if got, want := area.Classes.MostConfused[0], (Confused{"Health & Care", "School|Work", 1}); got != want {
		t.Errorf("most confused: got %+v, want %+v", got, want)
	}
}

func TestFlagReport(t *testing.T) {
	r := report(t, flagCase(), Options{})
	manner, closing := r.Heads[0].Flags, r.Heads[1].Flags
	// Polite: 2 of 3 found. Listens: both found, one said too much.
	equal(t, "F1 of polite", manner.Outputs[0].F1, 2*2.0/(2+3))
	equal(t, "F1 of listens", r.figure(t, "sub_f1_manner_Listens or paraphrases").Value, 2*2.0/(3+2))
	equal(t, "F1 of manner", r.figure(t, "f1_manner").Value, 2*4.0/(5+5))
	equal(t, "a head of one output has its accuracy", r.figure(t, "f1_closing").Value, 2.0/5)
	equal(t, "mean over heads", r.Headline[0].Value, (0.8+0.4)/2)
	equal(t, "mean over outputs", r.figure(t, "criteria_f1").Value, (0.8+0.8+0.4)/3)
	if got := manner.Outputs[1]; got.Records != 4 || got.Confusion[0][1] != 1 || got.Confusion[1][1] != 2 || got.Confusion[0][0] != 1 || got.Confusion[1][0] != 0 {
		t.Errorf("listens: got %+v", got)
	}
	// Above 0.2 (as float32, a bit more than 0.2) up to 0.34 closing is said of all but one record.
	equal(t, "best threshold", closing.Best.Threshold, 0.34)
	equal(t, "F1 there", closing.Best.F1, 6.0/7)
	equal(t, "F1 at 0.5", closing.AtDefault.F1, 0.4)
	if len(closing.Sweep) != 99 {
		t.Errorf("%d points in the sweep", len(closing.Sweep))
	}
	with := report(t, flagCase(), Options{Threshold: map[string]float64{"closing": 0.34}})
	equal(t, "accuracy at the best threshold", with.figure(t, "f1_closing").Value, 4.0/5)
	equal(t, "the other head at 0.5 still", with.figure(t, "f1_manner").Value, 0.8)
	equal(t, "its sweep is of no threshold", with.Heads[1].Flags.AtDefault.F1, 0.4)
}

func TestCalibrationOfHeads(t *testing.T) {
	r := report(t, classCase(), Options{})
	// Confidences of area: .95 .85 .75 .65 .95 .85, of which the 3rd and 5th are wrong.
	bins := r.Heads[0].Calibration.Bins
	if last := bins[14]; last.Count != 2 || last.Accuracy != 0.5 {
		t.Errorf("bin up to 1: got %+v", last)
	}
	flags := report(t, flagCase(), Options{})
	total, yes := 0, 0.0
	for _, b := range flags.Heads[0].Calibration.Bins {
		total += b.Count
		yes += b.Accuracy * float64(b.Count)
	}
	if total != 9 {
		t.Errorf("%d answers of manner, want the 9 that have a label", total)
	}
	equal(t, "yeses among them", yes, 5)
}

func TestIntervals(t *testing.T) {
	for name, o := range allCases() {
		t.Run(name, func(t *testing.T) {
			opt := Options{Resamples: 300, Seed: 9}
			small, big := report(t, many(o, 10), opt), report(t, many(o, 160), opt)
			again := report(t, many(o, 10), opt)
			other := report(t, many(o, 10), Options{Resamples: 300, Seed: 10})
			differs := false
			for i, f := range small.Headline {
				if f.Interval == nil {
					t.Fatalf("%s has no interval", f.Name)
				}
				if !(f.Interval.Low <= f.Value && f.Value <= f.Interval.High) || f.Interval.Low == f.Interval.High {
					t.Errorf("%s: %v isn't within %+v", f.Name, f.Value, *f.Interval)
				}
				// 16 times the records: a quarter of the width.
				width := f.Interval.High - f.Interval.Low
				wide := big.Headline[i].Interval
				if ratio := (wide.High - wide.Low) / width; ratio < 0.15 || ratio > 0.4 {
					t.Errorf("%s: the interval of 16 times the records is %.2f as wide, want about 0.25", f.Name, ratio)
				}
				if *again.Headline[i].Interval != *f.Interval {
					t.Errorf("%s: the same seed gave %+v and %+v", f.Name, *f.Interval, *again.Headline[i].Interval)
				}
				differs = differs || *other.Headline[i].Interval != *f.Interval
			}
			if !differs {
				t.Error("another seed gave the same intervals")
			}
		})
	}
}

func TestNoRecords(t *testing.T) {
	for name, o := range allCases() {
		o.Records = nil
		for h := range o.Heads {
			o.Heads[h] = HeadOutputs{}
		}
		r := report(t, o, Options{Resamples: 10})
		if len(r.Headline) == 0 {
			t.Errorf("%s: no headline", name)
		}
		for _, f := range r.Headline {
			if f.Value != 0 || f.Interval != nil {
				t.Errorf("%s: got %+v, want 0", name, f)
			}
		}
		writeAll(t, r)
	}
}

// Nothing labelled: no figures of the head, and it doesn't pull the mean down.
func TestAHeadWithoutLabels(t *testing.T) {
	classes, flags := classCase(), flagCase()
	for i := range classes.Records {
		classes.Heads[1].Truth[i] = []int{tasks.IgnoreClass}
	}
	for i := range flags.Records {
		flags.Heads[0].Truth[i] = []int{tasks.IgnoreClass, tasks.IgnoreClass}
	}
	for name, c := range map[string]struct {
		o             Outputs
		without, same string
	}{"multiclass": {classes, "urgency", "acc_area"}, "multilabel": {flags, "manner", "f1_closing"}} {
		r := report(t, c.o, Options{Resamples: 50})
		for _, f := range r.Figures() {
			if strings.Contains(f.Name, c.without) {
				t.Errorf("%s: figure %s of a head without labels", name, f.Name)
			}
		}
		equal(t, name, r.Headline[0].Value, r.figure(t, c.same).Value)
		writeAll(t, r)
	}
	for i := range classes.Records {
		classes.Heads[0].Truth[i] = []int{tasks.IgnoreClass}
	}
	r := report(t, classes, Options{Resamples: 50})
	if len(r.Headline) != 1 || r.Headline[0] != (Figure{Name: "avg_acc"}) {
		t.Errorf("nothing labelled at all: got %+v, want an avg_acc of 0 without interval", r.Headline)
	}
	writeAll(t, r)
}

func TestOneLabel(t *testing.T) {
	token := Outputs{
		Task:    tasks.NER([]string{tasks.OutsideLabel}),
		Records: recordNumbers(2),
		Heads:   []HeadOutputs{{Truth: [][]int{{0, 0}, {}}, Probabilities: [][]float32{{1, 1}, {}}}},
	}
	r := report(t, token, Options{Resamples: 20})
	equal(t, "word accuracy", r.figure(t, "token_accuracy").Value, 1)
	equal(t, "entity F1 of none", r.Headline[0].Value, 0)
	if r.Heads[0].Records != 1 {
		t.Errorf("%d records have words, want 1", r.Heads[0].Records)
	}
	writeAll(t, r)
	class := Outputs{
		Task:    tasks.Task{Name: "one", Kind: tasks.MultiClass, Heads: []tasks.Head{{Name: "only", Labels: []string{"it"}}}},
		Records: recordNumbers(2),
		Heads:   []HeadOutputs{{Truth: [][]int{{0}, {1}}, Probabilities: [][]float32{{1}, {1}}}},
	}
	r = report(t, class, Options{Resamples: 20})
	equal(t, "accuracy", r.Headline[0].Value, 0.5)
	writeAll(t, r)
}

// writeAll writes every form of a report: none may trip over what is missing.
func writeAll(t *testing.T, r Report) {
	t.Helper()
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
	files, err := r.Plots(t.Context(), t.TempDir())
	if err != nil {
		t.Error(err)
	}
	var text strings.Builder
	if err := r.Markdown(&text, Page{Plots: files}); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"NaN", "Inf", "<no value>", "%!", "\n\n\n"} {
		if strings.Contains(text.String(), bad) {
			t.Errorf("%q in the report:\n%s", bad, text.String())
		}
	}
}

func TestBadOutputs(t *testing.T) {
	for want, spoil := range map[string]func(*Outputs){
		"outputs of 1 heads; the task has 2":                               func(o *Outputs) { o.Heads = o.Heads[:1] },
		`no report for tasks of kind "songs"`:                              func(o *Outputs) { o.Task.Kind = "songs" },
		"a token task has one head, not 2":                                 func(o *Outputs) { o.Task.Kind = tasks.Token },
		"head area: it has no labels":                                      func(o *Outputs) { o.Task.Heads[0].Labels = nil },
		"head urgency: 6 records, truth of 5, probabilities of 6":          func(o *Outputs) { o.Heads[1].Truth = o.Heads[1].Truth[:5] },
		"head area: record 5: 2 labels and 4 probabilities; want 1 and 4":  func(o *Outputs) { o.Heads[0].Truth[1] = []int{0, 0} },
		"head area: record 34: 1 labels and 3 probabilities; want 1 and 4": func(o *Outputs) { o.Heads[0].Probabilities[5] = []float32{0, 0, 1} },
		"head area: record 3: label 5 isn't one of -1 to 4":                func(o *Outputs) { o.Heads[0].Truth[0][0] = 5 },
		"head area: record 3: label -2 isn't one of -1 to 4":               func(o *Outputs) { o.Heads[0].Truth[0][0] = -2 },
		"head urgency: record 3: -0.5 is no probability":                   func(o *Outputs) { o.Heads[1].Probabilities[0][0] = -0.5 },
		"head urgency: record 3: 1.5 is no probability":                    func(o *Outputs) { o.Heads[1].Probabilities[0][1] = 1.5 },
		"head urgency: record 3: NaN is no probability": func(o *Outputs) {
			zero := float32(0)
			o.Heads[1].Probabilities[0][1] = zero / zero
		},
	} {
		o := classCase()
		spoil(&o)
		if _, err := New(t.Context(), o, Options{}); err == nil || !strings.Contains(err.Error(), "report on task cases: "+want) {
			t.Errorf("got error %v, want one that says %q", err, want)
		}
	}
	flags, words := flagCase(), tokenCase()
	flags.Heads[0].Truth[0][0] = 2
	words.Heads[0].Truth[0][0] = tasks.IgnoreClass
	for want, o := range map[string]Outputs{
		"label 2 isn't one of -1 to 1": flags,
		"label -1 isn't one of 0 to 3": words,
	} {
		if _, err := New(t.Context(), o, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that says %q", err, want)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for want, opt := range map[string]Options{
		"-1 resamples":                   {Resamples: -1},
		"threshold 1 of head manner":     {Threshold: map[string]float64{"manner": 1}},
		"threshold 0 of head manner":     {Threshold: map[string]float64{"manner": 0}},
		"of manners: no multilabel head": {Threshold: map[string]float64{"manners": 0.4}},
	} {
		if _, err := New(t.Context(), flagCase(), opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that says %q", err, want)
		}
	}
	if _, err := New(t.Context(), classCase(), Options{Threshold: map[string]float64{"area": 0.4}}); err == nil {
		t.Error("a multiclass head took a threshold")
	}
}

// An output that no record has a label for doesn't count.
func TestAnOutputWithoutLabels(t *testing.T) {
	o := flagCase()
	for i := range o.Records {
		o.Heads[0].Truth[i][1] = tasks.IgnoreClass
	}
	r := report(t, o, Options{Resamples: 50})
	equal(t, "mean over the other outputs", r.figure(t, "criteria_f1").Value, (0.8+0.4)/2)
	equal(t, "F1 of the head", r.figure(t, "f1_manner").Value, 0.8)
	writeAll(t, r)
}

func TestTheFirstOfEqualClassesIsChosen(t *testing.T) {
	o := classCase()
	o.Heads[1].Probabilities[0] = []float32{0.5, 0.5}
	o.Heads[1].Truth[0] = []int{0}
	if got := report(t, o, Options{}).Heads[1].Classes.Confusion[0]; got[0] != 1 || got[1] != 0 {
		t.Errorf("low was taken for %v", got)
	}
}

func TestHalfPrecisionMayPassOne(t *testing.T) {
	o := flagCase()
	o.Heads[1].Probabilities[4][0] = 1.0039
	r := report(t, o, Options{})
	if last := r.Heads[1].Calibration.Bins[14]; last.Confidence != 1 {
		t.Errorf("confidence %v, want 1", last.Confidence)
	}
	classes := classCase()
	classes.Heads[0].Probabilities[0] = []float32{1.0039, 0, 0, 0}
	classes.Heads[0].Probabilities[4] = []float32{0, 0, 1.0039, 0}
	if last := report(t, classes, Options{}).Heads[0].Calibration.Bins[14]; last.Count != 2 || last.Confidence != 1 {
		t.Errorf("confidence %v of %d, want 1 of 2", last.Confidence, last.Count)
	}
}
