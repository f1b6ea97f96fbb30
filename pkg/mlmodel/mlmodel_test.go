package mlmodel

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/onnx"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

const limit = 64 // tokens, so that some texts are truncated

// texts are hard on tokens and offsets.
func texts(w *tinymodel.World) (list []datasets.Transcript) {
	for _, text := range []string{
		"", "  \n", "?", "Mwakamba", "Jina langu ni Amina, nina miaka 9.", "naïve café – 0300123456… 🙂 她叫小明", "[SEP] [MASK] x",
	} {
		list = append(list, datasets.Transcript(text))
	}
	return append(list, w.Texts[:40]...)
}

// In Python, MLflow loads a model's folder, and its answers are the predictor's.
func TestAnswersInPython(t *testing.T) {
	python, err := filepath.Abs(filepath.Join("testdata", "predict.py"))
	if err != nil {
		t.Fatal(err)
	}
	interpreter := filetest.Python(t)
	w := tinymodel.NewWorld(t)
	tagged := tasks.NER([]string{"O", "B-NAME", "I-NAME", "B-AGE", "I-AGE", "U-AGE"})
	follows := tasks.CLS(w.Cases)
	ids := make([]int, len(w.Cases.Sub))
	for i := range ids {
		ids[i] = i%(len(w.Cases.Main)+1) - 1
	}
	follows.Heads[0].Follows = &tasks.Follows{Head: "sub", IDs: ids}
	models := map[string][]tasks.Task{
		"fusion": w.Three(),
		"custom": append(tinymodel.Custom(t), tagged, follows),
		"ner":    {tasks.SingleNER(tasks.NERLabels())},
		"qa":     {tasks.SingleQA()},
	}
	windows := map[string]datasets.Windows{
		"fusion in windows": {Length: limit, Overlap: 16},
		"ner in windows":    {Length: 20, Overlap: 17, MaxTokens: 50},
	}
	first := w.Three() // pools [CLS]
	first[1].Pooling, first[1].PoolParam = tasks.CLSPooling, ""
	models["fusion in windows"], models["ner in windows"] = first, models["ner"]
	names, calls := slices.Sorted(maps.Keys(models)), texts(w)
	want := map[string]expected{}
	for _, name := range names {
		w.Model(name, 1, limit, models[name]...)
		if windows[name].On() {
			tinymodel.Windows(t, name, windows[name])
		}
		want[name] = describeFolder(t, name, calls)
	}
	for i, got := range predict(t, interpreter, python, calls, names...) {
		t.Run(names[i], func(t *testing.T) {
			wantAnswers(t, got.Answers, want[names[i]].answers, names[i] != "fusion in windows")
			wantLogits(t, got.Logits, want[names[i]].logits)
			if got.Metadata["model_hash"] != "abc" || !reflect.DeepEqual(got.Inputs, []string{"input_ids", "attention_mask"}) || len(got.OtherImports) > 0 {
				t.Errorf("metadata %v, inputs %q, imports %q", got.Metadata, got.Inputs, got.OtherImports)
			}
		})
	}
}

// expected is what a model says in Go.
type expected struct {
	answers []fusion.Prediction
	logits  []map[string][]float32 // of each call by the graph's outputs; only if the model reads windows
}

