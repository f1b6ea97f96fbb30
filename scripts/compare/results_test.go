package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/metrics"
)

func TestResultsSurviveAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.jsonl")
	if list, err := readResults(path); len(list) != 0 || err != nil {
		t.Fatalf("no file: %v, %v", list, err)
	}
	first := result{
		Recipe: "a", Settings: []string{"x=1"}, Data: "demo calls", Seed: 1,
		Figures: map[string]figureValue{"ner entity_f1": {0.5, &metrics.Interval{Low: 0.4, High: 0.6}}},
	}
	if err := appendResult(path, first); err != nil {
		t.Fatal(err)
	}
	whole := filetest.Read(t, path)
	if err := os.WriteFile(path, []byte(whole+whole[:len(whole)/2]), 0o600); err != nil { // killed while writing
		t.Fatal(err)
	}
	list, err := readResults(path)
	if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], first) {
		t.Fatalf("with half a line: %+v, %v", list, err)
	}
	second := first
	second.Seed = 2
	if err := appendResult(path, second); err != nil {
		t.Fatal(err)
	}
	if list, err = readResults(path); err != nil || len(list) != 2 || !reflect.DeepEqual(list[1], second) {
		t.Fatalf("after half a line: %+v, %v", list, err)
	}
	if err := os.WriteFile(path, []byte(whole+"{\n"+whole), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = readResults(path); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a damaged line: %v", err)
	}
}

func TestSameRun(t *testing.T) {
	base := result{Recipe: "a", Encoder: "e", Settings: []string{"x=1"}, Data: "d", Seed: 1, Fold: 1}
	again := base
	again.Parameters, again.CallMillis = 7, 1.5
	if !base.same(again) || base.id() != again.id() {
		t.Error("a run isn't the same as itself with figures")
	}
	for name, change := range map[string]func(*result){
		"recipe":   func(r *result) { r.Recipe = "b" },
		"encoder":  func(r *result) { r.Encoder = "f" },
		"settings": func(r *result) { r.Settings = []string{"x=2"} },
		"data":     func(r *result) { r.Data = "c" },
		"seed":     func(r *result) { r.Seed = 2 },
		"fold":     func(r *result) { r.Fold = 2 },
		"search":   func(r *result) { r.Search = true },
	} {
		other := base
		change(&other)
		if base.same(other) || base.id() == other.id() {
			t.Errorf("another %s is taken for the same run", name)
		}
	}
}
