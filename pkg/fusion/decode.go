package fusion

import (
	"unicode/utf8"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
	"github.com/trident-nlp/trident/pkg/triage"
)

// prediction converts the pieces' logits to the user's prediction.
func (c *call) prediction(list []tasks.Task, o PredictOptions) Prediction {
	p := Prediction{Truncated: c.truncated(), Calibrated: c.calibration != nil}
	for _, piece := range c.pieces {
		p.Read += len(piece.enc.IDs)
	}
	if c.empty() {
		return Prediction{Err: ErrNoWords, Truncated: p.Truncated, Read: p.Read}
	}
	if err := c.finite(list); err != nil {
		return Prediction{Err: err, Truncated: p.Truncated, Read: p.Read}
	}
	scores := &Scores{}
	var asked triage.Call
	if o.Scores || o.TextScores {
		p.Scores = scores
	}
	for _, task := range list {
		own, customScores := c.task(task, o)
		p.addCalibrated(c, task, customScores)
		if o.Review {
			assess(&asked, task, own, customScores)
		}
		if task.PerToken() && !o.Scores {
			customScores.Tokens = nil
		}
		switch {
		case !tasks.BuiltIn(task):
			p.Tasks = append(p.Tasks, Field[CustomAnswer]{task.Name, own})
			if customScores.Tokens != nil || customScores.Heads != nil {
				scores.Tasks = append(scores.Tasks, Field[CustomScores]{task.Name, customScores})
			}
		case task.Kind == tasks.Token:
			p.NER, p.Entities, scores.NER = own.Tokens, own.Entities, customScores.Tokens
		case task.Kind == tasks.MultiClass:
			p.Classification, scores.Classification = own.Classes, customScores.Heads
		default:
			p.QA, scores.QA = positions(own.Flags), positions(customScores.Heads)
		}
	}
	p.Warnings = c.warnings()
	if o.Review {
		review := triage.Assess(asked)
		p.Review = &review
	}
	if o.Attention { // other pieces of the batch may have requested it
		p.Attention = c.wordWeights(list)
	}
	return p
}

// task returns the prediction for one task.
func (c *call) task(task tasks.Task, o PredictOptions) (own CustomAnswer, scores CustomScores) {
	switch task.Kind {
	case tasks.Token:
		cut := newCutter(c.text)
		own.Tokens, scores.Tokens = c.tokens(task, cut)
		own.Entities = merge(own.Tokens, scores.Tokens, tasks.SchemeOf(task.Heads[0].Labels), cut)
	case tasks.MultiClass:
		own.Classes, scores.Heads = c.classes(task)
	case tasks.MultiLabel:
		own.Flags, scores.Heads = c.flags(task, o)
	}
	return own, scores
}

// positions drops the names of each head's labels.
func positions[T any](heads Fields[Fields[T]]) Fields[[]T] {
	var list Fields[[]T]
	for _, head := range heads {
		values := make([]T, len(head.Value))
		for i, field := range head.Value {
			values[i] = field.Value
		}
		list = append(list, Field[[]T]{head.Name, values})
	}
	return list
}

// tokens assigns to each word read the most likely label of its first sub-word, the one
// that training labels.
func (c *call) tokens(task tasks.Task, cut cutter) ([]Token, []Fields[float32]) {
	list, scores := []Token{}, []Fields[float32]{}
	labels := task.Heads[0].Labels
	t := c.calibration.Temperature(task.Name, task.Heads[0].Name)
	for _, w := range words(c.enc) {
		p := c.central(w.first)
		if p == nil {
			break // the rest of the text wasn't read
		}
		row := p.position(w.first) * len(labels)
		logits := p.logits[task.Name][0][row : row+len(labels)]
		list = append(list, Token{cut.text(w.start, w.end), labels[numbers.Argmax(logits)], w.start, w.end})
		scores = append(scores, named(labels, calibrate.Softmax(logits, t)))
	}
	return list, scores
}

// classes returns each head's label in the task's answer, and each head's own
// probabilities of all its labels.
func (c *call) classes(task tasks.Task) (Fields[string], Fields[Fields[float32]]) {
	var list Fields[string]
	var scores Fields[Fields[float32]]
	logits := make([][]float32, len(task.Heads))
	for h := range task.Heads {
		logits[h] = c.logits(task.Name, h)
	}
	answer := task.Answer(logits)
	for h, head := range task.Heads {
		list = append(list, Field[string]{head.Field, head.Labels[answer[h]]})
		scores = append(scores, Field[Fields[float32]]{head.Field, named(head.Labels, calibrate.Softmax(logits[h], c.calibration.Temperature(task.Name, head.Name)))})
	}
	return list, scores
}

