package report

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

func TestPlots(t *testing.T) {
	for name, want := range map[string]string{
		"token":      "ner-f1 ner-confusion ner-reliability",
		"multiclass": "cases-area-f1 cases-area-confusion cases-area-reliability cases-urgency-f1 cases-urgency-confusion cases-urgency-reliability",
		"multilabel": "quality-f1 quality-manner-confusion quality-manner-reliability quality-manner-sweep quality-closing-confusion quality-closing-reliability quality-closing-sweep",
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "new", "plots")
			r := report(t, allCases()[name], Options{})
			got, err := r.Plots(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			var files []string
			for _, base := range strings.Fields(want) {
				files = append(files, base+".png", base+".svg")
			}
			slices.Sort(files)
			if !slices.Equal(got, files) {
				t.Errorf("got %v, want %v", got, files)
			}
			for _, file := range got {
				data, err := os.ReadFile(filepath.Join(dir, file))
				if err != nil {
					t.Fatal(err)
				}
				begins := map[string]string{".png": "\x89PNG", ".svg": "<?xml"}[filepath.Ext(file)]
				if !strings.HasPrefix(string(data), begins) {
					t.Errorf("%s begins with %q", file, data[:min(8, len(data))])
				}
			}
			// The Markdown shows each of them.
			var text strings.Builder
			if err := r.Markdown(&text, Page{Plots: got}); err != nil {
				t.Fatal(err)
			}
			for _, file := range got {
				if strings.Count(text.String(), "("+file+")") != 1 {
					t.Errorf("%s isn't shown once in the report", file)
				}
			}
		})
	}
}

func TestPlotsWhereNoneCanBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := report(t, tokenCase(), Options{}).Plots(t.Context(), file); err == nil || !strings.Contains(err.Error(), "plots of task ner") {
		t.Errorf("got error %v", err)
	}
}

func TestPlotNamesArePlainAndDiffer(t *testing.T) {
	r := Report{Task: "../My task", Kind: tasks.MultiClass, Heads: []Head{{Name: "a/b", Records: 1}, {Name: "a b", Records: 1}, {Name: "none"}}}
	bases := plotBases(r)
	if got := bases[plotKey{0, "f1"}]; got != "___my_task-a_b-f1" {
		t.Errorf("got %q", got)
	}
	if got := bases[plotKey{1, "f1"}]; got != "___my_task-a_b-f1-2" {
		t.Errorf("got %q", got)
	}
	if len(bases) != 6 {
		t.Errorf("got %v, want 3 plots each of 2 heads", bases)
	}
}
