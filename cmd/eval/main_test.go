package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/tinymodel"
)

func TestFailures(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
	write(t, "qa/held_out_qa.csv", "record,share\n99,test\n")
	write(t, "no-number.csv", "record,text\nSECRET,SECRET\n")
	write(t, "no-column.csv", "number\n1\n")
	write(t, "empty.csv", "")
	write(t, "beyond.csv", "record\n1\n25\n")
	write(t, "thresholds.json", `{"qa": {"openning": 0.4}}`)
	write(t, "of-cls.json", `{"cls": {"main": 0.4}}`)
	write(t, "secret.json", `[{"text": "SECRET"}]`)
	write(t, "bad.jsonl", `{"text": "SECRET", "entities": [{"start": 0, "end": 99, "label": "NAME"}]}`)
	ner, both := []string{"--model", "ner", "--data", nerFile}, append([]string{"--model", "fusion"}, allData...)
	tests := map[string]struct {
		args []string
		code int
		want string // in the one line on standard error
	}{
		"no model":             {[]string{"--data", nerFile}, cli.Misuse, "--model"},
		"no data":              {[]string{"--model", "ner"}, cli.Misuse, "--data"},
		"two files for all":    {append(ner, "--data", qaFile), cli.Misuse, "want one file for each task"},
		"two files for a task": {[]string{"--model", "ner", "--data", "ner=" + nerFile, "--data", "ner=" + qaFile}, cli.Misuse, "want one file for each task"},
		"no file":              {[]string{"--model", "ner", "--data", "ner="}, cli.Misuse, "--data ner=: want one file"},
		"no task's name":       {[]string{"--model", "ner", "--data", "=" + nerFile}, cli.Misuse, "want one file"},
		"which of two tasks":   {[]string{"--model", "fusion", "--task", "cls,ner", "--data", clsFile}, cli.Misuse, "say for which task it is, as in cls=" + clsFile},
		"task without data":    {[]string{"--model", "fusion", "--task", "cls", "--data", "ner=" + nerFile}, cli.Misuse, "--data cls=FILE"},
		"two lists":            {append(ner, "--held-out", "--records", "beyond.csv"), cli.Misuse, "can't be used together"},
		"format":               {append(ner, "--format", "xml"), cli.Misuse, "--format"},
		"resamples":            {append(ner, "--bootstrap=-1"), cli.Misuse, "--bootstrap"},
		"timed calls":          {append(ner, "--timed-calls", "0"), cli.Misuse, "--timed-calls"},
		"batch size":           {append(ner, "--batch-size", "0"), cli.Misuse, "--batch-size"},
		"recall alone":         {append(ner, "--recall", "priority=1:0.9"), cli.Misuse, "--recall belongs to --calibrate"},
		"recall's form":        {append(ner, "--calibrate", "--recall", "priority"), cli.Misuse, "as in priority=critical:0.95"},
		"calibrate two":        {append(ner, "--calibrate", "--compare", "qa"), cli.Misuse, "--calibrate is for one model directory"},
		"output a file":        {append(ner, "--output", "empty.csv"), cli.Misuse, "is a file"},
		"output a model":       {append(ner, "--output", "qa"), cli.Misuse, "holds a model"},

		"no such model":          {[]string{"--model", "none", "--data", nerFile}, cli.Failure, "there is no model directory none; train one"},
		"no such other model":    {append(ner, "--compare", "ner+none"), cli.Failure, "there is no model directory none"},
		"no model in it":         {[]string{"--model", "data", "--data", nerFile}, cli.Failure, "no weights"},
		"for which task":         {[]string{"--model", "fusion", "--data", nerFile}, cli.Failure, "fusion does ner, cls, qa: say for which the data is, as in --data ner=" + nerFile},
		"no model's task":        {append(both, "--data", "mood=x.json"), cli.Failure, `no model does task "mood"; fusion does ner, cls, qa`},
		"data for other tasks":   {[]string{"--model", "ner", "--compare", "qa", "--data", "qa=" + qaFile}, cli.Failure, "there is no data for a task of ner"},
		"task it can't do":       {[]string{"--model", "ner", "--task", "qa", "--data", qaFile}, cli.Failure, "--task: ner can't do qa; it does ner"},
		"no such data":           {[]string{"--model", "ner", "--data", "none.jsonl"}, cli.Failure, "none.jsonl: no such file"},
		"bad record":             {[]string{"--model", "ner", "--data", "bad.jsonl"}, cli.Failure, "bad.jsonl"},
		"twice in a group":       {append(both, "--compare", "ner+fusion"), cli.Failure, "ner+fusion: both ner and fusion do task ner"},
		"no held-out list":       {append(ner, "--held-out"), cli.Failure, "--held-out: ner has no held_out_*.csv of task ner"},
		"list of another file":   {[]string{"--model", "qa", "--data", qaFile, "--held-out"}, cli.Failure, "lists record 99; " + qaFile + " has only 24"},
		"no list":                {append(ner, "--records", "none.csv"), cli.Failure, "read the list of records none.csv: no such file"},
		"list without numbers":   {append(ner, "--records", "no-number.csv"), cli.Failure, `no-number.csv: row 2: column "record" holds no record number`},
		"list without column":    {append(ner, "--records", "no-column.csv"), cli.Failure, `it has no column "record"`},
		"empty list":             {append(ner, "--records", "empty.csv"), cli.Failure, "it lists no record"},
		"record isn't there":     {append(ner, "--records", "beyond.csv"), cli.Failure, "beyond.csv lists record 25; " + nerFile + " has only 24"},
		"threshold's head":       {append(both, "--thresholds", "thresholds.json"), cli.Failure, `thresholds: task qa has no head "openning"`},
		"threshold's task":       {append(both, "--thresholds", "of-cls.json"), cli.Failure, "task cls has no yes/no outputs"},
		"thresholds that aren't": {append(both, "--thresholds", "secret.json"), cli.Failure, "secret.json: want a JSON object"},
		"device":                 {append(ner, "--device", "tpu"), cli.Failure, `"tpu"`},
		"output under a file":    {append(ner, "--output", "empty.csv/report"), cli.Failure, "--output empty.csv/report: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := eval(test.args...)
			if got.code != test.code || !strings.Contains(got.err, test.want) {
				t.Errorf("code %d, want %d; standard error %q, want %q in it", got.code, test.code, got.err, test.want)
			}
			if strings.Count(got.err, "\n") != 1 {
				t.Errorf("standard error isn't one line: %q", got.err)
			}
			if strings.Contains(got.out+got.err, "SECRET") {
				t.Errorf("a text got out: %q", got.err)
			}
		})
	}
	if data := read(t, "empty.csv"); data != "" {
		t.Error("a file in the way of --output was written over")
	}
}

func TestHelp(t *testing.T) {
	got := eval("--help")
	if got.code != cli.OK {
		t.Errorf("code %d", got.code)
	}
	for _, want := range []string{"Examples:", "eval --model models/fusion --compare ner_model+classification_model+qa_model", "--[no-]plots", "--held-out", "(1000)"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q is missing in\n%s", want, got.out)
		}
	}
}

func TestCancelled(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := flags{Model: "ner", Data: []string{nerFile}, Format: "text", BatchSize: 4, TimedCalls: 1, Device: "cpu", Precision: "fp32", Output: "report"}
	if err := f.Run(ctx, cli.Streams{Out: io.Discard, Err: io.Discard}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat("report"); !os.IsNotExist(err) {
		t.Errorf("a report was written: %v", err)
	}
}
