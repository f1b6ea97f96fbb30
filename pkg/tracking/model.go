package tracking

import (
	"fmt"
	"path/filepath"
)

// Model is a model that a run made, as files in MLflow's model format.
//
// A server of MLflow 3 keeps it as one of its logged models, apart from the run's
// artifacts, as Python's log_model does there. Elsewhere its files are artifacts of the
// run, in the folder Name.
type Model struct {
	Name string `json:"name"`
	// Files are local paths by their place in the model's folder. They are read when they
	// are sent. One is the file MLmodel, to which a server's id of the model is added.
	Files map[string]string `json:"files"`
	Tags  map[string]string `json:"tags,omitempty"`
	// Points are the run's metrics that are the model's scores, by name: the step of the
	// point.
	Points map[string]int64 `json:"points,omitempty"`
	// History is the value of the tag mlflow.log-model.history, with which servers
	// without logged models show that the run has a model.
	History  string        `json:"history,omitempty"`
	Register *Registration `json:"register,omitempty"`
}

// Registration is how a model is entered in MLflow's model registry.
type Registration struct {
	Name        string            `json:"name"`                  // of the registered model, created if missing
	Description string            `json:"description,omitempty"` // of the version
	Tags        map[string]string `json:"tags,omitempty"`        // of the version
	Alias       string            `json:"alias,omitempty"`       // "" sets none
	When        When              `json:"when,omitempty"`        // when the alias is moved to the new version
	Metric      string            `json:"metric,omitempty"`      // the run's metric that [WhenBetter] compares; more is better
	Score       float64           `json:"score,omitempty"`       // its value for this model
}

// When is the condition on which an alias is moved to a new version.
type When string

// The conditions. An alias that no version has is set in any case but [WhenNever].
const (
	WhenBetter When = "better" // the score is higher than that of the version which has the alias
	WhenAlways When = "always"
	WhenNever  When = "never"
)

// mlmodelFile is the file that makes a folder one of MLflow's models.
const mlmodelFile = "MLmodel"

// UsedModel is a logged model that a run used, such as one that it evaluates.
type UsedModel struct {
	Run    string           `json:"run"`              // that logged it
	Name   string           `json:"name"`             // as [Model].Name
	Points map[string]int64 `json:"points,omitempty"` // this run's metrics that are about the model: the step of the point
}

// LogUsedModel records that the run uses a model, which then shows the points too. Where
// the server has no such model it does nothing. The points must have been logged before.
func (r *Run) LogUsedModel(u UsedModel) {
	r.enqueue(func() record {
		u.Points = r.pointKeys(u.Points)
		return record{Used: &u}
	})
}

// pointKeys returns the points by the metrics' keys.
func (r *Run) pointKeys(names map[string]int64) map[string]int64 {
	points := map[string]int64{}
	for name, step := range names {
		if key := r.resolve(metricItem, r.metrics, name); key != "" {
			points[key] = step
		}
	}
	return points
}

// LogModel records a model of the run. The run's metrics that are its scores must have
// been logged before.
func (r *Run) LogModel(m Model) {
	files := map[string]string{}
	for name, file := range m.Files {
		absolute, err := filepath.Abs(file)
		if err != nil {
			r.warn(fmt.Sprintf("MLflow model's file %s is not stored: %v", file, err))
			continue
		}
		files[artifactName("", filepath.ToSlash(name))] = absolute
	}
	m.Files = files
	r.enqueue(func() record {
		m.Points = r.pointKeys(m.Points)
		return record{Model: &m}
	})
}
