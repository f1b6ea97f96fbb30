package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sugarme/gotch"
	"golang.org/x/sys/unix"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
)

func TestExitCodes(t *testing.T) {
	model := modelDir(t, testTasks())
	nerOnly := modelDir(t, testTasks()[:1])
	dir := t.TempDir()
	file := filepath.Join(dir, "calls.jsonl")
	if err := os.WriteFile(file, []byte("{\"text\":\"Hello SECRET\"}\n{\"text\":SECRET}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args []string
		code int
		err  string // in the one line on standard error
	}{
		"good":             {[]string{"--model", model, "--text", "Hello"}, cli.OK, ""},
		"no model":         {[]string{"--text", "SECRET"}, cli.Misuse, "--model"},
		"no source":        {[]string{"--model", model}, cli.Misuse, "give a call with --text, or a file with --input"},
		"two sources":      {[]string{"--model", model, "--text", "SECRET", "--input", "-"}, cli.Misuse, "--text and --input"},
		"unknown task":     {[]string{"--model", model, "--text", "SECRET", "--tasks", "ner,mood"}, cli.Failure, `--tasks: no task "mood" in this model; it has [ner cls qa]`},
		"no task":          {[]string{"--model", model, "--text", "SECRET", "--tasks", ""}, cli.Misuse, "--tasks: a task's name is empty"},
		"empty task":       {[]string{"--model", model, "--text", "SECRET", "--tasks", "ner,,qa"}, cli.Misuse, "--tasks: a task's name is empty"},
		"empty last task":  {[]string{"--model", model, "--text", "SECRET", "--tasks", "ner, "}, cli.Misuse, "--tasks: a task's name is empty"},
		"tasks":            {[]string{"--model", model, "--text", "Hello", "--tasks", "ner, qa", "--tasks", "cls"}, cli.OK, ""},
		"unknown format":   {[]string{"--model", model, "--text", "SECRET", "--format", "xml"}, cli.Misuse, "--format"},
		"threshold 0":      {[]string{"--model", model, "--text", "SECRET", "--qa-threshold", "0"}, cli.Misuse, "--qa-threshold is 0"},
		"threshold NaN":    {[]string{"--model", model, "--text", "SECRET", "--qa-threshold", "nan"}, cli.Misuse, "--qa-threshold is NaN"},
		"batch size":       {[]string{"--model", model, "--text", "SECRET", "--batch-size", "0"}, cli.Misuse, "--batch-size is 0"},
		"batch tokens":     {[]string{"--model", model, "--text", "SECRET", "--batch-tokens=-5"}, cli.Misuse, "--batch-tokens is -5"},
		"overlap":          {[]string{"--model", model, "--text", "SECRET", "--overlap=-1"}, cli.Misuse, "--overlap is -1"},
		"overlap too long": {[]string{"--model", model, "--text", "SECRET", "--overlap", "30"}, cli.Failure, "want 0 to 29"},
		"threads":          {[]string{"--model", model, "--text", "SECRET", "--threads=-1"}, cli.Misuse, "--threads is -1"},
		"device":           {[]string{"--model", model, "--text", "SECRET", "--device", "tpu"}, cli.Failure, `device "tpu"`},
		"missing model":    {[]string{"--model", filepath.Join(dir, "none"), "--text", "SECRET"}, cli.Failure, `train one with "go run ./cmd/train"`},
		"model a file":     {[]string{"--model", file, "--text", "SECRET"}, cli.Failure, "is a file"},
		"no model in it":   {[]string{"--model", dir, "--text", "SECRET"}, cli.Failure, "no weights: want model.safetensors, model.pt or pytorch_model.bin"},
		"missing input":    {[]string{"--model", model, "--input", filepath.Join(dir, "none.txt")}, cli.Failure, "none.txt: no such file"},
		"input a folder":   {[]string{"--model", model, "--input", t.TempDir()}, cli.Failure, "there is no file of calls"},
		"bad record":       {[]string{"--model", model, "--input", file}, cli.Failure, "calls.jsonl: line 2: broken JSON at byte 9"},
		"empty text":       {[]string{"--model", model, "--text", "SECRET", "--text", " "}, cli.Failure, "--text 2: the text is empty"},
		"empty stdin":      {[]string{"--model", model, "--input", "-"}, cli.Failure, "standard input: there is no call in it"},
		"task not learnt":  {[]string{"--model", nerOnly, "--text", "SECRET", "--tasks", "qa"}, cli.Failure, `no task "qa" in this model; it has [ner]`},
		"output a folder":  {[]string{"--model", model, "--text", "SECRET", "--output", dir}, cli.Failure, "is a directory"},
		"output nowhere":   {[]string{"--model", model, "--text", "SECRET", "--output", filepath.Join(dir, "no", "out.json")}, cli.Failure, "write output"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := infer("", test.args...)
			if got.code != test.code || !strings.Contains(got.err, test.err) {
				t.Errorf("code %d, want %d; standard error %q, want %q in it", got.code, test.code, got.err, test.err)
			}
			if lines := strings.Count(got.err, "\n"); test.code != cli.OK && lines != 1 || test.code == cli.OK && lines != 0 {
				t.Errorf("standard error has %d lines: %q", lines, got.err)
			}
			if strings.Contains(got.err, "SECRET") {
				t.Errorf("the transcript is in the error: %q", got.err)
			}
		})
	}
	if got := infer("", "--help"); got.code != cli.OK || !strings.Contains(got.out, "infer --model models/quickstart --input calls.jsonl") {
		t.Errorf("--help: %+v", got)
	}
}

