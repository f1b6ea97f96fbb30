package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// inRepo are the paths of configurations, from wherever a test runs.
func inRepo(t *testing.T, names ...string) []string {
	t.Helper()
	paths := make([]string, len(names))
	for i, name := range names {
		path, err := filepath.Abs(filepath.Join("../../configs", name))
		if err != nil {
			t.Fatal(err)
		}
		paths[i] = path
	}
	return paths
}

// small are settings over a file of configs/ that make it a run of seconds, on
// data that demo made.
var small = []string{
	"--device", "cpu",
	"--set", "backbone.init=random",
	"--set", "backbone.size={dim: 16, layers: 1, heads: 2, hidden_dim: 32}",
	"--set", "tokenizer.vocab_size=600",
	"--set", "training.num_epochs=2",
	"--set", "training.threads=1",
	"--set", "training.learning_rate=1e-3",
	"--set", "training.warmup_steps=0", // qa.yaml has 100, and such a run fewer
	"--set", "mlflow.enabled=false",
}

// demo makes the three data files in data/.
func demo(t *testing.T, ner, cases, qa int) {
	t.Helper()
	if _, err := synth.WriteAll(t.Context(), "data", synth.Options{NER: ner, Cases: cases, QA: qa, Seed: 3, Short: true}, nil); err != nil {
		t.Fatal(err)
	}
}

func settings(config string, more ...string) []string {
	args := append([]string{"--config", config}, small...)
	for _, setting := range more {
		args = append(args, "--set", setting)
	}
	return args
}

