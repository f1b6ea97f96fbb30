package trainer

import (
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/metrics"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Scores are one task's metrics on a data set.
type Scores struct {
	Task string
	// Name and Value are the selection metric, for the best checkpoint and early
	// stopping. It is a mean over batches as in the Python prototype: ner_f1,
	// cls_avg_acc, qa_avg_f1.
	Name  string
	Value float64
	Loss  float64 // mean over batches
	// Report contains the metrics over the whole set, which reports should quote, the
	// task's headline metric first.
	Report []Figure
}

// Figure is a named number.
type Figure struct {
	Name  string
	Value float64
}

// Headline returns the whole-set metric that summarises the task.
func (s Scores) Headline() Figure { return s.Report[0] }

// scorer collects one task's predictions batch by batch. predicted has one slice per
// head: class ids in the layout of the part's targets, or 0 and 1 for each flag.
type scorer interface {
	add(b datasets.Batch, part datasets.Part, predicted [][]int)
	scores() Scores
}

// taskScorer is a scorer and the mean loss. Tasks with dependent heads have two scorers:
// the best epoch is chosen by each head's most likely class, as in the Python prototype;
// the whole-set metrics use the consistent answers that users get.
type taskScorer struct {
	scorer
	answers scorer // for tasks with dependent heads; otherwise nil
	task    tasks.Task
	loss    mean
}

// addBoth adds a batch; answers are only used for tasks with dependent heads.
func (s *taskScorer) addBoth(b datasets.Batch, part datasets.Part, predicted, answers [][]int) {
	s.add(b, part, predicted)
	if s.answers != nil {
		s.answers.add(b, part, answers)
	}
}

func (s *taskScorer) result() Scores {
	scores := s.scores()
	if s.answers != nil {
		scores.Report = s.answers.scores().Report
	}
	scores.Loss = s.loss.value()
	return scores
}

// newScorers returns one scorer per task.
func newScorers(list []tasks.Task) []*taskScorer {
	var scorers []*taskScorer
	for _, task := range list {
		s := &taskScorer{task: task}
		heads := make([]headPredictions, len(task.Heads))
		switch task.Kind {
		case tasks.Token:
			s.scorer = &tokenScorer{task: task}
		case tasks.MaskedLM:
			s.scorer = &maskedScorer{task: task.Name}
		case tasks.MultiClass:
			s.scorer = &classScorer{task: task, heads: heads}
			if task.Paired() {
				s.answers = &classScorer{task: task, heads: make([]headPredictions, len(task.Heads))}
			}
		default:
			s.scorer = &flagScorer{task: task, heads: heads}
		}
		scorers = append(scorers, s)
	}
	return scorers
}

// addLoss adds a batch's mean loss.
func (s *taskScorer) addLoss(loss float64, part datasets.Part) {
	s.loss.add(loss)
	if masked, ok := s.scorer.(*maskedScorer); ok {
		masked.addLoss(loss, part.Targets[0].Valid)
	}
}

// headPredictions are the true and the predicted classes of a head.
type headPredictions struct{ truth, predicted []int }

// tokenScorer: macro-F1 of labelled tokens for each batch; over the whole set, entity F1
// and scikit-learn's metrics of the tokens.
type tokenScorer struct {
	task             tasks.Task
	batchF1          mean
	truth, predicted [][]string // labels of each example's words
	tokens           headPredictions
}

func (s *tokenScorer) add(b datasets.Batch, part datasets.Part, predicted [][]int) {
	labels := s.task.Heads[0].Labels
	var all headPredictions
	for row := range b.Size {
		var truth, said []string
		for i := row * b.Length; i < (row+1)*b.Length; i++ {
			class := part.Targets[0].Classes[i]
			if class == tasks.IgnoreToken {
				continue
			}
			all.truth = append(all.truth, int(class))
			all.predicted = append(all.predicted, predicted[0][i])
			truth = append(truth, labels[class])
			said = append(said, labels[predicted[0][i]])
		}
		s.truth, s.predicted = append(s.truth, truth), append(s.predicted, said)
	}
	if len(all.truth) > 0 {
		s.batchF1.add(metrics.F1(all.truth, all.predicted, metrics.Macro))
	}
	s.tokens.truth = append(s.tokens.truth, all.truth...)
	s.tokens.predicted = append(s.tokens.predicted, all.predicted...)
}

func (s *tokenScorer) scores() Scores {
	report := metrics.Entities(s.truth, s.predicted)
	figures := []Figure{
		{"entity_f1", report.Micro.F1},
		{"entity_precision", report.Micro.Precision},
		{"entity_recall", report.Micro.Recall},
		{"token_accuracy", metrics.Accuracy(s.tokens.truth, s.tokens.predicted)},
		{"token_macro_f1", metrics.F1(s.tokens.truth, s.tokens.predicted, metrics.Macro)},
		{"token_weighted_f1", metrics.F1(s.tokens.truth, s.tokens.predicted, metrics.Weighted)},
	}
	for _, label := range s.task.Heads[0].Labels {
		if score, found := report.PerLabel[label]; found {
			figures = append(figures, Figure{"f1_" + label, score.F1})
		}
	}
	return Scores{Task: s.task.Name, Name: s.task.Name + "_f1", Value: s.batchF1.value(), Report: figures}
}

// classScorer: mean accuracy of the heads, for each batch and over the whole set.
type classScorer struct {
	task          tasks.Task
	batchAccuracy mean
	heads         []headPredictions
}

func (s *classScorer) add(_ datasets.Batch, part datasets.Part, predicted [][]int) {
	var accuracy mean
	for h := range s.heads {
		var head headPredictions
		for i, class := range part.Targets[h].Classes {
			if class != tasks.IgnoreClass {
				head.truth = append(head.truth, int(class))
				head.predicted = append(head.predicted, predicted[h][i])
			}
		}
		if len(head.truth) > 0 {
			accuracy.add(metrics.Accuracy(head.truth, head.predicted))
		}
		s.heads[h].truth = append(s.heads[h].truth, head.truth...)
		s.heads[h].predicted = append(s.heads[h].predicted, head.predicted...)
	}
	if accuracy.Count > 0 {
		s.batchAccuracy.add(accuracy.value())
	}
}

func (s *classScorer) scores() Scores {
	var average mean
	figures := []Figure{{Name: "avg_acc"}}
	for h, head := range s.heads {
		if len(head.truth) == 0 {
			continue
		}
		name := s.task.Heads[h].Name
		accuracy := metrics.Accuracy(head.truth, head.predicted)
		average.add(accuracy)
		figures = append(figures, Figure{"acc_" + name, accuracy}, Figure{"macro_f1_" + name, metrics.F1(head.truth, head.predicted, metrics.Macro)})
	}
	figures[0].Value = average.value()
	return Scores{Task: s.task.Name, Name: s.task.Name + "_avg_acc", Value: s.batchAccuracy.value(), Report: figures}
}

// flagScorer: mean micro-F1 of the heads, for each batch and over the whole set, and the
// F1 of each yes/no output.
type flagScorer struct {
	task    tasks.Task
	batchF1 mean
	heads   []headPredictions
}

func (s *flagScorer) add(_ datasets.Batch, part datasets.Part, predicted [][]int) {
	var f1 mean
	for h := range s.heads {
		target := part.Targets[h]
		var head headPredictions
		for i, flag := range target.Flags {
			if target.Ignored != nil && target.Ignored[i] {
				head.truth, head.predicted = append(head.truth, tasks.IgnoreClass), append(head.predicted, tasks.IgnoreClass)
				continue
			}
			head.truth, head.predicted = append(head.truth, toFlag(flag > 0.5)), append(head.predicted, predicted[h][i])
		}
		if whole := head.labelled(target.Width); len(whole.truth) > 0 {
			f1.add(whole.microF1(target.Width))
		}
		s.heads[h].truth = append(s.heads[h].truth, head.truth...)
		s.heads[h].predicted = append(s.heads[h].predicted, head.predicted...)
	}
	if f1.Count > 0 {
		s.batchF1.add(f1.value())
	}
}

// labelled removes unlabelled rows from a matrix of flags.
func (p headPredictions) labelled(width int) headPredictions {
	var kept headPredictions
	for i := 0; i < len(p.truth); i += width {
		if !slices.Contains(p.truth[i:i+width], tasks.IgnoreClass) {
			kept.truth = append(kept.truth, p.truth[i:i+width]...)
			kept.predicted = append(kept.predicted, p.predicted[i:i+width]...)
		}
	}
	return kept
}

// microF1 is scikit-learn's micro-F1 of a matrix of flags.
func (p headPredictions) microF1(width int) float64 {
	return metrics.MultilabelF1(rows(p.truth, width), rows(p.predicted, width), metrics.Micro)
}

func (s *flagScorer) scores() Scores {
	var heads, criteria mean
	var perHead, perOutput []Figure
	for h, all := range s.heads {
		task := s.task.Heads[h]
		width := len(task.Labels)
		head := all.labelled(width)
		if len(head.truth) == 0 {
			continue
		}
		f1 := head.microF1(width)
		heads.add(f1)
		perHead = append(perHead, Figure{"f1_" + task.Name, f1},
			Figure{"acc_" + task.Name, metrics.Accuracy(head.truth, head.predicted)},
			Figure{"precision_" + task.Name, metrics.Precision(head.truth, head.predicted, metrics.Binary)},
			Figure{"recall_" + task.Name, metrics.Recall(head.truth, head.predicted, metrics.Binary)})
		for output, name := range task.Labels {
			f1 := metrics.F1(column(head.truth, output, width), column(head.predicted, output, width), metrics.Binary)
			criteria.add(f1)
			perOutput = append(perOutput, Figure{"sub_f1_" + task.Name + "_" + strings.ReplaceAll(name, "/", " or "), f1})
		}
	}
	figures := append([]Figure{{"avg_f1", heads.value()}, {"criteria_f1", criteria.value()}}, perHead...)
	return Scores{Task: s.task.Name, Name: s.task.Name + "_avg_f1", Value: s.batchF1.value(), Report: append(figures, perOutput...)}
}

func toFlag(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// rows splits a row-major matrix of that width into its rows.
func rows(flat []int, width int) [][]int { return slices.Collect(slices.Chunk(flat, width)) }

// column returns one column of a row-major matrix.
func column(flat []int, index, width int) []int {
	values := make([]int, 0, len(flat)/width)
	for i := index; i < len(flat); i += width {
		values = append(values, flat[i])
	}
	return values
}
