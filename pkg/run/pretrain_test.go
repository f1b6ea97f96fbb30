package run

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/pretrain"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// pretrainFolder is the working directory of a pretraining run: calls, and folders of
// encoders without weights, which a dry run doesn't need. teacher has two layers of 32 and
// 40 positions, long as many as DistilBERT.
func pretrainFolder(t *testing.T) {
	t.Helper()
	encoder := func(positions int) string {
		return fmt.Sprintf(`{"model_type": "distilbert", "vocab_size": 12, "max_position_embeddings": %d, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64, "activation": "gelu"}`, positions)
	}
	vocabulary := strings.Join(strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] my son was beaten in school today"), "\n") + "\n"
	var calls strings.Builder
	for i := range 40 {
		fmt.Fprintf(&calls, "my son was%s beaten%s\n", strings.Repeat(" today", i%7), strings.Repeat(" in school", i/7))
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"calls/a.txt": calls.String(), "calls/b.txt": "my son was in school\n",
		"alike.txt":       strings.Repeat("my son was beaten\n", 900) + calls.String(),
		"one.txt":         "my son\n\nmy son\n",
		"unknown.txt":     "ልጄ ተመታ\nደህና ነው\nሰላም\n",
		"mostly.txt":      "my ልጄ ተመታ ደህና ነው\nson ሰላም ልጄ ተመታ\nmy ደህና ነው ሰላም ሰላም\n",
		"halfknown/a.txt": "my son was beaten\n" + strings.Repeat("ሰላም\n", 30),
		"bad.csv":         "id,words\n1,secret\n", "bad.jsonl": "{\"text\": \"a secret\"}\n{\"text\": 5}\n", "broken.json": "[{\"text\": \"a secret\"",
		"teacher/config.json": encoder(40), "teacher/vocab.txt": vocabulary,
		"long/config.json": encoder(512), "long/vocab.txt": vocabulary,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	t.Setenv("MLFLOW_TRACKING_URI", "")
	t.Setenv("HF_HUB_OFFLINE", "1")
	t.Setenv("HF_HUB_CACHE", t.TempDir())
}

func pretrainConfig(t *testing.T, sets ...string) config.Config {
	t.Helper()
	c, err := config.Parse([]byte("task: pretrain\ndata: {pretrain_path: calls}\nbackbone: {model_name: teacher}\ntokenizer: {max_length: 32}\ntraining: {batch_size: 4, threads: 1}\nmlflow: {enabled: false}\n"), sets)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What training refuses a dry run and a check of the data refuse as well, before anything
// is read or trained. Warnings are theirs, too.
func TestPretrainingRefusesAndWarns(t *testing.T) {
	const layered = "distill.encoder={model: teacher, layers: [0]}"
	const small = "backbone={init: random, size: {dim: 16, layers: 1, heads: 2, hidden_dim: 32}}"
	for name, test := range map[string]struct {
		sets    []string
		refused string
		warned  string // "": nothing is
		dryRun  bool   // not of a check of the data
	}{
		"nothing":                    {},
		"a layer too many":           {sets: []string{"distill.encoder={model: teacher, layers: [0, 2]}"}, refused: "distill.encoder.layers: there is no layer 2 in the teacher, which has 2: teacher has layers 0 to 1"},
		"a layer twice":              {sets: []string{"distill.encoder={model: teacher, layers: [0, 0, 0]}"}, warned: "distill.encoder.layers names [0] more than once: the student starts with equal layers"},
		"a student of layers":        {sets: []string{layered}},
		"a teacher that is replaced": {sets: []string{"distill.encoder={model: teacher, alpha_ce: 0}", "output.model_dir=./teacher"}, refused: "distill.encoder: teacher is also output.model_dir"},
		"a short teacher":            {sets: []string{layered, "tokenizer.max_length=41"}, refused: "distill.encoder: tokenizer.max_length is 41, but the encoder has only 40 positions"},
		"a short teacher beside a long student": {sets: []string{"backbone.model_name=long", "distill.encoder={model: teacher}", "tokenizer.max_length=41"},
			refused: "distill.encoder: teacher teacher: tokenizer.max_length is 41, but the encoder has only 40 positions"},
		"a long teacher beside a long student": {sets: []string{"backbone.model_name=long", "distill.encoder={model: long}", "tokenizer.max_length=41"}},
		"a narrow student":                     {sets: []string{small, "distill.encoder={model: teacher}"}, refused: "the teacher is 32 wide, but the student 16: set alpha_cos to 0"},
		"relation heads":                       {sets: []string{small, "distill.encoder={model: teacher, alpha_cos: 0, alpha_values: 1, relation_heads: 3}"}, refused: "relation_heads 3"},
		"a teacher that isn't there":           {sets: []string{"distill.encoder={model: ./nope}"}, refused: `"./nope" is neither a directory nor in the Hugging Face cache, and its tokenizer is needed; check distill.encoder.model`, dryRun: true},
		"too many frozen":                      {sets: []string{"backbone.freeze_layers=3"}, refused: "backbone.freeze_layers is 3, but the encoder has only 2 layers"},
		"a folder twice":                       {sets: []string{"data.pretrain_path=[calls, calls]"}, warned: "data.pretrain_path names 2 files more than once, calls/a.txt first: each is read once"},
		"a file twice":                         {sets: []string{"data.pretrain_path=[calls, calls/b.txt]"}, warned: "data.pretrain_path names calls/b.txt more than once: it is read once"},
		"one text":                             {sets: []string{"data.pretrain_path=one.txt"}, refused: "hold calls back for evaluation: all 2 calls have the same text; want 2 or more different ones"},
		"most calls alike":                     {sets: []string{"data.pretrain_path=alike.txt"}, warned: "900 calls repeat an earlier one's text, and calls with the same text stay together: 20 calls are held out, 2.1 % instead of data.test_size's 5 %"},
		"unknown words":                        {sets: []string{"data.pretrain_path=unknown.txt"}, refused: "no token of the calls can be masked, as all are [UNK] or other special tokens; the vocabulary doesn't fit them"},
		"unknown words to train on":            {sets: []string{"data.pretrain_path=halfknown", "data.test_size=0.5"}, refused: "can be masked, as all are [UNK]"},
		"mostly unknown words":                 {sets: []string{"data.pretrain_path=mostly.txt", "pretrain.mask_probability=0.99"}, warned: "% of the calls' tokens are [UNK] or other special tokens, which are never masked"},
	} {
		for what, do := range map[string]func(c config.Config, o Options) error{
			"a dry run": func(c config.Config, o Options) error { return DryRun(t.Context(), c, o) },
			"a check":   func(c config.Config, o Options) error { return CheckData(t.Context(), c, o) },
		} {
			if test.dryRun && what == "a check" {
				continue
			}
			t.Run(name+" in "+what, func(t *testing.T) {
				pretrainFolder(t)
				var out, stderr strings.Builder
				err := do(pretrainConfig(t, test.sets...), Options{Device: "cpu", Out: &out, Err: &stderr})
				if test.refused == "" && err != nil || test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)) {
					t.Errorf("error %v, want %q", err, test.refused)
				}
				if text := stderr.String(); test.refused == "" && ((text == "") != (test.warned == "") || !strings.Contains(text, test.warned) || strings.Count(text, "\n") > 1) {
					t.Errorf("warnings %q, want %q", text, test.warned)
				}
			})
		}
	}
}