// tensorNames are those of a saved model.
func tensorNames(t *testing.T, dir string) []string {
	t.Helper()
	file, err := weights.Open(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	return file.Names()
}

func table(t *testing.T, path string) [][]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestSingleTasks(t *testing.T) {
	for _, test := range []struct {
		task, config, model string
		settings            []string
		prints              []string
		tensors             []string
		heldOut             int // records
	}{
		{
			task: "ner", config: "ner.yaml", model: "ner_model", settings: []string{"training.eval_steps=4"},
			prints:  []string{"NER: 54 train / 6 val", "Validation every 4 steps", "Batches per epoch: 7", "NER entity F1"},
			tensors: []string{"distilbert.embeddings.word_embeddings.weight", "distilbert.transformer.layer.0.attention.q_lin.weight", "classifier.weight", "classifier.bias"},
			heldOut: 6,
		},
		{
			task: "cls", config: "classification.yaml", model: "classification_model", settings: []string{"data.test_size=0.5"},
			prints:  []string{"CLS  rare classes : ", "Label counts — main: ", "CLS average accuracy"},
			tensors: []string{"distilbert.transformer.layer.0.ffn.lin1.weight", "pre_classifier.weight", "classifier_main.weight", "classifier_sub.bias", "classifier_interv.weight", "classifier_priority.weight"},
			heldOut: -1,
		},
		{
			task: "qa", config: "qa.yaml", model: "qa_model", settings: []string{"training.batch_size=16"},
			prints:  []string{"QA:  36 train / 4 val / 10 test", "QA average F1", "test\n"},
			tensors: []string{"bert.transformer.layer.0.ffn.lin1.weight", "heads.opening.weight", "heads.listening.bias", "heads.closing.weight"},
			heldOut: 14,
		},
	} {
		t.Run(test.task, func(t *testing.T) {
			config := inRepo(t, test.config)[0]
			t.Chdir(t.TempDir())
			demo(t, 60, 400, 50)
			dry := mustRun(t, append(settings(config, test.settings...), "--dry-run")...)
			stdout := mustRun(t, settings(config, test.settings...)...)
			for _, part := range test.prints {
				if !strings.Contains(dry+stdout, part) {
					t.Errorf("%q is missing in\n%s%s", part, dry, stdout)
				}
			}
			names := tensorNames(t, test.model)
			for _, name := range test.tensors {
				if !slices.Contains(names, name) {
					t.Errorf("no tensor %s among %v", name, names)
				}
			}
			model, tok, err := fusion.Load(test.model, gotch.CPU)
			if err != nil {
				t.Fatal(err)
			}
			defer model.Drop()
			if got := tasks.Names(model.Tasks); !slices.Equal(got, []string{test.task}) {
				t.Errorf("the model does %v", got)
			}
			if test.task == "qa" && tok.ModelMaxLength() != 256 {
				t.Errorf("the model says it reads %d tokens; it learnt on 256", tok.ModelMaxLength())
			}
			rows := table(t, filepath.Join(test.model, "held_out_"+test.task+".csv"))
			if n := len(rows) - 1; test.heldOut >= 0 && n != test.heldOut || n < 1 {
				t.Errorf("%d held-out records are listed, want %d", n, test.heldOut)
			}
			if rows[0][0] != "record" || slices.Contains(rows[0], "text") {
				t.Errorf("columns %v", rows[0])
			}
		})
	}
}

func TestHeldOutTextsOnlyWhenAskedFor(t *testing.T) {
	config := inRepo(t, "classification.yaml")[0]
	t.Chdir(t.TempDir())
	demo(t, 1, 60, 1)
	mustRun(t, settings(config, "data.stratify=", "training.num_epochs=1", "output.held_out_texts=true")...)
	rows := table(t, "classification_model/held_out_cls.csv")
	last := len(rows[0]) - 1
	if rows[0][last] != "text" || len(rows[1][last]) < 50 {
		t.Errorf("columns %v, first row of %d characters", rows[0], len(rows[1][last]))
	}
}

func TestTestScoresAreOfTheBestWeights(t *testing.T) {
	config := inRepo(t, "qa.yaml")[0]
	t.Chdir(t.TempDir())
	demo(t, 1, 1, 60)
	mustRun(t, settings(config)...)
	var metrics struct {
		Test []struct {
			Task   string
			Report []struct{ Name string }
		} `json:"test"`
	}
	data, err := os.ReadFile("qa_model/metrics.json")
	if err == nil {
		err = json.Unmarshal(data, &metrics)
	}
	if err != nil || len(metrics.Test) != 1 || metrics.Test[0].Task != "qa" {
		t.Fatalf("metrics.json has test %+v, %v", metrics.Test, err)
	}
	var names []string
	for _, figure := range metrics.Test[0].Report {
		names = append(names, figure.Name)
	}
	for _, want := range []string{"avg_f1", "acc_opening", "precision_listening", "recall_hold", "f1_closing"} {
		if !slices.Contains(names, want) {
			t.Errorf("no figure %s among %v", want, names)
		}
	}
	card, err := os.ReadFile("qa_model/README.md")
	if err != nil {
		t.Fatal(err)
	}
	mustContain(t, string(card), "On the test records, which training never saw")
}

// A warm-up as long as the run, and more passes than the data fills, are warned of.
func TestSettingsThatTheDataDoesntFill(t *testing.T) {
	config := inRepo(t, "qa.yaml")[0]
	t.Chdir(t.TempDir())
	demo(t, 1, 1, 40) // 28 to train on, in 7 batches of 4
	for _, test := range []struct {
		set, want string
		code      int
	}{
		{"training.warmup_steps=14", "train: warning: training.warmup_steps is 14, but the run has only 14 steps", 0},
		{"training.gradient_accumulation_steps=8", "train: warning: training.gradient_accumulation_steps is 8, but the largest training set, qa, with 28 examples, fills only 7 batches", 0},
		{"training.gradient_accumulation_steps=29", "largest training set, qa, has only 28 examples: set it to 28 or less", 1},
	} {
		code, _, stderr := command(append(settings(config, test.set), "--dry-run")...)
		if code != test.code || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: exit code %d, stderr %q; want %d, %q", test.set, code, stderr, test.code, test.want)
		}
	}
}

// trainTeachers trains the three single-task models.
func trainTeachers(t *testing.T, configs []string) {
	t.Helper()
	for _, config := range configs {
		mustRun(t, settings(config, "training.num_epochs=1", "data.stratify=", "tokenizer.lower_case=true", "data.validation_size=0", "training.eval_steps=0")...)
	}
}

