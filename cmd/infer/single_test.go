package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// TestSingleTaskModels reads what the trainers of one task write.
func TestSingleTaskModels(t *testing.T) {
	cls := testTasks()[1].Heads
	for name, test := range map[string]struct {
		encoder string
		task    tasks.Task
		keys    []string // in JSON
		column  string
	}{
		"ner": {"distilbert", tasks.SingleNER(tasks.NERLabels()), []string{"entities", "ner"}, "NAME"},
		"cls": {"distilbert", tasks.SingleCLS(tasks.CaseLabels{
			Main: cls[0].Labels, Sub: cls[1].Labels, Intervention: cls[2].Labels, Priority: cls[3].Labels,
		}), []string{"classification"}, "main_category"},
		"qa": {"bert", tasks.SingleQA(), []string{"qa"}, "opening: Use of call opening phrase"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := modelDirOf(t, test.encoder, []tasks.Task{test.task})
			got := infer("my son\n", "--model", dir, "--input", "-")
			var object map[string]any
			if err := json.Unmarshal([]byte(got.out), &object); err != nil || got.code != cli.OK || got.err != "" {
				t.Fatalf("%v: %+v", err, got)
			}
			if keys := slices.Sorted(maps.Keys(object)); !slices.Equal(keys, test.keys) {
				t.Errorf("it says %v, want %v", keys, test.keys)
			}
			if same := infer("my son\n", "--model", dir, "--input", "-", "--tasks", name); same.out != got.out {
				t.Errorf("--tasks %s: %+v", name, same)
			}
			if table := infer("my son\n", "--model", dir, "--input", "-", "--format", "csv"); !strings.HasPrefix(table.out, "id,"+test.column+",") {
				t.Errorf("csv: %+v", table)
			}
			other := infer("my son\n", "--model", dir, "--input", "-", "--tasks", "mood")
			if want := "infer: --tasks: no task \"mood\" in this model; it has [" + name + "]\n"; other.code != cli.Failure || other.err != want {
				t.Errorf("--tasks mood: %+v, want %s", other, want)
			}
		})
	}
}

// TestTokenClassification reads a directory as Hugging Face's Trainer leaves
// it: no label maps, and config.json has the labels.
func TestTokenClassification(t *testing.T) {
	dir := modelDirOf(t, "distilbert", []tasks.Task{tasks.SingleNER(tasks.NERLabels())})
	want := infer("Hello, Mwakamba\n", "--model", dir, "--input", "-", "--scores")
	path := filepath.Join(dir, fusion.ConfigFile)
	var config map[string]any
	if err := json.Unmarshal([]byte(filetest.Read(t, path)), &config); err != nil {
		t.Fatal(err)
	}
	delete(config, "trident")
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, fusion.LabelMapsFile)); err != nil {
		t.Fatal(err)
	}
	got := infer("Hello, Mwakamba\n", "--model", dir, "--input", "-", "--scores")
	if got != want || got.code != cli.OK || !strings.HasPrefix(got.out, `{"ner":[{"token":"Hello",`) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestTags reads a token classifier whose labels are tags: whatever shows
// entities shows them whole, by their names.
func TestTags(t *testing.T) {
	dir := modelDirOf(t, "distilbert", []tasks.Task{tasks.SingleNER([]string{"O", "B-NAME", "I-NAME", "B-PLACE", "I-PLACE"})})
	const text = "Hello my name is Mwakamba from Kisumu he was beaten"
	got := infer("", "--model", dir, "--text", text, "--format", "json")
	var object fusion.Prediction
	if err := json.Unmarshal([]byte(got.out), &object); err != nil || got.code != cli.OK || got.err != "" {
		t.Fatalf("%v: %+v", err, got)
	}
	var labels []string
	for _, token := range object.NER {
		labels = append(labels, token.Label)
	}
	spans := tasks.SchemeOf([]string{"O", "B-NAME", "I-NAME"}).Spans(labels)
	if len(spans) == 0 || len(spans) != len(object.Entities) || len(spans) == len(labels) {
		t.Fatalf("words %v, entities %v: the model must find some of several words", labels, object.Entities)
	}
	columns := map[string][]string{}
	for i, e := range object.Entities {
		want := fusion.Entity{Label: spans[i].Label, Start: object.NER[spans[i].Start].Start, End: object.NER[spans[i].End-1].End}
		want.Text = text[want.Start:want.End]
		if want.Score, want.Least = e.Score, e.Least; !(e.Least > 0 && e.Least <= e.Score && e.Score <= 1) {
			t.Errorf("entity %v: scores that are none", e)
		}
		if e != want {
			t.Errorf("entity %v, want %v", e, want)
		}
		columns[e.Label] = append(columns[e.Label], e.Text)
	}
	table := infer("", "--model", dir, "--text", text, "--format", "csv")
	if want := "id,NAME,PLACE,truncated\n," + strings.Join(columns["NAME"], "; ") + "," + strings.Join(columns["PLACE"], "; ") + ",0\n"; table.out != want {
		t.Errorf("csv: %+v, want %s", table, want)
	}
	shown := infer("", "--model", dir, "--text", text, "--format", "text")
	for _, e := range object.Entities {
		if want := "[" + e.Text + " " + e.Label + " 0."; !strings.Contains(shown.out, want) {
			t.Errorf("text lacks %s: %+v", want, shown)
		}
	}
}

// TestSlowTokenizer reads a folder that names added tokens in a file of its own,
// and warns of one that has lost it.
func TestSlowTokenizer(t *testing.T) {
	dir := modelDirOf(t, "distilbert", []tasks.Task{tasks.SingleNER(tasks.NERLabels())})
	const text = "Hello, my son?"
	want := infer("", "--model", dir, "--text", text, "--scores", "--format", "json")
	vocab := strings.Fields(filetest.Read(t, filepath.Join(dir, tokenize.VocabFile)))
	n := len(vocab) - 2 // "," and "?" are the last
	for _, name := range []string{tokenize.TokenizerFile, tokenize.ConfigFile, fusion.SafetensorsFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(tokenize.VocabFile, strings.Join(vocab[:n], "\n")+"\n")
	lost := infer("", "--model", dir, "--text", text, "--format", "json")
	if said := fmt.Sprintf("the model has embeddings of %d tokens, its tokenizer only %d", n+2, n); lost.code != cli.OK || lost.out == want.out || !strings.Contains(lost.err, said) {
		t.Errorf("added tokens lost: %+v, want %s", lost, said)
	}
	write(tokenize.AddedTokensFile, fmt.Sprintf(`{",": %d, "?": %d}`, n, n+1))
	if got := infer("", "--model", dir, "--text", text, "--scores", "--format", "json"); got != want || got.code != cli.OK {
		t.Errorf("got %+v, want %+v", got, want)
	}
	write(tokenize.AddedTokensFile, fmt.Sprintf(`{",": %d, "?": %d, "!": %d}`, n, n+1, n+2))
	if got, said := infer("", "--model", dir, "--text", text), fmt.Sprintf("the vocabulary has %d entries, the weights only %d", n+3, n+2); got.code != cli.Failure || !strings.Contains(got.err, said) {
		t.Errorf("a token without embedding: %+v, want %s", got, said)
	}
}
