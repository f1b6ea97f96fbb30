package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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
func sample() result {
	measured := []measurement{
		{Case: "train_fp32", Title: "multi-task training, fp32", Worker: ours, Unit: samples, Figures: []float64{2, 2, 2}, PeakMB: 1200},
		{Case: "train_fp32", Title: "multi-task training, fp32", Worker: today, Unit: samples, Figures: []float64{1, 1, 1}, PeakMB: 3000.4},
		{Case: "tokenize_one", Title: "tokenizing, one thread", Worker: ours, Unit: tokens, Figures: []float64{1e6, 2e6, 3e6}},
		{Case: "tokenize_one", Title: "tokenizing, one thread", Worker: today, Unit: tokens, Figures: []float64{1e6, 1e6, 1e6}},
		{Case: "latency_256_fp32", Title: "a call", Worker: ours, Unit: perSample, Figures: []float64{10, 10, 10}, Calls: []float64{9, 10, 11}},
		{Case: "latency_256_fp32", Title: "a call", Worker: onnx, Unit: perSample, Figures: []float64{20, 20, 20}, Calls: []float64{19, 20, 21}},
		{Case: "latency_256_fp32", Title: "a call", Worker: openVINO, Unit: perSample, Figures: []float64{9, 9, 9}, Calls: []float64{9, 9, 9}},
		{Case: "products_256", Title: "products", Worker: best, Unit: perSample, Figures: []float64{8, 8, 8}},
		{Case: "load", Title: "loading", Worker: ours, Unit: process, Figures: []float64{1.4, 1.6, 1.2}},
	}
	r := result{Rounds: 3, Threads: 2, Targets: judge(targets(), measured), Measurements: summaries(measured),
		Machine: report.Machine{CPU: "Abacus", Cores: 2, MemoryGB: 8, Instructions: []string{"AVX2"}}, Versions: map[string]map[string]string{ours: {"go": "go1.26"}, today: {"torch": "2.11.0"}},
		Agreements: []agreement{{ours, "bf16", "ner", 200, 3}}}
	return r
}

func TestMarkdown(t *testing.T) {
	text := sample().markdown()
	for _, line := range []string{
		"### Abacus: AVX2 only",
		"Abacus (AVX2 only), 2 threads of 2 cores, 8 GB; load 0.0 before the run and 0.0 after it; 3 rounds; 0001-01-01; go 1.26, torch 2.11.0.",
		"| what | ours | against | theirs | times faster [95 %] | target | reached |\n|---|---|---|---|---|---|---|",
		"| multi-task training, fp32 | 2.00 samples/s | the Python way | 1.00 samples/s | 2.00× [2.00, 2.00] | 1.7× | yes |",
		"| multi-task training, bf16 | – | the Python way, fp32 | 1.00 samples/s | – | 3.5× | not measured |",
		"| tokenizing, one thread | 2.00 Mtokens/s | the Python way | 1.00 Mtokens/s | 2.00× [1.00, 3.00] | 3× | no |",
		"| a new process to its first prediction | 1.40 s | – | – | – | under 1.5 s | yes |",
		"| all tasks for a call of 256 tokens, fp32 | 10.0 ms/call | the fastest of the others, OpenVINO | 9.00 ms/call | 0.90× [0.90, 0.90] | 1× | no |",
		"| batch inference, int8 | – | the fastest of the others | – | – | 1.1× | not measured |",
		"| median (quartiles) | ours | today | best | onnx | openvino |",
		"| tokenizing, one thread | 2.00 Mtokens/s (1.50–2.50) | 1.00 Mtokens/s (1.00–1.00) | – | – | – |",
		"| each call: p50, p99, ms | ours | onnx | openvino |",
		"| a call | 10.0, 11.0 | 20.0, 21.0 | 9.00, 9.00 |",
		"| 256 tokens | 10.0 ms/call | 8.00 ms/call | 80 % |",
		"| multi-task training, fp32 | 1200 | 3000 | – | – | – |",
		"| ours, bf16 | ner | 200 | 3 (1.50 %) |",
		"](images/bench-abacus-avx2.png)",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
}

func TestDocsKeepOtherProcessors(t *testing.T) {
	docs := newDocs(t)
	for i, cpu := range []string{"Abacus", "Quipu", "Abacus"} {
		r := sample()
		r.Machine.CPU, r.Rounds, r.Started = cpu, 3+i, time.Unix(int64(i), 0)
		if err := writeDocs(docs, r, false); err != nil {
			t.Fatal(err)
		}
	}
	page := read(t, docs, "performance.md")
	first, second := strings.Index(page, "### Abacus: AVX2 only"), strings.Index(page, "### Quipu: AVX2 only")
	if first < 0 || second < first || strings.Count(page, "### ") != 2 || !strings.Contains(page, "5 rounds") || strings.Contains(page, "3 rounds") {
		t.Errorf("want Abacus's second run, then Quipu's:\n%s", page)
	}
	if err := os.WriteFile(filepath.Join(docs, "bench", "quipu-avx2.json"), []byte("?"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := writeDocs(docs, sample(), false); err == nil || !strings.Contains(err.Error(), "quipu-avx2.json") || read(t, docs, "performance.md") != page {
		t.Errorf("with a broken result: %v", err)
	}
}

// A part keeps what an earlier run has of other cases.
func TestResultOnTopOf(t *testing.T) {
	old, part := sample(), sample()
	part.Measurements = summaries([]measurement{
		{Case: "latency_256_fp32", Title: "a call", Worker: ours, Unit: perSample, Figures: []float64{5, 5}},
		{Case: "latency_256_fp32", Title: "a call", Worker: onnx, Unit: perSample, Figures: []float64{20, 20}},
	})
	part.Rounds, part.Versions = 2, map[string]map[string]string{onnx: {"onnxruntime": "1.32.0"}}
	part.Agreements = []agreement{{ours, "bf16", "ner", 8, 1}, {ours, "int8", "ner", 8, 2}}
	got := part.onTopOf(old)
	if m := find(got.measured(), "latency_256_fp32", ours); m == nil || m.Figures[0] != 5 {
		t.Errorf("the part's case is %v", m)
	}
	if find(got.measured(), "latency_256_fp32", openVINO) != nil {
		t.Error("an earlier figure stands beside new ones of its case")
	}
	place := func(name string) int {
		return slices.IndexFunc(got.Measurements, func(s summary) bool { return s.Case == name })
	}
	if find(got.measured(), "train_fp32", today) == nil || place("tokenize_one") > place("latency_256_fp32") {
		t.Error("another case is lost, or the part isn't in its place")
	}
	if got.rounds() != "2 to 3" || old.rounds() != "3" || len(got.Versions) != 3 || len(got.Agreements) != 2 || got.Agreements[0].Labels != 8 {
		t.Errorf("%s rounds; versions %v; agreements %v", got.rounds(), got.Versions, got.Agreements)
	}
	for _, o := range got.Targets {
		if o.What == targets()[0].what && !o.measured() {
			t.Errorf("target %s isn't measured", o.What)
		}
	}
}
