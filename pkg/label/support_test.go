package label

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// golden compares got with a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test -update rewrites it); got:\n%s", path, got)
	}
}

// testTasks are the test model's.
var testTasks = tinymodel.BuiltIn

// fake predicts that each text's first four characters are a name, and notes
// how many texts it was given at once.
type fake struct {
	list  []tasks.Task
	sizes []int
	err   error
}

func (f *fake) Tasks() []tasks.Task { return f.list }
func (f *fake) MaxLength() int      { return 512 }

func (f *fake) Predict(_ context.Context, texts []datasets.Transcript, o fusion.PredictOptions) ([]fusion.Prediction, error) {
	f.sizes = append(f.sizes, len(texts))
	var list []fusion.Prediction
	for _, text := range texts {
		first := string([]rune(string(text))[:4])
		list = append(list, fusion.Prediction{NER: []fusion.Token{{Text: first, Label: "NAME", Start: 0, End: 4}}})
	}
	o.Progress(len(texts), len(texts))
	return list, f.err
}

func onlyHas(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(names) {
		t.Errorf("%s holds %v, want %v", dir, got, names)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