// A check of the data lists every call and every file that can't be read, and shows no text.
func TestCheckOfCallsListsEverything(t *testing.T) {
	pretrainFolder(t)
	for name, test := range map[string]struct {
		paths   string
		told    []string
		refused string
	}{
		"two files and a call": {"[bad.csv, missing.txt, calls, bad.jsonl, broken.json]",
			[]string{"missing.txt: no such file", "bad.csv: line 1: no column is called text or narrative", "bad.jsonl: line 2: text is not a string", "broken.json: ", "Calls: 42, 42 of them different; 0 with bytes that aren't UTF-8; 1 can't be read"},
			"check data: 3 files and 1 call can't be read; mend them"},
		"a file": {"[bad.csv, calls]", []string{"bad.csv: line 1"}, "check data: 1 file can't be read; mend them, or leave them out of data.pretrain_path"},
		"a call": {"[bad.jsonl, calls]", []string{"bad.jsonl: line 2"}, "check data: 1 call can't be read; mend them, or leave them out with --skip-bad-records"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			err := CheckData(t.Context(), pretrainConfig(t, "data.pretrain_path="+test.paths), Options{Device: "cpu", Out: &out})
			if err == nil || !strings.Contains(err.Error(), test.refused) || strings.Contains(err.Error()+out.String(), "secret") {
				t.Errorf("error %v, want %q", err, test.refused)
			}
			for _, want := range test.told {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q lacks %q", out.String(), want)
				}
			}
		})
	}
	var out strings.Builder
	if err := CheckData(t.Context(), pretrainConfig(t, "distill.encoder={model: no/where}"), Options{Device: "cpu", Out: &out}); err != nil || !strings.Contains(out.String(), "Pieces aren't counted: ") {
		t.Errorf("a teacher elsewhere: %v, %q", err, out.String())
	}
}

