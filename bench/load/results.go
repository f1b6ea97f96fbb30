package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/bench/report"
)

// results are measurements of one run or several.
type results struct {
	Runs         []run         `json:"runs"`
	Measurements []measurement `json:"measurements"` // in the order in which they were made
}

// run is one start of this program.
type run struct {
	Started   time.Time      `json:"started"`
	Machine   report.Machine `json:"machine"`
	Seconds   float64        `json:"seconds"` // of each measurement
	Parts     []string       `json:"parts"`
	Agreement []agreement    `json:"agreement"`
}

// measurement is of one server. The n-th of a kind belongs to round n.
type measurement struct {
	Server   string         `json:"server"`
	Kind     string         `json:"kind"`
	Count    int            `json:"count"` // answers that are successes…
	Seconds  float64        `json:"seconds"`
	TookMS   []float64      `json:"took_ms,omitzero"`     // …and how long each took
	MemoryMB []float64      `json:"resident_mb,omitzero"` // after it; of the flood: before it, and all along
	Statuses map[string]int `json:"answers_by_status,omitzero"`
}

func (m measurement) rate() float64 { return float64(m.Count) / m.Seconds }

func (r *results) add(m measurement) { r.Measurements = append(r.Measurements, m) }

// of are a server's measurements of a kind, by round.
func (r *results) of(server, kind string) []measurement {
	var list []measurement
	for _, m := range r.Measurements {
		if m.Server == server && m.Kind == kind {
			list = append(list, m)
		}
	}
	return list
}

// rates are the successes per second, by round.
func (r *results) rates(server, kind string) []float64 {
	var list []float64
	for _, m := range r.of(server, kind) {
		list = append(list, m.rate())
	}
	return list
}

// took is how long each answer of all rounds took.
func (r *results) took(server, kind string) []float64 {
	var list []float64
	for _, m := range r.of(server, kind) {
		list = append(list, m.TookMS...)
	}
	return list
}

// readResults reads what earlier runs have left, if anything.
func readResults(path string) (results, error) {
	var r results
	if path == "" {
		return r, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return r, fmt.Errorf("read earlier results: %w; move %s away to begin anew", err, path)
	}
	return r, nil
}

func (r results) write(path string) error {
	if path == "" {
		return nil
	}
	data, err := json.Marshal(r)
	if err == nil {
		err = renameio.WriteFile(path, append(data, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return nil
}

// describe says where and when, a line a run.
func (r results) describe() string {
	var b strings.Builder
	for _, one := range r.Runs {
		fmt.Fprintf(&b, "%s: %s; %g s each; %s, %d cores, %.0f GB; load %.1f before, %.1f after.\n", one.Started.Format("2006-01-02 15:04"),
			strings.Join(one.Parts, ", "), one.Seconds, one.Machine.CPU, one.Machine.Cores, one.Machine.MemoryGB, one.Machine.LoadBefore, one.Machine.LoadAfter)
	}
	return b.String()
}
