package evaluate

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/report"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// TestFiguresAreTheTrainers trains a model until it finds something, and
// compares every figure that training reports of its validation records with
// eval's of the same records. One task shares a file.
func TestFiguresAreTheTrainers(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Scale = 0.1
	w.Model("all", 1, 512, append(w.Three(), tinymodel.Reporter(t))...)
	m, tok, err := fusion.Load("all", gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	var train, val []datasets.Loader
	for _, source := range []datasets.Source{
		{Path: nerFile, Tasks: m.Tasks[:1]},
		{Path: clsFile, Tasks: []tasks.Task{m.Tasks[1], m.Tasks[3]}},
		{Path: qaFile, Tasks: m.Tasks[2:3]},
	} {
		records, err := datasets.Load(t.Context(), source)
		if err != nil {
			t.Fatal(err)
		}
		set, err := records.Encode(t.Context(), tok, datasets.Limits{MaxLength: 512, Truncate: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range set.Tasks { // as training describes its model: with what its data tells
			m.Tasks[slices.Index(tasks.Names(m.Tasks), task.Name)] = task
		}
		split, err := set.Split(datasets.Shares{Test: 0.4, Seed: 42})
		if err != nil {
			t.Fatal(err)
		}
		loader := datasets.Loader{Tasks: set.Tasks, Examples: split.Train, BatchSize: 4, Collator: datasets.Collator{PadID: int64(tok.PadID())}}
		train = append(train, loader)
		loader.Examples = split.Val
		val = append(val, loader)
		list := "record,share\n"
		for _, ex := range split.Val {
			list += fmt.Sprintf("%d,validation\n", ex.Record)
		}
		write(t, "all/held_out_"+loader.Name()+".csv", list)
	}
	tr, err := trainer.New(
		trainer.Settings{Epochs: 15, LearningRate: 1e-2, MaxGradNorm: 1, Seed: 1, LossWeights: map[string]float64{"ner": 5}},
		trainer.Deps{Model: m, Train: train, Val: val},
	)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Drop()
	if _, err := tr.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want, err := tr.Evaluate(t.Context(), val)
	if err != nil {
		t.Fatal(err)
	}
	if !m.Tasks[1].Paired() {
		t.Error("the data doesn't tell which labels go together")
	}
	if err := fusion.Save("all", m, tok, nil); err != nil {
		t.Fatal(err)
	}
	o := options(t, "all", append(allData, "reporter="+clsFile)...)
	o.HeldOut, o.BatchSize = true, 7
	got := score(t, o)
	compared := map[string]float64{}
	for _, scores := range want {
		made := got.report(t, scores.Task)
		figures := map[string]float64{}
		for _, f := range made.Figures() {
			figures[f.Name] = f.Value
		}
		if name := scores.Headline().Name; made.Headline[0].Name != name {
			t.Errorf("%s is summed up by %s, in training by %s", scores.Task, made.Headline[0].Name, name)
		}
		for _, f := range scores.Report {
			value, there := figures[f.Name]
			if !there {
				prefix, _, _ := strings.Cut(f.Name, "_")
				if scores.Task != "qa" || !slices.Contains([]string{"acc", "precision", "recall"}, prefix) { // eval has those of each output
					t.Errorf("%s: eval has no figure %s", scores.Task, f.Name)
				}
				continue
			}
			compared[f.Name] = f.Value
			if value != f.Value {
				t.Errorf("%s: %s is %v, in training %v", scores.Task, f.Name, value, f.Value)
			}
		}
		if n := made.Records; n != 10 {
			t.Errorf("%s: %d records, want 10", scores.Task, n)
		}
		if scope := got.Scored[scores.Task].Records; !strings.HasPrefix(scope, "validation records of all/held_out_") {
			t.Errorf("%s: scored %q", scores.Task, scope)
		}
	}
	for _, name := range []string{"entity_f1", "avg_acc", "acc_main", "acc_priority", "acc_gender", "avg_f1", "criteria_f1", "f1_listening"} {
		if !(compared[name] > 0) { // two zeros prove nothing
			t.Errorf("%s was compared at %v", name, compared[name])
		}
	}
	for _, name := range []string{"acc_sub", "acc_intervention"} { // of so many classes that they may be 0
		if _, found := compared[name]; !found {
			t.Errorf("%s was not compared", name)
		}
	}
}

// TestAnswersAreThePredictors holds the scored answers to what a Predictor says
// of the same calls, together and each head by itself.
func TestAnswersAreThePredictors(t *testing.T) {
	w := tinymodel.NewWorld(t)
	records, err := datasets.Load(t.Context(), datasets.Source{Path: clsFile, Tasks: []tasks.Task{tasks.CLS(tasks.CaseLabels{})}})
	if err != nil {
		t.Fatal(err)
	}
	w.Model("paired", 1, 512, records.Tasks...)
	m, tok, err := fusion.Load("paired", gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	for _, precision := range []string{"fp32", "int8"} {
		contradictions := map[bool]float64{}
		for _, independent := range []bool{false, true} {
			o := options(t, "paired", clsFile)
			o.Precision, o.IndependentHeads = precision, independent
			result := mustRun(t, o)
			mustSave(t, result, "report")
			contradictions[independent] = value(t, result.Models[0].Reports[0], "contradictions")
			rows, err := csv.NewReader(strings.NewReader(filetest.Read(t, "report/predictions_cls.csv"))).ReadAll()
			if err != nil || len(rows) != 25 {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
			said, err := fusion.NewPredictor(m, tok).PredictClassification(t.Context(), records.Texts,
				fusion.PredictOptions{IndependentHeads: independent, Precision: torchx.Precision(precision)})
			if err != nil {
				t.Fatal(err)
			}
			for i, row := range rows[1:] {
				for _, head := range m.Tasks[0].Heads {
					if got, want := row[slices.Index(rows[0], head.Name+".predicted")], said[i].Get(head.Field); got != want {
						t.Errorf("%s, independent %v: record %d: %s is %s, want %s", precision, independent, i+1, head.Name, got, want)
					}
				}
			}
		}
		if contradictions[false] != 0 || contradictions[true] == 0 {
			t.Errorf("%s: contradictions %v", precision, contradictions)
		}
	}
}

// TestSharedFile reads tasks that share a file in one pass, and tasks alone as
// in company.
func TestSharedFile(t *testing.T) {
	w := tinymodel.NewWorld(t)
	list := append(w.Three(), tinymodel.Reporter(t))
	w.Model("all", 1, 512, list...)
	e := evaluation{files: map[string]string{"ner": nerFile, "cls": clsFile, "reporter": clsFile}}
	sources, err := e.sources(&loaded{Model: &fusion.Model{Architecture: fusion.Architecture{Tasks: list}}, dir: "all"})
	if err != nil || len(sources) != 2 || len(sources[1].Tasks) != 2 {
		t.Errorf("sources %+v, %v", sources, err)
	}
	together := score(t, options(t, "all", append(allData, "reporter="+clsFile)...))
	if len(together.Reports) != 4 {
		t.Fatalf("%d reports", len(together.Reports))
	}
	for task, file := range map[string]string{"ner": nerFile, "cls": clsFile, "qa": qaFile, "reporter": clsFile} {
		o := options(t, "all", file)
		o.Tasks = []string{task}
		alone := score(t, o)
		if len(alone.Reports) != 1 {
			t.Fatalf("task %s alone gives %d reports", task, len(alone.Reports))
		}
		if got, want := toJSON(t, alone.report(t, task).Headline), toJSON(t, together.report(t, task).Headline); got != want {
			t.Errorf("%s alone is %s, in company %s", task, got, want)
		}
	}
	// A list of held-out records for each of the two: they part.
	write(t, "all/held_out_cls.csv", "record,share\n1,test\n2,validation\n")
	write(t, "all/held_out_reporter.csv", "record,share\n3,validation\n4,validation\n5,validation\n")
	o := options(t, "all", "cls="+clsFile, "reporter="+clsFile)
	o.HeldOut = true
	parted := score(t, o)
	if a, b := parted.report(t, "cls").Records, parted.report(t, "reporter").Records; a != 1 || b != 3 {
		t.Errorf("%d and %d records, want 1 and 3", a, b)
	}
}

func TestSingleTaskModels(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
	for task, test := range map[string]struct{ file, headline string }{
		"ner": {nerFile, "entity_f1"}, "cls": {clsFile, "avg_acc"}, "qa": {qaFile, "avg_f1"},
	} {
		bare := score(t, options(t, task, test.file))
		named := score(t, options(t, task, task+"="+test.file))
		made := bare.report(t, task)
		if len(bare.Reports) != 1 || made.Headline[0].Name != test.headline || made.Records != 24 {
			t.Errorf("%s: %d reports, %s of %d records", task, len(bare.Reports), made.Headline[0].Name, made.Records)
		}
		if made.Headline[0].Interval == nil {
			t.Errorf("%s: no interval", task)
		}
		sameFigures(t, named, bare)
		if got, want := toJSON(t, named.Scored), toJSON(t, bare.Scored); got != want {
			t.Errorf("%s: --data %s=FILE is %s, --data FILE %s", task, task, got, want)
		}
		o := options(t, task, test.file)
		o.Bootstrap = 0
		for _, f := range score(t, o).Reports[0].Headline {
			if f.Interval != nil || math.Abs(f.Value-value(t, made, f.Name)) > 1e-6 {
				t.Errorf("%s: no resamples gives %+v", task, f)
			}
		}
	}
}

// TestUnknownLabels gives a model records of a class that it hasn't learnt.
func TestUnknownLabels(t *testing.T) {
	w := tinymodel.NewWorld(t)
	var records []map[string]any
	if err := json.Unmarshal([]byte(filetest.Read(t, clsFile)), &records); err != nil {
		t.Fatal(err)
	}
	// All that the model knows are of one class of intervention, so it is right
	// of those, and only of those.
	w.Cases.Intervention = []string{"Known"}
	w.Model("cls", 3, 512, tasks.SingleCLS(w.Cases))
	for i, r := range records {
		r["intervention"] = "Known"
		if i < 6 {
			r["intervention"] = "Not learnt"
		}
	}
	write(t, "cases.json", toJSON(t, records))
	made := score(t, options(t, "cls", "cases.json")).Reports[0]
	if got := value(t, made, "acc_intervention"); got != 0.75 {
		t.Errorf("accuracy %v, want 0.75", got)
	}
	for _, head := range made.Heads {
		if head.Name == "intervention" && (head.Classes.Unknown != 6 || head.Records != 24 || !slices.Contains(head.Classes.Labels, report.UnknownLabel)) {
			t.Errorf("%d unknown of %d, labels %v", head.Classes.Unknown, head.Records, head.Classes.Labels)
		}
	}
}

// TestTooLong counts records that are longer than the model reads: those of
// token tasks are left out, calls for other tasks cut.
func TestTooLong(t *testing.T) {
	const limit = 140
	w := tinymodel.NewWorld(t)
	places, err := tasks.Custom{Name: "places", Kind: tasks.Token, Text: "narrative", Entities: "places", Labels: []string{"PLACE"}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	w.Model("short", 1, limit, append(w.Three(), places)...)
	tooLong := map[string]int{}
	count := func(task, text string) {
		if len(w.Tok.Encode(text).IDs) > limit {
			tooLong[task]++
		}
	}
	for line := range strings.Lines(filetest.Read(t, nerFile)) {
		var record struct{ Text string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		count("ner", record.Text)
	}
	var cases []map[string]any
	if err := json.Unmarshal([]byte(filetest.Read(t, clsFile)), &cases); err != nil {
		t.Fatal(err)
	}
	for i, record := range cases {
		if i < 3 {
			record["narrative"] = strings.Repeat(record["narrative"].(string)+" ", 5)
		}
		text := record["narrative"].(string)
		firstWord := utf8.RuneCountInString(text[:strings.IndexAny(text, " :,")])
		record["places"] = []map[string]any{{"start": 0, "end": firstWord, "label": "PLACE"}}
		count("places", text)
	}
	write(t, clsFile, toJSON(t, cases))
	result := mustRun(t, options(t, "short", append(allData, "places="+clsFile)...))
	got := result.Models[0]
	for _, task := range []string{"ner", "places"} {
		if n := tooLong[task]; n == 0 || n == 24 {
			t.Fatalf("%s: %d of 24 records are too long; choose another limit", task, n)
		}
		made := got.report(t, task)
		if n, scored := got.Scored[task].Dropped, made.Heads[0].Records; n != tooLong[task] || scored != 24-n {
			t.Errorf("%s: %d dropped, %d scored; want %d of 24 dropped", task, n, scored, tooLong[task])
		}
	}
	if n := got.Scored["cls"].Dropped; n != 0 || got.report(t, "cls").Records != 24 {
		t.Errorf("cls: %d dropped", n)
	}
	if n := got.Scored["qa"].Dropped; n != 0 || got.report(t, "qa").Records != 24 {
		t.Errorf("qa: %d dropped", n)
	}
	var page strings.Builder
	if err := result.Markdown(&page); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("- ner: all records in %s; %d left out, longer than the model reads", nerFile, tooLong["ner"]); !strings.Contains(page.String(), want) {
		t.Errorf("%q is missing in\n%s", want, page.String())
	}
	// Of listed records only those count: here the ones that were scored.
	o := options(t, "short", "ner="+nerFile)
	mustSave(t, mustRun(t, o), "report")
	o.Records = "report/predictions_ner.csv"
	again := score(t, o)
	if n := again.Scored["ner"].Dropped; n != 0 || again.Reports[0].Records != 24-tooLong["ner"] {
		t.Errorf("of the short ones %d are dropped, %d scored", n, again.Reports[0].Records)
	}
	// None is left of a list of long ones.
	rows, err := csv.NewReader(strings.NewReader(filetest.Read(t, "report/predictions_ner.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	short := map[string]bool{}
	for _, row := range rows[1:] {
		short[row[0]] = true
	}
	var long strings.Builder
	long.WriteString("record\n")
	for number := range 24 {
		if n := strconv.Itoa(number + 1); !short[n] {
			long.WriteString(n + "\n")
		}
	}
	write(t, "long.csv", long.String())
	o.Records = "long.csv"
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "no record is left to score") {
		t.Errorf("only long ones: %v", err)
	}
}

// TestRecordNumbers holds the predictions to the records: those of batches,
// which are sorted by length, to those of one record at a time.
func TestRecordNumbers(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
	var cases []struct{ Priority string }
	if err := json.Unmarshal([]byte(filetest.Read(t, clsFile)), &cases); err != nil {
		t.Fatal(err)
	}
	tables := map[string][][]string{}
	for _, size := range []string{"1", "7"} {
		o := options(t, "cls", clsFile)
		o.BatchSize, _ = strconv.Atoi(size)
		mustSave(t, mustRun(t, o), size)
		rows, err := csv.NewReader(strings.NewReader(filetest.Read(t, size+"/predictions_cls.csv"))).ReadAll()
		if err != nil || len(rows) != 1+len(cases) {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		tables[size] = rows
	}
	truth, predicted := slices.Index(tables["1"][0], "priority.truth"), slices.Index(tables["1"][0], "main.probability")
	different := map[string]bool{}
	for i, record := range cases {
		one, batched := tables["1"][1+i], tables["7"][1+i]
		if number := strconv.Itoa(i + 1); batched[0] != number || batched[truth] != record.Priority {
			t.Errorf("row %s has record %s of priority %s; want %s", number, batched[0], batched[truth], record.Priority)
		}
		a, err := strconv.ParseFloat(one[predicted], 64)
		b, err2 := strconv.ParseFloat(batched[predicted], 64)
		if err != nil || err2 != nil || math.Abs(a-b) > 1e-4 {
			t.Errorf("record %d: probability %s alone, %s in a batch", i+1, one[predicted], batched[predicted])
		}
		different[one[predicted]] = true
	}
	if len(different) < 12 {
		t.Errorf("only %d different probabilities: they tell no records apart", len(different))
	}
}
