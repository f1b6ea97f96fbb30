package fusion

import (
	"math"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/triage"
)

// TestReview computes the cost from the scores of the same prediction.
func TestReview(t *testing.T) {
	p, _ := newTestPredictor(t)
	texts := []datasets.Transcript{"Hello, my name is Mwakamba from Kisumu.", "son beaten"}
	for _, got := range mustPredict(t, p, texts, PredictOptions{Review: true, Scores: true}) {
		urgency, doubts := 0.0, map[string][]float64{}
		for _, label := range got.Scores.Classification.Get("priority") {
			urgency += float64(label.Value) * map[string]float64{"1": 10, "2": 3, "3": 1}[label.Name]
		}
		for _, class := range got.Classification {
			doubts["cls"] = append(doubts["cls"], 1-float64(got.Scores.Classification.Get(class.Name).Get(class.Value)))
		}
		for _, head := range got.QA {
			for i, said := range head.Value {
				p := float64(got.Scores.QA.Get(head.Name)[i])
				doubts["qa"] = append(doubts["qa"], math.Abs(float64(said)-p))
			}
		}
		wrong, inside := 0.0, 0.0
		for i, token := range got.NER {
			wrong += 1 - float64(got.Scores.NER[i].Get(token.Label))
			inside += 1 - float64(got.Scores.NER[i].Get(tasks.OutsideLabel))
		}
		doubts["ner"] = []float64{min(1, wrong/max(1, inside))}
		for _, own := range got.Tasks {
			for _, class := range own.Value.Classes {
				doubts[own.Name] = append(doubts[own.Name], 1-float64(got.Scores.Tasks.Get(own.Name).Heads.Get(class.Name).Get(class.Value)))
			}
		}
		doubt := 0.0
		for _, list := range doubts {
			for _, d := range list {
				doubt += d / float64(len(list)*len(doubts))
			}
		}
		if want := urgency * (1 + doubt); math.Abs(got.Review.Cost-want) > 1e-9 {
			t.Errorf("cost %g, want %g", got.Review.Cost, want)
		}
		if first := got.Review.Reasons[0]; first.Kind != triage.Urgency || first.Head != "priority" || math.Abs(first.Cost-urgency) > 1e-9 {
			t.Errorf("first reason %+v, want the urgency %g", first, urgency)
		}
	}
	if got := mustPredict(t, p, texts, PredictOptions{})[0]; got.Review != nil {
		t.Error("a review that nobody asked for")
	}
}
