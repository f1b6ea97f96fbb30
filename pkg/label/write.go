package label

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// style is the form of the output.
type style struct {
	format string // text, json, jsonl or csv
	scores bool
	colour bool // text
	only   bool // json: a single call, so an object, not an array
	later  bool // csv: the output is continued, so without a header row
	queue  bool // the calls are ordered by what it costs to leave them unchecked
}

// style resolves the format auto. only says that the input is a single text.
func (o Options) style(out *destination, only bool) style {
	s := style{format: o.Format, scores: o.Scores, only: only, queue: o.ReviewQueue}
	if s.format == "auto" {
		s.format = "jsonl"
		switch strings.ToLower(filepath.Ext(out.name)) {
		case ".json":
			s.format = "json"
		case ".csv":
			s.format = "csv"
		case ".txt":
			s.format = "text"
		case "":
			if out.terminal {
				s.format = "text"
			}
		}
	}
	s.colour = out.terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return s
}

// writer writes predictions in the calls' order.
type writer interface {
	// write writes the prediction for call number, counted from 1. In JSON, a call with a
	// problem gets that instead.
	write(number int, r record, p fusion.Prediction) error
	// finish writes the end of the output.
	finish() error
}

// newWriter writes predictions of the given tasks to w.
func newWriter(w io.Writer, s style, list []tasks.Task) (writer, error) {
	if s.queue {
		return newOrderedWriter(w, s, list)
	}
	switch s.format {
	case "text":
		return newTextWriter(w, s, list), nil
	case "csv":
		return newCSVWriter(w, s, list)
	case "json":
		if !s.only {
			return &jsonWriter{w: w, before: "[\n", between: ",\n", after: "\n]\n"}, nil
		}
	}
	return &jsonWriter{w: w, end: "\n"}, nil
}

// newOrderedWriter is newWriter for a queue.
func newOrderedWriter(w io.Writer, s style, list []tasks.Task) (writer, error) {
	var b bytes.Buffer
	a := answersOf{buffer: &b, after: "\n"}
	switch s.format {
	case "text":
		text := newTextWriter(&b, s, list)
		text.apart = true
		a.one, a.between, a.after = text, "\n", ""
	case "csv":
		rows, err := newCSVWriter(&b, s, list)
		if err != nil {
			return nil, err
		}
		a.one, a.before, a.after = rows, b.String(), "" // the header
	default:
		a.one = &jsonWriter{w: &b, numbered: !s.only}
		a.between = "\n"
		if s.format == "json" && !s.only {
			a.before, a.between, a.after = "[\n", ",\n", "\n]\n"
		}
	}
	return newQueueWriter(w, a)
}

// jsonWriter writes one object per call: one per line, or as an array.
type jsonWriter struct {
	w                           io.Writer
	before, end, between, after string
	begun                       bool
	numbered                    bool // with the call's number, for calls in another order
}

// object is a call's prediction in JSON.
type object struct {
	Call  int    `json:"call,omitempty"`
	ID    any    `json:"id,omitempty"`
	Error string `json:"error,omitempty"`
	fusion.Prediction
}

func (j *jsonWriter) write(number int, r record, p fusion.Prediction) error {
	var b bytes.Buffer
	if j.begun {
		b.WriteString(j.between)
	} else {
		b.WriteString(j.before)
	}
	j.begun = true
	o := object{ID: r.id, Prediction: p}
	if j.numbered {
		o.Call = number
	}
	if r.problem != nil {
		o.Error = r.problem.Error()
	}
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(o); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // Encode ends with a line break
	b.WriteString(j.end)
	_, err := j.w.Write(b.Bytes())
	return err
}

func (j *jsonWriter) finish() error {
	after := j.after
	if !j.begun {
		after = strings.TrimSuffix(j.before, "\n") + after
	}
	_, err := io.WriteString(j.w, after)
	return err
}

// answer is one task's part of a prediction, in the same form for built-in and custom
// tasks.
type answer struct {
	fusion.CustomAnswer
	scores fusion.Fields[fusion.Fields[float32]] // all labels of each head; nil for token tasks and without scores
}

// answerOf returns a task's answer from a prediction.
func answerOf(task tasks.Task, p fusion.Prediction) answer {
	var scores fusion.Scores
	if p.Scores != nil {
		scores = *p.Scores
	}
	switch {
	case isOwn(task):
		return answer{p.Tasks.Get(task.Name), scores.Tasks.Get(task.Name).Heads}
	case task.Kind == tasks.Token:
		return answer{CustomAnswer: fusion.CustomAnswer{Tokens: p.NER, Entities: p.Entities}}
	case task.Kind == tasks.MultiClass:
		return answer{fusion.CustomAnswer{Classes: p.Classification}, scores.Classification}
	}
	return answer{fusion.CustomAnswer{Flags: labelled(task, p.QA)}, labelled(task, scores.QA)}
}

// isOwn reports whether a task's answer is among [fusion.Prediction.Tasks].
func isOwn(task tasks.Task) bool { return !tasks.BuiltIn(task) }

// labelled adds labels to each head's values, which are in the labels' order.
func labelled[T any](task tasks.Task, heads fusion.Fields[[]T]) fusion.Fields[fusion.Fields[T]] {
	var list fusion.Fields[fusion.Fields[T]]
	for _, head := range task.Heads {
		var values fusion.Fields[T]
		for i, v := range heads.Get(head.Field) {
			values = append(values, fusion.Field[T]{Name: head.Labels[i], Value: v})
		}
		list = append(list, fusion.Field[fusion.Fields[T]]{Name: head.Field, Value: values})
	}
	return list
}

// kindsOf returns the entity labels of a token task.
func kindsOf(task tasks.Task) []string { return task.Heads[0].Kinds() }
