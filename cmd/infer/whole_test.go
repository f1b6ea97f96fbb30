package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// TestWholeCalls: a model that learnt windows reads whole calls unless it is told to
// truncate, and up to as many tokens as it learnt; what isn't read shows in each format.
func TestWholeCalls(t *testing.T) {
	model := modelDir(t, testTasks())
	tinymodel.Windows(t, model, datasets.Windows{Length: 16, Overlap: 4, MaxTokens: 64})
	sentence := "my son was beaten . "
	long, longer := strings.Repeat(sentence, 12), strings.Repeat(sentence, 20) // 62 and 102 tokens
	const warning = "infer: warning: calls of more than "
	for name, test := range map[string]struct {
		text  string
		args  []string
		words int
		err   string
	}{
		"as it learnt":  {long, nil, 60, ""},
		"longer":        {longer, nil, 62, warning + "64 tokens: 1 of 1; their ends weren't read (--long windows reads all)\n"},
		"all":           {longer, []string{"--long", "windows"}, 100, ""},
		"mean":          {longer, []string{"--long", "mean"}, 100, ""},
		"other overlap": {long, []string{"--overlap", "7"}, 60, ""},
		"truncated":     {long, []string{"--long", "truncate"}, 14, warning + "16 tokens: 1 of 1; their ends weren't read (--long windows reads all)\n"},
	} {
		got := infer("", append([]string{"--model", model, "--text", test.text, "--format", "jsonl"}, test.args...)...)
		words, truncated := strings.Count(got.out, `"token"`), strings.Contains(got.out, `"truncated":true`)
		if got.code != cli.OK || got.err != test.err || words != test.words || truncated != (test.err != "") {
			t.Errorf("%s: code %d, %d words, truncated %v, standard error %q; want %d words, %q", name, got.code, words, truncated, got.err, test.words, test.err)
		}
		for format, mark := range map[string]string{"csv": ",1\n", "text": "wasn't read"} {
			got := infer("", append([]string{"--model", model, "--text", test.text, "--format", format}, test.args...)...)
			if strings.Contains(got.out, mark) != truncated && format == "text" || strings.HasSuffix(got.out, mark) != truncated && format == "csv" {
				t.Errorf("%s: %s doesn't say whether the end was read", name, format)
			}
		}
	}
	// A model without windows can be told to pool over them.
	plain := modelDir(t, testTasks())
	if got := infer("", "--model", plain, "--text", longer, "--long", "windows", "--format", "jsonl"); got.code != cli.OK || got.err != "" || strings.Count(got.out, `"token"`) != 100 {
		t.Errorf("without having learnt windows: %q", got.err)
	}
	for want, args := range map[string][]string{
		"--overlap is for windows":                  {"--long", "truncate", "--overlap", "3"},
		"--attention is for --format json and json": {"--attention", "--format", "csv"},
		"want 0 to 13":                              {"--overlap", "14"},
	} {
		if got := infer("", append([]string{"--model", model, "--text", "my son"}, args...)...); got.code == cli.OK || !strings.Contains(got.err, want) {
			t.Errorf("%v: code %d, %q", args, got.code, got.err)
		}
	}
}

// TestAttentionFlag: the weights of a whole call sum to no more than 1, and reach its end.
func TestAttentionFlag(t *testing.T) {
	model := modelDir(t, testTasks())
	tinymodel.Windows(t, model, datasets.Windows{Length: 16, Overlap: 4})
	got := infer("", "--model", model, "--text", strings.Repeat("my son was beaten . ", 20), "--format", "jsonl", "--attention", "--tasks", "qa,cls")
	var answer struct {
		Attention map[string][]struct{ Start, End, Weight float64 }
	}
	if err := json.Unmarshal([]byte(got.out), &answer); err != nil || len(answer.Attention) != 2 {
		t.Fatalf("%v: %d tasks", err, len(answer.Attention))
	}
	for task, words := range answer.Attention {
		sum, late := 0.0, 0.0
		for i, word := range words {
			if sum += word.Weight; i >= 50 {
				late += word.Weight
			}
		}
		if len(words) != 100 || !(sum > 0 && sum <= 1.00001) || !(late > 0.01) {
			t.Errorf("%s: %d words whose weights sum to %v, those of the second half to %v", task, len(words), sum, late)
		}
	}
}
