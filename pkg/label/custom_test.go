package label

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// addOwn adds the answers of ownTasks to those of [written].
func addOwn(list []fusion.Prediction) {
	scored := func(names []string, values ...float32) (fields fusion.Fields[float32]) {
		for i, name := range names {
			fields = append(fields, fusion.Field[float32]{Name: name, Value: values[i]})
		}
		return fields
	}
	add := func(p *fusion.Prediction, name string, own fusion.CustomAnswer, scores fusion.CustomScores) {
		p.Tasks = append(p.Tasks, fusion.Field[fusion.CustomAnswer]{Name: name, Value: own})
		p.Scores.Tasks = append(p.Scores.Tasks, fusion.Field[fusion.CustomScores]{Name: name, Value: scores})
	}
	type (
		class  = fusion.Field[string]
		flag   = fusion.Field[int]
		flags  = fusion.Field[fusion.Fields[int]]
		scores = fusion.Field[fusion.Fields[float32]]
	)
	places, weapons := []string{"O", "PLACE", "NAME"}, []string{"O", "NAME", "WEAPON"}
	a, b := &list[0], &list[1]
	add(a, "places", fusion.CustomAnswer{
		Tokens:   []fusion.Token{{Text: "Kisumu", Label: "PLACE", Start: 12, End: 18}, {Text: "Amina", Label: "NAME", Start: 19, End: 24}},
		Entities: []fusion.Entity{{Text: "Kisumu", Label: "PLACE", Start: 12, End: 18, Score: 0.5, Least: 0.25}, {Text: "Amina", Label: "NAME", Start: 19, End: 24, Score: 1, Least: 1}},
	}, fusion.CustomScores{Tokens: []fusion.Fields[float32]{scored(places, 0.25, 0.5, 0.25), scored(places, 0.125, 0.25, 0.625)}})
	add(b, "places", fusion.CustomAnswer{Tokens: []fusion.Token{}, Entities: []fusion.Entity{}}, fusion.CustomScores{Tokens: []fusion.Fields[float32]{}})
	for i, p := range []*fusion.Prediction{a, b} {
		mood := []string{"calm", "very upset"}[i]
		add(p, "mood", fusion.CustomAnswer{Classes: fusion.Fields[string]{class{Name: "caller", Value: mood}, class{Name: "priority", Value: "1"}}},
			fusion.CustomScores{Heads: fusion.Fields[fusion.Fields[float32]]{
				scores{Name: "caller", Value: scored([]string{"calm", "very upset"}, float32(1-i), float32(i))},
				scores{Name: "priority", Value: scored([]string{"1", "2"}, 0.625, 0.375)},
			}})
		opening, needs := []string{"Use of call opening phrase", "weapon"}, []string{"shelter", "=food"}
		add(p, "risk_signs", fusion.CustomAnswer{Flags: fusion.Fields[fusion.Fields[int]]{
			flags{Name: "opening", Value: fusion.Fields[int]{flag{Name: opening[0], Value: 1}, flag{Name: opening[1], Value: i}}},
			flags{Name: "needs", Value: fusion.Fields[int]{flag{Name: needs[0], Value: 0}, flag{Name: needs[1], Value: 1}}},
		}}, fusion.CustomScores{Heads: fusion.Fields[fusion.Fields[float32]]{
			scores{Name: "opening", Value: scored(opening, 0.75, 0.25+float32(i)/2)},
			scores{Name: "needs", Value: scored(needs, 0.125, 0.875)},
		}})
	}
	add(a, "weapons", fusion.CustomAnswer{
		Tokens:   []fusion.Token{{Text: "Zoë", Label: "NAME", Start: 0, End: 3}},
		Entities: []fusion.Entity{{Text: "Zoë", Label: "NAME", Start: 0, End: 3}},
	}, fusion.CustomScores{Tokens: []fusion.Fields[float32]{scored(weapons, 0.25, 0.5, 0.25)}})
	add(b, "weapons", fusion.CustomAnswer{
		Tokens:   []fusion.Token{{Text: "[31m", Label: "WEAPON", Start: 6, End: 10}, {Text: "<", Label: "WEAPON", Start: 11, End: 12}},
		Entities: []fusion.Entity{{Text: "\x1b[31m\n<", Label: "WEAPON", Start: 6, End: 12}},
	}, fusion.CustomScores{Tokens: []fusion.Fields[float32]{scored(weapons, 0.25, 0.25, 0.5), scored(weapons, 0.25, 0.25, 0.5)}})
}

