package tasks

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// prototypes is a file as the Python prototype writes it.
const prototypes = `{
  "ner": {
    "label_to_id": {"O": 0, "NAME": 1, "LOCATION": 2},
    "id_to_label": {"0": "O", "1": "NAME", "2": "LOCATION"}
  },
  "cls": {
    "main_cat2id": {"Child Maintenance & Custody": 0, "GBV": 1},
    "id_to_main_cat": {"0": "Child Maintenance & Custody", "1": "GBV"},
    "sub_cat2id": {"Custody": 0, "Sexual Violence": 1},
    "id_to_sub_cat": {"0": "Custody", "1": "Sexual Violence"},
    "interv2id": {"Counselling": 0, "Referral": 1},
    "id_to_interv": {"0": "Counselling", "1": "Referral"},
    "priority2id": {"1": 0, "2": 1, "3": 2},
    "id_to_priority": {"0": "1", "1": "2", "2": "3"}
  },
  "qa": {
    "head_config": {"opening": 1, "listening": 5, "proactiveness": 3, "resolution": 5, "hold": 2, "closing": 1}
  }
}
`

func prototypeTasks() []Task {
	return []Task{
		NER([]string{"O", "NAME", "LOCATION"}),
		CLS(CaseLabels{
			Main:         []string{"Child Maintenance & Custody", "GBV"},
			Sub:          []string{"Custody", "Sexual Violence"},
			Intervention: []string{"Counselling", "Referral"},
			Priority:     []string{"1", "2", "3"},
		}),
		QA(),
	}
}

func TestReadsThePrototypesLabelMaps(t *testing.T) {
	got, err := UnmarshalLabelMaps([]byte(prototypes), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := prototypeTasks(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestWritesThePrototypesLabelMaps(t *testing.T) {
	got, err := MarshalLabelMaps(prototypeTasks())
	if err != nil {
		t.Fatal(err)
	}
	var gotValue, want any
	if err := json.Unmarshal(got, &gotValue); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(prototypes), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(gotValue, want) {
		t.Errorf("got %s\nwant %s", got, prototypes)
	}
	if !strings.Contains(string(got), `"Child Maintenance & Custody"`) {
		t.Errorf("a label isn't written plainly:\n%s", got)
	}
}

func TestLabelMapsOfSomeTasks(t *testing.T) {
	for _, task := range prototypeTasks() {
		data, err := MarshalLabelMaps([]Task{task})
		if err != nil {
			t.Fatal(err)
		}
		got, err := UnmarshalLabelMaps(data, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := []Task{task}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestLabelMapsOfTenLabelsKeepTheirOrder(t *testing.T) {
	data, err := MarshalLabelMaps([]Task{NER(append(NERLabels(), "AREA"))})
	if err != nil {
		t.Fatal(err)
	}
	list, err := UnmarshalLabelMaps(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := list[0].Heads[0].Labels, append(NERLabels(), "AREA"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOneDirectionIsEnough(t *testing.T) {
	for _, text := range []string{
		`{"ner": {"label_to_id": {"O": 0, "NAME": 1}}}`,
		`{"ner": {"id_to_label": {"0": "O", "1": "NAME"}}}`,
	} {
		list, err := UnmarshalLabelMaps([]byte(text), nil)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := list[0].Heads[0].Labels; !slices.Equal(got, []string{"O", "NAME"}) {
			t.Errorf("%s: got %v", text, got)
		}
	}
}

func TestBadLabelMaps(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                                  "label maps: json",
		`{}`:                                  "none of ner, cls and qa",
		`{"ner": {}}`:                         "ner: no labels",
		`{"ner": {"label_to_id": {"O": 1}}}`:  "ids must be 0 to 0",
		`{"ner": {"label_to_id": {"O": -1}}}`: "ids must be 0 to 0",
		`{"ner": {"label_to_id": {"O": 0, "A": 0}}}`:                                       "each once",
		`{"ner": {"id_to_label": {"one": "O"}}}`:                                           `id "one"`,
		`{"ner": {"id_to_label": {"00": "O"}}}`:                                            `id "00"`,
		`{"ner": {"id_to_label": {"0": "O", "2": "A"}}}`:                                   `id "2"`,
		`{"ner": {"id_to_label": {"0": "O", "1": "O"}}}`:                                   "two ids share a label",
		`{"ner": {"label_to_id": {"O": 0}, "id_to_label": {"0": "A"}}}`:                    `id 0 is both "O" and "A"`,
		`{"ner": {"label_to_id": {"O": 0}, "id_to_label": {"0": "O", "1": "A"}}}`:          `id "1"`,
		`{"cls": {"main_cat2id": {"A": 0}, "sub_cat2id": {"A": 0}}}`:                       "cls: interv: no labels",
		`{"qa": {"head_config": {"opening": 2}}}`:                                          `qa: head "opening" has 2 outputs, want 1`,
		strings.Replace(prototypes, `"closing": 1`, `"closing": 1, "music": 1`, 1):         "qa: there are 7 heads, want 6",
		strings.Replace(prototypes, `"priority2id": {"1": 0`, `"priority2id": {"1": 5`, 1): "cls: priority: ids must be 0 to 2",
	} {
		_, err := UnmarshalLabelMaps([]byte(text), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one that says %q", text, err, want)
		}
	}
}

// A user's tasks come back as they were described, labels included.
func TestLabelMapsOfOwnTasks(t *testing.T) {
	mood, err := Custom{Name: "mood", Kind: MultiClass, Heads: []Head{{Name: "caller", Labels: []string{"sad & tired", "calm"}}}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	// The name of a source's task, but not its heads.
	cls, err := Custom{Name: "cls", Kind: MultiLabel, Heads: []Head{{Name: "topics", Labels: []string{"b", "a"}}}}.Task()
	if err != nil {
		t.Fatal(err)
	}
	want := []Task{mood, QA(), cls}
	data, err := MarshalLabelMaps(want)
	if err != nil {
		t.Fatal(err)
	}
	description, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var described []Task
	if err := json.Unmarshal(description, &described); err != nil {
		t.Fatal(err)
	}
	got, err := UnmarshalLabelMaps(data, described)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if _, err := UnmarshalLabelMaps([]byte("{}"), described); err == nil || !strings.Contains(err.Error(), "nothing about task mood") {
		t.Errorf("got error %v, want one that names the task", err)
	}
}
