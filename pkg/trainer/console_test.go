package trainer

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// sourceRun has the sizes of the Python prototype's README.
func sourceRun() (sets []datasets.Set, s Settings, train, val []datasets.Loader) {
	labels := func(n int) []string { return make([]string, n) }
	sets = []datasets.Set{
		{Tasks: []tasks.Task{tasks.NER(tasks.NERLabels())}, Filters: []datasets.Filter{{Before: 2000, After: 1998}}},
		{
			Tasks:   []tasks.Task{tasks.CLS(tasks.CaseLabels{Main: labels(8), Sub: labels(77), Intervention: labels(16), Priority: labels(3)})},
			Filters: []datasets.Filter{{Before: 9996, After: 9996, Truncated: 12}},
		},
		{Tasks: []tasks.Task{tasks.QA()}, Filters: []datasets.Filter{{Before: 4996, After: 4996}}},
	}
	for i, sizes := range [][2]int{{1798, 200}, {8996, 1000}, {4496, 500}} {
		train = append(train, datasets.Loader{Tasks: sets[i].Tasks, Examples: make([]datasets.Example, sizes[0]), BatchSize: 16})
		val = append(val, datasets.Loader{Tasks: sets[i].Tasks, Examples: make([]datasets.Example, sizes[1]), BatchSize: 16})
	}
	return sets, Settings{Epochs: 10, WarmupRatio: 0.1, Patience: 3}, train, val
}

func TestConsoleBeforeTraining(t *testing.T) {
	var out strings.Builder
	c := NewConsole(&out, &out)
	sets, settings, train, val := sourceRun()
	var splits []datasets.Split
	for i := range sets {
		splits = append(splits, datasets.Split{Train: train[i].Examples, Val: val[i].Examples})
	}
	c.Data(sets, splits, 512)
	c.Run(Setup{Parameters: 65883779, Device: "cpu", Threads: 2, Precision: "fp32"}, settings)
	c.Steps(NewPlan(settings, train), train)
	want := `Label counts — main: 8, sub: 77, interv: 16, priority: 3
NER  token filter : kept 1998/2000 (99.9%) — 2 over-length removed
CLS  truncation   : 9996 records kept, long narratives truncated at 512: 12
QA   truncation   : 4996 records kept, long transcripts truncated at 512: 0

Final dataset sizes:
  NER: 1798 train / 200 val
  CLS: 8996 train / 1000 val
  QA:  4496 train / 500 val

Total parameters: 65,883,779
Training on cpu (2 threads, fp32)
Epochs: 10, patience: 3
Batches per epoch: 957 (ner 113, cls 563, qa 281)
Total steps: 9,570, warm-up: 957
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}

func TestConsoleOfAnEpoch(t *testing.T) {
	var out strings.Builder
	c := NewConsole(&out, &out)
	c.EpochBegin(Epoch{Number: 1, Of: 10})
	c.IntervalEnd(Trained{Loss: 2.3141, Losses: []Figure{{"ner", 0.8832}, {"cls", 0.9502}, {"qa", 0.4908}}, Samples: 100, Seconds: 4})
	c.Evaluated(Evaluation{Epoch: 1, Average: 0.4753, Val: []Scores{
		{Task: "ner", Name: "ner_f1", Value: 0.412, Loss: 0.5}, {Task: "cls", Name: "cls_avg_acc", Value: 0.531}, {Task: "qa", Name: "qa_avg_f1", Value: 0.483, Loss: 0.25},
	}}, true)
	c.CheckpointSaved()
	want := `
Epoch 1/10
  train_loss=2.3141  ner=0.8832  cls=0.9502  qa=0.4908  (25.0 samples/s, 4s)
  val  — NER F1: 0.412  CLS acc: 0.531  QA F1: 0.483  avg: 0.475  loss: 0.7500
  [Checkpoint saved]
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}

