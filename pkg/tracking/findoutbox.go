package tracking

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// outboxesIn lists a folder's outboxes. Other JSON Lines files are ignored; an
// outbox whose first line is damaged is recognised by its name.
func outboxesIn(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(globEscape(dir), "*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("looking for outboxes in %s: %w", dir, err)
	}
	return slices.DeleteFunc(files, func(path string) bool {
		return !isOutboxName(filepath.Base(path)) && !beginsAsOutbox(path)
	}), nil
}

// isOutboxName reports whether a file is named after an MLflow run id: 32
// hexadecimal digits.
func isOutboxName(name string) bool {
	run := strings.TrimSuffix(name, ".jsonl")
	return len(run) == 32 && strings.Trim(run, "0123456789abcdef") == ""
}

func beginsAsOutbox(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	first, err := bufio.NewReader(file).ReadBytes('\n')
	var header outboxHeader
	return err == nil && json.Unmarshal(first, &header) == nil && header.Outbox > 0
}

// outboxNear returns a hint at the outboxes of the model's folder at path, or of
// the models in it; "" if there are none.
func outboxNear(path string) string {
	whole := path
	if absolute, err := filepath.Abs(path); err == nil && filepath.Base(path) != filepath.Base(absolute) {
		whole = absolute // also for "." and ".."
	}
	candidates := []string{filepath.Clean(whole) + ".outbox", filepath.Join(path, ".trident", "outbox")}
	if below, err := filepath.Glob(filepath.Join(globEscape(path), "*.outbox")); err == nil {
		candidates = append(candidates, below...)
	}
	candidates = slices.DeleteFunc(candidates, func(dir string) bool {
		files, err := outboxesIn(dir)
		return err != nil || len(files) == 0
	})
	if len(candidates) == 0 {
		return ": name the run's outbox, which is its output.model_dir with .outbox behind it; if that isn't there, all has been sent"
	}
	return ": did you mean " + strings.Join(candidates, " or ") + "?"
}
