package serve

import (
	"net/http"
	"slices"

	"github.com/trident-nlp/trident/pkg/reviews"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// checkKnown returns a problem if a review of this model's proposal has labels that the model
// doesn't have. One of another model's proposal, such as the one before a reload, isn't checked.
func (s *Server) checkKnown(asked reviewRequest) error {
	g, release := s.acquire()
	defer release()
	if g == nil || asked.Model != g.Hash {
		return nil
	}
	known := knownLabels{}
	for _, t := range g.Predictor.Tasks() {
		for _, h := range labelsOf(t).Heads {
			field := h.Field
			if t.PerToken() {
				field = ""
			}
			known[[2]string{t.Name, field}] = h.Labels
		}
	}
	return known.check(asked.New)
}

// knownLabels are a model's labels by task and head, which is "" of entities.
type knownLabels map[[2]string][]string

func (k knownLabels) check(l reviews.Labels) error {
	wrong := k.spans(tasks.NERName, l.Entities) || k.classes(tasks.CLSName, l.Classification)
	for head, list := range l.QA {
		wrong = wrong || len(list) > len(k[[2]string{tasks.QAName, head}])
	}
	for task, own := range l.Tasks {
		wrong = wrong || k.spans(task, own.Entities) || k.classes(task, own.Classes)
		for head, flags := range own.Flags {
			for name := range flags {
				wrong = wrong || k.lacks(task, head, name)
			}
		}
	}
	if wrong {
		return problemf(http.StatusUnprocessableEntity, "new", "the model has no such task, head or label; GET /v1/labels lists those that it has")
	}
	return nil
}

func (k knownLabels) lacks(task, head, label string) bool {
	return !slices.Contains(k[[2]string{task, head}], label)
}

func (k knownLabels) spans(task string, list []reviews.Span) bool {
	_, known := k[[2]string{task, ""}]
	return list != nil && !known || slices.ContainsFunc(list, func(e reviews.Span) bool { return k.lacks(task, "", e.Label) })
}

func (k knownLabels) classes(task string, labels map[string]string) bool {
	for head, label := range labels {
		if k.lacks(task, head, label) {
			return true
		}
	}
	return false
}
