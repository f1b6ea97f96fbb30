package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/evaluate"
)

// The data files of a [tinymodel.World].
const (
	nerFile = tinymodel.NERData
	clsFile = tinymodel.CasesData
	qaFile  = tinymodel.QAData
)

var allData = []string{"--data", "ner=" + nerFile, "--data", "cls=" + clsFile, "--data", "qa=" + qaFile}

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
func mustEval(t *testing.T, args ...string) evaluate.Result {
	t.Helper()
	got := eval(append(args, "--format", "json")...)
	if got.code != cli.OK {
		t.Fatalf("%v: code %d, %s", args, got.code, got.err)
	}
	var r evaluate.Result
	decoder := json.NewDecoder(strings.NewReader(got.out))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil || decoder.More() {
		t.Fatalf("%v: %v, or more than one JSON value", args, err)
	}
	return r
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
