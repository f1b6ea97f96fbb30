package run

import (
	"context"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/configs"
	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tokenize"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// wholeCalls is a small run, in a folder of its own, on calls of several windows.
func wholeCalls(t *testing.T, more ...string) config.Config {
	t.Helper()
	small(t) // changes to that folder
	c, err := config.Parse(configs.Quickstart, append([]string{
		"backbone.size={dim: 16, layers: 1, heads: 2, hidden_dim: 32}", "backbone.dropout=0.1", "data.generate={ner: 20, cases: 40, qa: 20, short: true, seed: 1}",
		"tokenizer={vocab_size: 600, max_length: 48, stride: 12, max_tokens: 100}", "training.num_epochs=2", "training.threads=1", "training.batch_tokens=60",
		"mlflow.enabled=false",
	}, more...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fitted runs a configuration and returns what it printed.
func fitted(t *testing.T, c config.Config) string {
	t.Helper()
	var out strings.Builder
	r, err := Open(t.Context(), c, Options{Device: "cpu", Out: &out})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// A run on whole calls drops none, says what it reads, and writes it into the model; a model
// that continues it may read them in other windows.
func TestWholeCalls(t *testing.T) {
	c := wholeCalls(t)
	said := fitted(t, c)
	var dry, check strings.Builder
	if err := DryRun(t.Context(), c, Options{Device: "cpu", Out: &dry}); err != nil {
		t.Fatal(err)
	}
	if err := CheckData(t.Context(), c, Options{Device: "cpu", Out: &check}); err != nil {
		t.Fatal(err)
	}
	const windows = "windows of 48 tokens that share 12, up to 100 tokens of a call"
	for text, wants := range map[string][]string{
		said:           {"NER  whole calls  : kept 20/20, ", " in windows of 48, ", " truncated at 100\n", "Long calls: " + windows + "; at most 60 tokens at once"},
		dry.String():   {"NER  whole calls  : kept 20/20, ", "Long calls: " + windows},
		check.String(): {" records are longer than 48 and read in windows; ", " are longer than 100 (tokenizer.max_tokens), truncated"},
		readText(t, "models/quickstart/README.md"): {"Longer calls were read in " + windows + "; ner: "},
	} {
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%q isn't in\n%s", want, text)
			}
		}
	}
	expectWindows(t, "models/quickstart", datasets.Windows{Length: 48, Overlap: 12, MaxTokens: 100})

	c.Backbone.Init, c.Backbone.ModelName, c.Backbone.Heads, c.Backbone.Size = config.InitPretrained, "models/quickstart", config.HeadsKeep, config.Size{}
	c.Output.ModelDir, c.Tokenizer.Stride, c.Tokenizer.MaxTokens = "models/next", 0, 0
	if said := fitted(t, c); !strings.Contains(said, "Heads continued from models/quickstart") {
		t.Error(said)
	}
	expectWindows(t, "models/next", datasets.Windows{Length: 48})
	check.Reset()
	if err := CheckData(t.Context(), c, Options{Device: "cpu", Out: &check}); err != nil || strings.Contains(check.String(), "max_tokens") {
		t.Errorf("without a limit: error %v, %s", err, check.String())
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func expectWindows(t *testing.T, dir string, want datasets.Windows) {
	t.Helper()
	m, tok, err := fusion.Load(dir, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	if !reflect.DeepEqual(m.Windows, want) || tok.ModelMaxLength() != want.Length {
		t.Errorf("%s reads %+v, and %d tokens at once; want %+v", dir, m.Windows, tok.ModelMaxLength(), want)
	}
}

// A teacher's hidden states are those of its student's windows.
func TestTeacherReadsItsStudentsWindows(t *testing.T) {
	c := wholeCalls(t, "task=distill", "distill={train_teachers: true, every_call: true, cache_dir: cache, teachers: {cls: {model: cls, hidden_weight: 1}}}")
	c.Tokenizer.Stride = 3
	fitted(t, c)
	expectWindows(t, "cls", datasets.Windows{Length: 48, Overlap: 3, MaxTokens: 100})
	c.Output.ModelDir, c.Tokenizer.Stride = "models/other", 20
	c.Training.NumEpochs = 1
	fitted(t, c)
}

// A stopped run on whole calls goes on as if it hadn't been stopped, but not with other
// windows.
func TestWholeCallsAreResumed(t *testing.T) {
	c := wholeCalls(t)
	fit := func(c config.Config, resume bool, out io.Writer, ctx context.Context) (*trainer.History, error) {
		r, err := Open(t.Context(), c, Options{Device: "cpu", Out: out, Resume: resume})
		if err != nil {
			return nil, err
		}
		defer r.Close()
		err = r.Fit(ctx)
		return r.History(), err
	}
	want, err := fit(c, false, io.Discard, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.Output.ModelDir = "models/parts"
	ctx := &stopAt{t.Context(), "Epoch 2", context.Canceled, make(chan struct{})}
	if _, err := fit(c, false, ctx, ctx); err == nil {
		t.Fatal("the run wasn't stopped")
	}
	other := c
	other.Tokenizer.Stride = 10
	if _, err := fit(other, true, io.Discard, t.Context()); err == nil || !strings.Contains(err.Error(), `tokenizer.stride was "12", is "10"`) {
		t.Errorf("with other windows: error %v", err)
	}
	other = c
	other.Tokenizer.CutAt, other.Tokenizer.SpeakerTokens = config.CutAtTurns, config.Speakers{"Caller:"}
	if _, err := fit(other, true, io.Discard, t.Context()); err == nil || !strings.Contains(err.Error(), `tokenizer.cut_at was "anywhere", is "turns"`) {
		t.Errorf("with windows at turns: error %v", err)
	}
	got, err := fit(c, true, io.Discard, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.All[1].Train.Loss != want.All[1].Train.Loss || got.All[1].Average != want.All[1].Average {
		t.Errorf("resumed %+v, uninterrupted %+v", got.All[1].Train, want.All[1].Train)
	}
	a, b := goldentest.Open(t, "models/quickstart/model.safetensors"), goldentest.Open(t, "models/parts/model.safetensors")
	for _, name := range a.Names() {
		if d := goldentest.Compare(a.Float32s(name), b.Float32s(name)).Max; d != 0 {
			t.Errorf("%s differs by %.1e", name, d)
		}
	}
}

// On calls that fit one window a run learns the weights of a run that truncates, to the bit.
func TestWindowsChangeNothingForShortCalls(t *testing.T) {
	c := wholeCalls(t, "tokenizer.max_length=512", "tokenizer.stride=-1", "tokenizer.max_tokens=0", "training.batch_tokens=0", "training.num_epochs=1")
	if said := fitted(t, c); !strings.Contains(said, "NER  whole calls  : kept 20/20, 0 in windows of 512\n") {
		t.Error(said)
	}
	c.Tokenizer.Long, c.Output.ModelDir = config.LongTruncate, "models/truncating"
	fitted(t, c)
	a, b := goldentest.Open(t, "models/quickstart/model.safetensors"), goldentest.Open(t, "models/truncating/model.safetensors")
	for _, name := range a.Names() {
		if d := goldentest.Compare(a.Float32s(name), b.Float32s(name)).Max; d != 0 {
			t.Errorf("%s differs by %.1e", name, d)
		}
	}
}

// A model that reads windows at turns knows where turns begin; so do the teachers that the run
// trains.
func TestWindowsAtTurns(t *testing.T) {
	c := wholeCalls(t, "task=distill", "distill={train_teachers: true, cache_dir: cache, teachers: {cls: {model: cls, hidden_weight: 1}}}",
		`tokenizer.speaker_tokens=["Counselor:", "Caller:"]`, "tokenizer.cut_at=turns", "training.num_epochs=1")
	said := fitted(t, c)
	if want := "windows of 48 tokens that share 12, cut between turns, up to 100 tokens of a call"; !strings.Contains(said, want) || !strings.Contains(readText(t, "models/quickstart/README.md"), want) {
		t.Errorf("%q isn't in the model card and\n%s", want, said)
	}
	for _, dir := range []string{"cls", "models/quickstart"} {
		tok, err := tokenize.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		last := int32(tok.VocabSize() - 1)
		expectWindows(t, dir, datasets.Windows{Length: 48, Overlap: 12, MaxTokens: 100, TurnTokens: []int32{last - 1, last}})
		if a, b := tok.Token(last-1), tok.Token(last); a != "Counselor:" || b != "Caller:" {
			t.Errorf("%s: the last tokens are %q and %q", dir, a, b)
		}
	}
}

// A max_length over the encoder's positions is refused before any data is read.
func TestTooManyPositionsAreRefusedEarly(t *testing.T) {
	c := wholeCalls(t, "tokenizer.max_length=600", "tokenizer.max_tokens=0", "training.batch_tokens=0", "data.qa_path=missing.jsonl", "data.generate=null")
	const want = "tokenizer.max_length is 600, but the encoder has only 512 positions: lower it"
	check := CheckData(t.Context(), c, Options{Device: "cpu", Out: io.Discard})
	dry := DryRun(t.Context(), c, Options{Device: "cpu", Out: io.Discard})
	_, opened := Open(t.Context(), c, Options{Device: "cpu", Out: io.Discard})
	for name, err := range map[string]error{"check": check, "dry run": dry, "run": opened} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestWarnOfOverlap(t *testing.T) {
	for _, test := range []struct {
		windows datasets.Windows
		want    string
	}{
		{datasets.Windows{}, ""},
		{datasets.Windows{Length: 512, Overlap: 256}, ""},
		{datasets.Windows{Length: 512, Overlap: 384}, "train: warning: tokenizer.stride is 384 of 512: the encoder reads each token of a long call about 4.05 times"},
	} {
		var out strings.Builder
		if warnOfOverlap(test.windows, &out); !strings.HasPrefix(out.String(), test.want) || (out.Len() == 0) != (test.want == "") {
			t.Errorf("%+v: %q, want %q", test.windows, out.String(), test.want)
		}
	}
}
