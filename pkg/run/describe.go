package run

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// descriptionTag is the tag whose Markdown MLflow shows as the description of a run or
// model.
const descriptionTag = "mlflow.note.content"

// maxDescription is how many characters all versions of MLflow keep of it.
const maxDescription = 5000

// describe makes the model card the run's description.
func (t tracker) describe() {
	if card := t.shownCard(); card != "" {
		t.run.SetTags(map[string]string{descriptionTag: card})
	}
}

// shownCard returns the model card as a description, or "" if there is none.
func (t tracker) shownCard() string {
	card, err := os.ReadFile(filepath.Join(t.dir.Path, cardFile))
	if err != nil {
		fmt.Fprintln(t.stderr, "train: MLflow: describe the run:", err)
		return ""
	}
	return cardWithoutHead(string(card), maxDescription)
}

var yamlHead = regexp.MustCompile(`(?s)\A---\n.*?\n---\n+`)

// cardWithoutHead returns a model card without its head, which is for Hugging Face. As long as it has
// more than limit characters it loses a section other than the scores, from the end.
func cardWithoutHead(card string, limit int) string {
	sections := strings.Split(yamlHead.ReplaceAllString(card, ""), "\n## ")
	for at := len(sections) - 1; at > 0; at-- {
		if utf8.RuneCountInString(strings.Join(sections, "\n## ")) <= limit {
			break
		}
		if !strings.HasPrefix(sections[at], "Scores") {
			sections = append(sections[:at], sections[at+1:]...)
		}
	}
	return strings.TrimSpace(strings.Join(sections, "\n## "))
}

// columnsOf returns the fields that the tasks read of a record, as MLflow's schema of a
// data set: what the text and the labels are in, not what else a record may have.
func columnsOf(list []tasks.Task) (string, error) {
	type column struct {
		Type     string `json:"type"`
		Name     string `json:"name"`
		Required bool   `json:"required"`
	}
	var columns []column
	seen := map[string]bool{}
	add := func(kind, name string, required bool) {
		name, _, _ = strings.Cut(name, ".") // labels.opening is in labels
		if name != "" && !seen[name] {
			seen[name] = true
			columns = append(columns, column{kind, name, required})
		}
	}
	for _, task := range list {
		add("string", task.Text, true)
		for _, head := range task.Heads {
			kind := "any"
			if task.Kind == tasks.MultiClass {
				kind = "string"
			}
			add(kind, head.Source, head.Required)
		}
	}
	text, err := json.Marshal(map[string]any{"mlflow_colspec": columns})
	return string(text), err
}
