package main

import (
	"bufio"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
)

func TestFilterKeepsLines(t *testing.T) {
	model := modelDir(t, testTasks())
	args := []string{"--model", model, "--input", "-", "--input-format", "jsonl", "--tasks", "cls", "--mark-bad-records", "--batch-size", "2"}
	input := "SECRET\n\n" + strings.Repeat(`{"text":"my son","id":"a"}`+"\n", 9) + `{"id":"b","text":"SECRET"` + "\n" + `{"id":"c"}` + "\n"
	got := infer(input, args...)
	lines := strings.SplitAfter(got.out, "\n")
	if got.code != cli.OK || len(lines)-1 != strings.Count(input, "\n") || strings.Contains(got.out+got.err, "SECRET") {
		t.Fatalf("%+v", got)
	}
	for i, line := range lines[:len(lines)-1] {
		want := `{"id":"a","classification":{`
		switch i {
		case 0:
			want = `{"error":"standard input: line 1: broken JSON at byte 1"}` + "\n"
		case 1:
			want = `{"error":"standard input: line 2: the line is empty"}` + "\n"
		case 11:
			want = `{"error":"standard input: line 12: broken JSON at byte 25"}` + "\n"
		case 12:
			want = `{"id":"c","error":"standard input: line 13: there is no field text or narrative"}` + "\n"
		}
		if !strings.HasPrefix(line, want) {
			t.Errorf("line %d is %s, want %s", i+1, line, want)
		}
	}
	if want := "infer: warning: calls that can't be read: 4 of 13; each has a field error in the output\n"; got.err != want {
		t.Errorf("standard error %q, want %q", got.err, want)
	}
	if only := infer("\n\n", args...); only.code != cli.OK || strings.Count(only.out, "\n") != 2 {
		t.Errorf("only bad lines: %+v", only)
	}
	if none := infer("", args...); none != (result{}) { // a partition of Spark's may be empty
		t.Errorf("nothing: %+v", none)
	}
	if array := infer("", append(args, "--format", "json")...); array != (result{out: "[\n]\n"}) {
		t.Errorf("nothing, as an array: %+v", array)
	}
	if table := infer(input, append(args, "--format", "csv")...); table.code != cli.Misuse || table.out != "" {
		t.Errorf("csv: %+v", table)
	}
}

// Whoever feeds a filter may wait for an answer before the next call.
func TestFilterAnswersWhenFedSlowly(t *testing.T) {
	model := modelDir(t, testTasks())
	read, feed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, out := io.Pipe()
	ended := make(chan int)
	go func() {
		args := []string{"--model", model, "--input", "-", "--input-format", "lines", "--format", "jsonl", "--tasks", "cls"}
		var errs strings.Builder
		code := cli.Main("infer", help, &flags{}, args, cli.Streams{In: read, Out: out, Err: &errs})
		out.Close()
		ended <- code
	}()
	lines := bufio.NewReader(answers)
	for range 3 {
		if _, err := io.WriteString(feed, "my son\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, `{"classification":`) {
			t.Fatalf("%q, %v", line, err)
		}
	}
	feed.Close()
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("at the end came %q, %v", rest, err)
	}
	if code := <-ended; code != cli.OK {
		t.Errorf("exit code %d", code)
	}
}
