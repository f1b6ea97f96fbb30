package label

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/fusion"
)

// newJob reads n calls with a fake model. read counts the calls that were
// taken from the input.
func newJob(n int, model *fake, read *int) (*job, *bytes.Buffer) {
	var out bytes.Buffer
	d, _ := newDestination("", &out)
	return &job{
		in: source{records: func(yield func(record, error) bool) {
			for i := range n {
				*read++
				r, err := newRecord(fmt.Sprintf("%04d is the call's number", i), nil)
				if !yield(r, err) {
					return
				}
			}
		}},
		out:     d,
		open:    func() (predictor, error) { return model, nil },
		options: fusion.PredictOptions{BatchSize: 2},
		style:   style{format: "jsonl"},
	}, &out
}

func TestJobKeepsOrderInBoundedWindows(t *testing.T) {
	const n = 200
	model := &fake{list: testTasks()[:1]}
	var read int
	j, out := newJob(n, model, &read)
	written := 0
	most := 0
	counting := writeFunc(func(p []byte) (int, error) {
		written += bytes.Count(p, []byte("\n"))
		most = max(most, read-written)
		return out.Write(p)
	})
	d, _ := newDestination("", counting)
	j.out = d
	if err := j.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []int{2, 4, 8, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 10}; !slices.Equal(model.sizes, want) {
		t.Errorf("windows of %v calls, want %v", model.sizes, want)
	}
	if limit := windowBatches*2 + 2; most > limit {
		t.Errorf("%d calls were in memory, want at most %d", most, limit)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != n || j.Records != n {
		t.Fatalf("%d lines, %d read, want %d", len(lines), j.Records, n)
	}
	for i, line := range lines {
		if want := fmt.Sprintf(`{"token":"%04d"`, i); !strings.Contains(line, want) {
			t.Fatalf("line %d is %s", i+1, line)
		}
	}
}

type writeFunc func(p []byte) (int, error)

func (f writeFunc) Write(p []byte) (int, error) { return f(p) }

func TestJobAnswersAPersonAtOnce(t *testing.T) {
	model := &fake{list: testTasks()[:1]}
	var read int
	j, _ := newJob(3, model, &read)
	j.in.interactive = true
	if err := j.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 1, 1}; !slices.Equal(model.sizes, want) {
		t.Errorf("windows of %v calls, want %v", model.sizes, want)
	}
}

func TestJobBoundsBytes(t *testing.T) {
	window, err := new(job).collect(t.Context(), readAhead(t.Context(), func(yield func(record, error) bool) {
		r, _ := newRecord(strings.Repeat("word ", windowBytes/8), nil)
		for yield(r, nil) {
		}
	}), 1000)
	if err != nil || len(window) != 2 {
		t.Errorf("%d calls of more than half a window, error %v", len(window), err)
	}
}

func TestJobReadsBadInputBeforeTheModel(t *testing.T) {
	var read int
	j, _ := newJob(0, nil, &read)
	bad := errors.New("line 1: bad")
	j.in.records = func(yield func(record, error) bool) { yield(record{}, bad) }
	j.open = func() (predictor, error) { t.Error("the model was loaded"); return nil, nil }
	if err := j.run(t.Context()); !errors.Is(err, bad) {
		t.Errorf("error %v", err)
	}
}

func TestJobStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var read int
	j, _ := newJob(3, &fake{list: testTasks()}, &read)
	j.in.records = func(func(record, error) bool) { <-t.Context().Done() } // nobody types
	if err := j.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// A reader that was stopped looks as if the input had ended. It must not pass for that.
func TestStoppedReaderIsNoEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ended := make(chan item)
	close(ended)
	for range 100 { // select takes either way
		if window, err := new(job).collect(ctx, ended, 1); !errors.Is(err, context.Canceled) {
			t.Fatalf("%d calls, error %v", len(window), err)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, test := range []struct {
		job  job
		want string
	}{
		{job{Counts: Counts{Records: 5}}, ""},
		{
			job{Counts: Counts{Records: 5, Truncated: 2}, ending: ending{512, "--overlap 128 reads all"}},
			"infer: warning: calls of more than 512 tokens: 2 of 5; their ends weren't read (--overlap 128 reads all)\n",
		},
		{ // a model that can't share 128 tokens
			job{Counts: Counts{Records: 5, Truncated: 2}, ending: ending{128, "--overlap 64 reads all"}},
			"infer: warning: calls of more than 128 tokens: 2 of 5; their ends weren't read (--overlap 64 reads all)\n",
		},
		{
			job{Counts: Counts{Records: 1, Truncated: 1, Repaired: 1}, ending: ending{512, "--overlap 128 reads all"}},
			"infer: warning: calls of more than 512 tokens: 1 of 1; their ends weren't read (--overlap 128 reads all)\n" +
				"infer: warning: calls that aren't in UTF-8, or hold half a surrogate pair: 1 of 1; each such place was read as U+FFFD\n",
		},
	} {
		var b strings.Builder
		if test.job.warn(func(line string) { b.WriteString("infer: " + line + "\n") }); b.String() != test.want {
			t.Errorf("got %q, want %q", b.String(), test.want)
		}
	}
}
