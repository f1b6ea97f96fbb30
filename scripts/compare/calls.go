package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
)

// calls are the three files of a training or a test set: entities, cases, quality.
type calls [3]string

// sets are calls to train and to test on.
type sets struct {
	name        string // "demo calls" with their numbers, or the name of the folder
	folder      string // begins the names of models trained on them
	fold        int    // from 1; 0: not a fold
	train, test calls
}

// seeds of the generated calls. Runs with other training seeds use the same calls.
const (
	trainCalls     = 42
	testCalls      = 4242
	unlabelledSeed = 424242
)

func inFolder(dir string, names ...string) calls {
	return calls{filepath.Join(dir, names[0]), filepath.Join(dir, names[1]), filepath.Join(dir, names[2])}
}

// form is that of demo calls.
type form string

const (
	shortForm form = "demo"
	longForm  form = "long demo"
)

// demoCalls writes demo calls: train[i] of each kind to train on, and test of
// each to test on. They are the same each time.
func demoCalls(ctx context.Context, dir string, kind form, train []int, test int) (sets, error) {
	of := fmt.Sprintf("%d + %d + %d", train[0], train[1], train[2])
	s := sets{name: fmt.Sprintf("%s calls, %s, tested on 3 × %d", kind, of, test), folder: folderName(string(kind) + " " + of)}
	for _, part := range []struct {
		files *calls
		name  string
		n     []int
		seed  uint64
	}{
		{&s.train, folderName(string(kind) + " train " + of), train, trainCalls},
		{&s.test, folderName(fmt.Sprintf("%s test %d", kind, test)), []int{test, test, test}, testCalls},
	} {
		options := synth.Options{NER: part.n[0], Cases: part.n[1], QA: part.n[2], Seed: part.seed, Short: kind == shortForm, Long: kind == longForm}
		folder := filepath.Join(dir, part.name)
		if _, err := synth.WriteAll(ctx, folder, options, nil); err != nil {
			return sets{}, fmt.Errorf("write demo calls: %w", err)
		}
		*part.files = inFolder(folder, synth.NERFile, synth.CasesFile, synth.QAFile)
	}
	return s, nil
}

// unlabelledCalls writes the texts of n demo calls, a third of each kind, as JSON Lines, and
// returns the file's path.
func unlabelledCalls(dir string, n int) (string, error) {
	o := synth.Options{NER: n / 3, Cases: n / 3, QA: n - 2*(n/3), Seed: unlabelledSeed, Short: true}
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	var failed error
	add := func(text string) {
		failed = errors.Join(failed, lines.Encode(map[string]string{"text": text}))
	}
	for r := range synth.NER(o) {
		add(string(r.Text))
	}
	for r := range synth.Cases(o) {
		add(string(r.Narrative))
	}
	for r := range synth.QA(o) {
		add(string(r.Text))
	}
	folder := filepath.Join(dir, "unlabelled")
	const name = "calls.jsonl"
	if failed == nil {
		failed = replaceFiles(folder, map[string][]byte{name: b.Bytes()})
	}
	if failed != nil {
		return "", fmt.Errorf("write unlabelled calls: %w", failed)
	}
	return filepath.Join(folder, name), nil
}

// crossValidation divides the records of ner.jsonl, cases.json and qa.json in folder source
// into n parts, and writes n pairs of sets: each part to test on, the rest to train on. The
// parts are the same each time.
func crossValidation(source, dir string, n int) ([]sets, error) {
	names := callFiles()
	written := make([]map[string][]byte, 2*n) // of each fold: train, test
	for i := range written {
		written[i] = map[string][]byte{}
	}
	for _, name := range names {
		records, err := readRecords(filepath.Join(source, name))
		if err != nil {
			return nil, err
		}
		if len(records) < n {
			return nil, fmt.Errorf("divide %s into %d folds: it has only %d records", filepath.Join(source, name), n, len(records))
		}
		rand.New(rand.NewPCG(trainCalls, 0)).Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		for fold := range n {
			var train, test []json.RawMessage
			for i, r := range records {
				if i%n == fold {
					test = append(test, r)
				} else {
					train = append(train, r)
				}
			}
			written[2*fold][name] = formatRecords(name, train)
			written[2*fold+1][name] = formatRecords(name, test)
		}
	}
	var list []sets
	for fold := range n {
		train := filepath.Join(dir, fmt.Sprintf("fold%d-train", fold+1))
		test := filepath.Join(dir, fmt.Sprintf("fold%d-test", fold+1))
		if err := errors.Join(replaceFiles(train, written[2*fold]), replaceFiles(test, written[2*fold+1])); err != nil {
			return nil, fmt.Errorf("write fold %d of %s: %w", fold+1, source, err)
		}
		name := fmt.Sprintf("%s, %d folds", filepath.Base(source), n)
		list = append(list, sets{name: name, folder: folderName(name), fold: fold + 1, train: inFolder(train, names...), test: inFolder(test, names...)})
	}
	return list, nil
}

// readRecords reads a JSON array, or JSON Lines, without decoding its records.
func readRecords(path string) ([]json.RawMessage, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read calls to divide into folds: %w", err)
	}
	var list []json.RawMessage
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		err = json.Unmarshal(data, &list)
	} else {
		for d := json.NewDecoder(bytes.NewReader(data)); err == nil && d.More(); {
			var r json.RawMessage
			if err = d.Decode(&r); err == nil {
				list = append(list, r)
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read calls to divide into folds: %s is neither a JSON array nor JSON Lines: %w", path, err)
	}
	return list, nil
}

// formatRecords writes JSON Lines (.jsonl) or an array.
func formatRecords(name string, records []json.RawMessage) []byte {
	var b bytes.Buffer
	before, between, after := "[\n", ",\n", "\n]\n"
	if filepath.Ext(name) == ".jsonl" {
		before, between, after = "", "\n", "\n"
	}
	b.WriteString(before)
	for i, r := range records {
		if i > 0 {
			b.WriteString(between)
		}
		_ = json.Compact(&b, r) // readRecords has checked it
	}
	b.WriteString(after)
	return b.Bytes()
}

// replaceFiles writes the files of a folder in one step.
func replaceFiles(folder string, files map[string][]byte) error {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	return atomicdir.Replace(folder, func(tmp string) error {
		for name, data := range files {
			if err := os.WriteFile(filepath.Join(tmp, name), data, fs.FileMode(0o644)); err != nil {
				return err
			}
		}
		return nil
	})
}