// describeFolder makes a model's folder one of MLflow's, and returns what the model says.
func describeFolder(t *testing.T, dir string, calls []datasets.Transcript) (want expected) {
	t.Helper()
	m, tok, err := fusion.Load(dir, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	if _, err := onnx.Export(t.Context(), dir, filepath.Join(dir, "onnx", onnx.GraphFile), onnx.Options{}); err != nil {
		t.Fatal(err)
	}
	files, err := Files(m.Architecture, Logged{
		ArtifactPath: "checkpoint", Graph: "onnx/model.onnx", ModelHash: "abc", Scores: map[string]float64{"val/avg": 0.5}, Example: "Hello.", Created: time.Unix(0, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, codeFolder), 0o777); err != nil {
		t.Fatal(err)
	}
	for file, content := range files {
		if err := os.WriteFile(filepath.Join(dir, file), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if want.answers, err = fusion.NewPredictor(m, tok).Predict(t.Context(), calls, fusion.PredictOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, call := range calls {
		if m.Windows.On() {
			want.logits = append(want.logits, logitsOf(t, m, tok, string(call)))
		}
	}
	return want
}

// logitsOf are a call's logits, by the graph's outputs.
func logitsOf(t *testing.T, m *fusion.Model, tok *tokenize.Tokenizer, call string) map[string][]float32 {
	t.Helper()
	enc := tok.Encode(call)
	if most := m.Windows.MaxTokens; most > 0 {
		enc = enc.Truncate(most)
	}
	outputs, err := m.Outputs(datasets.Collator{}.Collate(nil, []datasets.Example{{IDs: enc.IDs}}), m.Tasks, fusion.OutputOptions{})
	if err != nil {
		t.Fatal(err)
	}
	logits := map[string][]float32{}
	for _, out := range outputs {
		for h, head := range out.Task.Heads {
			logits[onnx.OutputName(m.Architecture, out.Task, head)] = out.Logits[h][0]
		}
	}
	return logits
}

// wantLogits compares the logits of calls of any number of windows.
func wantLogits(t *testing.T, got, want []map[string][]float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("logits of %d calls, want %d", len(got), len(want))
	}
	var most, largest float64
	for i, outputs := range want {
		for name, logits := range outputs {
			if len(got[i][name]) != len(logits) {
				t.Fatalf("text %d: %d logits %s, want %d", i, len(got[i][name]), name, len(logits))
			}
			most, largest = max(most, goldentest.Compare(got[i][name], logits).Max), max(largest, goldentest.MaxAbs(logits))
		}
	}
	t.Logf("logits up to %.2g differ by %.2g", largest, most)
	if most > 1e-4 {
		t.Errorf("logits differ by %g", most)
	}
}

// answered is what predict.py writes.
type answered struct {
	Answers      []any                  `json:"answers"`
	Logits       []map[string][]float32 `json:"logits"`
	RunID        string                 `json:"run_id"`
	Metadata     map[string]any         `json:"metadata"`
	Inputs       []string               `json:"inputs"`
	OtherImports []string               `json:"other_imports"`
}

// predict loads models in Python, and has them answer calls.
func predict(t *testing.T, interpreter, script string, calls []datasets.Transcript, uris ...string) (list []answered) {
	t.Helper()
	spoken := make([]string, len(calls))
	for i, call := range calls {
		spoken[i] = string(call)
	}
	text, err := json.Marshal(spoken)
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), interpreter, append([]string{script, string(text)}, uris...)...)
	cmd.Env = append(os.Environ(), "MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true", "HOME="+t.TempDir(), "MLFLOW_ALLOW_FILE_STORE=true")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("load the model in Python: %v\n%s", err, stderr.String())
	}
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return list
}

// wantAnswers compares answers with predictions, as JSON. cut: some texts are truncated.
func wantAnswers(t *testing.T, got []any, want []fusion.Prediction, cut bool) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d answers, want %d", len(got), len(want))
	}
	truncated := 0
	for i, p := range want {
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if p.Err != nil {
			text = []byte(`{"error": "the text is empty"}`)
		}
		if p.Truncated {
			truncated++
		}
		var answer any
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatal(err)
		}
		if !goldentest.AlikeJSON(got[i], answer) {
			t.Errorf("text %d: got %v, want %v", i, got[i], answer)
		}
	}
	if (truncated > 0) != cut {
		t.Errorf("%d texts were truncated", truncated)
	}
}

func TestVersions(t *testing.T) {
	pinned, err := os.ReadFile("../../scripts/requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(pinned), "\n")
	for name, version := range map[string]string{"onnx": onnxVersion, "onnxruntime": onnxruntimeVersion, "tokenizers": tokenizersVersion} {
		if !slices.Contains(lines, name+"=="+version+` \`) {
			t.Errorf("%s isn't %s in the tests' requirements: which versions run together?", name, version)
		}
	}
}

func TestHistory(t *testing.T) {
	files, err := Files(fusion.Architecture{Tasks: tinymodel.BuiltIn()}, Logged{RunID: "r", ArtifactPath: "checkpoint", Created: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	value, err := History(files[MLmodelFile])
	if err != nil {
		t.Fatal(err)
	}
	var models []map[string]any
	if err := json.Unmarshal([]byte(value), &models); err != nil || len(models) != 1 || models[0]["run_id"] != "r" || models[0]["artifact_path"] != "checkpoint" || models[0]["utc_time_created"] != "1970-01-01 00:00:00.000000" {
		t.Errorf("%s (%v)", value, err)
	}
	if _, err := History([]byte(":")); err == nil {
		t.Error("no error for what is no description")
	}
}
