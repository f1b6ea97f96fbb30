package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
)

// pretrainDir is a folder with demo calls, and configurations: pretrain.yaml makes an encoder,
// student.yaml one of its second layer.
func pretrainDir(t *testing.T) string {
	t.Helper()
	dir := quickDir(t)
	if _, err := synth.WriteAll(t.Context(), filepath.Join(dir, "calls"), synth.Options{NER: 30, Cases: 60, QA: 20, Short: true, Seed: 1}, nil); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"pretrain.yaml": `
task: pretrain
backbone: {init: random, dropout: 0.1, size: {dim: 32, layers: 2, heads: 2, hidden_dim: 64}}
data: {pretrain_path: [calls, more.txt]}
tokenizer: {max_length: 48, vocab_size: 400}
training: {num_epochs: 3, batch_size: 16, learning_rate: 3.0e-3, threads: 1}
output: {model_dir: encoder}
`,
		"student.yaml": `
task: pretrain
data: {pretrain_path: [calls, more.txt]}
distill: {encoder: {model: encoder, layers: [1], alpha_values: 1}}
tokenizer: {max_length: 48}
training: {num_epochs: 2, batch_size: 16, learning_rate: 1.0e-3, threads: 1}
output: {model_dir: student}
mlflow: {enabled: false}
`,
		"more.txt": "my son was beaten in Kisumu\n\nshe was calling from Nakuru\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func pretrainArgs(config string, sets ...string) []string {
	args := []string{"--config", config, "--device", "cpu"}
	for _, set := range sets {
		args = append(args, "--set", set)
	}
	return args
}

// runsWell runs a command to its end.
func runsWell(t *testing.T, dir string, args ...string) (stdout, stderr string) {
	t.Helper()
	p := start(t, dir, args...)
	if code, _ := p.end(); code != 0 {
		t.Fatalf("%v: exit code %d, stderr %q", args, code, p.stderr.String())
	}
	return p.stdout.String(), p.stderr.String()
}

