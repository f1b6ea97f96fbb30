package evaluate

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/report"
)

// The data files of a [tinymodel.World].
const (
	nerFile = tinymodel.NERData
	clsFile = tinymodel.CasesData
	qaFile  = tinymodel.QAData
)

var allData = []string{"ner=" + nerFile, "cls=" + clsFile, "qa=" + qaFile}

// options are for one CPU thread, with few resamples.
func options(t *testing.T, model string, data ...string) Options {
	t.Helper()
	o := Defaults()
	o.Model, o.Device, o.Threads, o.Bootstrap = model, "cpu", 1, 20
	for _, text := range data {
		file, err := ParseDataFile(text)
		if err != nil {
			t.Fatal(err)
		}
		o.Data = append(o.Data, file)
	}
	return o
}

// mustRun runs an evaluation that has nothing to notice.
func mustRun(t *testing.T, o Options) *Result {
	t.Helper()
	o.Notice = func(line string) { t.Error(line) }
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatalf("%+v: %v", o, err)
	}
	return r
}

// score is the result of the first model.
func score(t *testing.T, o Options) ModelResult {
	t.Helper()
	return mustRun(t, o).Models[0]
}

// mustSave saves a result in dir, without plots.
func mustSave(t *testing.T, r *Result, dir string) {
	t.Helper()
	if _, err := r.Save(t.Context(), dir, false); err != nil {
		t.Fatal(err)
	}
}

// report is that of a task.
func (m ModelResult) report(t *testing.T, task string) report.Report {
	t.Helper()
	for _, r := range m.Reports {
		if r.Task == task {
			return r
		}
	}
	t.Fatalf("%s has no report on %s", m.Model, task)
	return report.Report{}
}

// value is that of a figure.
func value(t *testing.T, r report.Report, name string) float64 {
	t.Helper()
	for _, f := range r.Figures() {
		if f.Name == name {
			return f.Value
		}
	}
	t.Fatalf("the report on %s has no figure %s", r.Task, name)
	return 0
}

// sameFigures compares the figures of two results up to rounding: MKL may round
// otherwise in another pass of the same process.
func sameFigures(t *testing.T, got, want ModelResult) {
	t.Helper()
	if len(got.Reports) != len(want.Reports) {
		t.Fatalf("%d reports, want %d", len(got.Reports), len(want.Reports))
	}
	for _, r := range got.Reports {
		for _, f := range r.Figures() {
			if want := value(t, want.report(t, r.Task), f.Name); math.Abs(f.Value-want) > 1e-6 {
				t.Errorf("%s of %s is %v, want %v", f.Name, r.Task, f.Value, want)
			}
		}
	}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}
