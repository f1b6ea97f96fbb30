package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/bench/inputs"
	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/fusion"
)

func prepare(t *testing.T, args ...string) (code int, out, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = cli.Main("prepare", help, &command{}, args, cli.Streams{Out: &stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

func TestFullModelHasItsSize(t *testing.T) {
	n, err := fusion.CountParameters(fusion.Architecture{Config: backbone.DistilBERTCased(), Tasks: threeTasks()})
	if err != nil || n != 65883779 {
		t.Errorf("%d parameters, %v; want 65883779", n, err)
	}
}

func TestPrepare(t *testing.T) {
	work := t.TempDir()
	args := []string{"--work", work, "--texts", filepath.Join(work, "nowhere.json"), "--quick", "--batch-size", "3", "--batches", "2", "--calls", "5", "--repeats", "2"}
	code, out, said := prepare(t, args...)
	if code != cli.OK || !strings.Contains(out, "300 texts of datagen: ") {
		t.Fatalf("code %d: %s%s", code, out, said)
	}
	in, err := inputs.Read(work)
	if err != nil {
		t.Fatal(err)
	}
	if in.BatchSize != 3 || len(in.Train) != 3 || len(in.Train[2].Examples) != 6 || len(in.Batch) != 5 || len(in.Latency) != 6 || len(in.Latency["400"]) != 2 {
		t.Errorf("inputs: %d tasks, %d calls, %d lengths", len(in.Train), len(in.Batch), len(in.Latency))
	}
	m, tok, err := fusion.Load(in.Model, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	for _, text := range in.Latency["256"] {
		if n := len(tok.Encode(text).IDs); n != 256 {
			t.Errorf("a text of %d tokens, want 256", n)
		}
	}

	// A run elsewhere takes this model if it is told to.
	other := t.TempDir()
	if code, _, said := prepare(t, "--work", other, "--model", in.Model, "--calls", "2"); code != cli.OK {
		t.Fatalf("code %d: %s", code, said)
	}
	if again, err := inputs.Read(other); err != nil || again.Model != in.Model || len(again.Batch) != 2 || again.Batch[0] != in.Batch[0] {
		t.Errorf("another run: model %s, %d calls, %v", again.Model, len(again.Batch), err)
	}
}

func TestPrepareRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no calls": {[]string{"--calls", "0"}, cli.Misuse, "1 or more"},
		"no model": {[]string{"--model", "/nowhere"}, cli.Failure, "not a model directory"},
	} {
		code, _, said := prepare(t, append(test.args, "--work", t.TempDir())...)
		if code != test.code || !strings.Contains(said, test.want) {
			t.Errorf("%s: code %d: %s", name, code, said)
		}
	}
}