func readText(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// An encoder is made of calls, a student of the encoder, and a model of tasks of the student.
func TestPretrain(t *testing.T) {
	t.Parallel()
	dir := pretrainDir(t)
	stdout, stderr := runsWell(t, dir, pretrainArgs("pretrain.yaml", "pretrain.whole_word=true", "training.metric_for_best_model=val_mlm/perplexity")...)
	mustContain(t, stdout, "Made a vocabulary of 400 tokens", "Calls: ", "MLM: ", "MLM acc: ", "perplexity: ", "MLM masked accuracy", "MLM perplexity", "scores of epoch 3, the best of 3", "encoder (its scores and its calls' numbers in its README.md)", "backbone.model_name=encoder")
	if stderr != "" {
		t.Errorf("stderr %q", stderr)
	}
	var metrics struct {
		Best struct {
			Val []struct {
				Report []struct {
					Name  string
					Value float64
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(readText(t, dir, "encoder/metrics.json")), &metrics); err != nil {
		t.Fatal(err)
	}
	report := metrics.Best.Val[0].Report
	if len(report) != 2 || report[0].Name != "masked_accuracy" || report[1].Name != "perplexity" || !(report[1].Value > 1) {
		t.Errorf("metrics %v", report)
	}
	for _, name := range []string{"val_mlm/perplexity", "val_mlm/masked_accuracy", "train/loss_mlm"} {
		if found, err := filepath.Glob(filepath.Join(dir, "mlruns/*/*/metrics", name)); err != nil || len(found) != 1 {
			t.Errorf("MLflow has %v of %s", found, name)
		}
	}
	mustContain(t, readText(t, dir, "encoder/README.md"), "library_name: trident", "calls of", "tokens in all", "of all words were masked")
	if strings.Contains(stdout+readText(t, dir, "encoder/README.md")+readText(t, dir, "encoder/metrics.json"), "beaten in") {
		t.Error("a call's text is written")
	}

	stdout, _ = runsWell(t, dir, pretrainArgs("student.yaml")...)
	mustContain(t, stdout, "MLM acc: ")
	mustContain(t, readText(t, dir, "student/README.md"), "begun with layers [1] of `encoder`", "It learnt from `encoder`")
	mustContain(t, readText(t, dir, "student/config.json"), "DistilBertForMaskedLM", `"n_layers": 1`)
	if readText(t, dir, "student/vocab.txt") != readText(t, dir, "encoder/vocab.txt") {
		t.Error("the student has another vocabulary than its teacher")
	}

	stdout, _ = runsWell(t, dir, with("backbone.init=pretrained", "backbone.size={}", "backbone.model_name=student", "training.num_epochs=1")...)
	mustContain(t, stdout, "Use it:")
}

// finetuning turns on every option that pretraining has, with that batch size and that
// number of accumulation steps.
func finetuning(batch, steps int) []string {
	return []string{
		fmt.Sprintf("training.batch_size=%d", batch), fmt.Sprintf("training.gradient_accumulation_steps=%d", steps),
		"training.gradient_checkpointing=true", "training.lr_scheduler_type=cosine", "training.head_learning_rate=2e-3", "training.layerwise_lr_decay=0.9",
		"training.no_decay_bias_and_norm=true", "training.label_smoothing_factor=0.1",
	}
}

// A run that was stopped and goes on leaves what one leaves that wasn't.
func TestPretrainResumes(t *testing.T) {
	t.Parallel()
	for name, sets := range map[string][]string{
		"fp32":    {"training.precision=fp32"},
		"bf16":    {"training.precision=bf16"},
		"options": finetuning(4, 4),
	} {
		t.Run(name, func(t *testing.T) {
			args := pretrainArgs("pretrain.yaml", append(sets, "training.num_epochs=6", "training.save_steps=3")...)
			whole, broken := pretrainDir(t), pretrainDir(t)
			runsWell(t, whole, args...)
			p := start(t, broken, args...)
			p.waitFor("[Checkpoint saved]")
			p.signal(syscall.SIGTERM)
			if code, _ := p.end(); code != 143 {
				t.Fatalf("exit code %d, stderr %q", code, p.stderr.String())
			}
			stdout, _ := runsWell(t, broken, append(args, "--resume")...)
			mustContain(t, stdout, "Resuming after step ")
			for _, name := range []string{"model.safetensors", "vocab.txt", "config.json"} {
				if readText(t, whole, "encoder", name) != readText(t, broken, "encoder", name) {
					t.Errorf("%s differs from that of a run that wasn't stopped", name)
				}
			}
			var want, got any
			for into, dir := range map[*any]string{&want: whole, &got: broken} {
				if err := json.Unmarshal([]byte(readText(t, dir, "encoder/metrics.json")), into); err != nil {
					t.Fatal(err)
				}
			}
			if d := furthest(t, got, want, "metrics.json"); d != 0 {
				t.Errorf("metrics differ by %.1e", d)
			}
		})
	}
}

// Other calls, or other masks, aren't the run that was stopped.
func TestPretrainResumeRefusesChanges(t *testing.T) {
	t.Parallel()
	dir := pretrainDir(t)
	args := []string{"training.num_epochs=300"}
	p := start(t, dir, pretrainArgs("pretrain.yaml", args...)...)
	p.waitFor("[Checkpoint saved]")
	p.signal(syscall.SIGTERM)
	p.end()
	for set, want := range map[string]string{
		"pretrain.mask_probability=0.2":          `pretrain.mask_probability was "0.15", is "0.2"`,
		"data.pretrain_path=more.txt":            "the file of mlm was ",
		"training.gradient_accumulation_steps=2": `training.gradient_accumulation_steps was "1", is "2"`,
		"training.label_smoothing_factor=0.1":    `training.label_smoothing_factor was "0", is "0.1"`,
	} {
		p := start(t, dir, append(pretrainArgs("pretrain.yaml", append(args, set)...), "--resume")...)
		if code, _ := p.end(); code != 1 {
			t.Errorf("%s: exit code %d", set, code)
		}
		mustContain(t, p.stderr.String(), want)
	}
}

// No tensor's shape shows how many heads an encoder has.
func TestPretrainResumeRefusesAnotherEncoder(t *testing.T) {
	t.Parallel()
	dir := pretrainDir(t)
	runsWell(t, dir, pretrainArgs("pretrain.yaml", "training.num_epochs=1", "mlflow.enabled=false")...)
	args := pretrainArgs("pretrain.yaml", "backbone={init: pretrained, model_name: encoder}", "training.num_epochs=300", "output.model_dir=next", "mlflow.enabled=false")
	p := start(t, dir, args...)
	p.waitFor("[Checkpoint saved]")
	p.signal(syscall.SIGTERM)
	p.end()
	config := strings.Replace(readText(t, dir, "encoder", "config.json"), `"n_heads": 2`, `"n_heads": 4`, 1)
	if err := os.WriteFile(filepath.Join(dir, "encoder", "config.json"), []byte(config), 0o666); err != nil {
		t.Fatal(err)
	}
	p = start(t, dir, append(args, "--resume")...)
	if code, _ := p.end(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	mustContain(t, p.stderr.String(), `the encoder's configuration was "2 heads, `)
}

// A teacher that was trained again isn't the one that the student has learnt from.
func TestPretrainResumeRefusesAnotherTeacher(t *testing.T) {
	t.Parallel()
	dir := pretrainDir(t)
	runsWell(t, dir, pretrainArgs("pretrain.yaml", "training.num_epochs=1", "mlflow.enabled=false")...)
	args := pretrainArgs("student.yaml", "training.num_epochs=300")
	p := start(t, dir, args...)
	p.waitFor("[Checkpoint saved]")
	p.signal(syscall.SIGTERM)
	p.end()
	runsWell(t, dir, pretrainArgs("pretrain.yaml", "training.num_epochs=1", "training.seed=7", "mlflow.enabled=false")...)
	p = start(t, dir, append(args, "--resume")...)
	if code, _ := p.end(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	mustContain(t, p.stderr.String(), "the teacher of mlm was ", "--force")
}

// So many processes with batch size b learn what one learns with so many times b, from calls
// and from a teacher, and also where batches come in parts and layers are computed twice: the
// tied embeddings then get their gradient in two passes. A student's first parts are frozen.
func TestPretrainRanksEqualOne(t *testing.T) {
	t.Parallel()
	for name, model := range map[string]string{"encoder": "encoder", "student": "student", "encoder with options": "encoder", "student with options": "student"} {
		t.Run(name, func(t *testing.T) {
			config, options := map[string]string{"encoder": "pretrain.yaml", "student": "student.yaml"}[model], name != model
			alone, together := pretrainDir(t), pretrainDir(t)
			if model == "student" {
				for _, dir := range []string{alone, together} {
					runsWell(t, dir, pretrainArgs("pretrain.yaml", "training.num_epochs=1")...)
				}
			}
			run := func(dir string, sets []string, more ...string) {
				runsWell(t, dir, append(pretrainArgs(config, append(sets, "backbone.dropout=0", "training.num_epochs=2", "training.learning_rate=1e-3")...), more...)...)
			}
			if model == "student" && readText(t, alone, "encoder/model.safetensors") != readText(t, together, "encoder/model.safetensors") {
				t.Fatal("the teachers differ")
			}
			if options {
				more := []string{}
				if model == "student" {
					more = []string{"backbone.freeze_layers=1"}
				}
				run(alone, append(finetuning(16, 1), more...))
				run(together, append(finetuning(4, 2), more...), "--nproc", "2")
			} else {
				run(alone, []string{"training.batch_size=16"})
				run(together, []string{"training.batch_size=8"}, "--nproc", "2")
			}
			want, got := goldentest.Open(t, filepath.Join(alone, model, "model.safetensors")), goldentest.Open(t, filepath.Join(together, model, "model.safetensors"))
			worst, where := 0.0, ""
			for _, name := range want.Names() {
				if strings.HasSuffix(name, "k_lin.bias") { // the softmax cancels it: its gradient is rounding alone
					continue
				}
				if d := goldentest.Compare(got.Float32s(name), want.Float32s(name)).Max; !(d <= worst) {
					worst, where = d, name
				}
			}
			if t.Logf("weights differ by up to %.1e (%s)", worst, where); !(worst <= rankLimit) {
				t.Errorf("weights differ by %.1e; want at most %.0e", worst, rankLimit)
			}
		})
	}
}

// A teacher of tasks has no masked language model's head that a student could take.
func TestStudentOfATeacherWithoutAHead(t *testing.T) {
	t.Parallel()
	dir := pretrainDir(t)
	runsWell(t, dir, with("training.num_epochs=1")...)
	args := []string{"distill.encoder.model=models/quickstart", "distill.encoder.layers=[0]", "training.num_epochs=1"}
	for _, flag := range []string{"--resume-if-any", "--dry-run", "--check-data"} {
		p := start(t, dir, append(pretrainArgs("student.yaml", args...), flag)...)
		if code, _ := p.end(); code != 1 {
			t.Errorf("%s: exit code %d", flag, code)
		}
		mustContain(t, p.stderr.String(), "models/quickstart has no masked language model's head, so it can't predict masked tokens: set distill.encoder.alpha_ce=0")
	}
	for set, want := range map[string]string{
		"distill.encoder.alpha_mlm=1": "the student's is initialised randomly, so the first losses are high",
		"distill.encoder.alpha_mlm=0": "set distill.encoder.alpha_mlm above 0",
	} {
		_, stderr := runsWell(t, dir, pretrainArgs("student.yaml", append(args, "distill.encoder.alpha_ce=0", set)...)...)
		mustContain(t, stderr, "train: warning: distill.encoder: models/quickstart has no masked language model's head", want)
	}
}

// A run that goes on doesn't say again that it began without a head.
func TestMissingHeadIsToldOnce(t *testing.T) {
	t.Parallel()
	dir := pretrainDir(t)
	runsWell(t, dir, with("training.num_epochs=1")...)
	const warning = "models/quickstart has no masked language model's head: it is initialised randomly, so the first losses are high"
	args := pretrainArgs("pretrain.yaml", "backbone={init: pretrained, model_name: models/quickstart}", "training.num_epochs=300", "output.model_dir=next", "mlflow.enabled=false")
	p := start(t, dir, append(args, "--resume-if-any")...)
	p.waitFor("[Checkpoint saved]")
	p.signal(syscall.SIGTERM)
	p.end()
	mustContain(t, p.stderr.String(), warning)
	p = start(t, dir, append(args, "--resume-if-any")...)
	p.waitFor("[Checkpoint saved]")
	p.signal(syscall.SIGTERM)
	if code, _ := p.end(); code != 143 || strings.Contains(p.stderr.String(), warning) {
		t.Errorf("exit code %d, stderr %q", code, p.stderr.String())
	}
	mustContain(t, p.stdout.String(), "Resuming after step ")
	p = start(t, dir, args...)
	p.waitFor("Epoch 1/300")
	p.signal(syscall.SIGTERM)
	p.end()
	mustContain(t, p.stderr.String(), warning)
}

func TestCheckDataOfPretrain(t *testing.T) {
	t.Parallel()
	dir := pretrainDir(t)
	if err := os.WriteFile(filepath.Join(dir, "again.txt"), []byte(readText(t, dir, "more.txt")), 0o666); err != nil {
		t.Fatal(err)
	}
	stdout, _ := runsWell(t, dir, append(pretrainArgs("pretrain.yaml", "data.pretrain_path=[more.txt, again.txt]", "pretrain.mask_probability=0.9"), "--check-data")...)
	mustContain(t, stdout, "Calls: 4, 2 of them different; 0 with bytes that aren't UTF-8; 0 can't be read", "MLM: 2 train / 2 val")
	if err := os.WriteFile(filepath.Join(dir, "bad.jsonl"), []byte("{\"text\": \"a secret\"}\n{\"text\": 5}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	p := start(t, dir, append(pretrainArgs("pretrain.yaml", "data.pretrain_path=bad.jsonl"), "--check-data")...)
	if code, _ := p.end(); code != 1 || strings.Contains(p.stdout.String()+p.stderr.String(), "secret") {
		t.Errorf("exit code %d, %q", code, p.stderr.String())
	}
	mustContain(t, p.stdout.String(), "bad.jsonl: line 2: text is not a string")
	mustContain(t, p.stderr.String(), "1 call can't be read")
}

func TestPretrainRefuses(t *testing.T) {
	t.Parallel()
	dir := pretrainDir(t)
	runsWell(t, dir, pretrainArgs("pretrain.yaml", "training.num_epochs=1", "mlflow.enabled=false")...)
	if err := os.WriteFile(filepath.Join(dir, "bad.jsonl"), []byte("{\"text\": \"a secret\"}\n{\"text\": 5}\n{\"text\": \"b\"}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tiny.txt"), []byte("a secret\nb\nc\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{pretrainArgs("pretrain.yaml", "data.pretrain_path=tiny.txt", "pretrain.mask_probability=0.001"), "none of their tokens is masked, so no perplexity can be computed (1 of 3 examples are held back): give more calls"},
		{pretrainArgs("pretrain.yaml", "data.pretrain_path=missing"), "missing: no such file"},
		{pretrainArgs("pretrain.yaml", "data.pretrain_path=bad.jsonl"), "bad.jsonl: line 2: text is not a string; mend it, or leave out such calls with --skip-bad-records"},
		{pretrainArgs("student.yaml", "distill.encoder.layers=[2]"), "there is no layer 2 in the teacher, which has 2"},
		{pretrainArgs("student.yaml", "distill.encoder.layers=[]", "backbone={init: random, size: {dim: 16, layers: 1, heads: 2, hidden_dim: 32}}"), "the teacher is 32 wide, but the student 16: set alpha_cos to 0"},
		{pretrainArgs("student.yaml", "tokenizer.max_length=600"), "tokenizer.max_length is 600"},
		{pretrainArgs("student.yaml", "backbone.freeze_layers=2"), "backbone.freeze_layers is 2, but the encoder has only 1 layer"},
		{pretrainArgs("pretrain.yaml", "backbone.freeze_embeddings=true"), "backbone.freeze_embeddings: want false with backbone.init: random"},
	} {
		p := start(t, dir, test.args...)
		if code, _ := p.end(); code != 1 || !strings.Contains(p.stderr.String(), test.want) || strings.Contains(p.stderr.String(), "secret") {
			t.Errorf("%v: exit code %d, stderr %q; want %q", test.args, code, p.stderr.String(), test.want)
		}
	}
	stdout, stderr := runsWell(t, dir, append(pretrainArgs("pretrain.yaml", "data.pretrain_path=[bad.jsonl, calls]", "training.num_epochs=1"), "--skip-bad-records")...)
	mustContain(t, stdout+stderr, "left out 1 call that can't be read")
	stdout, _ = runsWell(t, dir, append(pretrainArgs("student.yaml", "distill.encoder={layers: [], alpha_cos: 0, alpha_attention: 1, alpha_values: 1}",
		"backbone={init: random, size: {dim: 16, layers: 1, heads: 2, hidden_dim: 32}}"), "--dry-run")...)
	mustContain(t, stdout, "Total steps: ")
	runsWell(t, dir, pretrainArgs("student.yaml", "distill.encoder={layers: [], alpha_cos: 0, alpha_attention: 1, alpha_values: 1}",
		"backbone={init: random, size: {dim: 16, layers: 1, heads: 2, hidden_dim: 32}}", "training.num_epochs=1")...)
}
