// Package inputs is what all ways of the benchmark are given: the same model,
// the same texts, the same training batches.
package inputs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// File is the inputs' name in the work folder.
const File = "inputs.json"

// Inputs are what the workers read before their first case. Texts are as in
// the records, so the file stays in the work folder.
type Inputs struct {
	Model     string              `json:"model"` // its directory
	BatchSize int                 `json:"batch_size"`
	Train     []Task              `json:"train"`    // one batch of each task in turn
	Latency   map[string][]string `json:"latency"`  // by the number of tokens that each text has
	Batch     []string            `json:"batch"`    // calls
	Tokenize  []string            `json:"tokenize"` // texts
}

// Task is the training examples of one task, a multiple of the batch size.
type Task struct {
	Name     string    `json:"name"`
	Examples []Example `json:"examples"`
}

// Example is one tokenised text with targets of its task: Classes of each
// token, with -100 where there is none, or of each head; or Flags of each head.
type Example struct {
	IDs     []int32     `json:"ids"`
	Classes []int64     `json:"classes,omitzero"`
	Flags   [][]float32 `json:"flags,omitzero"`
}

// Read reads the inputs in a work folder.
func Read(work string) (Inputs, error) {
	var in Inputs
	data, err := os.ReadFile(filepath.Join(work, File))
	if err != nil {
		return in, fmt.Errorf("read the benchmark's inputs (bench/run.sh makes them): %w", err)
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return in, fmt.Errorf("read the benchmark's inputs in %s: %w", work, err)
	}
	return in, nil
}

// Write writes the inputs into a work folder.
func (in Inputs) Write(work string) error {
	data, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("write the benchmark's inputs: %w", err)
	}
	if err := os.WriteFile(filepath.Join(work, File), data, 0o600); err != nil {
		return fmt.Errorf("write the benchmark's inputs: %w", err)
	}
	return nil
}
