package evaluate

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// TestWholeRecords: a model that learnt windows is scored on all of each record, as infer
// labels it; no record of entities is lost.
func TestWholeRecords(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Model("whole", 1, 160, w.Three()...)
	tinymodel.Windows(t, "whole", datasets.Windows{Length: 140, Overlap: 30})
	got := score(t, options(t, "whole", allData...))
	for _, task := range []string{"ner", "cls", "qa"} {
		if s := got.Scored[task]; s.Dropped != 0 || s.Truncated != 0 || got.report(t, task).Records != 24 {
			t.Errorf("%s: %+v", task, s)
		}
	}
	for _, long := range []string{"mean", "windows"} {
		o := options(t, "whole", "ner="+nerFile)
		if o.Long = long; score(t, o).report(t, "ner").Records != 24 {
			t.Errorf("%s: not all records are scored", long)
		}
	}
	o := options(t, "whole", allData...)
	o.Long = "truncate"
	cut := score(t, o)
	if s := cut.Scored["qa"]; s.Truncated == 0 || !strings.HasSuffix(s.String(), fmt.Sprintf("; the ends of %d weren't read", s.Truncated)) {
		t.Errorf("truncated qa: %+v, %s", s, s)
	}
	if s := cut.Scored["ner"]; s.Dropped == 0 || s.Truncated != 0 {
		t.Errorf("truncated ner: %+v", s)
	}
	o.Long = "whole"
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), `--long is "whole"`) {
		t.Errorf("error %v", err)
	}
}

// TestWholeRecordsAsPredicted: the classes that are scored are those that infer says.
func TestWholeRecordsAsPredicted(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Model("whole", 1, 64, w.Three()...)
	tinymodel.Windows(t, "whole", datasets.Windows{Length: 48, Overlap: 12, MaxTokens: 100})
	o := options(t, "whole", "cls="+clsFile)
	o.BatchSize = 3
	mustSave(t, mustRun(t, o), "report")
	rows, err := csv.NewReader(strings.NewReader(filetest.Read(t, "report/predictions_cls.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ Narrative datasets.Transcript }
	if err := json.Unmarshal([]byte(filetest.Read(t, clsFile)), &cases); err != nil {
		t.Fatal(err)
	}
	var texts []datasets.Transcript
	for _, record := range cases {
		texts = append(texts, record.Narrative)
	}
	m, tok, err := fusion.Load("whole", gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	want, err := fusion.NewPredictor(m, tok).PredictClassification(t.Context(), texts, fusion.PredictOptions{})
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]int{}
	for i, name := range rows[0] {
		columns[name] = i
	}
	for i, row := range rows[1:] {
		for name, field := range map[string]string{"main": "main_category", "priority": "priority"} {
			if got := row[columns[name+".predicted"]]; got != want[i].Get(field) {
				t.Errorf("record %d: %s is %s, infer says %s", i+1, name, got, want[i].Get(field))
			}
		}
	}
	if fmt.Sprint(rows[0]) == "" || columns["main.predicted"] == 0 {
		t.Errorf("columns %v", rows[0])
	}
}
