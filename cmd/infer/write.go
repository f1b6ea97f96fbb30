package main

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

// style is how predictions are written.
type style struct {
	format string // text, json, jsonl or csv
	scores bool
	colour bool // text
	only   bool // json: there is one call, so an object and no array
	later  bool // csv: the output goes on, after its first row
}

// style resolves --format auto. only says that the input is a single --text.
func (f *flags) style(out *destination, only bool) style {
	s := style{format: f.Format, scores: f.Scores, only: only}
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
	// write writes the prediction for call number, counted from 1. In JSON, a call
	// with a problem has that instead.
	write(number int, r record, p fusion.Prediction) error
	// finish writes what follows the last.
	finish() error
}

// newWriter writes predictions of the given tasks to w.
func newWriter(w io.Writer, s style, list []tasks.Task) (writer, error) {
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

// jsonWriter writes an object a call: one a line, or an array of them.
type jsonWriter struct {
	w                           io.Writer
	before, end, between, after string
	begun                       bool
}

// object is a call's prediction in JSON.
type object struct {
	ID    any    `json:"id,omitempty"`
	Error string `json:"error,omitempty"`
	fusion.Prediction
}

func (j *jsonWriter) write(_ int, r record, p fusion.Prediction) error {
	var b bytes.Buffer
	if j.begun {
		b.WriteString(j.between)
	} else {
		b.WriteString(j.before)
	}
	j.begun = true
	o := object{ID: r.id, Prediction: p}
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
