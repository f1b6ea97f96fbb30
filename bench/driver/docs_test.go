package main

import (
	"strings"
	"testing"

	"github.com/trident-nlp/trident/bench/report"
)

func TestBetween(t *testing.T) {
	for name, test := range map[string]struct{ text, want, err string }{
		"filled":    {"a\n<\nold\n>\nb\n", "a\n<\n\nnew\n\n>\nb\n", ""},
		"empty":     {"<>", "<\n\nnew\n\n>", ""},
		"no begin":  {"a > b", "", "once each"},
		"no end":    {"a < b", "", "once each"},
		"two":       {"< > < >", "", "once each"},
		"backwards": {"> <", "", "stands before"},
	} {
		got, err := between(test.text, "<", ">", "new\n")
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %q, %v; want %q, %q", name, got, err, test.want, test.err)
		}
	}
}

func TestDigits(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 0.01234: "0.0123", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 1234.5: "1234", 9.999: "10.00"} {
		if got := digits(x); got != want {
			t.Errorf("%g is written %q, want %q", x, got, want)
		}
	}
	if got := tokens.format(1234567); got != "1.23 Mtokens/s" {
		t.Error(got)
	}
}

// sample has one target reached, one missed, one without a comparison, and the
// rest not measured.
func sample() (result, []measurement) {
	measured := []measurement{
		{Case: "train_fp32", Title: "multi-task training, fp32", Worker: ours, Unit: samples, Figures: []float64{2, 2, 2}, PeakMB: 1200},
		{Case: "train_fp32", Title: "multi-task training, fp32", Worker: today, Unit: samples, Figures: []float64{1, 1, 1}, PeakMB: 3000.4},
		{Case: "tokenize_one", Title: "tokenizing, one thread", Worker: ours, Unit: tokens, Figures: []float64{1e6, 2e6, 3e6}},
		{Case: "tokenize_one", Title: "tokenizing, one thread", Worker: today, Unit: tokens, Figures: []float64{1e6, 1e6, 1e6}},
		{Case: "load", Title: "loading", Worker: ours, Unit: process, Figures: []float64{1.4, 1.6, 1.2}},
	}
	r := result{Rounds: 3, Threads: 2, Targets: judge(targets(), measured), Measurements: summaries(measured),
		Machine: report.Machine{CPU: "Abacus", Cores: 2, MemoryGB: 8}, Versions: map[string]map[string]string{ours: {"go": "go1.26"}, today: {"torch": "2.11.0"}},
		Agreements: []agreement{{ours, "bf16", "ner", 200, 3}}}
	return r, measured
}

func TestMarkdown(t *testing.T) {
	r, measured := sample()
	text := r.markdown(measured)
	for _, line := range []string{
		"Abacus, 2 threads of 2 cores, 8 GB; load 0.0 before the run and 0.0 after it; 3 rounds; 0001-01-01; go 1.26, torch 2.11.0.",
		"| what | ours | against | theirs | times faster [95 %] | target | reached |\n|---|---|---|---|---|---|---|",
		"| multi-task training, fp32 | 2.00 samples/s | the Python way | 1.00 samples/s | 2.00× [2.00, 2.00] | 1.7× | yes |",
		"| multi-task training, bf16 | – | the Python way, fp32 | 1.00 samples/s | – | 3.5× | not measured |",
		"| tokenizing, one thread | 2.00 Mtokens/s | the Python way | 1.00 Mtokens/s | 2.00× [1.00, 3.00] | 3× | no |",
		"| a new process to its first prediction | 1.40 s | – | – | – | under 1.5 s | yes |",
		"| batch inference, int8 | – | ONNX Runtime int8 | – | – | 1× | not measured |",
		"| tokenizing, one thread | 2.00 Mtokens/s (1.50–2.50) | 1.00 Mtokens/s (1.00–1.00) | – | – |",
		"| multi-task training, fp32 | 1200 | 3000 | – | – |",
		"| ours, bf16 | ner | 200 | 3 (1.50 %) |",
		"](images/bench.png)",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
}
