package main

import (
	"bytes"
	"compress/gzip"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/report"
)

// decisions returns the outputs with probabilities of 0 and 1: the figures of the comparison
// depend on no others, and the file becomes many times smaller.
func decisions(list []report.Outputs) []report.Outputs {
	list = slices.Clone(list)
	for i, o := range list {
		list[i].Heads = slices.Clone(o.Heads)
		for h, head := range o.Heads {
			width := len(o.Task.Heads[h].Labels)
			decided := make([][]float32, len(head.Probabilities))
			for r, probabilities := range head.Probabilities {
				if o.Task.YesNo() {
					decided[r] = yesOrNo(probabilities)
				} else {
					decided[r] = mostLikely(probabilities, width)
				}
			}
			list[i].Heads[h].Probabilities = decided
		}
	}
	return list
}

func yesOrNo(probabilities []float32) []float32 {
	list := make([]float32, len(probabilities))
	for i, p := range probabilities {
		if p > report.DefaultThreshold {
			list[i] = 1
		}
	}
	return list
}

// mostLikely gives the first most likely of each width classes the probability 1.
func mostLikely(probabilities []float32, width int) []float32 {
	list := make([]float32, len(probabilities))
	for start := 0; start < len(list); start += width {
		list[start+numbers.Argmax(probabilities[start:start+width])] = 1
	}
	return list
}

// writeOutputs writes what models said about their test calls: classes, probabilities and
// record numbers, no texts.
func writeOutputs(path string, list []report.Outputs) error {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	err := errors.Join(gob.NewEncoder(z).Encode(list), z.Close(), os.MkdirAll(filepath.Dir(path), 0o755))
	if err == nil {
		err = renameio.WriteFile(path, b.Bytes(), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write the models' outputs: %w", err)
	}
	return nil
}

// readOutputs reads what [writeOutputs] wrote.
func readOutputs(path string) (list []report.Outputs, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("read the models' outputs from %s: %w; delete the run's line in results.jsonl to have it scored again", path, err)
		}
	}()
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	err = gob.NewDecoder(z).Decode(&list)
	return list, err
}
