package annotations

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// A model's answers become proposals for people, with the texts of the calls.
func TestAnswers(t *testing.T) {
	calls := `{"id": 1, "text": "I am Amina", "entities": [], "county": "Siaya"}` + "\n" + `{"id": 2, "text": "kXqZv"}` + "\n"
	answers := `{"id": 1, "ner": [], "entities": [{"text": "Amina", "label": "NAME", "start": 5, "end": 10}], "classification": {"main_category": "VANE", "sub_category": "Child Neglect", "priority": "1"}, "qa": {"opening": [1], "hold": [0, 1]}}` + "\n" +
		`{"id": 2, "error": "too long"}` + "\n"
	run := func(answers string) (string, error) {
		texts := stream(t, calls)
		var out strings.Builder
		_, err := Convert(t.Context(), stream(t, answers), mustFind(t, "infer"), Output{W: &out}, mustFind(t, "labelstudio"), Options{Texts: &texts})
		return out.String(), err
	}
	got, err := run(answers)
	want := `{"data": {"id": "1", "text": "I am Amina", "county": "Siaya"}, "predictions": [{"model_version":"trident","result":[` +
		`{"id":"trident-1","type":"labels","from_name":"label","to_name":"text","value":{"end":10,"labels":["NAME"],"start":5,"text":"Amina"}},` +
		`{"id":"trident-2","type":"choices","from_name":"category","to_name":"text","value":{"choices":["Child Neglect"]}},` +
		`{"id":"trident-3","type":"choices","from_name":"priority","to_name":"text","value":{"choices":["1"]}},` +
		`{"id":"trident-4","type":"choices","from_name":"hold","to_name":"text","value":{"choices":["Thanks caller for holding"]}},` +
		`{"id":"trident-5","type":"choices","from_name":"opening","to_name":"text","value":{"choices":["Use of call opening phrase"]}}]}]}`
	if err != nil || got != "[\n"+want+"\n]\n" {
		t.Errorf("%v, got\n%swant\n%s", err, got, want)
	}
	for name, test := range map[string]struct{ answers, want string }{
		"another call":  {strings.Replace(answers, `"id": 1`, `"id": 7`, 1), "its id isn't that of the call"},
		"other text":    {strings.Replace(answers, "Amina", "Asha", 1), "another text than the file says"},
		"fewer answers": {answers[:strings.Index(answers, "\n")+1], "has more calls than"},
		"more answers":  {answers + `{"id": 3}` + "\n", "there is no call for it"},
		"no answer":     {`{"entities": "kXqZv"}` + "\n{}", "isn't an answer of infer"},
	} {
		if _, err := run(test.answers); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: error %v; want %q", name, err, test.want)
		}
	}
	if _, _, err := convert(t, "infer", "labelstudio", answers, Options{}); !errors.Is(err, ErrOptions) {
		t.Errorf("without texts: %v", err)
	}
}

// A conversion that is stopped, or fails, leaves what was there.
func TestStopped(t *testing.T) {
	dir := filetest.Folder(t, map[string]string{"out.jsonl": "mine"})
	text := strings.Repeat(`{"text": "a", "label": []}`+"\n", 10)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	in, passes := stream(t, text), 0
	open := in.open
	in.open = func() (io.ReadCloser, error) {
		if passes++; passes == 3 { // the units, the check, and now the output
			stop()
		}
		return open()
	}
	_, err := Convert(ctx, in, mustFind(t, "doccano"), Output{Path: filepath.Join(dir, "out.jsonl")}, mustFind(t, "ner"), Options{})
	if !errors.Is(err, context.Canceled) || passes != 3 {
		t.Errorf("error %v in pass %d", err, passes)
	}
	if err == nil || filetest.Read(t, filepath.Join(dir, "out.jsonl")) != "mine" {
		t.Errorf("error %v", err)
	}
	filetest.Holds(t, dir, "out.jsonl")
	var problems *datasets.BadRecords
	if errors.As(err, &problems) {
		t.Errorf("a stop isn't about records: %v", err)
	}
}
