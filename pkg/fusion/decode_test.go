package fusion

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

func TestMerge(t *testing.T) {
	const text = "John  Otieno na Zoë, 8 — wa Murang'a"
	for name, test := range map[string]struct {
		tokens []Token
		want   []Entity
	}{
		"none": {[]Token{{"na", "O", 13, 15}}, []Entity{}},
		"neighbours of one label": {
			[]Token{{"John", "NAME", 0, 4}, {"Otieno", "NAME", 6, 12}, {"na", "O", 13, 15}},
			[]Entity{{"John  Otieno", "NAME", 0, 12, 0.75, 0.5}},
		},
		"O between": {
			[]Token{{"John", "NAME", 0, 4}, {"na", "O", 13, 15}, {"Zoë", "NAME", 16, 19}},
			[]Entity{{"John", "NAME", 0, 4, 1, 1}, {"Zoë", "NAME", 16, 19, 0.25, 0.25}},
		},
		"another label": {
			[]Token{{"Otieno", "NAME", 6, 12}, {"na", "VICTIM", 13, 15}, {"Zoë", "VICTIM", 16, 19}},
			[]Entity{{"Otieno", "NAME", 6, 12, 1, 1}, {"na Zoë", "VICTIM", 13, 19, 0.375, 0.25}},
		},
		"after non-ASCII text": {
			[]Token{{"8", "AGE", 21, 22}, {"—", "O", 23, 24}, {"Murang", "LOCATION", 28, 34}, {"'", "LOCATION", 34, 35}, {"a", "LOCATION", 35, 36}},
			[]Entity{{"8", "AGE", 21, 22, 1, 1}, {"Murang'a", "LOCATION", 28, 36, 0.14583333, 0.0625}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var scores []Fields[float32]
			for i, token := range test.tokens { // 1, 0.5, 0.25, …
				row := named([]string{"O", "NAME", "AGE", "LOCATION", "VICTIM"}, make([]float32, 5))
				for k := range row {
					if row[k].Name == token.Label {
						row[k].Value = float32(math.Pow(0.5, float64(i)))
					}
				}
				scores = append(scores, row)
			}
			if got := merge(test.tokens, scores, tasks.Scheme{}, newCutter(text)); !slices.Equal(got, test.want) || got == nil {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestTokensAreWords checks that each token is the text between its offsets,
// in code points, and that together they are all of the text but white space.
func TestTokensAreWords(t *testing.T) {
	p, _ := newTestPredictor(t)
	text := datasets.Transcript("Zoë's  son—8, “Mwakamba” 😀 \u0065\u0301t\xffé?")
	got := mustPredict(t, p, []datasets.Transcript{text}, PredictOptions{Tasks: []string{"ner"}})[0]
	want := []string{"Zoë", "'", "s", "son", "—", "8", ",", "“", "Mwakamba", "”", "😀", "e\u0301t\xffé", "?"}
	var words []string
	runes := []rune(string(text))
	for _, token := range got.NER {
		words = append(words, token.Text)
		if between := string(runes[token.Start:token.End]); between != string([]rune(token.Text)) {
			t.Errorf("%q stands at %d to %d, where the text has %q", token.Text, token.Start, token.End, between)
		}
	}
	if !slices.Equal(words, want) {
		t.Errorf("words %q, want %q", words, want)
	}
}

func TestSoftmax(t *testing.T) {
	got := softmax([]float32{1000, 1000, float32(math.Inf(-1))})
	if !slices.Equal(got, []float32{0.5, 0.5, 0}) {
		t.Errorf("got %v", got)
	}
}

func TestPredictionJSON(t *testing.T) {
	for name, test := range map[string]struct {
		p    Prediction
		want string
	}{
		"nothing":   {Prediction{}, `{}`},
		"no entity": {Prediction{NER: []Token{}, Entities: []Entity{}}, `{"ner":[],"entities":[]}`},
		"own tasks": {
			Prediction{
				Tasks: Fields[CustomAnswer]{
					{"places", CustomAnswer{Tokens: []Token{{"Zoë", "A", 0, 3}}, Entities: []Entity{}}},
					{"mood", CustomAnswer{Classes: Fields[string]{{"caller", "sad & <b>"}}}},
					{"topics", CustomAnswer{Flags: Fields[Fields[int]]{{"about", Fields[int]{{"x", 1}, {"a", 0}}}}}},
				},
				Scores: &Scores{Tasks: Fields[CustomScores]{
					{"places", CustomScores{Tokens: []Fields[float32]{{{"O", 0.25}, {"A", 0.75}}}}},
					{"topics", CustomScores{Heads: Fields[Fields[float32]]{{"about", Fields[float32]{{"x", 1}, {"a", 0}}}}}},
				}},
			},
			`{"tasks":{"places":{"tokens":[{"token":"Zoë","label":"A","start":0,"end":3}],"entities":[]},"mood":{"caller":"sad & <b>"},` +
				`"topics":{"about":{"x":1,"a":0}}},"scores":{"tasks":{"places":[{"O":0.25,"A":0.75}],"topics":{"about":{"x":1,"a":0}}}}}`,
		},
		"all": {
			Prediction{
				NER:            []Token{{"Zoë", "NAME", 0, 3}},
				Entities:       []Entity{{"Zoë", "NAME", 0, 3, 0.75, 0.5}},
				Classification: Fields[string]{{"main_category", "Child Maintenance & Custody"}, {"a", "<b>"}},
				QA:             Fields[[]int]{{"opening", []int{1}}, {"listening", []int{0, 1}}},
				Scores: &Scores{
					NER:            []Fields[float32]{{{"O", 0.25}, {"NAME", 0.75}}},
					Classification: Fields[Fields[float32]]{{"main_category", Fields[float32]{{"x", 1}, {"a", 0}}}},
					QA:             Fields[[]float32]{{"opening", []float32{0.5}}},
				},
				Truncated: true,
			},
			`{"ner":[{"token":"Zoë","label":"NAME","start":0,"end":3}],"entities":[{"text":"Zoë","label":"NAME","start":0,"end":3,"score":0.75,"least":0.5}],` +
				`"classification":{"main_category":"Child Maintenance & Custody","a":"<b>"},"qa":{"opening":[1],"listening":[0,1]},` +
				`"scores":{"ner":[{"O":0.25,"NAME":0.75}],"classification":{"main_category":{"x":1,"a":0}},"qa":{"opening":[0.5]}},"truncated":true}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			if err := e.Encode(test.p); err != nil {
				t.Fatal(err)
			}
			if got := b.String(); got != test.want+"\n" {
				t.Errorf("got  %swant %s", got, test.want)
			}
		})
	}
}

// TestEntityScoreOfTags checks that the tags of one name count together.
func TestEntityScoreOfTags(t *testing.T) {
	labels := []string{"O", "B-NAME", "I-NAME", "B-AGE", "I-AGE"}
	scores := []Fields[float32]{named(labels, []float32{0.125, 0.5, 0.25, 0.125, 0}), named(labels, []float32{0.5, 0.125, 0.25, 0, 0.125})}
	tokens := []Token{{"John", "B-NAME", 0, 4}, {"Otieno", "I-NAME", 5, 11}}
	got := merge(tokens, scores, tasks.SchemeOf(labels), newCutter("John Otieno"))
	if want := []Entity{{"John Otieno", "NAME", 0, 11, 0.5625, 0.375}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
