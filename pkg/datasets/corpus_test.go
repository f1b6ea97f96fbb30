package datasets

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// corpus loads a small file of each kind.
func corpus(t *testing.T) []Records {
	t.Helper()
	return []Records{
		mustLoad(t, `{"text": "Achieng from Kisumu", "entities": [{"start": 0, "end": 7, "label": "NAME"}]}`+"\n"+`{"text": "of"}`+"\n", tasks.NER(tasks.NERLabels())),
		mustLoad(t, `[{"narrative": "she is old", "category": "Bullying", "intervention": "Referral", "priority": "1"}]`, tasks.CLS(tasks.CaseLabels{})),
		mustLoad(t, `[{"text": "A B", "labels": "{\"opening\": [1], \"listening\": [], \"proactiveness\": [], \"resolution\": [], \"hold\": [0], \"closing\": []}"}]`, tasks.QA()),
	}
}

func TestTexts(t *testing.T) {
	all := corpus(t)
	texts := slices.Collect(Texts(all))
	if want := []string{"Achieng from Kisumu", "of", "she is old", "A B"}; !slices.Equal(texts, want) {
		t.Errorf("texts: got %q, want %q", texts, want)
	}
	for stopAt := range len(texts) {
		var some []string
		for text := range Texts(all) {
			if some = append(some, text); len(some) == stopAt+1 {
				break
			}
		}
		if !slices.Equal(some, texts[:stopAt+1]) {
			t.Errorf("texts until %d: got %q", stopAt, some)
		}
	}
}

func TestEncodeKeepsFileAndTasks(t *testing.T) {
	for i, want := range []struct {
		task     string
		examples int
	}{{"ner", 2}, {"cls", 1}, {"qa", 1}} {
		r := corpus(t)[i]
		s := mustEncode(t, r, Limits{MaxLength: 16, Truncate: true})
		if !slices.Equal(tasks.Names(s.Tasks), []string{want.task}) || s.Path != r.Path || len(s.Examples) != want.examples {
			t.Errorf("set %d: got %v of %s with %d examples, want %+v", i, tasks.Names(s.Tasks), s.Path, len(s.Examples), want)
		}
	}
}

func TestSourceErrors(t *testing.T) {
	path := write(t, "some.json", `{"text": "Amina", "narrative": "Amina"}`)
	for name, c := range map[string]struct {
		tasks []tasks.Task
		want  string
	}{
		"no tasks":  {nil, ": no task reads it"},
		"two texts": {[]tasks.Task{tasks.QA(), tasks.NER(tasks.NERLabels()), tasks.CLS(tasks.CaseLabels{})}, ": tasks qa and cls share records, but read the texts text and narrative"},
	} {
		_, err := Load(t.Context(), Source{Path: path, Tasks: c.tasks})
		if err == nil || !strings.Contains(err.Error(), path+c.want) {
			t.Errorf("%s: got error %v, want one that says %q and the file", name, err, c.want)
		}
	}
}

func TestLoadStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, content := range layouts(`{"text": "x"}`, `{"text": "y"}`) {
		_, err := Load(ctx, Source{Path: write(t, "some.json", content), Tasks: []tasks.Task{tasks.QA()}})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want %v", name, err, context.Canceled)
		}
	}
}

func TestDigest(t *testing.T) {
	// The beginning of the SHA-256 of "abc", from FIPS 180-2.
	if got, err := Digest(write(t, "f", "abc")); err != nil || got != "ba7816bf8f01cfea" {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := Digest(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing file has a digest")
	}
	if _, err := Digest(t.TempDir()); err == nil {
		t.Error("a folder has a digest")
	}
}
