package synth_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
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
	ner, errNER := datasets.LoadNER(filepath.Join(dir, synth.NERFile))
	cases, errCases := datasets.LoadCases(filepath.Join(dir, synth.CasesFile))
	qa, errQA := datasets.LoadQA(filepath.Join(dir, synth.QAFile))
	if err := errors.Join(errNER, errCases, errQA); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(set{ner, cases, qa}, want) {
		t.Error("what was written isn't what was made")
	}
	for i, n := range []int{20, 30, 40} {
		info, err := os.Stat(summary.Files[i].Path)
		if err != nil || summary.Files[i].Records != n || summary.Files[i].Bytes != info.Size() {
			t.Errorf("file %d: %+v, %v", i, summary.Files[i], err)
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
