package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/filetest"
)

// tiny are settings of a run that takes a second.
var tiny = []string{
	"--device", "cpu",
	"--set", "backbone.size={dim: 16, layers: 1, heads: 2, hidden_dim: 32}",
	"--set", "data.generate={ner: 40, cases: 60, qa: 40, short: true, seed: 1}",
	"--set", "tokenizer.vocab_size=600",
	"--set", "training.num_epochs=2",
	"--set", "training.threads=1",
}

// TestMain keeps the tests off the Hugging Face hub, and ranks on this machine. In
// a process that a test has started it is the command itself.
func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Setenv("HF_HUB_OFFLINE", "1")
	os.Setenv("GLOO_SOCKET_IFNAME", "lo")
	os.Exit(m.Run())
}

// command runs the train command in the working directory.
func command(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = execute(args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &err})
	return code, out.String(), err.String()
}

func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := command(args...)
	if code != 0 {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	if stderr != "" {
		t.Errorf("unasked for on stderr: %q", stderr)
	}
	return stdout
}

func mustContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
}

func TestQuickstart(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("MLFLOW_TRACKING_URI", "")
	stdout := mustRun(t, tiny...)
	mustContain(t, stdout,
		"Made demo data in data/quickstart", "Made a vocabulary of", "Label counts — main: ", "NER  whole calls  : kept 40/40, 0 in windows of 512",
		"  CLS: 54 train / 6 val", "Total parameters: ", "Training on cpu (1 threads, fp32)", "Epochs: 2, patience: 3", "Epoch 2/2", "[Checkpoint saved]",
		"majority class", "NER entity F1", "CLS average accuracy", "QA average F1", "  Over all records. The epochs' lines, which choose the best, are batch means (NER: macro F1 of tokens; CLS: each head's own label).", "Model:      models/quickstart", "mlflow ui", "go run ./cmd/infer --model models/quickstart")

	for _, name := range []string{
		"model.safetensors", "model.pt", "config.json", "vocab.txt", "tokenizer_config.json", "label_maps.json", "metrics.json", "README.md",
		"losses.png", "losses.svg", "scores.png", "held_out_ner.csv",
	} {
		info, err := os.Stat(filepath.Join("models/quickstart", name))
		if err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	const seeds = "With another training seed, scores differ by about ±"
	if card := filetest.Read(t, "models/quickstart/README.md"); strings.Count(stdout, seeds) != 1 || strings.Count(card, seeds) != 1 {
		t.Errorf("how much scores vary is said %d times, and %d times in the model card", strings.Count(stdout, seeds), strings.Count(card, seeds))
	}
	var metrics struct {
		BestEpoch int `json:"best_epoch"`
		History   []struct{ Epoch int }
	}
	data, err := os.ReadFile("models/quickstart/metrics.json")
	if err == nil {
		err = json.Unmarshal(data, &metrics)
	}
	if err != nil || metrics.BestEpoch < 1 || len(metrics.History) < metrics.BestEpoch {
		t.Errorf("metrics.json: %+v, %v", metrics, err)
	}
	if _, err := os.Stat("models/quickstart.run"); !os.IsNotExist(err) {
		t.Errorf("the finished run left its state: %v", err)
	}
	checkStore(t)

	// A second run keeps the first one's model.
	first, err := os.ReadFile("models/quickstart/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	stdout = mustRun(t, append(tiny, "--set", "training.seed=7")...)
	mustContain(t, stdout, "[The earlier model is now models/quickstart.previous]")
	if strings.Contains(stdout, "Made demo data") {
		t.Error("the data was made again")
	}
	previous, err := os.ReadFile("models/quickstart.previous/model.safetensors")
	if err != nil || !bytes.Equal(previous, first) {
		t.Errorf("the earlier model is not what it was: %v", err)
	}
}

// checkStore looks for what MLflow must show in its file store.
func checkStore(t *testing.T) {
	t.Helper()
	found := func(pattern string) {
		t.Helper()
		if matches, err := filepath.Glob(filepath.Join("mlruns/*/*", pattern)); err != nil || len(matches) != 1 {
			t.Errorf("%s: %v, %v", pattern, matches, err)
		}
	}
	for _, name := range []string{"backbone", "batch_size", "learning_rate", "filter_ner_before", "filter_cls_after", "filter_qa_removed", "filter_qa_pct_kept"} {
		found(filepath.Join("params", name))
	}
	for _, name := range []string{"device", "total_params", "tasks", "strategy", "stopped_early", "best_avg_val", "epochs_completed", "mlflow.runName"} {
		found(filepath.Join("tags", name))
	}
	for _, name := range []string{"train/loss", "train/loss_ner", "val/ner_f1", "val/cls_avg_acc", "val/qa_avg_f1", "val/avg", "best/avg_val", "early_stop/no_improve", "early_stop/best_avg"} {
		found(filepath.Join("metrics", name))
	}
	for _, name := range []string{"model.pt", "label_maps.json", "metrics.json"} {
		found(filepath.Join("artifacts/checkpoint", name))
	}
}

func TestDryRun(t *testing.T) {
	t.Chdir(t.TempDir())
	stdout := mustRun(t, append(tiny, "--dry-run", "--set", "backbone.init=pretrained", "--set", "backbone.model_name=no/such-model")...)
	mustContain(t, stdout, "no/such-model isn't on this machine", "vocabulary made from the data", "Batches per epoch: 8 (ner 8, cls 8, qa 8)", "Total steps: 16")
	for _, path := range []string{"models", "mlruns"} {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("a dry run made %s", path)
		}
	}
}

// TestHubIsAway needs a download, but a dry run never does.
func TestHubIsAway(t *testing.T) {
	t.Chdir(t.TempDir())
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests++ }))
	t.Setenv("HF_HUB_OFFLINE", "")
	t.Setenv("HF_HUB_CACHE", t.TempDir())
	t.Setenv("HF_ENDPOINT", server.URL)
	args := append(slices.Clone(tiny), "--set", "backbone.init=pretrained", "--set", "backbone.model_name=no/such-model")
	mustRun(t, append(slices.Clone(args), "--dry-run")...)
	server.Close()
	if requests > 0 {
		t.Errorf("a dry run made %d requests to the hub", requests)
	}
	code, _, stderr := command(args...)
	if code != 1 || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit code %d, stderr %q; want 1 and one line", code, stderr)
	}
	mustContain(t, stderr, `"no/such-model"`, server.URL+" can't be reached", "hf download no/such-model", "backbone.init=random")
}