// The advice for a model that can't be found names the settings that it is looked for by.
func TestMissingModelsSettings(t *testing.T) {
	pretrainFolder(t)
	for name, test := range map[string]struct {
		set, want, not string
	}{
		"backbone": {"backbone.model_name=./nope", "set backbone.model_name to a directory that holds config.json, vocab.txt and model.safetensors, or train from scratch with --set backbone.init=random", "distill.encoder"},
		"teacher":  {"distill.encoder={model: ./nope}", "check distill.encoder.model and distill.encoder.revision, or set distill.encoder.model to a directory", "backbone."},
		"on a hub": {"distill.encoder={model: no/where, revision: v1}", "hf download no/where --revision v1", "backbone."},
	} {
		_, err := Open(t.Context(), pretrainConfig(t, test.set), Options{Device: "cpu"})
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), test.not) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

func TestWarnOfShare(t *testing.T) {
	for name, test := range map[string]struct {
		counts pretrain.Counts
		held   int
		share  float64
		want   string
	}{
		"as asked":       {pretrain.Counts{Calls: 100, Repeats: 50}, 5, 0.05, ""},
		"no repetition":  {pretrain.Counts{Calls: 100}, 1, 0.5, ""},
		"one call off":   {pretrain.Counts{Calls: 20, Repeats: 10}, 2, 0.05, ""},
		"nearly":         {pretrain.Counts{Calls: 100, Repeats: 50}, 6, 0.1, ""},
		"much too few":   {pretrain.Counts{Calls: 100, Repeats: 50}, 4, 0.1, "50 calls repeat an earlier one's text, and calls with the same text stay together: 4 calls are held out, 4 % instead of data.test_size's 10 %"},
		"much too many":  {pretrain.Counts{Calls: 90, Repeats: 88}, 40, 0.05, "40 calls are held out, 44 % instead of data.test_size's 5 %"},
		"one repetition": {pretrain.Counts{Calls: 30, Repeats: 1}, 1, 0.1, "1 call repeats an earlier one's text, and calls with the same text stay together: 1 call is held out"},
	} {
		var stderr strings.Builder
		warnOfShare(test.counts, test.held, test.share, &stderr)
		if got := stderr.String(); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestScoresIn(t *testing.T) {
	for want, val := range map[string][]trainer.Scores{
		"scores of every label":             {{Task: "ner"}, {Task: "cls"}},
		"its scores and its calls' numbers": {{Task: pretrain.TaskName}},
	} {
		if got := scoresIn(val); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Calls that aren't there are told of before anything is made of them.
func TestPretrainPathIsFoundFirst(t *testing.T) {
	t.Chdir(t.TempDir())
	var out strings.Builder
	c, err := config.Parse([]byte("task: pretrain\ndata: {pretrain_path: nowhere}\nbackbone: {init: random}\nmlflow: {enabled: false}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	err = DryRun(t.Context(), c, Options{Device: "cpu", Out: &out})
	if err == nil || !strings.HasPrefix(err.Error(), "data.pretrain_path: ") || !strings.Contains(err.Error(), "nowhere: no such file") || !strings.Contains(err.Error(), "--set data.pretrain_path=PATH") {
		t.Errorf("error %v", err)
	}
	if strings.Contains(out.String(), "vocabulary") {
		t.Errorf("printed %q", out.String())
	}
}