func TestDistillation(t *testing.T) {
	configs := inRepo(t, "ner.yaml", "classification.yaml", "qa.yaml", "distill.yaml", "multitask.yaml")
	t.Chdir(t.TempDir())
	demo(t, 30, 60, 30)
	trainTeachers(t, configs[:3])
	cache := "distill.cache_dir=cache"

	stdout := mustRun(t, settings(configs[3], cache)...)
	mustContain(t, stdout, "Teacher of ner:", "Teacher of cls:", "Teacher of qa:", "speaks of 100.0% of the labels (asked in")
	if files, err := filepath.Glob("cache/*.safetensors"); err != nil || len(files) != 9 { // each teacher on the calls of each task
		t.Errorf("cached: %v, %v", files, err)
	}
	stdout = mustRun(t, settings(configs[3], cache)...)
	mustContain(t, stdout, "as asked before, kept in cache")

	// Nothing of the teachers: the same run as without them, bit for bit.
	none := []string{cache, "distill.every_call=false"}
	for _, task := range []string{"ner", "cls", "qa"} {
		none = append(none, "distill.teachers."+task+".alpha=0")
	}
	mustRun(t, settings(configs[3], append(none, "output.model_dir=alpha0")...)...)
	mustRun(t, settings(configs[4], "training.mix_tasks=true", "training.loss_weights=auto", "pooling=label_attention", "output.model_dir=plain")...)
	if !sameFile(t, "alpha0/model.safetensors", "plain/model.safetensors") {
		t.Error("with alpha 0 the weights differ from plain training's")
	}
	if sameFile(t, "distilled_model/model.safetensors", "plain/model.safetensors") {
		t.Error("the teachers changed nothing")
	}

	// Teachers that know what another split holds out.
	code, _, stderr := command(settings(configs[3], cache, "data.random_seed=5", "output.model_dir=other_split")...)
	for task, teacher := range map[string]string{"ner": "ner_model", "cls": "classification_model", "qa": "qa_model"} {
		known, held := heldOut(t, teacher, task), heldOut(t, "other_split", task)
		n := 0
		for _, record := range held {
			if !slices.Contains(known, record) {
				n++
			}
		}
		want := fmt.Sprintf("the teacher of %s was trained on %d of the %d calls that this run holds out", task, n, len(held))
		if code != 0 || n == 0 || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d, stderr %q; want %q", code, stderr, want)
		}
	}

	// Metrics of both parts.
	mustRun(t, settings(configs[3], cache, "mlflow.enabled=true", "mlflow.tracking_uri=file:./mlruns")...)
	for _, name := range []string{"hard_ner", "soft_ner", "loss_ner", "hard_cls", "soft_qa"} {
		if files, err := filepath.Glob(filepath.Join("mlruns/*/*/metrics/train", name)); err != nil || len(files) != 1 {
			t.Errorf("%s: %v, %v", name, files, err)
		}
	}
}

func sameFile(t *testing.T, a, b string) bool {
	t.Helper()
	first, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(first, second)
}

func TestHiddenStatesNeedTheSameTokens(t *testing.T) {
	configs := inRepo(t, "ner.yaml", "distill.yaml")
	t.Chdir(t.TempDir())
	demo(t, 30, 30, 30)
	trainTeachers(t, configs[:1])
	only := []string{
		"distill.teachers={ner: {model: ./ner_model, hidden_weight: 1}, cls: {alpha: 0}, qa: {alpha: 0}}", "distill.cache_dir=cache",
	}
	code, _, stderr := command(settings(configs[1], only...)...)
	if code != 1 || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	mustContain(t, stderr, "another tokenizer", "hidden_weight to 0")
}

// own is a configuration of the three tasks and two more, one of which shares
// the cases' file.
const own = `
task: multitask
backbone: {init: random, size: {dim: 16, layers: 1, heads: 2, hidden_dim: 32}}
data:
  ner_path: data/ner_synthetic_dataset_v1.jsonl
  classification_path: data/cases_generated_data_v0005.json
  qa_path: data/synthetic_qa_metrics_data_v01x.json
tasks:
  - use: ner
  - use: cls
  - {use: qa, pooling: label_attention}
  - name: reporter
    kind: multiclass
    file: data/cases_generated_data_v0005.json
    text: narrative
    pooling: cls
    pre_classifier: true
    loss_weight: 0.5
    heads:
      - {name: gender, field: reporter.gender}
      - {name: relationship, field: reporter.relationship}
  - name: topics
    kind: multilabel
    file: topics.jsonl
    text: call
    pooling: label_attention
    heads:
      - {name: about, field: tags}
tokenizer: {padding: longest, vocab_size: 600}
training: {num_epochs: 2, batch_size: 8, learning_rate: 1e-3, threads: 1, sampling: uniform, class_weights: {ner: balanced, reporter/gender: balanced, topics: balanced}}
output: {model_dir: own_model}
mlflow: {enabled: false}
`