func TestFailures(t *testing.T) {
	tests := []struct {
		name string
		args []string
		code int
		want []string // in the one line on stderr
	}{
		{"no pretrained weights", []string{"--set", "backbone.init=pretrained", "--set", "backbone.model_name=no/such-model"}, 1, []string{`"no/such-model"`, "hf download", "backbone.init=random"}},
		{"a model beside a random start", []string{"--set", "backbone.model_name=no/such-model"}, 1, []string{"backbone.model_name isn't used with backbone.init: random", "set backbone.init=pretrained"}},
		{"no data", []string{"--set", "data.generate={ner: 0, cases: 0, qa: 0}"}, 1, []string{"data is missing", "ner_synthetic_dataset_v1.jsonl", "datagen"}},
		{"nothing to resume", []string{"--resume"}, 1, []string{"no saved state in models/quickstart.run", "without --resume"}},
		{"tracker without a scheme", []string{"--set", "mlflow.tracking_uri=127.0.0.1:5000"}, 1, []string{"mlflow.tracking_uri: ", "http://"}},
		{"tracker of another kind", []string{"--set", "mlflow.tracking_uri=s3://bucket/x"}, 1, []string{"mlflow.tracking_uri: ", "http://host:5000"}},
		{"unknown key", []string{"--set", "training.batchsize=8"}, 1, []string{"batchsize"}},
		{"bad value", []string{"--set", "training.batch_size=0"}, 1, []string{"training.batch_size", "above 0"}},
		{"no such configuration", []string{"--config", "none.yaml"}, 1, []string{"none.yaml"}},
		{"unknown flag", []string{"--epochs", "3"}, 2, []string{"--epochs", "--help"}},
		{"unknown device", []string{"--device", "gpu"}, 1, []string{`"gpu"`, "cuda:N"}},
		{"nothing to send", []string{"sync", "none.outbox"}, 1, []string{"none.outbox"}},
		{"no GPU", []string{"--device", "cuda:99"}, 1, []string{`"cuda:99"`, "--device cpu"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			args := append(slices.Clone(tiny), test.args...)
			if test.args[0] == "sync" {
				args = test.args
			}
			code, _, stderr := command(args...)
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if strings.Count(stderr, "\n") != 1 {
				t.Errorf("want one line, got %q", stderr)
			}
			mustContain(t, stderr, test.want...)
		})
	}
}

func TestBadRecordIsNamedWithoutItsText(t *testing.T) {
	t.Chdir(t.TempDir())
	const secret = "Wanjiku"
	if err := os.MkdirAll("data/quickstart", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"ner_synthetic_dataset_v1.jsonl":      `{"text": "` + secret + ` called", "entities": []}` + "\n" + `{"text": "` + secret + `", "entities": [{"start": 3, "end": 90, "label": "NAME"}]}` + "\n",
		"cases_generated_data_v0005.json":     `[]`,
		"synthetic_qa_metrics_data_v01x.json": `[]`,
	} {
		if err := os.WriteFile(filepath.Join("data/quickstart", name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, stdout, stderr := command(tiny...)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	mustContain(t, stderr, "ner_synthetic_dataset_v1.jsonl", "line 2")
	if strings.Contains(stdout+stderr, secret) {
		t.Errorf("a transcript's text was printed: %q", stdout+stderr)
	}
}

func TestHelp(t *testing.T) {
	code, stdout, _ := command("--help")
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	mustContain(t, stdout, "Examples:", "--dry-run", "--resume", "--set")
}
