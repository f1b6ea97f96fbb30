package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/reviews"
)

// secretWord stands for what a call says: nothing that is written may have it.
const secretWord = "Zawadikipekee"

// writeReviews writes a file of reviews, as the page hands it out.
func writeReviews(t *testing.T, path string, list ...reviews.Review) {
	t.Helper()
	var b bytes.Buffer
	for i, r := range list {
		r.Version, r.ID = 1, fmt.Sprintf("r%d", i+1)
		if r.Call == "" {
			r.Call = reviews.HashText(r.Text)
		}
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// demoReviews are reviews of the first demo call, by two people who disagree, and of a new one.
func demoReviews(t *testing.T, c config.Config) []reviews.Review {
	t.Helper()
	plan, err := planData(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.provide(t.Context(), new(bytes.Buffer)); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(c.Data.NERPath)
	if err != nil {
		t.Fatal(err)
	}
	var first datasets.NERRecord
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&first); err != nil {
		t.Fatal(err)
	}
	call := reviews.HashText(string(first.Text))
	text := "Caller: I am " + secretWord + " and my child is beaten at home."
	return []reviews.Review{
		{Call: call, Who: "a", New: reviews.Labels{Entities: []reviews.Span{}}},
		{Call: call, Who: "b", New: reviews.Labels{Entities: []reviews.Span{{Start: 0, End: 1, Label: "AGE"}}}},
		{Text: text, Who: "a", New: reviews.Labels{Entities: []reviews.Span{{Start: 13, End: 26, Label: "NAME"}}, Classification: map[string]string{"priority": "1"}, QA: map[string][]int{"hold": {-1, 1}}}},
	}
}

func TestReviewsAreTrainedOn(t *testing.T) {
	c := small(t)
	c.MLflow.TrackingURI = filepath.Join(t.TempDir(), "mlruns")
	list := demoReviews(t, c)
	c.Data.Reviews = "page.jsonl"
	writeReviews(t, c.Data.Reviews, list...)
	var out, stderr bytes.Buffer
	o := Options{Device: "cpu", Out: &out, Err: &stderr}
	if err := CheckData(t.Context(), c, o); err != nil {
		t.Fatal(err)
	}
	r, err := Open(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ner := r.data.sources[0]
	if got := ner.records.Reviews; got != (datasets.ReviewCounts{Corrected: 1, Added: 1}) {
		t.Errorf("ner: %+v", got)
	}
	for i, train := range []int{len(ner.split.Train), len(r.data.sources[1].split.Train), len(r.data.sources[2].split.Train)} {
		s := r.data.sources[i]
		if all := len(s.set.Examples); train+len(s.split.Val) != all || s.set.FromFile != all-1 {
			t.Errorf("%s: %d records, of which %d from the file, %d trained on, %d held out", s.set.Path, all, s.set.FromFile, train, len(s.split.Val))
		}
	}
	if err := r.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	card, err := os.ReadFile(filepath.Join(c.Output.ModelDir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	const said = "2 calls, 1 of them with reviewers who disagree (the last one's word counts)"
	const counted = "2 reviewed calls; 1 with the text of records, whose labels they correct, 1 new"
	for name, text := range map[string]string{"output": out.String(), "model card": string(card)} {
		if !strings.Contains(text, said) || !strings.Contains(text, counted) {
			t.Errorf("the %s doesn't say what became of the reviews:\n%s", name, text)
		}
	}
	params, err := filepath.Glob(filepath.Join(c.MLflow.TrackingURI, "*", "*", "params", "reviews_*"))
	if err != nil || len(params) != 2+3*5 {
		t.Errorf("MLflow has the parameters %q, %v", params, err)
	}
	noText(t, ".", c.Data.Reviews)
	if strings.Contains(out.String()+stderr.String(), secretWord) {
		t.Error("the output has words of a call")
	}
}

// noText refuses files with words of a call, but for those named and the vocabulary.
func noText(t *testing.T, dir string, but ...string) {
	t.Helper()
	if err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		for _, name := range but {
			if e.Name() == name {
				return nil
			}
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(secretWord)) {
			t.Errorf("%s has words of a call", path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestResumeRefusesOtherReviews(t *testing.T) {
	c := small(t)
	c.MLflow.Enabled = false
	list := demoReviews(t, c)
	c.Data.Reviews = "reviews.jsonl"
	writeReviews(t, c.Data.Reviews, list[:2]...)
	open := func(o Options) (*Run, error) {
		o.Device = "cpu"
		return Open(t.Context(), c, o)
	}
	r, err := open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	before, err := r.fingerprint()
	r.Close()
	if err != nil {
		t.Fatal(err)
	}
	writeReviews(t, "moved.jsonl", list[:2]...)
	c.Data.Reviews = "moved.jsonl"
	if r, err = open(Options{}); err != nil {
		t.Fatal(err)
	}
	after, err := r.fingerprint()
	r.Close()
	if got := changes(before, after); err != nil || len(got) > 0 {
		t.Errorf("the same reviews elsewhere: %v, %q", err, got)
	}
	writeReviews(t, "moved.jsonl", list...)
	if r, err = open(Options{}); err != nil {
		t.Fatal(err)
	}
	after, err = r.fingerprint()
	r.Close()
	if got := changes(before, after); err != nil || !strings.Contains(strings.Join(got, "\n"), "the reviews was ") {
		t.Errorf("with another review: %v, %q", err, got)
	}
}

func TestReviewsThatCantBeRead(t *testing.T) {
	c := small(t)
	demoReviews(t, c)
	c.Data.Reviews = "none"
	if _, err := Open(t.Context(), c, Options{Device: "cpu"}); err == nil || !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "data.reviews") {
		t.Errorf("a file that isn't there: %v", err)
	}
	writeReviews(t, "none")
	if _, err := Open(t.Context(), c, Options{Device: "cpu"}); err == nil || !strings.Contains(err.Error(), "has no reviews yet") {
		t.Errorf("no reviews: %v", err)
	}
	c.Task = config.TaskPretrain
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "data.reviews") {
		t.Errorf("task: pretrain: %v", err)
	}
}
