package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/evaluate"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// The data files of a world.
const (
	nerFile = "data/" + synth.NERFile
	clsFile = "data/" + synth.CasesFile
	qaFile  = "data/" + synth.QAFile
)

var allData = []string{"--data", "ner=" + nerFile, "--data", "cls=" + clsFile, "--data", "qa=" + qaFile}

// world is a working directory with demo data, in which models can be made.
type world struct {
	t     *testing.T
	tok   *tokenize.Tokenizer
	texts []datasets.Transcript
	cases tasks.CaseLabels
	scale float64 // of the weights of models
}

// newWorld makes 24 calls of each kind, of at most about 170 tokens (QA: 400).
func newWorld(t *testing.T) *world {
	t.Helper()
	t.Chdir(t.TempDir())
	if _, err := synth.WriteAll(t.Context(), "data", synth.Options{NER: 24, Cases: 24, QA: 24, Seed: 5, Short: true}, nil); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, scale: 0.7}
	var all []datasets.Records
	for file, task := range map[string]tasks.Task{nerFile: tasks.NER(tasks.NERLabels()), clsFile: tasks.CLS(tasks.CaseLabels{}), qaFile: tasks.QA()} {
		records, err := datasets.Load(t.Context(), datasets.Source{Path: file, Tasks: []tasks.Task{task}})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, records)
		w.texts = append(w.texts, records.Texts...)
		if task.Name == tasks.CLSName {
			heads := records.Tasks[0].Heads
			w.cases = tasks.CaseLabels{Main: heads[0].Labels, Sub: heads[1].Labels, Intervention: heads[2].Labels, Priority: heads[3].Labels}
		}
	}
	slices.SortFunc(all, func(a, b datasets.Records) int { return strings.Compare(a.Path, b.Path) })
	options := tokenize.Options{ModelMaxLength: 512}
	vocab, err := tokenize.Train(t.Context(), datasets.Texts(all), 500, options)
	if err != nil {
		t.Fatal(err)
	}
	if w.tok, err = tokenize.New(vocab, options); err != nil {
		t.Fatal(err)
	}
	return w
}

// three are the built-in tasks.
func (w *world) three() []tasks.Task {
	return []tasks.Task{tasks.NER(tasks.NERLabels()), tasks.CLS(w.cases), tasks.QA()}
}

// reporter is a user's task on the file of cls.
func reporter(t *testing.T) tasks.Task {
	t.Helper()
	task, err := tasks.Custom{Name: "reporter", Kind: tasks.MultiClass, Text: "narrative", Heads: []tasks.Head{
		{Name: "gender", Source: "reporter.gender", Labels: []string{"female", "male"}},
	}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// model saves a model with large weights, drawn by seed, that reads limit
// tokens.
func (w *world) model(dir string, seed uint64, limit int64, list ...tasks.Task) {
	w.t.Helper()
	encoder := fusion.EncoderName
	if len(list) == 1 {
		encoder = "distilbert"
	}
	m, err := fusion.New(fusion.Architecture{Tasks: list, EncoderName: encoder, Config: backbone.Config{
		VocabSize: int64(w.tok.VocabSize()), MaxPositions: limit, Dim: 16, Layers: 1, Heads: 2, HiddenDim: 16,
		Activation: "gelu", InitRange: 0.02, ModelType: "distilbert",
	}}, gotch.CPU)
	if err != nil {
		w.t.Fatal(err)
	}
	defer m.Drop()
	rng := rand.New(rand.NewPCG(seed, 3))
	for _, p := range m.Params().All() {
		shape, err := p.Tensor.Size()
		if err != nil {
			w.t.Fatal(err)
		}
		var data []byte
		for range ts.ElementCount(shape) {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(rng.NormFloat64()*w.scale)))
		}
		if err := torchx.SetBytes(p.Tensor, data, gotch.Float, shape); err != nil {
			w.t.Fatal(err)
		}
	}
	maps, err := m.LabelMaps()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := fusion.Save(dir, m, w.tok, fusion.Files{fusion.LabelMapsFile: maps}); err != nil {
		w.t.Fatal(err)
	}
}

// standard makes the models fusion, ner, cls and qa.
func (w *world) standard() {
	w.t.Helper()
	w.model("fusion", 1, 512, w.three()...)
	w.model("ner", 2, 512, tasks.SingleNER(tasks.NERLabels()))
	w.model("cls", 3, 512, tasks.SingleCLS(w.cases))
	w.model("qa", 4, 512, tasks.SingleQA())
}

// result is what a run of the command left.
type result struct {
	code     int
	out, err string
}

// eval runs the command on one CPU thread, with few resamples.
func eval(args ...string) result {
	var out, errors bytes.Buffer
	args = append([]string{"--device", "cpu", "--threads", "1", "--bootstrap", "20"}, args...)
	code := cli.Main("eval", help, &flags{}, args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errors})
	return result{code, out.String(), errors.String()}
}

// mustEval runs the command with JSON on standard output and nothing else.
func mustEval(t *testing.T, args ...string) results {
	t.Helper()
	got := eval(append(args, "--format", "json")...)
	if got.code != cli.OK {
		t.Fatalf("%v: code %d, %s", args, got.code, got.err)
	}
	var r results
	decoder := json.NewDecoder(strings.NewReader(got.out))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil || decoder.More() {
		t.Fatalf("%v: %v, or more than one JSON value", args, err)
	}
	return r
}

// report is that of a task.
func (m modelResult) report(t *testing.T, task string) evaluate.Report {
	t.Helper()
	for _, r := range m.Reports {
		if r.Task == task {
			return r
		}
	}
	t.Fatalf("%s has no report on %s", m.Model, task)
	return evaluate.Report{}
}

// value is that of a figure.
func value(t *testing.T, r evaluate.Report, name string) float64 {
	t.Helper()
	for _, f := range r.Figures() {
		if f.Name == name {
			return f.Value
		}
	}
	t.Fatalf("the report on %s has no figure %s", r.Task, name)
	return 0
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
