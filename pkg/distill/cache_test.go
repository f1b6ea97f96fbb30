package distill

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// onlyFile is the path of the one file in a cache.
func onlyFile(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d files in the cache, want 1 (%v)", len(entries), err)
	}
	return filepath.Join(dir, entries[0].Name())
}

func TestCache(t *testing.T) {
	for _, task := range []tasks.Task{testTasks()[0], tasks.QA()} {
		t.Run(task.Name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "new", "cache")
			at := teacherDir(t, uncased(t), 1, 8, task) // the second text is cut
			records := loadRecords(t, testRecords(), task)
			teacher := open(t, at, task)
			reports := 0
			first, cached, err := teacher.Logits(t.Context(), records, dir, func(int, int) { reports++ })
			if err != nil || cached || reports == 0 || len(first) != 3 {
				t.Fatalf("%d logits, cached %v, %d reports, %v", len(first), cached, reports, err)
			}
			// A teacher without a model can only read.
			blind := *open(t, at, task)
			blind.model = nil
			second, cached := mustLogits(t, &blind, records, dir)
			if !cached || !equalLogits(first, second) {
				t.Errorf("cached %v, read %v, want %v", cached, second, first)
			}
			if again, _ := mustLogits(t, teacher, records, t.TempDir()); !equalLogits(first, again) {
				t.Errorf("computed anew %v, want %v", again, first)
			}
			if name := filepath.Base(onlyFile(t, dir)); !strings.HasPrefix(name, task.Name+"-") || !strings.HasSuffix(name, ".safetensors") {
				t.Errorf("the file is called %s", name)
			}
		})
	}
}

func TestCacheHoldsNoText(t *testing.T) {
	task := testTasks()[0]
	records := loadRecords(t, testRecords(), task)
	dir := t.TempDir()
	mustLogits(t, open(t, teacherDir(t, uncased(t), 1, 32, task), task), records, dir)
	path := onlyFile(t, dir)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"Amina", "amina", "Kisumu", "uncle", "lives"} {
		if bytes.Contains(data, []byte(word)) || strings.Contains(path, word) {
			t.Errorf("the cache holds %q", word)
		}
	}
}

// What the logits depend on is in the key; nothing else is.
func TestKey(t *testing.T) {
	task := testTasks()[0]
	list := []tasks.Task{task, tasks.QA()}
	records := loadRecords(t, testRecords(), task)
	dir := teacherDir(t, uncased(t), 1, 32, list...)
	key := func(dir string, task tasks.Task, records datasets.Records) string {
		t.Helper()
		k, err := open(t, dir, task).key(records)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	want := key(dir, task, records)

	copied := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(copied, "metrics.json"), []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	if key(copied, task, records) != want {
		t.Error("another key of a copy with a report")
	}
	if key(dir, task, loadRecords(t, testRecords(), task)) != want {
		t.Error("another key of the same data in another file")
	}

	otherText := testRecords()
	otherText[2].Text = "in kisumu"
	noise := *open(t, dir, task)
	vocab := slices.Clone(uncasedVocab)
	vocab[len(vocab)-1] = "##z"
	ofText := records
	ofText.Tasks = []tasks.Task{{Text: "narrative"}}
	seen := map[string]string{want: "the teacher itself"}
	for name, got := range map[string]string{
		"other data":      key(dir, task, loadRecords(t, otherText, task)),
		"fewer records":   key(dir, task, loadRecords(t, testRecords()[:2], task)),
		"another field":   key(dir, task, ofText),
		"other weights":   key(teacherDir(t, uncased(t), 2, 32, list...), task, records),
		"another token":   key(teacherDir(t, newTokenizer(t, vocab, tokenize.Options{LowerCase: true}), 1, 32, list...), task, records),
		"cased tokenizer": key(teacherDir(t, newTokenizer(t, uncasedVocab, tokenize.Options{}), 1, 32, list...), task, records),
		"shorter texts":   key(teacherDir(t, newTokenizer(t, uncasedVocab, tokenize.Options{LowerCase: true, ModelMaxLength: 9}), 1, 32, list...), task, records),
		"another task":    key(dir, tasks.QA(), loadRecords(t, testRecords(), tasks.QA())),
	} {
		if was, found := seen[got]; found {
			t.Errorf("%s has the key of %s", name, was)
		}
		seen[got] = name
	}

	records.Path = filepath.Join(t.TempDir(), "gone.json")
	if _, _, err := noise.Logits(t.Context(), records, t.TempDir(), nil); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "teacher's cache") {
		t.Errorf("error %v", err)
	}
}

