package tracking

import (
	"maps"
	"slices"
)

// Status is the state of a run as MLflow names it.
type Status string

// The states of a run; all but Running are final.
const (
	Running  Status = "RUNNING"
	Finished Status = "FINISHED"
	Failed   Status = "FAILED"
	Killed   Status = "KILLED"
)

// Dataset is one input of a run, shown in MLflow's Dataset column.
type Dataset struct {
	Name    string `json:"name"`              // at most 500 characters
	Digest  string `json:"digest"`            // at most 36 characters
	Source  string `json:"source"`            // path or URL it was read from
	Context string `json:"context,omitempty"` // what it was used for: "training", "validation"
	Profile string `json:"profile,omitempty"` // JSON with counts, e.g. {"num_rows": 2000}
	Schema  string `json:"schema,omitempty"`  // JSON with the columns in MLflow's form, {"mlflow_colspec": [{"type": "string", "name": "text", "required": true}]}
}

// artifact is a local file or folder and its target folder among the run's
// artifacts ("" is their root).
type artifact struct {
	File string `json:"file"`
	Dir  string `json:"dir,omitempty"`
}

// record is one entry of the queue and, as JSON, one line of the outbox. Besides Seq
// and Time exactly one field is set (Step belongs to Metrics).
type record struct {
	Seq      int64              `json:"seq"`
	Time     int64              `json:"ms"` // Unix milliseconds of the call
	Params   map[string]string  `json:"params,omitempty"`
	Tags     map[string]string  `json:"tags,omitempty"`
	Metrics  map[string]float64 `json:"metrics,omitempty"`
	Step     int64              `json:"step,omitempty"`
	Artifact *artifact          `json:"artifact,omitempty"`
	Input    *Dataset           `json:"input,omitempty"`
	Model    *Model             `json:"model,omitempty"`
	Used     *UsedModel         `json:"used,omitempty"`
	Status   Status             `json:"status,omitempty"`
}

// isBatchable reports whether the record can share a request with others.
func (r record) isBatchable() bool {
	return r.Params != nil || r.Tags != nil || r.Metrics != nil
}

type itemKind int

const (
	paramItem itemKind = iota
	tagItem
	metricItem
	itemKinds
)

func (k itemKind) String() string { return [itemKinds]string{"param", "tag", "metric"}[k] }

// item is a single param, tag or metric value: the unit that a store accepts or
// refuses.
type item struct {
	kind  itemKind
	key   string
	text  string  // params and tags
	value float64 // metrics, as the next two
	time  int64
	step  int64
}

// items flattens a batchable record, in a fixed order.
func (r record) items() []item {
	var out []item
	for _, key := range slices.Sorted(maps.Keys(r.Params)) {
		out = append(out, item{kind: paramItem, key: key, text: r.Params[key]})
	}
	for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
		out = append(out, item{kind: tagItem, key: key, text: r.Tags[key]})
	}
	for _, key := range slices.Sorted(maps.Keys(r.Metrics)) {
		out = append(out, item{kind: metricItem, key: key, value: r.Metrics[key], time: r.Time, step: r.Step})
	}
	return out
}
