package run

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// examplesOf are examples of these records.
func examplesOf(records ...int) []datasets.Example {
	var list []datasets.Example
	for _, record := range records {
		list = append(list, datasets.Example{Record: record})
	}
	return list
}

// A teacher's folder says on which of its student's held-out records it was trained.
func TestKnownRecords(t *testing.T) {
	student := source{digest: "abc", split: datasets.Split{Val: examplesOf(3, 4), Test: examplesOf(9)}}
	const list = "record,share\n3,validation\n4,validation\n9,test\n"
	for _, test := range []struct {
		name, digest, file, list string
		trained                  int
		known                    int
		exact, fails             bool
	}{
		{name: "the same split", digest: "abc", file: "held_out_cls.csv", list: list, trained: 7, known: 0, exact: true},
		{name: "another split", digest: "abc", file: "held_out_cls.csv", list: "record,share\n3,validation\n1,validation\n2,test\n", trained: 7, known: 2, exact: true},
		{name: "records left out", digest: "abc", file: "held_out_cls.csv", list: "record,share\n1,validation\n", trained: 7, known: 3},
		{name: "few trained on", digest: "abc", file: "held_out_cls.csv", list: "record,share\n1,validation\n", trained: 1, known: 1},
		{name: "tasks that share a file", digest: "abc", file: "held_out_mood+cls.csv", list: "record,share\n3,validation\n", trained: 9, known: 2, exact: true},
		{name: "nothing held out", digest: "abc", file: "held_out_cls.csv", list: "record,share\n", trained: 10, known: 3, exact: true},
		{name: "another file", digest: "def", file: "held_out_cls.csv", list: "record,share\n1,validation\n", trained: 9},
		{name: "another task's list", digest: "abc", file: "held_out_ner.csv", list: list, trained: 7},
		{name: "another task's data", file: "held_out_cls.csv", list: list, trained: 7},
		{name: "a changed list", digest: "abc", file: "held_out_cls.csv", list: "record,share\nAmina,test\n", trained: 7, fails: true},
		{name: "no list", digest: "abc", file: "held_out_cls.csv", list: "\"", trained: 7, fails: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			data := map[string]learntFrom{"cls": {test.digest, 10, test.trained, false}}
			if test.digest == "" {
				data = map[string]learntFrom{"ner": {"abc", 10, test.trained, false}}
			}
			metrics, err := json.Marshal(map[string]any{"best_epoch": 1, "data": data})
			if err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string]string{"metrics.json": string(metrics), test.file: test.list} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			known, exact, err := knownRecords(dir, config.Default(config.TaskDistill).Output, "cls", student)
			if known != test.known || exact != test.exact && known > 0 || (err != nil) != test.fails {
				t.Errorf("%d (exact: %v), %v; want %d (%v)", known, exact, err, test.known, test.exact)
			}
			if err != nil && strings.Contains(err.Error(), "Amina") {
				t.Errorf("the error holds the list's text: %v", err)
			}
		})
	}
	for name, text := range map[string]string{"the prototype's metrics": `[]`, "an earlier version's": `{"best_epoch": 3}`, "none": ""} {
		dir := filepath.Join(t.TempDir(), "no folder")
		if text != "" {
			dir = t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "metrics.json"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if known, _, err := knownRecords(dir, config.Default(config.TaskDistill).Output, "cls", student); known != 0 || err != nil {
			t.Errorf("%s: %d, %v", name, known, err)
		}
	}
}
