package label

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// Settings are what a shard's answers depend on, beside its number. Shards with equal
// settings belong together.
type Settings struct {
	Model   string         `json:"model"` // SHA-256 of its files
	Input   string         `json:"input"` // SHA-256 of the files' names and sizes
	Options SettingOptions `json:"options"`
}

// SettingOptions are the [Options] among them.
type SettingOptions struct {
	Format         string  `json:"format"`
	InputFormat    string  `json:"input_format"`
	MarkBadRecords bool    `json:"mark_bad_records"`
	Tasks          string  `json:"tasks"`
	Threshold      float64 `json:"qa_threshold"`
	Thresholds     string  `json:"thresholds"` // SHA-256 of the file
	Scores         bool    `json:"scores"`
	Overlap        int     `json:"overlap"`
	Precision      string  `json:"precision"`
	BatchSize      int     `json:"batch_size"`
	BatchTokens    int     `json:"batch_tokens"`

	IndependentHeads bool   `json:"independent_heads,omitempty"`
	Long             string `json:"long,omitempty"` // "": as the model learnt
	Attention        bool   `json:"attention,omitempty"`
	Calibration      string `json:"calibration,omitempty"` // SHA-256 of the file; "": none
}

// differs names the difference between two settings; "" if they are equal.
func (s Settings) differs(from Settings) string {
	switch {
	case s.Model != from.Model:
		return "model"
	case s.Input != from.Input:
		return "input"
	case s.Options.Format != from.Options.Format:
		return "--format"
	case s.Options != from.Options:
		return "setting (see \"options\" in it)"
	}
	return ""
}

// settings hashes the model's files, and the names and sizes of the input files.
func (o Options) settings(precision string, in []file) (s Settings, err error) {
	s = Settings{Options: SettingOptions{
		Format: o.Format, InputFormat: o.InputFormat, MarkBadRecords: o.MarkBadRecords, Tasks: strings.Join(o.Tasks, ","),
		Threshold: o.Threshold, Scores: o.Scores, Overlap: o.Overlap, Precision: precision,
		BatchSize: o.BatchSize, BatchTokens: o.BatchTokens, IndependentHeads: o.IndependentHeads,
		Long: string(fusion.LongOf(o.Long)), Attention: o.Attention,
	}}
	if s.Options.Format == "auto" {
		s.Options.Format = "jsonl"
	}
	sum := sha256.New()
	for _, one := range in {
		fmt.Fprintf(sum, "%d %q\n", one.size, filepath.Base(one.path))
	}
	s.Input = hex.EncodeToString(sum.Sum(nil))
	if s.Model, err = fusion.HashDir(o.Model); err != nil {
		return s, about(fmt.Errorf("read model: %w", err), BadModel)
	}
	if o.Thresholds != "" {
		if s.Options.Thresholds, err = hashFile(o.Thresholds); err != nil {
			return s, about(err, BadModel)
		}
	}
	s.Options.Calibration, err = hashFile(calibrate.Path(o.Model))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, about(err, BadModel)
	}
	return s, nil
}

// hashFile returns the SHA-256 of a small file, in hex.
func hashFile(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(data)), nil
}