func TestOwnTasks(t *testing.T) {
	t.Chdir(t.TempDir())
	demo(t, 30, 60, 30)
	var topics strings.Builder
	for i := range 40 {
		topics.WriteString(`{"call": "call ` + strconv.Itoa(i) + `", "tags": ` + []string{`["school"]`, `["home", "school"]`, `[]`}[i%3] + "}\n")
	}
	for name, content := range map[string]string{"own.yaml": own, "topics.jsonl": topics.String()} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dry := mustRun(t, "--config", "own.yaml", "--dry-run", "--device", "cpu")
	// 4, 7, 4 and 5 batches of 8; uniform sampling gives each set as many of the 20.
	mustContain(t, dry, "CLS+REPORTER: 54 train / 6 val", "TOPICS: 36 train / 4 val", "Batches per epoch: 20 (ner 5, cls+reporter 5, qa 5, topics 5)")
	stdout := mustRun(t, "--config", "own.yaml", "--device", "cpu")
	mustContain(t, stdout, "REPORTER average accuracy", "TOPICS average F1")

	model, tok, err := fusion.Load("own_model", gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Drop()
	if got := tasks.Names(model.Tasks); !slices.Equal(got, []string{"ner", "cls", "reporter", "qa", "topics"}) {
		t.Errorf("the model does %v", got)
	}
	reporter, err := tasks.Find(model.Tasks, "reporter")
	if err != nil || !slices.Contains(reporter.Heads[0].Labels, "female") || reporter.PreParam != "reporter_pre" {
		t.Errorf("reporter is %+v, %v", reporter, err)
	}
	if model.Tasks[3].Pooling != tasks.LabelAttentionPooling || model.Tasks[4].Pooling != tasks.LabelAttentionPooling || model.Tasks[1].Pooling != tasks.AttentionPooling {
		t.Errorf("pooling of cls, qa and topics is %s, %s, %s", model.Tasks[1].Pooling, model.Tasks[3].Pooling, model.Tasks[4].Pooling)
	}
	predictions, err := fusion.NewPredictor(model, tok).Predict(t.Context(), nil, fusion.PredictOptions{})
	if err != nil || len(predictions) != 0 {
		t.Errorf("got %v, %v", predictions, err)
	}

	// Its own student: teachers of own tasks, hidden states and all.
	stdout = mustRun(t, "--config", "own.yaml", "--device", "cpu", "--set", "task=distill", "--set", "output.model_dir=student",
		"--set", "distill={cache_dir: cache, teachers: {reporter: {model: own_model}, topics: {model: own_model}, ner: {model: own_model, hidden_weight: 1}}}")
	mustContain(t, stdout, "Teacher of reporter: own_model: speaks of 100.0%", "Teacher of topics: own_model", "Teacher of ner: own_model")

	if rows := table(t, "own_model/held_out_cls+reporter.csv"); !slices.Contains(rows[0], "relationship") || len(rows) != 7 {
		t.Errorf("held out: %d rows of %v", len(rows), rows[0])
	}
}

const places = `
task: multitask
backbone: {init: random, size: {dim: 16, layers: 1, heads: 2, hidden_dim: 32}}
data: {test_size: 0.2}
tasks:
  - name: place
    kind: multiclass
    file: places.jsonl
    heads: [{name: county, follows: town}, {name: town}]
  - name: area
    kind: multiclass
    file: places.jsonl
    heads: [{name: main, field: category, via: main_category}, {name: sub, field: category}]
tokenizer: {padding: longest, vocab_size: 100}
training: {num_epochs: 1, batch_size: 8, threads: 1}
output: {model_dir: place_model}
mlflow: {enabled: false}
`

// A model that is trained knows which labels go together, and says so in config.json.
func TestHeadsThatFollow(t *testing.T) {
	t.Chdir(t.TempDir())
	var records strings.Builder
	for i := range 40 {
		records.WriteString(`{"text": "call ` + strconv.Itoa(i) + ` from there", ` +
			[]string{`"town": "Kisumu", "county": "West", "category": "Custody"`, `"town": "Ahero", "county": "West", "category": "Gambling"`, `"town": "Nakuru", "county": "Rift", "category": "Custody"`}[i%3] + "}\n")
	}
	write := func(name, content string) {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("places.yaml", places)
	write("places.jsonl", records.String())
	mustRun(t, "--config", "places.yaml", "--device", "cpu")
	model, _, err := fusion.Load("place_model", gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Drop()
	// Counties Rift, West of the towns Ahero, Kisumu, Nakuru; sub-categories Custody, Gambling.
	if got, want := model.Tasks[0].Heads[0].Follows.String(), "town [1 1 0]"; got != want {
		t.Errorf("county follows %s, want %s", got, want)
	}
	if got, want := model.Tasks[1].Heads[0].Follows.String(), "sub [0 1]"; got != want {
		t.Errorf("main follows %s, want %s", got, want)
	}

	write("places.jsonl", records.String()+`{"text": "SECRET", "town": "Kisumu", "county": "Rift", "category": "Custody"}`+"\n")
	code, _, stderr := command("--config", "places.yaml", "--device", "cpu")
	if code != 1 || strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "SECRET") {
		t.Errorf("exit code %d, stderr %q; want 1 and one line", code, stderr)
	}
	mustContain(t, stderr, `places.jsonl: record 41, line 41: county "Rift" beside town "Kisumu", with which it is "West" in 14 of 15 records; county follows town`, "--skip-bad-records")
	if code, stdout, stderr := command("--config", "places.yaml", "--device", "cpu", "--check-data"); code != 1 || !strings.Contains(stdout, "labels that contradict other records 1") {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	for set, want := range map[string]string{
		"tasks=[{name: place, kind: multiclass, file: places.jsonl, heads: [{name: county, follows: village}, {name: town}]}]":               "task place: head county follows village: task place has no such head",
		"tasks=[{name: place, kind: multiclass, file: places.jsonl, heads: [{name: county, follows: town}, {name: town, follows: county}]}]": "task place: head county follows town: that is a circle",
	} {
		if code, _, stderr := command("--config", "places.yaml", "--device", "cpu", "--set", set); code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d, stderr %q, want %q", code, stderr, want)
		}
	}
}

func TestBadTasks(t *testing.T) {
	configs := inRepo(t, "ner.yaml", "distill.yaml", "multitask.yaml")
	for _, test := range []struct {
		name string
		args []string
		want []string
	}{
		{"a metric of none", settings(configs[0], "metric=1"), []string{"metric"}},
		{"no such figure", settings(configs[0], "training.metric_for_best_model=val_ner/f2", "training.num_epochs=1"), []string{`"val_ner/f2"`, "val_ner/entity_f1"}},
		{"no such label", settings(configs[0], "training.class_weights={ner: {PLACE: 2}}"), []string{"class_weights", `"PLACE"`}},
		{"no such head", settings(configs[2], "training.class_weights={cls/place: balanced}"), []string{`"place"`}},
		{"no teacher", settings(configs[2], "task=distill"), []string{"distill.teachers"}},
		{"a teacher that isn't there", settings(configs[1], "distill.train_teachers=false", "distill.teachers.ner.model=none"), []string{"teacher of ner", "none"}},
		{"a name with spaces", settings(configs[2], "tasks=[{name: my task, kind: token, file: data/ner_synthetic_dataset_v1.jsonl}]"), []string{`"my task"`}},
		{"no kind", settings(configs[2], "tasks=[{name: mood, file: x.jsonl}]"), []string{"mood", "multiclass"}},
		{"no such field", settings(configs[2], "tasks=[{name: mood, kind: multiclass, file: data/ner_synthetic_dataset_v1.jsonl, heads: [{name: caller}]}]"), []string{`no record has a value in the field "caller", which task mood needs; the records have "entities", "text"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			demo(t, 20, 20, 20)
			code, _, stderr := command(test.args...)
			if code != 1 || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit code %d, stderr %q; want 1 and one line", code, stderr)
			}
			mustContain(t, stderr, test.want...)
		})
	}
}
