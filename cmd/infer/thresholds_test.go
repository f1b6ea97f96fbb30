package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// thresholdsFile writes a file for --thresholds.
func thresholdsFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "thresholds.json")
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBadThresholds(t *testing.T) {
	model := modelDir(t, slices.Concat(testTasks(), tinymodel.Custom(t)[1:3]))
	const shape = `want a JSON object of tasks, each an object of heads with numbers: {"qa": {"opening": 0.43}}`
	for name, test := range map[string]struct{ content, err string }{
		"empty":           {"", "FILE: the file is empty"},
		"cut off":         {`{"qa": {"opening": 0.4`, "FILE: the JSON ends too early"},
		"broken":          {`{"qa": SECRET}`, "FILE: broken JSON at byte 8"},
		"trailing":        {`{"qa": {"opening": 0.4}} {}`, "FILE: something follows the JSON object's end"},
		"trailing text":   {`{"qa": {"opening": 0.4}} SECRET`, "FILE: something follows the JSON object's end"},
		"null":            {`null`, "FILE: " + shape},
		"a number":        {`0.4`, "FILE: " + shape},
		"an array":        {`[{"text": "SECRET"}]`, "FILE: " + shape},
		"a call":          {`{"text": "SECRET"}`, "FILE: " + shape},
		"task null":       {`{"qa": null}`, "FILE: " + shape},
		"task a number":   {`{"qa": 0.4}`, "FILE: " + shape},
		"head null":       {`{"qa": {"opening": null}}`, "FILE: " + shape},
		"head a string":   {`{"qa": {"opening": "0.4"}}`, "FILE: " + shape},
		"head a list":     {`{"qa": {"opening": [0.4]}}`, "FILE: " + shape},
		"huge":            {`{"qa": {"opening": 1e999}}`, "FILE: " + shape},
		"no such task":    {`{"sa": {"opening": 0.4}}`, `thresholds: no task "sa" in this model; it has [ner cls qa mood risk_signs]`},
		"no such head":    {`{"qa": {"opening": 0.4, "openning": 0.4}}`, `thresholds: task qa has no head "openning"`},
		"not yes or no":   {`{"mood": {"caller": 0.4}}`, "thresholds: task mood has no yes/no outputs"},
		"not in own task": {`{"risk_signs": {"hold": 0.4}}`, `thresholds: task risk_signs has no head "hold"`},
		"0":               {`{"qa": {"opening": 0}}`, "thresholds: qa.opening is 0; want more than 0 and less than 1"},
		"1":               {`{"risk_signs": {"needs": 1}}`, "thresholds: risk_signs.needs is 1; want more than 0 and less than 1"},
	} {
		t.Run(name, func(t *testing.T) {
			path := thresholdsFile(t, test.content)
			want := "infer: " + test.err + "\n"
			if rest, file := strings.CutPrefix(test.err, "FILE"); file {
				want = "infer: read thresholds: " + path + rest + "\n"
			}
			got := infer("", "--model", model, "--text", "Hello", "--thresholds", path)
			if got.code != cli.Failure || got.err != want || got.out != "" {
				t.Errorf("got %+v, want %s", got, want)
			}
		})
	}
	none := filepath.Join(t.TempDir(), "none.json")
	if got := infer("", "--model", model, "--text", "Hello", "--thresholds", none); got.code != cli.Failure || got.err != "infer: read thresholds: open "+none+": no such file or directory\n" {
		t.Errorf("no file: %+v", got)
	}
}

// TestThresholds sets two heads' thresholds just above and just below a
// probability, and looks at all.
func TestThresholds(t *testing.T) {
	dir := modelDir(t, slices.Concat(testTasks(), tinymodel.Custom(t)[1:3]))
	type prediction struct {
		QA     map[string][]int
		Tasks  map[string]map[string]json.RawMessage
		Scores struct {
			QA    map[string][]float64
			Tasks map[string]map[string]map[string]float64
		}
	}
	run := func(args ...string) (p prediction) {
		t.Helper()
		args = append([]string{"--model", dir, "--text", "my son was beaten", "--format", "json", "--scores", "--qa-threshold", "0.5"}, args...)
		got := infer("", args...)
		if err := json.Unmarshal([]byte(got.out), &p); err != nil || got.code != cli.OK {
			t.Fatalf("%v: %+v", err, got)
		}
		return p
	}
	plain := run()
	opening := plain.Scores.QA["opening"][0]
	shelter := plain.Scores.Tasks["risk_signs"]["needs"]["shelter"]
	for sign, want := range map[float64]int{1e-4: 0, -1e-4: 1} {
		data, err := json.Marshal(fusion.Thresholds{"qa": {"opening": opening + sign}, "risk_signs": {"needs": shelter + sign}})
		if err != nil {
			t.Fatal(err)
		}
		got := run("--thresholds", thresholdsFile(t, string(data)))
		if flag := got.QA["opening"][0]; flag != want {
			t.Errorf("opening, of probability %g, is %d with %s", opening, flag, data)
		}
		var needs map[string]int
		if err := json.Unmarshal(got.Tasks["risk_signs"]["needs"], &needs); err != nil || needs["shelter"] != want {
			t.Errorf("needs, with shelter's probability %g, is %v with %s", shelter, needs, data)
		}
		for head, flags := range plain.QA {
			if head != "opening" && !slices.Equal(got.QA[head], flags) {
				t.Errorf("%s became %v, was %v", head, got.QA[head], flags)
			}
		}
		if a, b := got.Tasks["risk_signs"]["opening"], plain.Tasks["risk_signs"]["opening"]; string(a) != string(b) {
			t.Errorf("risk_signs.opening became %s, was %s", a, b)
		}
		if fmt.Sprint(got.Scores) != fmt.Sprint(plain.Scores) {
			t.Error("a threshold changed probabilities")
		}
	}
	// Thresholds of tasks that aren't asked for are fine.
	if got := infer("", "--model", dir, "--text", "my son", "--tasks", "cls", "--thresholds", thresholdsFile(t, `{"qa": {"opening": 0.4}}`)); got.code != cli.OK {
		t.Errorf("--tasks cls: %+v", got)
	}
}