func TestSpoiltCache(t *testing.T) {
	task := testTasks()[0]
	records := loadRecords(t, testRecords(), task)
	teacher := open(t, teacherDir(t, uncased(t), 1, 32, task), task)
	dir := t.TempDir()
	logits, _ := mustLogits(t, teacher, records, dir)
	path := onlyFile(t, dir)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(tensors ...weights.Tensor) []byte {
		var b bytes.Buffer
		if err := weights.WriteSafetensors(&b, tensors, nil); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	ints := func(name string, values ...int64) weights.Tensor {
		return weights.Tensor{Name: name, DType: weights.I64, Shape: []int64{int64(len(values))}, Data: littleEndian(values)}
	}
	floats := func(values ...float32) weights.Tensor {
		return weights.Tensor{Name: headName(0), DType: weights.F32, Shape: []int64{int64(len(values))}, Data: littleEndian(values)}
	}
	nan := float32(0)
	nan /= nan
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"empty":            {nil, path},
		"truncated header": {whole[:20], path},
		"truncated":        {whole[:len(whole)-4], path},
		"no safetensors":   {[]byte(strings.Repeat("no such file ", 9)), path},
		"foreign":          {write(weights.Tensor{Name: "a", DType: weights.F32, Shape: []int64{1}, Data: make([]byte, 4)}), "counts"},
		"other type":       {write(weights.Tensor{Name: countsName, DType: weights.F32, Shape: []int64{1}, Data: make([]byte, 4)}), "tensor counts is F32, want I64"},
		"other records":    {write(ints(countsName, 0, 0), ints(spansName), floats()), "speaks of 2 records, not 3"},
		"too many words":   {write(ints(countsName, 0, 0, 2), ints(spansName, 0, 1), floats()), "record 3 has 2 words, more than there are"},
		"negative words":   {write(ints(countsName, 0, 0, -1), ints(spansName), floats()), "record 3 has -1 words"},
		"more spans":       {write(ints(countsName, 0, 0, 0), ints(spansName, 0, 1), floats()), "1 words more than its records have"},
		"no head":          {write(ints(countsName, 0, 0, 0), ints(spansName)), headName(0)},
		"too few logits":   {write(ints(countsName, 0, 1, 1), ints(spansName, 0, 1, 0, 1), floats(1, 2, 3)), "head ner ends at record 3"},
		"too many logits":  {write(ints(countsName, 0, 0, 1), ints(spansName, 0, 1), floats(1, 2, 3, 4)), "head ner has 1 logits more than its records"},
		"no number":        {write(ints(countsName, 0, 0, 1), ints(spansName, 0, 1), floats(1, nan, 3)), "NaN"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, test.data, 0o666); err != nil {
				t.Fatal(err)
			}
			var told []string
			teacher.Damaged = func(err error) { told = append(told, err.Error()) }
			if again, cached := mustLogits(t, teacher, records, dir); cached || !equalLogits(again, logits) {
				t.Errorf("cached %v, logits %v, want %v", cached, again, logits)
			}
			if again, cached := mustLogits(t, teacher, records, dir); !cached || !equalLogits(again, logits) {
				t.Errorf("afterwards: cached %v, logits %v, want %v", cached, again, logits)
			}
			if len(told) != 1 {
				t.Fatalf("told %q, want one error", told)
			}
			for _, want := range []string{test.want, "teacher's cache: a file is damaged: ", path} {
				if !strings.Contains(told[0], want) {
					t.Errorf("told %q, which doesn't say %q", told[0], want)
				}
			}
		})
	}

	// What can't be read may be whole.
	if err := errors.Join(os.Remove(path), os.Symlink(path, path)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := teacher.Logits(t.Context(), records, dir, nil); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "remove it to have it made anew") {
		t.Errorf("a file that can't be opened: error %v", err)
	}
}

// A run that is stopped leaves nothing half done.
func TestCancelledLogits(t *testing.T) {
	task := testTasks()[0]
	records := loadRecords(t, testRecords(), task)
	teacher := open(t, teacherDir(t, uncased(t), 1, 32, task), task)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := teacher.Logits(ctx, records, dir, nil); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "ask the teacher of ner") {
		t.Errorf("error %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left %v", entries)
	}
}
