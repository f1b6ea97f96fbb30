package label

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/triage"
)

// written are calls with predictions that try every writer.
func written() ([]record, []fusion.Prediction) {
	labels := tasks.NERLabels()
	tokens := func(list ...fusion.Token) (tokens []fusion.Token, scores []fusion.Fields[float32]) {
		for _, t := range list {
			var s fusion.Fields[float32]
			for _, label := range labels {
				p := float32(0.0125)
				if label == t.Label {
					p = 0.8875
				}
				s = append(s, fusion.Field[float32]{Name: label, Value: p})
			}
			scores = append(scores, s)
		}
		return list, scores
	}
	classes := func(p float32, names ...string) (fusion.Fields[string], fusion.Fields[fusion.Fields[float32]]) {
		var chosen fusion.Fields[string]
		var scores fusion.Fields[fusion.Fields[float32]]
		for i, head := range testTasks()[1].Heads {
			chosen = append(chosen, fusion.Field[string]{Name: head.Field, Value: names[i]})
			var s fusion.Fields[float32]
			for _, label := range head.Labels {
				q := (1 - p) / float32(len(head.Labels)-1)
				if label == names[i] {
					q = p
				}
				s = append(s, fusion.Field[float32]{Name: label, Value: q})
			}
			scores = append(scores, fusion.Field[fusion.Fields[float32]]{Name: head.Field, Value: s})
		}
		return chosen, scores
	}
	criteria := func(p float32) (fusion.Fields[[]int], fusion.Fields[[]float32]) {
		var met fusion.Fields[[]int]
		var scores fusion.Fields[[]float32]
		for _, head := range testTasks()[2].Heads {
			m, s := make([]int, len(head.Labels)), make([]float32, len(head.Labels))
			for i := range m {
				m[i], s[i] = i%2, p
				if m[i] == 1 {
					s[i] = 1 - p
				}
			}
			met = append(met, fusion.Field[[]int]{Name: head.Field, Value: m})
			scores = append(scores, fusion.Field[[]float32]{Name: head.Field, Value: s})
		}
		return met, scores
	}

	var a, b fusion.Prediction
	a.Scores, b.Scores = &fusion.Scores{}, &fusion.Scores{}
	a.NER, a.Scores.NER = tokens(
		fusion.Token{Text: "Zoë", Label: "NAME", Start: 0, End: 3}, fusion.Token{Text: "Otieno", Label: "NAME", Start: 4, End: 10},
		fusion.Token{Text: ",", Label: "O", Start: 10, End: 11}, fusion.Token{Text: "Kisumu", Label: "LOCATION", Start: 12, End: 18},
		fusion.Token{Text: "Amina", Label: "NAME", Start: 19, End: 24}, fusion.Token{Text: "&", Label: "O", Start: 25, End: 26},
	)
	a.Entities = []fusion.Entity{
		{Text: "Zoë Otieno", Label: "NAME", Start: 0, End: 10, Score: 0.75, Least: 0.625}, {Text: "Kisumu", Label: "LOCATION", Start: 12, End: 18, Score: 0.8875, Least: 0.8875},
		{Text: "Amina", Label: "NAME", Start: 19, End: 24, Score: 0.8875, Least: 0.8875},
	}
	a.Classification, a.Scores.Classification = classes(0.75, "Child Maintenance & Custody", "Custody", "Counselling", "1")
	a.QA, a.Scores.QA = criteria(0.25)
	b.NER, b.Scores.NER = tokens(fusion.Token{Text: "=1+1", Label: "AGE", Start: 1, End: 5}, fusion.Token{Text: "<b>", Label: "O", Start: 11, End: 14})
	b.Entities = []fusion.Entity{{Text: "=1+1", Label: "AGE", Start: 1, End: 5, Score: 0.8875, Least: 0.8875}}
	b.Classification, b.Scores.Classification = classes(0.5, "GBV", "Physical Violence", "Referral", "3")
	b.QA, b.Scores.QA = criteria(0.125)
	b.Truncated = true
	a.Review = &triage.Review{Cost: 3.5, Reasons: []triage.Reason{
		{Kind: triage.Urgency, Task: "cls", Head: "priority", Label: "2", Probability: 0.75, Cost: 2.5},
		{Kind: triage.Doubt, Task: "ner", Probability: 0.625, Cost: 0.5},
	}}
	b.Review = &triage.Review{Cost: 12.25, Reasons: []triage.Reason{
		{Kind: triage.Urgency, Task: "cls", Head: "priority", Label: "1", Probability: 0.875, Cost: 9},
		{Kind: triage.Doubt, Task: "qa", Head: "opening", Label: "Use of call opening phrase", Probability: 0.5, Cost: 2.25},
	}}
	return []record{
		{id: json.Number("1696525048.1374"), text: "Zoë Otieno, Kisumu Amina &"},
		{text: "\x07=1+1\x1b[31m\n<b> \"x\""},
	}, []fusion.Prediction{a, b}
}

