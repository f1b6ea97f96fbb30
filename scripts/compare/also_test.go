package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
)

// TestAlso scores a model twice on the same calls: as test calls, and as those of --also.
func TestAlso(t *testing.T) {
	t.Chdir("../..") // for configs/
	out := t.TempDir()
	runCompare(t, tinyCompare(out, tiny()[:1], 1))
	c := tinyCompare(out, tiny()[:1], 2)
	files := map[string]string{}
	for i, name := range []string{synth.NERFile, synth.CasesFile, synth.QAFile} {
		files[callFiles()[i]] = filetest.Read(t, filepath.Join(out, "data", "demo-test-12", name))
	}
	c.Also = filetest.Folder(t, files)
	table, _ := runCompare(t, c)
	list, err := readResults(filepath.Join(out, "results.jsonl"))
	if err != nil || len(list) != 2 {
		t.Fatalf("%d results, %v", len(list), err)
	}
	if _, found := list[0].Figures[elsewhere+"ner entity_f1"]; found {
		t.Error("without --also there are figures of it")
	}
	figures := list[1].Figures
	if _, found := figures[elsewhere+perCall]; !found {
		t.Error("nothing says how many entities a call has")
	}
	for _, column := range columns() {
		if own, also := figures[column.figure], figures[elsewhere+column.figure]; own.Value != also.Value || also.Interval == nil {
			t.Errorf("%s is %v on the test calls, %v on the same calls of --also", column.figure, own, also)
		}
	}
	for _, want := range []string{"| elsewhere: entity F1 | ", "| elsewhere: entities per call | "} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
}