// The lines of a run as the quickstart's have room on a terminal of 80 columns.
func TestLinesOfAnEpochAreShort(t *testing.T) {
	for _, c := range []struct {
		samples int
		seconds float64
		want    string
	}{{5309, 104.37, "50.9 samples/s, 1m44s"}, {100, 4, "25.0 samples/s, 4s"}, {100, 0.5, "200 samples/s, 500ms"}, {90000, 59.96, "1501 samples/s, 1m0s"}, {5000, 4000, "1.2 samples/s, 1h6m40s"}} {
		if got := pace(c.samples, c.seconds); got != c.want {
			t.Errorf("%d in %v s: %s, want %s", c.samples, c.seconds, got, c.want)
		}
	}
	var out strings.Builder
	NewConsole(&out, &out).IntervalEnd(Trained{Loss: 14.8953, Losses: []Figure{{"ner", 0.5848}, {"cls", 9.2181}, {"qa", 3.7601}}, Samples: 15309, Seconds: 104.37})
	NewConsole(&out, &out).filterLine(tasks.Task{Name: "qa", Kind: tasks.MultiLabel}, datasets.Filter{Before: 15000, After: 15000, Truncated: 120}, 512, datasets.Windows{})
	NewConsole(&out, &out).filterLine(tasks.Task{Name: "qa", Kind: tasks.MultiLabel}, datasets.Filter{Before: 15000, After: 15000, Windowed: 9120}, 512, datasets.Windows{Length: 512})
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// A step says how long the rest of the run takes, at the pace of this process.
func TestRunLeft(t *testing.T) {
	tr, _ := toy(t, 4)
	tr.build(t)
	per := tr.progress.PerEpoch
	tr.firstStep = per // a resumed run
	for _, test := range []struct {
		step       int
		took, want time.Duration
	}{
		{per, time.Hour, 0}, // nothing to go by
		{2 * per, time.Hour, 2 * time.Hour},
		{2 * per, 3 * time.Hour, 6 * time.Hour},
		{3 * per, time.Hour, 30 * time.Minute},
		{4 * per, time.Hour, 0},
	} {
		tr.progress.Step = test.step
		if got := tr.left(test.took); got != test.want {
			t.Errorf("after step %d: %v are left, want %v", test.step, got, test.want)
		}
	}
}

// The bar tells of the whole run, but in the last epoch, whose time is the run's; among
// several models it tells of all.
func TestTimeLeftInTheBar(t *testing.T) {
	hour := StepEnd{Left: time.Hour, Rest: 100}
	for _, test := range []struct {
		name          string
		series        Series
		epoch         int // of 3
		step          StepEnd
		begins, title string
	}{
		{"alone", Series{}, 2, hour, "run 1h00m left, loss ", "Training"},
		{"alone, last epoch", Series{}, 3, hour, "loss ", "Training"},
		{"alone, too early", Series{}, 1, StepEnd{Rest: 100}, "loss ", "Training"},
		{"second of four", Series{2, 4, 300}, 2, hour, "all models 4h00m left, loss ", "Model 2 of 4: training"},
		{"second of four, last epoch", Series{2, 4, 300}, 3, hour, "all models 4h00m left, loss ", "Model 2 of 4: training"},
		{"second of four, too early", Series{2, 4, 300}, 1, StepEnd{Rest: 100}, "loss ", "Model 2 of 4: training"},
		{"second of four, last step", Series{2, 4, 300}, 3, StepEnd{}, "loss ", "Model 2 of 4: training"},
		{"last of four", Series{4, 4, 0}, 2, hour, "run 1h00m left, loss ", "Model 4 of 4: training"},
		{"last of four, last epoch", Series{4, 4, 0}, 3, hour, "loss ", "Model 4 of 4: training"},
	} {
		var out strings.Builder
		c := NewConsole(&out, nil)
		c.SetSeries(test.series)
		c.EpochBegin(Epoch{Number: test.epoch, Of: 3, Steps: 10})
		if got := c.running(test.step); !strings.HasPrefix(got, test.begins) {
			t.Errorf("%s: the text is %q", test.name, got)
		}
		if got := test.series.title("Training"); got != test.title {
			t.Errorf("%s: the title is %q", test.name, got)
		}
		c.StepEnd(test.step)
		c.EpochEnd()
		if want := "\nEpoch " + string(rune('0'+test.epoch)) + "/3\n"; out.String() != want {
			t.Errorf("%s: without a terminal it printed %q", test.name, out.String())
		}
	}
}
