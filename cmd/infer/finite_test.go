package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// A call for which the model's numbers aren't finite is never given an answer: it ends the
// run as a call that can't be read does, or is marked as such a one.
func TestCallThatIsNotFinite(t *testing.T) {
	model := tinymodel.Dir(t, 1)
	tinymodel.Overflow(t, model)
	const calls = `{"id": 1, "text": "my name"}
{"id": 2, "text": "Mwakamba from Kisumu"}
{"id": 3, "text": "he was beaten"}
`
	input := filepath.Join(t.TempDir(), "calls.jsonl")
	if err := os.WriteFile(input, []byte(calls), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, precision := range []string{"fp32", "int8"} {
		for _, scores := range [][]string{nil, {"--scores"}} {
			args := append([]string{"--model", model, "--input", input, "--precision", precision}, scores...)
			for _, format := range []string{"jsonl", "json", "csv", "text"} {
				got := infer("", append(args, "--format", format)...)
				if got.code != cli.Failure || !strings.Contains(got.err, "call 2: ") || !strings.Contains(got.err, "aren't finite") || strings.Contains(got.err, "Kisumu") || strings.Count(got.err, "\n") != 1 {
					t.Errorf("%s, %s: code %d, %q", precision, format, got.code, got.err)
				}
			}
			got := infer("", append(args, "--format", "jsonl", "--mark-bad-records")...)
			if got.code != 0 || !strings.Contains(got.err, "1 of 3") {
				t.Fatalf("%s: code %d, %q", precision, got.code, got.err)
			}
			lines := strings.Split(strings.TrimSpace(got.out), "\n")
			if len(lines) != 3 {
				t.Fatalf("%d lines", len(lines))
			}
			for i, line := range lines {
				var answer struct {
					ID             int
					Error          string
					Classification map[string]string
					NER            []any
				}
				if err := json.Unmarshal([]byte(line), &answer); err != nil {
					t.Fatal(err)
				}
				bad := i == 1
				if answer.ID != i+1 || (answer.Error != "") != bad || (answer.Classification == nil) != bad || (answer.NER == nil) != bad {
					t.Errorf("%s: line %d: %s", precision, i+1, line)
				}
			}
		}
	}
	output := filepath.Join(t.TempDir(), "parts")
	got := infer("", "--model", model, "--input", input, "--output", output, "--shard", "0/1")
	if got.code != exitData {
		t.Errorf("a shard: code %d, %q", got.code, got.err)
	}
	if got := infer("", "--model", model, "--input", input, "--output", output, "--shard", "0/1", "--mark-bad-records", "--overwrite"); got.code != 0 {
		t.Errorf("a shard with marks: code %d, %q", got.code, got.err)
	}
}

// Weights that aren't finite, or not in the precision, are the model's fault.
func TestModelThatIsNotFinite(t *testing.T) {
	spoilt, large := tinymodel.Dir(t, 1), tinymodel.Dir(t, 1)
	tinymodel.Spoil(t, spoilt, "ner_classifier.weight")
	tinymodel.Overflow(t, large)
	for _, test := range []struct{ model, precision, want string }{
		{spoilt, "fp32", fusion.SafetensorsFile + ": tensor ner_classifier.weight holds an infinity or a NaN"},
		{spoilt, "int8", fusion.SafetensorsFile + ": tensor ner_classifier.weight holds an infinity or a NaN"},
		{large, "bf16", "backbone.embeddings.word_embeddings.weight holds a number that is too large for bfloat16; take fp32"},
	} {
		t.Run(fmt.Sprint(test.precision, test.want), func(t *testing.T) {
			got := infer("", "--model", test.model, "--text", "my name", "--precision", test.precision, "--scores")
			if failed := goldentest.WithoutWarnings(got.err); got.code != cli.Failure || got.out != "" || !strings.Contains(failed, test.want) || strings.Count(failed, "\n") != 1 {
				t.Errorf("code %d, %q, %q", got.code, got.out, got.err)
			}
		})
	}
}

// A call that has only characters which nobody sees is an empty one.
func TestCallWithoutWords(t *testing.T) {
	model := tinymodel.Dir(t, 1)
	const calls = `{"id": 1, "text": "my name"}
{"id": 2, "text": "\u200b\u00ad \u0000\u001f"}
{"id": 3, "text": "he was beaten"}
`
	for _, format := range []string{"jsonl", "json", "csv", "text"} {
		got := infer(calls, "--model", model, "--input", "-", "--input-format", "jsonl", "--format", format)
		if got.code != cli.Failure || !strings.HasSuffix(got.err, "standard input: line 2: the text is empty\n") || strings.Count(got.err, "\n") != 1 {
			t.Errorf("%s: code %d, %q", format, got.code, got.err)
		}
	}
	got := infer(calls, "--model", model, "--input", "-", "--input-format", "jsonl", "--format", "jsonl", "--mark-bad-records")
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	if got.code != 0 || len(lines) != 3 || lines[1] != `{"id":2,"error":"standard input: line 2: the text is empty"}` || strings.Contains(lines[0]+lines[2], "error") {
		t.Errorf("code %d, %q, %q", got.code, got.out, got.err)
	}
}
