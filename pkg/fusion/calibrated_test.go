package fusion

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// softmax is that of probabilities that aren't calibrated.
func softmax(logits []float32) []float32 { return calibrate.Softmax(logits, 1) }

// everyHead has a different temperature for each head.
func everyHead(list []tasks.Task) *calibrate.Calibration {
	c := &calibrate.Calibration{Heads: map[string]map[string]calibrate.Head{}}
	temperature := 0.25
	for _, task := range list {
		c.Heads[task.Name] = map[string]calibrate.Head{}
		for _, head := range task.Heads {
			c.Heads[task.Name][head.Name] = calibrate.Head{Temperature: temperature}
			temperature *= 1.5
		}
	}
	return c
}

// TestCalibrated checks that calibrated predictions give the same answers, and the
// probabilities of the scaled logits.
func TestCalibrated(t *testing.T) {
	p, _ := newTestPredictor(t)
	texts := []datasets.Transcript{"Hello, my name is Mwakamba from Kisumu.", "son beaten", "he was a son . Kisumu"}
	options := PredictOptions{Scores: true}
	before := mustPredict(t, p, texts, options)
	logits, err := p.Logits(t.Context(), texts, options)
	if err != nil {
		t.Fatal(err)
	}
	c := everyHead(p.Tasks())
	p.Calibrate(c)
	after := mustPredict(t, p, texts, options)
	for i := range texts {
		if !after[i].Calibrated || before[i].Calibrated {
			t.Errorf("text %d: calibrated %t, before %t", i, after[i].Calibrated, before[i].Calibrated)
		}
		if !reflect.DeepEqual(before[i].NER, after[i].NER) || !reflect.DeepEqual(before[i].Classification, after[i].Classification) || !reflect.DeepEqual(before[i].QA, after[i].QA) {
			t.Errorf("text %d: the answers changed", i)
		}
		for k, task := range p.Tasks() {
			for h, head := range task.Heads {
				want := logits[i][k].Probabilities(task, h, c.Temperature(task.Name, head.Name))
				var got []float32
				switch {
				case task.Name == tasks.QAName:
					got = after[i].Scores.QA.Get(head.Field)
				case task.Name == tasks.CLSName:
					got = valuesOf(after[i].Scores.Classification.Get(head.Field))
				case task.Name == tasks.NERName:
					for _, word := range after[i].Scores.NER {
						got = append(got, valuesOf(word)...)
					}
				default:
					got = valuesOf(after[i].Scores.Tasks.Get(task.Name).Heads.Get(head.Field))
				}
				if !slices.EqualFunc(got, want, func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-5 }) {
					t.Errorf("text %d: %s.%s: %v, want %v", i, task.Name, head.Name, got, want)
				}
			}
		}
	}
}

func valuesOf(labels Fields[float32]) []float32 {
	var list []float32
	for _, label := range labels {
		list = append(list, label.Value)
	}
	return list
}

func TestSetsAndSuspicions(t *testing.T) {
	p, _ := newTestPredictor(t)
	text := []datasets.Transcript{"Hello, my name is Mwakamba from Kisumu."}
	scores := mustPredict(t, p, text, PredictOptions{Scores: true})[0].Scores
	priority := scores.Classification.Get("priority")
	ordered := slices.Clone(priority)
	slices.SortFunc(ordered, func(a, b Field[float32]) int { return int(math.Copysign(1, float64(b.Value-a.Value))) })
	second := ordered[1]
	opening := scores.QA.Get("opening")[0]
	c := &calibrate.Calibration{
		Heads: map[string]map[string]calibrate.Head{"cls": {"priority": {
			Temperature: 1,
			Sets:        []calibrate.Set{{Coverage: 0.9, Score: 0}, {Coverage: 0.95, Score: 1 - float64(second.Value)}},
			Languages:   map[string][]calibrate.Set{"sw": {{Coverage: 0.9, Score: 1}}},
		}}},
		Thresholds: []calibrate.Threshold{
			{Task: "cls", Head: "priority", Label: second.Name, Recall: 0.9, Probability: float64(second.Value)},
			{Task: "cls", Head: "priority", Label: second.Name, Recall: 0.8, Probability: float64(second.Value) + 0.01},
			{Task: "qa", Head: "opening", Label: "Use of call opening phrase", Recall: 0.7, Probability: 0},
		},
	}
	p.Calibrate(c)
	got := mustPredict(t, p, text, PredictOptions{})[0]
	winner, both := []string{ordered[0].Name}, []string{ordered[0].Name, second.Name}
	slices.Sort(both) // by class
	if want := (Fields[Fields[Sets]]{{"cls", Fields[Sets]{{"priority", Sets{{"0.9", winner}, {"0.95", both}}}}}}); !reflect.DeepEqual(got.Sets, want) {
		t.Errorf("sets %v, want %v", got.Sets, want)
	}
	if want := []Suspicion{
		{"cls", "priority", second.Name, second.Value, float64(second.Value), 0.9},
		{"qa", "opening", "Use of call opening phrase", opening, 0, 0.7},
	}; !reflect.DeepEqual(got.Suspected, want) {
		t.Errorf("suspected %v, want %v", got.Suspected, want)
	}
	got = mustPredict(t, p, text, PredictOptions{Languages: []string{"sw"}})[0]
	if want := (Sets{{"0.9", []string{"1", "2", "3"}}}); !reflect.DeepEqual(got.Sets[0].Value[0].Value, want) {
		t.Errorf("sets in Swahili %v, want %v", got.Sets, want)
	}
}

func TestWarnings(t *testing.T) {
	p, _ := newTestPredictor(t)
	p.longest = 9
	for text, want := range map[datasets.Transcript][]Warning{
		"my name is Mwakamba":                   nil,
		"my name is Amina":                      {{Kind: UnknownWords, Share: 0.25}},
		"son son son son son son son":           nil, // 9 tokens
		"son son son son son son son son":       {{Kind: LongerThanLearnt, Tokens: 10, Longest: 9}},
		"son son son son son son son Amina he.": {{Kind: UnknownWords, Share: 0.1}, {Kind: LongerThanLearnt, Tokens: 12, Longest: 9}},
	} {
		if got := mustPredict(t, p, []datasets.Transcript{text}, PredictOptions{})[0].Warnings; !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, want %v", string(text), got, want)
		}
	}
}

func TestReadCalibration(t *testing.T) {
	p, m := newTestPredictor(t)
	dir := filepath.Join(t.TempDir(), "model")
	if err := Save(dir, m, p.tok, nil); err != nil {
		t.Fatal(err)
	}
	list := p.Tasks()
	if c, err := ReadCalibration(dir, list); c != nil || err != nil {
		t.Errorf("without a file: %v, %v", c, err)
	}
	hash, err := HashDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := everyHead(list)
	c.Model = hash
	if err := c.Write(dir); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadCalibration(dir, list); err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("got %v, %v", got, err)
	}
	if after, err := HashDir(dir); err != nil || after != hash {
		t.Errorf("the model's hash changed: %s, %v", after, err)
	}
	config := filepath.Join(dir, ConfigFile)
	data, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, append(data, '\n'), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = ReadCalibration(dir, list)
	if !errors.Is(err, calibrate.ErrOtherModel) || !strings.Contains(err.Error(), calibrate.FileName) || !strings.Contains(err.Error(), "eval --calibrate") {
		t.Errorf("another model: %v", err)
	}
}
