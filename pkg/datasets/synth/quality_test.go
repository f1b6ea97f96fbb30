package synth_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

var headSizes = map[string]int{"opening": 1, "listening": 5, "proactiveness": 3, "resolution": 5, "hold": 2, "closing": 1}

func TestLabelQuirks(t *testing.T) {
	records := fullSet().qa
	var longer, shorter, bare, inList, plain int
	for i, r := range records {
		var text string
		if err := json.Unmarshal(r.Labels, &text); err != nil {
			t.Fatalf("record %d: labels aren't a JSON string: %v", i, err)
		}
		var heads map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &heads); err != nil || len(heads) != len(headSizes) {
			t.Fatalf("record %d: %d heads, %v", i, len(heads), err)
		}
		for head, raw := range heads {
			var list []any
			switch err := json.Unmarshal(raw, &list); {
			case head == "hold" && strings.HasPrefix(string(raw), `"`):
				bare++
			case err != nil:
				t.Fatalf("record %d: head %s is no list: %v", i, head, err)
			case head == "hold" && strings.Contains(string(raw), `"`):
				inList++
			case len(list) > headSizes[head]:
				longer++
				if head != "listening" || len(list) != 6 {
					t.Fatalf("record %d: %s has %d values", i, head, len(list))
				}
			case len(list) < headSizes[head]:
				shorter++
			default:
				plain++
			}
		}
	}
	n := float64(len(records))
	for name, c := range map[string]struct {
		count     int
		low, high float64
	}{
		"listening of six values": {longer, 0.06, 0.10}, "lists too short": {shorter, 0.03, 0.15},
		"bare strings for hold": {bare, 0.05, 0.12}, "strings in hold's list": {inList, 0.05, 0.12},
		"plain lists": {plain, 5, 6},
	} {
		if share := float64(c.count) / n; share < c.low || share > c.high {
			t.Errorf("%s: %.3f of the records", name, share)
		}
	}
	if !strings.Contains(string(records[0].Labels)+allLabels(records), "No hold was required") {
		t.Error(`no label says "No hold was required"`)
	}
}

func allLabels(records []datasets.QARecord) string {
	var b strings.Builder
	for _, r := range records {
		b.Write(r.Labels)
	}
	return b.String()
}

// Every criterion is met often and missed often, and more often met in better
// calls: as training reads the labels.
func TestCriteria(t *testing.T) {
	dir := t.TempDir()
	if _, err := synth.WriteAll(t.Context(), dir, synth.Options{QA: synth.DefaultQA, Seed: synth.DefaultSeed}, nil); err != nil {
		t.Fatal(err)
	}
	source := datasets.Source{Path: filepath.Join(dir, synth.QAFile), Tasks: []tasks.Task{tasks.QA()}}
	records, err := datasets.Load(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenize.New([]string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}, tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := records.Encode(t.Context(), tok, datasets.Limits{MaxLength: 16, Truncate: true})
	if err != nil {
		t.Fatal(err)
	}
	met, total := map[string][]float64{}, 0.0
	byQuality, calls := map[string]float64{}, map[string]float64{}
	for i, r := range fullSet().qa {
		for h, flags := range encoded.Examples[i].Labels[0].Flags {
			head := source.Tasks[0].Heads[h].Name
			if met[head] == nil {
				met[head] = make([]float64, headSizes[head])
			}
			for j, v := range flags {
				met[head][j] += float64(v)
				byQuality[r.QualityLevel] += float64(v)
			}
		}
		calls[r.QualityLevel]++
		total++
	}
	if len(met) != len(headSizes) {
		t.Errorf("%d heads, want %d", len(met), len(headSizes))
	}
	for head, sums := range met {
		for j, sum := range sums {
			if share := sum / total; share < 0.25 || share > 0.8 {
				t.Errorf("%s %d is met in %.2f of the calls", head, j, share)
			}
		}
	}
	poor, average, good := byQuality["poor"]/calls["poor"], byQuality["average"]/calls["average"], byQuality["good"]/calls["good"]
	if len(calls) != 3 || poor+2 > average || average+2 > good {
		t.Errorf("criteria met a call: %.1f poor, %.1f average, %.1f good, of %v", poor, average, good, calls)
	}
}

func TestQAFields(t *testing.T) {
	ids, scenarios := map[string]bool{}, map[string]bool{}
	for _, r := range fullSet().qa {
		ids[r.SampleID], scenarios[r.Scenario] = true, true
	}
	if len(ids) != 4996 || !ids["qa_1"] || !ids["qa_4996"] {
		t.Errorf("%d sample ids", len(ids))
	}
	if !scenarios["child_labor"] || len(scenarios) < 70 {
		t.Errorf("scenarios are %v", scenarios)
	}
}
