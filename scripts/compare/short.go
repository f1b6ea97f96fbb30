package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// stageModel is a finished stage.
type stageModel struct {
	dir      string
	settings []string
	cost     cost
}

// trainOnShort trains a stage with labels on short demo calls, unless it is finished.
func (c *compare) trainOnShort(ctx context.Context, s stage) (stageModel, error) {
	calls, err := demoCalls(ctx, filepath.Join(c.Work, "data"), shortForm, c.short, c.Test)
	if err != nil {
		return stageModel{}, err
	}
	m := stageModel{dir: filepath.Join(c.Work, "models", s.name)}
	m.settings = append(append([]string{}, s.settings...), paths(part{tasks: taskNames()}, calls.train)...)
	t, err := train(ctx, job{tasksConfig, m.dir, m.settings, nil, c.Threads})
	m.cost = t.Cost
	return m, err
}

// tokensPerWord is more than calls have in most vocabularies, names included.
const tokensPerWord = 1.7

// forEntities returns the files with the calls of the first cut to about as many tokens: those
// are in a file beside it. 0 tokens: the files as they are.
func forEntities(files calls, tokens int) (calls, error) {
	if tokens == 0 {
		return files, nil
	}
	path := filepath.Join(filepath.Dir(files[0]), fmt.Sprintf("first-%d-%s", tokens, filepath.Base(files[0])))
	records, err := readRecords(files[0])
	if err != nil {
		return files, err
	}
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	lines.SetEscapeHTML(false)
	for i, raw := range records {
		var r datasets.NERRecord
		err := json.Unmarshal(raw, &r)
		if err == nil {
			err = lines.Encode(firstWords(r, int(float64(tokens)/tokensPerWord)))
		}
		if err != nil {
			return files, fmt.Errorf("cut record %d of %s: %w", i+1, files[0], err)
		}
	}
	if err := renameio.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return files, errors.Join(fmt.Errorf("write the beginnings of the calls of %s", files[0]), err)
	}
	files[0] = path
	return files, nil
}

// firstWords cuts a record after so many words, with the entities that end there or before.
func firstWords(r datasets.NERRecord, words int) datasets.NERRecord {
	runes := []rune(string(r.Text))
	end, inside, n := len(runes), false, 0
	for i, c := range runes {
		if space := unicode.IsSpace(c); space == inside {
			inside = !space
			if space {
				continue
			}
			if n++; n > words {
				end = i
				break
			}
		}
	}
	r.Text = datasets.Transcript(strings.TrimRightFunc(string(runes[:end]), unicode.IsSpace))
	var kept []datasets.Entity
	for _, e := range r.Entities {
		if e.End <= end {
			kept = append(kept, e)
		}
	}
	r.Entities = kept
	return r
}
