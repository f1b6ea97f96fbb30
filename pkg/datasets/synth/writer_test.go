package synth_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/tasks"
)

func TestWriteAllReadsBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	o := synth.Options{NER: 20, Cases: 30, QA: 40, Seed: 5, Short: true}
	var last, total int
	summary, err := synth.WriteAll(context.Background(), dir, o, func(d, n int) { last, total = d, n })
	if err != nil {
		t.Fatal(err)
	}
	if last != 90 || total != 90 {
		t.Errorf("progress ended at %d of %d", last, total)
	}
	want := collect(o)
	files := synth.Files(dir)
	got := set{
		readLines[datasets.NERRecord](t, files[0]), readArray[datasets.CaseRecord](t, files[1]), readArray[datasets.QARecord](t, files[2]),
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("what was written isn't what was made")
	}
	for i, n := range []int{20, 30, 40} {
		info, err := os.Stat(summary.Files[i].Path)
		if err != nil || summary.Files[i].Records != n || summary.Files[i].Bytes != info.Size() {
			t.Errorf("file %d: %+v, %v", i, summary.Files[i], err)
		}
	}
}

// readArray reads a JSON array.
func readArray[T any](t *testing.T, path string) []T {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var records []T
	if err := json.Unmarshal(data, &records); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return records
}

// readLines reads one JSON value a line.
func readLines[T any](t *testing.T, path string) []T {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var records []T
	for line := range strings.Lines(string(data)) {
		var record T
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		records = append(records, record)
	}
	return records
}

// The loader takes every record that was written, and finds all labels.
func TestWrittenFilesAreTheTasks(t *testing.T) {
	dir := t.TempDir()
	if _, err := synth.WriteAll(t.Context(), dir, synth.Options{NER: 30, Cases: 2400, QA: 40, Seed: 42, Short: true}, nil); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		task    tasks.Task
		records int
		labels  []int // of each head
	}{
		{tasks.NER(nil), 30, []int{10}},
		{tasks.CLS(tasks.CaseLabels{}), 2400, []int{8, 77, 16, 3}},
		{tasks.QA(), 40, []int{1, 5, 3, 5, 2, 1}},
	} {
		records, err := datasets.Load(t.Context(), datasets.Source{Path: synth.Files(dir)[i], Tasks: []tasks.Task{c.task}})
		if err != nil {
			t.Fatal(err)
		}
		var labels []int
		for _, head := range records.Tasks[0].Heads {
			labels = append(labels, len(head.Labels))
		}
		if len(records.Texts) != c.records || !slices.Equal(labels, c.labels) {
			t.Errorf("%s: %d records with %v labels, want %d with %v", c.task.Name, len(records.Texts), labels, c.records, c.labels)
		}
	}
}

func TestWriteAllOfNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := synth.WriteAll(context.Background(), dir, synth.Options{NER: -1}, nil); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "[]\n", "[]\n"} {
		if got, err := os.ReadFile(synth.Files(dir)[i]); err != nil || string(got) != want {
			t.Errorf("file %d holds %q, %v", i, got, err)
		}
	}
}

func TestCancelledWriteChangesNothing(t *testing.T) {
	parent := t.TempDir()
	old, fresh := filepath.Join(parent, "old"), filepath.Join(parent, "fresh")
	if _, err := synth.WriteAll(context.Background(), old, synth.Options{NER: 1, Cases: 1, QA: 1}, nil); err != nil {
		t.Fatal(err)
	}
	before := listing(t, old)
	for _, dir := range []string{old, fresh} {
		ctx, cancel := context.WithCancel(context.Background())
		_, err := synth.WriteAll(ctx, dir, synth.Options{NER: 150, Cases: 150, QA: 150}, func(done, _ int) {
			if done >= 200 { // the first file is complete, the second begun
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("the error is %v", err)
		}
	}
	if after := listing(t, old); !reflect.DeepEqual(before, after) {
		t.Error("a cancelled run changed the files that were there")
	}
	if _, err := os.Stat(fresh); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a cancelled run left its folder: %v", err)
	}
}

// listing gives the names and contents of a folder's files.
func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}