// TestOwnTasks writes what a model with ner, cls and a user's tasks says.
func TestOwnTasks(t *testing.T) {
	builtIn, own := testTasks(), tinymodel.Custom(t)
	list := slices.Concat(own[:2], builtIn[:2], own[2:]) // not in reading order
	tests := []struct {
		golden string
		style  style
	}{
		{"custom.jsonl.golden", style{format: "jsonl"}},
		{"custom.scores.jsonl.golden", style{format: "jsonl", scores: true}},
		{"custom.csv.golden", style{format: "csv"}},
		{"custom.scores.csv.golden", style{format: "csv", scores: true}},
		{"custom.text.golden", style{format: "text"}},
		{"custom.colour.text.golden", style{format: "text", colour: true}},
	}
	for _, test := range tests {
		t.Run(test.golden, func(t *testing.T) {
			var out bytes.Buffer
			w, err := newWriter(&out, test.style, list)
			if err != nil {
				t.Fatal(err)
			}
			records, predictions := written()
			addOwn(predictions)
			for i, r := range records {
				p := without(predictions[i], list, test.style.scores || test.style.format == "text", false)
				if err := w.write(i+1, r, p); err != nil {
					t.Fatal(err)
				}
			}
			filetest.Golden(t, test.golden, out.Bytes())
			switch test.style.format {
			case "csv":
				filetest.Table(t, out.String())
			case "text":
				if escape := strings.Contains(out.String(), "\x1b["); escape != test.style.colour {
					t.Error("control characters of the text came through, or colours are wrong")
				}
			}
		})
	}
}

// TestColumnsDiffer gives kinds of entities the names of other columns.
func TestColumnsDiffer(t *testing.T) {
	own := tinymodel.Custom(t)
	ner := tasks.NER([]string{tasks.OutsideLabel, "id", "main_category", "mood.caller", "weapons.NAME"})
	for _, scores := range []bool{false, true} {
		var out bytes.Buffer
		if _, err := newCSVWriter(&out, style{scores: scores}, append(own, ner, testTasks()[1])); err != nil {
			t.Fatal(err)
		}
		header := filetest.Table(t, out.String())[0]
		for _, want := range []string{"id", "main_category", "mood.caller", "risk_signs.needs: shelter", "weapons.NAME", "ner.id", "ner.main_category", "ner.mood.caller"} {
			if !slices.Contains(header, want) {
				t.Errorf("no column %s in %q", want, header)
			}
		}
	}
}

// TestBuiltInNameOfAnotherKind is a task that is called ner and has no
// entities: its answer is among the user's.
func TestBuiltInNameOfAnotherKind(t *testing.T) {
	own := tinymodel.Custom(t)[1]
	own.Name = tasks.NERName
	var out bytes.Buffer
	w, err := newWriter(&out, style{format: "csv"}, []tasks.Task{own})
	if err != nil {
		t.Fatal(err)
	}
	p := fusion.Prediction{Tasks: fusion.Fields[fusion.CustomAnswer]{{Name: "ner", Value: fusion.CustomAnswer{
		Classes: fusion.Fields[string]{{Name: "caller", Value: "calm"}, {Name: "priority", Value: "2"}},
	}}}}
	if err := w.write(1, record{}, p); err != nil {
		t.Fatal(err)
	}
	if want := "id,ner.caller,ner.priority,truncated\n,calm,2,0\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
