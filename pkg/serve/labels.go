package serve

import (
	"net/http"

	"github.com/trident-nlp/trident/pkg/redact"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// labelsAnswer is what GET /v1/labels returns.
type labelsAnswer struct {
	Model string       `json:"model" doc:"SHA-256 of the model."`
	Tasks []taskLabels `json:"tasks"`

	Redact []redact.Mode `json:"redact" doc:"How texts can be redacted; none if the model finds no names."`
}

type taskLabels struct {
	Name  string       `json:"name" doc:"ner, cls, qa, or that of an own task."`
	Kind  string       `json:"kind" doc:"token: entities; multiclass: a label for each head; multilabel: yes or no for each label of each head."`
	Heads []headLabels `json:"heads"`
}

type headLabels struct {
	Field   string         `json:"field" doc:"The head's name in predictions."`
	Labels  []string       `json:"labels"`
	Follows *followsLabels `json:"follows,omitempty" doc:"The head whose label determines this one's."`
}

type followsLabels struct {
	Field  string            `json:"field" doc:"That head's name in predictions."`
	Labels map[string]string `json:"labels" doc:"By label of that head: the label of this one. Labels that aren't here go with any."`
}

// handleLabels answers GET /v1/labels.
func (s *Server) handleLabels(w http.ResponseWriter, _ *http.Request, rec *record) error {
	g, release := s.acquire()
	defer release()
	if g == nil {
		return s.loading()
	}
	rec.model = g.Hash
	answer := labelsAnswer{Model: g.Hash, Tasks: []taskLabels{}, Redact: s.redactModes(g.Predictor)}
	for _, t := range g.Predictor.Tasks() {
		answer.Tasks = append(answer.Tasks, labelsOf(t))
	}
	return writeJSON(w, answer)
}

func labelsOf(t tasks.Task) taskLabels {
	out := taskLabels{Name: t.Name, Kind: string(t.Kind), Heads: []headLabels{}}
	for _, h := range t.Heads {
		head := headLabels{Field: h.Field, Labels: h.Labels}
		if t.PerToken() {
			head.Labels = h.Kinds()
		}
		if head.Labels == nil {
			head.Labels = []string{}
		}
		head.Follows = followsOf(t, h)
		out.Heads = append(out.Heads, head)
	}
	return out
}

// followsOf returns which labels of another head determine those of h; nil: none.
func followsOf(t tasks.Task, h tasks.Head) *followsLabels {
	if h.Follows == nil {
		return nil
	}
	for _, other := range t.Heads {
		if other.Name != h.Follows.Head || len(h.Follows.IDs) != len(other.Labels) {
			continue
		}
		f := &followsLabels{other.Field, map[string]string{}}
		for i, id := range h.Follows.IDs {
			if id >= 0 && id < len(h.Labels) {
				f.Labels[other.Labels[i]] = h.Labels[id]
			}
		}
		return f
	}
	return nil
}
