package fusion

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// newOwnPredictor is the test's predictor for a user's tasks. With this seed
// it says different things.
func newOwnPredictor(t *testing.T) (*Predictor, *Model) {
	t.Helper()
	return newPredictorOf(t, 3, append(ownTasks(t), tasks.QA()))
}

func TestPredictOwnTasks(t *testing.T) {
	p, m := newOwnPredictor(t)
	places, mood, topics := m.Tasks[0], m.Tasks[1], m.Tasks[2]
	said := map[string]bool{}
	for i, got := range mustPredict(t, p, predictorTexts, PredictOptions{Scores: true}) {
		if got.NER != nil || got.Entities != nil || got.Classification != nil || len(got.QA) != 6 || len(got.Tasks) != 3 || len(got.Scores.Tasks) != 3 {
			t.Fatalf("text %d: %+v", i, got)
		}
		enc := p.tok.Encode(string(predictorTexts[i])).Truncate(predictorLimit)
		logits := direct(t, m, enc)

		own, scores := got.Tasks.Get("places"), got.Scores.Tasks.Get("places")
		labels := places.Heads[0].Labels
		n := 0
		for j, word := range enc.Words {
			if word < 0 || word == enc.Words[j-1] {
				continue
			}
			want := softmax(logits["places"][0][j*len(labels) : (j+1)*len(labels)])
			if own.Tokens[n].Label != labels[numbers.Argmax(want)] {
				t.Errorf("text %d: word %d is %s, want %s", i, n, own.Tokens[n].Label, labels[numbers.Argmax(want)])
			}
			said[own.Tokens[n].Label] = true
			near(t, "TOWN", scores.Tokens[n].Get("TOWN"), want[1])
			n++
		}
		if n != len(own.Tokens) || n != len(scores.Tokens) {
			t.Errorf("text %d: %d words, %d scores, want %d", i, len(own.Tokens), len(scores.Tokens), n)
		}
		for h, head := range mood.Heads {
			want := softmax(logits["mood"][h])
			label := got.Tasks.Get("mood").Classes.Get(head.Name)
			if said[label] = true; label != head.Labels[numbers.Argmax(want)] {
				t.Errorf("text %d: %s is %s", i, head.Name, label)
			}
			near(t, head.Name, got.Scores.Tasks.Get("mood").Heads.Get(head.Name).Get(head.Labels[1]), want[1])
		}
		for c, label := range topics.Heads[0].Labels {
			want := 1 / (1 + math.Exp(-float64(logits["topics"][0][c])))
			if met := got.Tasks.Get("topics").Flags.Get("about").Get(label); (met == 1) != (want > 0.5) {
				t.Errorf("text %d: %s is %d at probability %v", i, label, met, want)
			}
			near(t, label, got.Scores.Tasks.Get("topics").Heads.Get("about").Get(label), float32(want))
		}
	}
	if len(said) < 4 {
		t.Errorf("the model says only %v: too little to compare", said)
	}
}

// The JSON of own tasks stands under "tasks", by name, heads by name.
func TestOwnTasksJSON(t *testing.T) {
	p, _ := newOwnPredictor(t)
	got := mustPredict(t, p, predictorTexts[:1], PredictOptions{Tasks: []string{"mood", "places", "topics"}, Scores: true})[0]
	data, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		NER, Classification, QA any
		Tasks                   struct {
			Places struct {
				Tokens   []Token
				Entities []Entity
			}
			Mood   map[string]string
			Topics map[string]map[string]int
		}
		Scores struct {
			Tasks struct {
				Places []map[string]float32
				Mood   map[string]map[string]float32
				Topics map[string]map[string]float32
			}
		}
	}
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	own := got.Tasks.Get("places")
	if len(own.Tokens) == 0 || !slices.Equal(back.Tasks.Places.Tokens, own.Tokens) || !slices.Equal(back.Tasks.Places.Entities, own.Entities) {
		t.Errorf("places %+v, want %+v", back.Tasks.Places, own)
	}
	if back.NER != nil || back.Classification != nil || back.QA != nil {
		t.Errorf("parts that weren't asked for: %s", data)
	}
	if len(back.Tasks.Mood) != 2 || back.Tasks.Mood["caller"] != got.Tasks.Get("mood").Classes.Get("caller") {
		t.Errorf("mood %v", back.Tasks.Mood)
	}
	if about := back.Tasks.Topics["about"]; len(about) != 2 || about["home"] != got.Tasks.Get("topics").Flags.Get("about").Get("home") {
		t.Errorf("topics %v", back.Tasks.Topics)
	}
	if len(back.Scores.Tasks.Places) != len(own.Tokens) || len(back.Scores.Tasks.Mood["agent"]) != 3 || len(back.Scores.Tasks.Topics["about"]) != 2 {
		t.Errorf("scores %+v", back.Scores.Tasks)
	}
}

