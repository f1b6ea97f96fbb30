package datasets

import (
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// Spans are named by their kind, whatever tags the model's labels are.
func TestSpansForTags(t *testing.T) {
	const text = `{"text": "Achieng Kisumu Nairobi West of A B", "entities": [` +
		`{"start": 0, "end": 7, "label": "NAME"}, {"start": 8, "end": 14, "label": "LOCATION"}, {"start": 15, "end": 27, "label": "LOCATION"}, {"start": 33, "end": 34, "label": "NAME"}]}`
	labels := []string{"I-LOCATION", "B-NAME", "I-NAME", "O", "B-LOCATION"}
	records, err := load(t, text, tasks.SingleNER(labels))
	if err != nil {
		t.Fatal(err)
	}
	set, err := records.Encode(t.Context(), testTokenizer(t), Limits{MaxLength: 64})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, class := range set.Examples[0].Labels[0].Classes {
		if class != tasks.IgnoreToken {
			got = append(got, set.Tasks[0].Heads[0].TrueLabels()[class])
		}
	}
	if want := strings.Fields("B-NAME B-LOCATION B-LOCATION I-LOCATION O O B-NAME"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, err := load(t, strings.ReplaceAll(text, `"NAME"`, `"B-NAME"`), tasks.SingleNER(labels)); err == nil || !strings.Contains(err.Error(), `unknown entity label "B-NAME"; want one of [LOCATION NAME]`) {
		t.Errorf("a tag as a span's label: %v", err)
	}
}

// A model whose labels begin with another one than O has O for words outside.
func TestOutsideIsNotTheFirstLabel(t *testing.T) {
	records, err := load(t, `{"text": "Achieng of", "entities": [{"start": 0, "end": 7, "label": "NAME"}]}`, tasks.SingleNER([]string{"AGE", "NAME", "O"}))
	if err != nil {
		t.Fatal(err)
	}
	set, err := records.Encode(t.Context(), testTokenizer(t), Limits{MaxLength: 64})
	if err != nil {
		t.Fatal(err)
	}
	want := []int64{tasks.IgnoreToken, 1, tasks.IgnoreToken, 2, tasks.IgnoreToken}
	if got := set.Examples[0].Labels[0].Classes; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Spans that were made of a token classifier's tags can't be learnt as they are.
func TestTagsAsLabelsAreRefused(t *testing.T) {
	own, err := tasks.Custom{Name: "places", Kind: tasks.Token}.Task()
	if err != nil {
		t.Fatal(err)
	}
	_, err = load(t, `{"text": "Achieng of", "entities": [{"start": 0, "end": 7, "label": "B-PLACE"}, {"start": 8, "end": 10, "label": "I-PLACE"}]}`, own)
	if want := `label "B-PLACE" is the tag of a word, with a letter for its place in the entity; a span is the whole entity, so call it "PLACE"`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v\nwant %s", err, want)
	}
	if _, err := (tasks.Custom{Name: "places", Kind: tasks.Token, Labels: []string{"B-PLACE", "I-PLACE"}}).Task(); err == nil || !strings.Contains(err.Error(), `call it "PLACE"`) {
		t.Errorf("listed labels: %v", err)
	}
	if _, err := (tasks.Custom{Name: "pills", Kind: tasks.Token, Labels: []string{"B-vitamin", "C-vitamin"}}).Task(); err != nil {
		t.Errorf("names that begin with a letter: %v", err)
	}
}