// TestSameAsPredictor compares what comes out, in JSON, with the API.
func TestSameAsPredictor(t *testing.T) {
	dir := modelDir(t, testTasks())
	m, tok, err := fusion.Load(dir, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	texts := []datasets.Transcript{"Hello, my name is Mwakamba.", "?", "my son was beaten from Kisumu"}
	want, err := fusion.NewPredictor(m, tok).Predict(t.Context(), texts, fusion.PredictOptions{Scores: true, Threshold: 0.3})
	if err != nil {
		t.Fatal(err)
	}
	var input strings.Builder
	for i, text := range texts {
		fmt.Fprintf(&input, "{\"sample_id\":\"qa_%d\",\"text\":%q,\"labels\":\"{}\"}\n", i, string(text))
	}
	for _, format := range []string{"jsonl", "json"} {
		got := infer(input.String(), "--model", dir, "--input", "-", "--format", format, "--scores", "--qa-threshold", "0.3", "--device", "cpu")
		if got.code != cli.OK || got.err != "" {
			t.Fatalf("%+v", got)
		}
		if format == "jsonl" {
			got.out = "[" + strings.ReplaceAll(strings.TrimSpace(got.out), "\n", ",") + "]"
		}
		var objects []map[string]any
		if err := json.Unmarshal([]byte(got.out), &objects); err != nil || len(objects) != len(texts) {
			t.Fatalf("%d objects: %v", len(objects), err)
		}
		for i, object := range objects {
			if object["id"] != fmt.Sprintf("qa_%d", i) {
				t.Errorf("id of call %d is %v", i, object["id"])
			}
			delete(object, "id")
			data, err := json.Marshal(want[i])
			if err != nil {
				t.Fatal(err)
			}
			var expected map[string]any
			if err := json.Unmarshal(data, &expected); err != nil {
				t.Fatal(err)
			}
			if !goldentest.AlikeJSON(object, expected) {
				t.Errorf("%s: call %d: got %v, want %v", format, i, object, expected)
			}
		}
	}
}

// TestIndependentHeads: main and sub-category go together in every format,
// unless each head is to speak for itself.
func TestIndependentHeads(t *testing.T) {
	dir := modelDir(t, testTasks())
	mainOf := map[string]string{"Custody": "Child Maintenance & Custody", "Physical Violence": "GBV"}
	words := strings.Fields("Hello my name is Mwakamba from Kisumu son he was beaten")
	var input strings.Builder
	for i := range words {
		for j := range words {
			fmt.Fprintln(&input, words[i], words[j], words[(i+j)%len(words)])
		}
	}
	for _, precision := range []string{"fp32", "int8"} {
		for independent, args := range map[bool][]string{false: nil, true: {"--independent-heads"}} {
			args = append(args, "--model", dir, "--input", "-", "--input-format", "lines", "--tasks", "cls", "--format", "csv", "--scores", "--device", "cpu", "--precision", precision)
			got := infer(input.String(), args...)
			if got.code != cli.OK {
				t.Fatal(got.err)
			}
			rows, err := csv.NewReader(strings.NewReader(got.out)).ReadAll()
			if err != nil || len(rows) != 1+len(words)*len(words) || strings.Join(rows[0][1:4], "|") != "main_category|main_category (probability)|sub_category" {
				t.Fatalf("%d rows, %v, %v", len(rows), rows[0], err)
			}
			contradictions, unlikely := 0, 0
			for _, row := range rows[1:] {
				if mainOf[row[3]] != row[1] {
					contradictions++
				}
				if row[2] < "0.5" { // the answer's probability, though the other one's is higher
					unlikely++
				}
			}
			if independent != (contradictions > 0) || independent != (unlikely == 0) {
				t.Errorf("%s, independent %v: %d answers contradict themselves, %d aren't the main category's likeliest", precision, independent, contradictions, unlikely)
			}
		}
	}
}

func TestTextsAndFormats(t *testing.T) {
	dir := modelDir(t, testTasks())
	one := infer("", "--model", dir, "--text", "Hello, Mwakamba", "--format", "json", "--tasks", "ner")
	if one.code != cli.OK || !strings.HasPrefix(one.out, `{"ner":[{"token":"Hello",`) || strings.Count(one.out, "\n") != 1 {
		t.Errorf("one --text: %+v", one)
	}
	two := infer("", "--model", dir, "--text", "Hello, Mwakamba", "--text", "my name", "--format", "json", "--tasks", "ner")
	var list []map[string]any
	if err := json.Unmarshal([]byte(two.out), &list); err != nil || len(list) != 2 {
		t.Errorf("two --text: %v, %+v", err, two)
	}
	if text := infer("", "--model", dir, "--text", "my son", "--format", "text"); text.code != cli.OK ||
		!strings.Contains(text.out, "Main category") || !strings.Contains(text.out, "Thanks caller for holding") || strings.Contains(text.out, "\x1b") {
		t.Errorf("text: %+v", text)
	}
	if table := infer("my son\nmy name\n", "--model", dir, "--input", "-", "--format", "csv"); table.code != cli.OK ||
		strings.Count(table.out, "\n") != 3 || !strings.HasPrefix(table.out, "id,main_category,sub_category,intervention,priority,opening: Use") {
		t.Errorf("csv: %+v", table)
	}
}

func TestLongCalls(t *testing.T) {
	dir := modelDir(t, testTasks())
	input := "my son\n" + strings.Repeat("my son was beaten . ", 20) + "\n" + strings.Repeat("Hello ", 30) + "\n" + strings.Repeat("Hello ", 31) + "\n"
	cut := infer(input, "--model", dir, "--input", "-", "--tasks", "ner")
	if want := "infer: warning: calls of more than 32 tokens: 2 of 4; their ends weren't read (--overlap 16 reads all)\n"; cut.code != cli.OK || cut.err != want {
		t.Errorf("code %d, standard error %q, want %q", cut.code, cut.err, want)
	}
	var words []int
	for line := range strings.Lines(cut.out) {
		words = append(words, strings.Count(line, `"token"`))
	}
	if fmt.Sprint(words) != "[2 30 30 30]" {
		t.Errorf("%v words", words)
	}
	whole := infer(input, "--model", dir, "--input", "-", "--tasks", "ner", "--overlap", "8")
	words = nil
	for line := range strings.Lines(whole.out) {
		words = append(words, strings.Count(line, `"token"`))
	}
	if fmt.Sprint(words) != "[2 100 30 31]" || whole.err != "" || strings.Contains(whole.out, "truncated") {
		t.Errorf("with windows %v words, standard error %q", words, whole.err)
	}
}

func TestOutputFile(t *testing.T) {
	model := modelDir(t, testTasks())
	dir := t.TempDir()
	path := filepath.Join(dir, "out.csv")
	args := []string{"--model", model, "--output", path, "--tasks", "cls", "--batch-size", "1"}
	// The third call is bad; the first two have been predicted by then.
	bad := infer("my son\nmy name\n\nHello\n", append(args, "--input", "-")...)
	if bad.code != cli.Failure || bad.out != "" {
		t.Errorf("bad input: %+v", bad)
	}
	filetest.Holds(t, dir)
	good := infer("", append(args, "--text", "my son")...)
	if good.code != cli.OK || good.out != "" || good.err != "" {
		t.Errorf("good input: %+v", good)
	}
	filetest.Holds(t, dir, "out.csv")
	first := filetest.Read(t, path)
	if !strings.HasPrefix(first, "id,main_category") || strings.Count(first, "\n") != 2 {
		t.Errorf("the file holds %q", first)
	}
	if bad := infer("my son\n\nHello\n", append(args, "--input", "-")...); bad.code != cli.Failure {
		t.Errorf("bad input: %+v", bad)
	}
	if got := filetest.Read(t, path); got != first {
		t.Errorf("an error changed the file to %q", got)
	}
	filetest.Holds(t, dir, "out.csv")

	link := filepath.Join(dir, "link.csv")
	if err := os.Symlink("out.csv", link); err != nil {
		t.Fatal(err)
	}
	if got := infer("", "--model", model, "--output", link, "--text", "my son", "--text", "my name"); got.code != cli.OK {
		t.Errorf("through a link: %+v", got)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 || strings.Count(filetest.Read(t, path), "\n") != 3 {
		t.Errorf("the link was replaced: %v, %v", info, err)
	}
}

// TestOutputPipe writes to a file that must not be replaced. It is a pipe of
// its own and no device: with a defect here the device would be gone.
func TestOutputPipe(t *testing.T) {
	model := modelDir(t, testTasks())
	path := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(path, os.O_RDWR, 0) // so that neither end waits for the other
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	if got := infer("", "--model", model, "--output", path, "--text", "my son", "--tasks", "cls"); got.code != cli.OK || got.out != "" {
		t.Errorf("%+v", got)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Fatalf("the pipe was replaced: %v, %v", info, err)
	}
	line, err := bufio.NewReader(pipe).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, `{"classification":`) {
		t.Errorf("through the pipe came %q, %v", line, err)
	}
}

func TestClosedPipe(t *testing.T) {
	model := modelDir(t, testTasks())
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r.Close() // as head does
	var errors strings.Builder
	code := cli.Main("infer", help, &flags{}, []string{"--model", model, "--text", "my son"}, cli.Streams{In: strings.NewReader(""), Out: w, Err: &errors})
	if code != cli.OK || errors.String() != "" {
		t.Errorf("code %d, standard error %q", code, errors.String())
	}
}

func TestFullDisk(t *testing.T) {
	model := modelDir(t, testTasks())
	full := writeFunc(func([]byte) (int, error) { return 0, syscall.ENOSPC })
	var errors strings.Builder
	code := cli.Main("infer", help, &flags{}, []string{"--model", model, "--text", "my son"}, cli.Streams{In: strings.NewReader(""), Out: full, Err: &errors})
	if want := "infer: write output: no space left on device\n"; code != cli.Failure || errors.String() != want {
		t.Errorf("code %d, standard error %q, want %q", code, errors.String(), want)
	}
}