func TestThresholdsOfHeads(t *testing.T) {
	p, _ := newOwnPredictor(t)
	plain := mustPredict(t, p, predictorTexts, PredictOptions{Scores: true})
	opening := float64(plain[0].Scores.QA.Get("opening")[0])
	home := float64(plain[0].Scores.Tasks.Get("topics").Heads.Get("about").Get("home"))
	for _, shift := range []float64{-1e-4, 1e-4} {
		want := 0
		if shift < 0 {
			want = 1
		}
		got := mustPredict(t, p, predictorTexts, PredictOptions{Heads: Thresholds{"qa": {"opening": opening + shift}, "topics": {"about": home + shift}}})
		if met := got[0].QA.Get("opening")[0]; met != want {
			t.Errorf("opening is %d at probability %v and threshold %v", met, opening, opening+shift)
		}
		if met := got[0].Tasks.Get("topics").Flags.Get("about").Get("home"); met != want {
			t.Errorf("home is %d at probability %v and threshold %v", met, home, home+shift)
		}
		for i := range got {
			for h, head := range got[i].QA {
				if head.Name != "opening" && !slices.Equal(head.Value, plain[i].QA[h].Value) {
					t.Errorf("text %d: the thresholds of other heads change %s", i, head.Name)
				}
			}
		}
	}
	// The threshold of all heads is that of those without their own.
	got := mustPredict(t, p, predictorTexts, PredictOptions{Threshold: 0.999, Heads: Thresholds{"qa": {"opening": 1e-6}}, Scores: true})
	for i := range got {
		for h, head := range got[i].QA {
			for c, met := range head.Value {
				threshold := 0.999
				if head.Name == "opening" {
					threshold = 1e-6
				}
				if (met == 1) != (float64(got[i].Scores.QA[h].Value[c]) > threshold) {
					t.Errorf("text %d: %s %d is %d at %v", i, head.Name, c, met, got[i].Scores.QA[h].Value[c])
				}
			}
		}
	}
}

func TestThresholdsCheck(t *testing.T) {
	p, _ := newOwnPredictor(t)
	for name, test := range map[string]struct {
		thresholds Thresholds
		want       string
	}{
		"none":      {nil, ""},
		"good":      {Thresholds{"qa": {"opening": 0.4, "hold": 0.999}, "topics": {"about": 0.01}}, ""},
		"task":      {Thresholds{"cls": {"main": 0.5}}, `predict: thresholds: no task "cls" in this model; it has [places mood topics qa]`},
		"kind":      {Thresholds{"mood": {"caller": 0.5}}, "predict: thresholds: task mood has no yes/no outputs"},
		"tokens":    {Thresholds{"places": {"places": 0.5}}, "predict: thresholds: task places has no yes/no outputs"},
		"head":      {Thresholds{"qa": {"greeting": 0.5}}, `predict: thresholds: task qa has no head "greeting"`},
		"zero":      {Thresholds{"qa": {"opening": 0}}, "predict: thresholds: qa.opening is 0; want more than 0 and less than 1"},
		"one":       {Thresholds{"qa": {"opening": 1}}, "predict: thresholds: qa.opening is 1; want more than 0 and less than 1"},
		"no number": {Thresholds{"topics": {"about": math.NaN()}}, "predict: thresholds: topics.about is NaN; want more than 0 and less than 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.Predict(t.Context(), predictorTexts[:1], PredictOptions{Heads: test.thresholds})
			if got := errorText(err); got != test.want {
				t.Errorf("error %q, want %q", got, test.want)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