// without drops the parts of tasks that aren't in list, the scores, and the review.
func without(p fusion.Prediction, list []tasks.Task, scores, queue bool) fusion.Prediction {
	if !scores {
		p.Scores = nil
	}
	if !queue {
		p.Review = nil
	}
	for _, name := range []string{"ner", "cls", "qa"} {
		if _, err := tasks.Find(list, name); err == nil {
			continue
		}
		switch name {
		case "ner":
			p.NER, p.Entities = nil, nil
		case "cls":
			p.Classification = nil
		case "qa":
			p.QA = nil
		}
	}
	return p
}

func TestWriters(t *testing.T) {
	all := testTasks()
	tests := []struct {
		golden string
		style  style
		tasks  []tasks.Task
		calls  int
		kept   bool // the scores reach the writer
	}{
		{"jsonl.golden", style{format: "jsonl"}, all, 2, false},
		{"scores.jsonl.golden", style{format: "jsonl", scores: true}, all, 2, true},
		{"json.golden", style{format: "json"}, all, 2, false},
		{"one.json.golden", style{format: "json"}, all[1:2], 1, false},
		{"only.json.golden", style{format: "json", only: true}, all[1:2], 1, false},
		{"csv.golden", style{format: "csv"}, all, 2, false},
		{"scores.csv.golden", style{format: "csv", scores: true}, all, 2, true},
		{"ner.csv.golden", style{format: "csv", scores: true}, all[:1], 2, true},
		{"text.golden", style{format: "text"}, all, 2, true},
		{"colour.text.golden", style{format: "text", colour: true}, all, 2, true},
		{"queue.jsonl.golden", style{format: "jsonl", queue: true}, all[:2], 2, false},
		{"queue.json.golden", style{format: "json", queue: true}, all[1:2], 2, false},
		{"queue.csv.golden", style{format: "csv", queue: true}, all[:2], 2, false},
		{"queue.text.golden", style{format: "text", queue: true}, all[:2], 2, true},
		{"cls.text.golden", style{format: "text", only: true}, all[1:2], 1, true},
	}
	for _, test := range tests {
		t.Run(test.golden, func(t *testing.T) {
			var out bytes.Buffer
			w, err := newWriter(&out, test.style, test.tasks)
			if err != nil {
				t.Fatal(err)
			}
			records, predictions := written()
			for i := range test.calls {
				if err := w.write(i+1, records[i], without(predictions[i], test.tasks, test.kept, test.style.queue)); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.finish(); err != nil {
				t.Fatal(err)
			}
			filetest.Golden(t, test.golden, out.Bytes())
			switch test.style.format {
			case "json":
				if !json.Valid(out.Bytes()) {
					t.Error("no JSON")
				}
			case "jsonl":
				for line := range strings.Lines(out.String()) {
					if !json.Valid([]byte(line)) {
						t.Errorf("no JSON: %s", line)
					}
				}
			case "text":
				if escape := strings.Contains(out.String(), "\x1b["); escape != test.style.colour || strings.Contains(out.String(), "\x07") {
					t.Error("control characters of the text came through, or colours are wrong")
				}
			}
		})
	}
}

func TestHarmless(t *testing.T) {
	for cell, want := range map[string]string{
		"":                   "",
		"Kisumu":             "Kisumu",
		"=HYPERLINK(\"x\")":  "'=HYPERLINK(\"x\")",
		"+254 (700) 000-000": "+254 (700) 000-000",
		"-5":                 "-5",
		"+1+cmd|x":           "'+1+cmd|x",
		"-x":                 "'-x",
		"@x":                 "'@x",
		"\tx":                "'\tx",
		"ë=1":                "ë=1",
	} {
		if got := harmless(cell); got != want {
			t.Errorf("%q becomes %q, want %q", cell, got, want)
		}
	}
}

func TestStyle(t *testing.T) {
	for _, test := range []struct {
		format, name string
		terminal     bool
		want         string
	}{
		{"auto", "", false, "jsonl"},
		{"auto", "", true, "text"},
		{"csv", "", true, "csv"},
		{"auto", "out/a.JSON", false, "json"},
		{"auto", "a.csv", false, "csv"},
		{"auto", "a.txt", false, "text"},
		{"auto", "a.jsonl", false, "jsonl"},
		{"auto", "a", false, "jsonl"},
		{"text", "a.json", false, "text"},
	} {
		o := Options{Format: test.format}
		if got := o.style(&destination{name: test.name, terminal: test.terminal}, false); got.format != test.want {
			t.Errorf("%+v: %s", test, got.format)
		}
	}
}

func TestColour(t *testing.T) {
	o := Options{Format: "text"}
	for _, test := range []struct {
		noColour, term string
		terminal, want bool
	}{
		{"", "xterm", true, true},
		{"1", "xterm", true, false},
		{"", "dumb", true, false},
		{"", "xterm", false, false},
	} {
		t.Setenv("NO_COLOR", test.noColour)
		t.Setenv("TERM", test.term)
		if got := o.style(&destination{terminal: test.terminal}, false); got.colour != test.want {
			t.Errorf("%+v: colour %v", test, got.colour)
		}
	}
}