// flags returns 1 for each label whose probability is above its head's threshold,
// otherwise 0.
func (c *call) flags(task tasks.Task, o PredictOptions) (Fields[Fields[int]], Fields[Fields[float32]]) {
	var list Fields[Fields[int]]
	var scores Fields[Fields[float32]]
	for h, head := range task.Heads {
		threshold, t := o.threshold(task.Name, head.Name), c.calibration.Temperature(task.Name, head.Name)
		met := make(Fields[int], len(head.Labels))
		probabilities := make([]float32, len(head.Labels))
		for i, logit := range c.logits(task.Name, h) {
			p := calibrate.Sigmoid(logit, t)
			met[i] = Field[int]{Name: head.Labels[i]}
			if p > threshold {
				met[i].Value = 1
			}
			probabilities[i] = float32(p)
		}
		list = append(list, Field[Fields[int]]{head.Field, met})
		scores = append(scores, Field[Fields[float32]]{head.Field, named(head.Labels, probabilities)})
	}
	return list, scores
}

// merge joins adjacent tokens into entities. scores are all labels' probabilities for each
// token.
func merge(list []Token, scores []Fields[float32], scheme tasks.Scheme, cut cutter) []Entity {
	labels := make([]string, len(list))
	for i, t := range list {
		labels[i] = t.Label
	}
	entities := []Entity{}
	names := entityNames(scheme, scores)
	for _, s := range scheme.Spans(labels) {
		e := Entity{Label: s.Label, Start: list[s.Start].Start, End: list[s.End-1].End}
		e.Text = cut.text(e.Start, e.End)
		e.Score, e.Least = spanScore(scores[s.Start:s.End], names, e.Label)
		entities = append(entities, e)
	}
	return entities
}

// spanScore returns the mean and the least of the words' probabilities of an entity's name.
func spanScore(words []Fields[float32], names []string, name string) (mean, least float32) {
	var sum float64
	lowest := 1.0
	for _, labels := range words {
		p := ofName(labels, names, name)
		sum += p
		lowest = min(lowest, p)
	}
	return float32(sum / float64(len(words))), float32(lowest)
}

// entityNames returns the entity's name of each label.
func entityNames(scheme tasks.Scheme, words []Fields[float32]) []string {
	if len(words) == 0 {
		return nil
	}
	names := make([]string, len(words[0]))
	for i, label := range words[0] {
		names[i] = scheme.Name(label.Name)
	}
	return names
}

// ofName returns the probability of all labels of that name.
func ofName(labels Fields[float32], names []string, name string) float64 {
	var p float64
	for i, label := range labels {
		if names[i] == name {
			p += float64(label.Value)
		}
	}
	return min(p, 1)
}

// word is a word of an encoding: the index of its first token, and its span in the text
// in code points.
type word struct{ first, start, end int }

// words joins an encoding's sub-words.
func words(enc tokenize.Encoding) []word {
	var list []word
	for i, number := range enc.Words {
		switch {
		case number < 0:
		case i > 0 && enc.Words[i-1] == number:
			list[len(list)-1].end = enc.Offsets[i].End
		default:
			list = append(list, word{i, enc.Offsets[i].Start, enc.Offsets[i].End})
		}
	}
	return list
}

// cutter extracts parts of a text by code points.
type cutter struct {
	whole  string
	starts []int // of each code point, in bytes, and the end; nil if code points are single bytes
}

func newCutter(text string) cutter {
	c := cutter{whole: text}
	if n := utf8.RuneCountInString(text); n < len(text) {
		c.starts = make([]int, 0, n+1)
		for i := range text {
			c.starts = append(c.starts, i)
		}
		c.starts = append(c.starts, len(text))
	}
	return c
}

func (c cutter) text(start, end int) string {
	if c.starts == nil {
		return c.whole[start:end]
	}
	return c.whole[c.starts[start]:c.starts[end]]
}

func named(labels []string, values []float32) Fields[float32] {
	fields := make(Fields[float32], len(labels))
	for i, label := range labels {
		fields[i] = Field[float32]{label, values[i]}
	}
	return fields
}
