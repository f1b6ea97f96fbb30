package evaluate

import (
	"errors"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/report"
)

func TestOptions(t *testing.T) {
	ner := DataFile{Task: "ner", Path: "ner.jsonl"}
	for name, test := range map[string]struct {
		change func(*Options)
		want   string // "": nothing is wrong
	}{
		"none":              {func(*Options) {}, ""},
		"resamples":         {func(o *Options) { o.Bootstrap = -1 }, "--bootstrap is -1; want 0 or more"},
		"batches":           {func(o *Options) { o.BatchSize = 0 }, "--batch-size is 0; want 1 or more"},
		"timed calls":       {func(o *Options) { o.TimedCalls = 0 }, "--timed-calls is 0; want 1 or more"},
		"threads":           {func(o *Options) { o.Threads = -1 }, "--threads is -1; want 0 or more"},
		"model":             {func(o *Options) { o.Model = "" }, "--model"},
		"data":              {func(o *Options) { o.Data = nil }, "give labelled calls with --data"},
		"two lists":         {func(o *Options) { o.HeldOut, o.Records = true, "list.csv" }, "can't be used together"},
		"precision":         {func(o *Options) { o.Precision = "fp8" }, `--precision is "fp8"`},
		"two files":         {func(o *Options) { o.Data = append(o.Data, ner) }, "--data ner=ner.jsonl: want one file"},
		"no path":           {func(o *Options) { o.Data = []DataFile{{Task: "qa"}} }, "--data qa=: want one file"},
		"the one task":      {func(o *Options) { o.Data[0].Task, o.Tasks = "", []string{"ner"} }, ""},
		"which task":        {func(o *Options) { o.Data[0].Task, o.Tasks = "", []string{"ner", "qa"} }, "say for which task it is, as in ner=ner.jsonl"},
		"task without data": {func(o *Options) { o.Tasks = []string{"qa"} }, "--data qa=FILE"},
	} {
		o := Defaults()
		o.Model, o.Data = "model", []DataFile{ner}
		test.change(&o)
		err := o.Check()
		if (err != nil) != (test.want != "") || err != nil && (!errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestParseDataFile(t *testing.T) {
	for text, want := range map[string]DataFile{"a.json": {"", "a.json"}, "qa=a.json": {"qa", "a.json"}, "qa=a=b": {"qa", "a=b"}} {
		got, err := ParseDataFile(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "=", "=a.json", "qa="} {
		if got, err := ParseDataFile(text); !errors.Is(err, ErrOptions) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

// A result that was read from a metrics.json has no outputs to write predictions of.
func TestSaveWithoutOutputs(t *testing.T) {
	r := Result{Models: []ModelResult{{Model: "old", Reports: []report.Report{{Task: "ner"}}}}}
	if _, err := r.Save(t.Context(), t.TempDir(), false); err == nil || !strings.Contains(err.Error(), "the outputs of old aren't in memory") {
		t.Errorf("%v", err)
	}
}
