package run

import (
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/trainer"
)

func TestCardHead(t *testing.T) {
	list := tinymodel.BuiltIn()
	var val []trainer.Scores
	for _, task := range list {
		val = append(val, trainer.Scores{Task: task.Name, Report: []trainer.Figure{{Name: "f1", Value: 0.5}}})
	}
	head, err := cardHead(`May: "the" run`, list, val)
	if err != nil {
		t.Fatal(err)
	}
	inner, found := strings.CutPrefix(head, "---\n")
	inner, closed := strings.CutSuffix(inner, "\n---")
	var got struct {
		Library string `yaml:"library_name"`
		Index   []struct {
			Name    string
			Results []measured
		} `yaml:"model-index"`
	}
	if err := yaml.Unmarshal([]byte(inner), &got); err != nil || !found || !closed || got.Library != "trident" || len(got.Index) != 1 || got.Index[0].Name != `May: "the" run` {
		t.Fatalf("%v, %+v of\n%s", err, got, head)
	}
	var types []string
	for _, result := range got.Index[0].Results {
		types = append(types, result.Task.Type)
	}
	if want := []string{"token-classification", "text-classification", "text-classification"}; !reflect.DeepEqual(types, want) {
		t.Errorf("tasks %q, want %q", types, want)
	}
}
