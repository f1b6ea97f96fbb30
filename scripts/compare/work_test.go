package main

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
)

// TestWorkIsLost has results from another session, without its calls and models: finished runs
// aren't repeated, and a teacher is trained again only for a student that isn't finished.
func TestWorkIsLost(t *testing.T) {
	t.Chdir("../..")
	out, first, second := t.TempDir(), t.TempDir(), t.TempDir()
	teacher := tiny()[0]
	taught := recipe{group: compareGroup, name: "taught", teachers: &teacher, settings: append(teaching(), teacher.settings...)}
	run := func(work string, seeds ...uint64) (table, told string) {
		c := tinyCompare(out, []recipe{teacher, taught}, seeds...)
		c.Work = work
		return runCompare(t, c)
	}
	models := func(work string) []string {
		list, err := filepath.Glob(filepath.Join(work, "models", "*", "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		for i, path := range list {
			list[i] = strings.TrimPrefix(filepath.Base(filepath.Dir(path)), "demo-24-60-24-")
		}
		return list
	}
	before, _ := run(first, 1)
	if got := models(first); !slices.Equal(got, []string{"one-1", "taught-1"}) {
		t.Errorf("first session: trained %v", got)
	}
	for _, path := range filesIn(t, out) {
		top, _, _ := strings.Cut(path, string(filepath.Separator))
		if !slices.Contains([]string{"results.jsonl", "outputs", "table.md", "summary.json", "plots"}, top) {
			t.Errorf("%s is beside the results", path)
		}
	}

	if table, told := run(second, 1); told != "" || table != before || len(models(second)) != 0 {
		t.Errorf("all was done, but it says %q, trained %v, and prints\n%s", told, models(second), table)
	}

	// The teacher's run with seed 1 is finished, its student's result is lost.
	file := filepath.Join(out, "results.jsonl")
	results := filetest.Read(t, file)
	line, _, _ := strings.Cut(results, "\n")
	if err := os.WriteFile(file, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, told := run(second, 1); told != "taught: "+tinyData+", seed 1\n" {
		t.Errorf("a student isn't finished: %s", told)
	}
	if got := models(second); !slices.Equal(got, []string{"one-1", "taught-1"}) {
		t.Errorf("a student isn't finished: trained %v", got)
	}
	if !strings.HasPrefix(filetest.Read(t, file), line+"\n") {
		t.Error("the teacher's result was replaced")
	}

	// Only the models' folders are lost, not what training took.
	if err := errors.Join(os.WriteFile(file, []byte(line+"\n"), 0o600),
		os.RemoveAll(filepath.Join(second, "models", "demo-24-60-24-one-1")),
		os.RemoveAll(filepath.Join(second, "models", "demo-24-60-24-taught-1"))); err != nil {
		t.Fatal(err)
	}
	if run(second, 1); !slices.Equal(models(second), []string{"one-1", "taught-1"}) {
		t.Errorf("after the loss of folders: trained %v", models(second))
	}
}

func filesIn(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestDecisionsKeepFigures reads back what a run's models said: it has the run's figures.
func TestDecisionsKeepFigures(t *testing.T) {
	t.Chdir("../..")
	out := t.TempDir()
	c := tinyCompare(out, tiny()[1:], 1)
	runCompare(t, c)
	r := onlyResult(t, out)
	kept, err := c.readScores(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, column := range columns() {
		s := kept[column.figure]
		positions := make([]int, len(s.records))
		for i := range positions {
			positions[i] = i
		}
		if got, want := s.of(positions), r.Figures[column.figure].Value; math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %v, from the models %v", column.title, got, want)
		}
	}
	if got := yesOrNo([]float32{0.5, 0.51, 1, 0}); !slices.Equal(got, []float32{0, 1, 1, 0}) {
		t.Errorf("yes or no: %v", got)
	}
	if got := mostLikely([]float32{0.4, 0.4, 0.2, 0.1, 0.3, 0.6}, 3); !slices.Equal(got, []float32{1, 0, 0, 0, 0, 1}) {
		t.Errorf("most likely: %v", got)
	}
}
