package main

import (
	"bytes"
	"compress/gzip"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/pkg/report"
)

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
